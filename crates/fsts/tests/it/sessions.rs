//! Conversations through the API: their history, a fork that leaves the first one alone, and going on from it.

use serde_json::{Value, json};

use crate::drill::market;
use crate::model::{Model, calls, says};
use crate::rig::{Rig, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_leaves_the_first_conversation_as_it_was() {
    let model =
        Model::play(vec![calls("get_balance", &json!({})), says("첫 번째 답"), says("갈라진 답"), says("그 다음 답")])
            .await;
    let site = Site::new(market(2)).env("OPENAI_BASE_URL", &model.url).env("OPENAI_API_KEY", "canary-key-of-the-model");
    let mut rig = Rig::start(site).await;
    let (status, first) = rig.tell("/agent_chat", "a", &json!({"session_id": "s", "message": "잔고는?"})).await;
    assert_eq!((status, &first["answer"]), (200, &json!("첫 번째 답")), "{first}");
    let before = (rig.ask("/api/v1/llm/sessions/s").await, rig.ask("/api/v1/llm/sessions/s/history").await);
    let steps = before.1["checkpoints"].as_array().unwrap();
    let nodes: Vec<&str> = steps.iter().rev().map(|c| c["node"].as_str().unwrap()).collect();
    assert_eq!(nodes, ["guard", "supervisor", "tools", "supervisor", "summarise"], "{}", before.1);
    // Back to where the tool had just answered.
    let place = steps.iter().find(|c| c["node"] == "tools").unwrap()["id"].as_str().unwrap();
    let path = "/api/v1/llm/sessions/s/fork";
    let (status, forked) = rig.tell(path, "f", &json!({"checkpoint_id": place})).await;
    assert_eq!((status, &forked["state"]), (201, &json!("cut")), "{forked}");
    let id = forked["id"].as_str().unwrap();
    assert_ne!(id, "s");
    let (status, answer) = rig.tell(&format!("/api/v1/llm/sessions/{id}/resume"), "r", &json!({})).await;
    assert_eq!((status, &answer["answer"]), (200, &json!("갈라진 답")), "{answer}");
    // The tool's recorded result was used: the model was shown it, and it was not called again.
    assert_eq!(answer["tool_calls"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["usage"]["tool_calls"], 1);
    let (_, next) = rig.tell("/agent_chat", "n", &json!({"session_id": id, "message": "그리고?"})).await;
    assert_eq!(next["answer"], "그 다음 답", "{next}");
    let after = (rig.ask("/api/v1/llm/sessions/s").await, rig.ask("/api/v1/llm/sessions/s/history").await);
    assert_eq!(before, after, "the first conversation changed");
    for (checkpoint, code) in [("nothing:1", "checkpoint_not_found"), ("nothing", "checkpoint_not_found")] {
        let (status, body) = rig.tell(path, checkpoint, &json!({"checkpoint_id": checkpoint})).await;
        assert_eq!((status, body["code"].as_str()), (404, Some(code)), "{body}");
    }
    let (status, body) = rig.tell("/api/v1/llm/sessions/none/fork", "x", &json!({"checkpoint_id": place})).await;
    assert_eq!((status, body["code"].as_str()), (404, Some("session_not_found")), "{body}");
    let (status, body) = rig.tell(path, "y", &json!({})).await;
    assert_eq!((status, body["code"].as_str()), (400, Some("bad_question")), "{body}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_cancelled_by_its_conversation() {
    let model = Model::play(vec![Value::Null]).await;
    let site = Site::new(market(2)).env("OPENAI_BASE_URL", &model.url).env("OPENAI_API_KEY", "canary-key-of-the-model");
    let mut rig = Rig::start(site).await;
    let body = json!({"session_id": "s", "message": "기다려"});
    let asking = rig.tell("/agent_chat", "a", &body);
    let cancelling = async {
        model.wait_asked(1).await;
        assert_eq!(rig.ask("/api/v1/llm/sessions/s").await["state"], "running");
        let (status, body) = rig.tell("/api/v1/llm/sessions/s/cancel", "c", &json!({})).await;
        assert_eq!((status, &body["cancelled"]), (200, &json!(true)), "{body}");
    };
    let ((status, answer), ()) = tokio::join!(asking, cancelling);
    assert_eq!((status, answer["code"].as_str()), (409, Some("run_cancelled")), "{answer}");
    let (_, body) = rig.tell("/api/v1/llm/sessions/s/cancel", "d", &json!({})).await;
    assert_eq!(body["cancelled"], false, "{body}");
    rig.stop().await;
}
