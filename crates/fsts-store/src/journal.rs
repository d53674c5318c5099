//! The journal thread: durable batches, one transaction each, answered by a callback.

mod reconnect;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use sqlx::{AnyConnection, Connection, Row};

use crate::chain::{GENESIS, NewRecord, StoredRecord, signed, unsigned};
use crate::fault::{CommitPlace, FaultPoint, NoFault};
use crate::{DatabaseTarget, Lease, Store, StoreError, connect};

/// Batches that may wait; at one batch per step this is far beyond what a stalled journal lets through.
const QUEUE: usize = 4096;
/// How long the tail is asked after a failed commit before it counts as unknown.
const READ_BACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The records of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalBatch {
    /// The engine's number of the batch.
    pub batch: u64,
    /// Its records, numbered on from the last batch.
    pub records: Vec<NewRecord>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalOutcome {
    /// It is durable.
    Committed {
        /// The batch.
        batch: u64,
        /// Sequence of its last record.
        last_seq: u64,
    },
    /// It is not to be relied on, and neither is any later one of this writer: trading stops until a new start. A PostgreSQL
    /// server that went away is waited for before that.
    Failed {
        /// The batch.
        batch: u64,
        /// What kind of failure it was.
        cause: FailureCause,
        /// Whether the records were found when the tail was read back.
        stored: TailCheck,
        /// The same in words.
        reason: String,
    },
}

/// Why a batch failed, named by what must happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// Another process has taken the stream: this one must end.
    Fenced,
    /// The records do not follow the tail: a bug, or somebody wrote behind the writer's back.
    OutOfOrder,
    /// The database failed or went away: start again when it is back.
    Database,
    /// An earlier batch had failed, this one was not tried.
    GivenUp,
}

/// What the tail said after a failed commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailCheck {
    /// The records are there although the commit failed.
    Present,
    /// They are not there.
    Absent,
    /// The tail could not be read.
    Unknown,
}

/// The queue is full, or the thread has ended: the journal is stalled and no order may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal queue is full")]
pub struct QueueFull;

/// What a journal thread is started with.
pub struct JournalSetup {
    /// The database.
    pub target: DatabaseTarget,
    /// The right to append; it is given up when the thread ends.
    pub lease: Lease,
    /// What happens at the places of a commit.
    pub fault: Arc<dyn FaultPoint>,
}

impl JournalSetup {
    /// A setup in which commits just happen.
    pub fn new(target: DatabaseTarget, lease: Lease) -> Self {
        JournalSetup { target, lease, fault: Arc::new(NoFault) }
    }
}

/// The handle of the journal thread. Dropping it lets the thread finish what is queued.
#[derive(Debug)]
pub struct JournalWriter {
    queue: Option<SyncSender<JournalBatch>>,
    thread: Option<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    last_seq: u64,
}

impl JournalWriter {
    /// Starts the thread and waits until its connection stands. `on_done` is called on that thread, once per batch,
    /// in order; it must not block.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be reached, or [`StoreError::Damaged`] when the tail is not the one
    /// that was committed last.
    pub fn start(
        setup: JournalSetup,
        on_done: impl Fn(JournalOutcome) + Send + 'static,
    ) -> Result<JournalWriter, StoreError> {
        let failed = |e: std::io::Error| StoreError::Failed { reason: format!("no journal thread: {e}") };
        let (queue, batches) = sync_channel(QUEUE);
        let (ready, started) = sync_channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let closing = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closing);
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            match runtime.block_on(Tail::open(setup, seen)) {
                Ok(tail) => {
                    // The starter waits for this; if it is gone, so is the queue, and the thread ends by itself.
                    let _ = ready.send(Ok(tail.seq));
                    let tail = serve(tail, &runtime, &batches, on_done);
                    // All is committed; a connection that cannot say goodbye changes nothing about that.
                    let _ = runtime.block_on(tail.connection.close());
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            }
        });
        let thread = thread.map_err(failed)?;
        let gone = || StoreError::Failed { reason: "the journal thread ended at its start".to_owned() };
        let last_seq = started.recv().map_err(|_| gone())??;
        Ok(JournalWriter { queue: Some(queue), thread: Some(thread), closing, last_seq })
    }

    /// Sequence of the last record when the thread was started; the first batch goes on from here.
    pub fn last_seq_at_start(&self) -> u64 {
        self.last_seq
    }

    /// Queues a batch. Never blocks.
    ///
    /// # Errors
    /// [`QueueFull`]: the batch was not taken, and will not be.
    pub fn append(&self, batch: JournalBatch) -> Result<(), QueueFull> {
        match self.queue.as_ref().map(|queue| queue.try_send(batch)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => Err(QueueFull),
        }
    }

    /// Commits what is queued, ends the thread and gives the lease back. A database that is away is not waited for.
    pub fn close(mut self) {
        self.closing.store(true, Ordering::Relaxed);
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already been reported by its panic hook.
            let _ = thread.join();
        }
    }
}

