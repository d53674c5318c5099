//! The assistant: answers in plain words from tools, sessions and documents. It may *propose* an order; no type in
//! here can place one.
//!
//! - [`ToolHost`]: how it reaches the rest of the program
//! - [`agent::Agent`]: takes a question through the state graph; [`graph`]: the graph itself
//! - [`model::make_llm`]: the language model that the settings name
//! - [`sessions`]: where conversations are kept
//! - [`mcp`]: the Model Context Protocol in both directions
//! - [`retrieval`]: passages of documents for a question

pub mod agent;
mod clock;
pub mod graph;
pub mod mcp;
pub mod message;
pub mod model;
pub mod retrieval;
pub mod sessions;
pub mod tool;

pub use tool::{CallContext, Tier, ToolHost, ToolOutcome, ToolSpec, ToolStatus};

/// Sixteen random hexadecimal digits.
pub fn random_id() -> String {
    let mut bytes = [0u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness a counter keeps ids apart.
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        bytes = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_be_bytes();
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
