//! All that can come in: one totally ordered sequence of events.

use std::borrow::Cow;

use fsts_domain::{Bar, BotId, IntentId, OrderKind, OrderNumber, Price, Qty, Side, Symbol, Timestamp, TradingDay};
use serde::{Deserialize, Serialize};

use crate::bots::{BotDefinition, BotSwitch};
use crate::daily::DailyRun;
use crate::port::{
    AccountReport, CancelOutcome, Complete, Inquiry, Notice, OrderReport, SubmitOutcome, complete_from_tape,
};

/// Dense index of a symbol within one engine, in the order of its universe.
pub type SymbolIx = u32;

/// One event with its place in the order of all events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event<'a> {
    /// Place in the sequence; rises by one.
    pub seq: u64,
    /// Market time: when it happened by the market's clock.
    pub at: Timestamp,
    /// Real time: when it reached us. Equal to `at` in a backtest.
    pub recv: Timestamp,
    /// What happened.
    pub kind: EventKind<'a>,
}

/// One symbol's bar within a slice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SymbolBar {
    /// The symbol.
    pub symbol: SymbolIx,
    /// Its raw bar.
    pub bar: Bar,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind<'a> {
    /// All closed bars of one instant, by symbol; the event's `at` is the end of the bars.
    Slice(Cow<'a, [SymbolBar]>),
    /// A trade print of the regular stream.
    Trade {
        /// The symbol.
        symbol: SymbolIx,
        /// Print price; may be off the grid.
        price: Price,
        /// Shares.
        qty: Qty,
    },
    /// Best bid and ask changed.
    Quote {
        /// The symbol.
        symbol: SymbolIx,
        /// Best bid, if any.
        bid: Option<Price>,
        /// Best ask, if any.
        ask: Option<Price>,
    },
    /// The market clock moved.
    Clock,
    /// A trading day began.
    DayOpened(TradingDay),
    /// The reference price of the day's price limits.
    Base {
        /// The symbol.
        symbol: SymbolIx,
        /// Previous regular close, adjusted for rights by the exchange.
        price: Price,
    },
    /// The market-data and notice stream came up (all registrations confirmed) or went down.
    Stream {
        /// True when every wanted registration is confirmed.
        up: bool,
    },
    /// A journal batch is durable.
    Committed {
        /// The batch.
        batch: u64,
    },
    /// A journal batch is not durable and never will be on this connection.
    CommitFailed {
        /// The batch.
        batch: u64,
        /// What the database said.
        reason: String,
    },
    /// The answer to a transmitted order.
    Submitted {
        /// Our order.
        intent: IntentId,
        /// What became of it.
        outcome: SubmitOutcome,
    },
    /// The answer to a transmitted cancel.
    CancelAnswered {
        /// Our order.
        intent: IntentId,
        /// What became of the cancel.
        outcome: CancelOutcome,
    },
    /// A message of the execution stream.
    Notice {
        /// The message.
        notice: Notice,
        /// True when it is the whole truth (a simulated broker); a real one only hints and is asked again.
        authoritative: bool,
    },
    /// The day's orders, read to the last page.
    Orders {
        /// Market time at which the inquiry was sent.
        asked_at: Timestamp,
        /// All rows.
        #[serde(deserialize_with = "complete_from_tape")]
        orders: Complete<OrderReport>,
    },
    /// Cash and holdings, read to the last page.
    Account {
        /// Market time at which the inquiry was sent.
        asked_at: Timestamp,
        /// The broker's view.
        report: AccountReport,
    },
    /// An inquiry gave nothing; it changes no position, order or balance (I19).
    InquiryFailed {
        /// What was asked.
        inquiry: Inquiry,
        /// Why it failed.
        reason: String,
    },
    /// A person's or the program's command.
    Command {
        /// Correlates the reply; 0 when nobody waits.
        id: u64,
        /// What is wanted.
        command: Command,
    },
}

/// What a person, or the program on a person's behalf, may ask of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Place an order by hand.
    Place {
        /// Idempotency key; the same key never makes a second order.
        key: String,
        /// Digest of the request body, to tell a repeat from a reuse of the key.
        body: String,
        /// The instrument.
        symbol: Symbol,
        /// Buy or sell.
        side: Side,
        /// Shares.
        qty: Qty,
        /// Limit or market.
        kind: OrderKind,
    },
    /// Cancel what is left of an order.
    Cancel {
        /// Our order.
        intent: IntentId,
    },
    /// No opening order from the next step on; holds across restarts.
    Halt {
        /// In a person's words.
        reason: String,
    },
    /// Trade again.
    Resume,
    /// Give a disputed order the broker order that it is.
    Bind {
        /// Our order.
        intent: IntentId,
        /// The broker's number.
        number: OrderNumber,
    },
    /// Let a frozen symbol trade again.
    Release {
        /// The instrument.
        symbol: Symbol,
    },
    /// Start, pause or stop a bot.
    SwitchBot {
        /// The bot.
        bot: BotId,
        /// What it may do from now on.
        to: BotSwitch,
    },
    /// Make a bot; it begins stopped.
    CreateBot(Box<BotDefinition>),
    /// Delete a bot that was made at run time, holds nothing and has no order.
    DeleteBot {
        /// The bot.
        bot: BotId,
    },
    /// Ask the broker for orders and account now.
    Reconcile,
    /// Let a bot on daily bars decide on the day as it stands; once a day.
    RunDaily(Box<DailyRun>),
}
