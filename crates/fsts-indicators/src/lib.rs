//! Numbers in, numbers out: streaming indicators, each O(1) per bar.
//!
//! Every indicator starts empty, takes one value a bar with `update`, and answers `None` until it is warm. A batch is a
//! loop over `update`, so that streaming and batch are equal bit for bit.

mod bollinger;
mod rsi;
mod sma;

pub use bollinger::{Bands, Bollinger};
pub use rsi::Rsi;
pub use sma::Sma;
