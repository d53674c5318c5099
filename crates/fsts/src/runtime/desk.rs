//! The server's port onto the running engine: pictures out, commands in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fsts_domain::{Symbol, Timestamp};
use fsts_engine::Command;
use fsts_kis::{StreamControl, Subscription};
use fsts_server::views::{BarInterval, BarView, QuoteView};
use fsts_server::{CommandOutcome, Desk, DeskError, FeedMessage, Snapshot};
use fsts_store::Store;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::MarketTime;
use crate::runtime::input::{Input, Inputs};
use crate::runtime::quotes::Quotes;

/// A command that is not answered after this real time is reported as such; it may still be carried out.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Messages that a slow reader may be behind.
const FEED_DEPTH: usize = 1_024;

/// What the engine's loop publishes.
#[derive(Debug, Clone)]
pub struct Board {
    picture: Arc<RwLock<Arc<Snapshot>>>,
    changed: watch::Sender<u64>,
    feed: broadcast::Sender<Arc<FeedMessage>>,
}

impl Board {
    /// A board that shows a first picture.
    pub fn new(first: Snapshot) -> Self {
        let (feed, _) = broadcast::channel(FEED_DEPTH);
        Board { picture: Arc::new(RwLock::new(Arc::new(first))), changed: watch::Sender::new(0), feed }
    }

    /// Shows a new picture.
    pub fn show(&self, picture: Snapshot) {
        *self.picture.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(picture);
        self.changed.send_modify(|n| *n += 1);
    }

    /// Tells the feed.
    pub fn tell(&self, message: FeedMessage) {
        // Nobody listening is fine.
        let _ = self.feed.send(Arc::new(message));
    }

    /// The picture shown last.
    pub fn picture(&self) -> Arc<Snapshot> {
        Arc::clone(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rises with every picture.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// The desk of one account.
#[derive(Clone)]
pub struct AccountDesk {
    /// What the loop publishes.
    pub board: Board,
    /// The engine's queue.
    pub inputs: Inputs,
    /// Market time.
    pub time: MarketTime,
    /// Quotes and minute bars.
    pub quotes: Quotes,
    /// Daily and older bars.
    pub store: Store,
    /// The stream's wishes.
    pub stream: StreamControl,
    /// Symbols of the universe, always subscribed.
    pub universe: Arc<[Symbol]>,
    /// Symbols that somebody asked to watch besides.
    pub watched: Arc<Mutex<Vec<Symbol>>>,
    /// Cleared when the engine's thread ends.
    pub alive: Arc<AtomicBool>,
}

impl Desk for AccountDesk {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.board.picture()
    }

    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn command(&self, command: Command) -> BoxFuture<'static, Result<CommandOutcome, DeskError>> {
        let (reply, answer) = oneshot::channel();
        let taken = self.inputs.send(Input::Command(command, reply));
        async move {
            if !taken {
                return Err(DeskError::Stopped);
            }
            match tokio::time::timeout(ANSWER_MAX, answer).await {
                Ok(Ok(outcome)) => Ok(outcome),
                Ok(Err(_)) => Err(DeskError::Stopped),
                Err(_) => Err(DeskError::TimedOut),
            }
        }
        .boxed()
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<FeedMessage>> {
        self.board.feed.subscribe()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.board.changed()
    }

    fn watch(&self, symbols: Vec<Symbol>) -> BoxFuture<'static, Result<Vec<Symbol>, DeskError>> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let before = watched.clone();
        for symbol in symbols {
            if !watched.contains(&symbol) && !self.universe.contains(&symbol) {
                watched.push(symbol);
            }
        }
        let wanted: Vec<Subscription> =
            self.universe.iter().chain(watched.iter()).map(|s| Subscription::Trades(*s)).collect();
        if self.stream.desire(&wanted).is_err() {
            // The broker's 41 registrations are used up; what trades keeps its place.
            *watched = before;
            return std::future::ready(Err(DeskError::Busy)).boxed();
        }
        drop(watched);
        std::future::ready(Ok(self.watchlist())).boxed()
    }

    fn watchlist(&self) -> Vec<Symbol> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        self.universe.iter().chain(watched.iter()).copied().collect()
    }

    fn bars(
        &self,
        symbol: Symbol,
        interval: BarInterval,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<BarView>, DeskError>> {
        let (store, quotes) = (self.store.clone(), self.quotes.clone());
        async move {
            if interval == BarInterval::Minute {
                return Ok(quotes.bars(symbol, limit));
            }
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let rows = store.bars(symbol, interval.as_str(), limit).await.unwrap_or_default();
            let view = |r: &fsts_store::BarRow| BarView {
                t: r.start.ns() / fsts_domain::NS_PER_S,
                o: r.bar.open.get(),
                h: r.bar.high.get(),
                l: r.bar.low.get(),
                c: r.bar.close.get(),
                v: r.bar.volume,
            };
            Ok(rows.iter().map(view).collect())
        }
        .boxed()
    }

    fn quote(&self, symbol: Symbol) -> Option<QuoteView> {
        self.quotes.quote(symbol)
    }

    fn is_running(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }
}
