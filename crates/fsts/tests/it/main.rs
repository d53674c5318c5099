//! The program over real sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod ambiguous;
mod assistant;
mod backtest;
mod bench;
mod book;
mod database;
mod discord;
mod drill;
mod emulate;
mod equality;
mod errors;
mod fill_causes;
mod jobs;
mod journal_stall;
mod kill;
mod market_day;
mod program;
mod replay_day;
mod rig;
mod second_run;
mod simulations;
