//! The exchange that obeys a seed: the same orders over the same input give the same fills, on every machine.
//!
//! - [`BarMatcher`]: our orders against stored bars, for backtests
//! - [`PrintMatcher`]: our orders against a tape of prints, for replays over sockets; [`prints_of`] makes prints of a bar
//! - [`Book`]: price-time priority and call auctions, for the emulated exchange
//! - [`Flow`]: what other people do on a plausible day; [`Latency`]: how long messages take; [`Stream`]: the dice
//!
//! Over the prints of the same bars both matchers give equal fills; a test holds them to it.
//! Nothing here reads a clock, a file or the network, and no hash map is ever iterated.

mod band;
mod bar_matcher;
mod bar_path;
mod book;
mod flow;
mod lanes;
mod latency;
mod order;
mod print_matcher;
mod random;

pub use band::locked_side;
pub use bar_matcher::{BarMatcher, EntryFill};
pub use bar_path::{Print, prints_of};
pub use book::{Book, BookEvent, BookKind, BookRefusal, OrderId};
pub use flow::{Flow, FlowAction, FlowConfig, FlowEvent, FlowSymbol};
pub use latency::{Jitter, Latency, NoLatency};
pub use order::{SimFill, SimKind, SimOrder};
pub use print_matcher::PrintMatcher;
pub use random::Stream;
