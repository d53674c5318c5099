//! One writer per account.

use std::sync::Arc;

use fsts_store::*;

use crate::journal::gate;
use crate::place::{Place, STREAM, batch, holder};

on_both! {
    a_second_holder_is_refused_and_told_who_holds
    the_lease_is_free_again_when_it_is_dropped
    each_lease_has_a_higher_token
    an_old_token_cannot_append
    a_token_raised_during_a_commit_waits_for_it
    readers_see_the_journal_while_a_commit_is_open
    a_stream_id_that_is_no_file_name_is_refused
}

async fn a_second_holder_is_refused_and_told_who_holds(place: Place) {
    let store = place.store().await;
    let first = take_lease(&store, STREAM, holder("run-1")).await.unwrap();
    let LeaseError::Held { holder: named } = take_lease(&store, STREAM, holder("run-2")).await.unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(named, first.holder().to_string());
    assert!(named.contains("process 4711 on desk, run run-1"), "{named}");
    // Another account is nobody's business.
    take_lease(&store, "other", holder("run-2")).await.unwrap();
}

async fn the_lease_is_free_again_when_it_is_dropped(place: Place) {
    let store = place.store().await;
    drop(take_lease(&store, STREAM, holder("run-1")).await.unwrap());
    take_lease(&store, STREAM, holder("run-2")).await.unwrap();
}

async fn each_lease_has_a_higher_token(place: Place) {
    let store = place.store().await;
    for token in 1..=3 {
        assert_eq!(take_lease(&store, STREAM, holder("run")).await.unwrap().fence(), token);
    }
}

async fn an_old_token_cannot_append(place: Place) {
    let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
    writer.append(batch(1, 1..=1)).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 1 });
    // As another process does after the lock was lost, for example with the server's session.
    place.tamper("UPDATE lease SET fence = fence + 1, holder = 'process 99 on attic'").await;
    writer.append(batch(2, 2..=2)).unwrap();
    let JournalOutcome::Failed { batch: 2, cause, stored, reason } = outcomes.recv().unwrap() else {
        panic!("an old token has appended");
    };
    assert_eq!((cause, stored), (FailureCause::Fenced, TailCheck::Absent));
    assert!(reason.contains("process 99 on attic"), "{reason}");
    writer.close();
    assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 1);
}

async fn a_token_raised_during_a_commit_waits_for_it(place: Place) {
    let (fault, reached, release) = gate(CommitPlace::InCommit);
    let (writer, outcomes) = place.writer(fault).await;
    writer.append(batch(1, 1..=1)).unwrap();
    reached.recv().unwrap();
    let other = place.clone();
    let raised = tokio::spawn(async move {
        other.intruder().await;
        other.tamper("UPDATE lease SET fence = fence + 1, holder = 'process 99 on attic'").await;
        other.store().await.verify(STREAM).await.unwrap().records
    });
    release.send(()).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 1 });
    assert_eq!(raised.await.unwrap(), 1, "the new holder did not see the old holder's last commit");
    // A commit that gets this far again must fail rather than wait for a release that never comes.
    drop(release);
    writer.append(batch(2, 2..=2)).unwrap();
    let outcome = outcomes.recv().unwrap();
    assert!(matches!(outcome, JournalOutcome::Failed { cause: FailureCause::Fenced, .. }), "{outcome:?}");
    writer.close();
}

async fn readers_see_the_journal_while_a_commit_is_open(place: Place) {
    place.write(2).await;
    let (fault, reached, release) = gate(CommitPlace::InCommit);
    let (writer, outcomes) = place.writer(fault).await;
    let store = place.store().await;
    writer.append(batch(1, 3..=3)).unwrap();
    reached.recv().unwrap();
    assert_eq!(store.read_from(STREAM, 0).await.unwrap().len(), 2, "an open commit is visible, or blocks");
    release.send(()).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 3 });
    assert_eq!(store.read_from(STREAM, 0).await.unwrap().len(), 3);
    writer.close();
}

async fn a_stream_id_that_is_no_file_name_is_refused(place: Place) {
    let store = place.store().await;
    for stream in ["", "../etc", "a b", "계좌"] {
        let refused = take_lease(&store, stream, holder("run")).await.unwrap_err();
        assert!(matches!(refused, LeaseError::Store(StoreError::Misuse { .. })), "{stream}: {refused}");
    }
}
