//! The live feed: a picture, then what changes; readers that cannot keep up are let go.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{interval, timeout};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, READERS_MAX, stopped};
use crate::auth::{Caller, check_origin};
use crate::desk::Topic;
use crate::hub::{Heard, Numbered, Subscription};
use crate::input::{Asked, Reader};
use crate::messages::{self, Language};
use crate::problem::{Problem, ProblemView};
use crate::reads::{list_fills, list_orders};
use crate::views::Ns;

/// A sign of life is sent so often; a reader takes three missing ones for a dead line.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// A message that a reader does not take for so long ends the connection.
const SEND_MAX: Duration = Duration::from_secs(10);
/// Readers have nothing to say.
const INCOMING_MAX: usize = 4096;
/// Bytes that may wait for one reader.
const WAITING_MAX: usize = 4 * 1024 * 1024;
/// Ended orders and executions of a picture.
const RECENT: u32 = 50;
/// RFC 6455: going away.
const CLOSE_AWAY: u16 = 1001;
/// RFC 6455: a rule is broken; here, the session has ended.
const CLOSE_RIGHTS: u16 = 1008;
/// The protocol that is spoken; beside it a browser may offer its token.
const PROTOCOL: &str = "fsts.feed";
/// IANA registry: try again later.
const CLOSE_SLOW: u16 = 1013;

/// One message of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedView {
    /// Rises by one with each message; a heartbeat repeats the last number.
    pub seq: u64,
    /// What it is about, and with that the shape of `data`.
    pub topic: Topic,
    /// Market time.
    pub at_ns: Ns,
    /// The view that the topic names.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeedAsked {
    /// Resend what came after this number; a new picture is sent when that is no longer known.
    after: Option<u64>,
    /// Language of texts, `ko` or `en`; a browser cannot set the header.
    lang: Option<String>,
}

/// Who listens, and in which language.
pub(crate) struct Listener {
    language: Language,
    caller: Caller,
}

impl FromRequestParts<App> for Listener {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Reader(language) = Reader::from_request_parts(parts, app).await?;
        // The guard leaves its finding with every request.
        let caller = parts.extensions.get::<Caller>().cloned().unwrap_or(Caller::Nobody);
        Ok(Listener { language, caller })
    }
}

/// Everything that happens, as a WebSocket.
#[utoipa::path(get, path = "/api/v1/feed", tag = "feed", params(FeedAsked),
    responses((status = 101, description = "messages of the shape FeedView", body = FeedView),
        (status = "4XX", body = ProblemView)))]
pub(crate) async fn feed(
    State(app): State<App>,
    Listener { language, caller }: Listener,
    Asked(asked): Asked<FeedAsked>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    // Browsers let any page open a socket to anywhere; only the origin tells them apart.
    check_origin(&headers)?;
    let upgrade = upgrade.map_err(|e| Problem::bad("bad_query").with("reason", e.body_text()))?;
    let full = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_readers").with("limit", READERS_MAX);
    let permit = app.readers.clone().try_acquire_owned().map_err(full)?;
    let language = asked.lang.as_deref().and_then(Language::preferred).unwrap_or(language);
    let upgrade = upgrade.max_message_size(INCOMING_MAX).max_frame_size(INCOMING_MAX);
    let upgrade = upgrade.protocols([PROTOCOL]);
    let upgrade = upgrade.write_buffer_size(0).max_write_buffer_size(WAITING_MAX);
    let serve =
        move |socket| serve(Connection { app, socket, caller, language, last_seq: 0, _permit: permit }, asked.after);
    Ok(upgrade.on_upgrade(serve).into_response())
}

struct Connection {
    app: App,
    socket: WebSocket,
    caller: Caller,
    language: Language,
    last_seq: u64,
    _permit: OwnedSemaphorePermit,
}

/// Why a connection ends.
enum End {
    Gone,
    Slow,
    SignedOut,
    Stopping,
}

async fn serve(mut connection: Connection, after: Option<u64>) {
    let end = connection.run(after).await.err().unwrap_or(End::Gone);
    let (code, reason) = match end {
        End::Gone => return,
        End::Slow => (CLOSE_SLOW, "too slow"),
        End::SignedOut => (CLOSE_RIGHTS, "signed out"),
        End::Stopping => (CLOSE_AWAY, "stopping"),
    };
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(SEND_MAX, connection.socket.send(Message::Close(Some(frame)))).await;
}

