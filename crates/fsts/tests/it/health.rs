//! `/health`: how the parts beside the trading loop are, quickly, and without a secret.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::drill::market;
use crate::model::{Model, says};
use crate::programs::free_port;
use crate::rig::{Rig, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_tells_each_part_and_never_asks_the_model() {
    let model = Model::play(vec![says("x")]).await;
    let dead = free_port();
    let site = Site::new(market(2))
        .env("OPENAI_BASE_URL", &model.url)
        .env("OPENAI_API_KEY", "canary-key-of-the-model")
        .env("MCP_SSE_URL", &format!("http://127.0.0.1:{dead}/sse"))
        .env("REDIS_URL", &format!("redis://:canary-of-redis@127.0.0.1:{dead}/0"))
        .env("VECTOR_DB_URL", &format!("http://127.0.0.1:{dead}"));
    let mut rig = Rig::start(site).await;
    rig.wait_until("a dead server and a filled library", async || {
        let checks = rig.ask("/health").await["checks"].clone();
        checks["mcp"][0]["state"] == "down" && checks["vector_db"]["state"] == "away"
    })
    .await;
    let began = Instant::now();
    let health = rig.ask("/health").await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!((&health["status"], &health["mode"]), (&json!("degraded"), &json!("paper")), "{health}");
    let checks = &health["checks"];
    assert_eq!(checks["llm"], json!({"provider": "openai", "configured": true, "breaker": "closed"}), "{health}");
    let server = &checks["mcp"][0];
    assert_eq!((&server["name"], &server["transport"]), (&json!("mcp"), &json!("sse")), "{health}");
    assert!(server["age_s"].is_u64() && server["tools"] == 0 && server["era"].is_null(), "{health}");
    assert_eq!(checks["redis"]["configured"], true, "{health}");
    assert_eq!(checks["vector_db"]["store"], "chroma", "{health}");
    assert!(checks["vector_db"]["passages"].as_u64().unwrap() > 20, "{health}");
    assert_eq!(checks["discord"], json!({"webhook": false, "interactions": false}), "{health}");
    assert!(checks["outbox"]["pending"].is_u64(), "{health}");
    let text = health.to_string();
    assert!(!text.contains("canary") && !text.contains(&dead.to_string()), "{text}");
    assert!(model.bodies().is_empty(), "the paid model was asked");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_set_up_is_no_fault() {
    let mut rig = Rig::start(Site::new(market(2)).env("LLM_PROVIDER", "none")).await;
    rig.wait_until("the library", async || rig.ask("/health").await["checks"]["vector_db"]["state"] == json!("ready"))
        .await;
    let health = rig.ask("/health").await;
    let llm = json!({"provider": "none", "configured": false, "breaker": "closed"});
    assert_eq!((&health["status"], &health["checks"]["llm"]), (&json!("ok"), &llm), "{health}");
    assert_eq!((&health["checks"]["mcp"], &health["checks"]["redis"]), (&json!([]), &json!({"configured": false})));
    let _: &Value = &health;
    rig.stop().await;
}
