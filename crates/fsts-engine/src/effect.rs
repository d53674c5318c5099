//! All that can go out of a step. One buffer is reused, so that a step allocates nothing of its own.

use fsts_domain::{Bar, BotId, IntentId, OrderKind, Qty, Side, Symbol, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::event::SymbolIx;
use crate::intent::{CancelIntent, Intent, Journaled};
use crate::port::Inquiry;
use crate::record::Entry;
use crate::risk::Blocked;

/// What one or more steps ask of the world.
#[derive(Debug, Default)]
pub struct Effects {
    /// Records to make durable as one batch.
    pub entries: Vec<Entry>,
    /// Number of that batch; `None` without records.
    pub batch: Option<u64>,
    /// Orders that may be transmitted now.
    pub submits: Vec<Journaled<Intent>>,
    /// Cancels that may be transmitted now.
    pub cancels: Vec<Journaled<CancelIntent>>,
    /// Questions to the broker.
    pub inquiries: Vec<Inquiry>,
    /// Decisions, when the log is on.
    pub decisions: Vec<DecisionLine>,
    /// Answers to commands; they may be told once the batch is durable.
    pub replies: Vec<(u64, Reply)>,
    /// Bars that were closed from trades.
    pub bars: Vec<ClosedBar>,
    /// Conditions that can't be journaled because the journal itself is the trouble.
    pub conditions: Vec<Condition>,
}

impl Effects {
    /// Empties the buffer and keeps its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.batch = None;
        self.submits.clear();
        self.cancels.clear();
        self.inquiries.clear();
        self.decisions.clear();
        self.replies.clear();
        self.bars.clear();
        self.conditions.clear();
    }
}

/// A bar that was closed from trades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedBar {
    /// The symbol.
    pub symbol: SymbolIx,
    /// Start of the bar.
    pub start: Timestamp,
    /// The bar.
    pub bar: Bar,
}

/// Trouble with the journal, told without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// No answer for too long: no order leaves until it answers.
    JournalStalled,
    /// It answers again.
    JournalRecovered,
    /// A batch failed for good: no order leaves until a restart.
    JournalFailed(String),
}

/// The recorded outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An order was placed, or had been placed by the same request before.
    Placed(IntentId),
    /// The gate blocked it.
    Blocked(Blocked),
    /// The idempotency key was used with another body.
    KeyReused,
    /// Done.
    Done,
    /// A bot's strategy or settings don't fit, in words for a person.
    Unfit(String),
    /// There is no such order or symbol, or its state does not allow it.
    NotPossible(&'static str),
}

/// One line of the decision log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionLine {
    /// Place in the log, from 1.
    pub seq: u64,
    /// Market time of the decision: the end of its bar.
    pub at: Timestamp,
    /// The bot.
    pub bot: BotId,
    /// The symbol.
    pub symbol: Symbol,
    /// Open, high, low, close, volume.
    pub ohlcv: [i64; 5],
    /// Indicator values by name.
    #[serde(serialize_with = "by_name")]
    pub indicators: Vec<(&'static str, f64)>,
    /// The strategy's word.
    pub signal: &'static str,
    /// The order it led to.
    pub intent: Option<IntentLine>,
    /// Why it led to none.
    pub blocked_by: Option<&'static str>,
    /// Digest of the book before the decision.
    pub book_hash: String,
}

/// The order of a decision line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct IntentLine {
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// `limit` or `market`, and the limit as `price` beside it.
    #[serde(flatten, serialize_with = "type_and_price")]
    pub kind: OrderKind,
}

/// `"type": "limit", "price": 71500`, or `"type": "market", "price": null`, as the API writes orders.
fn type_and_price<S: Serializer>(kind: &OrderKind, serializer: S) -> Result<S::Ok, S::Error> {
    let (word, price) = match kind {
        OrderKind::Limit(price) => ("limit", Some(*price)),
        OrderKind::Market => ("market", None),
    };
    let mut fields = serializer.serialize_map(Some(2))?;
    fields.serialize_entry("type", word)?;
    fields.serialize_entry("price", &price)?;
    fields.end()
}

/// Indicator values by name, as an object in the order of the strategy.
fn by_name<S: Serializer>(values: &[(&'static str, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().copied())
}
