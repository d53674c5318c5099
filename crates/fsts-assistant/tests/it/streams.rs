//! Answers in pieces: whole, cut, silent, and to readers that leave.

use std::time::Duration;

use fsts_assistant::agent::{RunEvent, RunFailure};
use fsts_assistant::model::LlmSettings;
use serde_json::json;

use crate::place::{finish, limits, place, status, streamed};
use crate::stand_in::{Act, StandIn, call, calls, chunk, text};

fn tokens(events: &[RunEvent]) -> String {
    events.iter().filter(|e| e.name == "token").map(|e| e.data["text"].as_str().unwrap()).collect()
}

fn pieces(texts: &[&str], finish: Option<&str>) -> Act {
    let mut events: Vec<String> = texts.iter().map(|t| chunk(json!({"content": t}), None)).collect();
    if finish.is_some() {
        events.push(chunk(json!({}), finish));
        events.push("[DONE]".to_owned());
    }
    Act::Stream(events)
}

#[tokio::test]
async fn the_tokens_are_the_message_and_their_numbers_rise() {
    let model = StandIn::play(vec![pieces(&["삼성", "전자는 ", "좋아요"], Some("stop"))]).await;
    let place = place(&model, limits());
    let (end, events) = finish(place.agent.ask(streamed("어때?")).await.unwrap()).await;
    let state = end.unwrap();
    assert_eq!(state.answer, "삼성전자는 좋아요");
    assert_eq!(tokens(&events), state.answer);
    let ids: Vec<u64> = events.iter().map(|e| e.id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events[0].name, "run.started");
    assert_eq!(model.bodies()[0]["stream"], true);
}

#[tokio::test]
async fn calls_come_in_fragments_and_a_missing_end_mark_is_fine() {
    let fragment = |arguments: &str| {
        chunk(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": arguments}}]}), None)
    };
    let name = chunk(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "get_quote"}}]}), None);
    let finish_reason = chunk(json!({}), Some("tool_calls"));
    let first = Act::Stream(vec![name, fragment("{\"sym"), fragment("bol\":\"005930\"}"), finish_reason]);
    let model = StandIn::play(vec![first, pieces(&["끝"], Some("stop"))]).await;
    let place = place(&model, limits());
    let (end, events) = finish(place.agent.ask(streamed("?")).await.unwrap()).await;
    let state = end.unwrap();
    assert_eq!((state.answer.as_str(), place.ran()), ("끝", 1));
    assert_eq!(state.calls[0].arguments, json!({"symbol": "005930"}));
    for name in ["tool.started", "tool.finished", "node.started", "node.finished", "message"] {
        assert!(events.iter().any(|e| e.name == name), "{name}");
    }
}

#[tokio::test]
async fn a_cut_stream_keeps_what_was_shown_and_is_partial() {
    let model = StandIn::play(vec![pieces(&["확인해 ", "보니"], None)]).await;
    let place = place(&model, limits());
    let (end, events) = finish(place.agent.ask(streamed("?")).await.unwrap()).await;
    let state = end.unwrap();
    assert_eq!((state.answer.as_str(), status(&state)), ("확인해 보니", "partial"));
    assert_eq!(tokens(&events), state.answer);
    assert_eq!(model.asked().len(), 1, "what was shown is not asked for again");
}

#[tokio::test]
async fn a_stream_cut_before_anything_was_shown_is_asked_for_once_more() {
    let model = StandIn::play(vec![Act::Stream(vec![chunk(json!({"role": "assistant"}), None)]), text("다시")]).await;
    let place = place(&model, limits());
    let state = place.ask(streamed("?")).await.unwrap();
    assert_eq!((state.answer.as_str(), model.asked().len()), ("다시", 2));
}

#[tokio::test]
async fn a_call_that_is_cut_in_the_middle_is_not_made() {
    let half =
        json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "get_quote", "arguments": "{\"sy"}}]});
    let model =
        StandIn::play(vec![Act::Stream(vec![chunk(json!({"content": "찾아볼게요"}), None), chunk(half, None)])]);
    let model = model.await;
    let place = place(&model, limits());
    let state = place.ask(streamed("?")).await.unwrap();
    assert_eq!((place.ran(), status(&state), state.answer.as_str()), (0, "partial", "찾아볼게요"));
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_cut() {
    let first = chunk(json!({"content": "잠깐만요"}), None);
    let model = StandIn::play(vec![Act::StreamThenHang(first)]).await;
    let place = place(&model, LlmSettings { idle_timeout: Duration::from_millis(300), ..limits() });
    let state = place.ask(streamed("?")).await.unwrap();
    assert_eq!((state.answer.as_str(), status(&state)), ("잠깐만요", "partial"));
    model.wait_left(1).await;
}

#[tokio::test]
async fn when_the_reader_leaves_the_models_connection_is_closed() {
    for act in [Act::Hang, Act::StreamThenHang(chunk(json!({"content": "a"}), None))] {
        let model = StandIn::play(vec![act]).await;
        let place = place(&model, limits());
        let started = place.agent.ask(streamed("?")).await.unwrap();
        model.wait_asked(1).await;
        drop(started.events);
        model.wait_left(1).await;
        let end = tokio::time::timeout(crate::place::PATIENCE, started.end).await.unwrap().unwrap();
        assert_eq!(end.unwrap_err(), RunFailure::Cancelled);
    }
}

#[tokio::test]
async fn a_detached_run_goes_on_when_the_reader_leaves() {
    let model = StandIn::play(vec![calls(vec![call("a", "get_quote", json!("{}"))]), text("끝")]).await;
    let place = place(&model, limits());
    let mut question = crate::place::question("?");
    question.detach = true;
    let started = place.agent.ask(question).await.unwrap();
    drop(started.events);
    let end = tokio::time::timeout(crate::place::PATIENCE, started.end).await.unwrap().unwrap();
    assert_eq!(end.unwrap().answer, "끝");
}
