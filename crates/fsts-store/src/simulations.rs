//! Simulation jobs: what was wished, how far it is, what it found. The texts are the program's own JSON.

use fsts_domain::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::chain::unsigned;
use crate::{Store, StoreError};

/// A job to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSimulation {
    /// Its id; ids of later jobs are greater texts.
    pub id: String,
    /// Whose jobs it belongs to: the account's stream.
    pub stream: String,
    /// Idempotency key of the wish.
    pub key: String,
    /// Digest of the wish.
    pub hash: String,
    /// The wish.
    pub wish: String,
    /// When it was made.
    pub created: Timestamp,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is a new job.
    New,
    /// The same wish under the same key is this job.
    Same(String),
    /// The key belongs to another wish.
    OtherWish,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationRow {
    /// Its id.
    pub id: String,
    /// The wish.
    pub wish: String,
    /// `queued`, `running`, `completed`, `failed` or `cancelled`.
    pub state: String,
    /// Times it was begun.
    pub attempts: u64,
    /// Days done when it ended.
    pub done_days: u64,
    /// Days of all.
    pub total_days: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its figures; empty when it has none.
    pub summary: String,
    /// Why it failed; empty when it did not.
    pub error: String,
}

/// How a job ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimulationEnd {
    /// `completed`, `failed` or `cancelled`.
    pub state: String,
    /// Days done.
    pub done_days: u32,
    /// Days of all.
    pub total_days: u32,
    /// When, on the machine's clock.
    pub at: Timestamp,
    /// Its figures, or empty.
    pub summary: String,
    /// Why it failed, or empty.
    pub error: String,
    /// What it found.
    pub body: Option<String>,
}

const COLUMNS: &str =
    "id, wish, state, attempts, done_days, total_days, created_ns, ended_ns, summary, error FROM simulations";

impl Store {
    /// Keeps a job, unless its key is known already.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing is kept.
    pub async fn add_simulation(&self, new: &NewSimulation) -> Result<Kept, StoreError> {
        let sql = "INSERT INTO simulations (id, stream, wish_key, wish_hash, wish, state, attempts, done_days, \
                   total_days, created_ns, started_ns, ended_ns, summary, error) \
                   VALUES ($1, $2, $3, $4, $5, 'queued', 0, 0, 0, $6, 0, 0, '', '') ON CONFLICT (wish_key) DO NOTHING";
        let insert = sqlx::query(sql).bind(&new.id).bind(&new.stream).bind(&new.key).bind(&new.hash).bind(&new.wish);
        if insert.bind(new.created.ns()).execute(self.pool()).await?.rows_affected() == 1 {
            return Ok(Kept::New);
        }
        let found = self.simulation_of_key(&new.key).await?;
        Ok(match found {
            Some((id, hash)) if hash == new.hash => Kept::Same(id),
            _ => Kept::OtherWish,
        })
    }

    /// Id and wish digest of the job that a key has made.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn simulation_of_key(&self, key: &str) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT id, wish_hash FROM simulations WHERE wish_key = $1";
        let row = sqlx::query(sql).bind(key).fetch_optional(self.pool()).await?;
        row.map(|row| Ok((row.try_get("id")?, row.try_get("wish_hash")?))).transpose()
    }

    /// One job.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn simulation(&self, id: &str) -> Result<Option<SimulationRow>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE id = $1"));
        let row = sqlx::query(sql).bind(id).fetch_optional(self.pool()).await?;
        row.as_ref().map(simulation_row).transpose()
    }

    /// The newest jobs of all streams, before an id where one is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn simulations(&self, limit: u32, before: Option<&str>) -> Result<Vec<SimulationRow>, StoreError> {
        // `~` is greater than every character of an id.
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE id < $1 ORDER BY id DESC LIMIT $2"));
        let rows = sqlx::query(sql).bind(before.unwrap_or("~")).bind(i64::from(limit)).fetch_all(self.pool()).await?;
        rows.iter().map(simulation_row).collect()
    }

    /// The jobs of a stream that have not ended, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open_simulations(&self, stream: &str) -> Result<Vec<SimulationRow>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE stream = $1 AND ended_ns = 0 ORDER BY id"));
        let rows = sqlx::query(sql).bind(stream).fetch_all(self.pool()).await?;
        rows.iter().map(simulation_row).collect()
    }

    /// Marks a job as begun once more; false when it has ended meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn begin_simulation(&self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE simulations SET state = 'running', attempts = attempts + 1, started_ns = $2 \
                   WHERE id = $1 AND ended_ns = 0";
        Ok(sqlx::query(sql).bind(id).bind(at.ns()).execute(self.pool()).await?.rows_affected() == 1)
    }

    /// Gives a begun job back to the queue: its run was ended by the program's own end, which is no attempt of its own.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn requeue_simulation(&self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE simulations SET state = 'queued', attempts = attempts - 1 \
                   WHERE id = $1 AND ended_ns = 0 AND state = 'running'";
        sqlx::query(sql).bind(id).execute(self.pool()).await?;
        Ok(())
    }

    /// Ends a job, with its result in the same transaction; false when it had ended already.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then it has not ended.
    pub async fn end_simulation(&self, id: &str, end: &SimulationEnd) -> Result<bool, StoreError> {
        let sql = "UPDATE simulations SET state = $2, done_days = $3, total_days = $4, ended_ns = $5, summary = $6, \
                   error = $7 WHERE id = $1 AND ended_ns = 0";
        let mut transaction = self.pool().begin().await?;
        let update = sqlx::query(sql).bind(id).bind(&end.state);
        let update = update.bind(i64::from(end.done_days)).bind(i64::from(end.total_days)).bind(end.at.ns());
        let update = update.bind(&end.summary).bind(&end.error);
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(body) = &end.body {
            let sql = "INSERT INTO simulation_results (id, body) VALUES ($1, $2)";
            sqlx::query(sql).bind(id).bind(body).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// What a job found.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn simulation_result(&self, id: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT body FROM simulation_results WHERE id = $1";
        let row = sqlx::query(sql).bind(id).fetch_optional(self.pool()).await?;
        row.map(|row| Ok(row.try_get("body")?)).transpose()
    }

    /// Forgets a job that has ended, with its result; false when there is none such.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing is forgotten.
    pub async fn delete_simulation(&self, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let sql = "DELETE FROM simulations WHERE id = $1 AND ended_ns <> 0";
        if sqlx::query(sql).bind(id).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM simulation_results WHERE id = $1").bind(id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

fn simulation_row(row: &AnyRow) -> Result<SimulationRow, StoreError> {
    let ended: i64 = row.try_get("ended_ns")?;
    Ok(SimulationRow {
        id: row.try_get("id")?,
        wish: row.try_get("wish")?,
        state: row.try_get("state")?,
        attempts: unsigned(row, "attempts")?,
        done_days: unsigned(row, "done_days")?,
        total_days: unsigned(row, "total_days")?,
        created: Timestamp::from_ns(row.try_get("created_ns")?),
        ended: (ended != 0).then(|| Timestamp::from_ns(ended)),
        summary: row.try_get("summary")?,
        error: row.try_get("error")?,
    })
}
