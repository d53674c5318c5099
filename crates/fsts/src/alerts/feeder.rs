//! The task that follows the journal and fills the outbox.
//!
//! It reads what is durable rather than being handed it: there is no queue that could overflow, and a start after a
//! crash goes on where the outbox ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fsts_domain::Timestamp;
use fsts_engine::{Entry, Record};
use fsts_kis::MarketClock;
use fsts_store::{Alert, Enqueued, Severity, Store, StoreError};
use tokio::sync::{Notify, watch};

use super::MESSAGE;
use super::grumble::Grumble;
use super::outbox::{AlertFeed, Names};
use super::stop::Stop;
use super::throttle::Throttle;

/// A database that fails is asked again after this long.
const RETRY_S: i64 = 1;
/// Newest alerts among which the end of the outbox is looked for.
const NEWEST: u32 = 1_000;
/// Runs whose facts are told late, when they could not be told in time.
const RUNS_TOLD: usize = 2;
/// Alerts of one such run that are kept until it is clear that they are told; errors are all kept.
const LATE_MAX: usize = 10_000;
/// Room in a full outbox is looked for after this long even when nobody rings: another process may have made it.
const ROOM_S: i64 = 5;

/// What alerts have become, counted since the start.
#[derive(Debug, Default)]
pub struct Counts {
    enqueued: AtomicU64,
    skipped: AtomicU64,
    dropped: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    /// Written to the outbox.
    pub fn enqueued(&self) -> u64 {
        self.enqueued.load(Ordering::Relaxed)
    }
    /// Told in a summary only.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
    /// Lost because the outbox was full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
    /// Taken by the target.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }
    /// Attempts that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
    pub(super) fn count_delivered(&self, alerts: usize) {
        self.delivered.fetch_add(alerts as u64, Ordering::Relaxed);
    }
    pub(super) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A bell for each sender: whoever is busy hears it afterwards.
#[derive(Debug, Default)]
pub struct Bell(Vec<Notify>);

impl Bell {
    /// A bell with so many ears.
    pub fn of(senders: usize) -> Self {
        Bell((0..senders).map(|_| Notify::new()).collect())
    }

    /// Wakes every sender.
    pub fn ring(&self) {
        self.0.iter().for_each(Notify::notify_one);
    }

    /// Until it rang for one of them.
    pub async fn heard(&self, sender: usize) {
        match self.0.get(sender) {
            Some(ear) => ear.notified().await,
            None => std::future::pending().await,
        }
    }
}

/// What the tasks share.
#[derive(Clone)]
pub struct Shared {
    /// The database.
    pub store: Store,
    /// The journal stream.
    pub stream: String,
    /// What the account is called where there are several.
    pub label: Option<String>,
    /// Real time.
    pub clock: Arc<dyn MarketClock>,
    /// Numbers of this run.
    pub counts: Arc<Counts>,
    /// Rung when the outbox may hold something to send.
    pub written: Arc<Bell>,
    /// Rung when the target took some.
    pub taken: Arc<Notify>,
}

/// The follower of one stream.
pub struct Feeder {
    shared: Shared,
    names: Names,
    feed: AlertFeed,
    throttle: Throttle,
    /// Alerts that are not in the outbox yet; at most those of one page.
    waiting: VecDeque<Alert>,
    /// The last record that was read.
    read: u64,
    /// The journal has at least this many records.
    grown: watch::Receiver<u64>,
    stop: Stop,
    grumble: Grumble,
}

impl Feeder {
    /// A follower that `grown` wakes.
    pub fn new(shared: Shared, names: Names, grown: watch::Receiver<u64>, stop: Stop) -> Self {
        let feed = AlertFeed::new(shared.stream.clone(), Arc::clone(&names));
        let throttle = Throttle::new(shared.clock.now());
        Feeder {
            shared,
            names,
            feed,
            throttle,
            waiting: VecDeque::new(),
            read: 0,
            grown,
            stop,
            grumble: Grumble::default(),
        }
    }

    /// Follows until it is told to stop, and then to the journal's end once more.
    ///
    /// It begins with the run's first durable record: a process that was refused the account must not tell anything.
    pub async fn run(mut self) {
        let begun = tokio::select! {
            // What was durable before the stop is still taken up.
            biased;
            begun = self.grown.changed() => begun.is_ok(),
            () = self.stop.wait() => false,
        };
        if !begun {
            return;
        }
        while let Err(error) = self.catch_up().await {
            self.grumble.say(self.shared.clock.now(), "alerts cannot read the journal", &error.to_string());
            if self.pause().await {
                return;
            }
        }
        self.shared.written.ring();
        loop {
            let stopping = self.stop.is_set();
            if let Err(error) = self.follow(stopping).await {
                self.grumble.say(self.shared.clock.now(), "an alert cannot be kept", &error.to_string());
                if stopping || self.pause().await {
                    return;
                }
                continue;
            }
            if stopping {
                return;
            }
            self.wait().await;
        }
    }

