//! Trouble of the alerts themselves goes to the log, seldom: never to the target that is in trouble.

use fsts_domain::{NS_PER_S, Timestamp};

/// At most one line in this time.
const QUIET_S: i64 = 60;

/// A limiter of log lines.
#[derive(Debug, Default)]
pub struct Grumble {
    last: Option<Timestamp>,
    unsaid: u64,
}

impl Grumble {
    /// Logs a warning, or counts it when one was logged a moment ago. True when it was logged.
    pub fn say(&mut self, now: Timestamp, what: &str, why: &str) -> bool {
        let quiet = |last: &Timestamp| (0..QUIET_S * NS_PER_S).contains(&now.since(*last));
        if self.last.as_ref().is_some_and(quiet) {
            self.unsaid += 1;
            return false;
        }
        tracing::warn!(why, unsaid = self.unsaid, "{what}");
        self.last = Some(now);
        self.unsaid = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::tests::story::at;

    #[test]
    fn a_thousand_failures_in_a_minute_are_one_line() {
        let mut grumble = Grumble::default();
        let said = (0..1_000).filter(|_| grumble.say(at(0), "x", "y")).count();
        assert_eq!((said, grumble.unsaid), (1, 999));
        assert!(!grumble.say(at(59), "x", "y"));
        assert!(grumble.say(at(60), "x", "y"));
        assert!(grumble.say(at(0), "x", "y"), "a clock that was set back silences nobody");
    }
}
