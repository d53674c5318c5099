//! What the server needs of the running engine: one port, implemented where the engine's thread lives.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsts_domain::{Symbol, Timestamp};
use fsts_engine::{Command, Reply};
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{broadcast, watch};
use utoipa::ToSchema;

use crate::views::{
    BalanceView, BarInterval, BarView, BotDetailView, FillView, OrderView, PositionView, QuoteView, StatusView,
};

/// The running engine as the server sees it. Nothing here blocks; the engine never waits for a reader.
pub trait Desk: Send + Sync + 'static {
    /// The picture that the engine's loop published last.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Market time now; answers take their age from it.
    fn now(&self) -> Timestamp {
        self.snapshot().status.clock.now_ns.timestamp()
    }

    /// Puts a command into the engine's queue; answered once what it caused is durable, and after the picture that
    /// shows it was published.
    fn command(&self, command: Command) -> BoxFuture<'static, Result<CommandOutcome, DeskError>>;

    /// Everything that happens from now on.
    ///
    /// The picture is published before the message about it is sent, so that a reader who subscribes first and takes
    /// the picture second misses nothing.
    fn subscribe(&self) -> broadcast::Receiver<Arc<FeedMessage>>;

    /// Changes with every published picture; long polls wait on it.
    fn changed(&self) -> watch::Receiver<u64>;

    /// Asks for quotes of these symbols besides those of the bots; gives back the watch list.
    fn watch(&self, symbols: Vec<Symbol>) -> BoxFuture<'static, Result<Vec<Symbol>, DeskError>>;

    /// The watch list.
    fn watchlist(&self) -> Vec<Symbol>;

    /// The last bars of a symbol, oldest first, the forming one included.
    fn bars(
        &self,
        symbol: Symbol,
        interval: BarInterval,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<BarView>, DeskError>>;

    /// The day of a symbol so far; `None` before its first price.
    fn quote(&self, symbol: Symbol) -> Option<QuoteView>;

    /// False once the engine has ended.
    fn is_running(&self) -> bool {
        true
    }
}

/// The recorded outcome of a command.
#[derive(Debug, Clone)]
pub struct CommandOutcome {
    /// The engine's reply.
    pub reply: Reply,
    /// The order that it is about, as it stands after the reply.
    pub order: Option<OrderView>,
}

/// Why the engine gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// It does not run any more.
    #[error("the engine has stopped")]
    Stopped,
    /// Its queue is full; the command was not taken.
    #[error("the engine's queue is full")]
    Busy,
    /// No answer in time; the command may still be carried out.
    #[error("the engine did not answer in time")]
    TimedOut,
}

/// One consistent picture of status, money, positions and open orders.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What the program is doing; `ready` and `reasons` of `/readyz` are its.
    pub status: StatusView,
    /// The account's money.
    pub balance: BalanceView,
    /// What is held.
    pub positions: Vec<PositionView>,
    /// Orders that are not over.
    pub open_orders: Vec<OrderView>,
    /// Orders that ended lately, any order; they bridge the read model's lag and may be empty.
    pub recent_orders: Vec<OrderView>,
    /// Executions of late, any order; likewise.
    pub recent_fills: Vec<FillView>,
    /// Bots, in the order of their making.
    pub bots: Vec<BotDetailView>,
    /// Names of all instruments that may be traded.
    pub names: Arc<BTreeMap<Symbol, String>>,
}

impl Snapshot {
    /// The name of an instrument, or its code while none is known.
    pub fn name(&self, symbol: Symbol) -> String {
        self.names.get(&symbol).map_or_else(|| symbol.to_string(), Clone::clone)
    }

    /// An order that is open or ended lately.
    pub fn order(&self, id: &str) -> Option<&OrderView> {
        self.open_orders.iter().chain(&self.recent_orders).find(|o| o.id == id)
    }
}

/// What a feed message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The whole picture, first on a connection.
    Snapshot,
    /// [`StatusView`].
    Status,
    /// [`BalanceView`].
    Balance,
    /// A list of [`PositionView`].
    Positions,
    /// A list of [`BotDetailView`].
    Bots,
    /// [`OrderView`].
    Order,
    /// [`FillView`].
    Fill,
    /// [`QuoteTickView`](crate::views::QuoteTickView).
    Quote,
    /// [`AlertView`](crate::views::AlertView).
    Alert,
    /// Nothing but a sign of life.
    Heartbeat,
}

/// One thing that happened. The server numbers it, thins quotes and states out, and adds snapshots and heartbeats.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedMessage {
    /// What it is about.
    pub topic: Topic,
    /// Market time.
    pub at: Timestamp,
    /// The view that the topic names.
    pub data: serde_json::Value,
}

impl FeedMessage {
    /// A message with a view as its data.
    pub fn new<T: Serialize>(topic: Topic, at: Timestamp, view: &T) -> Self {
        let data = serde_json::to_value(view).expect("invariant: views have text keys and no failing part");
        FeedMessage { topic, at, data }
    }
}
