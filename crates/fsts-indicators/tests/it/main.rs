//! The indicators against programs that others wrote.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod others;
