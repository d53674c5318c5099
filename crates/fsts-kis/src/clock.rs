//! Market time: what sessions, token life and call rates are counted in.
//!
//! It is the wall clock with the broker, and the emulator's clock in a demo or a test. HTTP time-outs and reconnect
//! delays are real time and do not come from here.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fsts_domain::Timestamp;
use tokio::sync::watch;

/// A future that a [`MarketClock`] hands out.
pub type Reached<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// How often a clock without a signal of its own is looked at while somebody waits for it.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The source of market time.
pub trait MarketClock: Send + Sync {
    /// Market time now.
    fn now(&self) -> Timestamp;

    /// Resolves when market time has reached `at`.
    ///
    /// By default the clock is looked at every 5 ms; a clock that knows its next change should wait for that.
    fn wait_until(&self, at: Timestamp) -> Reached<'_> {
        Box::pin(async move {
            while self.now() < at {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
    }
}

/// The wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl MarketClock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ns(i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until somebody sets it: a stepped run, or a mirror of the emulator's clock.
#[derive(Debug, Clone)]
pub struct SteppedClock {
    now: watch::Sender<Timestamp>,
}

impl SteppedClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        SteppedClock { now: watch::Sender::new(start) }
    }

    /// Sets market time and wakes who waited for it.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }
}

impl MarketClock for SteppedClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn wait_until(&self, at: Timestamp) -> Reached<'_> {
        let mut seen = self.now.subscribe();
        Box::pin(async move {
            // The sender lives in `self`, so the channel cannot close while we wait.
            let _ = seen.wait_for(|now| *now >= at).await;
        })
    }
}

/// Real time elapsed, for reconnect budgets only.
pub(crate) fn real_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stepped_clock_wakes_its_waiters_when_it_is_set() {
        let clock = SteppedClock::new(Timestamp::from_ns(0));
        let waiter = clock.clone();
        let waiting = tokio::spawn(async move {
            waiter.wait_until(Timestamp::from_ns(10)).await;
            waiter.now()
        });
        clock.set(Timestamp::from_ns(5));
        clock.set(Timestamp::from_ns(12));
        assert_eq!(waiting.await.unwrap(), Timestamp::from_ns(12));
    }
}
