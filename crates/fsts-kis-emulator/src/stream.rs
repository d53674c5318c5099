//! The WebSocket: sessions that register for channels and get frames.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::hub::Hub;
use crate::streams::{Outgoing, Registration, WAITING_MAX};
use crate::text::hhmmss;

/// Between two heartbeats, in real time: sockets age in real time whatever the market's clock does.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Accepts sessions until the run ends.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((socket, _)) = accepted {
                    sessions.spawn(session(socket, Arc::clone(&hub)));
                }
            }
            Some(_) = sessions.join_next() => {}
            () = hub.stopped() => break,
        }
    }
    sessions.shutdown().await;
}

/// The root, `/tryitout` and `/tryitout/<TR>` are all in use.
fn is_stream_path(path: &str) -> bool {
    path == "/" || path == "/tryitout" || path.starts_with("/tryitout/")
}

#[expect(clippy::result_large_err, reason = "the handshake's callback has this type")]
fn check_path(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    if is_stream_path(request.uri().path()) {
        return Ok(response);
    }
    let mut refused = ErrorResponse::new(None);
    *refused.status_mut() = StatusCode::NOT_FOUND;
    Err(refused)
}

async fn session(socket: TcpStream, hub: Arc<Hub>) {
    let _ = socket.set_nodelay(true);
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(socket, check_path).await else {
        return;
    };
    let (writer, mut outgoing) = mpsc::channel(WAITING_MAX);
    let id = hub.with(|exchange| exchange.streams.connect(writer, &mut exchange.mint));
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.tick().await;
    loop {
        let goes_on = tokio::select! {
            // Frames first: a step waits for them.
            biased;
            next = outgoing.recv() => match next {
                Some(next) => send(&mut socket, next, &mut outgoing).await,
                None => false,
            },
            incoming = socket.next() => match incoming {
                Some(Ok(Message::Text(text))) => {
                    receive(&hub, id, text.as_str());
                    true
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                // A pong frame is the other way to answer a heartbeat.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => true,
            },
            _ = heartbeat.tick() => socket.send(Message::text(ping(&hub))).await.is_ok(),
            () = hub.stopped() => false,
        };
        if !goes_on {
            break;
        }
    }
    hub.with(|exchange| exchange.streams.disconnect(id));
}

/// Sends what is waiting; false when the session is to end.
async fn send(
    socket: &mut WebSocketStream<TcpStream>,
    first: Outgoing,
    outgoing: &mut mpsc::Receiver<Outgoing>,
) -> bool {
    let mut next = Some(first);
    while let Some(out) = next {
        match out {
            Outgoing::Text(text) => {
                if socket.feed(Message::text(text)).await.is_err() {
                    return false;
                }
            }
            Outgoing::Flush(flushed) => {
                if socket.flush().await.is_err() {
                    return false;
                }
                // Nobody waits any more when this fails.
                let _ = flushed.send(());
            }
            Outgoing::Close => {
                // What was said before is still delivered; then the line goes dead, as the broker's does.
                let _ = socket.flush().await;
                return false;
            }
        }
        next = outgoing.try_recv().ok();
    }
    socket.flush().await.is_ok()
}

fn ping(hub: &Hub) -> String {
    let now = hub.with(|exchange| exchange.now);
    json!({"header": {"tr_id": "PINGPONG", "datetime": format!("{}{}", now.kst_day().compact(), hhmmss(now))}})
        .to_string()
}

fn receive(hub: &Hub, id: u64, text: &str) {
    let Ok(message) = serde_json::from_str::<serde_json::Value>(text) else {
        hub.with(|exchange| exchange.streams.refuse_malformed(id));
        return;
    };
    let field = |pointer: &str| message.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
    if field("/header/tr_id").as_deref() == Some("PINGPONG") {
        return;
    }
    let registration = || {
        Some(Registration {
            approval_key: field("/header/approval_key")?,
            custtype: field("/header/custtype")?,
            tr_type: field("/header/tr_type")?,
            tr_id: field("/body/input/tr_id")?,
            tr_key: field("/body/input/tr_key")?,
        })
    };
    hub.with(|exchange| match registration() {
        Some(registration) => exchange.register(id, &registration),
        None => exchange.streams.refuse_malformed(id),
    });
}
