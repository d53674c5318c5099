//! A webhook target for tests: a TCP server that answers by a script, then 204, and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::Receiver as Outcomes;

use fsts_domain::Timestamp;
use fsts_engine::Entry;
use fsts_kis::{MarketClock, Reached};
use fsts_store::*;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub const STREAM: &str = "0123456789ab";

/// An answer: status line, extra headers and body; an empty one cuts the connection.
pub type Answer = (&'static str, &'static str, &'static str);
const TAKEN: Answer = ("204 No Content", "", "");

/// What the target was sent.
#[derive(Debug)]
pub struct Received {
    pub content: String,
    pub taken: bool,
}

pub struct Target {
    pub address: String,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Target {
    pub async fn start(script: &[Answer]) -> Target {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, received) = mpsc::unbounded_channel();
        let mut script: VecDeque<Answer> = script.iter().copied().collect();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let answer = script.pop_front().unwrap_or(TAKEN);
                let content = serve(socket, answer).await;
                let taken = answer.0.starts_with('2');
                if tell.send(Received { content, taken }).is_err() {
                    return;
                }
            }
        });
        Target { address, received }
    }

    pub async fn next(&mut self) -> Received {
        self.received.recv().await.expect("the target lives as long as its handle")
    }

    /// Lines of messages that were taken, until there are this many.
    pub async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        while lines.len() < count {
            let message = self.next().await;
            if message.taken {
                lines.extend(message.content.lines().map(str::to_owned));
            }
        }
        lines
    }

    /// What came without anybody having waited for it.
    pub fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

/// One request, one answer, one connection.
async fn serve(mut socket: TcpStream, (status, headers, body): Answer) -> String {
    let mut bytes = Vec::new();
    let content = loop {
        let read = socket.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the request was cut");
        if let Some(content) = content_of(&bytes) {
            break content;
        }
    };
    if !status.is_empty() {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}");
        socket.write_all(answer.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
    }
    content
}

/// The message of a whole request, after the checks that every message must pass.
fn content_of(bytes: &[u8]) -> Option<String> {
    let split = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..split]).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().unwrap();
    let body = bytes[split + 4..].get(..length)?;
    assert!(head.starts_with("post /hook?wait=true "), "{head}");
    let message: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(message["allowed_mentions"], serde_json::json!({ "parse": [] }));
    let content = message["content"].as_str().unwrap().to_owned();
    assert!(!content.is_empty() && content.encode_utf16().count() <= 2_000);
    Some(content)
}

/// A clock that is where somebody waits for it to be, and remembers how long the waits were.
#[derive(Default)]
pub struct JumpClock {
    state: Mutex<(Timestamp, Vec<i64>)>,
}

impl JumpClock {
    pub fn waits_ms(&self) -> Vec<i64> {
        self.state.lock().unwrap().1.clone()
    }
}

impl MarketClock for JumpClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap().0
    }

    fn wait_until(&self, at: Timestamp) -> Reached<'_> {
        let mut state = self.state.lock().unwrap();
        let wait_ms = at.since(state.0) / 1_000_000;
        state.1.push(wait_ms);
        state.0 = state.0.max(at);
        Box::pin(std::future::ready(()))
    }
}

/// A database with a journal that a test appends to.
pub struct Journal {
    pub store: Store,
    writer: JournalWriter,
    outcomes: Outcomes<JournalOutcome>,
    _folder: tempfile::TempDir,
}

impl Journal {
    pub async fn open() -> Journal {
        let folder = tempfile::tempdir().unwrap();
        let target = DatabaseTarget::Sqlite(folder.path().join("fsts.db"));
        let store = Store::open(&target).await.unwrap();
        let holder = Holder { pid: 1, host: "h".to_owned(), run_id: "r".to_owned(), since: Timestamp::from_ns(1) };
        let lease = take_lease(&store, STREAM, holder).await.unwrap();
        let (tell, outcomes) = std::sync::mpsc::channel();
        let on_done = move |outcome| tell.send(outcome).unwrap();
        let writer = JournalWriter::start(JournalSetup::new(target, lease), on_done).unwrap();
        Journal { store, writer, outcomes, _folder: folder }
    }

    /// Makes the entries durable.
    pub fn append(&self, entries: &[Entry]) {
        for chunk in entries.chunks(500) {
            let records = chunk.iter().map(NewRecord::of).collect();
            self.writer.append(JournalBatch { batch: chunk[0].seq, records }).unwrap();
            let outcome = self.outcomes.recv().unwrap();
            assert!(matches!(outcome, JournalOutcome::Committed { .. }), "{outcome:?}");
        }
    }
}

/// Alerts of `store` to `target`, on `clock`.
pub fn setup(store: &Store, target: &Target, clock: Arc<dyn MarketClock>) -> crate::alerts::AlertSetup {
    crate::alerts::AlertSetup {
        store: store.clone(),
        webhooks: crate::alerts::Webhooks { alarm: Some(target.address.clone().into()), ..Default::default() },
        charts: None,
        lang: crate::messages::Lang::Ko,
        label: None,
        stream: STREAM.to_owned(),
        names: super::story::names(),
        market_clock: Arc::clone(&clock),
        real_clock: clock,
    }
}
