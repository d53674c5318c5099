//! Journal records and the chain that links them.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::StoreError;

/// What precedes the first record of a stream.
pub(crate) const GENESIS: &str = "";

/// A record to be appended. The engine numbers them; the journal checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Sequence in the stream: 1, 2, 3 … without a gap.
    pub seq: u64,
    /// Market time of the event, UTC nanoseconds.
    pub at_ns: i64,
    /// Version of the payload's format.
    pub version: i64,
    /// The record as JSON.
    pub payload: String,
}

/// A record as it was read back, its CRC checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Sequence in the stream.
    pub seq: u64,
    /// Run of the program that wrote it.
    pub run_id: String,
    /// Fencing token of that run.
    pub fence: u64,
    /// Market time of the event, UTC nanoseconds.
    pub at_ns: i64,
    /// Version of the payload's format.
    pub version: i64,
    /// The record as JSON.
    pub payload: String,
    /// CRC32C over the payload.
    pub crc: u32,
    /// Link to the record before, hex.
    pub hash: String,
}

impl StoredRecord {
    /// The record as a run would write it after `previous_hash`.
    pub(crate) fn seal(stream: &str, run: (&str, u64), record: NewRecord, previous_hash: &str) -> StoredRecord {
        let mut sealed = StoredRecord {
            seq: record.seq,
            run_id: run.0.to_owned(),
            fence: run.1,
            at_ns: record.at_ns,
            version: record.version,
            crc: crc32c::crc32c(record.payload.as_bytes()),
            payload: record.payload,
            hash: String::new(),
        };
        sealed.hash = sealed.link(stream, previous_hash);
        sealed
    }

    /// The hash this record must carry after a record with `previous_hash`: every column counts, so that no change
    /// of any of them stays unseen.
    pub(crate) fn link(&self, stream: &str, previous_hash: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for text in [previous_hash, stream, &self.run_id, &self.payload] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        for number in [self.seq, self.fence, u64::from(self.crc)] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&self.at_ns.to_le_bytes());
        hasher.update(&self.version.to_le_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// True when the payload is the one the CRC was made of.
    pub(crate) fn crc_holds(&self) -> bool {
        crc32c::crc32c(self.payload.as_bytes()) == self.crc
    }

    /// The record of a row of `SELECT_RECORD`.
    pub(crate) fn from_row(row: &AnyRow) -> Result<StoredRecord, StoreError> {
        Ok(StoredRecord {
            seq: unsigned(row, "seq")?,
            run_id: row.try_get("run_id")?,
            fence: unsigned(row, "fence")?,
            at_ns: row.try_get("at_ns")?,
            version: row.try_get("version")?,
            payload: row.try_get("payload")?,
            crc: u32::try_from(row.try_get::<i64, _>("crc")?)
                .map_err(|_| StoreError::Damaged { what: "a crc is out of range".to_owned() })?,
            hash: row.try_get("hash")?,
        })
    }
}

/// A count that the database holds as a signed number.
pub(crate) fn unsigned(row: &AnyRow, column: &str) -> Result<u64, StoreError> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| StoreError::Damaged { what: format!("{column} is negative") })
}

/// A sequence number as the database holds it.
pub(crate) fn signed(seq: u64) -> i64 {
    i64::try_from(seq).expect("invariant: sequence numbers and ids stay below 2^63")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> StoredRecord {
        let new = NewRecord { seq: 7, at_ns: 11, version: 1, payload: "{}".to_owned() };
        StoredRecord::seal("stream", ("run", 3), new, "before")
    }

    #[test]
    fn a_change_of_any_column_changes_the_link() {
        let whole = record();
        assert_eq!(whole.hash, whole.link("stream", "before"));
        let changes: [fn(&mut StoredRecord); 7] = [
            |r| r.seq += 1,
            |r| r.run_id.push('x'),
            |r| r.fence += 1,
            |r| r.at_ns += 1,
            |r| r.version += 1,
            |r| r.payload.push(' '),
            |r| r.crc ^= 1,
        ];
        for (column, change) in changes.into_iter().enumerate() {
            let mut changed = record();
            change(&mut changed);
            assert_ne!(changed.link("stream", "before"), whole.hash, "column {column}");
        }
        assert_ne!(whole.link("other", "before"), whole.hash);
        assert_ne!(whole.link("stream", "other"), whole.hash);
    }

    #[test]
    fn text_cannot_move_from_one_column_to_the_next_unseen() {
        let mut moved = record();
        moved.run_id = "run{".to_owned();
        moved.payload = "}".to_owned();
        assert_ne!(moved.link("stream", "before"), record().hash);
    }
}