fn serve(
    mut tail: Tail,
    runtime: &tokio::runtime::Runtime,
    batches: &Receiver<JournalBatch>,
    on_done: impl Fn(JournalOutcome),
) -> Tail {
    let mut given_up: Option<String> = None;
    while let Ok(batch) = batches.recv() {
        let number = batch.batch;
        if let Some(reason) = &given_up {
            let (cause, stored) = (FailureCause::GivenUp, TailCheck::Absent);
            on_done(JournalOutcome::Failed { batch: number, cause, stored, reason: reason.clone() });
            continue;
        }
        match runtime.block_on(tail.commit(batch)) {
            Ok(last_seq) => {
                tail.setup.fault.reach(CommitPlace::AfterCommit, number);
                on_done(JournalOutcome::Committed { batch: number, last_seq });
            }
            Err(failure) => {
                tracing::error!(batch = number, cause = ?failure.cause, stored = ?failure.stored, "{}", failure.reason);
                let Failure { cause, stored, reason } = failure;
                given_up = Some(format!("the journal was given up: {reason}"));
                on_done(JournalOutcome::Failed { batch: number, cause, stored, reason });
            }
        }
    }
    tail
}

struct Failure {
    cause: FailureCause,
    stored: TailCheck,
    reason: String,
}

impl Failure {
    /// A failure before anything was written.
    fn untouched(cause: FailureCause, reason: String) -> Failure {
        Failure { cause, stored: TailCheck::Absent, reason }
    }
}

/// The connection with the end of the chain.
struct Tail {
    setup: JournalSetup,
    connection: AnyConnection,
    closing: Arc<AtomicBool>,
    seq: u64,
    hash: String,
}

impl Tail {
    async fn open(setup: JournalSetup, closing: Arc<AtomicBool>) -> Result<Tail, StoreError> {
        let mut connection = connect::connect(&setup.target).await?;
        let sql = "SELECT seq, hash FROM journal WHERE stream = $1 ORDER BY seq DESC LIMIT 1";
        let row = sqlx::query(sql).bind(setup.lease.stream()).fetch_optional(&mut connection).await?;
        let (seq, hash) = match row {
            Some(row) => (unsigned(&row, "seq")?, row.try_get("hash")?),
            None => (0, GENESIS.to_owned()),
        };
        let committed = sqlx::query("SELECT last_seq FROM lease WHERE stream = $1").bind(setup.lease.stream());
        let committed = unsigned(&committed.fetch_one(&mut connection).await?, "last_seq")?;
        if committed != seq {
            let what = format!("the journal ends at record {seq} but {committed} were committed");
            return Err(StoreError::Damaged { what });
        }
        Ok(Tail { setup, connection, closing, seq, hash })
    }

    /// Commits a batch and moves the tail.
    async fn commit(&mut self, batch: JournalBatch) -> Result<u64, Failure> {
        let number = batch.batch;
        let records = self.seal(batch)?;
        let Some(last) = records.last() else {
            return Ok(self.seq);
        };
        self.setup.fault.reach(CommitPlace::BeforeCommit, number);
        match self.transact(number, &records).await {
            Ok(true) => {}
            Ok(false) => return Err(self.refused().await),
            Err(error) => self.survive(number, &records, error).await?,
        }
        self.seq = last.seq;
        self.hash.clone_from(&last.hash);
        Ok(self.seq)
    }

