//! The server's port onto the running engine: pictures out, commands in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fsts_domain::{Bar, Symbol, Timestamp, TradingDay};
use fsts_engine::Command;
use fsts_kis::{StreamControl, Subscription};
use fsts_lake::LakeError;
use fsts_server::views::{BarInterval, BarView, QuoteView};
use fsts_server::{CommandOutcome, Desk, DeskError, FeedMessage, Snapshot};
use fsts_store::Store;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::MarketTime;
use crate::runtime::input::{Input, Inputs};
use crate::runtime::quotes::Quotes;
use crate::services::lake::{LakeDoor, Wanted};

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
    /// Bars at rest, for charts of days.
    pub lake: LakeDoor,
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
        let (store, quotes, lake) = (self.store.clone(), self.quotes.clone(), self.lake.clone());
        async move {
            if interval == BarInterval::Minute {
                return Ok(quotes.bars(symbol, limit));
            }
            let rows = store.bars(symbol, interval.as_str(), u32::try_from(limit).unwrap_or(u32::MAX)).await;
            let mut days: BTreeMap<TradingDay, BarView> = at_rest(&lake, symbol).await;
            // What this program saw itself is newer than what was stored.
            let seen = rows.unwrap_or_default();
            days.extend(seen.iter().map(|r| (r.start.kst_day(), view(r.start, &r.bar))));
            let skip = days.len().saturating_sub(limit);
            Ok(days.into_values().skip(skip).collect())
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

fn view(start: Timestamp, bar: &Bar) -> BarView {
    BarView {
        t: start.ns() / fsts_domain::NS_PER_S,
        o: bar.open.get(),
        h: bar.high.get(),
        l: bar.low.get(),
        c: bar.close.get(),
        v: bar.volume,
    }
}

/// The stored days of a symbol; a chart without them is better than none.
async fn at_rest(lake: &LakeDoor, symbol: Symbol) -> BTreeMap<TradingDay, BarView> {
    let wanted = Wanted { symbols: Some(vec![symbol]), interval: Some(fsts_lake::Interval::Day), ..Wanted::default() };
    match lake.read(&wanted).await {
        Ok(data) => {
            data.rows.iter().map(|row| (row.day(), view(Timestamp::from_kst(row.day(), 0), &row.bar))).collect()
        }
        Err(LakeError::Rows(_)) => BTreeMap::new(),
        Err(error) => {
            tracing::warn!(%error, %symbol, "the stored days of a chart could not be read");
            BTreeMap::new()
        }
    }
}
