//! The stream: one WebSocket session per app key that registers, decodes and comes back by itself.
//!
//! Notices are registered first, then what is desired in its order. A session that went down takes all registrations
//! and keys with it; frames missed meanwhile are never replayed, so after each `Up` the caller reconciles by inquiry.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fsts_domain::Symbol;
use fsts_engine::Notice;
use tokio::sync::watch;

use crate::clock::{MarketClock, real_now};
use crate::decode::{BookRecord, FrameError, TradeRecord};
use crate::env::Access;
use crate::error::KisError;
use crate::token::TokenKeeper;
use crate::wire::stream::{BOOK, LIMIT, TRADE};

mod registry;
mod session;

/// Attempts within [`ATTEMPTS_WINDOW`]: the broker may block a key for connecting in a loop.
const ATTEMPTS_MAX: usize = 10;
const ATTEMPTS_WINDOW: Duration = Duration::from_secs(300);
/// A session this old was a working one: the next failure starts from the shortest delay again.
const STABLE_AFTER: Duration = Duration::from_secs(30);
/// How often "app key in use" is met before we stop fighting for it. The first may be our own unclean end.
const KEY_IN_USE_MAX: u32 = 3;

/// A registration that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscription {
    /// Trades of a symbol.
    Trades(Symbol),
    /// The order book of a symbol.
    Book(Symbol),
}

impl Subscription {
    pub(crate) fn tr_id(self) -> &'static str {
        match self {
            Subscription::Trades(_) => TRADE,
            Subscription::Book(_) => BOOK,
        }
    }

    pub(crate) fn symbol(self) -> Symbol {
        match self {
            Subscription::Trades(symbol) | Subscription::Book(symbol) => symbol,
        }
    }
}

/// Why a session ended, or could not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownReason {
    /// No connection, or no approval key.
    #[error("the stream cannot be reached: {0}")]
    Unreachable(String),
    /// The connection ended or broke.
    #[error("the stream's connection ended: {0}")]
    Closed(&'static str),
    /// Nothing came for too long.
    #[error("the stream is silent")]
    Silent,
    /// The broker does not answer a registration.
    #[error("a registration was not answered")]
    NoAnswer,
    /// The broker refuses the notices, without which no order may leave.
    #[error("the execution notices are refused: {code} {message}")]
    NoticesRefused {
        /// The broker's code.
        code: String,
        /// The broker's words.
        message: String,
    },
    /// Another session of the same app key lives.
    #[error("another session uses the app key")]
    KeyInUse,
}

/// What the stream tells. Data events of one frame are followed by its `FrameEnd`.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// All registrations are answered; sent again after each change of what is desired.
    Up {
        /// How many are confirmed, notices included.
        confirmed: usize,
        /// Those that the broker refused, with its code.
        refused: Vec<(Subscription, String)>,
    },
    /// The session ended; the next one is tried unless the stream ends.
    Down {
        /// Why.
        reason: DownReason,
    },
    /// A trade.
    Trade(TradeRecord),
    /// An order book.
    Book(Box<BookRecord>),
    /// An execution notice of our account.
    Notice(Notice),
    /// A frame that was refused; nothing of it was used.
    BadFrame {
        /// The channel, as far as it is known.
        tr_id: String,
        /// What was wrong.
        error: FrameError,
    },
    /// The frame's events are all out.
    FrameEnd {
        /// Data frames so far, over all sessions.
        frames: u64,
    },
}

/// Why the stream ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// It was told to.
    Stopped,
    /// Another session holds the app key and keeps it: a person has to look.
    KeyInUse,
}

/// More registrations than a session may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} registrations are wanted, a session takes {max} beside the notices")]
pub struct TooManySubscriptions {
    /// How many were wanted.
    pub wanted: usize,
    /// How many there may be.
    pub max: usize,
}

/// Delays of the stream, all in real time.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// Least time between two registration frames.
    pub pace: Duration,
    /// How long an answer to a registration may take.
    pub answer_timeout: Duration,
    /// Shortest and longest delay before a reconnect; it doubles in between, with jitter.
    pub backoff: (Duration, Duration),
    /// A session without any frame, heartbeats included, for this long is dead; `None` trusts the connection.
    pub silence_max: Option<Duration>,
}

impl Default for StreamSettings {
    fn default() -> Self {
        StreamSettings {
            pace: Duration::from_millis(60),
            answer_timeout: Duration::from_secs(5),
            backoff: (Duration::from_secs(1), Duration::from_secs(60)),
            silence_max: Some(Duration::from_secs(90)),
        }
    }
}

impl StreamSettings {
    /// For an emulator on loopback: its clock may stand still for long, and its connection does not die silently.
    pub fn loopback() -> Self {
        StreamSettings { pace: Duration::from_millis(1), silence_max: None, ..StreamSettings::default() }
    }
}

/// Tells a running stream what is desired, and when to stop. Dropping the last one stops it.
#[derive(Debug, Clone)]
pub struct StreamControl {
    desired: watch::Sender<Arc<[Subscription]>>,
    stop: watch::Sender<bool>,
    frames: Arc<AtomicU64>,
}

