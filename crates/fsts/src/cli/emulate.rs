//! `fsts emulate`: the broker emulator as a program of its own.

use fsts_domain::{AccountNo, Price, TradingDay};
use fsts_kis_emulator::{
    ClockMode, EmuAccount, EmuSymbol, EmulatorConfig, EmulatorError, Environment, MarketSource, ReplayBar, Session,
    demo_symbols,
};
use fsts_lake::{DataSet, Interval, LoadOptions};

use super::serving::asked_to_stop;
use super::{ClockArg, Context, EmulateArgs, EnvArg, SessionArg, values};
use crate::exit::{Exit, Failure};
use crate::messages::backtest::load as load_text;
use crate::messages::emulate as say;
use crate::output;

/// Keys of the emulated account: they open nothing but this emulator.
const APP_KEY: &str = "emulator-app-key";
const APP_SECRET: &str = "emulator-app-secret";
const HTS_ID: &str = "emulator";
const DAY_S: i64 = 86_400;
const MINUTE_S: i64 = 60;

/// Runs the command.
pub async fn run(args: EmulateArgs, context: Context) -> Result<(), Failure> {
    let account = account(&args)?;
    let (number, config) = (account.no, config(&args, account)?);
    let emulator = fsts_kis_emulator::start(config).await.map_err(|e| refused(&e))?;
    let (rest, ws) = (emulator.rest_url(), emulator.ws_url());
    let started = serde_json::json!({
        "rest": &rest,
        "ws": &ws,
        "clock": format!("{rest}/_emulator/clock"),
        "env": match args.env { EnvArg::Real => "real", EnvArg::Mock => "mock" },
        "account": number.reveal(),
        "app_key": APP_KEY,
        "app_secret": APP_SECRET,
        "hts_id": HTS_ID,
    });
    if context.json {
        output::line(&started.to_string());
    } else {
        output::line(say::started(&rest, &ws).get(context.lang));
        output::line(&say::settings_for(&started));
    }
    asked_to_stop().await;
    emulator.stop().await.map_err(|e| refused(&e))
}

fn account(args: &EmulateArgs) -> Result<EmuAccount, Failure> {
    let no: AccountNo = args.account.parse().map_err(|_| Failure::usage(say::not_an_account("--account")))?;
    Ok(EmuAccount {
        no,
        app_key: APP_KEY.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        hts_id: HTS_ID.to_owned(),
        cash: values::won("--cash", &args.cash)?,
    })
}

fn config(args: &EmulateArgs, account: EmuAccount) -> Result<EmulatorConfig, Failure> {
    let asked = args.start_date.as_deref().map(|text| values::day("--start-date", text)).transpose()?;
    let market = Market::of(args)?;
    let base = EmulatorConfig::new(asked.unwrap_or(market.first_day), market.symbols, vec![account]);
    Ok(EmulatorConfig {
        env: match args.env {
            EnvArg::Real => Environment::Real,
            EnvArg::Mock => Environment::Mock,
        },
        listen_rest: args.listen,
        listen_ws: args.listen_ws,
        clock: match args.clock {
            ClockArg::Real => ClockMode::Real,
            ClockArg::Accelerated => ClockMode::Accelerated { speed: args.speed },
            ClockArg::Stepped => ClockMode::Stepped,
        },
        session: match args.session {
            SessionArg::Krx => Session::Krx,
            SessionArg::AlwaysOpen => Session::AlwaysOpen,
        },
        seed: args.seed,
        market: market.source,
        replay_interval_s: market.interval_s,
        data_dir: args.data_dir.clone(),
        fresh: args.fresh,
        jitter_ms: jitter(&args.jitter_ms)?,
        partial_fills: args.partial_fills,
        rest_per_second: args.rps,
        ..base
    })
}

/// `300` or `0-300`.
fn jitter(text: &str) -> Result<(u32, u32), Failure> {
    let (from, to) = text.split_once('-').unwrap_or(("0", text));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from <= to => Ok((from, to)),
        _ => Err(Failure::usage(say::not_a_range("--jitter-ms", text))),
    }
}

/// What is traded and where its prices come from.
struct Market {
    symbols: Vec<EmuSymbol>,
    source: MarketSource,
    interval_s: i64,
    first_day: TradingDay,
}

impl Market {
    fn of(args: &EmulateArgs) -> Result<Market, Failure> {
        let Some(path) = &args.data else {
            let first_day = TradingDay::from_ymd(2026, 11, 2).expect("invariant: a date of the calendar");
            return Ok(Market {
                symbols: demo_symbols(),
                source: MarketSource::Generated,
                interval_s: MINUTE_S,
                first_day,
            });
        };
        let symbols = args.symbols.as_deref().map(|s| values::symbols("--symbols", s)).transpose()?;
        let options = LoadOptions { symbols, ..LoadOptions::default() };
        let data = fsts_lake::load(path, &options).map_err(|e| Failure::input(load_text(&e)))?;
        Ok(Market::replaying(&data))
    }

    fn replaying(data: &DataSet) -> Market {
        let bar = |row: &fsts_lake::Row| ReplayBar { at_ns: row.at, symbol: row.symbol as usize, bar: row.bar };
        // Without the exchange's base price the first open is the nearest thing to it.
        let mut bases: Vec<Option<Price>> = vec![None; data.symbols.len()];
        for (n, row) in data.rows.iter().enumerate() {
            if let Some(base @ None) = bases.get_mut(row.symbol as usize) {
                let known = data.base_prices.get(n).and_then(|won| Price::new(*won).ok());
                *base = Some(known.unwrap_or(row.bar.open));
            }
        }
        let symbols = data.symbols.iter().zip(bases).filter_map(|(instrument, base)| {
            Some(EmuSymbol {
                symbol: instrument.symbol,
                name: instrument.name.clone(),
                market: instrument.market,
                base: base?,
            })
        });
        Market {
            symbols: symbols.collect(),
            source: MarketSource::Replay(data.rows.iter().map(bar).collect()),
            interval_s: match data.interval {
                Interval::Day => DAY_S,
                Interval::Minute => MINUTE_S,
            },
            first_day: data.span().map_or_else(TradingDay::default, |span| span.0),
        }
    }
}

fn refused(error: &EmulatorError) -> Failure {
    let exit = match error {
        EmulatorError::Config(_) => Exit::Usage,
        EmulatorError::OtherRun(_) => Exit::Input,
        EmulatorError::Bind { .. } | EmulatorError::DataDir { .. } => Exit::Failed,
        EmulatorError::Locked(_) => Exit::Held,
    };
    Failure::new(exit, say::refused(error))
}

#[cfg(test)]
mod tests {
    use super::jitter;

    #[test]
    fn a_delay_is_a_number_or_a_range() {
        assert_eq!(jitter("300").unwrap(), (0, 300));
        assert_eq!(jitter("5-20").unwrap(), (5, 20));
        for wrong in ["", "20-5", "-1", "a-b"] {
            assert!(jitter(wrong).is_err(), "{wrong}");
        }
    }
}
