//! The HTTP door as a raw client meets it: both eras, tiers, hosts, origins, sizes.

use std::sync::Arc;

use bytes::Bytes;
use fsts_assistant::mcp::{BODY_MAX, HttpDoor};
use fsts_assistant::{Tier, ToolHost, ToolOutcome, ToolSpec};
use futures_util::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// Answers with what it was given.
struct Echo;

impl ToolHost for Echo {
    fn tools(&self) -> Vec<ToolSpec> {
        let spec = |name: &str, tier| ToolSpec {
            name: name.to_owned(),
            description: format!("Echoes as {name}."),
            input_schema: json!({ "type": "object", "properties": { "word": { "type": "string" } },
                "required": ["word"], "additionalProperties": false }),
            output_schema: Some(json!({ "type": "object", "required": ["tool", "given"] })),
            tier,
        };
        vec![spec("look", Tier::Read), spec("compute", Tier::Simulate), spec("propose", Tier::Trade)]
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        Box::pin(std::future::ready(ToolOutcome::ok(json!({ "tool": name, "given": arguments }))))
    }
}

fn door(highest: Tier) -> HttpDoor {
    HttpDoor::new(Arc::new(Echo), highest, &[])
}

fn request(body: &Value) -> http::request::Builder {
    let builder = Request::post("http://127.0.0.1:8080/mcp").header("host", "127.0.0.1:8080");
    let builder = builder.header("content-type", "application/json");
    let builder = builder.header("accept", "application/json, text/event-stream");
    let Some(version) = body.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion") else {
        return builder;
    };
    let builder = builder.header("mcp-protocol-version", version.as_str().unwrap());
    let builder = builder.header("mcp-method", body["method"].as_str().unwrap());
    match body.pointer("/params/name").and_then(Value::as_str) {
        Some(name) => builder.header("mcp-name", name),
        None => builder,
    }
}

async fn send(door: &HttpDoor, request: Request<Bytes>, allowed: Tier) -> (StatusCode, Value, http::HeaderMap) {
    let answer = door.answer(request, allowed).await;
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, serde_json::from_slice(&bytes).unwrap_or(Value::Null), parts.headers)
}

async fn ask(door: &HttpDoor, body: Value, allowed: Tier) -> (StatusCode, Value) {
    let request = request(&body).body(Bytes::from(body.to_string())).unwrap();
    let (status, answer, _) = send(door, request, allowed).await;
    (status, answer)
}

fn modern(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn names(answer: &Value) -> Vec<&str> {
    answer["result"]["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_modern_request_stands_alone() {
    let door = door(Tier::Trade);
    let (status, found) = ask(&door, modern(1, "server/discover", json!({})), Tier::Read).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{found}");
    let (_, listed) = ask(&door, modern(2, "tools/list", json!({})), Tier::Trade).await;
    assert_eq!(names(&listed), ["look", "compute", "propose"]);
    assert_eq!(listed["result"]["resultType"], "complete");
    assert!(listed["result"]["ttlMs"].as_u64().unwrap() > 0 && listed["result"]["cacheScope"] == "private");
    let call = json!({ "name": "look", "arguments": { "word": "시세" } });
    let (_, called) = ask(&door, modern(3, "tools/call", call), Tier::Read).await;
    let result = &called["result"];
    assert_eq!(result["structuredContent"], json!({ "tool": "look", "given": { "word": "시세" } }));
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"], "text and data differ");
}

#[tokio::test]
async fn an_older_client_is_served_on_the_same_address_without_a_session() {
    let door = door(Tier::Read);
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-06-18",
        "capabilities": {}, "clientInfo": { "name": "old", "version": "1" } } });
    let request = request(&hello).body(Bytes::from(hello.to_string())).unwrap();
    let (status, answer, headers) = send(&door, request, Tier::Read).await;
    assert_eq!((status, &answer["result"]["protocolVersion"]), (StatusCode::OK, &json!("2025-06-18")), "{answer}");
    assert!(!headers.contains_key("mcp-session-id"));
    let (_, listed) = ask(&door, json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }), Tier::Read).await;
    assert_eq!(names(&listed), ["look"]);
    assert!(listed["result"].get("resultType").is_none(), "{listed}");
}

