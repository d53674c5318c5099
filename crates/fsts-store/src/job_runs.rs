//! Runs of jobs: claimed by one process, ended once, cut when their process is gone.

use fsts_domain::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::rows::{from_word, word};
use crate::{Store, StoreError};

/// Runs of one job that are kept.
const KEPT_MAX: i64 = 500;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Not yet known.
    Running,
    /// Done.
    Ok,
    /// The task said why not.
    Failed,
    /// Due while the run before it still went on.
    Skipped,
    /// Due while nobody could run it, and too late afterwards.
    Missed,
    /// Its process ended under it.
    Cut,
}

/// A run or what stands in its place. Instants are market time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRunRow {
    /// The job.
    pub job: String,
    /// When it was due; with the job it names the run.
    pub due: Timestamp,
    /// When it began, or when it was found skipped or missed.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What it came to.
    pub outcome: RunOutcome,
    /// Korean text, empty when there is nothing to say.
    pub message_ko: String,
    /// English text.
    pub message_en: String,
}

/// Who runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    /// The account's stream: its lock lets one process live, so another runner of it is dead.
    pub owner: String,
    /// This process's start.
    pub id: String,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobClaim {
    /// The caller runs it, and ends it by [`Store::end_run`].
    Won,
    /// Somebody has dealt with this instant, or the job is off or gone.
    Settled,
    /// Another run of the job goes on.
    Busy,
}

const COLUMNS: &str = "SELECT job, due_ns, started_ns, ended_ns, outcome, message_ko, message_en FROM job_runs";

impl Store {
    /// Claims a due instant for a run. Of many claims, in whatever processes, one is [`JobClaim::Won`], and none while a
    /// run of the job goes on. `now` is market time, `real` the machine's.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing was claimed.
    pub async fn claim_run(
        &self,
        (job, due): (&str, Timestamp),
        runner: &Runner,
        (now, real): (Timestamp, Timestamp),
    ) -> Result<JobClaim, StoreError> {
        let mut transaction = self.pool().begin().await?;
        // The row's lock orders all claims of a job; SQLite has one writer anyway.
        let take = "UPDATE jobs SET running_ns = $2, seen_ns = $2 \
                    WHERE name = $1 AND running_ns = 0 AND enabled = 1 AND seen_ns < $2";
        let taken = sqlx::query(take).bind(job).bind(due.ns()).execute(&mut *transaction).await?.rows_affected() == 1;
        if taken {
            if !insert_running(&mut transaction, (job, due), runner, (now, real)).await? {
                // A person's run has this very instant; it stands for the scheduled one.
                let free = "UPDATE jobs SET running_ns = 0 WHERE name = $1";
                sqlx::query(free).bind(job).execute(&mut *transaction).await?;
                transaction.commit().await?;
                return Ok(JobClaim::Settled);
            }
            transaction.commit().await?;
            return Ok(JobClaim::Won);
        }
        let busy = "SELECT name FROM jobs WHERE name = $1 AND running_ns <> 0 AND enabled = 1 AND seen_ns < $2";
        let busy = sqlx::query(busy).bind(job).bind(due.ns()).fetch_optional(&mut *transaction).await?.is_some();
        transaction.rollback().await?;
        Ok(if busy { JobClaim::Busy } else { JobClaim::Settled })
    }

    /// Claims a run that a person asked for, at `now` or just after it; `None` while a run of the job goes on.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing was claimed.
    pub async fn claim_run_now(
        &self,
        job: &str,
        runner: &Runner,
        (now, real): (Timestamp, Timestamp),
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let newest = "UPDATE jobs SET running_ns = $2 WHERE name = $1 AND running_ns = 0";
        let taken = sqlx::query(newest).bind(job).bind(now.ns()).execute(&mut *transaction).await?.rows_affected() == 1;
        if !taken {
            return Ok(None);
        }
        // On a clock that stands still two runs of one instant are told apart by a nanosecond.
        let last = "SELECT due_ns FROM job_runs WHERE job = $1 AND due_ns >= $2 ORDER BY due_ns DESC LIMIT 1";
        let last = sqlx::query(last).bind(job).bind(now.ns()).fetch_optional(&mut *transaction).await?;
        let due = match last {
            Some(row) => Timestamp::from_ns(row.try_get::<i64, _>("due_ns")?).plus_ns(1),
            None => now,
        };
        let set = "UPDATE jobs SET running_ns = $2 WHERE name = $1";
        sqlx::query(set).bind(job).bind(due.ns()).execute(&mut *transaction).await?;
        insert_running(&mut transaction, (job, due), runner, (now, real)).await?;
        transaction.commit().await?;
        Ok(Some(due))
    }

