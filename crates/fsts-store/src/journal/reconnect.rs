//! PostgreSQL went away under a commit: the writer waits for it, looks what became of the batch, and goes on.
//!
//! Nothing is assumed. The batch counts as committed only when its last record is found with its link, and it is written again
//! only while the lease row is as this writer left it: the row's lock and its `last_seq` decide between a first attempt that
//! still lives inside the server and the second one. Meanwhile the engine sees a journal that is silent, and sends nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Failure, FailureCause, Tail, TailCheck};
use crate::chain::{StoredRecord, unsigned};
use crate::{DatabaseTarget, Store, StoreError, connect};

/// How long a database may be away: longer than a restart or a failover takes.
const AWAY_MAX: Duration = Duration::from_secs(300);
/// Between two looks for it.
const PAUSE: Duration = Duration::from_millis(200);
/// One look; a host that vanished answers nothing at all.
const LOOK_MAX: Duration = Duration::from_secs(10);

impl Tail {
    /// After a commit that failed with `error`: `Ok` when the batch is durable after all.
    pub(super) async fn survive(
        &mut self,
        number: u64,
        records: &[StoredRecord],
        error: sqlx::Error,
    ) -> Result<(), Failure> {
        if matches!(self.setup.target, DatabaseTarget::Postgres(_)) && is_gone(&error) {
            tracing::warn!(%error, batch = number, "the database went away; the journal waits for it");
            let returned = tokio::time::timeout(AWAY_MAX, self.wait_and_look(number, records)).await;
            if let Ok(Some(outcome)) = returned {
                return outcome;
            }
        }
        let stored = match records.last() {
            Some(last) => self.read_back(last).await,
            None => TailCheck::Absent,
        };
        let reason = format!("the commit failed ({error}), reading back: {stored:?}");
        Err(Failure { cause: FailureCause::Database, stored, reason })
    }

    /// `None` when the writer is being closed.
    async fn wait_and_look(&mut self, number: u64, records: &[StoredRecord]) -> Option<Result<(), Failure>> {
        while !self.closing.load(Ordering::Relaxed) {
            match tokio::time::timeout(LOOK_MAX, self.look(number, records)).await {
                Ok(Ok(Some(outcome))) => {
                    if outcome.is_ok() {
                        tracing::info!(batch = number, "the database is back and the journal goes on");
                    }
                    return Some(outcome);
                }
                Ok(Err(error)) => tracing::debug!(%error, "the database is still away"),
                Ok(Ok(None)) | Err(_) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    /// One look: `None` where it must be repeated.
    async fn look(&mut self, number: u64, records: &[StoredRecord]) -> Result<Option<Result<(), Failure>>, StoreError> {
        let Some(last) = records.last() else { return Ok(Some(Ok(()))) };
        self.connection = connect::connect(&self.setup.target).await?;
        let row = sqlx::query("SELECT fence, last_seq FROM lease WHERE stream = $1").bind(self.setup.lease.stream());
        let Some(row) = row.fetch_optional(&mut self.connection).await? else {
            return Ok(Some(Err(self.refused().await)));
        };
        let (fence, last_seq) = (unsigned(&row, "fence")?, unsigned(&row, "last_seq")?);
        if fence != self.setup.lease.fence() {
            return Ok(Some(Err(self.refused().await)));
        }
        // Without the lock another process could take the account; until it raises the token the lock may be ours again.
        if !self.setup.lease.stands(&self.setup.target).await? {
            return Ok(None);
        }
        if last_seq == last.seq {
            let found = Store::holds(&mut self.connection, (self.setup.lease.stream(), last.seq, &last.hash)).await?;
            return Ok(Some(if found { Ok(()) } else { Err(self.refused().await) }));
        }
        if last_seq != self.seq {
            return Ok(Some(Err(self.refused().await)));
        }
        match self.transact(number, records).await {
            Ok(true) => Ok(Some(Ok(()))),
            // The first attempt may have come through between the look and the lock.
            Ok(false) => Ok(None),
            Err(error) if is_gone(&error) => Err(error.into()),
            Err(error) => {
                let stored = self.read_back(last).await;
                let reason = format!("the commit failed ({error}), reading back: {stored:?}");
                Ok(Some(Err(Failure { cause: FailureCause::Database, stored, reason })))
            }
        }
    }
}

/// Whether the server or the line to it ended, as opposed to a server that has something against the batch.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        // Class 57P is a server that shuts down or starts, class 08 a connection that broke.
        sqlx::Error::Database(told) => told.code().is_some_and(|c| c.starts_with("57P") || c.starts_with("08")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_refused_is_no_lost_server() {
        let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset");
        assert!(is_gone(&sqlx::Error::Io(broken)));
        assert!(!is_gone(&sqlx::Error::RowNotFound));
        assert!(!is_gone(&sqlx::Error::ColumnNotFound("x".to_owned())));
    }
}
