//! The JSON shape of a result.

use fsts_domain::{Qty, Side, Symbol, TradingDay, Won};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::messages::{self, Language};
use crate::views::{Ns, ReasonView, SideWord};

/// What asked for a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseView {
    /// The strategy's rule.
    Signal,
    /// The stop-loss.
    StopLoss,
    /// The take-profit.
    TakeProfit,
}

impl CauseView {
    /// The word in JSON and CSV.
    pub const fn name(self) -> &'static str {
        match self {
            CauseView::Signal => "signal",
            CauseView::StopLoss => "stop_loss",
            CauseView::TakeProfit => "take_profit",
        }
    }
}

/// One execution of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationFillView {
    /// When.
    pub at_ns: Ns,
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Buy or sell.
    #[schema(value_type = SideWord)]
    pub side: Side,
    /// Shares.
    #[schema(value_type = i64)]
    pub qty: Qty,
    /// Mean price, won a share, with its fraction.
    pub price: f64,
    /// Amount, won.
    #[schema(value_type = i64)]
    pub amount: Won,
    /// Commission, won.
    #[schema(value_type = i64)]
    pub fee: Won,
    /// Tax, won.
    #[schema(value_type = i64)]
    pub tax: Won,
    /// What asked for it.
    pub reason: CauseView,
    /// What a sell made after all costs, won; null for a buy.
    #[schema(value_type = Option<i64>)]
    pub realized: Option<Won>,
}

/// One trading day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationDayView {
    /// The day.
    #[schema(value_type = String)]
    pub day: TradingDay,
    /// Buys of the day.
    pub buys: u32,
    /// Sells of the day.
    pub sells: u32,
    /// Commissions of the day, won.
    #[schema(value_type = i64)]
    pub fees: Won,
    /// Taxes of the day, won.
    #[schema(value_type = i64)]
    pub taxes: Won,
    /// What the day's sells made, won.
    #[schema(value_type = i64)]
    pub realized: Won,
    /// The same up to this day, won.
    #[schema(value_type = i64)]
    pub realized_total: Won,
    /// The same against the cash at the start, per cent.
    pub realized_pct: f64,
    /// Holdings less what they cost, won.
    #[schema(value_type = i64)]
    pub unrealized: Won,
    /// Cash, won.
    #[schema(value_type = i64)]
    pub cash: Won,
    /// Holdings, won.
    #[schema(value_type = i64)]
    pub holdings: Won,
    /// Cash and holdings, won.
    #[schema(value_type = i64)]
    pub equity: Won,
    /// Growth since the start, per cent.
    pub return_pct: f64,
}

/// One instrument's share of the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationSymbolView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Its bars.
    pub bars: usize,
    /// Its buys.
    pub buys: usize,
    /// Its sells.
    pub sells: usize,
    /// Shares left.
    #[schema(value_type = i64)]
    pub qty: Qty,
    /// What its sells made, won.
    #[schema(value_type = i64)]
    pub realized: Won,
    /// What is left of it less its cost, won.
    #[schema(value_type = i64)]
    pub unrealized: Won,
    /// Commissions, won.
    #[schema(value_type = i64)]
    pub fees: Won,
    /// Taxes, won.
    #[schema(value_type = i64)]
    pub taxes: Won,
}

/// An instrument that could not take part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedSymbolView {
    /// As it was asked for.
    pub symbol: String,
    /// Why: `no_bars`.
    pub reason: String,
}

/// What sells made, by what asked for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CausesView {
    /// Sells by rule.
    pub signal_sells: usize,
    /// Sells by stop-loss.
    pub stop_losses: usize,
    /// Sells by take-profit.
    pub take_profits: usize,
    /// Won of the first.
    #[schema(value_type = i64)]
    pub signal_pnl: Won,
    /// Won of the second.
    #[schema(value_type = i64)]
    pub stop_loss_pnl: Won,
    /// Won of the third.
    #[schema(value_type = i64)]
    pub take_profit_pnl: Won,
}

/// What a simulation found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationReportView {
    /// Digest of data, settings and every record; equal to that of `fsts backtest` for the same run.
    pub trace_hash: String,
    /// Digest of the bars.
    pub data_hash: String,
    /// `ideal` or `krx`.
    pub rules: String,
    /// `traded` or `adjusted`.
    pub price_kind: String,
    /// `day` or `minute`.
    pub interval: String,
    /// First day of the data that took part.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Instruments with bars.
    pub symbols: usize,
    /// Bars.
    pub bars: usize,
    /// Cash at the start, won.
    #[schema(value_type = i64)]
    pub start_equity: Won,
    /// Cash and holdings at the end, won.
    #[schema(value_type = i64)]
    pub final_equity: Won,
    /// Cash at the end, won.
    #[schema(value_type = i64)]
    pub cash: Won,
    /// Holdings at their last prices, won.
    #[schema(value_type = i64)]
    pub holdings_value: Won,
    /// Growth, per cent.
    pub return_pct: f64,
    /// What sells made after all costs, won.
    #[schema(value_type = i64)]
    pub realized_pnl: Won,
    /// Holdings less their cost, won.
    #[schema(value_type = i64)]
    pub unrealized_pnl: Won,
    /// Σ commissions, won.
    #[schema(value_type = i64)]
    pub fees: Won,
    /// Σ taxes, won.
    #[schema(value_type = i64)]
    pub taxes: Won,
    /// Fills.
    pub trades: usize,
    /// Buys.
    pub buys: usize,
    /// Sells.
    pub sells: usize,
    /// Sells with a gain, per cent of all sells.
    pub win_rate_pct: Option<f64>,
    /// Largest fall from a peak, per cent.
    pub mdd_pct: f64,
    /// Growth a year, per cent; null for less than 30 days.
    pub cagr_pct: Option<f64>,
    /// Mean over deviation of daily returns, a year.
    pub sharpe: Option<f64>,
    /// Sells by what asked for them.
    pub causes: CausesView,
    /// What a reader must know before believing the figures.
    pub warnings: Vec<ReasonView>,
    /// Equity at the end of each day.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub equity: Vec<(Ns, Won)>,
    /// Executions, oldest first; the answer about one simulation has the first 5,000, a download all.
    pub fills: Vec<SimulationFillView>,
    /// Every day.
    pub days: Vec<SimulationDayView>,
    /// Every instrument.
    pub per_symbol: Vec<SimulationSymbolView>,
    /// Instruments that had no bars.
    pub failed_symbols: Vec<FailedSymbolView>,
}

impl SimulationReportView {
    /// Puts the warnings into words.
    pub fn speak(&mut self, language: Language) {
        for warning in &mut self.warnings {
            warning.message =
                messages::text(&warning.code).map_or_else(|| warning.code.clone(), |text| text.detail(language, &[]));
        }
    }
}
