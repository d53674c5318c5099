//! How the parts beside the trading loop are, in one answer: from what is known already, without asking a paid model, and
//! without any secret.

use std::sync::Arc;
use std::time::Duration;

use fsts_server::HealthPort;
use fsts_server::assistant::AssistantPort;
use fsts_store::Store;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Ground;
use crate::clock::MarketTime;

/// Longest wait for the database; the whole answer has a second.
const DATABASE_MAX: Duration = Duration::from_millis(500);
/// A message that waits longer than this is one that does not get through.
const OUTBOX_AGE_MAX_S: i64 = 300;

/// The parts as the server's `/health` tells them.
pub struct Health {
    assistant: Arc<dyn AssistantPort>,
    store: Store,
    time: MarketTime,
    webhook: bool,
    interactions: bool,
}

impl Health {
    /// Over the running parts.
    pub fn new(ground: &Ground, assistant: Arc<dyn AssistantPort>) -> Self {
        let discord = &ground.settings.discord;
        Health {
            assistant,
            store: ground.store.clone(),
            time: ground.time.clone(),
            webhook: discord.has_webhook || discord.stand_in.is_some(),
            interactions: discord.public_key.is_some(),
        }
    }

    async fn outbox(&self) -> (Value, bool) {
        match timeout(DATABASE_MAX, self.store.waiting_alerts()).await {
            Ok(Ok((pending, oldest))) => {
                let oldest_s = oldest.map(|at| real_s(self.time.now().since(at), self.time.speed()));
                let fine = oldest_s.is_none_or(|age| age <= OUTBOX_AGE_MAX_S);
                (json!({"pending": pending, "oldest_s": oldest_s}), fine)
            }
            Ok(Err(_)) | Err(_) => (json!({"pending": null, "oldest_s": null, "state": "unknown"}), false),
        }
    }
}

impl HealthPort for Health {
    fn checks(&self) -> BoxFuture<'_, (Value, bool)> {
        Box::pin(async move {
            let mut checks = self.assistant.health();
            let (outbox, outbox_fine) = self.outbox().await;
            let assistant_fine = is_fine(&checks);
            if let Some(fields) = checks.as_object_mut() {
                let discord = json!({"webhook": self.webhook, "interactions": self.interactions});
                fields.insert("discord".to_owned(), discord);
                fields.insert("outbox".to_owned(), outbox);
            }
            (checks, assistant_fine && outbox_fine)
        })
    }
}

/// Nanoseconds of market time as real seconds; a demo's market runs faster, and a clock that stands has no other measure.
fn real_s(market_ns: i64, speed: f64) -> i64 {
    let seconds = (market_ns / 1_000_000_000).max(0);
    if speed > 0.0 { (seconds as f64 / speed) as i64 } else { seconds }
}

/// Whether what is set up works; what is not set up is no fault.
fn is_fine(checks: &Value) -> bool {
    let text = |pointer: &str| checks.pointer(pointer).and_then(Value::as_str);
    let servers = checks.get("mcp").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let state = |server: &Value| server.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
    text("/llm/breaker") != Some("open")
        && servers.iter().all(|s| matches!(state(s).as_str(), "ready" | "connecting"))
        && checks.pointer("/redis/up").and_then(Value::as_bool) != Some(false)
        && text("/vector_db/state") != Some("away")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faster_market_makes_no_message_old() {
        assert_eq!(real_s(600_000_000_000, 1.0), 600);
        assert_eq!(real_s(600_000_000_000, 120.0), 5);
        assert_eq!(real_s(-5, 120.0), 0);
        assert_eq!(real_s(7_000_000_000, 0.0), 7);
    }

    #[test]
    fn what_is_not_set_up_is_no_fault_and_what_is_down_is_one() {
        let fine = json!({"llm": {"configured": false, "breaker": "closed"}, "mcp": [], "redis": {"configured": false},
            "vector_db": {"store": "embedded", "state": "ready"}});
        assert!(is_fine(&fine));
        for (part, state) in [
            ("llm", json!({"breaker": "open"})),
            ("mcp", json!([{"name": "a", "state": "ready"}, {"name": "b", "state": "down"}])),
            ("redis", json!({"configured": true, "up": false})),
            ("vector_db", json!({"store": "chroma", "state": "away"})),
        ] {
            let mut checks = fine.clone();
            checks[part] = state;
            assert!(!is_fine(&checks), "{part}");
        }
    }
}
