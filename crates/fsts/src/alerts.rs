//! Alerts: committed facts, told to a person over Discord, each once.
//!
//! ```text
//! journal ─► feeder (outbox.rs: which facts) ─► outbox table ─► sender (discord.rs) ─► webhook
//! trouble with the journal itself ────────────────────────────► sender
//! ```
//!
//! The words are in `messages.rs`. Nothing here can slow the engine: it rings a bell and goes on.

mod discord;
mod feeder;
mod grumble;
mod messages;
mod outbox;
mod phrase;
mod sender;
mod stop;
#[cfg(test)]
mod tests;
mod throttle;

use std::sync::Arc;
use std::time::Duration;

use fsts_domain::Timestamp;
use fsts_engine::{Condition, Entry};
use fsts_kis::{MarketClock, Reached, SystemClock};
use fsts_store::{Alert, Store};
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use crate::messages::Lang;
use feeder::Counts;

pub use discord::WebhookError;
pub use outbox::Names;

/// Alerts about the journal that may wait for the target.
const URGENT_MAX: usize = 64;
/// How long a stop waits for what can still be written and sent. Real time.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// A wall clock may be set; a wait looks at it at least this often.
const LOOK: Duration = Duration::from_secs(1);

/// What alerts are started with.
pub struct AlertSetup {
    /// The database with journal and outbox.
    pub store: Store,
    /// The webhook's address; without it alerts are kept for the screens alone.
    pub webhook: Option<SecretString>,
    /// The language of the messages.
    pub lang: Lang,
    /// The journal stream.
    pub stream: String,
    /// Gives an instrument's name.
    pub names: Names,
    /// Market time: when a condition came up.
    pub market_clock: Arc<dyn MarketClock>,
    /// Real time, in which the target counts; [`real_clock`] but for tests.
    pub real_clock: Arc<dyn MarketClock>,
}

/// The tasks of one account's alerts.
pub struct Alerts {
    stream: String,
    names: Names,
    market_clock: Arc<dyn MarketClock>,
    grown: watch::Sender<u64>,
    urgent: mpsc::Sender<Alert>,
    counts: Arc<Counts>,
    stop_feeder: watch::Sender<bool>,
    stop_sender: watch::Sender<bool>,
    feeder: JoinHandle<()>,
    sender: JoinHandle<()>,
}

impl Alerts {
    /// Starts telling with the run's first durable record or condition; facts that earlier runs did not get out come
    /// first. To be called inside the tokio runtime.
    ///
    /// # Errors
    /// [`WebhookError`] when the address is not one that may be used.
    pub fn start(setup: AlertSetup) -> Result<Alerts, WebhookError> {
        let webhook = match &setup.webhook {
            Some(address) => discord::Webhook::new(address)?,
            None => discord::Webhook::screens_only(),
        };
        let counts = Arc::new(Counts::default());
        let shared = feeder::Shared {
            store: setup.store,
            stream: setup.stream.clone(),
            clock: setup.real_clock,
            counts: Arc::clone(&counts),
            written: Arc::new(Notify::new()),
            taken: Arc::new(Notify::new()),
        };
        let (grown, growth) = watch::channel(0);
        let (urgent, urgent_alerts) = mpsc::channel(URGENT_MAX);
        let (stop_feeder, feeder_stops) = stop::Stop::channel();
        let (stop_sender, sender_stops) = stop::Stop::channel();
        let feeder = feeder::Feeder::new(shared.clone(), Arc::clone(&setup.names), growth, feeder_stops);
        let sender = sender::Sender::new(shared, webhook, setup.lang, urgent_alerts, sender_stops);
        Ok(Alerts {
            stream: setup.stream,
            names: setup.names,
            market_clock: setup.market_clock,
            grown,
            urgent,
            counts,
            stop_feeder,
            stop_sender,
            feeder: tokio::spawn(feeder.run()),
            sender: tokio::spawn(sender.run()),
        })
    }

    /// These records are durable. Never blocks; the records themselves are read from the journal.
    pub fn facts(&self, entries: &[Entry]) {
        if let Some(last) = entries.last() {
            self.committed(last.seq);
        }
    }

    /// All records up to this one are durable. Never blocks.
    pub fn committed(&self, last_seq: u64) {
        self.grown.send_if_modified(|known| {
            let more = last_seq > *known;
            *known = last_seq.max(*known);
            more
        });
    }

    /// Trouble with the journal, after the record `seq`. Never blocks; goes out from memory, before all facts.
    pub fn condition(&self, condition: &Condition, seq: u64) {
        let at = self.market_clock.now();
        let fact = outbox::fact_of(condition);
        let alert = outbox::alert(&self.stream, &self.names, (seq, at), &fact);
        if self.urgent.try_send(alert).is_err() {
            tracing::warn!(?condition, "too many alerts about the journal wait; this one is dropped");
        }
    }

    /// What became of the alerts so far.
    #[cfg(test)]
    fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Writes what is durable into the outbox, sends what the target takes at once, and ends the tasks. What is left
    /// goes out after the next start.
    pub async fn stop(self) {
        let aborts = [self.feeder.abort_handle(), self.sender.abort_handle()];
        let ended = async {
            self.stop_feeder.send_replace(true);
            // A task that panicked has been reported by its panic hook.
            let _ = self.feeder.await;
            self.stop_sender.send_replace(true);
            let _ = self.sender.await;
        };
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::warn!("alerts did not end in time; the rest goes out after the next start");
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
        let counts = self.counts;
        tracing::info!(
            enqueued = counts.enqueued(),
            delivered = counts.delivered(),
            failed = counts.failed(),
            skipped = counts.skipped(),
            dropped = counts.dropped(),
            "alerts ended"
        );
    }
}

/// Real time as a clock that alerts can wait on.
pub fn real_clock() -> Arc<dyn MarketClock> {
    Arc::new(Wall)
}

/// The machine's clock, waited on by timers.
struct Wall;

impl MarketClock for Wall {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn wait_until(&self, at: Timestamp) -> Reached<'_> {
        Box::pin(async move {
            while let Ok(left @ 1..) = u64::try_from(at.since(self.now())) {
                tokio::time::sleep(Duration::from_nanos(left).min(LOOK)).await;
            }
        })
    }
}
