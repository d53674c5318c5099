//! Idempotency keys.

use fsts_domain::{IntentId, Timestamp};
use fsts_store::*;

use crate::place::Place;

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    the_same_key_and_body_gets_the_first_answer
    the_same_key_with_another_body_is_refused
    of_many_equal_claims_one_is_new
    a_released_key_is_new_again_but_an_answered_one_is_not
    old_keys_are_forgotten
}

async fn the_same_key_and_body_gets_the_first_answer(place: Place) {
    let store = place.store().await;
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), Claim::New);
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), Claim::Unfinished);
    store.finish_key("k", Some(IntentId(7)), "{\"id\":\"7\"}").await.unwrap();
    store.finish_key("k", Some(IntentId(8)), "second").await.unwrap();
    let answered = Claim::Answered { intent: Some(IntentId(7)), response: "{\"id\":\"7\"}".to_owned() };
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), answered);
    assert!(matches!(store.finish_key("never", None, "x").await, Err(StoreError::Misuse { .. })));
}

async fn the_same_key_with_another_body_is_refused(place: Place) {
    let store = place.store().await;
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), Claim::New);
    assert_eq!(store.claim_key("k", "other", AT).await.unwrap(), Claim::OtherBody);
    store.finish_key("k", None, "blocked").await.unwrap();
    assert_eq!(store.claim_key("k", "other", AT).await.unwrap(), Claim::OtherBody);
    let answered = Claim::Answered { intent: None, response: "blocked".to_owned() };
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), answered);
}

async fn of_many_equal_claims_one_is_new(place: Place) {
    let store = place.store().await;
    let claims: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.claim_key("k", "body", AT).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Claim::New => new += 1,
            other => assert_eq!(other, Claim::Unfinished),
        }
    }
    assert_eq!(new, 1);
}

async fn a_released_key_is_new_again_but_an_answered_one_is_not(place: Place) {
    let store = place.store().await;
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), Claim::New);
    store.release_key("k").await.unwrap();
    assert_eq!(store.claim_key("k", "body", AT).await.unwrap(), Claim::New);
    store.finish_key("k", None, "done").await.unwrap();
    store.release_key("k").await.unwrap();
    assert!(matches!(store.claim_key("k", "body", AT).await.unwrap(), Claim::Answered { .. }));
}

async fn old_keys_are_forgotten(place: Place) {
    let store = place.store().await;
    store.claim_key("old", "body", AT).await.unwrap();
    store.claim_key("new", "body", AT.plus_s(60)).await.unwrap();
    assert_eq!(store.forget_keys(AT.plus_s(1)).await.unwrap(), 1);
    assert_eq!(store.claim_key("old", "body", AT).await.unwrap(), Claim::New);
    assert_eq!(store.claim_key("new", "body", AT).await.unwrap(), Claim::Unfinished);
}
