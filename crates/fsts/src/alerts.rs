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

use fsts_domain::{Symbol, Timestamp};
use fsts_engine::{Condition, Entry};
use fsts_kis::{MarketClock, Reached, SystemClock};
use fsts_store::{Alert, Channel, Store};
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use crate::messages::Lang;
use feeder::Counts;
use sender::Post;

pub use discord::WebhookError;
pub use feeder::Bell;
pub use outbox::Names;
pub use phrase::grouped;

/// Alerts about the journal that may wait for the target.
const URGENT_MAX: usize = 64;
/// How long a stop waits for what can still be written and sent. Real time.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// A wall clock may be set; a wait looks at it at least this often.
const LOOK: Duration = Duration::from_secs(1);

/// Kind of an alert that a person or a program sent as words of its own.
pub const MESSAGE: &str = "message";

/// Draws an instrument's day as a PNG; `None` where there is nothing to draw.
pub type Charts = Arc<dyn Fn(Symbol) -> BoxFuture<'static, Option<Vec<u8>>> + Send + Sync>;

/// Addresses of the channels; one without its own is told in the alarm channel.
#[derive(Debug, Clone, Default)]
pub struct Webhooks {
    /// Trouble; without it alerts are kept for the screens alone.
    pub alarm: Option<SecretString>,
    /// Orders and fills.
    pub trading: Option<SecretString>,
    /// Simulations.
    pub simulation: Option<SecretString>,
}

impl Webhooks {
    /// Each webhook with the channels that it serves.
    fn posts(&self, charts: Option<&Charts>) -> Result<Vec<Post>, WebhookError> {
        let mut alarm = vec![Channel::Alarm];
        let mut own = Vec::new();
        for (channel, address) in [(Channel::Trading, &self.trading), (Channel::Simulation, &self.simulation)] {
            match address {
                Some(address) => own.push((discord::Webhook::new(address)?, vec![channel])),
                None => alarm.push(channel),
            }
        }
        let webhook =
            self.alarm.as_ref().map_or_else(|| Ok(discord::Webhook::screens_only()), discord::Webhook::new)?;
        let all = std::iter::once((webhook, alarm)).chain(own).enumerate();
        Ok(all.map(|(ear, (webhook, channels))| Post { webhook, channels, ear, charts: charts.cloned() }).collect())
    }
}

/// What alerts are started with.
pub struct AlertSetup {
    /// The database with journal and outbox.
    pub store: Store,
    /// Where they go.
    pub webhooks: Webhooks,
    /// Pictures that go with them.
    pub charts: Option<Charts>,
    /// The language of the messages.
    pub lang: Lang,
    /// The journal stream.
    pub stream: String,
    /// What the account is called where there are several: its name and masked number.
    pub label: Option<String>,
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
    label: Option<String>,
    names: Names,
    market_clock: Arc<dyn MarketClock>,
    grown: watch::Sender<u64>,
    urgent: mpsc::Sender<Alert>,
    counts: Arc<Counts>,
    stop_feeder: watch::Sender<bool>,
    stop_sender: watch::Sender<bool>,
    written: Arc<Bell>,
    feeder: JoinHandle<()>,
    senders: Vec<JoinHandle<()>>,
}

impl Alerts {
    /// Starts telling with the run's first durable record or condition; facts that earlier runs did not get out come
    /// first. To be called inside the tokio runtime.
    ///
    /// # Errors
    /// [`WebhookError`] when the address is not one that may be used.
    pub fn start(setup: AlertSetup) -> Result<Alerts, WebhookError> {
        let posts = setup.webhooks.posts(setup.charts.as_ref())?;
        let counts = Arc::new(Counts::default());
        let shared = feeder::Shared {
            store: setup.store,
            stream: setup.stream.clone(),
            label: setup.label.clone(),
            clock: setup.real_clock,
            counts: Arc::clone(&counts),
            written: Arc::new(Bell::of(posts.len())),
            taken: Arc::new(Notify::new()),
        };
        let (grown, growth) = watch::channel(0);
        let (urgent, urgent_alerts) = mpsc::channel(URGENT_MAX);
        let (stop_feeder, feeder_stops) = stop::Stop::channel();
        let (stop_sender, sender_stops) = stop::Stop::channel();
        let feeder = feeder::Feeder::new(shared.clone(), Arc::clone(&setup.names), growth, feeder_stops);
        let written = Arc::clone(&shared.written);
        // Trouble with the journal is told in the first channel, the alarm's.
        let mut urgent_alerts = Some(urgent_alerts);
        let senders = posts.into_iter().map(|post| {
            let urgent = urgent_alerts.take().unwrap_or_else(|| mpsc::channel(1).1);
            let sender = sender::Sender::new(shared.clone(), post, setup.lang, urgent, sender_stops.clone());
            tokio::spawn(sender.run())
        });
        let senders = senders.collect();
        Ok(Alerts {
            stream: setup.stream,
            label: setup.label,
            names: setup.names,
            market_clock: setup.market_clock,
            grown,
            urgent,
            counts,
            stop_feeder,
            stop_sender,
            written,
            feeder: tokio::spawn(feeder.run()),
            senders,
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
        let alert = labelled(outbox::alert(&self.stream, &self.names, (seq, at), &fact), self.label.as_deref());
        if self.urgent.try_send(alert).is_err() {
            tracing::warn!(?condition, "too many alerts about the journal wait; this one is dropped");
        }
    }

    /// Rung by whoever puts something else into the outbox.
    pub fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.written)
    }

    /// What became of the alerts so far.
    #[cfg(test)]
    fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Writes what is durable into the outbox, sends what the target takes at once, and ends the tasks. What is left
    /// goes out after the next start.
    pub async fn stop(self) {
        let aborts: Vec<_> = self.senders.iter().chain([&self.feeder]).map(JoinHandle::abort_handle).collect();
        let ended = async {
            self.stop_feeder.send_replace(true);
            // A task that panicked has been reported by its panic hook.
            let _ = self.feeder.await;
            self.stop_sender.send_replace(true);
            for sender in self.senders {
                let _ = sender.await;
            }
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

/// The alert with its account's name in front, where there are several.
fn labelled(alert: Alert, label: Option<&str>) -> Alert {
    let Some(label) = label else { return alert };
    let (message_ko, message_en) =
        (format!("[{label}] {}", alert.message_ko), format!("[{label}] {}", alert.message_en));
    Alert { message_ko, message_en, ..alert }
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
