//! The database as the rest of the program sees it: opened, migrated, read.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, Connection};

use crate::chain::{StoredRecord, signed};
use crate::{DatabaseTarget, StoreError, connect, schema};

/// Records fetched at a time.
const PAGE: i64 = 1000;

/// An open database whose schema is this program's. Clones share its connections.
///
/// ```no_run
/// # async fn example() -> Result<(), fsts_store::StoreError> {
/// use fsts_store::{DatabaseTarget, Store};
/// let target = DatabaseTarget::from_settings(None, std::path::Path::new("data"))?;
/// let store = Store::open(&target).await?;
/// let records = store.read_from("a1b2c3", 0).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    target: DatabaseTarget,
}

impl Store {
    /// Opens the database, creates it when it is a missing file, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::NewerSchema`] when a newer program has migrated it.
    pub async fn open(target: &DatabaseTarget) -> Result<Store, StoreError> {
        let guard = migration_guard(target).await?;
        let mut connection = connect::connect(target).await?;
        schema::migrate(&mut connection).await?;
        connection.close().await?;
        drop(guard);
        Ok(Store { pool: connect::pool(target)?, target: target.clone() })
    }

    /// The database this is.
    pub fn target(&self) -> &DatabaseTarget {
        &self.target
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// All records of a stream after `after_seq`, in order.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] at a gap or at a payload that its CRC disowns; other variants when the database fails.
    pub async fn read_from(&self, stream: &str, after_seq: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let mut records: Vec<StoredRecord> = Vec::new();
        loop {
            let last = records.last().map_or(after_seq, |r| r.seq);
            let page = self.read_page(stream, last).await?;
            if page.is_empty() {
                return Ok(records);
            }
            records.extend(page);
        }
    }

    /// The next records after `after_seq`, at most a page; empty at the end.
    ///
    /// # Errors
    /// As [`Store::read_from`].
    pub async fn read_page(&self, stream: &str, after_seq: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = self.record_rows(stream, after_seq).await?;
        let mut records = Vec::with_capacity(rows.len());
        for (row, seq) in rows.iter().zip(after_seq + 1..) {
            let record = StoredRecord::from_row(row)?;
            if record.seq != seq {
                return Err(StoreError::Damaged { what: format!("record {seq} is missing") });
            }
            if !record.crc_holds() {
                return Err(StoreError::Damaged { what: format!("record {seq} fails its checksum") });
            }
            records.push(record);
        }
        Ok(records)
    }

    /// Rows of the next page, undecoded.
    pub(crate) async fn record_rows(&self, stream: &str, after_seq: u64) -> Result<Vec<AnyRow>, StoreError> {
        let sql = "SELECT seq, run_id, fence, at_ns, version, payload, crc, hash FROM journal \
                   WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        Ok(sqlx::query(sql).bind(stream).bind(signed(after_seq)).bind(PAGE).fetch_all(&self.pool).await?)
    }
}

/// Keeps two first starts on one SQLite file from migrating it at once; PostgreSQL has its own lock for that.
async fn migration_guard(target: &DatabaseTarget) -> Result<Option<std::fs::File>, StoreError> {
    let DatabaseTarget::Sqlite(path) = target else {
        return Ok(None);
    };
    let bad = |e: std::io::Error| StoreError::BadTarget { setting: target.to_string(), reason: e.to_string() };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(bad)?;
    }
    let file = std::fs::File::create(path.with_extension("migrate.lock")).map_err(bad)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    let file = locked.map_err(|e| StoreError::Failed { reason: e.to_string() })?;
    Ok(Some(file.map_err(bad)?))
}