#[tokio::test]
async fn a_token_reaches_no_higher_than_its_scope_and_the_settings() {
    let call = |name: &str| modern(1, "tools/call", json!({ "name": name, "arguments": { "word": "x" } }));
    let wide = door(Tier::Trade);
    let body = call("propose");
    let asked = request(&body).body(Bytes::from(body.to_string())).unwrap();
    let (status, _, headers) = send(&wide, asked, Tier::Read).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let challenge = headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("insufficient_scope") && challenge.contains("scope=\"trade\""), "{challenge}");
    assert_eq!(ask(&wide, call("propose"), Tier::Trade).await.0, StatusCode::OK);
    let (_, listed) = ask(&wide, modern(2, "tools/list", json!({})), Tier::Simulate).await;
    assert_eq!(names(&listed), ["look", "compute"]);
    // By default nothing but looking is offered to anybody.
    let narrow = door(Tier::Read);
    let (_, refused) = ask(&narrow, call("propose"), Tier::Trade).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
}

#[tokio::test]
async fn bad_arguments_say_what_to_fix_and_unknown_tools_are_refused() {
    let door = door(Tier::Read);
    let call = |arguments: Value| modern(1, "tools/call", json!({ "name": "look", "arguments": arguments }));
    let (_, answer) = ask(&door, call(json!({ "word": "x", "approved": true })), Tier::Read).await;
    assert_eq!(answer["result"]["isError"], true);
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("unknown \"approved\""), "{text}");
    let (_, answer) = ask(&door, modern(2, "tools/call", json!({ "name": "approve_order" })), Tier::Read).await;
    assert_eq!(answer["error"]["code"], -32602);
}

#[tokio::test]
async fn what_contradicts_the_revision_is_refused_with_its_code() {
    let door = door(Tier::Read);
    let mut future = modern(1, "tools/list", json!({}));
    future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let (status, answer) = ask(&door, future, Tier::Read).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32022)), "{answer}");
    let (status, answer) = ask(&door, modern(2, "orders/place", json!({})), Tier::Read).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::NOT_FOUND, &json!(-32601)), "{answer}");
    let body = modern(3, "tools/call", json!({ "name": "look", "arguments": { "word": "x" } }));
    let mut lying = request(&body).body(Bytes::from(body.to_string())).unwrap();
    lying.headers_mut().insert("mcp-name", http::HeaderValue::from_static("propose"));
    let (status, answer, _) = send(&door, lying, Tier::Read).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32020)), "{answer}");
}

#[tokio::test]
async fn foreign_hosts_and_pages_and_large_bodies_stay_outside() {
    let door = door(Tier::Read);
    let body = modern(1, "tools/list", json!({}));
    let with = |name: &'static str, value: &'static str| {
        let mut made = request(&body).body(Bytes::from(body.to_string())).unwrap();
        made.headers_mut().insert(name, http::HeaderValue::from_static(value));
        made
    };
    assert_eq!(send(&door, with("host", "evil.example"), Tier::Read).await.0, StatusCode::FORBIDDEN);
    assert_eq!(send(&door, with("origin", "https://evil.example"), Tier::Read).await.0, StatusCode::FORBIDDEN);
    assert_eq!(send(&door, with("origin", "http://127.0.0.1:8080"), Tier::Read).await.0, StatusCode::OK);
    let large = modern(1, "tools/list", json!({ "cursor": "x".repeat(BODY_MAX) }));
    assert_eq!(ask(&door, large, Tier::Read).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let get = Request::get("http://127.0.0.1:8080/mcp").header("host", "127.0.0.1:8080").body(Bytes::new()).unwrap();
    assert_eq!(send(&door, get, Tier::Read).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let request = request(&json!({})).body(Bytes::from(deep)).unwrap();
    assert!(send(&door, request, Tier::Read).await.0.is_client_error());
}
