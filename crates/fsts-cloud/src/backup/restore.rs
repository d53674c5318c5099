//! Puts a backup back, into an empty folder and an empty database only.

use std::path::{Path, PathBuf};

use fsts_domain::Timestamp;
use fsts_store::{DatabaseTarget, Store, StoreError, Tables};
use tokio::fs;
use tokio::io::BufReader;

use super::create::database_of;
use super::manifest::{Database, File, JournalProof, Manifest};
use super::verify::compare;
use super::{BackupError, BackupSource, Backups, proofs_of};

/// A file in the data folder while a restore is under way; nobody may trade on a half of the books.
pub const INCOMPLETE: &str = "restore-incomplete";
/// What was in the way of a restore is in folders and schemas whose names begin so.
const ASIDE: &str = "before_restore_";

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

    /// Puts what is in the way of a restore aside, in the same places: nothing is deleted, and a person may look at it.
    /// Gives the mark that is in the names. Nobody may be working there.
    ///
    /// # Errors
    /// [`BackupError::Store`] or [`BackupError::File`] at the first thing that can't be moved.
    pub async fn set_aside(into: &BackupSource, now: Timestamp) -> Result<String, BackupError> {
        let mark = format!("{ASIDE}{}", super::create::id_of(now).to_ascii_lowercase().replace('-', "_"));
        // A database in the data folder goes with the folder.
        let inside = matches!(&into.database, DatabaseTarget::Sqlite(path) if path.starts_with(&into.data_dir));
        let is_empty = match Store::must_be_empty(&into.database).await {
            Ok(()) => true,
            Err(StoreError::Misuse { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if !inside && !is_empty {
            Store::set_aside(&into.database, &mark).await?;
        }
        let outside = into.folders.iter().map(|(_, folder)| folder).filter(|f| !f.starts_with(&into.data_dir));
        for folder in outside.chain([&into.data_dir]) {
            move_into(folder, &mark)?;
        }
        Ok(mark)
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
        Ok(entries) => match entries.filter_map(Result::ok).find(|e| !is_aside(&e.file_name())) {
            Some(_) => Err(BackupError::NotEmpty { what: folder.display().to_string() }),
            None => Ok(()),
        },
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::file(folder)(error)),
    }
}

fn is_aside(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with(ASIDE)
}

/// Moves what a folder holds into a folder inside it: the folder itself may be where a disk is mounted.
fn move_into(folder: &Path, name: &str) -> Result<(), BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::file(folder)(error)),
    };
    let found: Vec<_> = entries.filter_map(Result::ok).filter(|e| !is_aside(&e.file_name())).collect();
    if found.is_empty() {
        return Ok(());
    }
    let aside = folder.join(name);
    std::fs::create_dir(&aside).map_err(BackupError::file(&aside))?;
    for entry in found {
        std::fs::rename(entry.path(), aside.join(entry.file_name())).map_err(BackupError::file(entry.path()))?;
    }
    Ok(())
}
