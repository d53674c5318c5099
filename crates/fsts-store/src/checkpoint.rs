//! Whole books at the ends of days, so that a start replays no older day.

use fsts_engine::Book;
use sqlx::{AnyConnection, Row};

use crate::chain::signed;
use crate::{Store, StoreError};

/// Older ones are deleted: a checkpoint can be made again from the journal.
const KEPT: i64 = 3;

impl Store {
    /// The book after the last day-close record, or `None` when the stream has to be replayed from its start.
    ///
    /// One that does not fit its checksum, or that this program cannot read, counts as none. Replay goes on after
    /// `book.last_seq()`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn latest_checkpoint(&self, stream: &str) -> Result<Option<Book>, StoreError> {
        self.checkpoint_up_to(stream, u64::MAX >> 1).await
    }

    /// The latest checkpoint at or before a record.
    pub(crate) async fn checkpoint_up_to(&self, stream: &str, seq: u64) -> Result<Option<Book>, StoreError> {
        let sql = "SELECT book, crc FROM checkpoints WHERE stream = $1 AND seq <= $2 ORDER BY seq DESC";
        let rows = sqlx::query(sql).bind(stream).bind(signed(seq)).fetch_all(self.pool()).await?;
        for row in rows {
            let text: String = row.try_get("book")?;
            let sound = row.try_get::<i64, _>("crc")? == i64::from(crc32c::crc32c(text.as_bytes()));
            match serde_json::from_str(&text) {
                Ok(book) if sound => return Ok(Some(book)),
                Ok(_) | Err(_) => tracing::warn!(stream, "a checkpoint cannot be used, an older one is tried"),
            }
        }
        Ok(None)
    }
}

/// Keeps the book of a day's end.
pub(crate) async fn save(connection: &mut AnyConnection, stream: &str, book: &Book) -> Result<(), StoreError> {
    let text = serde_json::to_string(book).expect("invariant: a book has a JSON form");
    let sql = "INSERT INTO checkpoints (stream, seq, book, crc) VALUES ($1, $2, $3, $4) ON CONFLICT (stream, seq) \
               DO UPDATE SET book = excluded.book, crc = excluded.crc";
    let insert = sqlx::query(sql).bind(stream).bind(signed(book.last_seq())).bind(&text);
    insert.bind(i64::from(crc32c::crc32c(text.as_bytes()))).execute(&mut *connection).await?;
    let sql = "DELETE FROM checkpoints WHERE stream = $1 AND seq < (SELECT MIN(seq) FROM \
               (SELECT seq FROM checkpoints WHERE stream = $1 ORDER BY seq DESC LIMIT $2) AS kept)";
    sqlx::query(sql).bind(stream).bind(KEPT).execute(connection).await?;
    Ok(())
}
