//! A database of a test's own, and a journal on it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use fsts_domain::Timestamp;
use fsts_store::*;
use sqlx::{AnyConnection, Connection, Executor};

pub const STREAM: &str = "0123456789ab";

/// Where a test's database is.
#[derive(Clone)]
pub struct Place {
    pub target: DatabaseTarget,
}

impl Place {
    pub async fn store(&self) -> Store {
        Store::open(&self.target).await.unwrap()
    }

    /// A connection that knows none of the store's rules.
    pub async fn intruder(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let url = match &self.target {
            DatabaseTarget::Sqlite(path) => format!("sqlite://{}?mode=rwc", path.display()),
            DatabaseTarget::Postgres(url) => url.clone(),
        };
        AnyConnection::connect(&url).await.unwrap()
    }

    /// Runs a statement behind the store's back.
    pub async fn tamper(&self, sql: &str) {
        let mut connection = self.intruder().await;
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
    }

    pub async fn writer(&self, fault: Arc<dyn FaultPoint>) -> (JournalWriter, Receiver<JournalOutcome>) {
        let lease = take_lease(&self.store().await, STREAM, holder("run-1")).await.unwrap();
        self.writer_with(lease, fault)
    }

    pub fn writer_with(&self, lease: Lease, fault: Arc<dyn FaultPoint>) -> (JournalWriter, Receiver<JournalOutcome>) {
        let (sender, outcomes) = channel();
        let setup = JournalSetup { target: self.target.clone(), lease, fault };
        let writer = JournalWriter::start(setup, move |outcome| sender.send(outcome).unwrap()).unwrap();
        (writer, outcomes)
    }

    /// Appends `count` records in batches of at most 500 and closes the writer.
    pub async fn write(&self, count: u64) {
        let (writer, outcomes) = self.writer(Arc::new(NoFault)).await;
        for first in (1..=count).step_by(500) {
            let last_seq = (first + 499).min(count);
            writer.append(batch(first, first..=last_seq)).unwrap();
            assert_eq!(outcomes.recv().unwrap(), JournalOutcome::Committed { batch: first, last_seq });
        }
        writer.close();
    }
}

pub fn holder(run_id: &str) -> Holder {
    let since = Timestamp::from_ns(1_795_000_000_000_000_000);
    Holder { pid: 4711, host: "desk".to_owned(), run_id: run_id.to_owned(), since }
}

pub fn record(seq: u64) -> NewRecord {
    let at_ns = 1_795_000_000_000_000_000 + i64::try_from(seq).unwrap();
    NewRecord { seq, at_ns, version: 1, payload: format!("{{\"note\":\"기록 {seq}\"}}") }
}

pub fn batch(batch: u64, seqs: std::ops::RangeInclusive<u64>) -> JournalBatch {
    JournalBatch { batch, records: seqs.map(record).collect() }
}

fn block_on<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

pub fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Place) -> F) {
    let folder = tempfile::tempdir().unwrap();
    block_on(test(Place { target: DatabaseTarget::Sqlite(folder.path().join("fsts.db")) }));
}

/// The server for tests, or `None` with a word about it.
pub fn postgres_server() -> Option<String> {
    let server = std::env::var("FSTS_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if server.is_none() {
        println!("skipped: FSTS_TEST_POSTGRES not set");
    }
    server
}

pub fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Place) -> F) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = postgres_server() else { return };
    sqlx::any::install_default_drivers();
    let name = format!("fsts_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (base, _) = server.rsplit_once('/').expect("FSTS_TEST_POSTGRES ends in /database");
    let admin = |sql: String| async {
        let mut connection = AnyConnection::connect(&server).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    };
    block_on(admin(format!("CREATE DATABASE {name}")));
    let place = Place { target: DatabaseTarget::Postgres(format!("{base}/{name}")) };
    let outcome = catch_unwind(AssertUnwindSafe(|| block_on(test(place))));
    block_on(admin(format!("DROP DATABASE {name} WITH (FORCE)")));
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}
