//! Our client against the servers of others: both official libraries, the public example server, the old transport, a
//! server that breaks the rules, and none at all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fsts_assistant::mcp::{
    ForeignServer, ForeignSettings, ForeignTools, ServerState, ServerStatus, Tools, Transport, read_servers,
};
use fsts_assistant::{ToolHost, ToolOutcome, ToolSpec, ToolStatus};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{interval, timeout};

use crate::programs::{Listening, PATIENCE, everything, listening, python, script};

fn install_tls() {
    // Another test of this process may have chosen it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn start(settings: ForeignSettings) -> Arc<ForeignTools> {
    install_tls();
    ForeignTools::start(settings)
}

fn of(servers: Vec<ForeignServer>) -> Arc<ForeignTools> {
    start(ForeignSettings { servers, ..ForeignSettings::default() })
}

/// Waits until the servers are as wanted; looks, and never asks them.
async fn until(tools: &ForeignTools, what: &str, holds: impl Fn(&[ServerStatus]) -> bool) -> Vec<ServerStatus> {
    let mut looks = interval(Duration::from_millis(20));
    let wait = async {
        loop {
            let status = tools.status();
            if holds(&status) {
                return status;
            }
            looks.tick().await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("not {what}: {:?}", tools.status()))
}

async fn ready(tools: &ForeignTools) -> Vec<ServerStatus> {
    until(tools, "ready", |all| all.iter().all(|s| s.state == ServerState::Ready)).await
}

async fn session_server(transport: &str) -> Listening {
    let mut command = Command::new(python("mcp1"));
    command.arg(script("session_server.py")).arg(transport);
    listening(command).await
}

fn at(url: &str, transport: Transport) -> ForeignServer {
    ForeignServer::at("mcp", url.parse().unwrap(), transport)
}

async fn adds(tools: &ForeignTools) {
    let outcome = tools.call("add", json!({ "a": 2, "b": 40 })).await;
    assert_eq!((outcome.status, outcome.text.as_str(), outcome.tainted), (ToolStatus::Ok, "42", true), "{outcome:?}");
}

#[tokio::test]
async fn the_old_transport_is_spoken_to_an_address_that_ends_in_sse() {
    let server = session_server("sse").await;
    let servers = read_servers(Some(&server.said), None).unwrap();
    let tools = of(servers);
    let status = ready(&tools).await;
    assert_eq!((status[0].transport.as_str(), status[0].tools), ("sse", 2));
    adds(&tools).await;
    let failed = tools.call("fail", json!({})).await;
    assert_eq!(failed.status, ToolStatus::Error);
    assert!(failed.text.contains("여기까지"), "{failed:?}");
    tools.stop().await;
}

#[tokio::test]
async fn session_era_and_modern_servers_answer_at_one_address() {
    let old = session_server("streamable-http").await;
    let mut command = Command::new(python("mcp2"));
    command.arg(script("modern_server.py"));
    let modern = listening(command).await;
    for (server, eras) in [(old, "2025-11-25"), (modern, "2026-07-28")] {
        let tools = of(vec![at(&server.said, Transport::Auto)]);
        let status = ready(&tools).await;
        assert_eq!(status[0].era.as_deref(), Some(eras), "{status:?}");
        adds(&tools).await;
        tools.stop().await;
    }
}

#[tokio::test]
async fn the_public_example_server_works_as_a_child_process() {
    let start = json!({ "everything": { "command": "node", "args": [everything(), "stdio"] } });
    let tools = of(read_servers(None, Some(&start.to_string())).unwrap());
    let status = ready(&tools).await;
    assert!(status[0].tools >= 5, "{status:?}");
    let names: Vec<String> = tools.tools().into_iter().map(|t| t.name).collect();
    assert!(names.iter().all(|n| n.starts_with("everything__") && n.len() <= 64), "{names:?}");
    let echo = tools.call("everything__echo", json!({ "message": "안녕" })).await;
    assert_eq!((echo.status, echo.text.as_str()), (ToolStatus::Ok, "Echo: 안녕"));
    let image = tools.call("everything__get-tiny-image", json!({})).await;
    assert!(image.text.contains("[image image/png"), "{image:?}");
    // A child gets what it needs of our environment and nothing else.
    let env = tools.call("everything__get-env", json!({})).await;
    assert!(env.text.contains("PATH") && !env.text.contains("FSTS_TEST_NODE"), "{env:?}");
    tools.stop().await;
}

/// Our own tool of a name that the rogue server also uses.
struct Own;

impl ToolHost for Own {
    fn tools(&self) -> Vec<ToolSpec> {
        vec![ToolSpec {
            name: "get_quote".to_owned(),
            description: "Ours.".to_owned(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
            tier: fsts_assistant::Tier::Read,
        }]
    }

    fn call<'a>(&'a self, _name: &'a str, _arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        Box::pin(std::future::ready(ToolOutcome::ok(json!({ "ours": true }))))
    }
}

fn rogue(folder: &std::path::Path) -> ForeignSettings {
    let args = json!([script("rogue_server.py"), folder.join("changed")]);
    let start = json!({ "rogue": { "command": python("mcp1"), "args": args, "prefix": "" } });
    ForeignSettings {
        servers: read_servers(None, Some(&start.to_string())).unwrap(),
        known_tools: Some(folder.join("known.json")),
        reserved: BTreeSet::from(["get_quote".to_owned()]),
        secrets: vec!["canary-secret-1".into()],
        call_within: Duration::from_secs(2),
    }
}

#[tokio::test]
async fn a_server_that_breaks_the_rules_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = start(rogue(folder.path()));
    let status = ready(&foreign).await;
    let refused: Vec<&str> = status[0].refused.iter().map(|r| r.tool.as_str()).collect();
    assert_eq!(refused, ["no_schema", "null_schema", "remote", "header", "?"]);
    let tools = Tools::new([Arc::new(Own) as Arc<dyn ToolHost>, foreign.clone() as Arc<dyn ToolHost>]);
    let specs = tools.tools();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    assert!(specs.iter().all(|t| t.name.len() <= 64 && t.name.chars().all(plain)), "{specs:?}");
    let names: BTreeSet<&str> = specs.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names.len(), specs.len());
    assert!(specs.iter().all(|t| !t.description.contains("Ignore previous")));
    assert_eq!(tools.call("get_quote", json!({})).await.structured, Some(json!({ "ours": true })));
    assert_eq!(tools.call("good", json!({ "x": 1 })).await.text, r#"{"x": 1}"#);
    assert_eq!(tools.call("odd_result", json!({})).await.text, "이상한 답");
    assert_eq!(tools.call("silent", json!({})).await.status, ToolStatus::Timeout);
    let told = tools.call("good", json!({ "x": "my key is canary-secret-1" })).await;
    assert_eq!(told.status, ToolStatus::Denied);
    assert_eq!(tools.call("nobody", json!({})).await.status, ToolStatus::Error);
    foreign.stop().await;
}

