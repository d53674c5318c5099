//! The journal's records: the only things that change the [`Book`](crate::Book).
//!
//! Each step emits records; applying them in order from the start gives the same book, on recovery as in `step`.
//! Old records stay readable: add variants and optional fields, never rename or reuse one.

use fsts_domain::{
    BotId, IntentId, OrderKind, OrderNumber, OrderState, Price, Qty, Side, Symbol, Timestamp, TradingDay, Won,
};
use serde::{Deserialize, Serialize};

use crate::bots::{BotDefinition, BotSwitch};
use crate::intent::{Bracket, Purpose};
use crate::port::Branch;

/// Version written beside each record.
pub const RECORD_VERSION: i64 = 1;

/// A record with its place in the account's journal stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the stream; rises by one from 1, without gaps.
    pub seq: u64,
    /// Market time of the event that caused it.
    pub at: Timestamp,
    /// What is now true.
    pub record: Record,
}

/// All fields of an order that passed the risk gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedOrder {
    /// Our order id.
    pub id: IntentId,
    /// Who wants it.
    pub bot: BotId,
    /// The instrument.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Limit or market.
    pub kind: OrderKind,
    /// Protective levels (simulated brokers only).
    pub bracket: Option<Bracket>,
    /// Why it exists.
    pub purpose: Purpose,
    /// Cash set aside for a buy: worst price times quantity, and the fee.
    pub reserved: Won,
    /// Market price that the decision saw.
    pub reference: Price,
}

/// How we learnt an order's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckedBy {
    /// The reply to the transmission.
    Reply,
    /// The daily inquiry.
    Inquiry,
    /// A person bound it.
    Operator,
}

/// Where a fill was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillSource {
    /// A notice of the execution stream: provisional until an inquiry confirms it.
    Notice,
    /// The daily inquiry.
    Inquiry,
    /// A simulated broker, which is the truth.
    Simulation,
}

/// Why books differ from the broker by an explicit booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    /// Commission or tax rounded otherwise by the broker.
    Cost,
    /// Not explained; from one won on it raises an alert.
    Unknown,
}

/// Why a symbol takes no opening order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreezeReason {
    /// An order's outcome is unknown.
    AmbiguousOrder,
    /// The broker holds another quantity than the books.
    QuantityMismatch,
    /// The broker took back a fill that we had booked.
    Correction,
}

/// What is now true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A process took the stream over.
    RunStarted {
        /// Random id of the run.
        run_id: String,
        /// Version of the program.
        build: String,
    },
    /// First run: what the broker's account held. Holdings become `External`.
    AccountOpened {
        /// Cash (D+2).
        cash: Won,
        /// Symbol, shares, cost.
        holdings: Vec<(Symbol, Qty, Won)>,
    },
    /// A trading day began; yesterday's order numbers are forgotten.
    DayOpened {
        /// The day.
        day: TradingDay,
    },
    /// Passed the risk gate; once durable, its one transmission may happen.
    Approved(ApprovedOrder),
    /// Vetoed between the commit and the send: no byte left.
    Withdrawn {
        /// The order.
        id: IntentId,
        /// Code of the veto.
        reason: String,
    },
    /// The broker has it under this number.
    Acked {
        /// The order.
        id: IntentId,
        /// The broker's number.
        number: OrderNumber,
        /// The broker's branch.
        branch: Branch,
        /// How we know.
        by: AckedBy,
    },
    /// Proven not to have been placed.
    Refused {
        /// The order.
        id: IntentId,
        /// The broker's code.
        code: String,
        /// The broker's words.
        message: String,
    },
    /// Its outcome is unknown; the symbol freezes.
    Ambiguous {
        /// The order.
        id: IntentId,
        /// What was seen.
        reason: String,
    },
    /// Believed not placed, by the rule of `reliability.md` §4.3.
    Presumed {
        /// The order.
        id: IntentId,
    },
    /// Several broker orders match.
    Disputed {
        /// The order.
        id: IntentId,
        /// Their numbers.
        candidates: Vec<OrderNumber>,
    },
    /// Shares changed hands.
    Filled {
        /// The order.
        id: IntentId,
        /// Shares of this booking.
        qty: Qty,
        /// Amount of this booking.
        amount: Won,
        /// Commission of this booking.
        fee: Won,
        /// Tax of this booking.
        tax: Won,
        /// How we know.
        source: FillSource,
    },
    /// An inquiry agrees with what notices had booked.
    Confirmed {
        /// The order.
        id: IntentId,
        /// Cumulative shares.
        qty: Qty,
        /// Amount the inquiry has above (or below) our provisional one; booked with the confirmation.
        amount_delta: Won,
    },
    /// A cancel may have been transmitted.
    CancelRequested {
        /// The order.
        id: IntentId,
    },
    /// The order ended with what it had filled.
    Closed {
        /// The order.
        id: IntentId,
        /// Cancelled, expired or refused by the exchange.
        state: OrderState,
    },
    /// A broker order that is none of ours.
    ExternalOrder {
        /// The broker's number.
        number: OrderNumber,
        /// The instrument.
        symbol: Symbol,
        /// Buy or sell.
        side: Side,
        /// Ordered shares.
        qty: Qty,
    },
    /// A hand-made trade changed the `External` slice.
    ExternalFilled {
        /// The broker's number.
        number: OrderNumber,
        /// The instrument.
        symbol: Symbol,
        /// Buy or sell.
        side: Side,
        /// Shares of this booking.
        qty: Qty,
        /// Amount of this booking.
        amount: Won,
        /// Commission of this booking.
        fee: Won,
        /// Tax of this booking.
        tax: Won,
    },
    /// What the broker books otherwise, made explicit.
    Adjusted {
        /// Why.
        kind: AdjustmentKind,
        /// Change of cash.
        amount: Won,
    },
    /// No opening order until a person resumes.
    Halted {
        /// Code or a person's words.
        reason: String,
    },
    /// Trading resumed.
    Resumed,
    /// A symbol takes no opening order.
    Frozen {
        /// The instrument.
        symbol: Symbol,
        /// Why.
        reason: FreezeReason,
    },
    /// A symbol trades again.
    Unfrozen {
        /// The instrument.
        symbol: Symbol,
    },
    /// A bot's new entries were stopped or started; written until bots could be stopped altogether.
    BotSet {
        /// The bot.
        bot: BotId,
        /// True when it runs.
        running: bool,
    },
    /// An order request by hand and what it became.
    Requested {
        /// Idempotency key.
        key: String,
        /// Digest of the body.
        body: String,
        /// The order, or `None` when the gate blocked it.
        id: Option<IntentId>,
        /// Code of the block.
        blocked: Option<String>,
    },
    /// The whole book at the end of a day, so that recovery replays no older day.
    DayClosed {
        /// The day.
        day: TradingDay,
        /// Hash of the book.
        book_hash: String,
    },
    /// A bot was started, paused or stopped.
    BotSwitched {
        /// The bot.
        bot: BotId,
        /// What it may do.
        to: BotSwitch,
    },
    /// A bot was made at run time; it begins stopped.
    BotMade(Box<BotDefinition>),
    /// A bot that was made at run time is gone.
    BotDeleted {
        /// The bot.
        bot: BotId,
    },
    /// A bot decided on the day as it stood before the close; its orders are of the same batch.
    DailyRun {
        /// The bot.
        bot: BotId,
        /// The day, of which it is the only run.
        day: TradingDay,
        /// Its symbols, the best first.
        symbols: Vec<Symbol>,
    },
}
