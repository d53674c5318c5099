//! Random delays, so that many clients do not come back in step. Never part of a decision.

/// A random number below `bound`; 0 when there is no randomness to be had.
pub(crate) fn below(bound: u64) -> u64 {
    getrandom::u64().unwrap_or(0) % bound.max(1)
}
