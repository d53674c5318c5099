//! What must survive, in SQLite or PostgreSQL by the same SQL and the same migrations.
//!
//! - [`Store`]: the open database; [`Store::verify`] proves a journal before anybody trades on it
//! - [`take_lease`]: one writer per account, a lock plus a fencing token
//! - [`JournalWriter`]: the journal thread; a batch is durable when [`JournalOutcome::Committed`] says so
//! - [`ReadModel`]: rows for screens that follow the journal; [`Store::orders`] and its like read them
//! - users and sessions of the dashboard: [`Store::open_session`] and its like
//! - idempotency keys, the outbox of alerts, scheduled jobs with their runs, daily snapshots: methods of [`Store`]
//! - the assistant's conversations and proposals: methods of [`Store`]
//! - [`Store::copy_into`], [`Store::write_rows`]: a copy of all of it while it is in use, for a backup
//!
//! Only the journal decides. Whatever else is in the database can be rebuilt from it or may be lost.

mod chain;
mod checkpoint;
mod connect;
mod conversation;
mod entry;
mod error;
mod fault;
mod idempotency;
mod job_runs;
mod jobs;
mod journal;
mod lock;
mod occupancy;
mod outbox;
mod projection;
mod proposal;
mod read;
mod read_model;
mod rows;
mod schema;
mod series;
mod session;
mod simulations;
mod snapshot;
mod snapshots;
mod store;
mod target;
mod verify;

pub use chain::{NewRecord, StoredRecord};
pub use conversation::{CheckpointRow, ConversationRow};
pub use error::StoreError;
pub use fault::{AbortAt, CommitPlace, FaultPoint, NoFault, PauseSwitch};
pub use idempotency::Claim;
pub use job_runs::{JobClaim, JobRunRow, RunOutcome, Runner};
pub use jobs::{JobDefinition, JobRow, MissedPolicy};
pub use journal::{FailureCause, JournalBatch, JournalOutcome, JournalSetup, JournalWriter, QueueFull, TailCheck};
pub use lock::{Holder, Lease, LeaseError, stream_of, take_lease};
pub use outbox::{Alert, Channel, Enqueued, Outgoing, Severity};
pub use proposal::{Decided, PENDING, ProposalRow};
pub use read::{AccountRow, AsOf, FillRow, OrderFilter, OrderRow, PositionRow};
pub use read_model::ReadModel;
pub use series::BarRow;
pub use session::SessionRow;
pub use simulations::{Kept, NewSimulation, SimulationEnd, SimulationRow};
pub use snapshot::Tables;
pub use snapshots::{OwnerFlow, SnapshotRow};
pub use store::Store;
pub use target::DatabaseTarget;
pub use verify::{ChainError, ChainReport};
