//! Backups made, proven, refused and put back, in a folder and in a bucket.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use fsts_cloud::*;
use fsts_domain::Timestamp;
use fsts_store::*;
use tempfile::TempDir;

use crate::aws_server::AwsServer;

const STREAM: &str = "0123456789ab";

fn at(second: i64) -> Timestamp {
    Timestamp::from_ns((1_795_000_000 + second) * 1_000_000_000)
}

/// A data folder with a journal, logs, a lake, and files that no backup may hold.
struct Site {
    folder: TempDir,
}

impl Site {
    async fn new() -> Site {
        let site = Site { folder: tempfile::tempdir().unwrap() };
        site.write("tape/0123456789ab/2026-11-20.ndjson", "{\"a\":1}\n{\"b\":2}\n{\"c\":");
        site.write("decisions/0123456789ab/2026-11-20.ndjson", "{\"d\":1}\n");
        site.write("lake/bars/005930/2026.parquet", "PAR1 and so on");
        site.write("token/access.json", "canary-token");
        site.write("api-token", "canary-api-token");
        site.write("fsts.toml", "canary-settings");
        site.append(1, 100).await;
        site
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn source(&self) -> BackupSource {
        let data_dir = self.data_dir();
        BackupSource::of_data_dir(DatabaseTarget::from_settings(None, &data_dir).unwrap(), data_dir)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.data_dir().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    async fn append(&self, first: u64, last_seq: u64) {
        append(&self.source().database, first, last_seq).await;
    }
}

async fn append(target: &DatabaseTarget, first: u64, last_seq: u64) {
    let store = Store::open(target).await.unwrap();
    let holder = Holder { pid: 1, host: "desk".to_owned(), run_id: "run".to_owned(), since: at(0) };
    let lease = take_lease(&store, STREAM, holder).await.unwrap();
    let (sender, outcomes) = channel();
    let setup = JournalSetup::new(target.clone(), lease);
    let writer = JournalWriter::start(setup, move |outcome| sender.send(outcome).unwrap()).unwrap();
    let record =
        |seq| NewRecord { seq, at_ns: at(0).ns(), version: 1, payload: format!("{{\"note\":\"기록 {seq}\"}}") };
    writer.append(JournalBatch { batch: first, records: (first..=last_seq).map(record).collect() }).unwrap();
    assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: first, last_seq });
    writer.close();
    store.close().await;
}

fn open(target: &str, environment: &Environment) -> Backups {
    // The first client of a process needs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Backups::open(&TargetSetting::parse(target).unwrap(), environment).unwrap()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { files_under(&p) } else { vec![p] }).collect()
}

/// Made, proven, listed, put back elsewhere: the journal, the whole lines of the logs, the lake.
async fn round_trip(backups: &Backups) {
    let site = Site::new().await;
    let made = backups.create(&site.source(), 3, at(1)).await.unwrap();
    assert_eq!((made.files, made.verified_ns), (4, None));
    let proven = backups.verify(None, &site.data_dir(), at(2)).await.unwrap();
    assert_eq!((proven.id.as_str(), proven.files), (made.id.as_str(), 4));
    assert_eq!((proven.journals[0].stream.as_str(), proven.journals[0].records), (STREAM, 100));
    let listed = backups.list().await.unwrap();
    assert_eq!(listed, [BackupInfo { verified_ns: Some(at(2).ns()), ..made.clone() }]);

    let into = tempfile::tempdir().unwrap();
    let data_dir = into.path().join("data");
    let target = DatabaseTarget::from_settings(None, &data_dir).unwrap();
    let into = BackupSource::of_data_dir(target.clone(), data_dir.clone());
    let restored = backups.restore(Some(&made.id), &into).await.unwrap();
    assert_eq!((restored.files, &restored.journals), (4, &proven.journals));
    let read = |name: &str| std::fs::read_to_string(data_dir.join(name)).unwrap();
    assert_eq!(read("tape/0123456789ab/2026-11-20.ndjson"), "{\"a\":1}\n{\"b\":2}\n");
    assert_eq!(read("decisions/0123456789ab/2026-11-20.ndjson"), "{\"d\":1}\n");
    assert_eq!(read("lake/bars/005930/2026.parquet"), "PAR1 and so on");
    let names: Vec<PathBuf> = files_under(&data_dir);
    assert!(!names.iter().any(|p| p.to_string_lossy().contains("token")), "{names:?}");
    assert!(!data_dir.join(INCOMPLETE).exists());
    // The journal goes on where it was copied.
    append(&target, 101, 102).await;
    let again = backups.restore(None, &into).await.unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty { .. }), "{again}");
}

#[tokio::test]
async fn a_backup_in_a_folder_is_proven_and_put_back() {
    let target = tempfile::tempdir().unwrap();
    round_trip(&open(target.path().to_str().unwrap(), &Environment::new())).await;
    for file in files_under(target.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let holds = |word: &[u8]| bytes.windows(word.len()).any(|w| w == word);
        assert!(!holds(b"canary"), "{} holds a secret", file.display());
    }
}

#[tokio::test]
async fn a_backup_in_a_bucket_is_proven_and_put_back() {
    let Some(server) = AwsServer::start() else { return };
    server.make_bucket("fsts-backup").await;
    round_trip(&open("s3://fsts-backup/prod/one", &server.environment())).await;
    let missing = open("s3://no-such-bucket/prod", &server.environment());
    let error = missing.list().await.unwrap_err();
    assert!(matches!(&error, BackupError::Target { target, .. } if target == "s3://no-such-bucket/prod"), "{error}");
}

