//! Planned deaths: `FSTS_FAULT=place:n` aborts the process when a place is reached for the n-th time.
//!
//! Drills set it to prove that any instruction is a supported place to die; nothing else does.

use std::sync::atomic::{AtomicU64, Ordering};

/// A place outside the journal where a drill may end the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The broker has answered an order; the answer is not in the engine's queue yet.
    AfterSend,
    /// The record of an order's number is durable.
    AfterAck,
    /// A job's run is claimed and its task not begun.
    InJob,
}

/// One planned death.
#[derive(Debug)]
pub struct Fault {
    place: Place,
    left: AtomicU64,
}

impl Fault {
    /// Reads `after_send:3`, `after_ack:3` or `in_job:1`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Fault> {
        let (place, count) = text.split_once(':')?;
        let place = match place {
            "after_send" => Place::AfterSend,
            "after_ack" => Place::AfterAck,
            "in_job" => Place::InJob,
            _ => return None,
        };
        let left = count.parse().ok().filter(|n| *n > 0)?;
        Some(Fault { place, left: AtomicU64::new(left) })
    }

    /// Counts a visit; the n-th does not return.
    pub fn reach(&self, place: Place) {
        if place == self.place && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}
