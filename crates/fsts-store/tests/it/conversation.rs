//! What the assistant keeps.

use fsts_domain::Timestamp;
use fsts_store::*;

use crate::place::Place;

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    a_conversation_is_written_over_the_version_that_was_read
    a_step_is_kept_once_and_goes_with_its_conversation
    of_many_who_approve_a_proposal_one_gets_it
    a_proposal_is_bound_to_its_hash_and_to_its_time
    the_same_call_makes_one_proposal
}

fn session(id: &str, version: i64, state: &str) -> ConversationRow {
    let (id, state) = (id.to_owned(), state.to_owned());
    ConversationRow { id, version, state, created: AT, updated: AT.plus_s(version), expires: AT.plus_s(60) }
}

fn proposal(id: &str, call_key: &str) -> ProposalRow {
    ProposalRow {
        id: id.to_owned(),
        call_key: call_key.to_owned(),
        hash: "h1".to_owned(),
        body: "{\"이유\":\"시험\"}".to_owned(),
        state: PENDING.to_owned(),
        tainted: true,
        created: AT,
        expires: AT.plus_s(900),
        decided: None,
        decided_by: String::new(),
        order_id: String::new(),
        outcome: String::new(),
    }
}

async fn a_conversation_is_written_over_the_version_that_was_read(place: Place) {
    let store = place.store().await;
    assert!(store.write_conversation(&session("s", 1, "하나"), 0).await.unwrap());
    assert!(!store.write_conversation(&session("s", 1, "again"), 0).await.unwrap(), "it exists");
    assert!(store.write_conversation(&session("s", 2, "two"), 1).await.unwrap());
    assert!(!store.write_conversation(&session("s", 2, "late"), 1).await.unwrap(), "it was read too early");
    assert_eq!(store.conversation("s").await.unwrap(), Some(session("s", 2, "two")));
    assert!(store.write_conversation(&session("t", 1, "other"), 0).await.unwrap());
    let ids: Vec<String> = store.conversations(10).await.unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["s", "t"], "last used first");
    assert_eq!(store.forget_old_conversations(AT.plus_s(59)).await.unwrap(), 0);
    assert_eq!(store.forget_old_conversations(AT.plus_s(61)).await.unwrap(), 2);
}

async fn a_step_is_kept_once_and_goes_with_its_conversation(place: Place) {
    let store = place.store().await;
    store.write_conversation(&session("s", 1, "x"), 0).await.unwrap();
    let step = |step: i64, state: &str| CheckpointRow {
        session_id: "s".to_owned(),
        run_id: "r".to_owned(),
        step,
        node: "supervisor".to_owned(),
        next: "tools".to_owned(),
        state: state.to_owned(),
        hash: "h".to_owned(),
        at: AT.plus_s(step),
    };
    assert!(store.write_run_step(&step(0, "a")).await.unwrap());
    assert!(!store.write_run_step(&step(0, "b")).await.unwrap(), "the first one stays");
    assert!(store.write_run_step(&step(1, "c")).await.unwrap());
    assert_eq!(store.run_steps("s", 10).await.unwrap(), [step(1, "c"), step(0, "a")]);
    assert!(store.forget_conversation("s").await.unwrap());
    assert!(!store.forget_conversation("s").await.unwrap());
    assert!(store.run_steps("s", 10).await.unwrap().is_empty());
}

async fn of_many_who_approve_a_proposal_one_gets_it(place: Place) {
    let store = place.store().await;
    store.write_proposal(&proposal("p", "c")).await.unwrap();
    let tries: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let decision = ("approved", format!("person {n}"));
                store.decide_proposal("p", Some("h1"), (decision.0, &decision.1), AT.plus_s(1)).await.unwrap()
            })
        })
        .collect();
    let mut mine = 0;
    for one in tries {
        match one.await.unwrap() {
            Decided::Yours(row) => {
                assert_eq!(row.state, "approved");
                mine += 1;
            }
            other => assert!(matches!(other, Decided::Already(_)), "{other:?}"),
        }
    }
    assert_eq!(mine, 1);
    let settled = store.settle_proposal("p", "submitted", ("17", "")).await.unwrap().unwrap();
    assert_eq!((settled.state.as_str(), settled.order_id.as_str()), ("submitted", "17"));
    store.settle_proposal("p", "refused", ("", "late")).await.unwrap();
    assert_eq!(store.proposal("p").await.unwrap().unwrap().state, "submitted", "it is settled once");
    assert_eq!(store.unsettle_proposals().await.unwrap(), 0);
}

async fn a_proposal_is_bound_to_its_hash_and_to_its_time(place: Place) {
    let store = place.store().await;
    store.write_proposal(&proposal("p", "c")).await.unwrap();
    let approve = ("approved", "web");
    let decide = async |hash, at| store.decide_proposal("p", Some(hash), approve, at).await.unwrap();
    assert_eq!(decide("h2", AT).await, Decided::WrongHash);
    assert_eq!(decide("h1", AT.plus_s(900)).await, Decided::Expired);
    assert_eq!(store.decide_proposal("q", None, approve, AT).await.unwrap(), Decided::Unknown);
    assert_eq!(store.proposal("p").await.unwrap(), Some(proposal("p", "c")), "nothing has changed it");
    assert!(matches!(decide("h1", AT.plus_s(899)).await, Decided::Yours(_)));
    assert_eq!(store.unsettle_proposals().await.unwrap(), 1);
    assert_eq!(store.proposal("p").await.unwrap().unwrap().state, "unknown");
}

async fn the_same_call_makes_one_proposal(place: Place) {
    let store = place.store().await;
    assert_eq!(store.write_proposal(&proposal("p", "c")).await.unwrap().id, "p");
    assert_eq!(store.write_proposal(&proposal("q", "c")).await.unwrap().id, "p");
    assert_eq!(store.write_proposal(&proposal("q", "d")).await.unwrap().id, "q");
    assert_eq!(store.proposals(10).await.unwrap().len(), 2);
}
