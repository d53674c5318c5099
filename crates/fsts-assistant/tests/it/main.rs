//! The assistant over real sockets: a model stand-in that speaks chat completions, a real database, a real Redis.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking, in its helpers too")]

mod awkward;
mod documents;
mod door;
mod foreign;
mod limits;
mod place;
mod programs;
mod redis_server;
mod retries;
mod runs;
mod stand_in;
mod streams;
