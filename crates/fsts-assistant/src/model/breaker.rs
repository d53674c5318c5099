//! After failures in a row, nobody waits for a service that is down: requests fail at once until a probe succeeds.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open.
const OPEN_FOR: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct Counted {
    failures: u32,
    open_until: Option<Instant>,
    probing: bool,
}

/// Lets requests through, or not.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Counted>);

impl Breaker {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may go now. When it was open, one caller gets through as a probe.
    pub fn lets_through(&self, now: Instant) -> bool {
        let mut counted = self.lock();
        match counted.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) if counted.probing => false,
            Some(_) => {
                counted.probing = true;
                true
            }
        }
    }

    /// A request came back.
    pub fn succeeded(&self) {
        *self.lock() = Counted::default();
    }

    /// A request found nobody.
    pub fn failed(&self, now: Instant) {
        let mut counted = self.lock();
        counted.failures += 1;
        counted.probing = false;
        if counted.failures >= FAILURES {
            counted.open_until = Some(now + OPEN_FOR);
        }
    }

    /// A request was given up; it says nothing about the service.
    pub fn abandoned(&self) {
        self.lock().probing = false;
    }

    /// `closed`, `open` or `half_open`.
    pub fn state(&self, now: Instant) -> &'static str {
        match self.lock().open_until {
            None => "closed",
            Some(until) if now < until => "open",
            Some(_) => "half_open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_five_failures_and_lets_one_probe_through_after_its_time() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..5 {
            assert!(breaker.lets_through(start));
            breaker.failed(start);
        }
        assert!(!breaker.lets_through(start + Duration::from_secs(29)));
        let later = start + Duration::from_secs(31);
        assert_eq!(breaker.state(later), "half_open");
        assert!(breaker.lets_through(later));
        assert!(!breaker.lets_through(later), "one probe");
        breaker.failed(later);
        assert!(!breaker.lets_through(later + Duration::from_secs(1)));
        assert!(breaker.lets_through(later + Duration::from_secs(31)));
        breaker.succeeded();
        assert_eq!(breaker.state(later), "closed");
    }
}
