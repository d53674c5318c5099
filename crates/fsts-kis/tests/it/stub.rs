//! A raw HTTP/1.1 server on loopback: it sees what is on the wire and can break off anywhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the stub does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A JSON body with a status and more headers.
    Json(u16, &'static str, String),
    /// Bytes as they are, then the end of the connection.
    Raw(String),
    /// Nothing, for as long as the client waits.
    Swallow,
}

impl Reply {
    pub fn ok(body: impl Into<String>) -> Reply {
        Reply::Json(200, "", body.into())
    }

    pub fn failed(code: &str) -> Reply {
        Reply::Json(500, "", format!(r#"{{"rt_cd":"1","msg_cd":"{code}","msg1":"no   "}}"#))
    }
}

type Seen = Arc<Mutex<Vec<Request>>>;

pub struct Stub {
    pub url: String,
    seen: Seen,
    accepting: JoinHandle<()>,
}

impl Stub {
    /// Answers each request by `answer(request, how many of its path came before)`; tokens it hands out by itself.
    pub async fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Stub {
        Stub::start_bare(move |request, nth| match request.path.as_str() {
            "/oauth2/tokenP" => token_reply(nth),
            _ => answer(request, nth),
        })
        .await
    }

    /// The same without tokens.
    pub async fn start_bare(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer) = (Seen::default(), Arc::new(answer));
        let log = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&log), Arc::clone(&answer)));
            }
        });
        Stub { url, seen, accepting }
    }

    /// Requests of a path so far.
    pub fn seen(&self, path: &str) -> Vec<Request> {
        self.seen.lock().unwrap().iter().filter(|request| request.path.ends_with(path)).cloned().collect()
    }

    /// No connection is taken from now on.
    pub async fn close(&mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }
}

pub fn token_reply(nth: usize) -> Reply {
    Reply::ok(format!(r#"{{"access_token":"token-{nth}","token_type":"Bearer","expires_in":86400}}"#))
}

async fn serve(mut socket: TcpStream, seen: Seen, answer: Arc<impl Fn(&Request, usize) -> Reply>) {
    while let Some(request) = read(&mut socket).await {
        let nth = {
            let mut seen = seen.lock().unwrap();
            let nth = seen.iter().filter(|earlier| earlier.path == request.path).count();
            seen.push(request.clone());
            nth
        };
        match answer(&request, nth) {
            Reply::Json(status, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n",
                    body.len()
                );
                socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
            Reply::Raw(bytes) => {
                socket.write_all(bytes.as_bytes()).await.unwrap();
                return;
            }
            Reply::Swallow => {
                let _ = socket.read_u8().await;
                return;
            }
        }
    }
}

async fn read(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<_, _> = lines.filter_map(header).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pair = |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.replace('+', " ")));
    Some(Request {
        path: path.to_owned(),
        query: query.split('&').filter_map(pair).collect(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
