//! What the engine needs from the world, and the words in which the world answers.
//!
//! Ports are synchronous and must not block: an adapter takes the request, returns, and answers later by an event.

use fsts_domain::{OrderKind, OrderNumber, Price, Qty, Side, Symbol, Timestamp, Won};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

use crate::intent::{CancelIntent, Intent, Journaled};

/// Sends orders. Each proof may be transmitted at most once, whatever happens.
pub trait Broker {
    /// Transmits an order; the answer comes back as [`EventKind::Submitted`](crate::EventKind::Submitted).
    fn submit(&mut self, intent: Journaled<Intent>);
    /// Transmits a cancel; the answer comes back as [`EventKind::CancelAnswered`](crate::EventKind::CancelAnswered).
    fn cancel(&mut self, cancel: Journaled<CancelIntent>);
    /// Asks for broker truth; the answer comes back as orders, an account report or a failure.
    fn inquire(&mut self, inquiry: Inquiry);
}

/// What to ask the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inquiry {
    /// All orders of the day, every page.
    Orders,
    /// Cash and holdings, every page.
    Account,
}

/// The broker's branch code that comes with an order number (`KRX_FWDG_ORD_ORGNO`), up to five characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Branch([u8; 5]);

impl Branch {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..len]).unwrap_or("")
    }
}
impl From<&str> for Branch {
    /// Longer codes are cut, other than ASCII is dropped.
    fn from(text: &str) -> Self {
        let mut code = [0u8; 5];
        for (slot, b) in code.iter_mut().zip(text.trim().bytes().filter(u8::is_ascii_graphic)) {
            *slot = b;
        }
        Branch(code)
    }
}
impl From<String> for Branch {
    fn from(text: String) -> Self {
        Branch::from(text.as_str())
    }
}
impl From<Branch> for String {
    fn from(branch: Branch) -> String {
        branch.as_str().to_owned()
    }
}
impl fmt::Debug for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of an order's one transmission. Not a `Result`: "unknown" is not an error that `?` may swallow.
#[must_use = "an order's outcome has to be given to the engine"]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubmitOutcome {
    /// Success code and an order number.
    Acked {
        /// The broker's number.
        number: OrderNumber,
        /// The broker's branch.
        branch: Branch,
        /// The broker's time of the order.
        at: Timestamp,
    },
    /// Proven not to have been placed.
    Refused {
        /// The broker's code, or our own (`not_sent`).
        code: String,
        /// The broker's words.
        message: String,
    },
    /// May or may not have been placed.
    Ambiguous {
        /// What was seen: time-out, cut body, unknown code …
        reason: String,
    },
}

/// What became of a cancel's transmission.
#[must_use = "a cancel's outcome has to be given to the engine"]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// The broker took the cancel; the order's end comes by notice or inquiry.
    Accepted,
    /// Nothing left to cancel, or the order is unknown there; the inquiry tells.
    Refused {
        /// The broker's code.
        code: String,
        /// The broker's words.
        message: String,
    },
    /// Unknown; the inquiry tells.
    Unknown {
        /// What was seen.
        reason: String,
    },
}

/// One row of the broker's daily order list: an order, not a fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// The broker's number.
    pub number: OrderNumber,
    /// The original number when this row is a revision or a cancel.
    pub original: Option<OrderNumber>,
    /// The broker's branch.
    pub branch: Branch,
    /// The instrument.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// Ordered shares.
    pub qty: Qty,
    /// The broker's time of the order, whole seconds.
    pub ordered_at: Timestamp,
    /// Cumulative filled shares.
    pub filled_qty: Qty,
    /// Cumulative filled amount.
    pub filled_amount: Won,
    /// Confirmed cancelled shares.
    pub cancelled_qty: Qty,
    /// Refused shares.
    pub refused_qty: Qty,
    /// Shares still working.
    pub remaining_qty: Qty,
}

/// One holding of the broker's balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The instrument.
    pub symbol: Symbol,
    /// Held shares.
    pub qty: Qty,
    /// Shares that can be sold now.
    pub sellable: Qty,
    /// What they cost.
    pub cost: Won,
}

/// The broker's view of the account, read to the last page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// Settled view of cash (D+2), which equals our ledger's cash.
    pub cash: Won,
    /// Holdings with at least one share.
    pub holdings: Vec<Holding>,
}

/// What an execution notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The exchange took the order.
    Accepted,
    /// Some of it was executed.
    Filled {
        /// Shares of this execution.
        qty: Qty,
        /// Price of this execution.
        price: Price,
    },
    /// The rest was cancelled.
    Cancelled,
    /// The exchange refused it after the broker had taken it.
    Refused,
}

/// One message of the execution stream. It carries no fill id, so it books provisionally and asks for an inquiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The broker's number of the order the notice is about.
    pub number: OrderNumber,
    /// The original number for a cancel's own order.
    pub original: Option<OrderNumber>,
    /// The broker's branch.
    pub branch: Branch,
    /// The instrument.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Ordered shares.
    pub order_qty: Qty,
    /// What happened.
    pub kind: NoticeKind,
}

/// Rows of an inquiry that was read to its last page. Only [`PageWalk::last`] makes one.
///
/// It can't be read from text, or anybody could claim completeness; an [`Event`](crate::Event) of a tape can, since
/// there the claim was made by an inquiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Complete<T>(Vec<T>);

/// How the tape reads a list that was complete when it was written.
pub(crate) fn complete_from_tape<'de, T, D>(tape: D) -> Result<Complete<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Vec::deserialize(tape).map(Complete)
}

impl<T> Complete<T> {
    /// The rows.
    pub fn rows(&self) -> &[T] {
        &self.0
    }
}

/// Collects pages; a walk that is dropped before its last page leaves nothing behind.
#[derive(Debug)]
pub struct PageWalk<T>(Vec<T>);

impl<T> PageWalk<T> {
    /// A walk before its first page.
    pub fn new() -> Self {
        PageWalk(Vec::new())
    }
    /// Adds a page that the broker said is not the last.
    pub fn more(&mut self, page: Vec<T>) {
        self.0.extend(page);
    }
    /// Rows so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Adds the page that the broker said is the last, and ends the walk.
    pub fn last(mut self, page: Vec<T>) -> Complete<T> {
        self.0.extend(page);
        Complete(self.0)
    }
}

impl<T> Default for PageWalk<T> {
    fn default() -> Self {
        PageWalk::new()
    }
}
