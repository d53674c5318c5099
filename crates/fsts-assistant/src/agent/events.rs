//! What a run tells while it goes on.

use serde_json::Value;
use tokio::sync::mpsc;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEvent {
    /// Number in the run, from 1.
    pub id: u64,
    /// Its kind: `run.started`, `node.started`, `node.finished`, `token`, `tool.started`, `tool.finished`,
    /// `approval.required`, `citation`, `message`.
    pub name: &'static str,
    /// Its values.
    pub data: Value,
}

/// Where events go. A reader that is slow slows the run down; one that is gone does not.
#[derive(Debug, Clone)]
pub struct EventSink {
    sender: mpsc::Sender<RunEvent>,
    last: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl EventSink {
    /// A sink and its end.
    pub fn channel(depth: usize) -> (Self, mpsc::Receiver<RunEvent>) {
        let (sender, receiver) = mpsc::channel(depth);
        (EventSink { sender, last: std::sync::Arc::default() }, receiver)
    }

    /// Tells an event.
    pub async fn tell(&self, name: &'static str, data: Value) {
        let id = 1 + self.last.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Nobody listening is fine: the run may be detached.
        let _ = self.sender.send(RunEvent { id, name, data }).await;
    }

    /// The number of the event told last.
    pub fn last_id(&self) -> u64 {
        self.last.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Done when nobody listens any more.
    pub async fn abandoned(&self) {
        self.sender.closed().await;
    }
}
