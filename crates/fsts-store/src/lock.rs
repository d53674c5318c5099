//! One writer per account: a lock that falls with the process, and a fencing token that outlives it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use fsts_domain::{AccountNo, Timestamp};
use sqlx::{AnyConnection, Connection, Row};

use crate::chain::unsigned;
use crate::{DatabaseTarget, Store, StoreError, connect};

/// A killed holder's server session ends a moment after the process; wait that long before naming a dead holder.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// A session that does not answer for so long has ended with its server.
const PING_MAX: Duration = Duration::from_secs(2);

/// Who holds, or wants to hold, an account's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// Random id of the run; written into each record.
    pub run_id: String,
    /// Start of the process.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}, run {}, since {}", self.pid, self.host, self.run_id, self.since)
    }
}

/// Why the stream could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process trades this account: stop it first.
    #[error("this account is already traded by {holder}")]
    Held {
        /// The other process, as it named itself.
        holder: String,
    },
    /// The lock file cannot be used: check the data directory.
    #[error("the lock file {path} cannot be used: {reason}")]
    LockFile {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The right to append to a stream. It ends when dropped, and when the process dies.
#[derive(Debug)]
pub struct Lease {
    stream: String,
    fence: u64,
    holder: Holder,
    /// Lasts as long as the lease.
    lock: Lock,
}

#[derive(Debug)]
enum Lock {
    File { _file: File },
    Session { connection: Box<AnyConnection> },
}

impl Lease {
    /// The stream it is for.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Its fencing token; every later lease of the stream has a higher one.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Who holds it.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether the lock is still held, or could be taken once more after its session had ended with the server.
    pub(crate) async fn stands(&mut self, target: &DatabaseTarget) -> Result<bool, StoreError> {
        let Lock::Session { connection } = &mut self.lock else { return Ok(true) };
        let alive = tokio::time::timeout(PING_MAX, connection.ping()).await;
        if matches!(alive, Ok(Ok(()))) {
            return Ok(true);
        }
        match session(target, &self.stream).await? {
            Ok(again) => {
                **connection = again;
                Ok(true)
            }
            Err(refused) => {
                // It stays refused whether or not this connection says goodbye in order.
                let _ = refused.close().await;
                Ok(false)
            }
        }
    }
}

/// The stream of an account in an environment: the same each time, and not the account number.
pub fn stream_of(account: &AccountNo, environment: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("fsts journal stream");
    hasher.update(environment.as_bytes());
    hasher.update(b"/");
    hasher.update(account.reveal().as_bytes());
    hasher.finalize().to_hex().chars().take(12).collect()
}

/// Takes the stream: first the lock, then a higher fencing token, which ends the right of any former holder.
///
/// Read and verify the journal only after this returned: until then a former holder may still commit.
///
/// # Errors
/// [`LeaseError::Held`] naming the holder.
pub async fn take_lease(store: &Store, stream: &str, holder: Holder) -> Result<Lease, LeaseError> {
    let well_formed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if stream.is_empty() || stream.len() > 64 || !stream.chars().all(well_formed) {
        let what = "a stream id is 1 to 64 of a-z, A-Z, 0-9, - and _".to_owned();
        return Err(StoreError::Misuse { what }.into());
    }
    let lock = match store.target() {
        DatabaseTarget::Sqlite(path) => lock_file(store, path, stream, &holder).await?,
        DatabaseTarget::Postgres(_) => lock_session(store, stream).await?,
    };
    let fence = raise_fence(store, stream, &holder).await?;
    Ok(Lease { stream: stream.to_owned(), fence, holder, lock })
}

async fn lock_file(store: &Store, database: &Path, stream: &str, holder: &Holder) -> Result<Lock, LeaseError> {
    let path = database.with_file_name(format!("{stream}.lock"));
    let failed = |e: std::io::Error| LeaseError::LockFile { path: path.display().to_string(), reason: e.to_string() };
    // Not truncated on opening: until we have the lock, the content is the holder's.
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
            file.write_all(holder.to_string().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(Lock::File { _file: file })
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Some systems do not let a locked file be read; the lease row names the holder as well.
            let read = file.read_to_string(&mut text).is_ok() && !text.is_empty();
            let holder = if read { text } else { recorded_holder(store, stream).await? };
            Err(LeaseError::Held { holder })
        }
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

async fn lock_session(store: &Store, stream: &str) -> Result<Lock, LeaseError> {
    match session(store.target(), stream).await? {
        Ok(connection) => Ok(Lock::Session { connection: Box::new(connection) }),
        Err(refused) => {
            let holder = recorded_holder(store, stream).await?;
            // The refusal stands whether or not this connection says goodbye in order.
            let _ = refused.close().await;
            Err(LeaseError::Held { holder })
        }
    }
}

/// A session that holds the lock of a stream, or one that was refused it.
async fn session(target: &DatabaseTarget, stream: &str) -> Result<Result<AnyConnection, AnyConnection>, StoreError> {
    let digest = blake3::hash(stream.as_bytes());
    let mut key = [0u8; 8];
    key.copy_from_slice(digest.as_bytes().split_at(8).0);
    let mut connection = connect::connect(target).await?;
    let sql = "SELECT CASE WHEN pg_try_advisory_lock($1) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS got";
    for attempt in 1..=TRIES {
        let row = sqlx::query(sql).bind(i64::from_le_bytes(key)).fetch_one(&mut connection).await;
        if row.and_then(|row| row.try_get::<i64, _>("got")).map_err(StoreError::from)? == 1 {
            return Ok(Ok(connection));
        }
        if attempt < TRIES {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
    Ok(Err(connection))
}

async fn recorded_holder(store: &Store, stream: &str) -> Result<String, StoreError> {
    let row = sqlx::query("SELECT holder FROM lease WHERE stream = $1").bind(stream);
    let row = row.fetch_optional(store.pool()).await?;
    Ok(row
        .map(|row| row.try_get("holder"))
        .transpose()?
        .unwrap_or_else(|| "a process that is just starting".to_owned()))
}

/// On PostgreSQL this waits for a commit of the former holder that is under way: both change the same row.
async fn raise_fence(store: &Store, stream: &str, holder: &Holder) -> Result<u64, StoreError> {
    let sql = "INSERT INTO lease (stream, fence, holder, taken_ns, last_seq) VALUES ($1, 1, $2, $3, 0) \
               ON CONFLICT (stream) DO UPDATE SET fence = lease.fence + 1, holder = excluded.holder, \
               taken_ns = excluded.taken_ns RETURNING fence";
    let row = sqlx::query(sql).bind(stream).bind(holder.to_string()).bind(holder.since.ns());
    unsigned(&row.fetch_one(store.pool()).await?, "fence")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_id_does_not_show_the_account_number() {
        let account: AccountNo = "50112233-01".parse().unwrap();
        let stream = stream_of(&account, "mock");
        assert_eq!(stream.len(), 12);
        assert_eq!(stream, stream_of(&account, "mock"));
        assert_ne!(stream, stream_of(&account, "real"));
        assert!(!account.reveal().contains(&stream) && !stream.contains(account.number()));
    }
}
