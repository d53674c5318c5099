//! The words of the trade, and nothing else: no I/O, no clock, no float for money.
//!
//! - money and size: [`Won`], [`Price`], [`Qty`], [`Rate`]
//! - names: [`Symbol`], [`AccountNo`], [`IntentId`], [`OrderNumber`], [`BotId`]
//! - time: [`Timestamp`] (UTC nanoseconds), [`TradingDay`]
//! - trade: [`Side`], [`OrderKind`], [`Fill`], [`Bar`], [`Position`]
//!
//! Rounding happens in one place only, [`Rate::of`]; every other operation is exact integer arithmetic.

mod ids;
mod money;
mod order;
mod position;
mod symbol;
mod time;

pub use ids::{AccountNo, BotId, IntentId, OrderNumber};
pub use money::{Price, Qty, Rate, Won};
pub use order::{Bar, Fill, Market, OrderKind, OrderState, Side, Venue};
pub use position::{Position, Slice};
pub use symbol::Symbol;
pub use time::{KST_OFFSET_S, NS_PER_S, Timestamp, TradingDay};

/// Why a text or number is not a word of the domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not six (ETN: seven) ASCII letters or digits.
    #[error("`{0}` is not a symbol: six letters or digits are expected")]
    Symbol(String),
    /// Not 8 + 2 digits.
    #[error("an account number has 10 digits (8 + 2)")]
    AccountNo,
    /// Not 1 to 10 digits.
    #[error("`{0}` is not an order number")]
    OrderNumber(String),
    /// A price below one won.
    #[error("a price must be at least 1 won, got {0}")]
    Price(i64),
    /// A negative quantity.
    #[error("a quantity must not be negative, got {0}")]
    Qty(i64),
    /// Not a date of the Gregorian calendar.
    #[error("`{0}` is not a date (YYYY-MM-DD or YYYYMMDD)")]
    Day(String),
    /// An empty or too long bot name.
    #[error("`{0}` is not a bot name: 1 to 15 of a-z, A-Z, 0-9, - and _")]
    BotId(String),
}
