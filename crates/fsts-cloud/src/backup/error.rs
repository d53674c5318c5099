//! What can go wrong with a backup.

use std::path::PathBuf;

use fsts_store::{ChainError, StoreError};

/// Why a backup was not made, proven or restored, named by what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target can't be used or doesn't answer: correct the setting, or try again.
    #[error("the backup target {target} can't be used: {reason}")]
    Target {
        /// Which, without any key.
        target: String,
        /// What happened.
        reason: String,
    },
    /// There is no such backup: list them.
    #[error("there is no backup {id} in {target}")]
    NotFound {
        /// As it was asked for.
        id: String,
        /// Where it was looked for.
        target: String,
    },
    /// Another backup is being made there: wait for it.
    #[error("{what} is under way in the backup target since {since_ns}")]
    Busy {
        /// What the other one does.
        what: String,
        /// Since when, UTC nanoseconds.
        since_ns: i64,
    },
    /// The backup is not what was written: use another one.
    #[error("the backup is damaged: {what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// The backup was made by a newer program: use that one.
    #[error("the backup has format {found}, this program reads up to {known}")]
    Newer {
        /// Its format.
        found: u32,
        /// Newest known one.
        known: u32,
    },
    /// Something is where the restore would write: choose an empty folder and an empty database.
    #[error("{what} is not empty; a restore goes into an empty folder and an empty database only")]
    NotEmpty {
        /// What isn't empty.
        what: String,
    },
    /// A SQLite backup can't become a PostgreSQL database: restore it into a folder.
    #[error("this is the backup of a SQLite database; restore it without DATABASE_URL")]
    OtherDatabase,
    /// The journal does not prove itself: run the doctor.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of this machine can't be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}

impl BackupError {
    /// A failed call of the system on `path`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> BackupError {
        let path = path.into();
        move |cause| BackupError::File { path, cause }
    }
}
