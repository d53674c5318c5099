//! What a run does under exchange rules, and what it costs, counted rather than timed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod allocations;
mod counting;
mod krx_minutes;
