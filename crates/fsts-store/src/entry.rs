//! The engine's entries as journal records, and back.

use fsts_domain::Timestamp;
use fsts_engine::{Entry, RECORD_VERSION};

use crate::{NewRecord, StoreError, StoredRecord};

impl NewRecord {
    /// The record of an entry. Sequence and time are columns of their own, the payload is what is now true.
    pub fn of(entry: &Entry) -> NewRecord {
        let payload = serde_json::to_string(&entry.record).expect("invariant: every record has a JSON form");
        NewRecord { seq: entry.seq, at_ns: entry.at.ns(), version: RECORD_VERSION, payload }
    }
}

impl StoredRecord {
    /// The entry of a record.
    ///
    /// # Errors
    /// [`StoreError::NewerRecord`] when a newer program wrote it, [`StoreError::Damaged`] when it cannot be read.
    pub fn entry(&self) -> Result<Entry, StoreError> {
        if self.version > RECORD_VERSION {
            return Err(StoreError::NewerRecord { seq: self.seq, found: self.version, known: RECORD_VERSION });
        }
        let record = serde_json::from_str(&self.payload)
            .map_err(|e| StoreError::Damaged { what: format!("record {} cannot be read: {e}", self.seq) })?;
        Ok(Entry { seq: self.seq, at: Timestamp::from_ns(self.at_ns), record })
    }
}
