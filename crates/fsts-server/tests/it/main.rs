//! The server over real sockets, with a real engine behind its port and a real SQLite store behind its archive.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking, in its helpers too")]

mod bots;
mod browser;
mod contract;
mod desk;
mod feed;
mod orders;
mod place;
mod reads;
mod security;
mod session;