#[tokio::test]
async fn retention_lets_go_of_the_oldest_and_keeps_every_piece_of_the_rest() {
    let (site, target) = (Site::new().await, tempfile::tempdir().unwrap());
    let backups = open(target.path().to_str().unwrap(), &Environment::new());
    let mut ids = Vec::new();
    for round in 0..4u64 {
        site.write(&format!("lake/bars/{round}.parquet"), &format!("only in {round}"));
        site.append(101 + round, 101 + round).await;
        ids.push(backups.create(&site.source(), 2, at(10 + i64::try_from(round).unwrap())).await.unwrap().id);
        std::fs::remove_file(site.data_dir().join(format!("lake/bars/{round}.parquet"))).unwrap();
    }
    let kept: Vec<String> = backups.list().await.unwrap().into_iter().map(|i| i.id).collect();
    assert_eq!(kept, [ids[3].clone(), ids[2].clone()]);
    for id in &kept {
        backups.verify(Some(id), &site.data_dir(), at(20)).await.unwrap();
    }
    assert!(matches!(backups.find(Some(&ids[0])).await, Err(BackupError::NotFound { .. })));
    let texts: Vec<Vec<u8>> = files_under(target.path()).iter().map(|p| std::fs::read(p).unwrap()).collect();
    assert!(!texts.iter().any(|t| t == b"only in 0") && texts.iter().any(|t| t == b"only in 3"));
}

#[tokio::test]
async fn whatever_is_damaged_is_found() {
    let (site, target) = (Site::new().await, tempfile::tempdir().unwrap());
    let backups = open(target.path().to_str().unwrap(), &Environment::new());
    backups.create(&site.source(), 3, at(1)).await.unwrap();
    let pieces = files_under(&target.path().join("objects"));
    assert_eq!(pieces.len(), 4);
    for piece in &pieces {
        let sound = std::fs::read(piece).unwrap();
        let mut flipped = sound.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for bad in [Some(flipped), Some(Vec::new()), None] {
            match bad {
                Some(bad) => std::fs::write(piece, bad).unwrap(),
                None => std::fs::remove_file(piece).unwrap(),
            }
            let error = backups.verify(None, &site.data_dir(), at(2)).await.unwrap_err();
            assert!(matches!(error, BackupError::Damaged { .. }), "{}: {error}", piece.display());
        }
        std::fs::write(piece, sound).unwrap();
    }
    backups.verify(None, &site.data_dir(), at(3)).await.unwrap();
    let manifest = files_under(&target.path().join("manifests")).remove(0);
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"records\":100", "\"records\":99");
    std::fs::write(&manifest, text).unwrap();
    assert!(matches!(backups.verify(None, &site.data_dir(), at(4)).await, Err(BackupError::Damaged { .. })));
}

#[tokio::test]
async fn a_journal_that_was_tampered_with_makes_no_backup() {
    use sqlx::{Connection, Executor};
    let (site, target) = (Site::new().await, tempfile::tempdir().unwrap());
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}", site.data_dir().join("fsts.db").display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    connection.execute("DELETE FROM journal WHERE seq = 50").await.unwrap();
    connection.close().await.unwrap();
    let backups = open(target.path().to_str().unwrap(), &Environment::new());
    let error = backups.create(&site.source(), 3, at(1)).await.unwrap_err();
    assert!(matches!(error, BackupError::Chain(_)), "{error}");
    assert!(backups.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_at_once_are_one_and_a_dead_one_does_not_block_for_ever() {
    let (site, target) = (Site::new().await, tempfile::tempdir().unwrap());
    let backups = open(target.path().to_str().unwrap(), &Environment::new());
    let note = format!("{{\"since_ns\":{},\"what\":\"a backup\"}}", at(0).ns());
    std::fs::write(target.path().join("lock"), note).unwrap();
    let busy = backups.create(&site.source(), 3, at(60)).await.unwrap_err();
    assert!(matches!(busy, BackupError::Busy { .. }), "{busy}");
    backups.create(&site.source(), 3, at(7 * 3600)).await.unwrap();
    assert!(!target.path().join("lock").exists());
}

#[tokio::test]
async fn a_cut_off_restore_leaves_its_mark_and_an_occupied_place_is_refused_untouched() {
    let (site, target) = (Site::new().await, tempfile::tempdir().unwrap());
    let backups = open(target.path().to_str().unwrap(), &Environment::new());
    backups.create(&site.source(), 3, at(1)).await.unwrap();
    let before = files_under(&site.data_dir()).len();
    let refused = backups.restore(None, &site.source()).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
    assert_eq!(files_under(&site.data_dir()).len(), before);
    let mark = Backups::set_aside(&site.source(), at(9)).await.unwrap();
    assert!(site.data_dir().join(&mark).join("fsts.db").exists(), "nothing is deleted");
    backups.restore(None, &site.source()).await.unwrap();
    assert_eq!(Store::open(&site.source().database).await.unwrap().verify(STREAM).await.unwrap().records, 100);
    for piece in files_under(&target.path().join("objects")) {
        std::fs::write(piece, "x").unwrap();
    }
    let into = tempfile::tempdir().unwrap();
    let data_dir = into.path().join("data");
    let place = DatabaseTarget::from_settings(None, &data_dir).unwrap();
    let error = backups.restore(None, &BackupSource::of_data_dir(place, data_dir.clone())).await.unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    assert!(data_dir.join(INCOMPLETE).exists());
}
