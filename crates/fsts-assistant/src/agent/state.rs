//! The state of a conversation and of its run. It is all that a run needs to go on elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::citations::Source;
use crate::message::{Msg, Role, Usage};
use crate::tool::{Tier, ToolStatus};

/// The version that this program writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Language of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// 한국어.
    #[default]
    Ko,
    /// English.
    En,
}

/// A limit that a run has hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Requests to the model.
    Steps,
    /// Tool calls.
    ToolCalls,
    /// The same call again and again.
    RepeatedCall,
    /// Time.
    Deadline,
    /// Tokens.
    Tokens,
    /// The model was cut off.
    CutStream,
}

impl Limit {
    /// A stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Limit::Steps => "limit_steps",
            Limit::ToolCalls => "limit_tool_calls",
            Limit::RepeatedCall => "limit_repeated_call",
            Limit::Deadline => "limit_deadline",
            Limit::Tokens => "limit_tokens",
            Limit::CutStream => "model_cut_off",
        }
    }
}

/// A tool call of a run, as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The server of others that it lives on; empty for our own.
    #[serde(default)]
    pub server: String,
    /// What it was called with, after reading.
    pub arguments: Value,
    /// How it ended.
    pub status: ToolStatus,
    /// How long it took.
    pub duration_ms: u64,
    /// The result holds text of strangers.
    pub tainted: bool,
    /// It was a proposal, or asked for a deed that no tool does.
    pub deed: bool,
    /// The beginning of the result.
    pub preview: String,
    /// The result as data.
    pub structured: Option<Value>,
}

/// A conversation and its newest run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentState {
    /// Version of this shape.
    pub schema_version: u32,
    /// The conversation.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// Everything that was said, oldest first.
    pub messages: Vec<Msg>,
    /// Where the run's own messages begin.
    #[serde(default)]
    pub run_from: usize,
    /// What earlier turns were about that no longer fit.
    #[serde(default)]
    pub summary: String,
    /// The answer of the run.
    #[serde(default)]
    pub answer: String,
    /// The node that comes next; empty when the run is over.
    #[serde(default)]
    pub next: String,
    /// Steps of the run so far.
    #[serde(default)]
    pub step: u64,
    /// Requests to the model in the run.
    #[serde(default)]
    pub llm_calls: u32,
    /// Tool calls of the run.
    #[serde(default)]
    pub calls: Vec<CallRecord>,
    /// Tokens of the run.
    #[serde(default)]
    pub usage: Usage,
    /// Tokens of the conversation.
    #[serde(default)]
    pub spent: Usage,
    /// What the reader should know.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Language of the reader.
    #[serde(default)]
    pub locale: Locale,
    /// Whether tools may be used.
    #[serde(default)]
    pub tools: bool,
    /// The most that a tool may do in this run.
    #[serde(default)]
    pub ceiling: Tier,
    /// Text of strangers was read.
    #[serde(default)]
    pub tainted: bool,
    /// The limit that was hit.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Results that were too long for the model, by handle.
    #[serde(default)]
    pub pages: BTreeMap<String, String>,
    /// Passages that can be cited, by their numbers.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// When the conversation began, UTC nanoseconds.
    pub created_ns: i64,
    /// Fields of a newer program; they are kept as they are.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl AgentState {
    /// An empty conversation.
    pub fn new(session_id: impl Into<String>, created_ns: i64) -> Self {
        AgentState {
            schema_version: SCHEMA_VERSION,
            session_id: session_id.into(),
            run_id: String::new(),
            messages: Vec::new(),
            run_from: 0,
            summary: String::new(),
            answer: String::new(),
            next: String::new(),
            step: 0,
            llm_calls: 0,
            calls: Vec::new(),
            usage: Usage::default(),
            spent: Usage::default(),
            warnings: Vec::new(),
            locale: Locale::Ko,
            tools: true,
            ceiling: Tier::Trade,
            tainted: false,
            limit: None,
            pages: BTreeMap::new(),
            sources: Vec::new(),
            created_ns,
            rest: Map::new(),
        }
    }

    /// Begins a run: what belongs to the last one is emptied, what was said stays.
    pub fn begin_run(&mut self, run_id: String, locale: Locale, tools: bool) {
        self.run_id = run_id;
        self.run_from = self.messages.len();
        self.answer.clear();
        self.next.clear();
        self.step = 0;
        self.llm_calls = 0;
        self.calls.clear();
        self.usage = Usage::default();
        self.warnings.clear();
        self.locale = locale;
        self.tools = tools;
        self.limit = None;
        // A conversation stays tainted while the text that tainted it can still be read.
    }

    /// Adds a message; one with the same id is replaced.
    pub fn put(&mut self, message: Msg) {
        match self.messages.iter_mut().find(|m| m.id == message.id) {
            Some(held) => *held = message,
            None => self.messages.push(message),
        }
    }

    /// A new id for a message.
    pub fn next_id(&self) -> String {
        // Counted from the begin of the run: that place moves along when old turns are dropped.
        format!("{}-{}", self.run_id, self.messages.len().saturating_sub(self.run_from))
    }

    /// Adds a warning once.
    pub fn warn(&mut self, warning: &str) {
        if !self.warnings.iter().any(|w| w == warning) {
            self.warnings.push(warning.to_owned());
        }
    }

    /// The messages of the run.
    pub fn run_messages(&self) -> &[Msg] {
        self.messages.get(self.run_from..).unwrap_or_default()
    }

    /// Everything that the person said.
    pub fn user_text(&self) -> String {
        let said = self.messages.iter().filter(|m| m.role == Role::User);
        said.map(|m| m.content.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Whether the run asked for a deed: a proposal, or something that no tool does.
    pub fn asked_for_deeds(&self) -> bool {
        self.calls.iter().any(|c| c.deed)
    }
}
