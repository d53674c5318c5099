//! Checks a stream before anybody trades on it: no gap, no flipped bit, no lost tail.

use sqlx::Row;

use crate::chain::{GENESIS, StoredRecord, signed, unsigned};
use crate::{Store, StoreError};

/// What a sound stream looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Records in the stream; equal to the last sequence number.
    pub records: u64,
    /// Link of the last record; empty for an empty stream.
    pub last_hash: String,
}

/// Why a stream must not be traded on.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A record is missing before the tail.
    #[error("record {expected} is missing, the next one is {found}: run the doctor before trading")]
    Gap {
        /// The sequence that should come.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// A payload is not the one that was written.
    #[error("record {seq} fails its checksum: run the doctor before trading")]
    Checksum {
        /// The record.
        seq: u64,
    },
    /// A record does not follow the one before it.
    #[error("record {seq} does not link to the record before: run the doctor before trading")]
    Link {
        /// The record.
        seq: u64,
    },
    /// Records at the end are missing, or some were added behind the writer's back.
    #[error("the journal ends at record {found} but {expected} were committed: run the doctor before trading")]
    Tail {
        /// The last committed sequence, by the lease.
        expected: u64,
        /// The last sequence found.
        found: u64,
    },
    /// The database itself cannot read the record.
    #[error("the record after {after} cannot be read ({what}): run the doctor before trading")]
    Unreadable {
        /// The last sound record.
        after: u64,
        /// What the driver said.
        what: String,
    },
    /// The database failed before the stream was read to its end; nothing is proven.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Reads the whole stream and proves each record's number, checksum and link.
    ///
    /// A tail that the database rolled back with its transaction is normal and not an error; one that vanished after
    /// its commit is [`ChainError::Tail`]. Call it while holding the lease, or a running writer may be met midway.
    ///
    /// # Errors
    /// [`ChainError`] at the first fault.
    pub async fn verify(&self, stream: &str) -> Result<ChainReport, ChainError> {
        let expected = self.committed_tail(stream).await?;
        let mut report = ChainReport { records: 0, last_hash: GENESIS.to_owned() };
        loop {
            let after = report.records;
            let rows = self.record_rows(stream, after).await.map_err(|e| unreadable(after, e))?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let record = StoredRecord::from_row(row).map_err(|e| unreadable(report.records, e))?;
                report = follow(stream, report, &record)?;
            }
        }
        if report.records != expected {
            return Err(ChainError::Tail { expected, found: report.records });
        }
        Ok(report)
    }

    /// The last committed sequence by the lease row, 0 when nobody has ever held the stream.
    async fn committed_tail(&self, stream: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT last_seq FROM lease WHERE stream = $1").bind(stream);
        row.fetch_optional(self.pool()).await?.map_or(Ok(0), |row| unsigned(&row, "last_seq"))
    }

    /// True when the row of record `seq` carries `hash`.
    pub(crate) async fn holds(
        connection: &mut sqlx::AnyConnection,
        (stream, seq, hash): (&str, u64, &str),
    ) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT hash FROM journal WHERE stream = $1 AND seq = $2");
        let row = row.bind(stream).bind(signed(seq)).fetch_optional(connection).await?;
        Ok(row.map(|row| row.try_get::<String, _>("hash")).transpose()?.as_deref() == Some(hash))
    }
}

fn follow(stream: &str, report: ChainReport, record: &StoredRecord) -> Result<ChainReport, ChainError> {
    let expected = report.records + 1;
    if record.seq != expected {
        return Err(ChainError::Gap { expected, found: record.seq });
    }
    if !record.crc_holds() {
        return Err(ChainError::Checksum { seq: record.seq });
    }
    if record.link(stream, &report.last_hash) != record.hash {
        return Err(ChainError::Link { seq: record.seq });
    }
    Ok(ChainReport { records: record.seq, last_hash: record.hash.clone() })
}

fn unreadable(after: u64, error: StoreError) -> ChainError {
    match error {
        StoreError::Damaged { what } => ChainError::Unreadable { after, what },
        other => ChainError::Store(other),
    }
}
