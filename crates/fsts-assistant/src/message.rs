//! What was said, as sessions keep it and models get it.

use serde::{Deserialize, Serialize};

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Our own instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a call.
    Tool,
}

impl Role {
    /// The word for it on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// A call that a model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Its id, unique in the conversation.
    pub id: String,
    /// The tool as the model named it.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, or what it took for such.
    pub arguments: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Msg {
    /// Unique in the conversation.
    pub id: String,
    /// Who says it.
    pub role: Role,
    /// Its text.
    pub content: String,
    /// The tool that it is a result of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Calls that an assistant message asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that it is a result of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The model was cut off in the middle of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

impl Msg {
    /// A message with a text.
    pub fn new(id: impl Into<String>, role: Role, content: impl Into<String>) -> Self {
        Msg {
            id: id.into(),
            role,
            content: content.into(),
            name: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            partial: false,
        }
    }
}

/// Tokens of one or more answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Sent.
    pub prompt_tokens: u64,
    /// Received.
    pub completion_tokens: u64,
    /// A part was counted by ourselves.
    pub estimated: bool,
}

impl Usage {
    /// Both together.
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
            estimated: self.estimated || other.estimated,
        }
    }
}

/// About how many tokens a text is: Korean has more of them per character than English, so this is the upper side.
pub fn estimated_tokens(text: &str) -> u64 {
    (text.chars().map(|c| if c.is_ascii() { 1u64 } else { 3 }).sum::<u64>()).div_ceil(4)
}
