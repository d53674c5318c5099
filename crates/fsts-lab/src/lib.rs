//! Research: the engine over a simulated broker.
//!
//! - [`run`]: one backtest, from a [`DataSet`](fsts_lake::DataSet) and a [`Setup`] to a [`Report`]
//! - [`workload`]: the benchmark workloads W2 and W7 on the same general engine
//!
//! Nothing here decides anything: strategies, gate, books and order states are the engine's, as in paper and live.

mod broker;
mod daily;
mod metrics;
mod report;
mod runner;
mod setup;
mod trace;
pub mod workload;

pub use daily::DayRow;
pub use metrics::Metrics;
pub use report::{Cause, FillRow, Report};
pub use runner::{Runner, run};
pub use setup::{Setup, SetupError};
