//! The emulator over real sockets, as a client meets it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod broker_client;
mod client;
mod days;
mod gateway;
mod market;
mod orders;
mod stepping;
mod streams;
