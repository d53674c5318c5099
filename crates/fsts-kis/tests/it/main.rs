//! Behaviours of the client over real sockets, against stubs that answer as the broker does, or as nobody should.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod account;
mod examples;
mod frames;
mod inquiries;
mod login;
mod orders;
mod proof;
mod streaming;
mod stub;
