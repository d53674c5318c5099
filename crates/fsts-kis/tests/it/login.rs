//! The access token: fetched once, shared, renewed when it dies.

use std::sync::Arc;

use fsts_domain::Timestamp;
use fsts_kis::KisError;

use crate::account::{Client, half_past_nine};
use crate::stub::{Reply, Stub, token_reply};

const PRICE: &str = r#"{"rt_cd":"0","msg_cd":"MCA00000","msg1":"","output":{"stck_prpr":"71900","acml_vol":"1"}}"#;

#[tokio::test]
async fn eight_tasks_share_one_request() {
    let stub = Stub::start(|_, _| Reply::ok(PRICE)).await;
    let client = Client::of(&stub.url);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let tokens = Arc::clone(client.kis.tokens());
            tokio::spawn(async move { tokens.token().await.unwrap() })
        })
        .collect();
    let mut tokens = Vec::new();
    for task in tasks {
        tokens.push(task.await.unwrap());
    }
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(stub.seen("/oauth2/tokenP").len(), 1);
}

#[tokio::test]
async fn a_second_process_takes_the_stored_token_and_a_dying_one_is_renewed() {
    let stub = Stub::start(|_, _| Reply::ok(PRICE)).await;
    let first = Client::of(&stub.url);
    first.kis.tokens().token().await.unwrap();
    let second = Client::with(&stub.url, "ws://127.0.0.1:1", Arc::clone(&first.tokens));
    second.kis.tokens().token().await.unwrap();
    assert_eq!(stub.seen("/oauth2/tokenP").len(), 1);
    second.clock.set(half_past_nine().plus_s(86_400 - 60));
    second.kis.tokens().token().await.unwrap();
    assert_eq!(stub.seen("/oauth2/tokenP").len(), 2);
}

#[tokio::test]
async fn a_token_revoked_early_is_replaced_once_and_the_read_repeated_once() {
    let stub = Stub::start(|request, _| match request.headers["authorization"].as_str() {
        "Bearer token-0" => Reply::failed("EGW00121"),
        _ => Reply::ok(PRICE),
    })
    .await;
    let client = Client::of(&stub.url);
    client.kis.tokens().token().await.unwrap();
    client.clock.set(half_past_nine().plus_s(7200));
    let quote = client.kis.price("005930".parse().unwrap()).await.unwrap();
    assert_eq!(quote.last.map(|price| price.get()), Some(71_900));
    assert_eq!((stub.seen("/oauth2/tokenP").len(), stub.seen("/inquire-price").len()), (2, 2));
}

#[tokio::test]
async fn a_token_that_is_always_refused_ends_the_read_after_one_repeat() {
    let stub = Stub::start(|_, _| Reply::failed("EGW00123")).await;
    let client = Client::of(&stub.url);
    client.kis.tokens().token().await.unwrap();
    client.clock.set(half_past_nine().plus_s(7200));
    let refused = client.kis.price("005930".parse().unwrap()).await.unwrap_err();
    assert!(matches!(refused, KisError::Reauthenticate { .. }), "{refused:?}");
    assert_eq!(stub.seen("/inquire-price").len(), 2);
}

#[tokio::test]
async fn an_issue_refused_for_a_minute_is_tried_again_after_a_minute_of_market_time() {
    let stub = Stub::start_bare(|_, nth| match nth {
        0 => Reply::Json(403, "", r#"{"error_code":"EGW00133","error_description":"wait"}"#.to_owned()),
        _ => token_reply(nth),
    })
    .await;
    let client = Client::of(&stub.url);
    let tokens = Arc::clone(client.kis.tokens());
    let mut waiting = tokio::spawn(async move { tokens.token().await });
    // The clock is moved as often as it takes: the task may not have begun to wait when it is moved first.
    let mut now: Timestamp = half_past_nine();
    while !waiting.is_finished() {
        now = now.plus_s(1);
        client.clock.set(now);
        tokio::task::yield_now().await;
        if stub.seen("/oauth2/tokenP").is_empty() {
            now = half_past_nine();
        }
    }
    (&mut waiting).await.unwrap().unwrap();
    assert!(now.since(half_past_nine()) >= 61 * fsts_domain::NS_PER_S, "{now}");
    assert_eq!(stub.seen("/oauth2/tokenP").len(), 2);
}

#[tokio::test]
async fn wrong_keys_are_a_matter_of_configuration_and_no_error_shows_them() {
    let stub = Stub::start_bare(|_, _| {
        Reply::Json(403, "", r#"{"error_code":"EGW00103","error_description":"bad"}"#.to_owned())
    })
    .await;
    let error = Client::of(&stub.url).kis.tokens().token().await.unwrap_err();
    assert!(matches!(error, KisError::Config { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}
