//! Conversations in Redis. While Redis is away they go on in memory, and are written back when it returns.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsts_domain::Timestamp;
use fsts_store::{CheckpointRow, ConversationRow};
use futures_util::future::BoxFuture;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, RedisResult, Script};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{KEPT_S, MemorySessions, SessionStore, StoreFault};

/// Longest wait for one answer; a chat must not hang on its store.
const ANSWER_MAX: Duration = Duration::from_millis(1_000);
/// How often a missing server is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Writes when the version is the one that was read. Answers 1, or 0 when somebody was faster.
const SAVE: &str = "
local held = redis.call('GET', KEYS[1])
local version = 0
if held then
  local ok, row = pcall(cjson.decode, held)
  if ok and type(row) == 'table' and row.version then version = row.version end
end
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
return 1";

/// A row as Redis holds it.
#[derive(Debug, Serialize, Deserialize)]
struct Held {
    schema_version: u32,
    version: i64,
    created_ns: i64,
    updated_ns: i64,
    state: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldStep {
    node: String,
    next: String,
    state: String,
    hash: String,
    at_ns: i64,
}

struct Shared {
    connection: ConnectionManager,
    memory: MemorySessions,
    /// Conversations that memory has newer than Redis.
    unwritten: Mutex<BTreeSet<String>>,
    up: AtomicBool,
}

/// Conversations in Redis; clones share the connection.
#[derive(Clone)]
pub struct RedisSessions(Arc<Shared>);

impl RedisSessions {
    /// Uses the server at a URL, which need not be there yet. Ends its watch when the last clone is gone.
    ///
    /// # Errors
    /// [`StoreFault`] when the URL is none.
    pub fn new(url: &str) -> Result<Self, StoreFault> {
        let unusable = |_| StoreFault("REDIS_URL is not usable: redis://host:port is expected".to_owned());
        let client = redis::Client::open(url).map_err(unusable)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200))
            .set_connection_timeout(Some(ANSWER_MAX))
            .set_response_timeout(Some(ANSWER_MAX));
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(unusable)?;
        let shared = Arc::new(Shared {
            connection,
            memory: MemorySessions::default(),
            unwritten: Mutex::default(),
            up: AtomicBool::new(true),
        });
        tokio::spawn(watch(Arc::downgrade(&shared)));
        Ok(RedisSessions(shared))
    }
}

/// Writes back what memory has newer, as soon as the server answers again.
async fn watch(shared: std::sync::Weak<Shared>) {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let Some(shared) = shared.upgrade() else { return };
        if !shared.up.load(Ordering::Relaxed) {
            shared.write_back().await;
        }
    }
}

fn key(id: &str) -> String {
    format!("sbfsts:session:{id}")
}

const INDEX: &str = "sbfsts:sessions";

impl Shared {
    fn unwritten(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer of the server, or `None` while it is away.
    async fn ask<T>(&self, asked: impl Future<Output = RedisResult<T>>) -> Option<T> {
        let answer = match timeout(ANSWER_MAX, asked).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                tracing::debug!(kind = ?error.kind(), "redis does not answer");
                None
            }
            Err(_) => None,
        };
        if self.up.swap(answer.is_some(), Ordering::Relaxed) && answer.is_none() {
            tracing::warn!("redis is away; conversations go on in memory");
        }
        answer
    }

    async fn write_back(&self) {
        let waiting: Vec<String> = self.unwritten().iter().cloned().collect();
        let mut connection = self.connection.clone();
        if self.ask(async { redis::cmd("PING").query_async::<String>(&mut connection).await }).await.is_none() {
            return;
        }
        for id in waiting {
            let Some(row) = self.memory.get(&id) else { continue };
            // What memory has went on after what Redis had: the process is the only writer of a running session.
            let text = held_text(&row);
            let mut connection = self.connection.clone();
            let ttl = u64::try_from(KEPT_S).unwrap_or_default();
            let write = async {
                connection.set_ex::<_, _, ()>(key(&id), text, ttl).await?;
                connection.zadd::<_, _, _, ()>(INDEX, &id, row.updated.ns() / 1_000_000).await
            };
            if self.ask(write).await.is_some() {
                self.unwritten().remove(&id);
            }
        }
        tracing::info!("redis is back; conversations are written to it again");
    }
}

fn held_text(row: &ConversationRow) -> String {
    let held = Held {
        schema_version: 1,
        version: row.version,
        created_ns: row.created.ns(),
        updated_ns: row.updated.ns(),
        state: row.state.clone(),
    };
    serde_json::to_string(&held).expect("invariant: a row has text keys and no failing part")
}

/// A row from what Redis holds. What can't be read is kept as its state, so that it is set aside with its content.
fn row_of(id: &str, text: String) -> ConversationRow {
    match serde_json::from_str::<Held>(&text) {
        Ok(held) => ConversationRow {
            id: id.to_owned(),
            version: held.version,
            state: held.state,
            created: Timestamp::from_ns(held.created_ns),
            updated: Timestamp::from_ns(held.updated_ns),
            expires: Timestamp::from_ns(held.updated_ns).plus_s(KEPT_S),
        },
        Err(_) => {
            let zero = Timestamp::from_ns(0);
            ConversationRow { id: id.to_owned(), version: 0, state: text, created: zero, updated: zero, expires: zero }
        }
    }
}

