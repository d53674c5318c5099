//! A model over HTTP that does what a test's script says, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch;

/// What the stand-in does with one request.
#[derive(Clone)]
pub enum Act {
    /// A status, headers and a body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Server-sent events, each text one `data`; then the end of the stream.
    Stream(Vec<String>),
    /// Nothing, for ever.
    Hang,
    /// One event, then nothing, for ever.
    StreamThenHang(String),
}

#[derive(Debug, Clone)]
pub struct Asked {
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Value,
    pub at: Instant,
}

#[derive(Default)]
struct Script {
    acts: VecDeque<Act>,
    /// What comes when the script is over.
    last: Option<Act>,
    asked: Vec<Asked>,
}

#[derive(Clone)]
pub struct StandIn {
    script: Arc<Mutex<Script>>,
    /// Requests that came, and connections whose hanging answer was let go.
    seen: Arc<watch::Sender<(usize, usize)>>,
    pub address: SocketAddr,
}

/// An answer in one piece.
pub fn answer(message: Value, finish: &str) -> Act {
    let body = json!({
        "id": "x", "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    });
    Act::Say(200, Vec::new(), body.to_string())
}

pub fn text(text: &str) -> Act {
    answer(json!({"role": "assistant", "content": text}), "stop")
}

pub fn call(id: &str, name: &str, arguments: Value) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

pub fn calls(list: Vec<Value>) -> Act {
    answer(json!({"role": "assistant", "content": null, "tool_calls": list}), "tool_calls")
}

pub fn failure(status: u16, code: &str) -> Act {
    Act::Say(status, Vec::new(), json!({"error": {"code": code, "type": code, "message": "no"}}).to_string())
}

pub fn chunk(delta: Value, finish: Option<&str>) -> String {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).to_string()
}

impl StandIn {
    /// Plays the acts, and the last one again for ever.
    pub async fn play(acts: Vec<Act>) -> StandIn {
        let last = acts.last().cloned();
        let script = Arc::new(Mutex::new(Script { acts: acts.into(), last, asked: Vec::new() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stand_in = StandIn { script, seen: Arc::new(watch::Sender::new((0, 0))), address };
        let router = Router::new().fallback(serve).with_state(stand_in.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        stand_in
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.asked().into_iter().map(|a| a.body).collect()
    }

    /// Waits until so many requests came.
    pub async fn wait_asked(&self, count: usize) {
        self.wait(|(asked, _)| asked >= count).await;
    }

    /// Waits until so many hanging answers were let go by the client.
    pub async fn wait_left(&self, count: usize) {
        self.wait(|(_, left)| left >= count).await;
    }

    async fn wait(&self, holds: impl Fn((usize, usize)) -> bool) {
        let mut seen = self.seen.subscribe();
        let waiting = seen.wait_for(|s| holds(*s));
        tokio::time::timeout(crate::place::PATIENCE, waiting).await.expect("it comes in time").unwrap();
    }
}

/// Tells when it is dropped: the client has closed the connection.
struct Left(Arc<watch::Sender<(usize, usize)>>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.send_modify(|s| s.1 += 1);
    }
}

async fn serve(State(it): State<StandIn>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let act = {
        let mut script = it.script.lock().unwrap();
        let body = serde_json::from_slice(&body).unwrap();
        script.asked.push(Asked { uri: uri.to_string(), headers, body, at: Instant::now() });
        let next = script.acts.pop_front();
        next.or_else(|| script.last.clone()).expect("the script has an act")
    };
    it.seen.send_modify(|s| s.0 += 1);
    let respond = Response::builder();
    match act {
        Act::Say(status, headers, body) => {
            let html = body.starts_with('<');
            let kind = if html { "text/html" } else { "application/json" };
            let respond = respond.status(StatusCode::from_u16(status).unwrap()).header("content-type", kind);
            let respond = headers.into_iter().fold(respond, |r, (name, value)| r.header(name, value));
            respond.body(Body::from(body)).unwrap()
        }
        Act::Stream(events) => {
            let text: String = events.iter().map(|e| format!("data: {e}\r\n\r\n")).collect();
            let text = format!(": comment\n\n{text}");
            // Cut anywhere, in the middle of characters too.
            let pieces: Vec<Result<Bytes, std::io::Error>> =
                text.as_bytes().chunks(7).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            respond.header("content-type", "text/event-stream").body(body).unwrap()
        }
        Act::Hang => {
            let _left = Left(Arc::clone(&it.seen));
            std::future::pending::<Response>().await
        }
        Act::StreamThenHang(event) => {
            let left = Left(Arc::clone(&it.seen));
            let first = Ok::<_, std::io::Error>(Bytes::from(format!("data: {event}\n\n")));
            let rest = futures_util::stream::once(async move {
                let _left = left;
                std::future::pending::<Result<Bytes, std::io::Error>>().await
            });
            let body = Body::from_stream(futures_util::stream::iter([first]).chain(rest));
            respond.header("content-type", "text/event-stream").body(body).unwrap()
        }
    }
}
