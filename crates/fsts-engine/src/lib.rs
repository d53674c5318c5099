//! One account's trading engine: `step(event) → effects`, the same in backtest, paper and live.
//!
//! Start reading in `step.rs`. The engine has no clock, no I/O, no randomness and no threads: time and ids come in with
//! the event, and what it wants done goes out in [`Effects`].
//!
//! - [`Engine`], [`Event`], [`Effects`]: the fold
//! - [`Book`], [`Record`]: what is journaled, and the state that is nothing but the fold of the journal
//! - [`Strategy`]: the port of trading rules; [`Broker`]: the port of brokers
//! - [`Intent`] → [`RiskApproved`] → [`Journaled`]: the proofs an order needs

mod account;
mod book;
mod bots;
mod command;
mod config;
mod daily;
mod decide;
mod effect;
mod engine;
mod event;
mod exits;
mod external;
mod intent;
mod live_order;
mod notices;
mod orders;
mod plausible;
mod port;
mod reconcile;
mod record;
mod release;
mod risk;
mod step;
mod strategy;
mod views;

pub use book::{Book, CashFlows, Line, RequestRecord};
pub use bots::{BOTS_MAX, BotDefinition, BotInfo, BotSwitch, StrategyMaker};
pub use config::{BotConfig, Context, EngineConfig, InquiryTimers, OrderStyle, RiskLimits, Sizing};
pub use daily::{DailyRun, PAST_MAX, RANKED_MAX, RankedDay};
pub use effect::{ClosedBar, Condition, DecisionLine, Effects, IntentLine, Reply};
pub use engine::{ConfigError, Engine};
pub use event::{Command, Event, EventKind, SymbolBar, SymbolIx};
pub use intent::{Bracket, CancelIntent, Intent, Journaled, Purpose, RiskApproved};
pub use live_order::{LiveOrder, may_become};
pub use port::{
    AccountReport, Branch, Broker, CancelOutcome, Complete, Holding, Inquiry, Notice, NoticeKind, OrderReport,
    PageWalk, SubmitOutcome,
};
pub use record::{AckedBy, AdjustmentKind, ApprovedOrder, Entry, FillSource, FreezeReason, RECORD_VERSION, Record};
pub use risk::Blocked;
pub use strategy::{BarView, Decision, INDICATORS_MAX, Interval, Needs, Protection, Signal, Strategy, Target, Watch};
