//! What can go wrong between the program and its database.

/// Why the store could not do what was asked, named by what the caller must do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The setting is not a database this program can use: correct it.
    #[error("`{setting}` is not usable as a database: {reason}")]
    BadTarget {
        /// What was given, without its password.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database does not answer: check that it runs, then start again.
    #[error("the database cannot be reached: {reason}")]
    Unreachable {
        /// What the driver said.
        reason: String,
    },
    /// A newer program has used this database: run that program, or restore a backup.
    #[error("the database has schema version {found}, this program knows up to {known}")]
    NewerSchema {
        /// Version found in the database.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// A newer program has written to this journal: run that program.
    #[error("record {seq} has version {found}, this program reads up to {known}")]
    NewerRecord {
        /// The record.
        seq: u64,
        /// Its version.
        found: i64,
        /// Newest version this program reads.
        known: i64,
    },
    /// A schema step was applied with other content or halfway: restore a backup.
    #[error("schema version {version} of the database is not the one this program made: {reason}")]
    ForeignSchema {
        /// The step.
        version: i64,
        /// How it differs.
        reason: String,
    },
    /// Stored data cannot be what was written: stop trading and run the doctor.
    #[error("stored data is damaged: {what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// The database refused or failed a request: retry a read, never assume about a write.
    #[error("the database failed: {reason}")]
    Failed {
        /// What the driver said.
        reason: String,
    },
    /// The caller broke a rule of this interface.
    #[error("wrong use of the store: {what}")]
    Misuse {
        /// Which rule.
        what: String,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let reason = error.to_string();
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                StoreError::Unreachable { reason }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Damaged { what: reason },
            // SQLITE_CORRUPT, SQLITE_NOTADB and PostgreSQL's data_corrupted, index_corrupted.
            sqlx::Error::Database(cause)
                if matches!(cause.code().as_deref(), Some("11" | "26" | "267" | "523" | "779" | "XX001" | "XX002")) =>
            {
                StoreError::Damaged { what: reason }
            }
            _ => StoreError::Failed { reason },
        }
    }
}