impl SessionStore for RedisSessions {
    fn load<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ConversationRow>, StoreFault>> {
        Box::pin(async move {
            let shared = &self.0;
            if shared.unwritten().contains(id) {
                return Ok(shared.memory.get(id));
            }
            let mut connection = shared.connection.clone();
            match shared.ask(connection.get::<_, Option<String>>(key(id))).await {
                Some(found) => Ok(found.map(|text| row_of(id, text))),
                None => Ok(shared.memory.get(id)),
            }
        })
    }

    fn save<'a>(&'a self, row: &'a ConversationRow, read: i64) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(async move {
            let shared = &self.0;
            let behind = shared.unwritten().contains(&row.id);
            if !behind {
                let mut connection = shared.connection.clone();
                let script = Script::new(SAVE);
                let mut call = script.key(key(&row.id));
                call.key(INDEX).arg(read).arg(held_text(row)).arg(KEPT_S);
                call.arg(row.updated.ns() / 1_000_000).arg(&row.id);
                let saved = shared.ask(async { call.invoke_async::<i64>(&mut connection).await }).await;
                if let Some(saved) = saved {
                    if saved == 1 {
                        shared.memory.put(row.clone());
                    }
                    return Ok(saved == 1);
                }
            }
            shared.memory.put(row.clone());
            shared.unwritten().insert(row.id.clone());
            Ok(true)
        })
    }

    fn list(&self, limit: u32) -> BoxFuture<'_, Result<Vec<ConversationRow>, StoreFault>> {
        Box::pin(async move {
            let shared = &self.0;
            let mut connection = shared.connection.clone();
            let last = isize::try_from(limit).unwrap_or(isize::MAX).saturating_sub(1);
            let Some(ids) = shared.ask(connection.zrevrange::<_, Vec<String>>(INDEX, 0, last)).await else {
                return Ok(shared.memory.rows().into_iter().take(limit as usize).collect());
            };
            let mut rows = Vec::new();
            for id in ids {
                match self.load(&id).await? {
                    Some(row) => rows.push(row),
                    // Its time is over; the list forgets it too.
                    None => {
                        shared.ask(connection.zrem::<_, _, ()>(INDEX, &id)).await;
                    }
                }
            }
            Ok(rows)
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(async move {
            let shared = &self.0;
            let mut connection = shared.connection.clone();
            let deleted = async {
                connection.zrem::<_, _, ()>(INDEX, id).await?;
                connection.del::<_, i64>(vec![key(id), format!("sbfsts:ckpts:{id}")]).await
            };
            let gone = shared.ask(deleted).await;
            shared.unwritten().remove(id);
            let held = shared.memory.remove(id);
            match gone {
                Some(count) => Ok(count > 0 || held),
                None => Err(StoreFault("redis is away".to_owned())),
            }
        })
    }

    fn set_aside<'a>(&'a self, row: &'a ConversationRow) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let aside = format!("sbfsts:damaged:{}:{}", row.id, crate::random_id());
            let mut connection = self.0.connection.clone();
            self.0.ask(connection.rename::<_, _, ()>(key(&row.id), aside)).await;
            Ok(())
        })
    }

    fn checkpoint<'a>(&'a self, row: &'a CheckpointRow) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let shared = &self.0;
            shared.memory.put_step(row.clone());
            let held = HeldStep {
                node: row.node.clone(),
                next: row.next.clone(),
                state: row.state.clone(),
                hash: row.hash.clone(),
                at_ns: row.at.ns(),
            };
            let text = serde_json::to_string(&held).expect("invariant: a row has text keys and no failing part");
            let name = format!("sbfsts:ckpt:{}:{}:{}", row.session_id, row.run_id, row.step);
            let list = format!("sbfsts:ckpts:{}", row.session_id);
            let mut connection = shared.connection.clone();
            let ttl = u64::try_from(KEPT_S).unwrap_or_default();
            let write = async {
                connection.set_ex::<_, _, ()>(&name, text, ttl).await?;
                connection.lpush::<_, _, ()>(&list, format!("{}:{}", row.run_id, row.step)).await?;
                connection.expire::<_, ()>(&list, KEPT_S).await
            };
            // A lost checkpoint costs a resume, not the answer.
            shared.ask(write).await;
            Ok(())
        })
    }

    fn checkpoints<'a>(&'a self, id: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<CheckpointRow>, StoreFault>> {
        Box::pin(async move {
            let shared = &self.0;
            let mut connection = shared.connection.clone();
            let list = format!("sbfsts:ckpts:{id}");
            let last = isize::try_from(limit).unwrap_or(isize::MAX).saturating_sub(1);
            let Some(names) = shared.ask(connection.lrange::<_, Vec<String>>(list, 0, last)).await else {
                return Ok(shared.memory.steps(id));
            };
            let mut rows = Vec::new();
            for name in names {
                let found = shared.ask(connection.get::<_, Option<String>>(format!("sbfsts:ckpt:{id}:{name}"))).await;
                let step = found.flatten().and_then(|text| serde_json::from_str::<HeldStep>(&text).ok());
                let (Some(held), Some((run_id, step))) = (step, name.rsplit_once(':')) else { continue };
                rows.push(CheckpointRow {
                    session_id: id.to_owned(),
                    run_id: run_id.to_owned(),
                    step: step.parse().unwrap_or_default(),
                    node: held.node,
                    next: held.next,
                    state: held.state,
                    hash: held.hash,
                    at: Timestamp::from_ns(held.at_ns),
                });
            }
            Ok(rows)
        })
    }

    fn kind(&self) -> &'static str {
        "redis"
    }

    fn is_up(&self) -> bool {
        self.0.up.load(Ordering::Relaxed)
    }
}
