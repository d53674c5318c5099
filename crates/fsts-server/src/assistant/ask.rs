//! From a request's body to a question.

use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::port::{Ceiling, ChatAsk, OnBusy, QueryAsk, Said, Speaker};
use crate::input::Body;
use crate::messages::Language;
use crate::problem::Problem;

/// Messages that one request may carry.
const MESSAGES_MAX: usize = 200;
/// Longest id of a session.
const SESSION_ID_MAX: usize = 64;
/// Most documents of one search.
const TOP_K_MAX: i64 = 20;

/// One message of a client's conversation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MessageRequest {
    /// `user` or `assistant`; others are not taken from a client.
    pub role: String,
    /// Its text.
    pub content: String,
}

/// A question.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChatRequest {
    /// The session to go on with; a new one without.
    pub session_id: Option<String>,
    /// The question; or `messages`.
    pub message: Option<String>,
    /// The conversation so far, the question last.
    pub messages: Option<Vec<MessageRequest>>,
    /// Language of the answer, `ko` or `en`.
    pub locale: Option<String>,
    /// Events instead of one answer.
    pub stream: Option<bool>,
    /// The most that a tool may do: `read`, `simulate` or `trade` (proposals that a person approves; the default).
    pub tier_ceiling: Option<String>,
    /// `reject`, `queue` or `interrupt`.
    pub on_busy: Option<String>,
    /// Go on when the client leaves.
    pub detach: Option<bool>,
    /// Longest time for the answer, seconds.
    pub timeout_s: Option<u64>,
    /// Refuse an unknown session.
    pub must_exist: Option<bool>,
}

/// A question to the documents.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct QueryRequest {
    /// The question.
    pub query: String,
    /// Only documents about these.
    pub symbols: Option<Vec<String>>,
    /// Only documents of these kinds.
    pub kinds: Option<Vec<String>>,
    /// Only documents since this day.
    pub from: Option<String>,
    /// Only documents until this day.
    pub to: Option<String>,
    /// Documents to find, at most 20.
    pub top_k: Option<u32>,
    /// The session to go on with.
    pub session_id: Option<String>,
    /// Language of the answer, `ko` or `en`.
    pub locale: Option<String>,
    /// False only searches.
    pub generate: Option<bool>,
}

/// Where a conversation is to be taken up again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForkRequest {
    /// The id of a checkpoint, from the history.
    pub checkpoint_id: String,
}

const CHAT_FIELDS: [&str; 10] = [
    "session_id",
    "message",
    "messages",
    "locale",
    "stream",
    "tier_ceiling",
    "on_busy",
    "detach",
    "timeout_s",
    "must_exist",
];

/// Whether the client wants events.
pub(super) fn wants_stream(headers: &HeaderMap, body: &Body) -> bool {
    let accepts = |h: &axum::http::HeaderValue| h.to_str().is_ok_and(|a| a.contains("text/event-stream"));
    body.get("stream").and_then(Value::as_bool).unwrap_or(false) || headers.get_all(header::ACCEPT).iter().any(accepts)
}

/// The question of a chat body.
pub(super) fn chat_ask(body: &Body, language: Language, tools: bool) -> Result<ChatAsk, Problem> {
    body.only(&CHAT_FIELDS)?;
    let mut warnings = Vec::new();
    let said = said(body, &mut warnings)?;
    let on_busy = match body.get("on_busy").and_then(Value::as_str) {
        None | Some("reject") => OnBusy::Refuse,
        Some("queue") => OnBusy::Queue,
        Some("interrupt") => OnBusy::Interrupt,
        Some(_) => return Err(Problem::bad("bad_question").with("field", "on_busy")),
    };
    let ceiling = match body.get("tier_ceiling").and_then(Value::as_str) {
        Some("read") => Ceiling::Read,
        Some("simulate") => Ceiling::Simulate,
        Some("trade") => Ceiling::Trade,
        None if body.get("tier_ceiling").is_none() => Ceiling::Trade,
        Some(_) | None => return Err(Problem::bad("bad_question").with("field", "tier_ceiling")),
    };
    Ok(ChatAsk {
        session_id: session_id(body)?,
        must_exist: flag(body, "must_exist"),
        said,
        language: locale(body).unwrap_or(language),
        tools,
        ceiling,
        on_busy,
        streamed: false,
        detach: flag(body, "detach"),
        timeout_s: body.get("timeout_s").and_then(Value::as_u64),
        warnings,
    })
}

