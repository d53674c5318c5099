//! Documents through the program: passages, citations, and a real Chroma.

use serde_json::{Value, json};

use crate::drill::market;
use crate::model::{Model, calls, says};
use crate::programs::chroma;
use crate::rig::{Rig, Site};

fn with(model: &Model) -> Site {
    Site::new(market(2)).env("OPENAI_BASE_URL", &model.url).env("OPENAI_API_KEY", "canary-key-of-the-model")
}

async fn query(rig: &Rig, key: &str, body: Value) -> Value {
    let (status, answer) = rig.tell("/api/v1/llm/query", key, &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_keeps_what_it_can_prove_and_loses_what_it_invented() {
    let search = calls("retrieve_documents", &json!({"query": "백테스트를 돌리는 명령", "limit": 2}));
    let model = Model::play(vec![
        search,
        says("`fsts backtest`를 쓰면 돼요[1]. 수익은 보장돼요 [99]."),
        says("그렇게 말한 적은 없어요[1][42]."),
        says("설정 파일에 적어요[1]. 그리고[77]"),
    ])
    .await;
    let mut rig = Rig::start(with(&model)).await;
    let (status, answer) =
        rig.tell("/agent_chat", "a", &json!({"session_id": "s", "message": "백테스트는 어떻게 해?"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["answer"], "`fsts backtest`를 쓰면 돼요[1]. 수익은 보장돼요 .", "{answer}");
    assert_eq!(answer["warnings"], json!(["unknown_citation"]), "{answer}");
    let citations = answer["citations"].as_array().unwrap();
    assert_eq!((citations.len(), &citations[0]["n"]), (1, &json!(1)), "{answer}");
    let quote = citations[0]["quote"].as_str().unwrap();
    assert!((1..=200).contains(&quote.chars().count()), "{quote}");
    // The quote stands in the passage that the model was shown under that number.
    let shown = model.bodies()[1]["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let shown: Value = serde_json::from_str(shown.as_str().unwrap()).unwrap();
    assert_eq!(shown["passages"][0]["cite_as"], "[1]", "{shown}");
    assert!(shown["passages"][0]["passage"].as_str().unwrap().contains(quote), "{shown}");
    // A number stays with its passage through the conversation.
    let (_, again) = rig.tell("/agent_chat", "b", &json!({"session_id": "s", "message": "정말?"})).await;
    assert_eq!((&again["answer"], &again["citations"][0]["n"]), (&json!("그렇게 말한 적은 없어요[1]."), &json!(1)));
    let stored = rig.ask("/api/v1/llm/sessions/s").await.to_string();
    assert!(!stored.contains("[99]") && !stored.contains("[42]"), "{stored}");
    // The same when the search comes first.
    let found = query(&rig, "c", json!({"query": "설정 파일은 어디에 있어?", "top_k": 3})).await;
    assert_eq!(
        (&found["answer"], &found["warnings"]),
        (&json!("설정 파일에 적어요[1]. 그리고"), &json!(["unknown_citation"]))
    );
    assert_eq!((found["documents"].as_array().unwrap().len(), &found["citations"][0]["n"]), (3, &json!(1)), "{found}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_needs_no_model_and_uses_a_real_chroma() {
    let data = tempfile::tempdir().unwrap();
    let server = chroma(data.path()).await;
    let site = Site::new(market(2)).env("LLM_PROVIDER", "none").env("VECTOR_DB_URL", &server.url);
    let mut rig = Rig::start(site).await;
    rig.wait_until("all passages in Chroma", async || {
        let state = rig.ask("/health").await["checks"]["vector_db"].clone();
        state["store"] == "chroma" && state["state"] == "ready"
    })
    .await;
    let passages = rig.ask("/health").await["checks"]["vector_db"]["passages"].as_u64().unwrap();
    let base = format!("{}/api/v2/tenants/default_tenant/databases/default_database/collections", server.url);
    let listed: Value = reqwest::get(&base).await.unwrap().json().await.unwrap();
    let count = format!("{base}/{}/count", listed[0]["id"].as_str().unwrap());
    let held: u64 = reqwest::get(&count).await.unwrap().json().await.unwrap();
    assert_eq!((held, &listed[0]["name"]), (passages, &json!("fsts-hashed-v1-256")), "{listed}");
    let found = query(&rig, "a", json!({"query": "how do I run a backtest", "generate": false, "top_k": 5})).await;
    let ids: Vec<&str> = found["documents"].as_array().unwrap().iter().map(|d| d["doc_id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"help/first-backtest") && found["warnings"] == json!([]), "{found}");
    let korean = query(&rig, "b", json!({"query": "결과 불명 주문은 어떻게 되나요", "generate": false})).await;
    let of_korean = |d: &Value| d["doc_id"].as_str().unwrap().starts_with("help/ko/");
    assert!(korean["documents"].as_array().unwrap().iter().any(of_korean), "{korean}");
    // Gone: the embedded store answers, and says so.
    drop(server);
    let found = query(&rig, "c", json!({"query": "backtest", "generate": false})).await;
    assert!(!found["documents"].as_array().unwrap().is_empty(), "{found}");
    assert!(found["warnings"].to_string().contains("Chroma"), "{found}");
    assert_eq!(rig.ask("/health").await["status"], "degraded");
    rig.stop().await;
}
