//! The demo's channel: a webhook on loopback that keeps the last messages for the screen.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use fsts_kis::{MarketClock as _, SystemClock};
use fsts_server::ShownMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Messages that are kept.
const KEPT: usize = 200;
/// Largest request: a message with a picture.
const REQUEST_MAX: usize = 1 << 20;

/// What the channel shows.
#[derive(Debug, Clone, Default)]
pub struct Shown(Arc<Mutex<VecDeque<ShownMessage>>>);

impl Shown {
    /// Oldest first.
    pub fn messages(&self) -> Vec<ShownMessage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn add(&self, message: ShownMessage) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(message);
    }
}

/// Opens a channel; answers the address of its webhook.
///
/// # Errors
/// Where no port of loopback can be had.
pub async fn open() -> std::io::Result<(String, Shown)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/channel", listener.local_addr()?);
    let shown = Shown::default();
    let channel = shown.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let channel = channel.clone();
            tokio::spawn(async move {
                // A client that breaks off has told nothing.
                let _ = serve(socket, &channel).await;
            });
        }
    });
    Ok((address, shown))
}

/// The requests of one connection.
async fn serve(mut socket: TcpStream, channel: &Shown) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while bytes.len() < REQUEST_MAX {
        let Some((message, length)) = message_of(&bytes) else {
            if socket.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            continue;
        };
        bytes.drain(..length);
        let answer = match message {
            Some(message) => {
                channel.add(message);
                "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
            }
            None => "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        };
        socket.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// The first whole request: its message, if it has one, and its length.
fn message_of(bytes: &[u8]) -> Option<(Option<ShownMessage>, usize)> {
    let head_end = find(bytes, b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(bytes.get(..head_end)?).to_ascii_lowercase();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())?;
    let body = bytes.get(head_end..head_end.checked_add(length)?)?;
    let (payload, picture) = match find(body, b"\"content\"") {
        Some(_) if head.contains("multipart/form-data") => (json_part(body)?, picture_bytes(body)),
        _ => (body, None),
    };
    let text = serde_json::from_slice::<serde_json::Value>(payload).ok();
    let text = text.and_then(|value| value.get("content")?.as_str().map(str::to_owned));
    let at_ns = SystemClock.now().into();
    Some((text.map(|text| ShownMessage { at_ns, text, picture_bytes: picture }), head_end + length))
}

fn json_part(body: &[u8]) -> Option<&[u8]> {
    let from = find(body, b"\r\n\r\n")? + 4;
    let rest = body.get(from..)?;
    rest.get(..find(rest, b"\r\n--")?)
}

/// Size of the second part, less what ends it.
fn picture_bytes(body: &[u8]) -> Option<usize> {
    let from = find(body, b"image/png\r\n\r\n")? + b"image/png\r\n\r\n".len();
    let rest = body.get(from..)?;
    find(rest, b"\r\n--fsts-")
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
