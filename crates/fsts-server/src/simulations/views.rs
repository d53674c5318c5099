//! The JSON shapes of jobs and strategies.

use std::collections::BTreeMap;

use fsts_domain::{Symbol, Timestamp, TradingDay, Won};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::report::SimulationReportView;
use super::wish::SimulationWish;
use crate::messages::Language;
use crate::views::{Ns, ReasonView};

/// One symbol or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimulationKind {
    /// One symbol.
    Single,
    /// Many symbols that share the cash.
    Bulk,
}

/// Where a simulation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimulationState {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running,
    /// Its report is there.
    Completed,
    /// It ended without a report; `error` says why.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl SimulationState {
    /// The word in JSON and database.
    pub const fn name(self) -> &'static str {
        match self {
            SimulationState::Queued => "queued",
            SimulationState::Running => "running",
            SimulationState::Completed => "completed",
            SimulationState::Failed => "failed",
            SimulationState::Cancelled => "cancelled",
        }
    }

    /// True when nothing follows.
    pub const fn has_ended(self) -> bool {
        matches!(self, SimulationState::Completed | SimulationState::Failed | SimulationState::Cancelled)
    }
}

/// A wish that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SimulationAcceptedView {
    /// By which it is asked for.
    #[schema(example = "20261120_090003_0120_0123456789abcdef")]
    pub id: String,
}

/// The figures of a list's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationSummaryView {
    /// Cash and holdings at the end, won.
    #[schema(value_type = i64)]
    pub final_equity: Won,
    /// Growth, per cent.
    pub return_pct: f64,
    /// Largest fall from a peak, per cent.
    pub mdd_pct: f64,
    /// Fills.
    pub trades: usize,
}

/// Why a simulation failed, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationFailure {
    /// Stable code.
    pub code: String,
    /// 한국어.
    pub ko: String,
    /// English.
    pub en: String,
}

/// A simulation as its keeper knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationRecord {
    /// Its id.
    pub id: String,
    /// What was wished.
    pub wish: SimulationWish,
    /// Where it stands.
    pub state: SimulationState,
    /// Times it was begun; more than one after a restart in mid-run.
    pub attempts: u32,
    /// Trading days done.
    pub done_days: u32,
    /// Trading days of all; 0 until the data are read.
    pub total_days: u32,
    /// When it was wished, on the machine's clock.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its figures.
    pub summary: Option<SimulationSummaryView>,
    /// Why it failed.
    pub error: Option<SimulationFailure>,
}

impl SimulationRecord {
    /// The row of a list.
    pub fn view(self, language: Language) -> SimulationView {
        let reason = |failure: SimulationFailure| ReasonView {
            message: match language {
                Language::Korean => failure.ko,
                Language::English => failure.en,
            },
            code: failure.code,
        };
        SimulationView {
            id: self.id,
            kind: self.wish.kind,
            strategy: self.wish.strategy,
            symbols_count: self.wish.symbols.len(),
            from: self.wish.from,
            to: self.wish.to,
            state: self.state,
            attempts: self.attempts,
            done_days: self.done_days,
            total_days: self.total_days,
            created_ns: self.created.into(),
            ended_ns: self.ended.map(Ns::from),
            summary: self.summary,
            error: self.error.map(reason),
        }
    }

    /// Everything about it.
    pub fn detail(self, report: Option<SimulationReportView>, language: Language) -> SimulationDetailView {
        let request = self.wish.clone();
        SimulationDetailView { params: request.params.clone(), request, report, simulation: self.view(language) }
    }
}

/// A simulation in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationView {
    /// Its id.
    pub id: String,
    /// One symbol or many.
    pub kind: SimulationKind,
    /// The strategy.
    pub strategy: String,
    /// Codes and set names of the wish.
    pub symbols_count: usize,
    /// First day that was asked for.
    #[schema(value_type = Option<String>)]
    pub from: Option<TradingDay>,
    /// Last day that was asked for.
    #[schema(value_type = Option<String>)]
    pub to: Option<TradingDay>,
    /// Where it stands.
    pub state: SimulationState,
    /// Times it was begun; more than one after a restart in mid-run.
    pub attempts: u32,
    /// Trading days done.
    pub done_days: u32,
    /// Trading days of all; 0 until the data are read.
    pub total_days: u32,
    /// When it was wished, on the machine's clock.
    pub created_ns: Ns,
    /// When it ended.
    pub ended_ns: Option<Ns>,
    /// Its figures.
    pub summary: Option<SimulationSummaryView>,
    /// Why it failed.
    pub error: Option<ReasonView>,
}

/// Simulations, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SimulationsView {
    /// The rows.
    pub simulations: Vec<SimulationView>,
}

/// A simulation with what was asked and what was found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SimulationDetailView {
    /// As in the list.
    #[serde(flatten)]
    pub simulation: SimulationView,
    /// Parameters of the strategy that were given.
    pub params: BTreeMap<String, f64>,
    /// The whole wish.
    pub request: SimulationWish,
    /// The result, when it is completed.
    pub report: Option<SimulationReportView>,
}

/// The strategies.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StrategiesView {
    /// By id.
    pub strategies: Vec<StrategyView>,
}

/// A strategy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StrategyView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name_ko: String,
    /// Its name.
    pub name_en: String,
    /// What it does.
    pub about_ko: String,
    /// What it does.
    pub about_en: String,
    /// Its parameters.
    pub params: Vec<StrategyParamView>,
}

/// A parameter of a strategy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StrategyParamView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub ko: String,
    /// What it is.
    pub en: String,
    /// Value when none is given.
    pub default: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// True when only whole numbers make a difference.
    pub integer: bool,
}

/// A close against the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceChangeView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Day of the close.
    #[schema(value_type = String)]
    pub day: TradingDay,
    /// The last close, won.
    pub close: i64,
    /// The close of the day before, won.
    pub prev_close: i64,
    /// Change, per cent.
    pub change_pct: f64,
    /// Market or kind: `KOSPI`, `KOSDAQ`, `KONEX`, `ETF`, `ETN` or `ELW`; null where nobody says.
    pub market: Option<String>,
    /// Industry, from the symbol master; null where it has none.
    pub industry: Option<String>,
    /// Themes, from the symbol master.
    pub themes: Vec<String>,
}

/// Closes against those before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PriceChangesView {
    /// In code order.
    pub changes: Vec<PriceChangeView>,
    /// Codes without two days of bars.
    pub missing: Vec<String>,
}
