//! Users and their open sessions.

use fsts_domain::Timestamp;
use sqlx::Row;

use crate::{Store, StoreError};

/// Sessions that are kept; the oldest make room.
const SESSIONS_MAX: i64 = 100;

/// An open session. Its token is known here by its hash alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose it is.
    pub user: String,
    /// When it was opened.
    pub created: Timestamp,
    /// When it was last used.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
}

impl Store {
    /// Whether there is a user.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn has_user(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) FROM users").fetch_one(self.pool()).await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    /// Makes the first user; false when there is one already, whatever the name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn create_first_user(&self, name: &str, password: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO users (name, place, password, created_ns) VALUES ($1, 1, $2, $3) ON CONFLICT DO NOTHING";
        let inserted = sqlx::query(sql).bind(name).bind(password).bind(at.ns()).execute(self.pool()).await?;
        Ok(inserted.rows_affected() == 1)
    }

    /// The password hash of a user.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn password_of(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT password FROM users WHERE name = $1").bind(name).fetch_optional(self.pool());
        row.await?.map(|row| row.try_get("password").map_err(StoreError::from)).transpose()
    }

    /// Opens a session, and drops those that have ended or are too many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then there is no session.
    pub async fn open_session(&self, token_hash: &str, session: &SessionRow) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE ends_ns <= $1 OR token_hash NOT IN \
                   (SELECT token_hash FROM sessions ORDER BY seen_ns DESC, token_hash LIMIT $2)";
        sqlx::query(sql).bind(session.created.ns()).bind(SESSIONS_MAX - 1).execute(self.pool()).await?;
        let sql =
            "INSERT INTO sessions (token_hash, user_name, created_ns, seen_ns, ends_ns) VALUES ($1, $2, $3, $4, $5)";
        let insert = sqlx::query(sql).bind(token_hash).bind(&session.user).bind(session.created.ns());
        insert.bind(session.seen.ns()).bind(session.ends.ns()).execute(self.pool()).await?;
        Ok(())
    }

    /// A session by the hash of its token.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let sql = "SELECT user_name, created_ns, seen_ns, ends_ns FROM sessions WHERE token_hash = $1";
        let Some(row) = sqlx::query(sql).bind(token_hash).fetch_optional(self.pool()).await? else {
            return Ok(None);
        };
        Ok(Some(SessionRow {
            user: row.try_get("user_name")?,
            created: Timestamp::from_ns(row.try_get("created_ns")?),
            seen: Timestamp::from_ns(row.try_get("seen_ns")?),
            ends: Timestamp::from_ns(row.try_get("ends_ns")?),
        }))
    }

    /// Notes that a session is in use.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn touch_session(&self, token_hash: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET seen_ns = $2 WHERE token_hash = $1 AND seen_ns < $2";
        sqlx::query(sql).bind(token_hash).bind(at.ns()).execute(self.pool()).await?;
        Ok(())
    }

    /// Ends a session; nothing happens when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; the session may go on.
    pub async fn end_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1").bind(token_hash).execute(self.pool()).await?;
        Ok(())
    }
}
