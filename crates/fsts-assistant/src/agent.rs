//! The agent: a run takes a question through guard, supervisor, tools and summary, and keeps its state after each step.

pub mod citations;
pub mod events;
pub mod history;
pub mod nodes;
pub mod prompt;
pub mod redact;
pub mod replay;
pub mod run;
pub mod schema;
pub mod state;
pub mod summary;
pub mod tools;

pub use citations::Source;
pub use events::{EventSink, RunEvent};
pub use redact::Redactor;
pub use run::{Agent, AgentSettings, RunFailure};
pub use state::{AgentState, CallRecord, Limit, Locale};
pub use tools::Toolbox;
