//! Makes a backup, and lets go of the oldest ones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fsts_domain::Timestamp;
use fsts_store::{DatabaseTarget, Store, Tables};
use object_store::PutMode;
use tempfile::TempDir;
use tokio::fs;
use tokio::io::{BufReader, BufWriter};

use super::lock::alone;
use super::manifest::{Database, File, JournalProof, Manifest, Piece};
use super::{BackupError, BackupInfo, BackupSource, Backups, file_of, proofs_of};

/// Short-lived files of a backup in the data folder; one that was killed leaves its folder, and the next one removes it.
const WORK: &str = "backup-work-";

impl Backups {
    /// Makes a backup while everything runs, and keeps the newest `keep` of the target.
    ///
    /// # Errors
    /// [`BackupError`]; then the target has no new backup, and the old ones are all there.
    pub async fn create(&self, source: &BackupSource, keep: u32, now: Timestamp) -> Result<BackupInfo, BackupError> {
        let _alone = alone("a backup or a check", now)?;
        self.lock("a backup", now).await?;
        let made = self.create_locked(source, keep, now).await;
        self.unlock().await;
        made
    }

    async fn create_locked(&self, source: &BackupSource, keep: u32, now: Timestamp) -> Result<BackupInfo, BackupError> {
        let work = work_folder(&source.data_dir)?;
        let copy = copy_database(&source.database, work.path()).await?;
        let id = id_of(now);
        let mut manifest = Manifest::new(id.clone(), now.ns(), copy.kind);
        manifest.journals = copy.journals;
        let name = copy.file.file_name().unwrap_or_default().to_string_lossy();
        let lost = || BackupError::Damaged { what: "the copy of the database is gone".to_owned() };
        let database = self.put_file(&copy.file, &format!("database/{name}")).await?;
        manifest.files.push(database.ok_or_else(lost)?);
        drop(work);
        for (name, folder) in &source.folders {
            for path in files_under(folder.clone()).await? {
                let inside = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
                manifest.files.extend(self.put_file(&path, &format!("{name}/{inside}")).await?);
            }
        }
        let bytes = manifest.to_bytes()?;
        // Read as a restore will read it, before anybody relies on it.
        Manifest::parse(&id, &bytes)?;
        let key = self.key(&["manifests", &file_of(&id)]);
        self.write(&key, bytes, PutMode::Create).await.map_err(|e| self.failed(&e))?;
        tracing::info!(%id, files = manifest.files.len(), target = self.target(), "backup made");
        // The new backup stands, whatever becomes of the old ones.
        if let Err(error) = self.retain(keep).await {
            tracing::warn!(%error, "old backups stay");
        }
        self.info(&manifest).await
    }

    /// Removes all but the newest `keep`, and the pieces that only they used.
    async fn retain(&self, keep: u32) -> Result<(), BackupError> {
        let ids = self.ids().await?;
        let surplus = ids.len().saturating_sub(keep.max(1) as usize);
        let (old, kept) = ids.split_at(surplus);
        if old.is_empty() {
            return Ok(());
        }
        let mut needed: BTreeSet<Piece> = BTreeSet::new();
        for id in kept {
            needed.extend(self.manifest(id).await?.pieces().cloned());
        }
        let mut unneeded: BTreeSet<Piece> = BTreeSet::new();
        for id in old {
            // A damaged list names no pieces; its own are left behind rather than guessed at.
            if let Ok(manifest) = self.manifest(id).await {
                unneeded.extend(manifest.pieces().filter(|p| !needed.contains(*p)).cloned());
            }
            self.remove(&self.key(&["manifests", &file_of(id)])).await?;
            self.remove(&self.key(&["verified", &file_of(id)])).await?;
        }
        for piece in &unneeded {
            self.remove(&self.piece_key(piece)).await?;
        }
        Ok(())
    }
}

/// A name that sorts by time.
pub(super) fn id_of(now: Timestamp) -> String {
    let at = jiff::Timestamp::from_nanosecond(i128::from(now.ns())).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{}-{:09}", at.strftime("%Y%m%dT%H%M%SZ"), now.ns().rem_euclid(1_000_000_000))
}

