//! What the assistant keeps: conversations with their checkpoints. Opaque text to the store.

use fsts_domain::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError};

/// The newest state of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id.
    pub id: String,
    /// Rises by one with each write.
    pub version: i64,
    /// The state as its owner wrote it.
    pub state: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was written last.
    pub updated: Timestamp,
    /// When it may be forgotten.
    pub expires: Timestamp,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// The conversation.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// The step, from 0.
    pub step: i64,
    /// The node that made it.
    pub node: String,
    /// The node that comes next.
    pub next: String,
    /// The state after the step.
    pub state: String,
    /// Digest of the state.
    pub hash: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// The newest state of a conversation.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn conversation(&self, id: &str) -> Result<Option<ConversationRow>, StoreError> {
        let sql = "SELECT id, version, state, created_ns, updated_ns, expires_ns FROM assistant_sessions \
                   WHERE id = $1";
        let row = sqlx::query(sql).bind(id).fetch_optional(self.pool()).await?;
        row.as_ref().map(session_row).transpose()
    }

    /// Conversations, last used first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn conversations(&self, limit: u32) -> Result<Vec<ConversationRow>, StoreError> {
        let sql = "SELECT id, version, state, created_ns, updated_ns, expires_ns FROM assistant_sessions \
                   ORDER BY updated_ns DESC, id LIMIT $1";
        let rows = sqlx::query(sql).bind(i64::from(limit)).fetch_all(self.pool()).await?;
        rows.iter().map(session_row).collect()
    }

    /// Writes the state of a conversation over the version that its writer has read; 0 for a new one. False when
    /// somebody else was faster: nothing was written.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn write_conversation(&self, row: &ConversationRow, read: i64) -> Result<bool, StoreError> {
        let sql = match read {
            0 => {
                "INSERT INTO assistant_sessions (id, version, state, created_ns, updated_ns, expires_ns) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING"
            }
            _ => {
                "UPDATE assistant_sessions SET version = $2, state = $3, created_ns = $4, updated_ns = $5, \
                 expires_ns = $6 WHERE id = $1 AND version = $7"
            }
        };
        let mut query = sqlx::query(sql).bind(&row.id).bind(row.version).bind(&row.state);
        query = query.bind(row.created.ns()).bind(row.updated.ns()).bind(row.expires.ns());
        if read != 0 {
            query = query.bind(read);
        }
        Ok(query.execute(self.pool()).await?.rows_affected() == 1)
    }

    /// Forgets a conversation with its checkpoints; false when there was none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn forget_conversation(&self, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let sql = "DELETE FROM assistant_checkpoints WHERE session_id = $1";
        sqlx::query(sql).bind(id).execute(&mut *transaction).await?;
        let sql = "DELETE FROM assistant_sessions WHERE id = $1";
        let gone = sqlx::query(sql).bind(id).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        Ok(gone == 1)
    }

    /// Forgets conversations whose time is over; returns how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn forget_old_conversations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let sql = "DELETE FROM assistant_checkpoints WHERE session_id IN \
                   (SELECT id FROM assistant_sessions WHERE expires_ns < $1)";
        sqlx::query(sql).bind(now.ns()).execute(&mut *transaction).await?;
        let sql = "DELETE FROM assistant_sessions WHERE expires_ns < $1";
        let gone = sqlx::query(sql).bind(now.ns()).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        Ok(gone)
    }

    /// Keeps one step of a run. False when that step exists already: the first one stays.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn write_run_step(&self, row: &CheckpointRow) -> Result<bool, StoreError> {
        let sql = "INSERT INTO assistant_checkpoints (session_id, run_id, step, node, next, state, hash, at_ns) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (session_id, run_id, step) DO NOTHING";
        let insert = sqlx::query(sql).bind(&row.session_id).bind(&row.run_id).bind(row.step).bind(&row.node);
        let insert = insert.bind(&row.next).bind(&row.state).bind(&row.hash).bind(row.at.ns());
        Ok(insert.execute(self.pool()).await?.rows_affected() == 1)
    }

    /// The steps of a conversation's runs, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn run_steps(&self, session_id: &str, limit: u32) -> Result<Vec<CheckpointRow>, StoreError> {
        let sql = "SELECT session_id, run_id, step, node, next, state, hash, at_ns FROM assistant_checkpoints \
                   WHERE session_id = $1 ORDER BY at_ns DESC, run_id DESC, step DESC LIMIT $2";
        let rows = sqlx::query(sql).bind(session_id).bind(i64::from(limit)).fetch_all(self.pool()).await?;
        rows.iter().map(checkpoint_row).collect()
    }
}

fn session_row(row: &AnyRow) -> Result<ConversationRow, StoreError> {
    Ok(ConversationRow {
        id: row.try_get("id")?,
        version: row.try_get("version")?,
        state: row.try_get("state")?,
        created: Timestamp::from_ns(row.try_get("created_ns")?),
        updated: Timestamp::from_ns(row.try_get("updated_ns")?),
        expires: Timestamp::from_ns(row.try_get("expires_ns")?),
    })
}

fn checkpoint_row(row: &AnyRow) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow {
        session_id: row.try_get("session_id")?,
        run_id: row.try_get("run_id")?,
        step: row.try_get("step")?,
        node: row.try_get("node")?,
        next: row.try_get("next")?,
        state: row.try_get("state")?,
        hash: row.try_get("hash")?,
        at: Timestamp::from_ns(row.try_get("at_ns")?),
    })
}