impl Connection {
    async fn run(&mut self, after: Option<u64>) -> Result<(), End> {
        let Subscription { last_seq, missed, mut receiver } = self.app.hub.subscribe(after);
        match missed {
            Some(missed) => {
                self.last_seq = after.unwrap_or(last_seq);
                for message in missed {
                    self.tell(message).await?;
                }
            }
            None => self.picture(last_seq).await?,
        }
        let mut stopping = self.app.stopping.clone();
        let mut beat = interval(HEARTBEAT);
        beat.reset();
        loop {
            tokio::select! {
                heard = receiver.recv() => match heard {
                    Ok(Heard::Message(message)) => self.tell(message).await?,
                    Ok(Heard::Resync(seq)) => self.picture(seq).await?,
                    Err(RecvError::Lagged(_)) => return Err(End::Slow),
                    Err(RecvError::Closed) => return Err(End::Stopping),
                },
                _ = beat.tick() => {
                    still_allowed(&self.app, &self.caller).await?;
                    self.send(self.last_seq, Topic::Heartbeat, None, json!({})).await?;
                }
                said = self.socket.recv() => match said {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
                    Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                },
                () = stopped(&mut stopping) => return Err(End::Stopping),
            }
        }
    }

    /// The picture is taken after the subscription, so that nothing falls between the two.
    async fn picture(&mut self, seq: u64) -> Result<(), End> {
        let app = &self.app;
        let snapshot = app.desk.snapshot();
        let mut orders = snapshot.open_orders.clone();
        // Without the archive a reader still gets what is open, which matters most.
        orders.extend(list_orders(app, &snapshot, (Some(false), RECENT)).await.unwrap_or_default());
        let fills = list_fills(app, &snapshot, RECENT).await.unwrap_or_else(|_| snapshot.recent_fills.clone());
        let mut balance = snapshot.balance;
        balance.as_of = app.aged(balance.as_of);
        let data = json!({
            "status": app.status(&snapshot, self.language),
            "balance": balance,
            "positions": snapshot.positions,
            "bots": snapshot.bots,
            "orders": orders,
            "fills": fills,
        });
        self.send(seq, Topic::Snapshot, None, data).await
    }

    async fn tell(&mut self, Numbered { seq, message }: Numbered) -> Result<(), End> {
        if seq <= self.last_seq {
            return Ok(());
        }
        let mut data = message.data.clone();
        if message.topic == Topic::Status {
            translate(&mut data, self.language);
        }
        self.send(seq, message.topic, Some(message.at.into()), data).await
    }

    async fn send(&mut self, seq: u64, topic: Topic, at: Option<Ns>, data: Value) -> Result<(), End> {
        self.last_seq = seq;
        let at_ns = at.unwrap_or_else(|| self.app.desk.now().into());
        let view = FeedView { seq, topic, at_ns, data };
        let text = serde_json::to_string(&view).expect("invariant: views have text keys and no failing part");
        match timeout(SEND_MAX, self.socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

/// A session ends while its connection is open, and a first user ends the reading of strangers.
async fn still_allowed(app: &App, caller: &Caller) -> Result<(), End> {
    let Some(sign_in) = &app.services.sign_in else {
        return Ok(());
    };
    let allowed = match caller {
        Caller::Program => true,
        Caller::Nobody => !sign_in.has_user(),
        // A database that can't be asked now may be asked at the next beat.
        Caller::Person(signed) => sign_in.goes_on(signed).await.unwrap_or(true),
    };
    if allowed { Ok(()) } else { Err(End::SignedOut) }
}

/// Puts the reader's words beside the codes of a status.
fn translate(status: &mut Value, language: Language) {
    let Some(fields) = status.as_object_mut() else { return };
    if let Some(halt) = fields.get_mut("halt_reason") {
        replace(halt, language);
    }
    for frozen in items(fields, "frozen") {
        if let Some(reason) = frozen.get_mut("reason") {
            replace(reason, language);
        }
    }
    for reason in items(fields, "reasons") {
        let code = reason.get("code").and_then(Value::as_str).filter(|code| messages::text(code).is_some());
        let words = code.map(|code| messages::words(code, language));
        if let Some((message, words)) = reason.get_mut("message").zip(words) {
            *message = Value::String(words);
        }
    }
}

fn items<'v>(fields: &'v mut Map<String, Value>, name: &str) -> impl Iterator<Item = &'v mut Value> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

fn replace(reason: &mut Value, language: Language) {
    if let Some(words) = reason.as_str().map(|code| messages::words(code, language)) {
        *reason = Value::String(words);
    }
}
