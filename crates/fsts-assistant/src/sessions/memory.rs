//! Conversations in memory: what stands in while a server is away, and what tests use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsts_store::{CheckpointRow, ConversationRow};
use futures_util::future::{BoxFuture, ready};

use super::{SessionStore, StoreFault};

/// Conversations that are kept; the one that was used longest ago makes room.
const SESSIONS_MAX: usize = 1_000;
/// Steps that are kept of a conversation.
const STEPS_MAX: usize = 100;

#[derive(Debug, Default)]
struct Held {
    sessions: BTreeMap<String, ConversationRow>,
    steps: BTreeMap<String, Vec<CheckpointRow>>,
}

/// Conversations in memory; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemorySessions(Arc<Mutex<Held>>);

impl MemorySessions {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: &str) -> Option<ConversationRow> {
        self.lock().sessions.get(id).cloned()
    }

    /// Keeps a row whatever was there.
    pub(super) fn put(&self, row: ConversationRow) {
        let mut held = self.lock();
        held.sessions.insert(row.id.clone(), row);
        while held.sessions.len() > SESSIONS_MAX {
            let oldest = held.sessions.values().min_by_key(|r| r.updated).map(|r| r.id.clone());
            let Some(oldest) = oldest else { break };
            held.sessions.remove(&oldest);
            held.steps.remove(&oldest);
        }
    }

    pub(super) fn save_over(&self, row: &ConversationRow, read: i64) -> bool {
        let held = self.get(&row.id).map_or(0, |r| r.version);
        let fits = held == read;
        if fits {
            self.put(row.clone());
        }
        fits
    }

    pub(super) fn remove(&self, id: &str) -> bool {
        let mut held = self.lock();
        held.steps.remove(id);
        held.sessions.remove(id).is_some()
    }

    pub(super) fn rows(&self) -> Vec<ConversationRow> {
        let mut rows: Vec<ConversationRow> = self.lock().sessions.values().cloned().collect();
        rows.sort_by_key(|r| std::cmp::Reverse(r.updated));
        rows
    }

    pub(super) fn put_step(&self, row: CheckpointRow) {
        let mut held = self.lock();
        let steps = held.steps.entry(row.session_id.clone()).or_default();
        steps.insert(0, row);
        steps.truncate(STEPS_MAX);
    }

    pub(super) fn steps(&self, id: &str) -> Vec<CheckpointRow> {
        self.lock().steps.get(id).cloned().unwrap_or_default()
    }
}

impl SessionStore for MemorySessions {
    fn load<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ConversationRow>, StoreFault>> {
        Box::pin(ready(Ok(self.get(id))))
    }

    fn save<'a>(&'a self, row: &'a ConversationRow, read: i64) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(ready(Ok(self.save_over(row, read))))
    }

    fn list(&self, limit: u32) -> BoxFuture<'_, Result<Vec<ConversationRow>, StoreFault>> {
        Box::pin(ready(Ok(self.rows().into_iter().take(limit as usize).collect())))
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(ready(Ok(self.remove(id))))
    }

    fn set_aside<'a>(&'a self, row: &'a ConversationRow) -> BoxFuture<'a, Result<(), StoreFault>> {
        self.put(ConversationRow { id: format!("{}~damaged~{}", row.id, crate::random_id()), ..row.clone() });
        self.remove(&row.id);
        Box::pin(ready(Ok(())))
    }

    fn checkpoint<'a>(&'a self, row: &'a CheckpointRow) -> BoxFuture<'a, Result<(), StoreFault>> {
        self.put_step(row.clone());
        Box::pin(ready(Ok(())))
    }

    fn checkpoints<'a>(&'a self, id: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<CheckpointRow>, StoreFault>> {
        Box::pin(ready(Ok(self.steps(id).into_iter().take(limit as usize).collect())))
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}
