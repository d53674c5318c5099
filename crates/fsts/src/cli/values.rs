//! Words of the command line as words of the domain.

use fsts_domain::{Qty, Rate, Symbol, TradingDay, Won};
use fsts_engine::{OrderStyle, Sizing};
use fsts_strategies::Params;

use crate::exit::Failure;
use crate::messages::backtest as say;
use crate::messages::usage;

/// More ticks than a limit of 30 % spans at any price; a larger number is a mistake.
pub const COLLAR_TICKS_MAX: i32 = 1_000;

/// A date.
pub fn day(argument: &str, text: &str) -> Result<TradingDay, Failure> {
    text.parse().map_err(|_| Failure::usage(usage::not_a_day(argument, text)))
}

/// An amount of at least one won; `_` and `,` may group its digits.
pub fn won(argument: &str, text: &str) -> Result<Won, Failure> {
    let digits: String = text.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let won = digits.parse::<i64>().ok().filter(|won| *won >= 1);
    won.map(Won::new).ok_or_else(|| Failure::usage(usage::not_won(argument, text)))
}

/// Symbols, each once, in code order.
pub fn symbols(argument: &str, texts: &[String]) -> Result<Vec<Symbol>, Failure> {
    let parse = |text: &String| text.trim().parse().map_err(|_| Failure::usage(usage::not_a_symbol(argument, text)));
    let mut symbols = texts.iter().map(parse).collect::<Result<Vec<Symbol>, Failure>>()?;
    symbols.sort_unstable();
    symbols.dedup();
    Ok(symbols)
}

/// `shares:10`, `won:1000000`, `equity:5` or `equity:5:500000`.
pub fn size(text: &str) -> Result<Sizing, Failure> {
    let (unit, number) = text.split_once(':').unwrap_or_default();
    let size = match unit {
        "shares" => number.parse().ok().and_then(|n| Qty::new(n).ok()).filter(|q| !q.is_zero()).map(Sizing::Shares),
        "won" => won("--size", number).ok().map(Sizing::Notional),
        "equity" => {
            let (number, least) = number.split_once(':').map_or((number, None), |(n, least)| (n, Some(least)));
            let percent = number.parse::<f64>().ok().filter(|p| *p > 0.0 && *p <= 100.0);
            let rate = percent.map(|p| Rate::per_billion((p * 10_000_000.0).round() as i64));
            match least {
                None => rate.map(Sizing::Equity),
                Some(least) => {
                    rate.zip(won("--size", least).ok()).map(|(rate, least)| Sizing::EquityAtLeast(rate, least))
                }
            }
        }
        _ => None,
    };
    size.ok_or_else(|| Failure::usage(say::bad_size(text)))
}

/// `market` or `limit:TICKS`.
pub fn style(text: &str) -> Result<OrderStyle, Failure> {
    if text == "market" {
        return Ok(OrderStyle::Market);
    }
    let ticks = text.strip_prefix("limit:").and_then(|n| n.parse::<i32>().ok());
    match ticks.filter(|ticks| (0..=COLLAR_TICKS_MAX).contains(ticks)) {
        Some(collar_ticks) => Ok(OrderStyle::MarketableLimit { collar_ticks }),
        None => Err(Failure::usage(say::bad_style(text, COLLAR_TICKS_MAX))),
    }
}

/// A percentage of 0 to 10,000; 0 switches something off.
pub fn percent(argument: &str, text: &str) -> Result<f64, Failure> {
    let percent = text.trim_end_matches('%').parse::<f64>().ok().filter(|p| (0.0..=10_000.0).contains(p));
    percent.ok_or_else(|| Failure::usage(usage::bad_value(argument, text)))
}

/// `name=value` pairs.
pub fn params(pairs: &[String]) -> Result<Params, Failure> {
    let mut params = Params::default();
    for pair in pairs {
        let parsed =
            pair.split_once('=').and_then(|(name, value)| Some((name.trim(), value.trim().parse::<f64>().ok()?)));
        let Some((name, value)) = parsed else {
            return Err(Failure::usage(say::bad_param(pair)));
        };
        params.0.insert(name.to_owned(), value);
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shares_won_or_a_part_of_equity() {
        assert_eq!(size("shares:10").unwrap(), Sizing::Shares(Qty::new(10).unwrap()));
        assert_eq!(size("won:1_000_000").unwrap(), Sizing::Notional(Won::new(1_000_000)));
        assert_eq!(size("equity:2.5").unwrap(), Sizing::Equity(Rate::per_billion(25_000_000)));
        let least = Sizing::EquityAtLeast(Rate::per_billion(250_000_000), Won::new(500_000));
        assert_eq!(size("equity:25:500_000").unwrap(), least);
        assert!(size("equity:25:0").is_err() && size("equity:25:").is_err());
        for wrong in ["", "10", "shares:0", "shares:-1", "won:0", "equity:0", "equity:101", "equity:NaN", "lots:1"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn styles_are_market_or_a_limit_with_its_collar() {
        assert_eq!(style("market").unwrap(), OrderStyle::Market);
        assert_eq!(style("limit:3").unwrap(), OrderStyle::MarketableLimit { collar_ticks: 3 });
        for wrong in ["limit", "limit:-1", "limit:1001", "stop"] {
            assert!(style(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_names_with_numbers() {
        let params = params(&["fast=5".to_owned(), "slow = 20".to_owned()]).unwrap();
        assert_eq!((params.0.get("fast"), params.0.get("slow")), (Some(&5.0), Some(&20.0)));
        assert!(super::params(&["fast".to_owned()]).is_err());
    }
}