#[tokio::test]
async fn a_tool_that_changes_is_disabled_until_it_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = start(rogue(folder.path()));
    ready(&foreign).await;
    let outcome = foreign.call("good", json!({ "change": true })).await;
    assert_eq!(outcome.status, ToolStatus::Ok, "{outcome:?}");
    let changed =
        |all: &[ServerStatus]| all[0].refused.iter().any(|r| r.tool == "good" && r.reason.contains("changed"));
    until(&foreign, "disabled", changed).await;
    assert_eq!(foreign.call("good", json!({})).await.status, ToolStatus::Error);
    foreign.stop().await;
    // A restart does not make it new; the operator's acceptance does.
    let again = start(rogue(folder.path()));
    ready(&again).await;
    assert!(changed(&again.status()));
    again.stop().await;
    std::fs::remove_file(folder.path().join("known.json")).unwrap();
    let accepted = start(rogue(folder.path()));
    ready(&accepted).await;
    assert_eq!(accepted.call("good", json!({})).await.status, ToolStatus::Ok);
    accepted.stop().await;
}

#[tokio::test]
async fn a_dead_server_does_not_stop_the_others_and_may_come_back() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let alive = session_server("streamable-http").await;
    let dead =
        ForeignServer { prefix: "late".to_owned(), ..at(&format!("http://127.0.0.1:{port}/sse"), Transport::Sse) };
    let tools = of(vec![dead, at(&alive.said, Transport::StreamableHttp)]);
    let half = |all: &[ServerStatus]| all[0].state == ServerState::Down && all[1].state == ServerState::Ready;
    let status = until(&tools, "one down and one ready", half).await;
    assert!(status[0].error.is_some() && !status[0].error.as_ref().unwrap().contains(&port.to_string()));
    adds(&tools).await;
    let mut command = Command::new(python("mcp1"));
    command.arg(script("session_server.py")).args(["sse", &port.to_string()]);
    let _late = listening(command).await;
    ready(&tools).await;
    let outcome = tools.call("late__add", json!({ "a": 1, "b": 1 })).await;
    assert_eq!(outcome.text, "2", "{outcome:?}");
    tools.stop().await;
}

#[tokio::test]
async fn a_process_that_dies_in_a_call_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = start(rogue(folder.path()));
    ready(&foreign).await;
    let outcome = foreign.call("die", json!({})).await;
    assert_eq!(outcome.status, ToolStatus::Error, "{outcome:?}");
    let wait = async {
        while foreign.call("good", json!({ "x": 1 })).await.status != ToolStatus::Ok {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the process comes back");
    foreign.stop().await;
}
