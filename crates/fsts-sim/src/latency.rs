//! How long a message is under way.

use crate::Stream;

/// Draws the delay of one message after the other.
pub trait Latency {
    /// Nanoseconds that the next message takes, ≥ 0.
    fn delay_ns(&mut self) -> i64;
}

/// Every message arrives at once.
#[derive(Copy, Clone, Debug, Default)]
pub struct NoLatency;

impl Latency for NoLatency {
    fn delay_ns(&mut self) -> i64 {
        0
    }
}

/// Every message takes between two bounds, each delay equally likely.
#[derive(Clone, Debug)]
pub struct Jitter {
    low_ns: i64,
    high_ns: i64,
    stream: Stream,
}

impl Jitter {
    /// Delays of `low_ns..=high_ns` from a seed; the bounds are put in order and cut at zero.
    pub fn new(seed: u64, low_ns: i64, high_ns: i64) -> Self {
        let (low_ns, high_ns) = (low_ns.min(high_ns).max(0), low_ns.max(high_ns).max(0));
        Jitter { low_ns, high_ns, stream: Stream::new(seed, "latency", 0) }
    }
}

impl Latency for Jitter {
    fn delay_ns(&mut self) -> i64 {
        self.stream.between(self.low_ns, self.high_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_in_its_bounds_and_repeats_with_its_seed() {
        let draw = |seed| {
            let mut jitter = Jitter::new(seed, 300, -5);
            (0..100).map(|_| jitter.delay_ns()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().all(|delay| (0..=300).contains(delay)));
        assert_eq!(NoLatency.delay_ns(), 0);
    }
}
