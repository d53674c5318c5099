//! The task that empties the outbox into the target: in order, each alert until it is taken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fsts_domain::{NS_PER_S, Timestamp};
use fsts_store::{Alert, Channel, Outgoing, StoreError};
use tokio::sync::mpsc;

use super::Charts;
use super::discord::{Delivery, Line, Webhook, compose, placeholder};
use super::feeder::Shared;
use super::grumble::Grumble;
use super::stop::Stop;
use crate::messages::Lang;

/// Alerts that are looked at for one message.
const BATCH: usize = 100;
/// Back-off after failures in a row: 2 s, 4 s, 8 s … up to this.
const BACK_OFF_MAX_S: i64 = 300;
/// An alert that the target will never take is tried again at the next start, or a day later.
const UNWELCOME_S: i64 = 24 * 3600;
/// All that is not delivered, whenever its next try would be: one gate for all keeps them in order.
const WHENEVER: Timestamp = Timestamp::from_ns(i64::MAX);
/// A database that does not answer must not keep the alert about it from leaving. Real time.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// A chart that takes longer stays away. Real time.
const CHART_TIMEOUT: Duration = Duration::from_secs(2);
/// A database that fails is asked again after this long.
const RETRY_S: i64 = 1;

/// What one sender serves.
pub struct Post {
    /// Where it sends.
    pub webhook: Webhook,
    /// What it sends there.
    pub channels: Vec<Channel>,
    /// Its ear at the bell.
    pub ear: usize,
    /// Charts of instruments.
    pub charts: Option<Charts>,
}

/// The sender of one stream's alerts to one webhook.
pub struct Sender {
    shared: Shared,
    post: Post,
    lang: Lang,
    /// Alerts about the journal, which may not be able to hold them: they don't pass through the outbox.
    urgent: mpsc::Receiver<Alert>,
    urgent_now: Vec<Line>,
    /// Delivered, and the database does not know yet.
    unmarked: BTreeSet<String>,
    /// Given up for this run.
    unwelcome: BTreeSet<String>,
    /// An earlier try may show.
    again: BTreeSet<String>,
    /// One alert a message, until the target takes one: one of them is unwelcome.
    single: bool,
    failures: u32,
    gate: Timestamp,
    stop: Stop,
    grumble: Grumble,
}

/// What one round came to.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    Sent,
    NotSent,
    Idle,
}

impl Sender {
    /// A sender to a webhook.
    pub fn new(shared: Shared, post: Post, lang: Lang, urgent: mpsc::Receiver<Alert>, stop: Stop) -> Self {
        let gate = shared.clock.now();
        Sender {
            shared,
            post,
            lang,
            urgent,
            urgent_now: Vec::new(),
            unmarked: BTreeSet::new(),
            unwelcome: BTreeSet::new(),
            again: BTreeSet::new(),
            single: false,
            failures: 0,
            gate,
            stop,
            grumble: Grumble::default(),
        }
    }

    /// Sends until it is told to stop; then it goes on while the target takes what is left.
    pub async fn run(mut self) {
        if !self.wait().await {
            return;
        }
        loop {
            if !self.open_gate().await {
                return;
            }
            let round = match self.round().await {
                Ok(round) => round,
                Err(error) => {
                    self.trouble("the outbox of alerts cannot be read", &error.to_string());
                    self.gate = self.shared.clock.now().plus_s(RETRY_S);
                    Round::NotSent
                }
            };
            let stopping = self.stop.is_set();
            match round {
                Round::Idle | Round::NotSent if stopping => return,
                Round::Idle => {
                    self.wait().await;
                }
                Round::Sent | Round::NotSent => {}
            }
        }
    }

    /// Waits for the next allowed message; false when it is time to stop instead.
    async fn open_gate(&mut self) -> bool {
        if self.shared.clock.now() >= self.gate {
            return true;
        }
        if self.stop.is_set() {
            return false;
        }
        let clock = Arc::clone(&self.shared.clock);
        tokio::select! {
            () = clock.wait_until(self.gate) => true,
            () = self.stop.wait() => false,
        }
    }

