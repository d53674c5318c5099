//! What an account and its bots were worth, a row a day.

use fsts_domain::{BotId, Timestamp, TradingDay, Won};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::rows::{from_word, parse, word};
use crate::{Store, StoreError};

/// The worth of an account, or of one of its bots, on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotRow {
    /// The day in Korea.
    pub day: TradingDay,
    /// The bot; `None` for the whole account.
    pub owner: Option<BotId>,
    /// When it was taken, market time.
    pub at: Timestamp,
    /// What the return is measured on: the account's equity less all its profit.
    pub base: Won,
    /// Equity of the account; holdings of a bot at last prices.
    pub value: Won,
    /// Profit of what was sold, after costs.
    pub realized: Won,
    /// Profit of what is held, at last prices.
    pub unrealized: Won,
}

/// What a bot has moved since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerFlow {
    /// The bot.
    pub owner: BotId,
    /// Σ sales less Σ purchases, fees and taxes.
    pub flow: Won,
    /// Cost of what it holds.
    pub cost: Won,
}

impl Store {
    /// Keeps the snapshots of a day; a later one of the same day and owner replaces the first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then none is kept.
    pub async fn put_snapshots(&self, stream: &str, rows: &[SnapshotRow]) -> Result<(), StoreError> {
        let sql = "INSERT INTO snapshots (stream, day, owner, at_ns, base, value, realized, unrealized) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (stream, day, owner) DO UPDATE SET \
                   at_ns = excluded.at_ns, base = excluded.base, value = excluded.value, \
                   realized = excluded.realized, unrealized = excluded.unrealized";
        let mut transaction = self.pool().begin().await?;
        for row in rows {
            let owner = row.owner.map(|bot| bot.as_str().to_owned()).unwrap_or_default();
            let insert = sqlx::query(sql).bind(stream).bind(word(&row.day)).bind(owner).bind(row.at.ns());
            let insert = insert.bind(row.base.get()).bind(row.value.get());
            insert.bind(row.realized.get()).bind(row.unrealized.get()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The last snapshots, newest day first, the account before its bots.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no snapshot.
    pub async fn snapshots(&self, stream: &str, limit: u32) -> Result<Vec<SnapshotRow>, StoreError> {
        let sql = "SELECT day, owner, at_ns, base, value, realized, unrealized FROM snapshots WHERE stream = $1 \
                   ORDER BY day DESC, owner LIMIT $2";
        let rows = sqlx::query(sql).bind(stream).bind(i64::from(limit)).fetch_all(self.pool()).await?;
        rows.iter().map(snapshot_row).collect()
    }

    /// What each bot has moved and holds, as the read models have it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no bot's.
    pub async fn owner_flows(&self, stream: &str) -> Result<Vec<OwnerFlow>, StoreError> {
        // One statement, so that fills and holdings are of one moment.
        let sql = "SELECT owner, CAST(SUM(flow) AS BIGINT) AS flow, CAST(SUM(cost) AS BIGINT) AS cost FROM (\
                   SELECT bot AS owner, CASE WHEN side = 'buy' THEN -amount ELSE amount END - fee - tax AS flow, \
                   0 AS cost FROM fills WHERE stream = $1 UNION ALL \
                   SELECT owner, 0 AS flow, cost FROM positions WHERE stream = $1) AS parts \
                   WHERE owner <> '' GROUP BY owner ORDER BY owner";
        let rows = sqlx::query(sql).bind(stream).fetch_all(self.pool()).await?;
        let flow = |row: &AnyRow| {
            Ok(OwnerFlow {
                owner: from_word(row, "owner")?,
                flow: Won::new(row.try_get("flow")?),
                cost: Won::new(row.try_get("cost")?),
            })
        };
        rows.iter().map(flow).collect()
    }
}

fn snapshot_row(row: &AnyRow) -> Result<SnapshotRow, StoreError> {
    let owner: String = row.try_get("owner")?;
    let won = |column: &str| -> Result<Won, StoreError> { Ok(Won::new(row.try_get(column)?)) };
    Ok(SnapshotRow {
        day: from_word(row, "day")?,
        owner: if owner.is_empty() { None } else { Some(parse("owner", owner)?) },
        at: Timestamp::from_ns(row.try_get("at_ns")?),
        base: won("base")?,
        value: won("value")?,
        realized: won("realized")?,
        unrealized: won("unrealized")?,
    })
}
