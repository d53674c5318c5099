//! The program over real sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod accounts;
mod ambiguous;
mod assistant;
#[path = "../../../fsts-cloud/tests/it/aws_server.rs"]
mod aws_server;
mod backtest;
mod backups;
mod bench;
mod book;
mod collect;
mod daily_run;
mod database;
mod discord;
mod drill;
mod emulate;
mod equality;
mod errors;
mod fill_causes;
mod former_faults;
mod gullible;
mod health;
mod jobs;
mod journal_stall;
mod kill;
mod lake;
mod library;
mod logs;
mod market_day;
mod mcp;
mod metrics;
mod model;
mod outages;
mod postgres_server;
mod program;
mod programs;
mod replay_day;
mod rig;
mod second_run;
mod secrets;
mod sessions;
mod simulations;
