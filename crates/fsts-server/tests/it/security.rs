//! Attackers: another web page in the operator's browser, a rebound name, a guesser, a flooder.

use std::net::SocketAddr;
use std::sync::Arc;

use fsts_server::mcp::{McpAnswer, McpPort, McpRequest};
use fsts_server::{ServerConfig, ServerError, Services, bind};
use futures_util::future::BoxFuture;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::contract::writes;
use crate::place::{Place, TOKEN, loopback, open, open_with};

/// A write that would succeed, spoilt in one way.
fn spoilt(place: &Place, (method, path, body): &(String, String, Value), how: &str) -> RequestBuilder {
    let method: Method = method.parse().unwrap();
    let url = place.url(path);
    let own = format!("http://{}", place.address);
    let request = place.client.request(method, url);
    let token = |r: RequestBuilder| r.bearer_auth(TOKEN);
    let key = |r: RequestBuilder| r.header("Idempotency-Key", "spoilt");
    let same = |r: RequestBuilder| r.header("Origin", &own);
    match how {
        "no token" => same(key(request)).json(body),
        "wrong token" => same(key(request)).bearer_auth("0123456789abcdef0123456789abcdee").json(body),
        "basic" => same(key(request)).header("Authorization", format!("Basic {TOKEN}")).json(body),
        "foreign origin" => token(key(request)).header("Origin", "http://evil.example").json(body),
        "other port" => token(key(request)).header("Origin", "http://127.0.0.1:1").json(body),
        "null origin" => token(key(request)).header("Origin", "null").json(body),
        "cross site" => token(key(request)).header("Sec-Fetch-Site", "cross-site").json(body),
        "same site" => token(key(request)).header("Sec-Fetch-Site", "same-site").json(body),
        "plain text" => same(token(key(request))).header("Content-Type", "text/plain").body(body.to_string()),
        "form" => {
            same(token(key(request))).header("Content-Type", "application/x-www-form-urlencoded").body("symbol=005930")
        }
        "untyped" => same(token(key(request))).body(body.to_string()),
        "wrong host" => token(key(request)).header("Host", "rebound.example").json(body),
        "no key" => same(token(request)).json(body),
        "empty key" => same(token(request)).header("Idempotency-Key", "").json(body),
        "long key" => same(token(request)).header("Idempotency-Key", "k".repeat(129)).json(body),
        other => panic!("no such spoiling: {other}"),
    }
}

