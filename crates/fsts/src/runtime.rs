//! A running account: the engine's thread, and around it journal, broker, stream, tape, screens and alerts.
//!
//! ```text
//! stream, clock, replies, commits, commands ─► one queue ─► engine thread ─► journal, broker, tape, desk, alerts
//! ```
//!
//! Start is recovery: lease → verify → replay → whatever was being sent is ambiguous → stream → inquiries → ready.

use std::path::PathBuf;
use std::sync::Arc;

use fsts_domain::AccountNo;
use fsts_engine::{BotConfig, InquiryTimers, Interval, RiskLimits};
use fsts_kis::Kis;
use fsts_krx::{Instrument, RuleBook};
use fsts_server::views::{KisEnvironment, Mode};
use fsts_store::DatabaseTarget;
use fsts_strategies::Params;

use crate::alerts::Bell;
use crate::clock::MarketTime;
use crate::services::lake::LakeDoor;

pub mod crossing;
pub mod desk;
pub mod engine_loop;
pub mod fault;
pub mod gateway;
pub mod input;
pub mod logbook;
pub mod meters;
pub mod picture;
pub mod quotes;
pub mod recovery;
pub mod scribe;
pub mod start;
pub mod tape;

pub use start::{Prepared, Running, StartError};

/// A bot with the strategy that it runs.
#[derive(Debug, Clone)]
pub struct BotPlan {
    /// Its symbols and money.
    pub config: BotConfig,
    /// The strategy's id.
    pub strategy: String,
    /// The strategy's parameters.
    pub params: Params,
    /// Its bars: of a minute, or of a day, on which it decides before the close.
    pub interval: Interval,
    /// In which order it takes its symbols then.
    pub ranking: Ranking,
}

/// What symbols are ranked by before the close; ties keep the order of the settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RankBy {
    /// The order of the settings.
    #[default]
    Listed,
    /// Won traded today: last price × shares.
    Value,
    /// Shares traded today.
    Volume,
    /// Change against the day's base price.
    Change,
}

/// How a bot on daily bars chooses among its symbols.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ranking {
    /// By what.
    pub by: RankBy,
    /// Only the best so many; what it holds is looked at besides.
    pub top: Option<usize>,
}

/// One running account, for the parts beside its loop.
#[derive(Clone)]
pub struct Seat {
    /// What it was started with.
    pub plan: Plan,
    /// Its engine.
    pub desk: Arc<desk::AccountDesk>,
    /// Rung when something was put into its outbox of alerts.
    pub bell: Arc<Bell>,
}

/// Everything that a run of one account needs to know.
#[derive(Clone)]
pub struct Plan {
    /// Folder of tapes and decision logs.
    pub data_dir: PathBuf,
    /// The database.
    pub target: DatabaseTarget,
    /// Name of the account in settings, API and screens.
    pub key: String,
    /// The journal stream of the account.
    pub stream: String,
    /// The account, shown masked.
    pub account: AccountNo,
    /// Paper or live.
    pub mode: Mode,
    /// Which servers of the broker.
    pub kis_env: KisEnvironment,
    /// The broker.
    pub kis: Kis,
    /// True when the broker is the emulator on this machine.
    pub loopback: bool,
    /// Market time.
    pub time: MarketTime,
    /// Bars at rest.
    pub lake: LakeDoor,
    /// Rules and calendar.
    pub rulebook: RuleBook,
    /// All instruments.
    pub universe: Vec<Instrument>,
    /// All bots.
    pub bots: Vec<BotPlan>,
    /// Limits of the risk gate.
    pub limits: RiskLimits,
    /// Inquiry timers.
    pub timers: InquiryTimers,
    /// Free a symbol by itself when its ambiguous order is presumed not placed.
    pub auto_release: bool,
    /// Keep a line for each decision.
    pub decision_log: bool,
    /// Planned death, for drills.
    pub fault: Option<Arc<fault::Fault>>,
}
