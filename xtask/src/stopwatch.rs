//! The one place of this crate that reads a clock: how long a runner took, and whether it took too long.

use std::time::{Duration, Instant};

/// A running stopwatch.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Whether `limit` has passed since the start.
    #[must_use]
    pub fn passed(&self, limit: Duration) -> bool {
        self.elapsed() >= limit
    }
}

/// Lets other processes go on for a moment while we wait for one of them.
pub fn pause(moment: Duration) {
    std::thread::park_timeout(moment);
}
