//! Places in a commit where tests and drills may stop the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// A place in the life of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitPlace {
    /// Nothing has been said to the database yet.
    BeforeCommit,
    /// The records are inserted, the transaction is still open.
    InCommit,
    /// The commit has returned, nobody has been told.
    AfterCommit,
}

/// What happens at the places of a commit. Called on the journal thread; it may block it.
pub trait FaultPoint: Send + Sync {
    /// The commit of `batch` has reached `place`.
    fn reach(&self, place: CommitPlace, batch: u64);
}

/// Nothing happens: what a normal run uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFault;

impl FaultPoint for NoFault {
    fn reach(&self, _place: CommitPlace, _batch: u64) {}
}

/// Aborts the process, as `kill -9` would, when a place is reached for the n-th time.
#[derive(Debug)]
pub struct AbortAt {
    place: CommitPlace,
    left: AtomicU64,
}

impl AbortAt {
    /// Reads `before_commit:3`, `in_commit:3` or `after_commit:3`; `None` for anything else.
    pub fn parse(text: &str) -> Option<AbortAt> {
        let (place, count) = text.split_once(':')?;
        let place = match place {
            "before_commit" => CommitPlace::BeforeCommit,
            "in_commit" => CommitPlace::InCommit,
            "after_commit" => CommitPlace::AfterCommit,
            _ => return None,
        };
        let left: u64 = count.parse().ok().filter(|n| *n > 0)?;
        Some(AbortAt { place, left: AtomicU64::new(left) })
    }

    /// Counts a visit; true at the one that must not return.
    fn is_due(&self, place: CommitPlace) -> bool {
        place == self.place && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

impl FaultPoint for AbortAt {
    fn reach(&self, place: CommitPlace, _batch: u64) {
        if self.is_due(place) {
            std::process::abort();
        }
    }
}

/// Holds the journal thread before each commit while it is paused.
#[derive(Debug, Default)]
pub struct PauseSwitch {
    paused: Mutex<bool>,
    changed: Condvar,
}

impl PauseSwitch {
    /// Holds (`true`) or lets go (`false`).
    pub fn set_paused(&self, paused: bool) {
        *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = paused;
        self.changed.notify_all();
    }
}

impl FaultPoint for PauseSwitch {
    fn reach(&self, place: CommitPlace, _batch: u64) {
        if place != CommitPlace::BeforeCommit {
            return;
        }
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        while *paused {
            paused = self.changed.wait(paused).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_abort_is_due_exactly_at_the_given_visit() {
        let fault = AbortAt::parse("in_commit:2").unwrap();
        let visits = [CommitPlace::InCommit, CommitPlace::BeforeCommit, CommitPlace::InCommit, CommitPlace::InCommit];
        assert_eq!(visits.map(|place| fault.is_due(place)), [false, false, true, false]);
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        for text in ["", "in_commit", "in_commit:0", "in_commit:x", "later:1"] {
            assert!(AbortAt::parse(text).is_none(), "{text}");
        }
    }
}
