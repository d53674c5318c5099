//! A streamed answer put together from its chunks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::decode::{of_error_object, text_of, usage_of, with_own_ids};
use super::{ModelError, ModelErrorKind, ModelReply};
use crate::message::{ToolCall, Usage};

/// Longest answer.
const TEXT_MAX: usize = 1024 * 1024;

/// The answer so far.
#[derive(Debug, Default)]
pub struct Assembly {
    text: String,
    calls: BTreeMap<u64, ToolCall>,
    finish: Option<String>,
    usage: Option<Usage>,
    done: bool,
}

impl Assembly {
    /// Takes one event; gives back the text that it adds.
    ///
    /// # Errors
    /// [`ModelError`] for an error event, an event that is no JSON, or an answer without end.
    pub fn take(&mut self, data: &str) -> Result<Option<String>, ModelError> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(None);
        }
        let malformed = || ModelError::new(ModelErrorKind::Malformed);
        let chunk: Value = serde_json::from_str(data).map_err(|_| malformed())?;
        if let Some(error) = chunk.get("error").filter(|e| !e.is_null()) {
            return Err(of_error_object(error, None));
        }
        if let Some(usage) = chunk.get("usage").and_then(usage_of) {
            self.usage = Some(usage);
        }
        let Some(choice) = chunk.get("choices").and_then(Value::as_array).and_then(|c| c.first()) else {
            return Ok(None);
        };
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(reason.to_owned());
        }
        let Some(delta) = choice.get("delta").or_else(|| choice.get("message")).and_then(Value::as_object) else {
            return Ok(None);
        };
        self.add_calls(delta);
        let text = text_of(delta);
        if self.text.len() + text.len() > TEXT_MAX {
            return Err(malformed());
        }
        self.text.push_str(&text);
        Ok(Some(text).filter(|t| !t.is_empty()))
    }

    fn add_calls(&mut self, delta: &Map<String, Value>) {
        let pieces = delta.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (place, piece) in pieces.iter().enumerate() {
            let index = piece.get("index").and_then(Value::as_u64).unwrap_or(place as u64);
            self.add_piece(index, piece.get("id").and_then(Value::as_str), piece.get("function"));
        }
        if let Some(old) = delta.get("function_call").filter(|f| f.is_object()) {
            self.add_piece(0, None, Some(old));
        }
    }

    fn add_piece(&mut self, index: u64, id: Option<&str>, function: Option<&Value>) {
        let empty = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
        let call = self.calls.entry(index).or_insert(empty);
        if let Some(id) = id.filter(|i| !i.is_empty()) {
            call.id = id.to_owned();
        }
        let Some(function) = function else { return };
        if let Some(name) = function.get("name").and_then(Value::as_str) {
            call.name.push_str(name);
        }
        match function.get("arguments") {
            Some(Value::String(text)) if call.arguments.len() + text.len() <= TEXT_MAX => call.arguments.push_str(text),
            Some(Value::Object(_) | Value::Array(_)) => call.arguments = function["arguments"].to_string(),
            _ => {}
        }
    }

    /// Whether the service said that it was the end.
    pub fn is_over(&self) -> bool {
        self.done
    }

    /// Whether anything that a reader sees has come.
    pub fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    /// The answer when the stream has ended. Without a finish reason it was cut: text stays and is marked, calls
    /// whose arguments are not complete are dropped.
    ///
    /// # Errors
    /// [`ModelError`] when there is nothing in it.
    pub fn finish(self) -> Result<ModelReply, ModelError> {
        let cut = self.finish.is_none();
        let complete = |call: &ToolCall| {
            !call.name.is_empty() && (!cut || serde_json::from_str::<Map<String, Value>>(&call.arguments).is_ok())
        };
        let filled = |mut call: ToolCall| {
            if call.arguments.trim().is_empty() {
                call.arguments = "{}".to_owned();
            }
            call
        };
        let calls: Vec<ToolCall> = self.calls.into_values().filter(complete).map(filled).collect();
        if self.text.is_empty() && calls.is_empty() {
            let filtered = self.finish.as_deref() == Some("content_filter");
            let kind = if filtered { ModelErrorKind::Filtered } else { ModelErrorKind::Malformed };
            return Err(ModelError::new(kind));
        }
        let partial = cut || self.finish.as_deref() == Some("length");
        Ok(ModelReply { text: self.text, calls: with_own_ids(calls), usage: self.usage, partial })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assembled(chunks: &[Value]) -> Result<ModelReply, ModelError> {
        let mut assembly = Assembly::default();
        for chunk in chunks {
            assembly.take(&chunk.to_string())?;
        }
        assembly.finish()
    }

    fn delta(delta: Value, finish: Option<&str>) -> Value {
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    }

    #[test]
    fn fragments_of_several_calls_may_be_interleaved() {
        let piece = |index: u64, id: Value, name: Value, arguments: &str| {
            let function = json!({"name": name, "arguments": arguments});
            json!({"tool_calls": [{"index": index, "id": id, "function": function}]})
        };
        let null = Value::Null;
        let reply = assembled(&[
            json!({"choices": [], "prompt_filter_results": []}),
            delta(piece(0, json!("a"), json!("f"), "{\"x\""), None),
            delta(piece(1, json!("b"), json!("g"), "{"), None),
            delta(piece(0, null.clone(), null.clone(), ":1}"), None),
            delta(piece(1, null.clone(), null, "}"), Some("stop")),
            json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
        ])
        .unwrap();
        let calls: Vec<_> = reply.calls.iter().map(|c| (c.name.as_str(), c.arguments.as_str())).collect();
        assert_eq!(calls, [("f", "{\"x\":1}"), ("g", "{}")]);
        assert_eq!(reply.usage.map(|u| u.completion_tokens), Some(4));
        assert!(!reply.partial);
    }

    #[test]
    fn a_cut_stream_keeps_its_text_and_drops_the_call_that_is_not_complete() {
        let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":"}}]});
        let reply = assembled(&[delta(json!({"content": "확인"}), None), delta(call.clone(), None)]).unwrap();
        assert_eq!((reply.text.as_str(), reply.partial, reply.calls.len()), ("확인", true, 0));
        assert_eq!(assembled(&[delta(call, None)]).unwrap_err().kind, ModelErrorKind::Malformed);
    }
}
