//! One task that numbers what happened, thins it out, and hands it to every live connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::stopped;
use crate::desk::{Desk, FeedMessage, Topic};

/// Messages that a connection may be behind before it is dropped, and that are kept for those who come back.
const QUEUE: usize = 1024;
/// One quote a symbol and one balance in this time: five a second.
const WINDOW: Duration = Duration::from_millis(200);
/// One status in so many windows: fewer than two a second.
const STATUS_WINDOWS: u32 = 3;

/// A message with its number.
#[derive(Debug, Clone)]
pub(crate) struct Numbered {
    pub seq: u64,
    pub message: Arc<FeedMessage>,
}

/// What a connection hears.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    Message(Numbered),
    /// Messages were lost before they could be numbered: take a new picture.
    Resync(u64),
}

/// The numbered messages of late; clones share them.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Mutex<Log>>);

struct Log {
    last_seq: u64,
    kept: VecDeque<Numbered>,
    sender: broadcast::Sender<Heard>,
}

/// A place in the stream of messages.
pub(crate) struct Subscription {
    /// Number of the last message before the receiver's first.
    pub last_seq: u64,
    /// What came after the asked number; `None` when a new picture is needed.
    pub missed: Option<Vec<Numbered>>,
    pub receiver: broadcast::Receiver<Heard>,
}

impl Hub {
    /// A hub whose numbers begin at a random place, so that a number of an earlier run is not taken for one of this.
    pub fn new() -> Hub {
        let mut start = [0u8; 8];
        // Without randomness the numbers begin at zero: a client of an earlier run then reads its picture again.
        let _ = getrandom::fill(&mut start[..4]);
        let (sender, _) = broadcast::channel(QUEUE);
        let log = Log { last_seq: u64::from_le_bytes(start) << 16, kept: VecDeque::with_capacity(QUEUE), sender };
        Hub(Arc::new(Mutex::new(log)))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything from now on, and what was missed since `after`.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let log = self.log();
        let missed = after.filter(|after| {
            let oldest = log.kept.front().map_or(log.last_seq + 1, |m| m.seq);
            *after + 1 >= oldest && *after <= log.last_seq
        });
        Subscription {
            last_seq: log.last_seq,
            missed: missed.map(|after| log.kept.iter().filter(|m| m.seq > after).cloned().collect()),
            receiver: log.sender.subscribe(),
        }
    }

    fn tell(&self, message: Arc<FeedMessage>) {
        let mut log = self.log();
        log.last_seq += 1;
        let numbered = Numbered { seq: log.last_seq, message };
        if log.kept.len() == QUEUE {
            log.kept.pop_front();
        }
        log.kept.push_back(numbered.clone());
        // Nobody listening is no failure.
        let _ = log.sender.send(Heard::Message(numbered));
    }

    fn resync(&self) {
        let mut log = self.log();
        log.last_seq += 1;
        log.kept.clear();
        let _ = log.sender.send(Heard::Resync(log.last_seq));
    }

    /// Follows the desk until it or the server ends.
    pub async fn run(self, desk: Arc<dyn Desk>, mut stopping: watch::Receiver<bool>) {
        let mut incoming = desk.subscribe();
        let mut window = interval(WINDOW);
        window.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut thinner = Thinner::default();
        loop {
            tokio::select! {
                message = incoming.recv() => match message {
                    Ok(message) => {
                        if let Some(message) = thinner.take(message) {
                            self.tell(message);
                        }
                    }
                    Err(RecvError::Lagged(lost)) => {
                        tracing::warn!(lost, "the feed could not keep up with the engine");
                        self.resync();
                    }
                    Err(RecvError::Closed) => return,
                },
                _ = window.tick() => thinner.next_window().into_iter().for_each(|m| self.tell(m)),
                () = stopped(&mut stopping) => return,
            }
        }
    }
}

/// What is thinned out by: quotes by their symbol, pictures of state by their topic.
type Key = (u8, String);

