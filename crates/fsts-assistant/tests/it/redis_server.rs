//! A real Redis that is stopped and started while people chat.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use fsts_assistant::sessions::{RedisSessions, SessionStore, deserialize_state};
use tokio::process::{Child, Command};

use crate::place::{PATIENCE, in_session, limits, openai, place_with};
use crate::stand_in::{StandIn, text};

struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    /// Starts the server and waits until it answers.
    async fn start(folder: &Path, port: u16) -> Redis {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(["--appendfsync", "always", "--dir"]).arg(folder);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn();
        let child = child.expect("redis-server is installed: apt-get install redis-server");
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, up).await.expect("redis answers");
        Redis { child, port }
    }

    async fn stop(mut self) -> u16 {
        self.child.kill().await.unwrap();
        self.port
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The state that Redis itself has, asked by a client that knows nothing of ours.
async fn held(port: u16, key: &str) -> Option<String> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.ok()?;
    redis::cmd("GET").arg(key).query_async::<Option<String>>(&mut connection).await.ok()?
}

async fn wait_for(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} did not come"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_may_stop_and_start_during_a_conversation_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Redis::start(folder.path(), free_port()).await;
    let store = RedisSessions::new(&format!("redis://127.0.0.1:{}", redis.port)).unwrap();
    let store: Arc<dyn SessionStore> = Arc::new(store);
    let model = StandIn::play(vec![text("하나"), text("둘"), text("셋")]).await;
    let place = place_with(openai(&model, limits()), Arc::clone(&store));

    let first = place.ask(in_session("s", "첫째")).await.unwrap();
    assert!(first.warnings.is_empty(), "{:?}", first.warnings);
    assert!(held(redis.port, "sbfsts:session:s").await.unwrap().contains("첫째"));
    assert!(store.checkpoints("s", 10).await.unwrap().len() >= 3);

    let port = redis.stop().await;
    let second = place.ask(in_session("s", "둘째")).await.unwrap();
    assert_eq!((second.answer.as_str(), second.messages.len()), ("둘", 4), "it goes on in memory");
    assert!(second.warnings.contains(&"session_store_away".to_owned()), "{:?}", second.warnings);
    assert!(!store.is_up());

    let redis = Redis::start(folder.path(), port).await;
    wait_for("the write-back", async || held(port, "sbfsts:session:s").await.is_some_and(|text| text.contains("둘째")))
        .await;
    let third = place.ask(in_session("s", "셋째")).await.unwrap();
    assert_eq!((third.answer.as_str(), third.messages.len()), ("셋", 6));

    // Another process finds all of it.
    let other = RedisSessions::new(&format!("redis://127.0.0.1:{port}")).unwrap();
    let row = other.load("s").await.unwrap().unwrap();
    assert_eq!(deserialize_state(&row.state).unwrap().messages.len(), 6);
    redis.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_value_is_kept_aside_and_writers_compare() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Redis::start(folder.path(), free_port()).await;
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let store: Arc<dyn SessionStore> = Arc::new(RedisSessions::new(&url).unwrap());
    let client = redis::Client::open(url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("SET").arg("sbfsts:session:s").arg("{broken").query_async::<()>(&mut connection).await.unwrap();
    let model = StandIn::play(vec![text("새로")]).await;
    let place = place_with(openai(&model, limits()), Arc::clone(&store));
    let state = place.ask(in_session("s", "안녕")).await.unwrap();
    assert!(state.warnings.contains(&"session_was_damaged".to_owned()), "{:?}", state.warnings);
    let aside: Vec<String> = redis::cmd("KEYS").arg("sbfsts:damaged:s:*").query_async(&mut connection).await.unwrap();
    assert_eq!(aside.len(), 1);
    assert_eq!(held(redis.port, &aside[0]).await.as_deref(), Some("{broken"));

    let row = store.load("s").await.unwrap().unwrap();
    let later = fsts_store::ConversationRow { version: row.version + 1, ..row.clone() };
    assert!(store.save(&later, row.version).await.unwrap());
    assert!(!store.save(&later, row.version).await.unwrap(), "somebody was faster");
    let ttl: i64 = redis::cmd("TTL").arg("sbfsts:session:s").query_async(&mut connection).await.unwrap();
    assert!(ttl > 600_000, "{ttl}");
    assert!(store.delete("s").await.unwrap());
    assert!(store.load("s").await.unwrap().is_none());
    redis.stop().await;
}