    /// Until there is something to send; false when it is only time to stop.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.shared.written.heard(self.post.ear) => true,
            Some(alert) = self.urgent.recv() => {
                self.urgent_now.push(Line { alert, again: false });
                true
            }
            () = self.stop.wait() => false,
        }
    }

    /// One message at most.
    async fn round(&mut self) -> Result<Round, StoreError> {
        while let Ok(alert) = self.urgent.try_recv() {
            self.urgent_now.push(Line { alert, again: false });
        }
        if !self.urgent_now.is_empty() {
            return Ok(self.send_urgent().await);
        }
        self.mark().await;
        let due = self.due().await?;
        if due.is_empty() {
            return Ok(Round::Idle);
        }
        let mut lines: Vec<Line> = due.iter().map(|o| self.line(&o.alert)).collect();
        if self.single {
            lines.truncate(1);
        }
        let (content, taken) = compose(&lines, self.lang);
        let sent: Vec<Outgoing> = due.into_iter().take(taken).collect();
        let chart = self.chart(&sent).await;
        let delivery = self.post.webhook.post(&content, chart.as_deref()).await;
        if let Delivery::Unwelcome { status } = delivery {
            return Ok(self.unwelcome(sent, status).await);
        }
        let lost = matches!(delivery, Delivery::Lost { .. });
        if self.settle(delivery) {
            self.took(sent).await;
            return Ok(Round::Sent);
        }
        if lost {
            self.again.extend(sent.iter().map(|o| o.alert.id.clone()));
        }
        self.note_failure(&sent, self.gate).await;
        Ok(Round::NotSent)
    }

    /// The chart of the last instrument that these are about; alerts never wait for one.
    async fn chart(&self, sent: &[Outgoing]) -> Option<Vec<u8>> {
        let symbol = sent.iter().rev().find_map(|o| o.alert.symbol)?;
        let charts = self.post.charts.as_ref()?;
        tokio::time::timeout(CHART_TIMEOUT, charts(symbol)).await.ok().flatten()
    }

    fn line(&self, alert: &Alert) -> Line {
        Line { alert: alert.clone(), again: self.again.contains(&alert.id) }
    }

    async fn due(&mut self) -> Result<Vec<Outgoing>, StoreError> {
        let hidden = self.unmarked.len() + self.unwelcome.len();
        let limit = u32::try_from(BATCH + hidden).unwrap_or(u32::MAX);
        let read = tokio::time::timeout(
            STORE_TIMEOUT,
            self.shared.store.due_alerts((&self.shared.stream, &self.post.channels), WHENEVER, limit),
        );
        let silent = || StoreError::Unreachable { reason: "no answer in time".to_owned() };
        let mut due = read.await.unwrap_or_else(|_| Err(silent()))?;
        due.retain(|o| {
            let id = &o.alert.id;
            !self.unmarked.contains(id) && !self.unwelcome.contains(id)
        });
        Ok(due)
    }

    /// Moves the gate by what the target said; true when it took the message.
    fn settle(&mut self, delivery: Delivery) -> bool {
        let now = self.shared.clock.now();
        match delivery {
            Delivery::Taken { pause_ns } => {
                self.failures = 0;
                self.gate = now.plus_ns(pause_ns);
                return true;
            }
            Delivery::Later { wait_ns } => self.gate = now.plus_ns(wait_ns),
            Delivery::Down { reason } | Delivery::Lost { reason } => {
                self.failures = self.failures.saturating_add(1);
                self.gate = now.plus_s(2i64.saturating_pow(self.failures).min(BACK_OFF_MAX_S));
                self.trouble("the target of alerts does not answer", &reason);
            }
            Delivery::Closed { status } | Delivery::Unwelcome { status } => {
                self.gate = now.plus_s(BACK_OFF_MAX_S);
                self.trouble("the target of alerts refuses its address", &format!("status {status}"));
            }
        }
        self.shared.counts.count_failed();
        false
    }

    /// The target took these.
    async fn took(&mut self, sent: Vec<Outgoing>) {
        self.single = false;
        self.shared.counts.count_delivered(sent.len());
        for outgoing in sent {
            self.again.remove(&outgoing.alert.id);
            self.unmarked.insert(outgoing.alert.id);
        }
        self.mark().await;
    }

    /// Tells the database what was delivered; what it does not take in is told again before the next message.
    async fn mark(&mut self) {
        let now = self.shared.clock.now();
        let mut silent = false;
        for id in std::mem::take(&mut self.unmarked) {
            if silent {
                self.unmarked.insert(id);
                continue;
            }
            let marked = tokio::time::timeout(STORE_TIMEOUT, self.shared.store.alert_delivered(&id, now)).await;
            if !matches!(marked, Ok(Ok(()))) {
                silent = marked.is_err();
                self.unmarked.insert(id);
                self.trouble("a delivered alert cannot be marked", "the database does not take it");
            }
        }
        self.shared.taken.notify_one();
    }

    /// Refused as it is: found by sending one at a time, and then told without its words.
    async fn unwelcome(&mut self, sent: Vec<Outgoing>, status: u16) -> Round {
        self.shared.counts.count_failed();
        self.trouble("the target refuses the words of an alert", &format!("status {status}"));
        if sent.len() > 1 {
            self.single = true;
            return Round::Sent;
        }
        let plain: Vec<Line> = sent.iter().map(|o| placeholder(&self.line(&o.alert))).collect();
        let (content, _) = compose(&plain, self.lang);
        let delivery = self.post.webhook.post(&content, None).await;
        if matches!(delivery, Delivery::Unwelcome { .. }) {
            self.note_failure(&sent, self.shared.clock.now().plus_s(UNWELCOME_S)).await;
            self.unwelcome.extend(sent.into_iter().map(|o| o.alert.id));
            return Round::Sent;
        }
        if self.settle(delivery) {
            self.took(sent).await;
            return Round::Sent;
        }
        Round::NotSent
    }

    /// Alerts about the journal go out first and from memory; the outbox hears of them afterwards, if it can.
    async fn send_urgent(&mut self) -> Round {
        let (content, taken) = compose(&self.urgent_now, self.lang);
        let delivery = self.post.webhook.post(&content, None).await;
        let lost = matches!(delivery, Delivery::Lost { .. });
        if let Delivery::Unwelcome { status } = delivery {
            self.trouble("the target refuses the words of an alert", &format!("status {status}"));
            self.urgent_now.drain(..taken);
            return Round::Sent;
        }
        if !self.settle(delivery) {
            for line in self.urgent_now.iter_mut().take(taken) {
                line.again |= lost;
            }
            return Round::NotSent;
        }
        let told: Vec<Line> = self.urgent_now.drain(..taken).collect();
        self.shared.counts.count_delivered(told.len());
        let now = self.shared.clock.now();
        let keep = async {
            for Line { alert, .. } in &told {
                self.shared.store.enqueue_alert(alert).await?;
                self.shared.store.alert_delivered(&alert.id, now).await?;
            }
            Ok::<(), StoreError>(())
        };
        // Only for the record on screens: the person has been told.
        if !matches!(tokio::time::timeout(STORE_TIMEOUT, keep).await, Ok(Ok(()))) {
            self.unmarked.extend(told.into_iter().map(|line| line.alert.id));
        }
        Round::Sent
    }

    /// Keeps count of failed attempts beside the alerts.
    async fn note_failure(&mut self, sent: &[Outgoing], next: Timestamp) {
        let now = self.shared.clock.now();
        let wait_s = (next.since(now) + NS_PER_S - 1).div_euclid(NS_PER_S);
        let note = async {
            for outgoing in sent {
                self.shared.store.alert_failed(outgoing, now, Some(wait_s)).await?;
            }
            Ok::<(), StoreError>(())
        };
        if !matches!(tokio::time::timeout(STORE_TIMEOUT, note).await, Ok(Ok(()))) {
            self.trouble("a failed alert cannot be noted", "the database does not take it");
        }
    }

    fn trouble(&mut self, what: &str, why: &str) {
        self.grumble.say(self.shared.clock.now(), what, why);
    }
}
