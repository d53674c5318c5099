//! Simulation jobs: kept once, ended once, forgotten with their results.

use fsts_domain::Timestamp;
use fsts_store::*;

use crate::place::{Place, STREAM};

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    a_key_makes_one_job
    open_jobs_come_oldest_first_and_lists_newest_first
    a_job_ends_once_and_with_its_result
    only_an_ended_job_is_forgotten_and_its_result_with_it
}

fn wish(n: u32, key: &str) -> NewSimulation {
    NewSimulation {
        id: format!("20261120_09000{n}_0000_0123456789abcdef"),
        stream: STREAM.to_owned(),
        key: key.to_owned(),
        hash: format!("hash of {key}"),
        wish: "{\"strategy\":\"되돌림\"}".to_owned(),
        created: AT.plus_s(i64::from(n)),
    }
}

async fn a_key_makes_one_job(place: Place) {
    let store = place.store().await;
    assert_eq!(store.add_simulation(&wish(1, "a")).await.unwrap(), Kept::New);
    assert_eq!(store.add_simulation(&wish(2, "a")).await.unwrap(), Kept::Same(wish(1, "a").id));
    let other = NewSimulation { hash: "another".to_owned(), ..wish(3, "a") };
    assert_eq!(store.add_simulation(&other).await.unwrap(), Kept::OtherWish);
    assert_eq!(store.simulations(10, None).await.unwrap().len(), 1);
}

async fn open_jobs_come_oldest_first_and_lists_newest_first(place: Place) {
    let store = place.store().await;
    for n in [2, 1, 3] {
        store.add_simulation(&wish(n, &format!("key {n}"))).await.unwrap();
    }
    store.add_simulation(&NewSimulation { stream: "other".to_owned(), ..wish(4, "d") }).await.unwrap();
    assert!(store.begin_simulation(&wish(1, "").id, AT).await.unwrap());
    let ids = |rows: Vec<SimulationRow>| rows.into_iter().map(|r| r.id).collect::<Vec<_>>();
    let id = |n| wish(n, "").id;
    assert_eq!(ids(store.open_simulations(STREAM).await.unwrap()), [id(1), id(2), id(3)]);
    assert_eq!(ids(store.simulations(2, None).await.unwrap()), [id(4), id(3)]);
    assert_eq!(ids(store.simulations(9, Some(&id(3))).await.unwrap()), [id(2), id(1)]);
    let begun = store.simulation(&id(1)).await.unwrap().unwrap();
    assert_eq!((begun.state.as_str(), begun.attempts, begun.ended), ("running", 1, None));
    store.requeue_simulation(&id(1)).await.unwrap();
    let waiting = store.simulation(&id(1)).await.unwrap().unwrap();
    assert_eq!((waiting.state.as_str(), waiting.attempts, waiting.wish.as_str()), ("queued", 0, begun.wish.as_str()));
}

async fn a_job_ends_once_and_with_its_result(place: Place) {
    let store = place.store().await;
    store.add_simulation(&wish(1, "a")).await.unwrap();
    let id = wish(1, "").id;
    let completed = SimulationEnd {
        state: "completed".to_owned(),
        done_days: 7,
        total_days: 7,
        at: AT.plus_s(60),
        summary: "{}".to_owned(),
        error: String::new(),
        body: Some("{\"이름\":1}".to_owned()),
    };
    assert!(store.end_simulation(&id, &completed).await.unwrap());
    let cancelled = SimulationEnd { state: "cancelled".to_owned(), body: None, ..completed };
    assert!(!store.end_simulation(&id, &cancelled).await.unwrap(), "it has ended");
    assert!(!store.begin_simulation(&id, AT).await.unwrap(), "and does not begin again");
    let row = store.simulation(&id).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.done_days, row.ended), ("completed", 7, Some(AT.plus_s(60))));
    assert_eq!(store.simulation_result(&id).await.unwrap().as_deref(), Some("{\"이름\":1}"));
    assert!(store.open_simulations(STREAM).await.unwrap().is_empty());
}

async fn only_an_ended_job_is_forgotten_and_its_result_with_it(place: Place) {
    let store = place.store().await;
    store.add_simulation(&wish(1, "a")).await.unwrap();
    let id = wish(1, "").id;
    assert!(!store.delete_simulation(&id).await.unwrap(), "it has not ended");
    let end = SimulationEnd { state: "failed".to_owned(), at: AT, body: Some("{}".to_owned()), ..Default::default() };
    assert!(store.end_simulation(&id, &end).await.unwrap());
    assert!(store.delete_simulation(&id).await.unwrap());
    assert_eq!(store.simulation(&id).await.unwrap(), None);
    assert_eq!(store.simulation_result(&id).await.unwrap(), None);
    assert!(!store.delete_simulation(&id).await.unwrap());
}
