//! Reads a backup back and proves it.

use std::path::Path;

use fsts_domain::Timestamp;
use object_store::PutMode;

use super::create::{database_of, proofs_in_file, proofs_in_rows, work_folder};
use super::lock::alone;
use super::manifest::{Database, JournalProof, Manifest};
use super::{BackupError, Backups, Verified, file_of};

/// What was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The backup.
    pub id: String,
    /// Files that were read and held.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Journals whose chains hold.
    pub journals: Vec<JournalProof>,
}

impl Backups {
    /// Reads every piece of a backup (`None`: the newest), checks each hash, and proves the journals of its database.
    /// Short-lived files go to `data_dir`.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] at the first thing that is not as it was written; other variants where nothing is proven.
    pub async fn verify(&self, id: Option<&str>, data_dir: &Path, now: Timestamp) -> Result<VerifyReport, BackupError> {
        let _alone = alone("a backup or a check", now)?;
        self.lock("a check", now).await?;
        let verified = self.verify_locked(id, data_dir, now).await;
        self.unlock().await;
        verified
    }

    async fn verify_locked(
        &self,
        id: Option<&str>,
        data_dir: &Path,
        now: Timestamp,
    ) -> Result<VerifyReport, BackupError> {
        let manifest = self.manifest(&self.id_or_newest(id).await?).await?;
        let work = work_folder(data_dir)?;
        let database = database_of(&manifest)?;
        for file in &manifest.files {
            if std::ptr::eq(file, database) {
                continue;
            }
            self.get_file(file, &mut tokio::io::sink(), Path::new(&file.path)).await?;
        }
        let copy = work.path().join("copy");
        self.fetch_file(database, &copy).await?;
        let found = match manifest.database {
            Database::Sqlite => proofs_in_file(copy).await?,
            Database::Rows => proofs_in_rows(&copy, work.path()).await?,
        };
        compare(&manifest, &found)?;
        let note = serde_json::to_vec(&Verified { verified_ns: now.ns() });
        let note = note.map_err(|e| BackupError::Damaged { what: e.to_string() })?;
        let key = self.key(&["verified", &file_of(&manifest.id)]);
        self.write(&key, note, PutMode::Overwrite).await.map_err(|e| self.failed(&e))?;
        let bytes = manifest.files.iter().map(|f| f.bytes).sum();
        Ok(VerifyReport { files: manifest.files.len() as u64, id: manifest.id, bytes, journals: found })
    }
}

/// Whether the journals are those that were copied.
pub(super) fn compare(manifest: &Manifest, found: &[JournalProof]) -> Result<(), BackupError> {
    if manifest.journals == found {
        return Ok(());
    }
    Err(BackupError::Damaged { what: "the journals of the database are not those that were copied".to_owned() })
}
