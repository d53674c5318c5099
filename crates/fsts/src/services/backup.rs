//! Backups beside the trading loop: the task of the job `backup`, and the server's port onto them.

use std::path::PathBuf;
use std::sync::Arc;

use fsts_cloud::{BackupError, BackupInfo, BackupSource, Backups, JournalProof, TargetSetting};
use fsts_domain::Timestamp;
use fsts_server::{BackupVerifiedView, BackupView, BackupsError};
use fsts_store::DatabaseTarget;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Ground;
use super::jobs::{BACKUP, Registry, Task, TaskError, TaskRun};
use crate::clock::real_now;
use crate::messages::{Text, backup as say};
use crate::settings::AwsVariables;

/// Backups that stay unless the settings say otherwise: two weeks of nights.
pub const KEEP: u32 = 14;

/// Where backups go.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// Folder or bucket; without one there are no backups.
    pub target: Option<TargetSetting>,
    /// How many stay.
    pub keep: u32,
    /// Address, region and keys of a bucket.
    pub aws: AwsVariables,
}

impl Default for BackupSettings {
    fn default() -> Self {
        BackupSettings { target: None, keep: KEEP, aws: AwsVariables::default() }
    }
}

/// The backups of one data folder and its database.
pub struct Vault {
    settings: BackupSettings,
    target: TargetSetting,
    source: BackupSource,
}

impl Vault {
    /// The backups that settings name; `None` where they name no place. Nothing is opened yet.
    pub fn of(settings: &BackupSettings, database: DatabaseTarget, data_dir: PathBuf) -> Option<Vault> {
        let target = settings.target.clone()?;
        Some(Vault { settings: settings.clone(), target, source: BackupSource::of_data_dir(database, data_dir) })
    }

    /// The target; opened anew each time, so that one that was away is found again.
    ///
    /// # Errors
    /// [`BackupError::Target`].
    pub fn open(&self) -> Result<Backups, BackupError> {
        Backups::open(&self.target, &self.settings.aws.0)
    }

    /// What is copied.
    pub fn source(&self) -> &BackupSource {
        &self.source
    }

    /// Makes a backup now. Its name has real time, whatever the market's clock says.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn create(&self) -> Result<BackupInfo, BackupError> {
        self.open()?.create(&self.source, self.settings.keep, real_now()).await
    }

    /// Reads a backup back.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn verify(&self, id: Option<&str>) -> Result<BackupVerifiedView, BackupError> {
        let report = self.open()?.verify(id, &self.source.data_dir, real_now()).await?;
        let records = records(&report.journals);
        Ok(BackupVerifiedView { id: report.id, files: report.files, bytes: report.bytes, records })
    }
}

/// Records of all journals.
pub fn records(journals: &[JournalProof]) -> u64 {
    journals.iter().map(|journal| journal.records).sum()
}

/// A backup as the API shows it.
pub fn view(info: BackupInfo) -> BackupView {
    BackupView {
        id: info.id,
        created_ns: Timestamp::from_ns(info.created_ns).into(),
        bytes: info.bytes,
        files: info.files,
        verified_ns: info.verified_ns.map(|ns| Timestamp::from_ns(ns).into()),
    }
}

/// Puts the task in where there is a place for backups.
pub fn start(ground: &Ground, registry: &mut Registry) -> Option<Arc<Vault>> {
    let vault = Vault::of(&ground.settings.backup, ground.store.target().clone(), ground.data_dir.clone());
    let vault = Arc::new(vault?);
    registry.add(BackupTask(Arc::clone(&vault)));
    Some(vault)
}

struct BackupTask(Arc<Vault>);

impl Task for BackupTask {
    fn name(&self) -> &'static str {
        BACKUP
    }

    fn run(&self, _run: TaskRun) -> BoxFuture<'_, Result<Text, TaskError>> {
        async move {
            match self.0.create().await {
                Ok(info) => Ok(say::made(&info.id, info.files, info.bytes, &info.target)),
                Err(error) => {
                    tracing::error!(%error, "no backup was made");
                    Err(TaskError(say::problem(&error)))
                }
            }
        }
        .boxed()
    }
}

fn told(error: BackupError) -> BackupsError {
    match error {
        BackupError::NotFound { .. } => BackupsError::Unknown,
        BackupError::Busy { .. } => BackupsError::Busy,
        BackupError::Damaged { what } => BackupsError::Damaged(what),
        other => BackupsError::Failed(other.to_string()),
    }
}

impl fsts_server::Backups for Vault {
    fn target(&self) -> String {
        self.target.to_string()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<BackupView>, BackupsError>> {
        async move {
            let infos = self.open().map_err(told)?.list().await.map_err(told)?;
            Ok(infos.into_iter().map(view).collect())
        }
        .boxed()
    }

    fn verify(&self, id: String) -> BoxFuture<'_, Result<BackupVerifiedView, BackupsError>> {
        async move { Vault::verify(self, Some(&id)).await.map_err(told) }.boxed()
    }
}
