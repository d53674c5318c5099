//! The assistant: answers in plain words from tools, sessions and documents. It may *propose* an order; no type in
//! here can place one.
//!
//! - [`ToolHost`]: how it reaches the rest of the program

pub mod tool;

pub use tool::{Tier, ToolHost, ToolOutcome, ToolSpec, ToolStatus};
