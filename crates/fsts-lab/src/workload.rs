//! The benchmark workloads W2 and W7 on the general engine, with the values a right run must give.

use fsts_domain::Won;
use fsts_engine::Interval;
use fsts_lake::DataSet;
use fsts_strategies::{RsiBollinger, SmaCross};

use crate::report::Report;
use crate::runner::{Runner, run};
use crate::setup::{Setup, SetupError};

/// Starting cash of the single-series workloads.
pub const START: Won = Won::new(100_000_000);

/// A benchmark workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// SMA 10/30 crosses, ten shares, next open.
    W2,
    /// RSI and Bollinger with stop and target.
    W7,
}

/// Runs a workload with the profile `ideal-won`.
///
/// # Errors
/// [`SetupError`] when the data hold no bar.
pub fn run_workload(workload: Workload, data: &DataSet, cash: Won) -> Result<Report, SetupError> {
    let setup = Setup::bench(cash);
    match workload {
        Workload::W2 => run(data, &setup, sma(), |_| {}),
        Workload::W7 => run(data, &setup, RsiBollinger::new(Interval::Minute), |_| {}),
    }
}

/// The strategy of W2.
pub fn sma() -> SmaCross {
    SmaCross::new(10, 30, Interval::Minute).expect("invariant: 10 is shorter than 30")
}

/// The runner of W2, for benches that step it by hand.
///
/// # Errors
/// [`SetupError`] when the data hold no bar.
pub fn w2_runner<'d>(data: &'d DataSet, setup: &'d Setup) -> Result<Runner<'d, SmaCross>, SetupError> {
    Runner::new(data, setup, sma())
}
