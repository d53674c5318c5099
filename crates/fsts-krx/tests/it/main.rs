//! The rule book against its written rules: worked examples, slow references, published days.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do: that is how they fail")]

mod calendar;
mod data;
mod limits;
mod money;
mod proof;
mod reference;
mod sessions;
mod ticks;

use fsts_domain::{Market, Price, TradingDay};
use fsts_krx::{DayRules, FeeSchedule, PriceBand, RuleBook};

const MARKETS: [Market; 6] = [Market::Kospi, Market::Kosdaq, Market::Konex, Market::Etf, Market::Etn, Market::Elw];

fn day(text: &str) -> TradingDay {
    text.parse().unwrap()
}

fn won(price: i64) -> Price {
    Price::new(price).unwrap()
}

fn krx() -> RuleBook {
    RuleBook::krx(FeeSchedule::KIS_BANKIS)
}

fn krx_on(text: &str) -> DayRules {
    krx().on(day(text))
}

fn limits(band: PriceBand) -> (i64, i64) {
    (band.lower.get(), band.upper.get())
}
