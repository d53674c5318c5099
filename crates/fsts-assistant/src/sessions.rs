//! Where conversations are kept: in the program's database, or in Redis when there is one. A conversation that can't be
//! read is set aside and a new one begins; a store that does not answer never stops a chat.

mod memory;
mod redis_store;
mod sql;

use std::sync::Arc;

use fsts_domain::Timestamp;
use fsts_store::{CheckpointRow, ConversationRow};
use futures_util::future::BoxFuture;

use crate::agent::AgentState;
use crate::agent::history::shrink;

pub use memory::MemorySessions;
pub use redis_store::RedisSessions;
pub use sql::SqlSessions;

/// A conversation that nobody uses is forgotten after this long.
pub const KEPT_S: i64 = 7 * 86_400;
/// Largest kept state; older turns are summed up before it gets larger.
const STATE_MAX: usize = 1024 * 1024;
/// Room for what is not messages.
const MESSAGES_MAX: usize = STATE_MAX - 256 * 1024;

/// The store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the session store failed: {0}")]
pub struct StoreFault(pub String);

/// A place for conversations and their checkpoints.
pub trait SessionStore: Send + Sync + 'static {
    /// The newest state of a conversation.
    fn load<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ConversationRow>, StoreFault>>;
    /// Writes over the version that was read, 0 for none; false when somebody was faster.
    fn save<'a>(&'a self, row: &'a ConversationRow, read: i64) -> BoxFuture<'a, Result<bool, StoreFault>>;
    /// Conversations, last used first.
    fn list(&self, limit: u32) -> BoxFuture<'_, Result<Vec<ConversationRow>, StoreFault>>;
    /// Forgets one; false when there was none.
    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreFault>>;
    /// Keeps what can't be read under another name, and frees the name.
    fn set_aside<'a>(&'a self, row: &'a ConversationRow) -> BoxFuture<'a, Result<(), StoreFault>>;
    /// Keeps a step of a run.
    fn checkpoint<'a>(&'a self, row: &'a CheckpointRow) -> BoxFuture<'a, Result<(), StoreFault>>;
    /// The steps of a conversation's runs, newest first.
    fn checkpoints<'a>(&'a self, id: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<CheckpointRow>, StoreFault>>;
    /// `sql`, `redis` or `memory`.
    fn kind(&self) -> &'static str;
    /// False while it works without its server.
    fn is_up(&self) -> bool {
        true
    }
}

/// A conversation as it was loaded.
#[derive(Debug, Clone)]
pub struct LoadedState {
    /// The state.
    pub state: AgentState,
    /// The version that was read; 0 for a new one.
    pub version: i64,
    /// It was there.
    pub existed: bool,
}

/// The text that is kept of a state. Fields that this program does not know are in it.
pub fn serialize_state(state: &AgentState) -> String {
    let mut kept = state.clone();
    shrink(&mut kept, MESSAGES_MAX);
    let text = to_text(&kept);
    if text.len() <= STATE_MAX {
        return text;
    }
    // Long results can be asked for again; what was said can't.
    kept.pages.clear();
    kept.calls.iter_mut().for_each(|c| c.structured = None);
    to_text(&kept)
}

fn to_text(state: &AgentState) -> String {
    serde_json::to_string(state).expect("invariant: a state has text keys and no failing part")
}

/// The state of a text.
///
/// # Errors
/// What is wrong with it, without its content.
pub fn deserialize_state(text: &str) -> Result<AgentState, String> {
    serde_json::from_str(text).map_err(|e| format!("line {}, column {}", e.line(), e.column()))
}

/// Loads a conversation, or begins one. What can't be read is set aside.
///
/// # Errors
/// [`StoreFault`] when the store does not answer.
pub async fn load_state(store: &Arc<dyn SessionStore>, id: &str, now: Timestamp) -> Result<LoadedState, StoreFault> {
    let Some(row) = store.load(id).await? else {
        return Ok(LoadedState { state: AgentState::new(id, now.ns()), version: 0, existed: false });
    };
    match deserialize_state(&row.state) {
        Ok(state) => Ok(LoadedState { state, version: row.version, existed: true }),
        Err(place) => {
            tracing::warn!(session = id, place, "a conversation can't be read; it is set aside");
            store.set_aside(&row).await?;
            let mut state = AgentState::new(id, now.ns());
            state.warn("session_was_damaged");
            Ok(LoadedState { state, version: 0, existed: true })
        }
    }
}

/// Keeps a state over the version that was read; `None` when somebody was faster, else the new version.
///
/// # Errors
/// [`StoreFault`] when the store does not answer.
pub async fn save_state(
    store: &Arc<dyn SessionStore>,
    state: &AgentState,
    read: i64,
    now: Timestamp,
) -> Result<Option<i64>, StoreFault> {
    let row = ConversationRow {
        id: state.session_id.clone(),
        version: read + 1,
        state: serialize_state(state),
        created: Timestamp::from_ns(state.created_ns),
        updated: now,
        expires: now.plus_s(KEPT_S),
    };
    Ok(store.save(&row, read).await?.then_some(read + 1))
}

/// The checkpoint of a state after a step.
pub fn checkpoint_of(state: &AgentState, node: &str, next: &str, now: Timestamp) -> CheckpointRow {
    let text = serialize_state(state);
    CheckpointRow {
        session_id: state.session_id.clone(),
        run_id: state.run_id.clone(),
        step: i64::try_from(state.step).unwrap_or(i64::MAX),
        node: node.to_owned(),
        next: next.to_owned(),
        hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
        state: text,
        at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Msg, Role};

    #[test]
    fn a_state_survives_with_fields_of_a_newer_program() {
        let mut state = AgentState::new("s", 7);
        state.put(Msg::new("m", Role::User, "삼성전자"));
        let mut value: serde_json::Value = serde_json::from_str(&serialize_state(&state)).unwrap();
        value["later"] = serde_json::json!({"x": 1});
        let read = deserialize_state(&value.to_string()).unwrap();
        assert_eq!(read.messages, state.messages);
        let again: serde_json::Value = serde_json::from_str(&serialize_state(&read)).unwrap();
        assert_eq!(again["later"], serde_json::json!({"x": 1}));
        assert!(deserialize_state("{\"schema_version\":").is_err());
    }

    #[test]
    fn a_state_never_passes_its_limit_by_much() {
        let mut state = AgentState::new("s", 0);
        for n in 0..400 {
            state.put(Msg::new(format!("m{n}"), Role::User, "x".repeat(8_000)));
        }
        assert!(serialize_state(&state).len() <= STATE_MAX);
    }
}
