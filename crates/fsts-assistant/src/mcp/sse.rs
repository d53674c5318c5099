//! The old transport: an event stream from the server, and an address of its own for messages to it. The address must
//! be on the host of the stream.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Client, Url};
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::time::timeout;

/// Largest event, bytes.
const EVENT_MAX: usize = 4 * 1024 * 1024;
/// Time until the server names its address.
const ENDPOINT_WITHIN: Duration = Duration::from_secs(10);
/// Time for the server to take one message.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// Why the connection could not be made or used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SseError {
    /// The server can't be reached.
    #[error("the event stream failed: {0}")]
    Http(String),
    /// It refuses.
    #[error("the server answered {0}")]
    Status(u16),
    /// It isn't an event stream.
    #[error("the answer is no event stream")]
    NoStream,
    /// It named no address for messages in time.
    #[error("the server named no address for messages")]
    NoEndpoint,
    /// It named an address of somebody else.
    #[error("the server named an address on another host for messages")]
    ForeignEndpoint,
    /// A message could not be written as JSON.
    #[error("a message could not be written")]
    Message,
}

/// A connection over the old transport.
pub(super) struct SseTransport {
    client: Client,
    endpoint: Url,
    events: Events,
}

impl SseTransport {
    /// Opens the stream and waits for the address.
    pub(super) async fn open(client: Client, url: Url, headers: HeaderMap) -> Result<Self, SseError> {
        let asked = client.get(url.clone()).headers(headers).header(ACCEPT, "text/event-stream").send();
        let response = timeout(ENDPOINT_WITHIN, asked).await.map_err(|_| SseError::NoEndpoint)?.map_err(http)?;
        if !response.status().is_success() {
            return Err(SseError::Status(response.status().as_u16()));
        }
        let kind = response.headers().get(reqwest::header::CONTENT_TYPE).and_then(|t| t.to_str().ok());
        if !kind.is_some_and(|t| t.starts_with("text/event-stream")) {
            return Err(SseError::NoStream);
        }
        let mut events = Events::new(response);
        let first = timeout(ENDPOINT_WITHIN, events.next()).await;
        let first = first.ok().flatten().filter(|e| e.name == "endpoint").ok_or(SseError::NoEndpoint)?;
        let endpoint = same_origin(&url, first.data.trim())?;
        Ok(SseTransport { client, endpoint, events })
    }
}

fn http(error: reqwest::Error) -> SseError {
    // Its address may hold a key.
    SseError::Http(error.without_url().to_string())
}

/// The address for messages. Anybody else's would be sent what is meant for the server, headers included.
fn same_origin(url: &Url, given: &str) -> Result<Url, SseError> {
    let endpoint = url.join(given).map_err(|_| SseError::NoEndpoint)?;
    if endpoint.origin() == url.origin() { Ok(endpoint) } else { Err(SseError::ForeignEndpoint) }
}

impl Transport<RoleClient> for SseTransport {
    type Error = SseError;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let (client, endpoint) = (self.client.clone(), self.endpoint.clone());
        async move {
            let body = serde_json::to_string(&item).map_err(|_| SseError::Message)?;
            let request = client.post(endpoint).header(reqwest::header::CONTENT_TYPE, "application/json");
            let response = request.body(body).timeout(TAKEN_WITHIN).send().await.map_err(http)?;
            if response.status().is_success() { Ok(()) } else { Err(SseError::Status(response.status().as_u16())) }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let event = self.events.next().await?;
            if event.name != "message" {
                continue;
            }
            match serde_json::from_str(&event.data) {
                Ok(message) => return Some(message),
                // The waiting call ends by its time limit; the connection stays.
                Err(error) => tracing::warn!(%error, "an MCP server sent a message that can't be read"),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.events.source = futures_util::stream::empty().boxed();
        Ok(())
    }
}

/// One event.
#[derive(Debug, Default, PartialEq)]
struct Event {
    name: String,
    data: String,
}

/// Events of a byte stream. Letters and events may be cut anywhere.
struct Events {
    source: BoxStream<'static, Vec<u8>>,
    buffer: Vec<u8>,
    pending: Event,
    has_data: bool,
}

impl Events {
    fn new(response: reqwest::Response) -> Events {
        let bytes = response.bytes_stream().take_while(|chunk| std::future::ready(chunk.is_ok()));
        Events::of(bytes.map(|chunk| chunk.map(|b| b.to_vec()).unwrap_or_default()).boxed())
    }

    fn of(source: BoxStream<'static, Vec<u8>>) -> Events {
        Events { source, buffer: Vec::new(), pending: Event::default(), has_data: false }
    }

    /// The next event; `None` when the stream has ended or holds an event that is too large.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(line) = self.take_line() {
                if let Some(event) = self.line(&line) {
                    return Some(event);
                }
            }
            if self.buffer.len() + self.pending.data.len() > EVENT_MAX {
                tracing::warn!("an MCP server sent an event that is too large");
                return None;
            }
            self.buffer.extend(self.source.next().await?);
        }
    }

    fn take_line(&mut self) -> Option<String> {
        let end = self.buffer.iter().position(|b| matches!(b, b'\n' | b'\r'))?;
        let is_pair = self.buffer.get(end) == Some(&b'\r');
        // The second half of CRLF may still be on its way.
        let follows = self.buffer.get(end + 1);
        let used = match (is_pair, follows) {
            (true, None) => return None,
            (true, Some(b'\n')) => end + 2,
            _ => end + 1,
        };
        let line: Vec<u8> = self.buffer.drain(..used).take(end).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.pending);
            let complete = std::mem::take(&mut self.has_data);
            if event.name.is_empty() {
                event.name = "message".to_owned();
            }
            return complete.then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.pending.name),
            "data" => {
                if self.has_data {
                    self.pending.data.push('\n');
                }
                self.has_data = true;
                self.pending.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn events(chunks: Vec<Vec<u8>>) -> Vec<Event> {
        let mut events = Events::of(futures_util::stream::iter(chunks).boxed());
        let mut found = Vec::new();
        while let Some(event) = events.next().await {
            found.push(event);
        }
        found
    }

    #[tokio::test]
    async fn events_are_read_however_they_are_cut() {
        let text =
            ": hello\n\nevent: endpoint\r\ndata: /messages?id=1\r\n\r\ndata: 안녕\ndata: 둘\nid: 7\n\nevent: x\n\n";
        let expected = [("endpoint", "/messages?id=1"), ("message", "안녕\n둘")];
        for size in [1, 2, 3, 7, text.len()] {
            let found = events(text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect()).await;
            let found: Vec<(&str, &str)> = found.iter().map(|e| (e.name.as_str(), e.data.as_str())).collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn an_event_without_end_is_given_up() {
        let piece = vec![b'x'; EVENT_MAX / 2];
        assert!(events(vec![piece.clone(), piece.clone(), piece]).await.is_empty());
    }

    #[test]
    fn the_address_for_messages_stays_on_the_host() {
        let url: Url = "http://127.0.0.1:8000/sse".parse().unwrap();
        assert_eq!(same_origin(&url, "/messages/?id=1").unwrap().as_str(), "http://127.0.0.1:8000/messages/?id=1");
        assert!(same_origin(&url, "http://127.0.0.1:8000/m").is_ok());
        for foreign in
            ["http://evil.example/m", "//evil.example/m", "http://127.0.0.1:8001/m", "https://127.0.0.1:8000/m"]
        {
            assert!(matches!(same_origin(&url, foreign), Err(SseError::ForeignEndpoint)), "{foreign}");
        }
    }
}