const SPOILINGS: [&str; 15] = [
    "no token",
    "wrong token",
    "basic",
    "foreign origin",
    "other port",
    "null origin",
    "cross site",
    "same site",
    "plain text",
    "form",
    "untyped",
    "wrong host",
    "no key",
    "empty key",
    "long key",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_write_is_refused_everywhere_and_leaves_no_record() {
    let place = open().await;
    let before = place.desk.records();
    for write in writes() {
        for how in SPOILINGS {
            let response = spoilt(&place, &write, how).send().await.unwrap();
            let status = response.status().as_u16();
            // Nobody has rights yet where one comes to get them; without users that part is off.
            let door = ["no token", "wrong token", "basic"].contains(&how) && write.1.starts_with("/api/v1/session/");
            let refused = (400..500).contains(&status) || (door && status == 503);
            assert!(refused, "{} {} with {how} got {status}", write.0, write.1);
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert!(!response.headers().contains_key("access-control-allow-origin"));
        }
    }
    assert_eq!(place.desk.records(), before, "a refused write must not reach the engine");
    assert_eq!(place.read("/api/v1/watchlist").await, json!({"symbols": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_write_unspoilt_reaches_the_engine() {
    let place = open().await;
    for (n, (method, path, body)) in writes().into_iter().enumerate() {
        let own = format!("http://{}", place.address);
        let write = place.write(method.parse().unwrap(), &path, &format!("own-{n}"));
        let write = write.header("Origin", own).header("Sec-Fetch-Site", "same-origin");
        let response = write.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        // A part that this server was not given says so; it was reached all the same.
        let off = status == 503 && text.contains("_off\"");
        assert!(off || matches!(status, 200..=204 | 404 | 409 | 422), "{method} {path} got {status}: {text}");
    }
    assert!(place.desk.orders_ever() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_there_are_no_writes() {
    let place = open_with(ServerConfig::new(loopback())).await;
    for (method, path, body) in writes() {
        let write = place.write(method.parse().unwrap(), &path, "k").json(&body);
        let response = write.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 503, "{method} {path}");
        let problem: Value = response.json().await.unwrap();
        if matches!(path.as_str(), "/api/v1/session/setup" | "/api/v1/session/login") {
            assert_eq!(problem["code"], "sign_in_off");
            continue;
        }
        assert_eq!(problem["code"], "no_token");
        assert!(problem["detail"].as_str().unwrap().contains("FSTS_API_TOKEN"));
    }
    assert_eq!(place.get("/api/v1/status").await.status().as_u16(), 200, "reading goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_known_names_are_answered() {
    let config = ServerConfig { allowed_hosts: vec!["desk.internal".to_owned()], ..ServerConfig::new(loopback()) };
    let place = open_with(config).await;
    let port = place.address.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("localhost".to_owned(), 200),
        ("desk.internal".to_owned(), 200),
        ("desk.internal:8443".to_owned(), 200),
        ("evil.example".to_owned(), 403),
        (format!("127.0.0.1.evil.example:{port}"), 403),
        (format!("localhost@evil.example:{port}"), 403),
    ] {
        let response = place.client.get(place.url("/api/v1/balance")).header("Host", &host).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{host}");
    }
}

async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has refused may close before all is written; what it said counts.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_names_another_host_in_its_first_line_is_refused() {
    let place = open().await;
    let host = place.address;
    for request in [
        format!("GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        format!("GET /api/v1/status HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
        "GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
    ] {
        let answer = raw(host, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{request} → {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_headers_have_a_size() {
    let place = open().await;
    let long = json!({"reason": "x".repeat(70_000)});
    let (status, problem) = place.post("/api/v1/halt", "k", long).await;
    assert_eq!((status.as_u16(), &problem["code"]), (413, &json!("body_too_large")));
    let heavy = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nX-Long: {}\r\n\r\n", place.address, "x".repeat(20_000));
    let answer = raw(place.address, heavy.as_bytes()).await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert_eq!(place.read("/api/v1/status").await["halted"], false);
}

#[tokio::test]
async fn an_unsafe_setting_is_refused_before_anything_listens() {
    let open_to_all: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let refused = bind(ServerConfig::new(open_to_all)).await.unwrap_err();
    assert!(matches!(refused, ServerError::NotLoopback(_)), "{refused}");
    let short = ServerConfig { api_token: Some("secret".into()), ..ServerConfig::new(loopback()) };
    let refused = bind(short).await.unwrap_err();
    assert!(matches!(refused, ServerError::WeakToken(_)) && !refused.to_string().contains("secret"), "{refused}");
}

/// Answers whoever gets as far as this.
struct Reached;

impl McpPort for Reached {
    fn answer(&self, request: McpRequest) -> BoxFuture<'_, McpAnswer> {
        let body = http_body_util::Full::new(request.into_body());
        Box::pin(std::future::ready(McpAnswer::new(http_body_util::BodyExt::boxed(body))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_for_other_programs_ask_for_the_token_with_every_method() {
    let services = Services { mcp: Some(Arc::new(Reached)), ..Services::default() };
    let with_token = ServerConfig { api_token: Some(TOKEN.into()), ..ServerConfig::new(loopback()) };
    let place = open_with(ServerConfig { services: services.clone(), ..with_token }).await;
    let own = format!("http://{}", place.address);
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let ask = || place.client.request(method.clone(), place.url("/mcp")).body("reached");
        let refused = ask().send().await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        assert_eq!(ask().bearer_auth("0123456789abcdef0123456789abcdee").send().await.unwrap().status(), 401);
        for origin in ["http://evil.example", "http://127.0.0.1:1", "null"] {
            let foreign = ask().bearer_auth(TOKEN).header("Origin", origin).send().await.unwrap();
            assert_eq!(foreign.status(), 403, "{method} from {origin}");
        }
        assert_eq!(ask().bearer_auth(TOKEN).header("Host", "rebound.example").send().await.unwrap().status(), 403);
        let answer = ask().bearer_auth(TOKEN).header("Origin", &own).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "reached"));
    }
    let large = place.client.post(place.url("/mcp")).bearer_auth(TOKEN).body("x".repeat(1024 * 1024 + 1));
    assert_eq!(large.send().await.unwrap().status(), 413);
    let without = open_with(ServerConfig { services, ..ServerConfig::new(loopback()) }).await;
    let shut = without.client.post(without.url("/mcp")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(shut.status(), 503, "no token is set, so nobody has rights");
    let off = open().await;
    let (status, problem) = off.post("/mcp", "k", json!({})).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("mcp_off")));
}

/// Tells when it is asked, and never answers.
struct Silent(tokio::sync::mpsc::UnboundedSender<()>);

impl McpPort for Silent {
    fn answer(&self, _request: McpRequest) -> BoxFuture<'_, McpAnswer> {
        let _ = self.0.send(());
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_calls_without_end_is_told_to_wait() {
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let services = Services { mcp: Some(Arc::new(Silent(sender))), ..Services::default() };
    let config = ServerConfig { api_token: Some(TOKEN.into()), services, ..ServerConfig::new(loopback()) };
    let place = open_with(config).await;
    let call = || place.client.post(place.url("/mcp")).bearer_auth(TOKEN).body("{}").send();
    let waiting: Vec<_> = (0..16).map(|_| tokio::spawn(call())).collect();
    for _ in &waiting {
        asked.recv().await.unwrap();
    }
    let refused = call().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(place.get("/healthz").await.status(), 200);
    // A client that leaves gives its place back.
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    let again = async {
        loop {
            tokio::select! {
                _ = asked.recv() => return,
                // Refused: the server has not noticed yet.
                _ = call() => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), again).await.expect("a place comes back");
}
