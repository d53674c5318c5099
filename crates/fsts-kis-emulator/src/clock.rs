//! Market time: the system's clock, a faster one, or one that only moves when it is told to.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fsts_domain::Timestamp;

use crate::config::ClockMode;

/// How far market time may run ahead of the work before it is held back, in real time.
const LAG_MAX: Duration = Duration::from_secs(2);

/// The one place of this crate that reads the machine's clocks.
#[derive(Debug)]
pub(crate) struct Clock {
    mode: ClockMode,
    market: Timestamp,
    real: Instant,
}

impl Clock {
    /// A clock that shows `start` now (the system's time in real mode).
    pub(crate) fn starting_at(mode: ClockMode, start: Timestamp) -> Self {
        Clock { mode, market: start, real: Instant::now() }
    }

    pub(crate) fn mode(&self) -> ClockMode {
        self.mode
    }

    /// Market seconds per real second; 0 when the clock stands until it is stepped.
    pub(crate) fn speed(&self) -> u32 {
        match self.mode {
            ClockMode::Real => 1,
            ClockMode::Accelerated { speed } => speed.max(1),
            ClockMode::Stepped => 0,
        }
    }

    /// What the clock shows.
    pub(crate) fn reading(&self) -> Timestamp {
        match self.mode {
            ClockMode::Real => system_time(),
            ClockMode::Accelerated { .. } => self.market.plus_ns(self.market_ns(self.real.elapsed())),
            ClockMode::Stepped => self.market,
        }
    }

    /// Sets the clock: a step, or the night skipped.
    pub(crate) fn set(&mut self, to: Timestamp) {
        self.market = to;
        self.real = Instant::now();
    }

    /// Holds an accelerated clock back at `reached` when the work (or a sleeping machine) has fallen far behind:
    /// market time then slows down instead of rushing through minutes that nobody could have traded.
    pub(crate) fn hold_at(&mut self, reached: Timestamp) {
        if matches!(self.mode, ClockMode::Accelerated { .. }) && self.reading().since(reached) > self.market_ns(LAG_MAX)
        {
            self.set(reached);
        }
    }

    /// Real time until the clock shows `at`; `None` when it moves only by steps.
    pub(crate) fn wait_until(&self, at: Timestamp) -> Option<Duration> {
        let speed = u64::from(self.speed());
        let ns = u64::try_from(at.since(self.reading())).unwrap_or(0);
        (speed > 0).then(|| Duration::from_nanos(ns.div_ceil(speed)))
    }

    /// Market nanoseconds that pass in a real duration.
    pub(crate) fn market_ns(&self, real: Duration) -> i64 {
        let ns = i64::try_from(real.as_nanos()).unwrap_or(i64::MAX);
        ns.saturating_mul(i64::from(self.speed()))
    }
}

/// The system's time, for a clock in real mode.
pub(crate) fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ns(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