    /// Numbers checked, checksums and links made.
    fn seal(&self, batch: JournalBatch) -> Result<Vec<StoredRecord>, Failure> {
        let run = (self.setup.lease.holder().run_id.as_str(), self.setup.lease.fence());
        let mut sealed: Vec<StoredRecord> = Vec::with_capacity(batch.records.len());
        for (record, expected) in batch.records.into_iter().zip(self.seq + 1..) {
            if record.seq != expected {
                let reason = format!("record {} came where {expected} was expected", record.seq);
                return Err(Failure::untouched(FailureCause::OutOfOrder, reason));
            }
            let before = sealed.last().map_or(self.hash.as_str(), |r| r.hash.as_str());
            let next = StoredRecord::seal(self.setup.lease.stream(), run, record, before);
            sealed.push(next);
        }
        Ok(sealed)
    }

    /// Inserts and commits. `false`: the lease row is no longer ours as we left it; nothing was written.
    async fn transact(&mut self, number: u64, records: &[StoredRecord]) -> Result<bool, sqlx::Error> {
        let stream = self.setup.lease.stream();
        let last = records.last().map_or(self.seq, |r| r.seq);
        let mut transaction = self.connection.begin().await?;
        // First of all the lease row: it takes the write lock on both databases, so a token can't be raised between
        // this check and the commit.
        let sql = "UPDATE lease SET last_seq = $1 WHERE stream = $2 AND fence = $3 AND last_seq = $4";
        let held = sqlx::query(sql).bind(signed(last)).bind(stream);
        let held = held.bind(signed(self.setup.lease.fence())).bind(signed(self.seq));
        if held.execute(&mut *transaction).await?.rows_affected() != 1 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let sql = "INSERT INTO journal (stream, seq, run_id, fence, at_ns, version, payload, crc, hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        for record in records {
            let insert = sqlx::query(sql).bind(stream).bind(signed(record.seq)).bind(&record.run_id);
            let insert = insert.bind(signed(record.fence)).bind(record.at_ns).bind(record.version);
            let insert = insert.bind(&record.payload).bind(i64::from(record.crc)).bind(&record.hash);
            insert.execute(&mut *transaction).await?;
        }
        self.setup.fault.reach(CommitPlace::InCommit, number);
        transaction.commit().await?;
        Ok(true)
    }

    /// Why the lease row did not match.
    async fn refused(&mut self) -> Failure {
        let ours = self.setup.lease.fence();
        let row = sqlx::query("SELECT fence, holder FROM lease WHERE stream = $1").bind(self.setup.lease.stream());
        let row = row.fetch_optional(&mut self.connection).await.ok().flatten();
        let seen = row.and_then(|row| Some((unsigned(&row, "fence").ok()?, row.try_get::<String, _>("holder").ok()?)));
        match seen {
            Some((fence, _)) if fence == ours => {
                let reason = format!("the journal no longer ends at record {}", self.seq);
                Failure::untouched(FailureCause::OutOfOrder, reason)
            }
            Some((fence, holder)) => {
                let reason = format!("fencing token {ours} was replaced by {fence}, held by {holder}");
                Failure::untouched(FailureCause::Fenced, reason)
            }
            None => Failure::untouched(FailureCause::Fenced, format!("the lease row of token {ours} is gone")),
        }
    }

    /// Looks on a fresh connection whether the records went through after all.
    async fn read_back(&self, last: &StoredRecord) -> TailCheck {
        let look = async {
            let mut connection = connect::connect(&self.setup.target).await?;
            Store::holds(&mut connection, (self.setup.lease.stream(), last.seq, &last.hash)).await
        };
        match tokio::time::timeout(READ_BACK_TIMEOUT, look).await {
            Ok(Ok(true)) => TailCheck::Present,
            Ok(Ok(false)) => TailCheck::Absent,
            Ok(Err(_)) | Err(_) => TailCheck::Unknown,
        }
    }
}
