//! Discord: signed interactions in, messages of programs out through the same outbox as alerts.

use std::sync::Arc;

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use fsts_domain::Symbol;
use fsts_store::{Channel, Enqueued, Outgoing, Severity, StoreError};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::{App, archive_failed};
use crate::auth::IdempotencyKey;
use crate::input::Body;
use crate::problem::{Problem, ProblemView};
use crate::views::Ns;

/// Largest interaction; the service sends a few kilobytes.
const INTERACTION_MAX: usize = 64 * 1024;
/// Longest message; with what stands before it, it fits into one of the service.
const MESSAGE_MAX: usize = 1_800;
/// Longest key by which a repeated message is known.
const DEDUPE_MAX: usize = 128;

/// What came of an interaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Interaction {
    /// Signature or time do not fit: it is not from the service.
    Unsigned,
    /// It is from the service and makes no sense.
    Malformed,
    /// The answer.
    Reply(Value),
}

/// A message for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscordMessage {
    /// Known messages are not sent again.
    pub key: String,
    /// The words.
    pub text: String,
    /// Where it is told.
    pub channel: Channel,
    /// How much it matters.
    pub level: Severity,
    /// The instrument whose chart goes with it.
    pub symbol: Option<Symbol>,
}

/// A message as the stand-in channel of a demo got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownMessage {
    /// When it came, real time.
    pub at_ns: Ns,
    /// The words.
    pub text: String,
    /// Size of the picture, bytes; null without one.
    pub picture_bytes: Option<usize>,
}

/// Discord as the server sees it.
pub trait Discord: Send + Sync + 'static {
    /// Answers a signed interaction; `signature` and `timestamp` are its headers.
    fn interaction<'a>(&'a self, signature: &'a str, timestamp: &'a str, body: &'a [u8]) -> BoxFuture<'a, Interaction>;
    /// Puts a message into the outbox; answers its id.
    fn send(&self, message: DiscordMessage) -> BoxFuture<'_, Result<(String, Enqueued), StoreError>>;
    /// A message of the outbox.
    fn message<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Outgoing>, StoreError>>;
    /// What the stand-in channel shows, oldest first; `None` where a real one is used.
    fn shown(&self) -> Option<Vec<ShownMessage>>;
}

/// A message to send.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SendRequest {
    /// The words, up to 1,800 characters; nothing in them formats or mentions.
    pub message: String,
    /// `alarm` (default), `trading` or `simulation`.
    pub channel: Option<String>,
    /// `info` (default), `warning` or `error`.
    pub level: Option<String>,
    /// A message with a known key is not sent again; the idempotency key where absent.
    pub dedupe_key: Option<String>,
    /// An instrument whose chart goes with it.
    pub symbol: Option<String>,
}

/// A message in the outbox.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OutboxView {
    /// Its id.
    pub id: String,
    /// `queued` or `delivered`.
    pub status: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When the target took it, real time.
    pub delivered_ns: Option<Ns>,
}

/// Messages of the stand-in channel, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChannelView {
    /// The messages.
    pub messages: Vec<ShownMessage>,
}

fn port(app: &App) -> Result<&Arc<dyn Discord>, Problem> {
    app.services.discord.as_ref().ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "discord_off"))
}

/// A word of a closed list; absent is its default.
fn word_of<T: serde::de::DeserializeOwned + Default>(
    body: &Body,
    field: &'static str,
    absent: T,
) -> Result<T, Problem> {
    match body.get(field) {
        None => Ok(absent),
        Some(value) => {
            serde_json::from_value(value.clone()).map_err(|_| Problem::bad("bad_field").with("field", field))
        }
    }
}

fn text_of(body: &Body, field: &'static str, max: usize) -> Result<Option<String>, Problem> {
    match body.get(field) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=max).contains(&text.trim().chars().count()) => {
            Ok(Some(text.trim().to_owned()))
        }
        Some(_) => Err(Problem::bad("bad_field").with("field", field)),
    }
}

/// The level of a message; the store's severity has no default of its own.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    #[default]
    Info,
    Warning,
    Error,
}

