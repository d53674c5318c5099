//! A token bucket in front of the outbox: a burst becomes its first facts and a number, errors always pass.

use fsts_domain::{NS_PER_S, Timestamp};
use fsts_store::{Alert, Severity};

use super::messages::Fact;
use super::outbox::{Names, alert};

/// Alerts at once; more than a person reads, and still few messages for the target.
const BURST: i64 = 200;
/// Tokens that information leaves for warnings.
const RESERVE: i64 = 50;
/// A burst is over when this many tokens above the reserve are back: fewer, longer summaries.
const RESUME: i64 = 20;
/// One token comes back in this time.
const TOKEN_NS: i64 = NS_PER_S / 2;

/// Facts that were not told one by one.
#[derive(Debug, Clone, Copy)]
struct Skipped {
    count: u64,
    seq: u64,
    at: Timestamp,
}

/// The bucket, in real time.
#[derive(Debug)]
pub struct Throttle {
    credit_ns: i64,
    seen: Timestamp,
    skipped: Option<Skipped>,
}

impl Throttle {
    /// A full bucket.
    pub fn new(now: Timestamp) -> Self {
        Throttle { credit_ns: BURST * TOKEN_NS, seen: now, skipped: None }
    }

    /// True when the alert is to be told by itself; else it is counted into the next summary.
    pub fn admit(&mut self, alert: &Alert, now: Timestamp) -> bool {
        self.refill(now);
        let tokens = self.credit_ns / TOKEN_NS;
        let pass = match alert.severity {
            Severity::Error => true,
            Severity::Warning => tokens > 0,
            Severity::Info => self.skipped.is_none() && tokens > RESERVE,
        };
        if pass {
            self.credit_ns = (self.credit_ns - TOKEN_NS).max(0);
        } else {
            let count = self.skipped.map_or(0, |s| s.count) + 1;
            self.skipped = Some(Skipped { count, seq: alert.seq, at: alert.at });
        }
        pass
    }

    /// When the summary of what was skipped is due.
    pub fn due(&self) -> Option<Timestamp> {
        let missing = ((RESERVE + RESUME) * TOKEN_NS - self.credit_ns).max(0);
        self.skipped.map(|_| self.seen.plus_ns(missing))
    }

    /// The summary, once it is due or when `now_or_never`. It cites the last record that was skipped.
    pub fn summary(&mut self, now: Timestamp, now_or_never: bool, (stream, names): (&str, &Names)) -> Option<Alert> {
        self.refill(now);
        let due = self.due()?;
        if due > now && !now_or_never {
            return None;
        }
        let Skipped { count, seq, at } = self.skipped.take()?;
        Some(alert(stream, names, (seq, at), &Fact::Skipped { count }))
    }

    fn refill(&mut self, now: Timestamp) {
        // A clock that was set back gives nothing.
        let elapsed = now.since(self.seen).max(0);
        self.credit_ns = self.credit_ns.saturating_add(elapsed).min(BURST * TOKEN_NS);
        self.seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::tests::story::{at, names};

    fn one(seq: u64, severity: Severity) -> Alert {
        Alert { severity, ..alert("s", &names(), (seq, at(0)), &Fact::Resumed) }
    }

    fn admitted(throttle: &mut Throttle, severity: Severity, count: u64, second: i64) -> usize {
        (1..=count).filter(|seq| throttle.admit(&one(*seq, severity), at(second))).count()
    }

    #[test]
    fn a_burst_of_information_leaves_room_for_warnings_and_errors_always_pass() {
        let mut throttle = Throttle::new(at(0));
        assert_eq!(admitted(&mut throttle, Severity::Info, 10_000, 0), 150);
        assert_eq!(admitted(&mut throttle, Severity::Warning, 10_000, 0), 50);
        assert_eq!(admitted(&mut throttle, Severity::Error, 300, 0), 300);
    }

    #[test]
    fn what_was_skipped_is_summed_up_when_the_burst_is_over() {
        let mut throttle = Throttle::new(at(0));
        admitted(&mut throttle, Severity::Info, 1_000, 0);
        let names = names();
        assert_eq!(throttle.due(), Some(at(10)));
        assert!(throttle.summary(at(9), false, ("s", &names)).is_none());
        let summary = throttle.summary(at(10), false, ("s", &names)).unwrap();
        assert_eq!((summary.id.as_str(), summary.seq), ("s-1000-skipped", 1_000));
        assert!(summary.message_ko.contains("850건"), "{}", summary.message_ko);
        assert!(throttle.due().is_none());
        assert!(admitted(&mut throttle, Severity::Info, 20, 10) == 20);
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_tokens() {
        let mut throttle = Throttle::new(at(1_000));
        admitted(&mut throttle, Severity::Info, 150, 1_000);
        assert_eq!(admitted(&mut throttle, Severity::Info, 1, 0), 0);
    }
}
