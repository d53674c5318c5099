//! Backups and secrets against a folder and against a local AWS over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking, in its helpers too")]

mod aws_server;
mod backups;
mod secrets;
