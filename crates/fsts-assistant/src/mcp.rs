//! The Model Context Protocol in both directions: our tools for other programs' models, and other servers' tools for
//! ours.
//!
//! - [`ToolServer`]: any [`ToolHost`](crate::ToolHost) as a server; [`HttpDoor`] and [`serve_stdio`] are its two ways in
//! - [`ForeignTools`]: the tools of configured servers as a `ToolHost`; [`Tools`] joins them with our own
//!
//! What a foreign server says is text of a stranger: its results are tainted, its descriptions are vetted, and it gives
//! itself no rights.

mod catalogue;
mod config;
mod connection;
mod foreign;
mod http;
mod joined;
mod names;
mod relay;
mod results;
mod schema;
mod server;
mod sse;
mod vetting;

pub use catalogue::{Refusal, ServerState, ServerStatus};
pub use config::{ConfigError, ForeignServer, Reach, Transport, read_servers};
pub use foreign::{ForeignSettings, ForeignTools};
pub use http::{Answer, BODY_MAX, HttpDoor};
pub use joined::Tools;
pub use relay::{Relay, RelayTarget};
pub use results::{clean, outcome_of};
pub use schema::{ArgumentError, prepare_arguments};
pub use server::{ToolServer, serve_stdio};
