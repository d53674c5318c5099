//! The request as chat completions want it.

use serde_json::{Map, Value, json};

use super::ModelRequest;
use crate::message::{Msg, Role};
use crate::tool::ToolSpec;

/// What a service turned out not to take; remembered for the life of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It refuses `temperature`.
    pub no_temperature: bool,
    /// It wants `max_completion_tokens`.
    pub completion_tokens: bool,
    /// It refuses `stream_options`.
    pub no_stream_options: bool,
}

impl Quirks {
    /// Learns from a refusal that names a parameter; false when it teaches nothing new.
    pub fn learn(&mut self, parameter: &str) -> bool {
        let known = match parameter {
            "temperature" => &mut self.no_temperature,
            "max_tokens" => &mut self.completion_tokens,
            "stream_options" => &mut self.no_stream_options,
            _ => return false,
        };
        !std::mem::replace(known, true)
    }
}

/// What every request says besides the conversation.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The model; Azure has it in the address.
    pub model: Option<&'a str>,
    /// How freely.
    pub temperature: f64,
    /// Most tokens of an answer.
    pub max_output_tokens: Option<u64>,
    /// What the service does not take.
    pub quirks: Quirks,
}

/// The body of a request.
pub fn body(request: &ModelRequest, manner: Manner<'_>) -> Value {
    let mut body = Map::new();
    if let Some(model) = manner.model {
        body.insert("model".to_owned(), model.into());
    }
    body.insert("messages".to_owned(), request.messages.iter().map(message).collect());
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), request.tools.iter().map(tool).collect());
    }
    if !manner.quirks.no_temperature {
        body.insert("temperature".to_owned(), json!(manner.temperature));
    }
    if let Some(limit) = manner.max_output_tokens {
        let name = if manner.quirks.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body.insert(name.to_owned(), limit.into());
    }
    if request.streamed {
        body.insert("stream".to_owned(), true.into());
        if !manner.quirks.no_stream_options {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
    }
    Value::Object(body)
}

fn tool(spec: &ToolSpec) -> Value {
    json!({"type": "function", "function": {
        "name": spec.name, "description": spec.description, "parameters": spec.input_schema,
    }})
}

fn message(message: &Msg) -> Value {
    let mut out = Map::new();
    out.insert("role".to_owned(), message.role.word().into());
    let silent = message.content.is_empty() && !message.tool_calls.is_empty();
    out.insert("content".to_owned(), if silent { Value::Null } else { message.content.clone().into() });
    if message.role == Role::Tool {
        out.insert("tool_call_id".to_owned(), message.tool_call_id.clone().unwrap_or_default().into());
    }
    if !message.tool_calls.is_empty() {
        let call = |c: &crate::message::ToolCall| {
            let function = json!({"name": c.name, "arguments": c.arguments});
            json!({"id": c.id, "type": "function", "function": function})
        };
        out.insert("tool_calls".to_owned(), message.tool_calls.iter().map(call).collect());
    }
    Value::Object(out)
}
