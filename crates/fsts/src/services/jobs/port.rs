//! The server's port onto the scheduler.

use std::sync::Arc;

use fsts_server::{JobRunView, JobView, Jobs, JobsError, Language, SnapshotView};
use fsts_store::{Claim, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::scheduler::Shared;
use super::view;
use crate::clock::real_now;

/// The port.
pub struct JobsPort {
    shared: Arc<Shared>,
    stream: String,
}

impl JobsPort {
    /// The port of a running scheduler.
    pub fn new(shared: Arc<Shared>, stream: String) -> Self {
        JobsPort { shared, stream }
    }

    async fn begin(&self, name: &str) -> Result<String, JobsError> {
        let shared = &self.shared;
        let rows = shared.store.jobs().await.map_err(failed)?;
        let row = rows.iter().find(|row| row.definition.name == name).ok_or(JobsError::Unknown)?;
        let task = shared.registry.get(&row.definition.task).ok_or(JobsError::NoTask)?;
        let now = shared.time.now();
        let claimed = shared.store.claim_run_now(name, &shared.runner, (now, real_now())).await.map_err(failed)?;
        let due = claimed.ok_or(JobsError::Busy)?;
        shared.spawn(name.to_owned(), (due, now), task);
        Ok(view::run_id(name, due))
    }

    /// Under a key a run is begun once; the answer of a finished key is its run.
    async fn begin_once(&self, name: &str, key: &str) -> Result<String, JobsError> {
        let store = &self.shared.store;
        let key = format!("job:{key}");
        match store.claim_key(&key, name, real_now()).await.map_err(failed)? {
            Claim::New => {}
            Claim::Answered { response, .. } => return Ok(response),
            Claim::Unfinished => return Err(JobsError::Busy),
            Claim::OtherBody => return Err(JobsError::KeyReused),
        }
        match self.begin(name).await {
            Ok(run_id) => {
                if let Err(error) = store.finish_key(&key, None, &run_id).await {
                    // The run has begun; a repeated request is told that it goes on.
                    tracing::warn!(%error, "the key of a run can't be kept");
                }
                Ok(run_id)
            }
            Err(error) => {
                if let Err(error) = store.release_key(&key).await {
                    tracing::warn!(%error, "the key of a refused run can't be freed");
                }
                Err(error)
            }
        }
    }
}

fn failed(error: StoreError) -> JobsError {
    JobsError::Failed(error.to_string())
}

impl Jobs for JobsPort {
    fn list(&self, language: Language) -> BoxFuture<'_, Result<Vec<JobView>, JobsError>> {
        async move {
            let shared = &self.shared;
            let known = |task: &str| shared.registry.get(task).is_some();
            let (now, calendar) = (shared.time.now(), &shared.calendar);
            view::jobs(&shared.store, (calendar, now), known, language).await.map_err(failed)
        }
        .boxed()
    }

    fn history(
        &self,
        name: String,
        limit: u32,
        language: Language,
    ) -> BoxFuture<'_, Result<Vec<JobRunView>, JobsError>> {
        async move {
            let found = view::history(&self.shared.store, (&name, limit), language).await.map_err(failed)?;
            found.ok_or(JobsError::Unknown)
        }
        .boxed()
    }

    fn run(&self, name: String, key: String) -> BoxFuture<'_, Result<String, JobsError>> {
        async move { self.begin_once(&name, &key).await }.boxed()
    }

    fn enable(&self, name: String, enabled: bool) -> BoxFuture<'_, Result<(), JobsError>> {
        async move {
            let now = self.shared.time.now();
            let known = self.shared.store.enable_job(&name, enabled, now).await.map_err(failed)?;
            self.shared.bell.notify_one();
            if known { Ok(()) } else { Err(JobsError::Unknown) }
        }
        .boxed()
    }

    fn snapshots(&self, limit: u32) -> BoxFuture<'_, Result<Vec<SnapshotView>, JobsError>> {
        async move {
            let rows = self.shared.store.snapshots(&self.stream, limit).await.map_err(failed)?;
            Ok(rows.iter().map(view::snapshot).collect())
        }
        .boxed()
    }
}