/// Lets the first message of a window pass at once and of the others only the last, at the window's end.
#[derive(Default)]
struct Thinner {
    told: BTreeSet<Key>,
    waiting: BTreeMap<Key, Arc<FeedMessage>>,
    windows: u32,
}

impl Thinner {
    fn key(message: &FeedMessage) -> Option<Key> {
        match message.topic {
            Topic::Status => Some((0, String::new())),
            Topic::Balance => Some((1, String::new())),
            Topic::Positions => Some((2, String::new())),
            Topic::Bots => Some((4, String::new())),
            Topic::Quote => {
                let symbol = message.data.get("symbol").and_then(|s| s.as_str()).unwrap_or_default();
                Some((3, symbol.to_owned()))
            }
            Topic::Snapshot | Topic::Order | Topic::Fill | Topic::Alert | Topic::Heartbeat => None,
        }
    }

    fn take(&mut self, message: Arc<FeedMessage>) -> Option<Arc<FeedMessage>> {
        let Some(key) = Thinner::key(&message) else {
            return Some(message);
        };
        if self.told.insert(key.clone()) {
            return Some(message);
        }
        self.waiting.insert(key, message);
        None
    }

    fn next_window(&mut self) -> Vec<Arc<FeedMessage>> {
        self.windows = (self.windows + 1) % STATUS_WINDOWS;
        let status_rests = self.windows != 0;
        let resting = |key: &Key| key.0 == 0 && status_rests;
        self.told.retain(resting);
        let (later, now) = std::mem::take(&mut self.waiting).into_iter().partition(|(key, _)| resting(key));
        self.waiting = later;
        let now: BTreeMap<Key, Arc<FeedMessage>> = now;
        self.told.extend(now.keys().cloned());
        now.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use fsts_domain::Timestamp;
    use serde_json::json;

    use super::*;

    fn quote(symbol: &str, last: i64) -> Arc<FeedMessage> {
        Arc::new(FeedMessage {
            topic: Topic::Quote,
            at: Timestamp::default(),
            data: json!({"symbol": symbol, "last": last}),
        })
    }

    #[test]
    fn of_many_quotes_in_a_window_the_first_and_the_last_are_told() {
        let mut thinner = Thinner::default();
        let told: Vec<_> = (1..=100).filter_map(|last| thinner.take(quote("005930", last))).collect();
        assert_eq!(told, [quote("005930", 1)]);
        assert!(thinner.take(quote("000660", 7)).is_some(), "another symbol has a window of its own");
        assert_eq!(thinner.next_window(), [quote("005930", 100)]);
        assert!(thinner.take(quote("005930", 101)).is_none(), "the trailing quote counts for its window");
        assert_eq!(thinner.next_window(), [quote("005930", 101)]);
        assert!(thinner.next_window().is_empty());
    }

    #[test]
    fn status_comes_less_often_than_twice_a_second() {
        let mut thinner = Thinner::default();
        let status = Arc::new(FeedMessage { topic: Topic::Status, at: Timestamp::default(), data: json!({}) });
        let mut told = 0;
        for _ in 0..50 {
            told += usize::from(thinner.take(status.clone()).is_some());
            told += thinner.next_window().len();
        }
        assert!((16..=18).contains(&told), "{told} in 10 s");
    }

    #[test]
    fn who_comes_back_gets_what_was_missed_or_a_new_picture() {
        let hub = Hub::new();
        let first = hub.subscribe(None).last_seq;
        for last in 1..=3 {
            hub.tell(quote("005930", last));
        }
        let missed = hub.subscribe(Some(first + 1)).missed.map(|m| m.iter().map(|n| n.seq).collect::<Vec<_>>());
        assert_eq!(missed, Some(vec![first + 2, first + 3]));
        assert_eq!(hub.subscribe(Some(first + 3)).missed.map(|m| m.len()), Some(0));
        assert!(hub.subscribe(Some(first + 4)).missed.is_none(), "a number from the future");
        assert!(hub.subscribe(Some(0)).missed.is_none() || first == 0);
        hub.resync();
        assert!(hub.subscribe(Some(first + 1)).missed.is_none(), "what was lost cannot be resent");
    }
}