    /// Learns the open orders, and takes up the facts that the last runs did not get into the outbox.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let Shared { store, stream, .. } = self.shared.clone();
        let newest = store.alerts(NEWEST).await?;
        let told = newest.iter().filter(|o| o.alert.stream == stream && is_of_the_journal(&o.alert.kind));
        let told: Option<u64> = told.map(|o| o.alert.seq).max();
        self.feed = AlertFeed::new(stream.clone(), Arc::clone(&self.names));
        self.read = 0;
        let book = store.latest_checkpoint(&stream).await?;
        if let Some(book) = book.filter(|book| told.is_some_and(|told| book.last_seq() <= told)) {
            self.feed = AlertFeed::after(&book, stream.clone(), Arc::clone(&self.names));
            self.read = book.last_seq();
        }
        // What older runs failed to tell is no news any more.
        let mut runs: VecDeque<Vec<Alert>> = VecDeque::from([Vec::new()]);
        loop {
            let page = self.next_page().await?;
            if page.is_empty() {
                break;
            }
            // Fills are told together within a run, and apart from those that were told before.
            let parts = page.chunk_by(|entry, next| !begins_run(next) && Some(entry.seq) != told);
            for part in parts {
                if part.first().is_some_and(begins_run) {
                    runs.push_back(Vec::new());
                    if runs.len() > RUNS_TOLD {
                        runs.pop_front();
                    }
                }
                let fresh = self.feed.apply(part, &[]).into_iter();
                let run = runs.back_mut().expect("invariant: there is always a current run");
                for alert in fresh.filter(|alert| told.is_none_or(|told| alert.seq > told)) {
                    if alert.severity == Severity::Error || run.len() < LATE_MAX {
                        run.push(alert);
                    }
                }
            }
        }
        let untold: Vec<Alert> = runs.into_iter().flatten().collect();
        self.admit(untold);
        Ok(())
    }

    /// Takes over what the journal has and writes it out, a page at a time.
    async fn follow(&mut self, stopping: bool) -> Result<(), StoreError> {
        loop {
            self.write_out(stopping).await?;
            let known = *self.grown.borrow_and_update();
            if self.read >= known && !stopping {
                break;
            }
            let page = self.next_page().await?;
            if page.is_empty() {
                break;
            }
            let alerts = self.feed.apply(&page, &[]);
            self.admit(alerts);
        }
        let (stream, names) = (self.shared.stream.clone(), Arc::clone(&self.names));
        let now = self.shared.clock.now();
        if let Some(summary) = self.throttle.summary(now, stopping, (&stream, &names)) {
            self.waiting.push_back(summary);
            self.write_out(stopping).await?;
        }
        Ok(())
    }

    async fn next_page(&mut self) -> Result<Vec<Entry>, StoreError> {
        let page = self.shared.store.read_page(&self.shared.stream, self.read).await?;
        let entries: Vec<Entry> = page.iter().map(|record| record.entry()).collect::<Result<_, _>>()?;
        if let Some(last) = entries.last() {
            self.read = last.seq;
        }
        Ok(entries)
    }

    fn admit(&mut self, alerts: Vec<Alert>) {
        let now = self.shared.clock.now();
        for alert in alerts {
            if self.throttle.admit(&alert, now) {
                self.waiting.push_back(alert);
            } else {
                self.shared.counts.skipped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes what waits. While the outbox is full, information is dropped and what matters waits for room; the
    /// journal meanwhile keeps what was not read yet.
    async fn write_out(&mut self, stopping: bool) -> Result<(), StoreError> {
        while let Some(alert) = self.waiting.front() {
            let told = super::labelled(alert.clone(), self.shared.label.as_deref());
            match self.shared.store.enqueue_alert(&told).await? {
                Enqueued::New => {
                    self.shared.counts.enqueued.fetch_add(1, Ordering::Relaxed);
                    self.shared.written.ring();
                }
                Enqueued::Known => {}
                Enqueued::Full if alert.severity == Severity::Info => {
                    self.shared.counts.dropped.fetch_add(1, Ordering::Relaxed);
                    self.grumble.say(self.shared.clock.now(), "the outbox of alerts is full", "an alert was dropped");
                }
                Enqueued::Full if stopping => {
                    // The next start finds them in the journal.
                    self.waiting.clear();
                    return Ok(());
                }
                Enqueued::Full => {
                    self.wait_for_room().await;
                    if self.stop.is_set() {
                        return Ok(());
                    }
                    continue;
                }
            }
            self.waiting.pop_front();
        }
        Ok(())
    }

    async fn wait_for_room(&mut self) {
        let look = self.shared.clock.now().plus_s(ROOM_S);
        tokio::select! {
            () = self.shared.taken.notified() => {}
            () = self.shared.clock.wait_until(look) => {}
            () = self.stop.wait() => {}
        }
    }

    /// Until there is something to do.
    async fn wait(&mut self) {
        let due = self.throttle.due();
        let clock = Arc::clone(&self.shared.clock);
        let summary_due = async {
            match due {
                Some(due) => clock.wait_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = self.grown.changed() => {}
            () = summary_due => {}
            () = self.stop.wait() => {}
        }
    }

    /// Waits a moment after a failure; true when it is time to stop instead.
    async fn pause(&mut self) -> bool {
        let again: Timestamp = self.shared.clock.now().plus_s(RETRY_S);
        tokio::select! {
            () = self.shared.clock.wait_until(again) => false,
            () = self.stop.wait() => true,
        }
    }
}

/// False for what a person sent and for what was told from memory: neither says how far the journal was told.
fn is_of_the_journal(kind: &str) -> bool {
    kind != MESSAGE && !kind.starts_with("journal_")
}

fn begins_run(entry: &Entry) -> bool {
    matches!(entry.record, Record::RunStarted { .. })
}
