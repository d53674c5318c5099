//! Tools: what a model or an MCP client may call, and what comes back. Our own tools and those of foreign servers have
//! the same shape.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a tool may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Looks.
    Read,
    /// Computes without touching an account.
    Simulate,
    /// Makes a proposal that a person must approve.
    #[default]
    Trade,
}

/// A tool as it is offered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolSpec {
    /// Name for the model: letters, digits, `_` and `-`, at most 64 characters.
    pub name: String,
    /// What it does, one or two sentences.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments, closed.
    pub input_schema: Value,
    /// JSON Schema of the structured result.
    pub output_schema: Option<Value>,
    /// What it may do.
    pub tier: Tier,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// With a result.
    Ok,
    /// With a reason that says what to fix.
    Error,
    /// It is not allowed.
    Denied,
    /// It did not answer in time.
    Timeout,
    /// Nobody waits for it any more.
    Cancelled,
}

/// What came of one call; every call has exactly one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolOutcome {
    /// How it ended.
    pub status: ToolStatus,
    /// For the model and a reader.
    pub text: String,
    /// The same as data.
    pub structured: Option<Value>,
    /// The text comes from somebody else and is not to be obeyed.
    pub tainted: bool,
}

impl ToolOutcome {
    /// A result of our own services.
    pub fn ok(structured: Value) -> Self {
        ToolOutcome {
            status: ToolStatus::Ok,
            text: structured.to_string(),
            structured: Some(structured),
            tainted: false,
        }
    }

    /// A failure, with one sentence that says what to fix.
    pub fn failed(status: ToolStatus, text: impl Into<String>) -> Self {
        ToolOutcome { status, text: text.into(), structured: None, tainted: false }
    }
}

/// For whom a tool is called. The run says this, never the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallContext {
    /// The conversation; empty outside of one.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// The call.
    pub call_id: String,
    /// Text of strangers was read before.
    pub tainted: bool,
    /// Everything that the person said.
    pub user_text: String,
    /// A program of others calls; what its model has read is not known here.
    pub outside: bool,
}

/// The program's own services as tools; implemented where all of them are known.
pub trait ToolHost: Send + Sync + 'static {
    /// All tools, in a stable order.
    fn tools(&self) -> Vec<ToolSpec>;

    /// Calls one. Arguments were checked against its schema.
    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome>;

    /// Where a tool lives: the name of a server of others, `None` for our own.
    fn server_of(&self, _name: &str) -> Option<String> {
        None
    }

    /// Calls one for a run. Tools that propose need to know for which; the others don't.
    fn call_within<'a>(&'a self, name: &'a str, arguments: Value, _context: CallContext) -> BoxFuture<'a, ToolOutcome> {
        self.call(name, arguments)
    }
}
