//! One lock around the exchange, and the ways to wait for it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use fsts_domain::Timestamp;
use tokio::sync::watch;

use crate::exchange::Exchange;

/// A reader that takes longer than this to drain its socket is not waited for.
const FLUSH_MAX: Duration = Duration::from_secs(5);
/// Between two looks at the clock while nothing is due.
const IDLE: Duration = Duration::from_millis(100);

/// The exchange as the socket tasks share it.
#[derive(Debug)]
pub(crate) struct Hub {
    exchange: Mutex<Exchange>,
    now: watch::Sender<Timestamp>,
    stopped: watch::Sender<bool>,
    /// Steps are taken one after the other, flush included.
    pub(crate) stepping: tokio::sync::Mutex<()>,
}

impl Hub {
    pub(crate) fn new(exchange: Exchange) -> Self {
        let now = watch::Sender::new(exchange.now);
        Hub {
            exchange: Mutex::new(exchange),
            now,
            stopped: watch::Sender::new(false),
            stepping: tokio::sync::Mutex::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().expect("invariant: nothing panics while it holds the exchange")
    }

    /// Brings the exchange up to its clock, does `work` and commits: state to disk, then frames to the sockets.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Exchange) -> R) -> R {
        let mut exchange = self.lock();
        exchange.catch_up();
        let result = work(&mut exchange);
        exchange.commit();
        let now = exchange.now;
        drop(exchange);
        self.now.send_if_modified(|shown| std::mem::replace(shown, now) != now);
        result
    }

    /// Lets the data folder go: what happens from now on is not saved.
    pub(crate) fn release_store(&self) {
        self.lock().store = None;
    }

    /// Ends all tasks.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Returns when the run ends.
    pub(crate) async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        // An error means that the hub is gone, which is an end too.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    /// Waits until market time is past `at`, at most for `limit` in real time.
    pub(crate) async fn wait_past(&self, at: Timestamp, limit: Duration) {
        let mut shown = self.now.subscribe();
        let passed = async {
            loop {
                shown.borrow_and_update();
                let wait = self.with(|exchange| {
                    let left = exchange.clock.wait_until(at.plus_ns(1)).filter(|_| !exchange.done);
                    (exchange.now <= at).then_some(left)
                });
                match wait {
                    None => return,
                    Some(Some(left)) => {
                        let _ = tokio::time::timeout(left, shown.changed()).await;
                    }
                    Some(None) => {
                        if shown.changed().await.is_err() {
                            return;
                        }
                    }
                }
            }
        };
        let _ = tokio::time::timeout(limit, passed).await;
    }

    /// Returns once every frame handed to the sockets has left them.
    pub(crate) async fn flushed(&self) {
        let waiting = self.lock().streams.flush();
        for socket in waiting {
            // A session that ended meanwhile has nothing left to flush.
            let _ = tokio::time::timeout(FLUSH_MAX, socket).await;
        }
    }

    /// Lets time do its work until the run ends; for clocks that move by themselves.
    pub(crate) async fn drive(&self) {
        loop {
            let wait = self.with(|exchange| {
                let next = exchange.next_instant();
                next.and_then(|at| exchange.clock.wait_until(at)).unwrap_or(IDLE).min(IDLE)
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopped() => return,
            }
        }
    }
}
