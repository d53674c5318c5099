//! From whatever a service answers to a message or a typed error; never a panic, never a guess.

use serde_json::{Map, Value};

use super::{ModelError, ModelErrorKind, ModelReply};
use crate::message::{ToolCall, Usage};

/// Reads an answer in one piece.
///
/// # Errors
/// [`ModelError`] of kind malformed when it holds no message, or of the kind that an error object in it has.
pub fn whole(body: &[u8]) -> Result<ModelReply, ModelError> {
    let malformed = || ModelError::new(ModelErrorKind::Malformed);
    let answer: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let answer = answer.as_object().ok_or_else(malformed)?;
    if let Some(error) = answer.get("error").filter(|e| !e.is_null()) {
        return Err(of_error_object(error, None));
    }
    let choice = answer.get("choices").and_then(Value::as_array).and_then(|c| c.first());
    let choice = choice.and_then(Value::as_object).ok_or_else(malformed)?;
    let empty = Map::new();
    let message = choice.get("message").and_then(Value::as_object).unwrap_or(&empty);
    let mut text = text_of(message);
    if text.is_empty() {
        text = choice.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let finish = choice.get("finish_reason").and_then(Value::as_str);
    let calls = calls_of(message);
    if text.is_empty() && calls.is_empty() {
        let kind = if finish == Some("content_filter") { ModelErrorKind::Filtered } else { ModelErrorKind::Malformed };
        return Err(ModelError::new(kind));
    }
    let usage = answer.get("usage").and_then(usage_of);
    Ok(ModelReply { text, calls: with_own_ids(calls), usage, partial: finish == Some("length") })
}

/// The text of a message or a delta, in whichever field it is.
pub fn text_of(message: &Map<String, Value>) -> String {
    let fields = ["content", "text", "refusal", "output_text"];
    fields.iter().filter_map(|f| message.get(*f)).map(text_of_content).find(|t| !t.is_empty()).unwrap_or_default()
}

fn text_of_content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(part_text).collect(),
        Value::Object(_) => part_text(content).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

fn part_text(part: &Value) -> Option<String> {
    if let Some(text) = part.as_str() {
        return Some(text.to_owned());
    }
    match part.get("type").and_then(Value::as_str) {
        None | Some("text" | "output_text" | "refusal") => {
            let text = part.get("text").or_else(|| part.get("refusal"))?;
            text.as_str().or_else(|| text.get("value").and_then(Value::as_str)).map(str::to_owned)
        }
        Some(_) => None,
    }
}

fn calls_of(message: &Map<String, Value>) -> Vec<ToolCall> {
    let listed = message.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut calls: Vec<ToolCall> = listed.iter().filter_map(call_of).collect();
    if calls.is_empty()
        && let Some(old) = message.get("function_call").filter(|f| f.is_object())
    {
        calls.extend(function_of(old, String::new()));
    }
    calls
}

fn call_of(call: &Value) -> Option<ToolCall> {
    let id = call.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    function_of(call.get("function").unwrap_or(call), id)
}

fn function_of(function: &Value, id: String) -> Option<ToolCall> {
    let name = function.get("name").and_then(Value::as_str)?.to_owned();
    Some(ToolCall { id, name, arguments: arguments_text(function.get("arguments")) })
}

/// Arguments as JSON text: what was sent as text stays as it is, what was sent as a value is written as text.
fn arguments_text(arguments: Option<&Value>) -> String {
    match arguments {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Gives calls without an id, or with one that was used before, an id of their own.
pub fn with_own_ids(calls: Vec<ToolCall>) -> Vec<ToolCall> {
    let mut seen = std::collections::BTreeSet::new();
    let own = |mut call: ToolCall| {
        if call.id.is_empty() || !seen.insert(call.id.clone()) {
            call.id = format!("call_{}", crate::random_id());
            seen.insert(call.id.clone());
        }
        call
    };
    calls.into_iter().map(own).collect()
}

/// Token counts, when they are there.
pub fn usage_of(usage: &Value) -> Option<Usage> {
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    let prompt_tokens = count("prompt_tokens").or_else(|| count("input_tokens"))?;
    let completion_tokens = count("completion_tokens").or_else(|| count("output_tokens")).unwrap_or(0);
    Some(Usage { prompt_tokens, completion_tokens, estimated: false })
}

/// The error that an error object says, with the HTTP status it came with.
pub fn of_error_object(error: &Value, status: Option<u16>) -> ModelError {
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let (code, kind) = (field("code"), field("type"));
    let said = error.as_str().map(str::to_ascii_lowercase).unwrap_or_else(|| field("message"));
    let has = |word: &str| code.contains(word) || kind.contains(word);
    let found = if has("insufficient_quota") || has("billing") || said.contains("exceeded your current quota") {
        Some(ModelErrorKind::Quota)
    } else if has("context_length") || said.contains("maximum context length") || said.contains("context window") {
        Some(ModelErrorKind::ContextTooLong)
    } else if has("content_filter") || has("content_policy") || has("responsibleai") {
        Some(ModelErrorKind::Filtered)
    } else if has("rate_limit") {
        Some(ModelErrorKind::Rate)
    } else if has("authentication") || has("invalid_api_key") {
        Some(ModelErrorKind::Auth)
    } else if has("server_error") || has("overloaded") || has("unavailable") {
        Some(ModelErrorKind::Unavailable)
    } else {
        None
    };
    let kind = found.unwrap_or_else(|| status.map_or(ModelErrorKind::Malformed, of_status));
    let named = |name: &&str| said.contains(*name) || field("param") == **name;
    let parameter = ["temperature", "max_tokens", "stream_options"].into_iter().find(|n| named(n));
    ModelError { status, parameter: parameter.map(str::to_owned), ..ModelError::new(kind) }
}

/// The kind that a status alone tells.
pub fn of_status(status: u16) -> ModelErrorKind {
    match status {
        401 | 403 => ModelErrorKind::Auth,
        402 => ModelErrorKind::Quota,
        429 => ModelErrorKind::Rate,
        408 | 409 | 500..=599 => ModelErrorKind::Unavailable,
        _ => ModelErrorKind::BadRequest,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(message: Value) -> Result<ModelReply, ModelError> {
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        whole(json!({"choices": [choice], "surprise": [1]}).to_string().as_bytes())
    }

    #[test]
    fn a_text_is_found_wherever_it_is() {
        for message in [
            json!({"content": "네"}),
            json!({"content": null, "refusal": "네"}),
            json!({"text": "네"}),
            json!({"content": [{"type": "text", "text": "네"}, {"type": "image_url", "image_url": {}}]}),
            json!({"content": [{"type": "output_text", "text": "네"}, {"type": "mystery", "text": "no"}]}),
        ] {
            assert_eq!(reply(message.clone()).unwrap().text, "네", "{message}");
        }
    }

    #[test]
    fn calls_are_read_in_every_form_and_get_ids_of_their_own() {
        let call = |id: Value, arguments: Value| json!({"id": id, "function": {"name": "f", "arguments": arguments}});
        let calls = json!({"tool_calls": [
            call(json!("a"), json!("{\"x\":1}")), call(json!("a"), json!({"x": 1})), call(json!(null), json!("")),
            call(json!("b"), json!([1])), {"id": "c"}, 7,
        ]});
        let read = reply(calls).unwrap().calls;
        let arguments: Vec<&str> = read.iter().map(|c| c.arguments.as_str()).collect();
        assert_eq!(arguments, ["{\"x\":1}", "{\"x\":1}", "{}", "[1]"]);
        let ids: std::collections::BTreeSet<_> = read.iter().map(|c| c.id.clone()).collect();
        assert_eq!(ids.len(), 4);
        let old = reply(json!({"function_call": {"name": "f", "arguments": "{}"}})).unwrap();
        assert_eq!(old.calls.len(), 1);
    }

    #[test]
    fn what_holds_no_message_is_a_typed_error() {
        let kind = |text: &str| whole(text.as_bytes()).unwrap_err().kind;
        for text in ["", "<html></html>", "[]", "{}", "{\"choices\":[]}", "{\"choices\":[{}]}", "{\"choices\":[null]}"]
        {
            assert_eq!(kind(text), ModelErrorKind::Malformed, "{text}");
        }
        assert_eq!(kind("{\"error\":{\"code\":\"insufficient_quota\"}}"), ModelErrorKind::Quota);
        assert_eq!(kind("{\"error\":{\"code\":\"context_length_exceeded\"}}"), ModelErrorKind::ContextTooLong);
        let filtered = json!({"choices": [{"message": {"content": null}, "finish_reason": "content_filter"}]});
        assert_eq!(kind(&filtered.to_string()), ModelErrorKind::Filtered);
    }
}
