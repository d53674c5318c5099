//! What `make` calls: the house rules as checks, the arrows between the crates, the whole test run, the demo.
//!
//! Entry point is `main.rs`; the checks live here as a library so that `tests/it` runs the very same ones.

pub mod arrows;
pub mod bench;
pub mod book;
pub mod dashboard;
pub mod demo;
pub mod deploy;
pub mod node;
pub mod page;
pub mod postgres;
pub mod process;
pub mod python;
pub mod repo;
pub mod scan;
pub mod stopwatch;
pub mod suite;
pub mod tidy;
pub mod tools;
