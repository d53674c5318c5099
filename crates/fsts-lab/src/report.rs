//! What a run says about itself.

use fsts_domain::{Qty, Side, Timestamp, Won};
use fsts_engine::{CashFlows, Engine, Strategy};
use fsts_krx::Profile;
use fsts_lake::{DataSet, PriceKind};
use serde::Serialize;

use crate::daily::{self, DayMark, DayRow};
use crate::metrics::Metrics;
use crate::setup::Setup;

/// One fill of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillRow {
    /// When.
    pub at: Timestamp,
    /// Index of the instrument.
    pub symbol: u32,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Amount.
    pub amount: Won,
    /// Commission.
    pub fee: Won,
    /// Tax.
    pub tax: Won,
    /// What asked for it.
    pub cause: Cause,
}

/// What asked for a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The strategy's rule.
    Signal,
    /// The price fell to the stop.
    StopLoss,
    /// The price rose to the target.
    TakeProfit,
}

/// The result of a backtest.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Digest of data, settings and every record: equal for equal runs on any machine, build and thread count.
    pub trace_hash: String,
    /// `ideal` or `krx`.
    pub rules: &'static str,
    /// `traded` or `adjusted`.
    pub price_kind: &'static str,
    /// Digest of the data set.
    pub data_hash: String,
    /// Instruments with at least one bar.
    pub symbols: usize,
    /// Bars.
    pub bars: usize,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Cash at the start, won.
    pub start_equity: Won,
    /// Cash plus holdings at their last prices, won.
    pub final_equity: Won,
    /// Cash at the end, won.
    pub cash: Won,
    /// Holdings at their last prices, won.
    pub holdings_value: Won,
    /// Fills, buys and sells.
    pub trades: usize,
    /// Σ commissions, won.
    pub fees: Won,
    /// Σ taxes, won.
    pub taxes: Won,
    /// The sums that explain cash to the won.
    pub flows: CashFlows,
    /// Figures.
    pub metrics: Metrics,
    /// What a reader must know before believing the figures: codes, see the message table of the program.
    pub warnings: Vec<&'static str>,
    /// Every fill.
    #[serde(skip)]
    pub fills: Vec<FillRow>,
    /// Equity by day, or by slice when the setup keeps the full curve.
    #[serde(skip)]
    pub curve: Vec<(Timestamp, Won)>,
    /// The books at the end of each day, when the setup keeps them.
    #[serde(skip)]
    pub days: Vec<DayRow>,
}

/// What a runner has kept for its report.
pub(crate) struct Kept {
    pub trace_hash: String,
    pub fills: Vec<FillRow>,
    pub curve: Vec<(Timestamp, Won)>,
    pub marks: Vec<DayMark>,
}

impl Report {
    pub(crate) fn new<S: Strategy>(data: &DataSet, setup: &Setup, engine: &Engine<S>, kept: Kept) -> Report {
        let Kept { trace_hash, fills, curve, marks } = kept;
        let book = engine.book();
        let profits = profits(&fills);
        let span = data.span();
        let day = |d: Option<fsts_domain::TradingDay>| d.map_or_else(String::new, |d| d.to_string());
        Report {
            trace_hash,
            rules: match setup.rules.profile() {
                Profile::Ideal => "ideal",
                Profile::Krx => "krx",
            },
            price_kind: data.price_kind.as_str(),
            data_hash: data.hash_hex(),
            symbols: data.symbols.len(),
            bars: data.rows.len(),
            from: day(span.map(|s| s.0)),
            to: day(span.map(|s| s.1)),
            start_equity: setup.cash,
            final_equity: engine.equity(),
            cash: book.cash(),
            holdings_value: engine.holdings_value(),
            trades: fills.len(),
            fees: book.flows().fees,
            taxes: book.flows().taxes,
            flows: *book.flows(),
            metrics: Metrics::of(setup.cash, &curve, &profits),
            warnings: warnings(data, setup),
            days: daily::rows(&fills, &marks),
            fills,
            curve,
        }
    }
}

/// Profit of each sell: its amount less what its shares had cost on average, less costs of both sides.
fn profits(fills: &[FillRow]) -> Vec<Won> {
    let mut held: std::collections::BTreeMap<u32, fsts_domain::Position> = std::collections::BTreeMap::new();
    let mut profits = Vec::new();
    for fill in fills {
        let position = held.entry(fill.symbol).or_default();
        match fill.side {
            Side::Buy => position.buy(fill.qty, fill.amount + fill.fee),
            Side::Sell => profits.push(fill.amount - position.sell(fill.qty) - fill.fee - fill.tax),
        }
    }
    profits
}

fn warnings(data: &DataSet, setup: &Setup) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if data.price_kind == PriceKind::Adjusted {
        warnings.push("adjusted_prices");
    }
    if data.span().is_some_and(|(from, _)| from < setup.rules.earliest()) {
        warnings.push("before_earliest_rule");
    }
    warnings
}
