//! The exchange's rule book as dated data: every rule is a function of (day, venue, market, instrument kind).
//!
//! Entry point: [`RuleBook`], and [`RuleBook::on`] for the rules of one day.
//!
//! - prices: tick sizes and daily limits; a [`LimitPrice`] is a price proven on grid and in band
//! - time: [`SessionCalendar`], [`SessionPart`], late days, T+2
//! - money: [`FeeSchedule`] and the sales taxes by trade date
//!
//! Knows no engine, no network and no "today": days and instants come in as arguments.

mod calendar;
mod closures;
mod dated;
mod fees;
mod instrument;
mod price_limit;
mod rules;
mod session;
mod tax;
mod tick_size;

pub use calendar::{ClosedReason, DayKind, SessionCalendar};
pub use closures::Closures;
pub use dated::{Confidence, Provenance};
pub use fees::FeeSchedule;
pub use instrument::Instrument;
pub use price_limit::{LimitPrice, PriceBand, PriceError};
pub use rules::{DayRules, Profile, RuleBook};
pub use session::SessionPart;
