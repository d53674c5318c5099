//! Puts a backup back, into an empty folder and an empty database only.

use std::path::{Path, PathBuf};

use fsts_store::{DatabaseTarget, Store, StoreError, Tables};
use tokio::fs;
use tokio::io::BufReader;

use super::create::database_of;
use super::manifest::{Database, File, JournalProof, Manifest};
use super::verify::compare;
use super::{BackupError, BackupSource, Backups, proofs_of};

/// A file in the data folder while a restore is under way; nobody may trade on a half of the books.
pub const INCOMPLETE: &str = "restore-incomplete";

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// The backup.
    pub id: String,
    /// Files written.
    pub files: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Journals whose chains hold.
    pub journals: Vec<JournalProof>,
}

impl Backups {
    /// Writes a backup (`None`: the newest) to where `into` says.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] before anything is written; [`BackupError`] at the first thing that fails, and then
    /// [`INCOMPLETE`] stays in the data folder so that no run starts on it.
    pub async fn restore(&self, id: Option<&str>, into: &BackupSource) -> Result<RestoreReport, BackupError> {
        let manifest = self.manifest(&self.id_or_newest(id).await?).await?;
        let database = database_of(&manifest)?;
        if manifest.database == Database::Sqlite && matches!(into.database, DatabaseTarget::Postgres(_)) {
            return Err(BackupError::OtherDatabase);
        }
        all_empty(into).await?;
        fs::create_dir_all(&into.data_dir).await.map_err(BackupError::file(&into.data_dir))?;
        let mark = into.data_dir.join(INCOMPLETE);
        fs::write(&mark, manifest.id.as_bytes()).await.map_err(BackupError::file(&mark))?;
        for file in &manifest.files {
            if !std::ptr::eq(file, database) {
                self.fetch_file(file, &place_of(into, file)?).await?;
            }
        }
        let journals = self.restore_database(&manifest, database, into).await?;
        compare(&manifest, &journals)?;
        fs::remove_file(&mark).await.map_err(BackupError::file(&mark))?;
        let bytes = manifest.files.iter().map(|f| f.bytes).sum();
        Ok(RestoreReport { files: manifest.files.len() as u64, id: manifest.id, bytes, journals })
    }

    async fn restore_database(
        &self,
        manifest: &Manifest,
        file: &File,
        into: &BackupSource,
    ) -> Result<Vec<JournalProof>, BackupError> {
        let store = match (manifest.database, &into.database) {
            (Database::Sqlite, DatabaseTarget::Sqlite(path)) => {
                self.fetch_file(file, path).await?;
                Store::open(&into.database).await?
            }
            (Database::Sqlite, DatabaseTarget::Postgres(_)) => return Err(BackupError::OtherDatabase),
            (Database::Rows, target) => {
                let rows = into.data_dir.join("restore-rows.ndjson");
                self.fetch_file(file, &rows).await?;
                let lines = fs::File::open(&rows).await.map_err(BackupError::file(&rows))?;
                let store = Store::from_rows(target, &mut BufReader::new(lines), Tables::All).await?;
                fs::remove_file(&rows).await.map_err(BackupError::file(&rows))?;
                store
            }
        };
        let proofs = proofs_of(&store).await;
        store.close().await;
        proofs
    }
}

/// Where a file goes: into the folder that its first part names.
fn place_of(into: &BackupSource, file: &File) -> Result<PathBuf, BackupError> {
    let found = file.path.split_once('/').and_then(|(name, inside)| {
        let folder = into.folders.iter().find(|(known, _)| known == name)?;
        Some(folder.1.join(inside))
    });
    found.ok_or_else(|| BackupError::Damaged { what: format!("{} belongs to no folder of ours", file.path) })
}

async fn all_empty(into: &BackupSource) -> Result<(), BackupError> {
    for folder in into.folders.iter().map(|(_, folder)| folder).chain([&into.data_dir]) {
        is_empty(folder)?;
    }
    Store::must_be_empty(&into.database).await.map_err(|error| match error {
        StoreError::Misuse { .. } => BackupError::NotEmpty { what: into.database.to_string() },
        other => other.into(),
    })
}

fn is_empty(folder: &Path) -> Result<(), BackupError> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(BackupError::NotEmpty { what: folder.display().to_string() }),
            None => Ok(()),
        },
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::file(folder)(error)),
    }
}
