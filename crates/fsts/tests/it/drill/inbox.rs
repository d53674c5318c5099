//! A stand-in for the alert webhook: takes every message and remembers it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Only a broken program waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Messages so far.
pub struct Inbox {
    url: String,
    messages: watch::Receiver<Vec<String>>,
}

impl Inbox {
    pub async fn open() -> Inbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let (sender, messages) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(take(socket, Arc::clone(&sender)));
            }
        });
        Inbox { url, messages }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The lines of all messages so far.
    pub fn lines(&self) -> Vec<String> {
        self.messages.borrow().iter().flat_map(|m| m.lines()).map(str::to_owned).collect()
    }

    /// Messages that came with a picture.
    pub fn pictures(&self) -> usize {
        self.messages.borrow().iter().filter(|m| m.ends_with(PICTURE)).count()
    }

    /// Waits for a message that contains a text.
    pub async fn has(&self, text: &str) {
        let mut messages = self.messages.clone();
        let told = messages.wait_for(|m| m.iter().any(|message| message.contains(text)));
        let told = tokio::time::timeout(PATIENCE, told).await;
        assert!(told.is_ok(), "`{text}` is not among {:?}", *self.messages.borrow());
    }
}

/// What a picture leaves in the list of messages.
const PICTURE: &str = "\u{1f5bc}";

/// The words of a message; one with a picture ends in [`PICTURE`].
fn content(body: &[u8]) -> String {
    let words = |json: &[u8]| {
        let message: Value = serde_json::from_slice(json).unwrap();
        message["content"].as_str().unwrap().to_owned()
    };
    if body.starts_with(b"{") {
        return words(body);
    }
    let find = |what: &[u8]| body.windows(what.len()).position(|w| w == what).unwrap();
    let (from, to) = (find(b"{"), find(b"}\r\n--") + 1);
    assert!(body.windows(8).any(|w| w == b"\x89PNG\r\n\x1a\n"), "the picture is a PNG");
    format!("{}{PICTURE}", words(&body[from..to]))
}

/// Takes the requests of one connection.
async fn take(socket: TcpStream, messages: Arc<watch::Sender<Vec<String>>>) {
    let mut socket = BufReader::new(socket);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            length = line.strip_prefix("content-length: ").map_or(length, |n| n.parse().unwrap());
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.unwrap();
        let message = content(&body);
        messages.send_modify(|m| m.push(message));
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        if socket.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
