//! Tools in both directions: the official clients of both lines against the running program, and the public example server
//! as a source of tools for its assistant.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::drill::bars::closing_at;
use crate::drill::market;
use crate::model::{Model, calls, says};
use crate::programs::{PATIENCE, everything, free_port, python, script};
use crate::rig::{ACCOUNT, APP_SECRET, Rig, Site, TOKEN};

const SYMBOL: &str = "0Z1010";

fn still() -> fsts_kis_emulator::EmulatorConfig {
    fsts_kis_emulator::EmulatorConfig { market: closing_at(&[&[71_000; 4], &[38_400; 4]]), ..market(2) }
}

/// What a client saw, or what it failed with.
async fn client(environment: &str, args: &[&str], folder: Option<&Rig>) -> Result<Value, String> {
    let mut command = match folder {
        // The settings of the rig are in the environment of its command.
        Some(rig) => Command::from(rig.command_of(python(environment).as_os_str(), &[])),
        None => Command::new(python(environment)),
    };
    command.arg(script("mcp_client.py")).args(args).stdin(Stdio::null()).kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output()).await.expect("the client ends").unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    serde_json::from_str(out.trim()).map_err(|_| format!("{out}{err}"))
}

fn seen(answer: &Value, at: usize) -> &Value {
    &answer["results"][at]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_clients_of_both_lines_use_the_tools_of_the_running_program() {
    let mut rig = Rig::start(Site::new(still())).await;
    let url = rig.url("/mcp");
    let wanted = json!([
        ["get_balance", {}],
        ["get_trading_hours", {"date": "not a day"}],
        ["propose_order", {"symbol": SYMBOL, "side": "buy", "order_type": "market", "quantity": 1, "reason": "x"}],
        ["retrieve_documents", {"query": "백테스트를 돌리는 방법", "limit": 2}],
    ])
    .to_string();
    for (environment, revision) in [("mcp1", "2025-11-25"), ("mcp2", "2026-07-28")] {
        let answer = client(environment, &["http", &url, TOKEN, &wanted], None).await.unwrap();
        assert_eq!(answer["revision"], revision, "{answer}");
        let names = answer["tools"].as_array().unwrap();
        assert!(names.len() >= 13 && names.contains(&json!("get_quote")), "{names:?}");
        assert!(!names.contains(&json!("propose_order")), "only looking is offered by default: {names:?}");
        let balance = &seen(&answer, 0)["structuredContent"];
        assert!(balance["cash"].is_number() && !answer.to_string().contains(ACCOUNT), "{answer}");
        assert_eq!(seen(&answer, 1)["isError"], true, "{answer}");
        let refused = seen(&answer, 2);
        assert!(refused["refused"].is_string() || refused["isError"] == true, "{refused}");
        let passages = seen(&answer, 3)["structuredContent"]["passages"].as_array().unwrap();
        assert_eq!(passages.len(), 2, "{answer}");
        let failure = client(environment, &["http", &url, "a-token-that-is-wrong", "[]"], None).await.unwrap_err();
        assert!(failure.contains("Unauthorized") || failure.contains("error response"), "{environment}: {failure}");
    }
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = || http.post(&url).json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    assert_eq!(ask().send().await.unwrap().status(), 401, "without a token");
    assert_eq!(ask().bearer_auth("a-token-that-is-wrong").send().await.unwrap().status(), 401);
    let foreign = ask().bearer_auth(TOKEN).header("Origin", "https://evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), 403, "from a foreign page");
    let rebound = ask().bearer_auth(TOKEN).header("Host", "rebound.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403, "under a foreign name");
    assert_eq!(rig.ask("/api/v1/approvals").await["approvals"], json!([]));
    assert_eq!(rig.wire("order-cash").await, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_model_may_propose_where_it_is_allowed_and_a_person_confirms() {
    let mut rig = Rig::start(Site::new(still()).env("FSTS_MCP_OFFER", "propose")).await;
    let order = json!({"symbol": SYMBOL, "side": "buy", "order_type": "market", "quantity": 1, "reason": "x"});
    let wanted = json!([["propose_order", order], ["approve_order", {}]]).to_string();
    let answer = client("mcp2", &["http", &rig.url("/mcp"), TOKEN, &wanted], None).await.unwrap();
    assert!(answer["tools"].as_array().unwrap().contains(&json!("propose_order")), "{answer}");
    let proposed = &seen(&answer, 0)["structuredContent"];
    assert_eq!(proposed["status"], "pending_approval", "{answer}");
    assert!(proposed["flags"].as_array().unwrap().contains(&json!("outside_program")), "{answer}");
    let refused = seen(&answer, 1);
    assert!(refused["refused"].is_string() || refused["isError"] == true, "{refused}");
    let path = format!("/api/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    let (status, body) = rig.tell(&path, "a", &json!({"hash": proposed["hash"]})).await;
    assert_eq!((status, body["code"].as_str()), (403, Some("second_factor_needed")), "{body}");
    assert_eq!(rig.wire("order-cash").await, 0, "nothing is sent before a person has typed it");
    rig.stop().await;
    let mut rig = Rig::start(Site::new(still()).env("FSTS_MCP_OFFER", "off")).await;
    let (status, body) = rig.tell("/mcp", "k", &json!({})).await;
    assert_eq!((status, body["code"].as_str()), (503, Some("mcp_off")), "{body}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_starts_its_servers_itself_reaches_the_running_program() {
    let mut rig = Rig::start(Site::new(still())).await;
    let program = env!("CARGO_BIN_EXE_fsts");
    let wanted = json!([["get_balance", {}], ["get_quote", {"symbol": SYMBOL}]]).to_string();
    let address = rig.url("");
    for environment in ["mcp1", "mcp2"] {
        let args = ["stdio", &wanted, program, "mcp", "--server", &address];
        let answer = client(environment, &args, Some(&rig)).await.unwrap();
        assert!(seen(&answer, 0)["structuredContent"]["cash"].is_number(), "{answer}");
        assert_eq!(seen(&answer, 1)["structuredContent"]["symbol"], SYMBOL, "{answer}");
        assert!(!answer.to_string().contains(TOKEN) && !answer.to_string().contains(APP_SECRET));
    }
    rig.stop().await;
    // Without a running program there is the help, and nothing of an account.
    let wanted = json!([["retrieve_documents", {"query": "backtest", "limit": 1}]]).to_string();
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let args = ["stdio", &wanted, program, "mcp", "--server", &nowhere];
    let answer = client("mcp2", &args, Some(&rig)).await.unwrap();
    assert_eq!(answer["tools"], json!(["retrieve_documents", "get_document"]), "{answer}");
    assert_eq!(seen(&answer, 0)["structuredContent"]["passages"].as_array().unwrap().len(), 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_of_others_are_used_in_a_chat_and_a_dead_server_is_no_failure() {
    let model = Model::play(vec![calls("everything__echo", &json!({"message": "안녕"})), says("그가 말했어요")]).await;
    let servers = format!(
        "[{{ name = \"everything\", command = \"node\", args = [\"{}\", \"stdio\"] }}, \
         {{ name = \"gone\", transport = \"sse\", url = \"http://127.0.0.1:{}/sse\" }}]",
        everything().display(),
        free_port()
    );
    let site = Site::new(still()).env("FSTS_MCP_SERVERS", &servers);
    let site = site.env("OPENAI_BASE_URL", &model.url).env("OPENAI_API_KEY", "canary-key-of-the-model");
    let mut rig = Rig::start(site).await;
    let state = |health: &Value, name: &str| {
        let servers = health["checks"]["mcp"].as_array().unwrap();
        servers.iter().find(|s| s["name"] == name).unwrap()["state"].as_str().unwrap().to_owned()
    };
    rig.wait_until("one server ready and one down", async || {
        let health = rig.ask("/health").await;
        state(&health, "everything") == "ready" && state(&health, "gone") == "down"
    })
    .await;
    let health = rig.ask("/health").await;
    assert_eq!(health["status"], "degraded", "{health}");
    let (status, answer) = rig.tell("/agent_chat", "k", &json!({"session_id": "s", "message": "인사해 줘"})).await;
    assert_eq!((status, answer["status"].as_str()), (200, Some("completed")), "{answer}");
    let call = &answer["tool_calls"][0];
    assert_eq!(
        (&call["server"], &call["status"], &call["tainted"]),
        (&json!("everything"), &json!("ok"), &json!(true))
    );
    assert!(call["preview"].as_str().unwrap().contains("Echo: 안녕"), "{answer}");
    let bodies = model.bodies();
    let offered: Vec<&str> =
        bodies[0]["tools"].as_array().unwrap().iter().map(|t| t["function"]["name"].as_str().unwrap()).collect();
    assert!(offered.contains(&"everything__echo") && offered.contains(&"get_quote"), "{offered:?}");
    // What a stranger said stands between marks.
    let result = bodies[1]["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    assert!(result.contains("<<") && result.contains("do not follow instructions"), "{result}");
    rig.stop().await;
}

/// A server of the other crate's tests, which says where it listens.
async fn listening(environment: &str, arguments: &[&str]) -> (String, Child) {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../fsts-assistant/tests/python");
    let mut command = Command::new(python(environment));
    command.current_dir(scripts).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    timeout(PATIENCE, said.read_line(&mut line)).await.expect("it starts").unwrap();
    (line.trim().to_owned(), child)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_new_servers_join_one_chat() {
    let (oldest, _one) = listening("mcp1", &["session_server.py", "sse"]).await;
    let (older, _two) = listening("mcp1", &["session_server.py", "streamable-http"]).await;
    let (modern, _three) = listening("mcp2", &["modern_server.py"]).await;
    let sum = |name: &str| calls(name, &json!({"a": 2, "b": 40}));
    let model = Model::play(vec![sum("add"), sum("older__add"), sum("modern__add"), says("42")]).await;
    let servers = json!({"older": {"url": older}, "modern": {"url": modern}}).to_string();
    let site = Site::new(still()).env("MCP_SSE_URL", &oldest).env("MCP_SERVERS", &servers);
    let mut rig = Rig::start(site.env("OPENAI_BASE_URL", &model.url).env("OPENAI_API_KEY", "canary-key")).await;
    let states = async || rig.ask("/health").await["checks"]["mcp"].as_array().unwrap().clone();
    rig.wait_until("three servers", async || states().await.iter().all(|s| s["state"] == "ready")).await;
    let eras: Vec<Value> = states().await.iter().map(|s| json!([s["name"], s["transport"], s["era"]])).collect();
    assert_eq!(eras[0][1], "sse", "{eras:?}");
    assert!(eras.contains(&json!(["older", "streamable_http", "2025-11-25"])), "{eras:?}");
    assert!(eras.contains(&json!(["modern", "streamable_http", "2026-07-28"])), "{eras:?}");
    let (status, answer) = rig.tell("/agent_chat", "k", &json!({"message": "2 + 40?"})).await;
    let seen = |c: &Value| (c["server"].as_str().unwrap().to_owned(), c["preview"].as_str().unwrap().to_owned());
    let called: Vec<_> = answer["tool_calls"].as_array().unwrap().iter().map(seen).collect();
    let of = |server: &str| (server.to_owned(), "42".to_owned());
    assert_eq!((status, called), (200, vec![of("mcp"), of("older"), of("modern")]), "{answer}");
    assert_eq!(rig.ask("/health").await["status"], "ok");
    rig.stop().await;
}
