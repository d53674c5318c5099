//! Sides, order kinds and states, fills and bars.

use serde::{Deserialize, Serialize};

use crate::{Price, Qty, Won};

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// 매수.
    Buy,
    /// 매도.
    Sell,
}

impl Side {
    /// The other side.
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

/// How an order is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// 지정가: executes at this price or better.
    Limit(Price),
    /// 시장가: executes at the best opposite prices.
    Market,
}

/// Where an order of ours stands (`reliability.md` §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Passed the risk gate; not yet durable.
    Approved,
    /// Durable; its one transmission may be under way.
    Sending,
    /// The broker gave it a number.
    Acked,
    /// Some of it is filled and the rest still works.
    PartiallyFilled,
    /// All of it is filled. Terminal.
    Filled,
    /// Cancelled with what was filled kept. Terminal.
    Cancelled,
    /// The day ended with a remainder. Terminal.
    Expired,
    /// Proven not to have been placed. Terminal.
    Refused,
    /// It may or may not have been placed.
    Ambiguous,
    /// Believed not placed by rule; can still be adopted when it turns up.
    PresumedNotPlaced,
    /// Several broker orders match; a person must bind one.
    Disputed,
}

impl OrderState {
    /// True when nothing more is expected to happen to the order.
    pub const fn is_terminal(self) -> bool {
        match self {
            OrderState::Filled | OrderState::Cancelled | OrderState::Expired | OrderState::Refused => true,
            OrderState::Approved
            | OrderState::Sending
            | OrderState::Acked
            | OrderState::PartiallyFilled
            | OrderState::Ambiguous
            | OrderState::PresumedNotPlaced
            | OrderState::Disputed => false,
        }
    }

    /// True while nobody knows whether the broker has the order.
    pub const fn is_unresolved(self) -> bool {
        matches!(self, OrderState::Ambiguous | OrderState::PresumedNotPlaced | OrderState::Disputed)
    }
}

/// A trading venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Venue {
    /// Korea Exchange.
    Krx,
    /// Nextrade.
    Nxt,
}

/// The market section an instrument is listed on, with the kind where rules differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Market {
    /// 유가증권시장, shares.
    Kospi,
    /// 코스닥, shares.
    Kosdaq,
    /// 코넥스, shares.
    Konex,
    /// Exchange-traded funds.
    Etf,
    /// Exchange-traded notes.
    Etn,
    /// Equity-linked warrants.
    Elw,
}

/// One execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Shares of this execution.
    pub qty: Qty,
    /// Price of this execution.
    pub price: Price,
}

impl Fill {
    /// Price times quantity.
    pub fn amount(&self) -> Won {
        self.price * self.qty
    }
}

/// Open, high, low, close and volume of one symbol over one interval, raw won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// First trade.
    pub open: Price,
    /// Highest trade.
    pub high: Price,
    /// Lowest trade.
    pub low: Price,
    /// Last trade.
    pub close: Price,
    /// Shares traded.
    pub volume: i64,
}

impl Bar {
    /// A bar whose high and low enclose open and close.
    ///
    /// Adjusted data break that by rounding; widening is the reading that invents no price outside the four given.
    pub fn enclosing(open: Price, high: Price, low: Price, close: Price, volume: i64) -> Bar {
        Bar { open, high: high.max(open).max(close), low: low.min(open).min(close), close, volume: volume.max(0) }
    }
}
