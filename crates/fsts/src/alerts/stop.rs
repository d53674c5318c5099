//! The order to end, given once; a handle that was dropped counts as one.

use tokio::sync::watch;

/// Who listens for the order.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The order's two ends.
    pub fn channel() -> (watch::Sender<bool>, Stop) {
        let (order, listener) = watch::channel(false);
        (order, Stop(listener))
    }

    /// True once it was given.
    pub fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Resolves once it was given.
    pub async fn wait(&mut self) {
        // An error says that nobody is left to give it.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