struct DatabaseCopy {
    kind: Database,
    file: PathBuf,
    journals: Vec<JournalProof>,
}

/// Copies the database and proves the journals of the copy.
async fn copy_database(database: &DatabaseTarget, work: &Path) -> Result<DatabaseCopy, BackupError> {
    let store = Store::open(database).await?;
    let copied = match database {
        DatabaseTarget::Sqlite(_) => {
            let file = work.join("fsts.db");
            store.copy_into(&file).await?;
            let journals = proofs_in_file(file.clone()).await?;
            DatabaseCopy { kind: Database::Sqlite, file, journals }
        }
        DatabaseTarget::Postgres(_) => {
            let file = work.join("rows.ndjson");
            let out = fs::File::create_new(&file).await.map_err(BackupError::file(&file))?;
            store.write_rows(&mut BufWriter::new(out)).await?;
            let journals = proofs_in_rows(&file, work).await?;
            DatabaseCopy { kind: Database::Rows, file, journals }
        }
    };
    store.close().await;
    Ok(copied)
}

/// What the journals of a SQLite file prove.
pub(super) async fn proofs_in_file(file: PathBuf) -> Result<Vec<JournalProof>, BackupError> {
    let store = Store::open(&DatabaseTarget::Sqlite(file)).await?;
    let proofs = proofs_of(&store).await;
    store.close().await;
    proofs
}

/// What the journals among rows prove: they are read into a SQLite file of their own.
pub(super) async fn proofs_in_rows(rows: &Path, work: &Path) -> Result<Vec<JournalProof>, BackupError> {
    let lines = fs::File::open(rows).await.map_err(BackupError::file(rows))?;
    let target = DatabaseTarget::Sqlite(work.join("proof.db"));
    let store = Store::from_rows(&target, &mut BufReader::new(lines), Tables::Journal).await?;
    let proofs = proofs_of(&store).await;
    store.close().await;
    proofs
}

/// A folder for short-lived files, in the data folder because a container's other folders may be read-only or small.
pub(super) fn work_folder(data_dir: &Path) -> Result<TempDir, BackupError> {
    std::fs::create_dir_all(data_dir).map_err(BackupError::file(data_dir))?;
    let entries = std::fs::read_dir(data_dir).map_err(BackupError::file(data_dir))?;
    for left in entries.filter_map(Result::ok).filter(|e| e.file_name().to_string_lossy().starts_with(WORK)) {
        // The lock of the target says that nobody is using it.
        let _removed = std::fs::remove_dir_all(left.path());
    }
    tempfile::Builder::new().prefix(WORK).tempdir_in(data_dir).map_err(BackupError::file(data_dir))
}

/// Regular files under a folder, sorted; links are not followed, and a folder that isn't there has none.
async fn files_under(folder: PathBuf) -> Result<Vec<PathBuf>, BackupError> {
    let walked = tokio::task::spawn_blocking(move || walk(&folder)).await;
    walked.unwrap_or_else(|e| Err(BackupError::Damaged { what: e.to_string() }))
}

fn walk(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::file(&folder)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(BackupError::file(&folder))?;
            let kind = entry.file_type().map_err(BackupError::file(entry.path()))?;
            // A name with # is a file that object_store has not finished.
            let is_unfinished = entry.file_name().to_string_lossy().contains('#');
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && !is_unfinished && entry.path().to_str().is_some() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The file of the database, by the manifest.
pub(super) fn database_of(manifest: &Manifest) -> Result<&File, BackupError> {
    let first = manifest.files.first().filter(|f| f.path.starts_with("database/"));
    first.ok_or_else(|| BackupError::Damaged { what: format!("manifest {}: it has no database", manifest.id) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time() {
        let id = |ns| id_of(Timestamp::from_ns(ns));
        assert_eq!(id(1_795_000_000_000_000_001), "20261118T110640Z-000000001");
        assert!(id(1_795_000_000_000_000_001) < id(1_795_000_000_999_999_999));
        assert!(id(1_795_000_000_999_999_999) < id(1_795_000_001_000_000_000));
    }
}
