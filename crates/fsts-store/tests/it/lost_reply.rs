//! PostgreSQL only: the connection breaks between the commit and its answer, or the lock's session ends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fsts_store::*;

use crate::journal::gate;
use crate::place::{Place, STREAM, batch, holder, on_postgres};

/// Forwards to the server; when armed, lets the next COMMIT through and cuts the line instead of answering it.
fn proxy(server: String, armed: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let cut = Arc::new(AtomicBool::new(false));
            let (armed, cut_here) = (Arc::clone(&armed), Arc::clone(&cut));
            std::thread::spawn(move || {
                forward(client, server, |bytes| {
                    if bytes.windows(6).any(|w| w == b"COMMIT") && armed.swap(false, Ordering::SeqCst) {
                        cut_here.store(true, Ordering::SeqCst);
                    }
                    true
                })
            });
            std::thread::spawn(move || forward(from_server, to_client, |_| !cut.load(Ordering::SeqCst)));
        }
    });
    port
}

fn forward(mut from: TcpStream, mut to: TcpStream, mut may_pass: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0u8; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if !may_pass(&buffer[..count]) || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_by_reading_back() {
    on_postgres(|direct| async move {
        let DatabaseTarget::Postgres(url) = &direct.target else { unreachable!() };
        let (front, database) = url.rsplit_once('/').unwrap();
        let (login, server) = front.rsplit_once('@').unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let port = proxy(server.to_owned(), Arc::clone(&armed));
        let target = DatabaseTarget::Postgres(format!("{login}@127.0.0.1:{port}/{database}"));
        let lease = take_lease(&direct.store().await, STREAM, holder("run-1")).await.unwrap();
        let (writer, outcomes) = Place { target }.writer_with(lease, Arc::new(NoFault));
        writer.append(batch(1, 1..=1)).unwrap();
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 1 });
        armed.store(true, Ordering::SeqCst);
        writer.append(batch(2, 2..=2)).unwrap();
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 2, last_seq: 2 });
        // It was not written a second time, and the writer goes on after it.
        writer.append(batch(3, 3..=3)).unwrap();
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 3, last_seq: 3 });
        writer.close();
        assert_eq!(direct.store().await.verify(STREAM).await.unwrap().records, 3);
    });
}

#[test]
fn a_batch_whose_session_ended_in_its_commit_is_written_whole_by_the_next_one() {
    on_postgres(|place| async move {
        let (fault, reached, release) = gate(CommitPlace::InCommit);
        let (writer, outcomes) = place.writer(fault).await;
        writer.append(batch(1, 1..=2)).unwrap();
        reached.recv().unwrap();
        end_sessions(&place, "state = 'idle in transaction'").await;
        release.send(()).unwrap();
        reached.recv().unwrap();
        assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 0, "the first attempt left nothing");
        release.send(()).unwrap();
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 2 });
        writer.close();
        assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 2);
    });
}

#[test]
fn a_writer_whose_sessions_all_ended_takes_its_lock_again_and_goes_on() {
    on_postgres(|place| async move {
        let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
        writer.append(batch(1, 1..=1)).unwrap();
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 1, last_seq: 1 });
        end_sessions(&place, "true").await;
        writer.append(batch(2, 2..=3)).unwrap();
        assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: 2, last_seq: 3 });
        let refused = take_lease(&place.store().await, STREAM, holder("run-2")).await;
        assert!(matches!(refused, Err(LeaseError::Held { .. })), "{refused:?}");
        writer.close();
        assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 3);
    });
}

#[test]
fn a_lock_whose_session_ended_passes_on_and_fences_the_old_holder() {
    on_postgres(|place| async move {
        let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
        let holders = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')";
        end_sessions(&place, holders).await;
        let lease = take_lease(&place.store().await, STREAM, holder("run-2")).await.unwrap();
        assert_eq!(lease.fence(), 2);
        writer.append(batch(1, 1..=1)).unwrap();
        let outcome = outcomes.recv().unwrap();
        assert!(matches!(outcome, JournalOutcome::Failed { cause: FailureCause::Fenced, .. }), "{outcome:?}");
        writer.close();
    });
}

async fn end_sessions(place: &Place, which: &str) {
    let count = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND ";
    place.tamper(&format!("{count}{which}")).await;
}
