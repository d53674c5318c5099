//! What is asked again, when, and what never is.

use std::time::{Duration, Instant};

use fsts_assistant::agent::RunFailure;
use fsts_assistant::model::{LlmSettings, Provider};
use serde_json::json;

use crate::place::{Place, limits, place, place_with, question};
use crate::stand_in::{Act, StandIn, failure, text};

async fn kind(place: &Place) -> String {
    match place.ask(question("안녕하세요")).await {
        Err(RunFailure::Model(error)) => error.kind.word().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_fails_twice_is_asked_three_times() {
    let model = StandIn::play(vec![failure(500, "x"), failure(503, "y"), text("네")]).await;
    assert_eq!(place(&model, limits()).ask(question("안녕")).await.unwrap().answer, "네");
    assert_eq!(model.asked().len(), 3);
}

#[tokio::test]
async fn the_wait_that_is_asked_for_is_kept() {
    let wait = vec![("retry-after", "2".to_owned())];
    let model = StandIn::play(vec![Act::Say(429, wait, "{}".to_owned()), text("네")]).await;
    assert_eq!(place(&model, limits()).ask(question("안녕")).await.unwrap().answer, "네");
    let asked = model.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].at.duration_since(asked[0].at) >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_wait_past_the_deadline_ends_at_once() {
    let wait = vec![("retry-after", "15".to_owned())];
    let model = StandIn::play(vec![Act::Say(429, wait, "{}".to_owned())]).await;
    let short = LlmSettings { run_deadline: Duration::from_secs(10), ..limits() };
    let began = Instant::now();
    assert_eq!(kind(&place(&model, short)).await, "rate");
    assert!(began.elapsed() < Duration::from_secs(10), "nobody waited for it");
    assert_eq!(model.asked().len(), 1);
}

#[tokio::test]
async fn what_can_not_get_better_is_asked_once() {
    for (act, expected) in [
        (failure(429, "insufficient_quota"), "quota"),
        (failure(401, "invalid_api_key"), "auth"),
        (failure(400, "content_filter"), "filtered"),
        (failure(400, "whatever"), "bad_request"),
        (failure(409, "conflict"), "bad_request"),
    ] {
        let model = StandIn::play(vec![act]).await;
        assert_eq!(kind(&place(&model, limits())).await, expected);
        assert_eq!(model.asked().len(), 1, "{expected}");
    }
}

#[tokio::test]
async fn a_hanging_model_is_a_timeout_and_its_connection_is_closed() {
    let model = StandIn::play(vec![Act::Hang]).await;
    let short = LlmSettings { timeout: Duration::from_millis(300), ..limits() };
    assert_eq!(kind(&place(&model, short)).await, "timeout");
    model.wait_left(1).await;
    assert_eq!(model.asked().len(), 1);
}

#[tokio::test]
async fn nobody_listening_is_unavailable_and_opens_the_breaker() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", free.local_addr().unwrap());
    drop(free);
    let read = LlmSettings::from_variables(|name| match name {
        "OPENAI_BASE_URL" => Some(url.clone()),
        "OPENAI_API_KEY" => Some("a-key".to_owned()),
        _ => None,
    });
    let settings = LlmSettings { provider: read.unwrap().provider, max_retries: 0, ..limits() };
    let place = place_with(settings, std::sync::Arc::new(fsts_assistant::sessions::MemorySessions::default()));
    for _ in 0..5 {
        assert_eq!(kind(&place).await, "unavailable");
    }
    assert_eq!(place.agent.model().unwrap().breaker(), "open");
    assert_eq!(kind(&place).await, "unavailable");
}

#[tokio::test]
async fn a_parameter_that_is_refused_is_left_out_and_remembered() {
    let refused = |what: &str| {
        let error = json!({"error": {"message": format!("Unsupported parameter: '{what}'"), "param": what}});
        Act::Say(400, Vec::new(), error.to_string())
    };
    let model = StandIn::play(vec![refused("temperature"), refused("max_tokens"), text("네")]).await;
    let place = place(&model, LlmSettings { max_output_tokens: Some(99), ..limits() });
    assert_eq!(place.ask(question("안녕")).await.unwrap().answer, "네");
    assert_eq!(place.ask(question("안녕")).await.unwrap().answer, "네");
    let bodies = model.bodies();
    assert_eq!(bodies.len(), 4, "learnt once");
    assert_eq!((bodies[0]["temperature"].as_f64(), bodies[0]["max_tokens"].as_u64()), (Some(0.0), Some(99)));
    for body in &bodies[2..] {
        assert!(body.get("temperature").is_none() && body.get("max_tokens").is_none(), "{body}");
        assert_eq!(body["max_completion_tokens"], 99);
    }
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_shortened_once() {
    let too_long = || failure(400, "context_length_exceeded");
    let model = StandIn::play(vec![too_long(), text("네")]).await;
    assert_eq!(place(&model, limits()).ask(question("안녕")).await.unwrap().answer, "네");
    let model = StandIn::play(vec![too_long()]).await;
    assert_eq!(kind(&place(&model, limits())).await, "context_too_long");
    assert_eq!(model.asked().len(), 2);
}

#[tokio::test]
async fn azure_is_asked_by_its_own_address_and_header() {
    for (version, uri, in_body) in [
        ("2024-10-21", "/openai/deployments/dep/chat/completions?api-version=2024-10-21", false),
        ("v1", "/openai/v1/chat/completions", true),
    ] {
        let model = StandIn::play(vec![text("네")]).await;
        let endpoint = format!("http://{}/", model.address);
        let read = LlmSettings::from_variables(|name| match name {
            "AZURE_ENDPOINT" => Some(endpoint.clone()),
            "AZURE_API_KEY" => Some("canary-azure".to_owned()),
            "AZURE_DEPLOYMENT" => Some("dep".to_owned()),
            "AZURE_API_VERSION" => Some(version.to_owned()),
            _ => None,
        });
        let settings = read.unwrap();
        assert!(matches!(settings.provider, Provider::Azure(_)));
        let place = place_with(settings, std::sync::Arc::new(fsts_assistant::sessions::MemorySessions::default()));
        assert_eq!(place.ask(question("안녕")).await.unwrap().answer, "네");
        let asked = model.asked().remove(0);
        assert_eq!(asked.uri, uri);
        assert_eq!(asked.headers["api-key"], "canary-azure");
        assert!(!asked.headers.contains_key("authorization"));
        assert_eq!(asked.body.get("model").is_some(), in_body);
    }
}

#[tokio::test]
async fn without_a_model_there_is_no_run_and_rules_say_what_they_are() {
    let memory = || std::sync::Arc::new(fsts_assistant::sessions::MemorySessions::default());
    let none = place_with(limits(), memory());
    assert_eq!(none.ask(question("안녕")).await.unwrap_err(), RunFailure::NotConfigured);
    let rules = place_with(LlmSettings { provider: Provider::Rules, ..limits() }, memory());
    let quote = rules.ask(question("005930 현재가 알려줘")).await.unwrap();
    assert!(
        quote.answer.contains("현재가 71,000원") && quote.answer.contains("언어 모델이 설정되지 않아"),
        "{}",
        quote.answer
    );
    let help = rules.ask(question("hello")).await.unwrap();
    assert!(help.answer.contains("No language model"), "{}", help.answer);
}
