//! Users and sessions.

use fsts_domain::Timestamp;
use fsts_store::*;

use crate::place::Place;

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    of_many_first_users_exactly_one_is_made
    a_session_is_found_by_its_hash_until_it_is_ended
    using_a_session_moves_its_mark_forward_only
    old_sessions_make_room
}

fn session(user: &str, at: Timestamp) -> SessionRow {
    SessionRow { user: user.to_owned(), created: at, seen: at, ends: at.plus_s(12 * 3600) }
}

async fn of_many_first_users_exactly_one_is_made(place: Place) {
    let store = place.store().await;
    assert!(!store.has_user().await.unwrap());
    assert_eq!(store.password_of("kim").await.unwrap(), None);
    let names = ["kim", "lee", "park", "kim"];
    let made = names.map(|name| store.create_first_user(name, "$argon2id$x", AT));
    let made = futures(made).await;
    assert_eq!(made.iter().filter(|one| **one).count(), 1);
    assert!(store.has_user().await.unwrap());
    let winner = names[made.iter().position(|one| *one).unwrap()];
    assert_eq!(store.password_of(winner).await.unwrap().as_deref(), Some("$argon2id$x"));
    assert!(!store.create_first_user("choi", "y", AT).await.unwrap());
    assert_eq!(store.password_of("choi").await.unwrap(), None);
}

async fn futures<F: Future<Output = Result<bool, StoreError>>>(all: [F; 4]) -> Vec<bool> {
    let [a, b, c, d] = all;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    [a, b, c, d].into_iter().map(Result::unwrap).collect()
}

async fn a_session_is_found_by_its_hash_until_it_is_ended(place: Place) {
    let store = place.store().await;
    store.open_session("hash-1", &session("kim", AT)).await.unwrap();
    assert_eq!(place.store().await.session("hash-1").await.unwrap(), Some(session("kim", AT)));
    assert_eq!(store.session("hash-2").await.unwrap(), None);
    store.end_session("hash-2").await.unwrap();
    store.end_session("hash-1").await.unwrap();
    assert_eq!(store.session("hash-1").await.unwrap(), None);
}

async fn using_a_session_moves_its_mark_forward_only(place: Place) {
    let store = place.store().await;
    store.open_session("hash-1", &session("kim", AT)).await.unwrap();
    store.touch_session("hash-1", AT.plus_s(60)).await.unwrap();
    store.touch_session("hash-1", AT.plus_s(30)).await.unwrap();
    assert_eq!(store.session("hash-1").await.unwrap().unwrap().seen, AT.plus_s(60));
}

async fn old_sessions_make_room(place: Place) {
    let store = place.store().await;
    store.open_session("ended", &session("kim", AT.plus_s(-13 * 3600))).await.unwrap();
    for n in 0..105 {
        store.open_session(&format!("hash-{n}"), &session("kim", AT.plus_s(n))).await.unwrap();
    }
    assert_eq!(store.session("ended").await.unwrap(), None);
    assert_eq!(store.session("hash-4").await.unwrap(), None, "the longest unused one goes first");
    assert!(store.session("hash-5").await.unwrap().is_some());
    assert!(store.session("hash-104").await.unwrap().is_some());
}
