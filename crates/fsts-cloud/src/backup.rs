//! Copies of everything that a run can't make again, in a folder or an S3 bucket.
//!
//! ```text
//! objects/ab/abcdef…        a piece of a file, named by its BLAKE3 hash; equal pieces are kept once
//! manifests/ID.json         one backup: every file as a list of pieces, and what its journals prove; written last
//! verified/ID.json          when the backup was last read back and held
//! lock                      somebody is changing something here
//! ```
//!
//! A backup without a manifest is no backup: whatever was cut off left pieces that nobody names, and they are used by the
//! next one. Only what [`BackupSource`] names is copied; keys, tokens and settings are in none of its folders.

mod create;
mod error;
mod lock;
mod manifest;
mod pieces;
mod restore;
mod target;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use fsts_store::{DatabaseTarget, Store};
use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::{Deserialize, Serialize};

pub use error::BackupError;
pub use manifest::JournalProof;
pub use restore::{INCOMPLETE, RestoreReport};
pub use target::{TargetSetting, open as open_target};
pub use verify::VerifyReport;

use crate::aws::Environment;
use manifest::Manifest;

/// Manifests list files, not rows: more bytes than this is something else.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What is copied, and where a restore puts it.
#[derive(Debug, Clone)]
pub struct BackupSource {
    /// The database.
    pub database: DatabaseTarget,
    /// Where short-lived files of a backup may be written, and what must be empty before a restore.
    pub data_dir: PathBuf,
    /// Folders by the name they have in the backup.
    pub folders: Vec<(String, PathBuf)>,
}

impl BackupSource {
    /// Database, lake, tapes, decision logs and logs of a data folder.
    pub fn of_data_dir(database: DatabaseTarget, data_dir: PathBuf) -> BackupSource {
        let folder = |name: &str| (name.to_owned(), data_dir.join(name));
        let folders = ["lake", "tape", "decisions", "logs"].map(folder).into();
        BackupSource { database, data_dir, folders }
    }
}

/// One backup as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupInfo {
    /// Its name; later ones sort after earlier ones.
    pub id: String,
    /// When it was made, UTC nanoseconds.
    pub created_ns: i64,
    /// Bytes of its files; what it takes in the target is less, because equal pieces are kept once.
    pub bytes: u64,
    /// Number of its files.
    pub files: u64,
    /// Where it is, without any key.
    pub target: String,
    /// When it was last read back and held, UTC nanoseconds.
    pub verified_ns: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Verified {
    verified_ns: i64,
}

/// The backups of one target.
#[derive(Debug, Clone)]
pub struct Backups {
    objects: Arc<dyn ObjectStore>,
    prefix: Key,
    shown: String,
}

impl Backups {
    /// Opens a target; a folder is made where it is missing, a bucket must be there.
    ///
    /// # Errors
    /// [`BackupError::Target`] where the setting can't be used.
    pub fn open(setting: &TargetSetting, environment: &Environment) -> Result<Backups, BackupError> {
        let (objects, prefix) = target::open(setting, environment)?;
        Ok(Backups { objects, prefix, shown: setting.to_string() })
    }

    /// Where this is, without any key.
    pub fn target(&self) -> &str {
        &self.shown
    }

    /// All backups, the newest first.
    ///
    /// # Errors
    /// [`BackupError`] where the target doesn't answer or a manifest is damaged.
    pub async fn list(&self) -> Result<Vec<BackupInfo>, BackupError> {
        let mut infos = Vec::new();
        for id in self.ids().await?.into_iter().rev() {
            let manifest = self.manifest(&id).await?;
            infos.push(self.info(&manifest).await?);
        }
        Ok(infos)
    }

    /// One backup; `None` for the newest.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], and as [`Backups::list`].
    pub async fn find(&self, id: Option<&str>) -> Result<BackupInfo, BackupError> {
        let manifest = self.manifest(&self.id_or_newest(id).await?).await?;
        self.info(&manifest).await
    }

    async fn info(&self, manifest: &Manifest) -> Result<BackupInfo, BackupError> {
        let verified = self.read(&self.key(&["verified", &file_of(&manifest.id)])).await?;
        let verified = verified.and_then(|bytes| serde_json::from_slice::<Verified>(&bytes).ok());
        Ok(BackupInfo {
            id: manifest.id.clone(),
            created_ns: manifest.created_ns,
            bytes: manifest.files.iter().map(|f| f.bytes).sum(),
            files: manifest.files.len() as u64,
            target: self.shown.clone(),
            verified_ns: verified.map(|v| v.verified_ns),
        })
    }

    async fn id_or_newest(&self, id: Option<&str>) -> Result<String, BackupError> {
        let ids = self.ids().await?;
        let found = match id {
            Some(id) => ids.into_iter().find(|known| known == id),
            None => ids.into_iter().next_back(),
        };
        found.ok_or_else(|| BackupError::NotFound { id: id.unwrap_or("latest").to_owned(), target: self.shown.clone() })
    }

    /// Names of all backups, the oldest first.
    async fn ids(&self) -> Result<Vec<String>, BackupError> {
        let folder = self.key(&["manifests"]);
        let listed: Vec<_> = self.objects.list(Some(&folder)).try_collect().await.map_err(|e| self.failed(&e))?;
        let id = |meta: &object_store::ObjectMeta| Some(meta.location.filename()?.strip_suffix(".json")?.to_owned());
        let mut ids: Vec<String> = listed.iter().filter_map(id).collect();
        ids.sort();
        Ok(ids)
    }

    async fn manifest(&self, id: &str) -> Result<Manifest, BackupError> {
        let bytes = self.read(&self.key(&["manifests", &file_of(id)])).await?;
        let missing = || BackupError::NotFound { id: id.to_owned(), target: self.shown.clone() };
        Manifest::parse(id, &bytes.ok_or_else(missing)?)
    }

    fn key(&self, parts: &[&str]) -> Key {
        parts.iter().fold(self.prefix.clone(), |key, part| key.join(*part))
    }

    /// A small object; `None` where there is none.
    async fn read(&self, key: &Key) -> Result<Option<bytes::Bytes>, BackupError> {
        match self.objects.get(key).await {
            Ok(found) if found.meta.size > MANIFEST_BYTES_MAX => {
                Err(BackupError::Damaged { what: format!("{key} is too large") })
            }
            Ok(found) => Ok(Some(found.bytes().await.map_err(|e| self.failed(&e))?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn write(&self, key: &Key, bytes: Vec<u8>, mode: PutMode) -> Result<(), object_store::Error> {
        let options = PutOptions { mode, ..PutOptions::default() };
        self.objects.put_opts(key, PutPayload::from(bytes), options).await.map(|_| ())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackupError> {
        match self.objects.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&self, error: &object_store::Error) -> BackupError {
        BackupError::Target { target: self.shown.clone(), reason: target::reason(error) }
    }
}

fn file_of(id: &str) -> String {
    format!("{id}.json")
}

/// Every stream of a database with what its chain proves.
async fn proofs_of(store: &Store) -> Result<Vec<JournalProof>, BackupError> {
    let mut proofs = Vec::new();
    for stream in store.streams().await? {
        let report = store.verify(&stream).await?;
        proofs.push(JournalProof { stream, records: report.records, last_hash: report.last_hash });
    }
    Ok(proofs)
}
