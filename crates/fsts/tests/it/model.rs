//! A language model over HTTP that plays what it is given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(120);

/// What it does with one request.
#[derive(Clone)]
pub enum Play {
    /// Answers with this body.
    Body(String),
    /// Begins an event stream with these lines and leaves in the middle of it.
    Cut(String),
    /// Never answers.
    Silence,
}

/// Plays its answers in turn, the last one for ever.
#[derive(Clone)]
pub struct Model {
    plays: Arc<Mutex<VecDeque<Play>>>,
    asked: Arc<Mutex<Vec<String>>>,
    count: Arc<watch::Sender<usize>>,
    /// What goes into `OPENAI_BASE_URL`.
    pub url: String,
}

impl Model {
    /// Bodies as values; null never comes.
    pub async fn play(answers: Vec<Value>) -> Model {
        let play = |a: Value| if a.is_null() { Play::Silence } else { Play::Body(a.to_string()) };
        Model::plays(answers.into_iter().map(play).collect()).await
    }

    pub async fn plays(plays: Vec<Play>) -> Model {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let model = Model {
            plays: Arc::new(Mutex::new(plays.into())),
            asked: Arc::default(),
            count: Arc::new(watch::Sender::new(0)),
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
        };
        let playing = model.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(playing.clone().serve(stream));
            }
        });
        model
    }

    async fn serve(self, mut stream: TcpStream) {
        let request = read_request(&mut stream).await;
        let play = {
            let mut plays = self.plays.lock().unwrap();
            if plays.len() > 1 { plays.pop_front().unwrap() } else { plays[0].clone() }
        };
        self.asked.lock().unwrap().push(request);
        self.count.send_modify(|n| *n += 1);
        let reply = match play {
            Play::Body(body) => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
                format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
            }
            Play::Cut(begin) => {
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{begin}")
            }
            Play::Silence => {
                // Held until the client goes away.
                let _ = stream.read(&mut [0u8; 1]).await;
                return;
            }
        };
        // A client that was killed does not read it.
        let _ = stream.write_all(reply.as_bytes()).await;
    }

    pub async fn wait_asked(&self, count: usize) {
        let mut asked = self.count.subscribe();
        tokio::time::timeout(PATIENCE, asked.wait_for(|n| *n >= count)).await.expect("it is asked").unwrap();
    }

    /// Bodies of all requests so far.
    pub fn bodies(&self) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter_map(|r| serde_json::from_str(r.split_once("\r\n\r\n")?.1).ok()).collect()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0u8; 8192];
        let count = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| {
                let (name, value) = l.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert!(count > 0, "a whole request");
    }
}

pub fn says(text: &str) -> Value {
    json!({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
}

pub fn calls(name: &str, arguments: &Value) -> Value {
    calls_with(name, &arguments.to_string())
}

/// A call whose arguments are written as the model pleases.
pub fn calls_with(name: &str, arguments: &str) -> Value {
    let call = json!({"id": "", "type": "function", "function": {"name": name, "arguments": arguments}});
    json!({"choices": [{"message": {"content": null, "tool_calls": [call]}, "finish_reason": "tool_calls"}]})
}
