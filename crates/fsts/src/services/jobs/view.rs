//! Rows of the database as the API and the command line show them.

use std::collections::BTreeMap;

use fsts_domain::Timestamp;
use fsts_krx::SessionCalendar;
use fsts_server::{JobRunView, JobView, Language, RunOutcomeWord, ScheduleKind, SnapshotView};
use fsts_store::{JobRow, JobRunRow, RunOutcome, SnapshotRow, Store, StoreError};

use super::schedule::Schedule;
use super::snapshot::{decimal, half_percents, return_parts};
use crate::messages::{Lang, jobs as say};

/// The name of a run.
pub fn run_id(job: &str, due: Timestamp) -> String {
    format!("{job}-{}", due.ns())
}

/// All jobs by name; `known` says whether a task is there.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn jobs(
    store: &Store,
    (calendar, now): (&SessionCalendar, Timestamp),
    known: impl Fn(&str) -> bool,
    language: Language,
) -> Result<Vec<JobView>, StoreError> {
    let rows = store.jobs().await?;
    let runs = store.last_runs().await?;
    let mut last: BTreeMap<String, JobRunView> =
        runs.iter().map(|run| (run.job.clone(), job_run(run, language))).collect();
    let view = |row: &JobRow| {
        let job = &row.definition;
        let has_task = known(&job.task);
        // A schedule of a newer program is shown as it is written, and due nobody knows when.
        let schedule = job.schedule.parse::<Schedule>().ok();
        let due = schedule.as_ref().filter(|_| job.enabled && has_task);
        JobView {
            title: say::title(&job.name, &job.task).get(lang(language)).to_owned(),
            schedule: schedule
                .as_ref()
                .map_or_else(|| job.schedule.clone(), |s| say::schedule(s).get(lang(language)).to_owned()),
            kind: schedule.as_ref().map_or(ScheduleKind::Cron, kind),
            task: job.task.clone(),
            enabled: job.enabled && has_task,
            problem: (!has_task).then(|| "no_such_task".to_owned()),
            next_ns: due.and_then(|s| s.next(now, calendar)).map(Into::into),
            running: row.running.is_some(),
            last: last.remove(&job.name),
            name: job.name.clone(),
        }
    };
    Ok(rows.iter().map(view).collect())
}

/// The last runs of a job, newest first; `None` when there is no such job.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn history(
    store: &Store,
    (name, limit): (&str, u32),
    language: Language,
) -> Result<Option<Vec<JobRunView>>, StoreError> {
    if !store.jobs().await?.iter().any(|row| row.definition.name == name) {
        return Ok(None);
    }
    let runs = store.job_runs(name, limit).await?;
    Ok(Some(runs.iter().map(|run| job_run(run, language)).collect()))
}

fn job_run(run: &JobRunRow, language: Language) -> JobRunView {
    let message = match language {
        Language::Korean => &run.message_ko,
        Language::English => &run.message_en,
    };
    JobRunView {
        run_id: run_id(&run.job, run.due),
        due_ns: run.due.into(),
        started_ns: run.started.into(),
        ended_ns: run.ended.map(Into::into),
        outcome: match run.outcome {
            RunOutcome::Running => RunOutcomeWord::Running,
            RunOutcome::Ok => RunOutcomeWord::Ok,
            RunOutcome::Failed => RunOutcomeWord::Failed,
            RunOutcome::Skipped => RunOutcomeWord::Skipped,
            RunOutcome::Missed => RunOutcomeWord::Missed,
            RunOutcome::Cut => RunOutcomeWord::Cut,
        },
        message: Some(message.clone()).filter(|text| !text.is_empty()),
    }
}

fn kind(schedule: &Schedule) -> ScheduleKind {
    match schedule {
        Schedule::At { .. } => ScheduleKind::At,
        Schedule::BeforeClose { .. } => ScheduleKind::BeforeClose,
        Schedule::AfterClose { .. } => ScheduleKind::AfterClose,
        Schedule::Every { .. } => ScheduleKind::Every,
        Schedule::Cron(_) => ScheduleKind::Cron,
    }
}

/// A snapshot with its returns.
pub fn snapshot(row: &SnapshotRow) -> SnapshotView {
    let parts = return_parts(row.realized + row.unrealized, row.base);
    SnapshotView {
        day: row.day,
        owner: row.owner.map_or_else(|| "account".to_owned(), |bot| bot.to_string()),
        at_ns: row.at.into(),
        base: row.base,
        value: row.value,
        realized_pnl: row.realized,
        unrealized_pnl: row.unrealized,
        return_pct: decimal(parts, 4),
        return_pct_rounded: decimal(half_percents(parts), 1),
    }
}

/// The program's word for the server's language.
pub fn lang(language: Language) -> Lang {
    match language {
        Language::Korean => Lang::Ko,
        Language::English => Lang::En,
    }
}
