//! Conversations in the program's own database.

use fsts_store::{CheckpointRow, ConversationRow, Store, StoreError};
use futures_util::future::BoxFuture;

use super::{SessionStore, StoreFault};

/// Conversations in a [`Store`].
#[derive(Debug, Clone)]
pub struct SqlSessions(Store);

impl SqlSessions {
    /// In this database.
    pub fn new(store: Store) -> Self {
        SqlSessions(store)
    }
}

fn fault(error: StoreError) -> StoreFault {
    StoreFault(error.to_string())
}

impl SessionStore for SqlSessions {
    fn load<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ConversationRow>, StoreFault>> {
        Box::pin(async move { self.0.conversation(id).await.map_err(fault) })
    }

    fn save<'a>(&'a self, row: &'a ConversationRow, read: i64) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(async move { self.0.write_conversation(row, read).await.map_err(fault) })
    }

    fn list(&self, limit: u32) -> BoxFuture<'_, Result<Vec<ConversationRow>, StoreFault>> {
        Box::pin(async move { self.0.conversations(limit).await.map_err(fault) })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(async move { self.0.forget_conversation(id).await.map_err(fault) })
    }

    fn set_aside<'a>(&'a self, row: &'a ConversationRow) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let aside = ConversationRow { id: format!("{}~damaged~{}", row.id, crate::random_id()), ..row.clone() };
            self.0.write_conversation(&aside, 0).await.map_err(fault)?;
            self.0.forget_conversation(&row.id).await.map_err(fault)?;
            Ok(())
        })
    }

    fn checkpoint<'a>(&'a self, row: &'a CheckpointRow) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move { self.0.write_run_step(row).await.map(|_| ()).map_err(fault) })
    }

    fn checkpoints<'a>(&'a self, id: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<CheckpointRow>, StoreFault>> {
        Box::pin(async move { self.0.run_steps(id, limit).await.map_err(fault) })
    }

    fn kind(&self) -> &'static str {
        "sql"
    }
}
