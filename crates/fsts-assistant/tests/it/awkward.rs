//! Answers that no document describes: each gives a usable message or a typed error, and never breaks the next request.

use fsts_assistant::agent::RunFailure;
use serde_json::{Value, json};

use crate::place::{assert_calls_answered, limits, place, question, streamed};
use crate::stand_in::{Act, StandIn, answer, call, calls, chunk, text};

fn raw(body: &str) -> Act {
    Act::Say(200, Vec::new(), body.to_owned())
}

/// Scripts with what they must come to: a part of the answer, or the kind of a typed error.
fn scripts() -> Vec<(&'static str, Vec<Act>, Result<&'static str, &'static str>)> {
    let tool = |arguments: Value| vec![calls(vec![call("c1", "get_quote", arguments)]), text("답이에요")];
    let old = json!({"role": "assistant", "content": null, "function_call": {"name": "get_quote", "arguments": "{}"}});
    vec![
        ("parts", vec![answer(json!({"content": [{"type": "text", "text": "나뉜 답"}]}), "stop")], Ok("나뉜 답")),
        ("text field", vec![answer(json!({"text": "다른 칸"}), "stop")], Ok("다른 칸")),
        ("refusal", vec![answer(json!({"content": null, "refusal": "거절해요"}), "stop")], Ok("거절해요")),
        ("extra fields", vec![answer(json!({"content": "네", "audio": null, "x": {"y": 1}}), "stop")], Ok("네")),
        (
            "two choices",
            vec![raw(r#"{"choices":[{"message":{"content":"첫"}},{"message":{"content":"둘"}}]}"#)],
            Ok("첫"),
        ),
        ("arguments: text", tool(json!("{\"symbol\":\"005930\"}")), Ok("답이에요")),
        ("arguments: object", tool(json!({"symbol": "005930"})), Ok("답이에요")),
        ("arguments: empty", tool(json!("")), Ok("답이에요")),
        ("arguments: twice encoded", tool(json!("\"{\\\"symbol\\\":\\\"005930\\\"}\"")), Ok("답이에요")),
        ("arguments: list", tool(json!([1, 2])), Ok("답이에요")),
        ("arguments: broken", tool(json!("{\"symbol\": \"0059")), Ok("답이에요")),
        ("arguments: unknown field", tool(json!({"approved": true})), Ok("답이에요")),
        ("no id", vec![calls(vec![call("", "get_quote", json!("{}"))]), text("끝")], Ok("끝")),
        (
            "same id twice",
            vec![calls(vec![call("a", "get_quote", json!("{}")), call("a", "read_news", json!("{}"))]), text("끝")],
            Ok("끝"),
        ),
        ("unknown tool", vec![calls(vec![call("a", "fly_to_moon", json!("{}"))]), text("끝")], Ok("끝")),
        ("bad tool name", vec![calls(vec![call("a", "한글 이름!", json!("{}"))]), text("끝")], Ok("끝")),
        ("old call form", vec![answer(old, "function_call"), text("끝")], Ok("끝")),
        (
            "calls that stop",
            vec![answer(json!({"tool_calls": [call("a", "get_quote", json!("{}"))]}), "stop"), text("끝")],
            Ok("끝"),
        ),
        ("empty choices, then an answer", vec![raw("{\"choices\":[]}"), text("두 번째")], Ok("두 번째")),
        ("html", vec![raw("<html>gateway</html>")], Err("malformed")),
        ("nothing", vec![raw("")], Err("malformed")),
        ("error in a 200", vec![raw("{\"error\":{\"code\":\"insufficient_quota\"}}")], Err("quota")),
        ("filtered", vec![answer(json!({"content": null}), "content_filter")], Err("filtered")),
        ("empty message", vec![answer(json!({"content": ""}), "stop")], Err("malformed")),
        ("deep nonsense", vec![raw(&"[".repeat(100_000))], Err("malformed")),
    ]
}

#[tokio::test]
async fn every_awkward_answer_comes_to_an_answer_or_a_typed_error() {
    for (name, acts, expected) in scripts() {
        let model = StandIn::play(acts).await;
        let place = place(&model, limits());
        match (place.ask(question("삼성전자 얼마예요?")).await, expected) {
            (Ok(state), Ok(part)) => {
                assert!(state.answer.contains(part), "{name}: {}", state.answer);
                assert_eq!(state.messages.last().unwrap().content, state.answer, "{name}");
            }
            (Err(RunFailure::Model(error)), Err(kind)) => assert_eq!(error.kind.word(), kind, "{name}"),
            (other, _) => panic!("{name}: {other:?}"),
        }
        model.bodies().iter().for_each(assert_calls_answered);
        for asked in model.asked() {
            assert_eq!(asked.uri, "/v1/chat/completions");
            assert_eq!(asked.headers["authorization"], format!("Bearer {}", crate::place::KEY));
            assert!(!asked.body.to_string().contains("canary"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_failed_run_leaves_a_session_that_goes_on() {
    let model = StandIn::play(vec![
        calls(vec![call("a", "get_quote", json!("{}"))]),
        Act::Say(200, Vec::new(), "<html>".to_owned()),
        Act::Say(200, Vec::new(), "<html>".to_owned()),
        text("이어서 답해요"),
    ])
    .await;
    let place = place(&model, limits());
    assert!(place.ask(crate::place::in_session("s", "하나")).await.is_err());
    let state = place.ask(crate::place::in_session("s", "둘")).await.unwrap();
    assert_eq!(state.answer, "이어서 답해요");
    assert_calls_answered(model.bodies().last().unwrap());
    let said: Vec<&str> = state.messages.iter().map(|m| m.role.word()).collect();
    assert_eq!(said, ["user", "assistant", "tool", "user", "assistant"]);
}

#[tokio::test]
async fn secrets_are_in_no_request_answer_event_or_state() {
    let key = crate::place::KEY;
    let leaked = json!({"symbol": key}).to_string();
    let model = StandIn::play(vec![
        calls(vec![call("a", "leak", json!("{}")), call("b", "get_quote", json!(leaked))]),
        Act::Stream(vec![
            chunk(json!({"content": "열쇠는 canary-key"}), None),
            chunk(json!({"content": "-of-the-model 이에요"}), None),
            chunk(json!({}), Some("stop")),
        ]),
    ])
    .await;
    let place = place(&model, limits());
    let started = place.agent.ask(streamed(&format!("내 열쇠는 {key}"))).await.unwrap();
    let (end, events) = crate::place::finish(started).await;
    let state = end.unwrap();
    assert!(state.answer.contains("열쇠는 ****"), "{}", state.answer);
    let kept = fsts_assistant::sessions::serialize_state(&state);
    let told = format!("{events:?}");
    let requests: String = model.bodies().iter().map(Value::to_string).collect();
    for (place, text) in [("state", &kept), ("events", &told), ("requests", &requests)] {
        assert!(!text.contains("canary"), "{place}: {text}");
    }
}
