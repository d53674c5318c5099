//! Orders that the assistant proposed and a person decides, each at most once.

use fsts_domain::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError};

/// Waits for a person.
pub const PENDING: &str = "pending_approval";

/// A proposal with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its id.
    pub id: String,
    /// The call that made it: made again, it is the same proposal.
    pub call_key: String,
    /// Digest of `body`.
    pub hash: String,
    /// What is proposed, as its owner wrote it.
    pub body: String,
    /// `pending_approval`, `approved`, `submitted`, `refused`, `unknown`, `rejected` or `expired`.
    pub state: String,
    /// Text of strangers was read before.
    pub tainted: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it can't be approved any more.
    pub expires: Timestamp,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// By whom.
    pub decided_by: String,
    /// The order that it became; empty without one.
    pub order_id: String,
    /// Why it did not become one; empty without a reason.
    pub outcome: String,
}

/// What an attempt to decide a proposal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is the caller's now; nobody else ever gets it.
    Yours(ProposalRow),
    /// There is none.
    Unknown,
    /// The hash is that of another proposal.
    WrongHash,
    /// Its time is over.
    Expired,
    /// Somebody was faster.
    Already(ProposalRow),
}

const COLUMNS: &str = "SELECT id, call_key, hash, body, state, tainted, created_ns, expires_ns, decided_ns, \
                       decided_by, order_id, outcome FROM assistant_proposals";

impl Store {
    /// Keeps a proposal; the same call gets the proposal that it made first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn write_proposal(&self, row: &ProposalRow) -> Result<ProposalRow, StoreError> {
        let sql = "INSERT INTO assistant_proposals (id, call_key, hash, body, state, tainted, created_ns, expires_ns, \
                   decided_ns, decided_by, order_id, outcome) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', '', '') ON CONFLICT (call_key) DO NOTHING";
        let insert = sqlx::query(sql).bind(&row.id).bind(&row.call_key).bind(&row.hash).bind(&row.body);
        let insert = insert.bind(&row.state).bind(i64::from(row.tainted));
        insert.bind(row.created.ns()).bind(row.expires.ns()).execute(self.pool()).await?;
        let sql = format!("{COLUMNS} WHERE call_key = $1");
        let kept = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&row.call_key).fetch_one(self.pool()).await?;
        proposal_row(&kept)
    }

    /// One proposal.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn proposal(&self, id: &str) -> Result<Option<ProposalRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.pool()).await?;
        row.as_ref().map(proposal_row).transpose()
    }

    /// Proposals, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn proposals(&self, limit: u32) -> Result<Vec<ProposalRow>, StoreError> {
        let sql = format!("{COLUMNS} ORDER BY created_ns DESC, id DESC LIMIT $1");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(i64::from(limit)).fetch_all(self.pool()).await?;
        rows.iter().map(proposal_row).collect()
    }

    /// Takes a waiting proposal into another state; of many who try, one succeeds. `hash` is checked when given.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then it is not decided.
    pub async fn decide_proposal(
        &self,
        id: &str,
        hash: Option<&str>,
        (state, by): (&str, &str),
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        let Some(row) = self.proposal(id).await? else { return Ok(Decided::Unknown) };
        if hash.is_some_and(|h| h != row.hash) {
            return Ok(Decided::WrongHash);
        }
        let sql = "UPDATE assistant_proposals SET state = $2, decided_by = $3, decided_ns = $4 \
                   WHERE id = $1 AND state = $5 AND expires_ns > $4";
        let update = sqlx::query(sql).bind(id).bind(state).bind(by).bind(now.ns()).bind(PENDING);
        let mine = update.execute(self.pool()).await?.rows_affected() == 1;
        let row = self.proposal(id).await?.unwrap_or(row);
        Ok(match (mine, row.state.as_str()) {
            (true, _) => Decided::Yours(row),
            (false, PENDING) => Decided::Expired,
            (false, _) => Decided::Already(row),
        })
    }

    /// Records what became of a proposal that was taken as `approved`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn settle_proposal(
        &self,
        id: &str,
        state: &str,
        (order_id, outcome): (&str, &str),
    ) -> Result<Option<ProposalRow>, StoreError> {
        let sql = "UPDATE assistant_proposals SET state = $2, order_id = $3, outcome = $4 \
                   WHERE id = $1 AND state = 'approved'";
        sqlx::query(sql).bind(id).bind(state).bind(order_id).bind(outcome).execute(self.pool()).await?;
        self.proposal(id).await
    }

    /// Proposals that were approved when the program ended, before anybody recorded what became of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn unsettle_proposals(&self) -> Result<u64, StoreError> {
        let sql = "UPDATE assistant_proposals SET state = 'unknown', outcome = 'program_ended' \
                   WHERE state = 'approved'";
        Ok(sqlx::query(sql).execute(self.pool()).await?.rows_affected())
    }
}

fn proposal_row(row: &AnyRow) -> Result<ProposalRow, StoreError> {
    let decided: i64 = row.try_get("decided_ns")?;
    Ok(ProposalRow {
        id: row.try_get("id")?,
        call_key: row.try_get("call_key")?,
        hash: row.try_get("hash")?,
        body: row.try_get("body")?,
        state: row.try_get("state")?,
        tainted: row.try_get::<i64, _>("tainted")? != 0,
        created: Timestamp::from_ns(row.try_get("created_ns")?),
        expires: Timestamp::from_ns(row.try_get("expires_ns")?),
        decided: (decided != 0).then(|| Timestamp::from_ns(decided)),
        decided_by: row.try_get("decided_by")?,
        order_id: row.try_get("order_id")?,
        outcome: row.try_get("outcome")?,
    })
}
