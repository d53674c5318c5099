//! Idempotency keys of write requests: the same key and body gets the first answer, never a second order.

use fsts_domain::{IntentId, Timestamp};
use sqlx::Row;

use crate::chain::{signed, unsigned};
use crate::{Store, StoreError};

/// What a key is already known for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Never seen: the caller does the work and then calls [`Store::finish_key`].
    New,
    /// The same request is being worked on, or its process died meanwhile; the journal knows what it became.
    Unfinished,
    /// The same request was answered.
    Answered {
        /// The order it made, if any.
        intent: Option<IntentId>,
        /// The answer that was given.
        response: String,
    },
    /// The key was used with another body: refuse.
    OtherBody,
}

impl Store {
    /// Claims a key for a request. Of many equal claims at the same time exactly one is [`Claim::New`].
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing may be done under the key.
    pub async fn claim_key(&self, key: &str, body_hash: &str, at: Timestamp) -> Result<Claim, StoreError> {
        let sql = "INSERT INTO idempotency (key, body_hash, intent_id, response, at_ns) VALUES ($1, $2, 0, '', $3) \
                   ON CONFLICT (key) DO NOTHING";
        let inserted = sqlx::query(sql).bind(key).bind(body_hash).bind(at.ns()).execute(self.pool()).await?;
        if inserted.rows_affected() == 1 {
            return Ok(Claim::New);
        }
        let sql = "SELECT body_hash, intent_id, response FROM idempotency WHERE key = $1";
        let Some(row) = sqlx::query(sql).bind(key).fetch_optional(self.pool()).await? else {
            return Ok(Claim::Unfinished); // released between the two statements: the caller may ask again
        };
        if row.try_get::<String, _>("body_hash")? != body_hash {
            return Ok(Claim::OtherBody);
        }
        let response: String = row.try_get("response")?;
        if response.is_empty() {
            return Ok(Claim::Unfinished);
        }
        let intent = Some(unsigned(&row, "intent_id")?).filter(|id| *id != 0).map(IntentId);
        Ok(Claim::Answered { intent, response })
    }

    /// Keeps the answer of a claimed key. The first answer stays.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an empty answer or an unclaimed key.
    pub async fn finish_key(&self, key: &str, intent: Option<IntentId>, response: &str) -> Result<(), StoreError> {
        let misuse = |what: &str| StoreError::Misuse { what: what.to_owned() };
        if response.is_empty() {
            return Err(misuse("an answer must not be empty"));
        }
        let sql = "UPDATE idempotency SET intent_id = CASE WHEN response = '' THEN $2 ELSE intent_id END, \
                   response = CASE WHEN response = '' THEN $3 ELSE response END WHERE key = $1";
        let id = intent.map_or(0, |id| signed(id.0));
        let updated = sqlx::query(sql).bind(key).bind(id).bind(response).execute(self.pool()).await?;
        if updated.rows_affected() == 1 { Ok(()) } else { Err(misuse("the key was never claimed")) }
    }

    /// Frees a claimed key of which nothing was journaled. An answered key stays.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn release_key(&self, key: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM idempotency WHERE key = $1 AND response = ''";
        sqlx::query(sql).bind(key).execute(self.pool()).await?;
        Ok(())
    }

    /// Forgets keys older than `before`; returns how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn forget_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM idempotency WHERE at_ns < $1";
        Ok(sqlx::query(sql).bind(before.ns()).execute(self.pool()).await?.rows_affected())
    }
}
