//! Appending: order, durability, failure.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use fsts_store::*;

use crate::place::{Place, STREAM, batch, holder, record};

on_both! {
    appended_records_read_back_unchanged
    the_next_run_goes_on_where_the_last_one_ended
    a_record_out_of_order_is_refused
    a_failed_commit_is_reported_and_final
    a_batch_is_stored_whole_or_not_at_all
    an_empty_batch_is_committed_without_a_record
    a_paused_journal_takes_batches_and_commits_them_later
    a_full_queue_refuses_at_once
    records_of_two_accounts_do_not_mix
}

async fn appended_records_read_back_unchanged(place: Place) {
    let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
    assert_eq!(writer.last_seq_at_start(), 0);
    writer.append(batch(1, 1..=3)).unwrap();
    writer.append(batch(2, 4..=4)).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 3 });
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 2, last_seq: 4 });
    writer.close();

    let store = place.store().await;
    let stored = store.read_from(STREAM, 0).await.unwrap();
    assert_eq!(stored.len(), 4);
    for (stored, seq) in stored.iter().zip(1..) {
        let expected = record(seq);
        assert_eq!((stored.seq, stored.at_ns, stored.version), (seq, expected.at_ns, expected.version));
        assert_eq!((stored.payload.as_str(), stored.run_id.as_str()), (expected.payload.as_str(), "run-1"));
        assert_eq!(stored.fence, 1);
    }
    assert_eq!(store.read_from(STREAM, 3).await.unwrap(), stored[3..]);
    let report = store.verify(STREAM).await.unwrap();
    assert_eq!((report.records, report.last_hash.as_str()), (4, stored[3].hash.as_str()));
}

async fn the_next_run_goes_on_where_the_last_one_ended(place: Place) {
    place.write(2500).await;
    let lease = take_lease(&place.store().await, STREAM, holder("run-2")).await.unwrap();
    assert_eq!(lease.fence(), 2);
    let (writer, outcomes) = place.writer_with(lease, Arc::new(NoFault));
    assert_eq!(writer.last_seq_at_start(), 2500);
    writer.append(batch(1, 2501..=2501)).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 2501 });
    writer.close();
    let store = place.store().await;
    assert_eq!(store.verify(STREAM).await.unwrap().records, 2501);
    let tail = store.read_from(STREAM, 2499).await.unwrap();
    assert_eq!(tail.iter().map(|r| (r.seq, r.fence)).collect::<Vec<_>>(), [(2500, 1), (2501, 2)]);
}

async fn a_record_out_of_order_is_refused(place: Place) {
    for (first, wrong) in [(1, 3), (1, 1), (2, 2)] {
        let lease = take_lease(&place.store().await, STREAM, holder("run")).await.unwrap();
        let (writer, outcomes) = place.writer_with(lease, Arc::new(NoFault));
        let records = vec![record(first), record(wrong)];
        writer.append(JournalBatch { batch: 1, records }).unwrap();
        let JournalOutcome::Failed { batch: 1, cause, stored, .. } = outcomes.recv().unwrap() else {
            panic!("{first}, {wrong} was committed");
        };
        assert_eq!((cause, stored), (FailureCause::OutOfOrder, TailCheck::Absent));
        writer.close();
    }
    assert!(place.store().await.read_from(STREAM, 0).await.unwrap().is_empty());
}

async fn a_failed_commit_is_reported_and_final(place: Place) {
    let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
    writer.append(batch(1, 1..=1)).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 1 });
    place
        .tamper(
            "INSERT INTO journal SELECT stream, 2, 'intruder', fence, at_ns, version, payload, crc, hash FROM journal",
        )
        .await;
    writer.append(batch(2, 2..=2)).unwrap();
    let JournalOutcome::Failed { batch: 2, cause, stored, .. } = outcomes.recv().unwrap() else { panic!("committed") };
    assert_eq!((cause, stored), (FailureCause::Database, TailCheck::Absent));
    // The cause goes away, the writer stays closed all the same.
    place.tamper("DELETE FROM journal WHERE seq = 2").await;
    writer.append(batch(3, 2..=2)).unwrap();
    let JournalOutcome::Failed { batch: 3, cause, .. } = outcomes.recv().unwrap() else { panic!("committed") };
    assert_eq!(cause, FailureCause::GivenUp);
    writer.close();
    assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 1);
}

async fn a_batch_is_stored_whole_or_not_at_all(place: Place) {
    let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
    place.tamper(&format!("INSERT INTO journal VALUES ('{STREAM}', 3, 'intruder', 0, 0, 0, '', 0, '')")).await;
    writer.append(batch(1, 1..=3)).unwrap();
    assert!(matches!(outcomes.recv().unwrap(), JournalOutcome::Failed { batch: 1, .. }));
    writer.close();
    place.tamper("DELETE FROM journal WHERE seq = 3").await;
    assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 0);
}

async fn an_empty_batch_is_committed_without_a_record(place: Place) {
    let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
    writer.append(JournalBatch { batch: 9, records: Vec::new() }).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 9, last_seq: 0 });
    writer.close();
}

async fn a_paused_journal_takes_batches_and_commits_them_later(place: Place) {
    let pause = Arc::new(PauseSwitch::default());
    pause.set_paused(true);
    let (writer, outcomes) = place.writer(pause.clone()).await;
    for seq in 1..=100 {
        writer.append(batch(seq, seq..=seq)).unwrap();
    }
    assert!(place.store().await.read_from(STREAM, 0).await.unwrap().is_empty());
    assert!(outcomes.try_recv().is_err());
    pause.set_paused(false);
    for seq in 1..=100 {
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: seq, last_seq: seq });
    }
    writer.close();
}

async fn a_full_queue_refuses_at_once(place: Place) {
    let pause = Arc::new(PauseSwitch::default());
    pause.set_paused(true);
    let (writer, outcomes) = place.writer(pause.clone()).await;
    let taken = (1..=100_000).take_while(|n| writer.append(batch(*n, 1..=1)).is_ok()).count();
    assert!((1000..10_000).contains(&taken), "{taken}");
    // Whatever was taken is answered: the first one is committed, the others repeat its number.
    pause.set_paused(false);
    writer.close();
    assert_eq!(outcomes.try_iter().count(), taken);
}

async fn records_of_two_accounts_do_not_mix(place: Place) {
    place.write(3).await;
    let lease = take_lease(&place.store().await, "other", holder("run-b")).await.unwrap();
    let (writer, outcomes) = place.writer_with(lease, Arc::new(NoFault));
    writer.append(batch(1, 1..=1)).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 1 });
    writer.close();
    let store = place.store().await;
    assert_eq!(store.verify(STREAM).await.unwrap().records, 3);
    assert_eq!(store.verify("other").await.unwrap().records, 1);
}

/// Stops at one place until it is told to go on.
struct Gate {
    place: CommitPlace,
    reached: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl FaultPoint for Gate {
    fn reach(&self, place: CommitPlace, _batch: u64) {
        if place == self.place {
            self.reached.send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
    }
}

/// A fault that stops once at `place`, with the ends to watch and to release it.
pub fn gate(place: CommitPlace) -> (Arc<dyn FaultPoint>, Receiver<()>, Sender<()>) {
    let (reached, watch) = channel();
    let (release, go_on) = channel();
    (Arc::new(Gate { place, reached, go_on: Mutex::new(go_on) }), watch, release)
}