impl StreamControl {
    /// Sets what is desired, most important first; what is no longer in the list is removed.
    ///
    /// # Errors
    /// [`TooManySubscriptions`] beyond the broker's limit; then nothing changes.
    pub fn desire(&self, wanted: &[Subscription]) -> Result<(), TooManySubscriptions> {
        let max = LIMIT - 1;
        if wanted.len() > max {
            return Err(TooManySubscriptions { wanted: wanted.len(), max });
        }
        self.desired.send_replace(wanted.into());
        Ok(())
    }

    /// Closes the session in an orderly way and ends the stream.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Data frames so far, over all sessions.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Acquire)
    }
}

/// The stream of one app key; [`run`](Stream::run) it as a task.
pub struct Stream {
    access: Arc<Access>,
    tokens: Arc<TokenKeeper>,
    clock: Arc<dyn MarketClock>,
    settings: StreamSettings,
    desired: watch::Receiver<Arc<[Subscription]>>,
    stop: watch::Receiver<bool>,
    frames: Arc<AtomicU64>,
}

impl Stream {
    pub(crate) fn new(
        access: Arc<Access>,
        tokens: Arc<TokenKeeper>,
        clock: Arc<dyn MarketClock>,
        settings: StreamSettings,
    ) -> (Stream, StreamControl) {
        let desired = watch::Sender::new(Arc::from([]));
        let stop = watch::Sender::new(false);
        let frames = Arc::new(AtomicU64::new(0));
        let stream = Stream {
            access,
            tokens,
            clock,
            settings,
            desired: desired.subscribe(),
            stop: stop.subscribe(),
            frames: Arc::clone(&frames),
        };
        (stream, StreamControl { desired, stop, frames })
    }

    /// Keeps a session up and hands every event to `sink`, in order, until it is stopped.
    pub async fn run(mut self, mut sink: impl FnMut(StreamEvent) + Send) -> StreamEnd {
        let mut attempts = Attempts::default();
        let mut failures = 0u32;
        let mut key_in_use = 0u32;
        loop {
            if self.pause(attempts.delay()).await.is_stopped() {
                return StreamEnd::Stopped;
            }
            attempts.note();
            let began = real_now();
            let reason = match self.session(&mut sink).await {
                session::End::Stopped => return StreamEnd::Stopped,
                session::End::Down(reason) => reason,
            };
            let was_stable = began.elapsed() >= STABLE_AFTER;
            failures = if was_stable { 0 } else { failures + 1 };
            key_in_use = if reason == DownReason::KeyInUse { key_in_use + 1 } else { 0 };
            sink(StreamEvent::Down { reason });
            if key_in_use >= KEY_IN_USE_MAX {
                return StreamEnd::KeyInUse;
            }
            if self.pause(self.backoff(failures + key_in_use * 2)).await.is_stopped() {
                return StreamEnd::Stopped;
            }
        }
    }

    async fn session(&mut self, sink: &mut (impl FnMut(StreamEvent) + Send)) -> session::End {
        let key = tokio::select! {
            biased;
            () = stopped(&mut self.stop) => return session::End::Stopped,
            key = self.tokens.approval_key() => key,
        };
        match key {
            Ok(key) => session::Session::new(self, key).run(sink).await,
            Err(error) => session::End::Down(DownReason::Unreachable(unreachable_reason(&error))),
        }
    }

    async fn pause(&mut self, delay: Duration) -> Paused {
        if *self.stop.borrow() {
            return Paused::Stopped;
        }
        tokio::select! {
            biased;
            () = stopped(&mut self.stop) => Paused::Stopped,
            () = tokio::time::sleep(delay) => Paused::Over,
        }
    }

    fn backoff(&self, failures: u32) -> Duration {
        let (shortest, longest) = self.settings.backoff;
        let delay = shortest.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest);
        delay / 2 + Duration::from_millis(crate::jitter::below(delay.as_millis() as u64 / 2 + 1))
    }
}

fn unreachable_reason(error: &KisError) -> String {
    error.to_string()
}

/// Resolves when the stream is to end: told so, or nobody is left who could.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that every control is gone, which ends the stream as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

enum Paused {
    Over,
    Stopped,
}

impl Paused {
    fn is_stopped(&self) -> bool {
        matches!(self, Paused::Stopped)
    }
}

/// When connections were begun, so that no loop of ours looks like an attack.
#[derive(Default)]
struct Attempts(VecDeque<tokio::time::Instant>);

impl Attempts {
    fn note(&mut self) {
        self.0.push_back(real_now());
        if self.0.len() > ATTEMPTS_MAX {
            self.0.pop_front();
        }
    }

    fn delay(&self) -> Duration {
        match self.0.front() {
            Some(oldest) if self.0.len() >= ATTEMPTS_MAX => ATTEMPTS_WINDOW.saturating_sub(oldest.elapsed()),
            _ => Duration::ZERO,
        }
    }
}
