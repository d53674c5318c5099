//! What the loop counts and times while it runs: atomic numbers of the process that a scrape reads, and nobody waits for.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use fsts_domain::Timestamp;

/// Upper bounds of the buckets, microseconds: from a step of the engine to a journal that stalls.
pub const BOUNDS_US: [u64; 14] =
    [10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000];

/// How long something took, by buckets.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len()],
    count: AtomicU64,
    sum_ns: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How many took no longer than each bound.
    pub buckets: [u64; BOUNDS_US.len()],
    /// How many there were.
    pub count: u64,
    /// All of them together, nanoseconds.
    pub sum_ns: u64,
}

impl Histogram {
    const fn new() -> Histogram {
        Histogram {
            buckets: [const { AtomicU64::new(0) }; BOUNDS_US.len()],
            count: AtomicU64::new(0),
            sum_ns: AtomicU64::new(0),
        }
    }

    /// Notes that something took so long.
    pub fn note(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = BOUNDS_US.iter().position(|bound| us <= *bound).and_then(|ix| self.buckets.get(ix)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_ns.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// What was noted so far; the buckets add up.
    pub fn seen(&self) -> Seen {
        // Read first: what is noted meanwhile is in a bucket and not yet counted, never the other way round.
        let count = self.count.load(Ordering::Relaxed);
        let mut sum = 0;
        let buckets = self.buckets.each_ref().map(|bucket| {
            sum += bucket.load(Ordering::Relaxed);
            sum
        });
        Seen { buckets, count: count.max(sum), sum_ns: self.sum_ns.load(Ordering::Relaxed) }
    }
}

/// All numbers of the process.
#[derive(Debug)]
pub struct Meters {
    /// One event through the engine.
    pub step: Histogram,
    /// A batch from the queue to its durable answer.
    pub journal: Histogram,
    /// Batches that did not become durable.
    pub journal_failures: AtomicU64,
    /// Stream sessions that came up.
    pub sessions: AtomicU64,
    /// Stream sessions that went down.
    pub losses: AtomicU64,
    /// Frames that were refused.
    pub bad_frames: AtomicU64,
    /// Prices that were shed, and lines of the tape that were lost.
    pub shed: AtomicU64,
    /// Real time of the last line of the tape.
    taped_ns: AtomicI64,
}

/// The numbers of this process, over all its accounts.
pub static METERS: Meters = Meters {
    step: Histogram::new(),
    journal: Histogram::new(),
    journal_failures: AtomicU64::new(0),
    sessions: AtomicU64::new(0),
    losses: AtomicU64::new(0),
    bad_frames: AtomicU64::new(0),
    shed: AtomicU64::new(0),
    taped_ns: AtomicI64::new(0),
};

impl Meters {
    /// Notes a line of the tape.
    pub fn taped(&self, now: Timestamp) {
        self.taped_ns.store(now.ns(), Ordering::Relaxed);
    }

    /// Age of the tape's last line; `None` before the first.
    pub fn tape_age_ns(&self, now: Timestamp) -> Option<i64> {
        let last = self.taped_ns.load(Ordering::Relaxed);
        (last > 0).then(|| now.ns().saturating_sub(last).max(0))
    }
}

/// One more.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up() {
        let histogram = Histogram::new();
        for us in [1, 10, 11, 3_000, 9_000_000] {
            histogram.note(Duration::from_micros(us));
        }
        let seen = histogram.seen();
        assert_eq!((seen.buckets[0], seen.buckets[1], seen.buckets[6]), (2, 3, 4));
        assert_eq!((seen.buckets[13], seen.count, seen.sum_ns), (4, 5, 9_003_022_000));
    }
}
