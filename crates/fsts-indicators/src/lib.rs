//! Numbers in, numbers out: streaming indicators, each O(1) per bar.
//!
//! Every indicator starts empty, takes one value a bar with `update`, and answers `None` until it is warm. A batch is a
//! loop over `update`, so that streaming and batch are equal bit for bit.

mod bollinger;
mod ema;
mod macd;
mod mfi;
mod rsi;
mod sma;
mod stochastic;
mod wma;

pub use bollinger::{Bands, Bollinger};
pub use ema::Ema;
pub use macd::{Macd, MacdValue};
pub use mfi::Mfi;
pub use rsi::{Rsi, SimpleRsi};
pub use sma::Sma;
pub use stochastic::{Stochastic, StochasticValue};
pub use wma::Wma;
