//! Intents and the proofs that an order needs before it may leave: checked, durable, sent once.
//!
//! | type                   | made only by                              | needed by           |
//! |------------------------|-------------------------------------------|---------------------|
//! | [`Intent`]             | the rebalancer or a parsed operator command | the risk gate     |
//! | [`RiskApproved`]       | the risk gate                             | the journal batch   |
//! | [`Journaled`]          | `release`, on [`Committed`](crate::EventKind::Committed) | [`Broker`](crate::Broker) |
//!
//! None of them can be built or cloned outside this crate, so an order that skipped a stage does not compile.

use fsts_domain::{BotId, IntentId, OrderKind, OrderNumber, Price, Qty, Side, Symbol};
use serde::{Deserialize, Serialize};

use crate::port::Branch;

/// Why an intent exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A strategy's target asks for it.
    Target,
    /// A stop-loss or take-profit level was reached, or waits to be.
    Protection,
    /// A person asked for it.
    Operator,
}

/// Levels that close a position by themselves: whichever is reached first, the stop when both are in one bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bracket {
    /// Sell when the price falls to this level.
    pub stop: Option<Price>,
    /// Sell when the price rises to this level.
    pub target: Option<Price>,
}

/// An order that somebody wants, with every field decided: there are no defaults on the way to the broker.
#[derive(Debug, PartialEq, Eq)]
pub struct Intent {
    pub(crate) id: IntentId,
    pub(crate) bot: BotId,
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
    pub(crate) qty: Qty,
    pub(crate) kind: OrderKind,
    pub(crate) bracket: Option<Bracket>,
    pub(crate) purpose: Purpose,
}

impl Intent {
    /// Our order id.
    pub fn id(&self) -> IntentId {
        self.id
    }
    /// Who wants it.
    pub fn bot(&self) -> BotId {
        self.bot
    }
    /// The instrument.
    pub fn symbol(&self) -> Symbol {
        self.symbol
    }
    /// Buy or sell.
    pub fn side(&self) -> Side {
        self.side
    }
    /// Shares, > 0.
    pub fn qty(&self) -> Qty {
        self.qty
    }
    /// Limit or market.
    pub fn kind(&self) -> OrderKind {
        self.kind
    }
    /// Protective levels; only a simulated broker takes an intent that carries them.
    pub fn bracket(&self) -> Option<Bracket> {
        self.bracket
    }
    /// Why it exists.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

/// A cancel of one of our orders: names the broker's original number.
#[derive(Debug, PartialEq, Eq)]
pub struct CancelIntent {
    pub(crate) intent: IntentId,
    pub(crate) number: OrderNumber,
    pub(crate) branch: Branch,
    pub(crate) symbol: Symbol,
    pub(crate) kind: OrderKind,
}

impl CancelIntent {
    /// The order of ours that is to be cancelled.
    pub fn intent(&self) -> IntentId {
        self.intent
    }
    /// The broker's number of that order.
    pub fn number(&self) -> OrderNumber {
        self.number
    }
    /// The broker's branch that keeps the order.
    pub fn branch(&self) -> Branch {
        self.branch
    }
    /// The instrument.
    pub fn symbol(&self) -> Symbol {
        self.symbol
    }
    /// The order's kind, which the broker wants repeated.
    pub fn kind(&self) -> OrderKind {
        self.kind
    }
}

/// Proof that the risk gate let it pass. Only the risk gate makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct RiskApproved<T>(T);

impl<T> RiskApproved<T> {
    pub(crate) fn by_risk_gate(inner: T) -> Self {
        RiskApproved(inner)
    }
    /// What was approved.
    pub fn get(&self) -> &T {
        &self.0
    }
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// Proof that the record of it is durable. Only `release` makes one, and a broker consumes it: one proof, one transmission.
#[derive(Debug, PartialEq, Eq)]
pub struct Journaled<T>(T);

impl<T> Journaled<T> {
    pub(crate) fn by_release(approved: RiskApproved<T>) -> Self {
        Journaled(approved.into_inner())
    }
    /// What may be sent.
    pub fn get(&self) -> &T {
        &self.0
    }
}
