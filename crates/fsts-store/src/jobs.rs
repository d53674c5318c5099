//! Scheduled jobs: what is to run when, and whether it may.

use fsts_domain::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::rows::{from_word, word};
use crate::{Store, StoreError};

/// What becomes of a due instant that passed while nobody could run the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedPolicy {
    /// Run once when it is no later than the job's grace; several missed instants make one run.
    Run,
    /// Don't run; the instant is recorded as missed.
    Skip,
}

/// A job as the settings define it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDefinition {
    /// Its name, unique in the database.
    pub name: String,
    /// The task that it runs.
    pub task: String,
    /// When, as a text that the scheduler reads.
    pub schedule: String,
    /// What becomes of a missed instant.
    pub missed: MissedPolicy,
    /// How late a run may begin, seconds of market time.
    pub grace_s: i64,
    /// Whether the settings switch it on.
    pub enabled: bool,
}

/// A job as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Its definition; `enabled` is a person's last choice, or the settings' while nobody chose.
    pub definition: JobDefinition,
    /// Due instants up to this one have been dealt with.
    pub seen: Timestamp,
    /// The due instant of the run that holds the job.
    pub running: Option<Timestamp>,
}

impl Store {
    /// Makes the database's jobs those of the settings. What is new or has another schedule begins at `now`; a clock that
    /// was set back, too. Jobs that are gone and not running are forgotten, with their history left.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing has changed.
    pub async fn define_jobs(&self, jobs: &[JobDefinition], now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO jobs (name, task, schedule, missed, grace_s, configured, enabled, seen_ns, running_ns) \
                   VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 0) ON CONFLICT (name) DO UPDATE SET \
                   seen_ns = CASE WHEN jobs.schedule <> excluded.schedule OR jobs.seen_ns > excluded.seen_ns \
                   THEN excluded.seen_ns ELSE jobs.seen_ns END, \
                   enabled = CASE WHEN jobs.configured <> excluded.configured THEN excluded.configured \
                   ELSE jobs.enabled END, \
                   task = excluded.task, schedule = excluded.schedule, missed = excluded.missed, \
                   grace_s = excluded.grace_s, configured = excluded.configured";
        let mut transaction = self.pool().begin().await?;
        for job in jobs {
            let upsert = sqlx::query(sql).bind(&job.name).bind(&job.task).bind(&job.schedule).bind(word(&job.missed));
            let upsert = upsert.bind(job.grace_s).bind(i64::from(job.enabled)).bind(now.ns());
            upsert.execute(&mut *transaction).await?;
        }
        let known = sqlx::query("SELECT name FROM jobs WHERE running_ns = 0").fetch_all(&mut *transaction).await?;
        for row in &known {
            let name: String = row.try_get("name")?;
            if !jobs.iter().any(|job| job.name == name) {
                let gone = sqlx::query("DELETE FROM jobs WHERE name = $1 AND running_ns = 0").bind(name);
                gone.execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// All jobs by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no job.
    pub async fn jobs(&self) -> Result<Vec<JobRow>, StoreError> {
        let sql = "SELECT name, task, schedule, missed, grace_s, enabled, seen_ns, running_ns FROM jobs ORDER BY name";
        sqlx::query(sql).fetch_all(self.pool()).await?.iter().map(job_row).collect()
    }

    /// Switches a job on or off; false when there is none of that name. What was due while it was off stays undone.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn enable_job(&self, name: &str, enabled: bool, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE jobs SET seen_ns = CASE WHEN enabled = 0 AND $2 = 1 AND seen_ns < $3 THEN $3 ELSE seen_ns END, \
                   enabled = $2 WHERE name = $1";
        let update = sqlx::query(sql).bind(name).bind(i64::from(enabled)).bind(now.ns());
        Ok(update.execute(self.pool()).await?.rows_affected() == 1)
    }

    /// Passes over what was due up to `now` without a record: nobody could have run it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn pass_job(&self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE jobs SET seen_ns = $2 WHERE name = $1 AND seen_ns < $2";
        sqlx::query(sql).bind(name).bind(now.ns()).execute(self.pool()).await?;
        Ok(())
    }
}

fn job_row(row: &AnyRow) -> Result<JobRow, StoreError> {
    let flag: i64 = row.try_get("enabled")?;
    let running: i64 = row.try_get("running_ns")?;
    Ok(JobRow {
        definition: JobDefinition {
            name: row.try_get("name")?,
            task: row.try_get("task")?,
            schedule: row.try_get("schedule")?,
            missed: from_word(row, "missed")?,
            grace_s: row.try_get("grace_s")?,
            enabled: flag != 0,
        },
        seen: Timestamp::from_ns(row.try_get("seen_ns")?),
        running: (running != 0).then(|| Timestamp::from_ns(running)),
    })
}