/// Sends a message to a channel, once, in order with the alerts.
#[utoipa::path(post, path = "/api/v1/discord/send", tag = "discord", request_body = SendRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per message")),
    responses((status = 202, body = OutboxView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn send(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<OutboxView>), Problem> {
    body.only(&["message", "channel", "level", "dedupe_key", "symbol"])?;
    let text =
        text_of(&body, "message", MESSAGE_MAX)?.ok_or_else(|| Problem::bad("bad_field").with("field", "message"))?;
    let symbol = match text_of(&body, "symbol", 12)? {
        Some(text) => Some(text.parse().map_err(|_| Problem::bad("bad_symbol"))?),
        None => None,
    };
    let level = match word_of(&body, "level", Level::Info)? {
        Level::Info => Severity::Info,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    let key = text_of(&body, "dedupe_key", DEDUPE_MAX)?.unwrap_or(key);
    let channel = word_of(&body, "channel", Channel::Alarm)?;
    let message = DiscordMessage { key, text, channel, level, symbol };
    let port = port(&app)?;
    let (id, taken) = port.send(message).await.map_err(archive_failed)?;
    if taken == Enqueued::Full {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "outbox_full"));
    }
    let outgoing = port.message(&id).await.map_err(archive_failed)?;
    let view = outgoing.map_or_else(
        || OutboxView { id, status: "queued".to_owned(), attempts: 0, delivered_ns: None },
        |outgoing| view(&outgoing),
    );
    Ok((StatusCode::ACCEPTED, Json(view)))
}

fn view(outgoing: &Outgoing) -> OutboxView {
    OutboxView {
        id: outgoing.alert.id.clone(),
        status: if outgoing.delivered.is_some() { "delivered" } else { "queued" }.to_owned(),
        attempts: outgoing.attempts,
        delivered_ns: outgoing.delivered.map(Into::into),
    }
}

/// What became of a message.
#[utoipa::path(get, path = "/api/v1/discord/outbox/{id}", tag = "discord",
    params(("id" = String, Path, description = "as the message was answered with")),
    responses((status = 200, body = OutboxView), (status = 404, body = ProblemView), (status = 503, body = ProblemView)))]
pub(crate) async fn message(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OutboxView>, Problem> {
    let found = port(&app)?.message(&id).await.map_err(archive_failed)?;
    found.map(|o| Json(view(&o))).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_such_message"))
}

/// Slash commands and buttons, as the service sends them: signed with Ed25519 over the time and the body.
#[utoipa::path(post, path = "/discord/interactions", tag = "discord", request_body = Object,
    params(("X-Signature-Ed25519" = String, Header, description = "signature, hexadecimal"),
        ("X-Signature-Timestamp" = String, Header, description = "UTC seconds")),
    responses((status = 200, body = Object), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
        (status = 503, body = ProblemView)))]
pub(crate) async fn interactions(State(app): State<App>, request: Request) -> Result<Json<Value>, Problem> {
    let port = port(&app)?;
    let (parts, body) = request.into_parts();
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").with("limit", INTERACTION_MAX);
    let body: Bytes = to_bytes(body, INTERACTION_MAX).await.map_err(too_large)?;
    let signature = header(&parts.headers, "x-signature-ed25519");
    let timestamp = header(&parts.headers, "x-signature-timestamp");
    match port.interaction(signature, timestamp, &body).await {
        Interaction::Reply(reply) => Ok(Json(reply)),
        Interaction::Unsigned => Err(Problem::new(StatusCode::UNAUTHORIZED, "bad_signature")),
        Interaction::Malformed => Err(Problem::bad("bad_interaction")),
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|h| h.to_str().ok()).unwrap_or_default()
}

/// What a demo's stand-in channel shows.
#[utoipa::path(get, path = "/api/v1/demo/channel", tag = "discord",
    responses((status = 200, body = ChannelView), (status = 404, body = ProblemView)))]
pub(crate) async fn channel(State(app): State<App>) -> Result<Json<ChannelView>, Problem> {
    let shown = app.services.discord.as_ref().and_then(|d| d.shown());
    let messages = shown.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_stand_in"))?;
    Ok(Json(ChannelView { messages }))
}
