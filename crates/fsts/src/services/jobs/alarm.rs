//! Tells a person of runs that went wrong, through the outbox of alerts.

use std::sync::Arc;

use fsts_store::{Alert, Channel, Enqueued, JobRunRow, RunOutcome, Severity, Store};

use crate::alerts::Bell;
use crate::messages::jobs as say;

/// The way to a person.
#[derive(Clone)]
pub struct Alarm {
    /// The outbox.
    pub store: Store,
    /// The account whose alerts they are.
    pub stream: String,
    /// Rung when the outbox has something new.
    pub bell: Arc<Bell>,
}

impl Alarm {
    /// Tells of a run unless it went well. A failing outbox is left to the log: the history has the run.
    pub async fn raise(&self, run: &JobRunRow) {
        let (kind, severity) = match run.outcome {
            RunOutcome::Failed => ("job_failed", Severity::Error),
            RunOutcome::Missed => ("job_missed", Severity::Warning),
            RunOutcome::Cut => ("job_cut", Severity::Warning),
            RunOutcome::Ok | RunOutcome::Running | RunOutcome::Skipped => return,
        };
        let text = say::alert(&run.job, run.due, (&run.message_ko, &run.message_en));
        let alert = Alert {
            id: format!("{}-{kind}-{}-{}", self.stream, run.job, run.due.ns()),
            stream: self.stream.clone(),
            // No record of the journal states it; alerts of records go by their own numbers.
            seq: 0,
            kind: kind.to_owned(),
            severity,
            message_ko: text.ko,
            message_en: text.en,
            at: run.ended.unwrap_or(run.started),
            channel: Channel::Alarm,
            symbol: None,
        };
        match self.store.enqueue_alert(&alert).await {
            Ok(Enqueued::New) => self.bell.ring(),
            Ok(Enqueued::Known) => {}
            Ok(Enqueued::Full) => tracing::warn!(job = run.job, "the outbox is full; an alert about a job is lost"),
            Err(error) => tracing::warn!(%error, job = run.job, "an alert about a job can't be kept"),
        }
    }
}
