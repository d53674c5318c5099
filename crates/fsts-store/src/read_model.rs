//! Rows for screens, made from the journal and from nothing else.

use std::collections::BTreeSet;

use fsts_engine::{Book, Entry, Record};
use sqlx::Row;

use crate::projection::{self, Sheet};
use crate::{Store, StoreError, StoredRecord};

/// Entries of one transaction: short enough that on SQLite the journal's commit never waits long for the write lock.
const CHUNK: usize = 200;
/// Tables that a rebuild empties.
const TABLES: [&str; 5] = ["orders", "fills", "positions", "account", "checkpoints"];

/// Follows a stream's journal and keeps the rows. One per stream; it runs in its own task and may lag behind.
pub struct ReadModel {
    store: Store,
    stream: String,
    book: Book,
    /// True after a failed transaction: the book in memory may be ahead of the rows.
    stale: bool,
}

impl ReadModel {
    /// The model as its rows stand; [`catch_up`](Self::catch_up) brings it on.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the rows are ahead of the journal: [`rebuild`](Self::rebuild) them.
    pub async fn open(store: &Store, stream: &str) -> Result<ReadModel, StoreError> {
        let sql = "INSERT INTO meta (stream, key, value) VALUES ($1, 'read_model_seq', '0') ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(stream).execute(store.pool()).await?;
        let book = book_at(store, stream, rows_seq(store, stream).await?).await?;
        Ok(ReadModel { store: store.clone(), stream: stream.to_owned(), book, stale: false })
    }

    /// Empties the rows of a stream and makes them again from its journal.
    ///
    /// # Errors
    /// [`StoreError`] as for [`catch_up`](Self::catch_up).
    pub async fn rebuild(store: &Store, stream: &str) -> Result<ReadModel, StoreError> {
        let mut transaction = store.pool().begin().await?;
        for table in TABLES {
            let sql = sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE stream = $1"));
            sqlx::query(sql).bind(stream).execute(&mut *transaction).await?;
        }
        let sql = "DELETE FROM meta WHERE stream = $1 AND key = 'read_model_seq'";
        sqlx::query(sql).bind(stream).execute(&mut *transaction).await?;
        transaction.commit().await?;
        let mut model = ReadModel::open(store, stream).await?;
        model.catch_up().await?;
        Ok(model)
    }

    /// The book that the rows show.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Brings the rows up to the end of the journal; returns the sequence they now show.
    ///
    /// # Errors
    /// [`StoreError`]; the rows then stand where they stood, and the next call tries again.
    pub async fn catch_up(&mut self) -> Result<u64, StoreError> {
        if self.stale {
            *self = ReadModel::open(&self.store, &self.stream).await?;
        }
        loop {
            let page = self.store.read_page(&self.stream, self.book.last_seq()).await?;
            if page.is_empty() {
                return Ok(self.book.last_seq());
            }
            let entries: Vec<Entry> = page.iter().map(StoredRecord::entry).collect::<Result<_, _>>()?;
            for chunk in entries.chunks(CHUNK) {
                self.stale = true;
                self.apply(chunk).await?;
                self.stale = false;
            }
        }
    }

    /// Applies entries in one transaction, to the book and to the rows.
    async fn apply(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut transaction = self.store.pool().begin().await?;
        let mut sheet = Sheet { connection: &mut transaction, stream: &self.stream };
        advance(&mut sheet, self.book.last_seq(), entries).await?;
        let mut touched = BTreeSet::new();
        for entry in entries {
            let order = projection::order_of(&entry.record).and_then(|id| self.book.order_of_day(id)).cloned();
            self.book.apply(entry);
            projection::project(&mut sheet, &self.book, entry, order.as_ref()).await?;
            touched.extend(projection::symbols_of(&self.book, &entry.record, order.as_ref()));
            if let Record::DayClosed { book_hash, .. } = &entry.record {
                self.check_day_end(book_hash)?;
                crate::checkpoint::save(sheet.connection, sheet.stream, &self.book).await?;
            }
        }
        for symbol in &touched {
            sheet.put_position(&self.book, *symbol).await?;
        }
        if let Some(last) = entries.last() {
            sheet.put_account(&self.book, last.at).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// I13: a replay reaches the book that the engine had.
    fn check_day_end(&self, book_hash: &str) -> Result<(), StoreError> {
        let ours = self.book.digest().to_hex();
        if !book_hash.is_empty() && ours.starts_with(book_hash) {
            return Ok(());
        }
        let what =
            format!("the replay of record {} gives book {ours}, the engine had {book_hash}", self.book.last_seq());
        Err(StoreError::Damaged { what })
    }
}

/// Moves the mark of what the rows show; fails when another task has moved it meanwhile.
async fn advance(sheet: &mut Sheet<'_>, from: u64, entries: &[Entry]) -> Result<(), StoreError> {
    let to = entries.last().map_or(from, |e| e.seq);
    let sql = "UPDATE meta SET value = $1 WHERE stream = $2 AND key = 'read_model_seq' AND value = $3";
    let moved = sqlx::query(sql).bind(to.to_string()).bind(sheet.stream).bind(from.to_string());
    if moved.execute(&mut *sheet.connection).await?.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::Failed { reason: "the read models of this stream were changed by somebody else".to_owned() })
}

/// The sequence that the rows show.
async fn rows_seq(store: &Store, stream: &str) -> Result<u64, StoreError> {
    let sql = "SELECT value FROM meta WHERE stream = $1 AND key = 'read_model_seq'";
    let text: String = sqlx::query(sql).bind(stream).fetch_one(store.pool()).await?.try_get("value")?;
    text.parse().map_err(|_| StoreError::Damaged { what: format!("read_model_seq is `{text}`") })
}

/// The book after record `seq`, from the latest checkpoint before it.
async fn book_at(store: &Store, stream: &str, seq: u64) -> Result<Book, StoreError> {
    let mut book = store.checkpoint_up_to(stream, seq).await?.unwrap_or_else(|| Book::new(&[]));
    while book.last_seq() < seq {
        let page = store.read_page(stream, book.last_seq()).await?;
        if page.is_empty() {
            let what = format!("the read models show record {seq}, the journal ends at {}", book.last_seq());
            return Err(StoreError::Damaged { what });
        }
        for record in page.iter().filter(|r| r.seq <= seq) {
            book.apply(&record.entry()?);
        }
    }
    Ok(book)
}