fn flag(body: &Body, name: &str) -> bool {
    body.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn locale(body: &Body) -> Option<Language> {
    body.get("locale").and_then(Value::as_str).and_then(Language::preferred)
}

fn session_id(body: &Body) -> Result<Option<String>, Problem> {
    let Some(value) = body.get("session_id") else { return Ok(None) };
    let fits = |id: &&str| {
        (1..=SESSION_ID_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let id = value.as_str().filter(fits).ok_or_else(|| Problem::bad("bad_question").with("field", "session_id"))?;
    Ok(Some(id.to_owned()))
}

fn said(body: &Body, warnings: &mut Vec<String>) -> Result<Vec<Said>, Problem> {
    let refused = || Problem::bad("bad_question").with("field", "messages");
    let mut said = Vec::new();
    if let Some(list) = body.get("messages") {
        let list = list.as_array().filter(|l| l.len() <= MESSAGES_MAX).ok_or_else(refused)?;
        for message in list {
            let text = text_of(message.get("content"));
            match message.get("role").and_then(Value::as_str) {
                Some("user" | "human") => said.push(Said { by: Speaker::User, text }),
                Some("assistant" | "ai") if !text.is_empty() => said.push(Said { by: Speaker::Assistant, text }),
                Some("assistant" | "ai") => {}
                // Only our own settings speak for the system, and only our own calls have results.
                Some(role @ ("system" | "tool" | "developer")) => warnings.push(format!("dropped_{role}_message")),
                _ => return Err(refused()),
            }
        }
    }
    if let Some(message) = body.get("message") {
        let text = message.as_str().ok_or_else(|| Problem::bad("bad_question").with("field", "message"))?;
        said.push(Said { by: Speaker::User, text: text.to_owned() });
    }
    match said.last() {
        Some(last) if last.by == Speaker::User && !last.text.trim().is_empty() => Ok(said),
        _ => Err(Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "no_question")),
    }
}

/// Text of a string or of a list of parts; other parts have no text.
fn text_of(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let part = |p: &Value| p.as_str().or_else(|| p.get("text").and_then(Value::as_str)).map(str::to_owned);
            parts.iter().filter_map(part).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The question of a query body.
pub(super) fn query_ask(body: &Body, language: Language) -> Result<QueryAsk, Problem> {
    body.only(&["query", "symbols", "kinds", "from", "to", "top_k", "session_id", "locale", "generate"])?;
    let query = body.get("query").and_then(Value::as_str).map(str::trim).filter(|q| !q.is_empty());
    let query = query.ok_or_else(|| Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "no_question"))?;
    let mut filter = serde_json::Map::new();
    for name in ["symbols", "kinds", "from", "to"] {
        if let Some(value) = body.get(name) {
            filter.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(value) = body.get("top_k") {
        let fits = value.as_i64().filter(|n| (1..=TOP_K_MAX).contains(n));
        let limit = fits.ok_or_else(|| Problem::bad("bad_question").with("field", "top_k"))?;
        filter.insert("limit".to_owned(), limit.into());
    }
    Ok(QueryAsk {
        query: query.to_owned(),
        filter,
        generate: body.get("generate").and_then(Value::as_bool).unwrap_or(true),
        session_id: session_id(body)?,
        language: locale(body).unwrap_or(language),
    })
}