    /// Records a due instant that was not run, once; false when somebody has dealt with it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_unrun(&self, run: &JobRunRow) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let pass = "UPDATE jobs SET seen_ns = $2 WHERE name = $1 AND seen_ns < $2 AND enabled = 1";
        let passed = sqlx::query(pass).bind(&run.job).bind(run.due.ns()).execute(&mut *transaction).await?;
        if passed.rows_affected() == 0 {
            return Ok(false);
        }
        let sql = "INSERT INTO job_runs (job, due_ns, owner, runner, beat_ns, started_ns, ended_ns, outcome, \
                   message_ko, message_en) VALUES ($1, $2, '', '', 0, $3, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let insert = sqlx::query(sql).bind(&run.job).bind(run.due.ns()).bind(run.started.ns());
        let insert = insert.bind(word(&run.outcome)).bind(&run.message_ko).bind(&run.message_en);
        let inserted = insert.execute(&mut *transaction).await?.rows_affected() == 1;
        transaction.commit().await?;
        Ok(inserted)
    }

    /// Ends a run of this runner and frees its job; false when it was taken for dead meanwhile. Old runs are forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; the run then counts as going on.
    pub async fn end_run(&self, runner: &Runner, run: &JobRunRow) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let sql = "UPDATE job_runs SET ended_ns = $4, outcome = $5, message_ko = $6, message_en = $7 \
                   WHERE job = $1 AND due_ns = $2 AND runner = $3 AND outcome = 'running'";
        let ended = run.ended.unwrap_or(run.started);
        let update = sqlx::query(sql).bind(&run.job).bind(run.due.ns()).bind(&runner.id).bind(ended.ns());
        let update = update.bind(word(&run.outcome)).bind(&run.message_ko).bind(&run.message_en);
        let was_ours = update.execute(&mut *transaction).await?.rows_affected() == 1;
        if was_ours {
            let free = "UPDATE jobs SET running_ns = 0 WHERE name = $1 AND running_ns = $2";
            sqlx::query(free).bind(&run.job).bind(run.due.ns()).execute(&mut *transaction).await?;
        }
        let forget = "DELETE FROM job_runs WHERE job = $1 AND outcome <> 'running' AND due_ns < (SELECT MIN(due_ns) \
                      FROM (SELECT due_ns FROM job_runs WHERE job = $1 ORDER BY due_ns DESC LIMIT $2) AS kept)";
        sqlx::query(forget).bind(&run.job).bind(KEPT_MAX).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(was_ours)
    }

    /// Says that this runner's runs are alive. `real` is the machine's time.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn beat_runs(&self, runner: &Runner, real: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE job_runs SET beat_ns = $2 WHERE runner = $1 AND outcome = 'running'";
        sqlx::query(sql).bind(&runner.id).bind(real.ns()).execute(self.pool()).await?;
        Ok(())
    }

    /// Ends, as cut, the runs whose process is gone: earlier ones of this runner's owner, and those that gave no sign of
    /// life since `silent_since` of the machine's time. Gives them back.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; some may be cut by then.
    pub async fn cut_runs(
        &self,
        runner: &Runner,
        (now, silent_since): (Timestamp, Timestamp),
        (message_ko, message_en): (&str, &str),
    ) -> Result<Vec<JobRunRow>, StoreError> {
        let dead = "outcome = 'running' AND runner <> $2 AND (owner = $1 OR beat_ns < $3)";
        let sql = format!("{COLUMNS} WHERE {dead} ORDER BY job");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&runner.owner).bind(&runner.id).bind(silent_since.ns());
        let found = found.fetch_all(self.pool()).await?;
        let sql = format!(
            "UPDATE job_runs SET outcome = 'cut', ended_ns = $4, message_ko = $5, message_en = $6 \
             WHERE {dead} AND job = $7 AND due_ns = $8"
        );
        let mut cut = Vec::new();
        for row in &found {
            let run = run_row(row)?;
            let mut transaction = self.pool().begin().await?;
            let update = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(&runner.owner).bind(&runner.id);
            let update = update.bind(silent_since.ns()).bind(now.ns()).bind(message_ko).bind(message_en);
            let update = update.bind(&run.job).bind(run.due.ns()).execute(&mut *transaction).await?;
            if update.rows_affected() == 0 {
                continue; // another process was first, or the run gave a sign of life
            }
            let free = "UPDATE jobs SET running_ns = 0 WHERE name = $1 AND running_ns = $2";
            sqlx::query(free).bind(&run.job).bind(run.due.ns()).execute(&mut *transaction).await?;
            transaction.commit().await?;
            let (message_ko, message_en) = (message_ko.to_owned(), message_en.to_owned());
            cut.push(JobRunRow { outcome: RunOutcome::Cut, ended: Some(now), message_ko, message_en, ..run });
        }
        Ok(cut)
    }

    /// The last runs of a job, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no run.
    pub async fn job_runs(&self, job: &str, limit: u32) -> Result<Vec<JobRunRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE job = $1 ORDER BY due_ns DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(job).bind(i64::from(limit));
        rows.fetch_all(self.pool()).await?.iter().map(run_row).collect()
    }

    /// The newest run of each job, by job.
    ///
    /// # Errors
    /// As [`Store::job_runs`].
    pub async fn last_runs(&self) -> Result<Vec<JobRunRow>, StoreError> {
        let newest = "WHERE due_ns = (SELECT MAX(due_ns) FROM job_runs AS r WHERE r.job = job_runs.job) ORDER BY job";
        let sql = format!("{COLUMNS} {newest}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(self.pool()).await?;
        rows.iter().map(run_row).collect()
    }
}

async fn insert_running(
    connection: &mut sqlx::AnyConnection,
    (job, due): (&str, Timestamp),
    runner: &Runner,
    (now, real): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO job_runs (job, due_ns, owner, runner, beat_ns, started_ns, ended_ns, outcome, message_ko, \
               message_en) VALUES ($1, $2, $3, $4, $5, $6, 0, 'running', '', '') ON CONFLICT DO NOTHING";
    let insert = sqlx::query(sql).bind(job).bind(due.ns()).bind(&runner.owner).bind(&runner.id);
    let inserted = insert.bind(real.ns()).bind(now.ns()).execute(connection).await?;
    Ok(inserted.rows_affected() == 1)
}

fn run_row(row: &AnyRow) -> Result<JobRunRow, StoreError> {
    let ended: i64 = row.try_get("ended_ns")?;
    Ok(JobRunRow {
        job: row.try_get("job")?,
        due: Timestamp::from_ns(row.try_get("due_ns")?),
        started: Timestamp::from_ns(row.try_get("started_ns")?),
        ended: (ended != 0).then(|| Timestamp::from_ns(ended)),
        outcome: from_word(row, "outcome")?,
        message_ko: row.try_get("message_ko")?,
        message_en: row.try_get("message_en")?,
    })
}
