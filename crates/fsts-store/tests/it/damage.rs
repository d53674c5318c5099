//! What was changed behind the journal's back is found before anybody trades on it.

use std::path::Path;
use std::sync::Arc;

use fsts_store::*;

use crate::place::{Place, STREAM, holder, on_sqlite, record};

on_both! {
    a_change_of_any_column_is_found
    a_missing_record_is_found
    a_tail_that_vanished_after_its_commit_is_found
    a_tail_that_somebody_added_is_found
    the_writer_refuses_to_go_on_from_a_wrong_tail
}

async fn a_change_of_any_column_is_found(place: Place) {
    place.write(5).await;
    let changes = [
        ("payload = '{\"note\":\"forged\"}'", "checksum"),
        ("crc = crc + 1", "checksum"),
        ("payload = '{}', crc = 1567131525", "checksum or link"),
        ("hash = 'ff'", "link"),
        ("at_ns = at_ns + 1", "link"),
        ("version = 2", "link"),
        ("fence = 7", "link"),
        ("run_id = 'other'", "link"),
        ("seq = 30", "gap"),
        ("crc = -1", "unreadable"),
    ];
    for (change, expected) in changes {
        place.tamper("CREATE TABLE before AS SELECT * FROM journal").await;
        place.tamper(&format!("UPDATE journal SET {change} WHERE seq = 3")).await;
        let found = place.store().await.verify(STREAM).await.unwrap_err();
        let name = match &found {
            ChainError::Checksum { seq: 3 } => "checksum",
            ChainError::Link { seq: 3 } => "link",
            ChainError::Gap { expected: 3, found: 4 } => "gap",
            ChainError::Unreadable { .. } => "unreadable",
            other => panic!("{change}: {other:?}"),
        };
        assert!(expected.contains(name), "{change}: {found}");
        place.tamper("DELETE FROM journal").await;
        place.tamper("INSERT INTO journal SELECT * FROM before").await;
        place.tamper("DROP TABLE before").await;
        assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 5);
    }
}

async fn a_missing_record_is_found(place: Place) {
    place.write(5).await;
    place.tamper("DELETE FROM journal WHERE seq = 3").await;
    let store = place.store().await;
    let found = store.verify(STREAM).await.unwrap_err();
    assert!(matches!(found, ChainError::Gap { expected: 3, found: 4 }), "{found}");
    let read = store.read_from(STREAM, 0).await.unwrap_err();
    assert!(matches!(read, StoreError::Damaged { .. }), "{read}");
}

async fn a_tail_that_vanished_after_its_commit_is_found(place: Place) {
    place.write(5).await;
    place.tamper("DELETE FROM journal WHERE seq = 5").await;
    let found = place.store().await.verify(STREAM).await.unwrap_err();
    assert!(matches!(found, ChainError::Tail { expected: 5, found: 4 }), "{found}");
}

async fn a_tail_that_somebody_added_is_found(place: Place) {
    place.write(2).await;
    let copy = "INSERT INTO journal SELECT stream, 3, run_id, fence, at_ns, version, payload, crc, hash FROM journal WHERE seq = 2";
    place.tamper(copy).await;
    let found = place.store().await.verify(STREAM).await.unwrap_err();
    assert!(matches!(found, ChainError::Link { seq: 3 }), "{found}");
}

async fn the_writer_refuses_to_go_on_from_a_wrong_tail(place: Place) {
    place.write(5).await;
    place.tamper("DELETE FROM journal WHERE seq = 5").await;
    let lease = take_lease(&place.store().await, STREAM, holder("run-2")).await.unwrap();
    let setup = JournalSetup::new(place.target.clone(), lease);
    let refused = JournalWriter::start(setup, |_| ()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
}

/// A small generator: a seed names the whole run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

#[test]
fn a_flipped_bit_or_a_cut_file_is_survived_or_refused() {
    on_sqlite(|place| async move {
        let DatabaseTarget::Sqlite(original) = &place.target else { unreachable!() };
        place.write(60).await;
        // First all is in the main file; one more run leaves a write-ahead log beside it.
        place.tamper("PRAGMA wal_checkpoint(TRUNCATE)").await;
        let main_only = snapshot(original);
        let lease = take_lease(&place.store().await, STREAM, holder("run-2")).await.unwrap();
        let (writer, outcomes) = place.writer_with(lease, Arc::new(NoFault));
        writer.append(JournalBatch { batch: 1, records: (61..=80).map(record).collect() }).unwrap();
        assert!(matches!(outcomes.recv().unwrap(), JournalOutcome::Committed { .. }));
        let with_log = snapshot(original);
        assert!(main_only.1.is_empty() && !with_log.1.is_empty(), "the write-ahead log is not where it should be");
        writer.close();
        let truth = place.store().await.read_from(STREAM, 0).await.unwrap();

        let (mut refused, mut survived) = (0, 0);
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let (snapshot, lost_tail_is_fine) = if seed % 2 == 0 { (&main_only, false) } else { (&with_log, true) };
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("fsts.db");
            damage(&mut dice, snapshot, &path);
            match read_all(&path).await {
                Err(_) => refused += 1,
                Ok(records) => {
                    survived += 1;
                    let whole = if lost_tail_is_fine { records.len() <= 80 } else { records.len() == 60 };
                    assert!(whole && records == truth[..records.len()], "seed {seed}: {} records", records.len());
                }
            }
        }
        println!("refused {refused}, survived {survived}");
        assert!(refused >= 20 && survived >= 20, "one of the outcomes is hardly ever reached: {refused}, {survived}");
    });
}

fn snapshot(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let log = path.with_file_name("fsts.db-wal");
    (std::fs::read(path).unwrap(), std::fs::read(log).unwrap_or_default())
}

/// Writes the two files with one bit flipped, or one of them cut.
fn damage(dice: &mut Dice, snapshot: &(Vec<u8>, Vec<u8>), path: &Path) {
    let (mut main, mut log) = snapshot.clone();
    let hurt = if log.is_empty() || dice.below(2) == 0 { &mut main } else { &mut log };
    let at = dice.below(hurt.len());
    if dice.below(4) == 0 {
        hurt.truncate(at);
    } else {
        hurt[at] ^= 1 << dice.below(8);
    }
    std::fs::write(path, main).unwrap();
    if !log.is_empty() {
        std::fs::write(path.with_file_name("fsts.db-wal"), log).unwrap();
    }
}

/// What a start would do: open, take the lease, verify, read.
async fn read_all(path: &Path) -> Result<Vec<StoredRecord>, String> {
    let store = Store::open(&DatabaseTarget::Sqlite(path.to_owned())).await.map_err(|e| e.to_string())?;
    let lease = take_lease(&store, STREAM, holder("run-3")).await.map_err(|e| e.to_string())?;
    store.verify(STREAM).await.map_err(|e| e.to_string())?;
    let records = store.read_from(STREAM, 0).await.map_err(|e| e.to_string());
    drop(lease);
    store.close().await;
    records
}
