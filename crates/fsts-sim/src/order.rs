//! What the bar and the print matcher take and give.

use fsts_domain::{Price, Qty, Side};

/// An order of ours as the matchers take it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct SimOrder {
    /// Unique among the open orders of one matcher.
    pub id: u64,
    /// Dense index of the symbol, from 0.
    pub symbol: u32,
    /// Buy or sell.
    pub side: Side,
    /// When and at what price it fills.
    pub kind: SimKind,
    /// Shares; an order of none is done at once and leaves no trace.
    pub qty: Qty,
}

/// When an order fills. The price of a gap is the open: better for a limit, worse for a stop.
///
/// | kind, for a sell | fills when            | at              |
/// |------------------|-----------------------|-----------------|
/// | `Market`         | the symbol next trades | the open       |
/// | `Limit(p)`       | price ≥ p             | p, or the open above it |
/// | `Target(p)`      | price ≥ p             | p, or the open above it |
/// | `Stop(p)`        | price ≤ p             | p, or the open below it |
///
/// A buy is the mirror image.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum SimKind {
    /// This price or better.
    Limit(Price),
    /// The next price there is.
    Market,
    /// Stop-loss. Once reached it is a market order: what the bar could not fill is filled at the next open.
    Stop(Price),
    /// Take-profit.
    Target(Price),
}

/// One fill of an order of ours.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct SimFill {
    /// The order.
    pub id: u64,
    /// Its symbol.
    pub symbol: u32,
    /// Shares of this fill.
    pub qty: Qty,
    /// Price of this fill.
    pub price: Price,
    /// True when the order is done; its id may be used again.
    pub closes: bool,
}
