//! How often somebody may guess.

use std::collections::VecDeque;

use fsts_domain::Timestamp;

/// Attempts in a window; the next one waits.
const ATTEMPTS_MAX: usize = 5;
const WINDOW_S: i64 = 60;
/// The first wait; each further one is twice as long.
const FIRST_WAIT_S: i64 = 30;
const LONGEST_WAIT_S: i64 = 15 * 60;
/// After so long without an attempt the waits begin anew.
const FORGOTTEN_AFTER_S: i64 = 3600;

/// Counts attempts for the whole server: behind one loopback address all callers look the same.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    attempts: VecDeque<Timestamp>,
    closed_until: Option<Timestamp>,
    waits: u32,
}

impl Limiter {
    /// Takes an attempt, or names the seconds to wait. An attempt counts before its outcome is known, so that many at the
    /// same time are no way around.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), i64> {
        if let Some(until) = self.closed_until {
            let left = seconds(now, until);
            if left > 0 {
                return Err(left);
            }
            self.closed_until = None;
        }
        if self.attempts.back().is_some_and(|last| seconds(*last, now) >= FORGOTTEN_AFTER_S) {
            self.waits = 0;
        }
        while self.attempts.front().is_some_and(|first| seconds(*first, now) >= WINDOW_S) {
            self.attempts.pop_front();
        }
        if self.attempts.len() >= ATTEMPTS_MAX {
            let wait = FIRST_WAIT_S.saturating_mul(1 << self.waits.min(10)).min(LONGEST_WAIT_S);
            self.waits = self.waits.saturating_add(1);
            self.closed_until = Some(now.plus_s(wait));
            // One stays, so that the time of the last attempt is known.
            self.attempts.drain(..ATTEMPTS_MAX - 1);
            return Err(wait);
        }
        self.attempts.push_back(now);
        Ok(())
    }

    /// The right password clears the record.
    pub fn forgive(&mut self) {
        *self = Limiter::default();
    }
}

/// Whole seconds from one instant to another, rounded up.
fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.ns().saturating_sub(from.ns()).saturating_add(999_999_999).div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

    fn guess(limiter: &mut Limiter, at: Timestamp) -> u32 {
        (0..100).take_while(|_| limiter.admit(at).is_ok()).count() as u32
    }

    #[test]
    fn a_minute_has_five_attempts_and_then_the_waits_double() {
        let mut limiter = Limiter::default();
        let mut now = AT;
        assert_eq!(guess(&mut limiter, now), 5);
        for wait in [30, 60, 120, 240, 480, 900, 900] {
            assert_eq!(limiter.admit(now.plus_s(wait - 1)), Err(1), "{wait}");
            now = now.plus_s(wait);
            assert!(guess(&mut limiter, now) <= 5, "{wait}");
        }
    }

    #[test]
    fn slow_attempts_are_never_refused() {
        let mut limiter = Limiter::default();
        assert!((0..1000).all(|n| limiter.admit(AT.plus_s(n * 15)).is_ok()));
    }

    #[test]
    fn a_day_of_guessing_brings_few_attempts() {
        let mut limiter = Limiter::default();
        let tried = (0..86_400).filter(|s| limiter.admit(AT.plus_s(*s)).is_ok()).count();
        assert!(tried < 600, "{tried}");
    }

    #[test]
    fn the_right_password_and_a_quiet_hour_begin_anew() {
        let mut limiter = Limiter::default();
        guess(&mut limiter, AT);
        limiter.forgive();
        assert_eq!(guess(&mut limiter, AT), 5);
        let later = AT.plus_s(2 * 3600);
        assert_eq!(guess(&mut limiter, later), 5);
        assert_eq!(limiter.admit(later.plus_s(29)), Err(1), "the first wait again");
    }
}
