//! Equity points and bars for the charts. They come from the tape, not from the journal, and may be lost.

use fsts_domain::{Bar, Symbol, Timestamp, Won};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::rows::{ranged, word};
use crate::{Store, StoreError};

/// A bar with its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarRow {
    /// The instrument.
    pub symbol: Symbol,
    /// Start of the bar.
    pub start: Timestamp,
    /// The bar.
    pub bar: Bar,
}

impl Store {
    /// Keeps the account's equity at an instant; a second value of one instant replaces the first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn put_equity(&self, stream: &str, at: Timestamp, equity: Won) -> Result<(), StoreError> {
        let sql = "INSERT INTO equity (stream, at_ns, equity) VALUES ($1, $2, $3) ON CONFLICT (stream, at_ns) \
                   DO UPDATE SET equity = excluded.equity";
        sqlx::query(sql).bind(stream).bind(at.ns()).bind(equity.get()).execute(self.pool()).await?;
        Ok(())
    }

    /// The last equity points, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn equity(&self, stream: &str, limit: u32) -> Result<Vec<(Timestamp, Won)>, StoreError> {
        let sql = "SELECT at_ns, equity FROM equity WHERE stream = $1 ORDER BY at_ns DESC LIMIT $2";
        let rows = sqlx::query(sql).bind(stream).bind(i64::from(limit)).fetch_all(self.pool()).await?;
        let point = |row: &AnyRow| Ok((Timestamp::from_ns(row.try_get("at_ns")?), Won::new(row.try_get("equity")?)));
        rows.iter().rev().map(point).collect()
    }

    /// Keeps bars of one length (`1m`, `1d`); a bar of the same start is replaced.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then none is kept.
    pub async fn put_bars(&self, step: &str, bars: &[BarRow]) -> Result<(), StoreError> {
        let sql = "INSERT INTO bars (symbol, step, t, o, h, l, c, v) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                   ON CONFLICT (symbol, step, t) DO UPDATE SET o = excluded.o, h = excluded.h, l = excluded.l, \
                   c = excluded.c, v = excluded.v";
        let mut transaction = self.pool().begin().await?;
        for row in bars {
            let Bar { open, high, low, close, volume } = row.bar;
            let insert = sqlx::query(sql).bind(word(&row.symbol)).bind(step).bind(row.start.ns());
            let insert = insert.bind(open.get()).bind(high.get()).bind(low.get()).bind(close.get()).bind(volume);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The last bars of a symbol, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no bar.
    pub async fn bars(&self, symbol: Symbol, step: &str, limit: u32) -> Result<Vec<BarRow>, StoreError> {
        let sql = "SELECT t, o, h, l, c, v FROM bars WHERE symbol = $1 AND step = $2 ORDER BY t DESC LIMIT $3";
        let rows = sqlx::query(sql).bind(word(&symbol)).bind(step).bind(i64::from(limit));
        let bar = |row: &AnyRow| {
            let bar = Bar {
                open: ranged(row, "o")?,
                high: ranged(row, "h")?,
                low: ranged(row, "l")?,
                close: ranged(row, "c")?,
                volume: row.try_get("v")?,
            };
            Ok(BarRow { symbol, start: Timestamp::from_ns(row.try_get("t")?), bar })
        };
        rows.fetch_all(self.pool()).await?.iter().rev().map(bar).collect()
    }
}
