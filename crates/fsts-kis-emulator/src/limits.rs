//! How many calls an application key may make in a second of market time.

use std::collections::{BTreeMap, VecDeque};

use fsts_domain::{NS_PER_S, Timestamp};

/// A sliding window of one second per application key.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// 0: no limit.
    per_second: u32,
    calls: BTreeMap<String, VecDeque<Timestamp>>,
}

impl RateLimit {
    pub(crate) fn new(per_second: u32) -> Self {
        RateLimit { per_second, calls: BTreeMap::new() }
    }

    /// Counts a call; false when it is one too many, and then it does not count.
    pub(crate) fn admits(&mut self, key: &str, now: Timestamp) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let window = self.calls.entry(key.to_owned()).or_default();
        while window.front().is_some_and(|first| now.since(*first) >= NS_PER_S) {
            window.pop_front();
        }
        let admitted = window.len() < self.per_second as usize;
        if admitted {
            window.push_back(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_so_that_no_second_holds_more_calls_than_allowed() {
        let at = |ms: i64| Timestamp::from_ns(ms * 1_000_000);
        let mut limit = RateLimit::new(2);
        assert!(limit.admits("a", at(900)) && limit.admits("a", at(950)));
        assert!(!limit.admits("a", at(1_000)), "a fixed window would start anew here");
        assert!(limit.admits("b", at(1_000)), "keys are counted apart");
        assert!(limit.admits("a", at(1_900)) && !limit.admits("a", at(1_949)) && limit.admits("a", at(1_950)));
        assert!((0..100).all(|_| RateLimit::new(0).admits("a", at(0))));
    }
}
