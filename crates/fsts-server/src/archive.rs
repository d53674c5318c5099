//! What the server reads from the store: rows that follow the journal, never the engine.

use fsts_domain::{IntentId, Symbol, Timestamp, Won};
use fsts_store::{AsOf, FillRow, OrderFilter, OrderRow, Outgoing, Store, StoreError};
use futures_util::future::BoxFuture;

/// Rows of one account, newest first unless said otherwise.
pub trait Archive: Send + Sync + 'static {
    /// How recent the rows are.
    fn as_of(&self) -> BoxFuture<'_, Result<AsOf, StoreError>>;
    /// Orders.
    fn orders(&self, filter: OrderFilter) -> BoxFuture<'_, Result<Vec<OrderRow>, StoreError>>;
    /// One order.
    fn order(&self, id: IntentId) -> BoxFuture<'_, Result<Option<OrderRow>, StoreError>>;
    /// Executions, of one instrument or of all.
    fn fills(&self, symbol: Option<Symbol>, limit: u32) -> BoxFuture<'_, Result<Vec<FillRow>, StoreError>>;
    /// The last points of the equity line, oldest first.
    fn equity(&self, limit: u32) -> BoxFuture<'_, Result<Vec<(Timestamp, Won)>, StoreError>>;
    /// Alerts, delivered or not.
    fn alerts(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>>;
}

/// The rows of one stream of a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreArchive {
    store: Store,
    stream: String,
}

impl StoreArchive {
    /// The rows of `stream`.
    pub fn new(store: Store, stream: impl Into<String>) -> Self {
        StoreArchive { store, stream: stream.into() }
    }
}

impl Archive for StoreArchive {
    fn as_of(&self) -> BoxFuture<'_, Result<AsOf, StoreError>> {
        Box::pin(self.store.as_of(&self.stream))
    }
    fn orders(&self, filter: OrderFilter) -> BoxFuture<'_, Result<Vec<OrderRow>, StoreError>> {
        Box::pin(self.store.orders(&self.stream, filter))
    }
    fn order(&self, id: IntentId) -> BoxFuture<'_, Result<Option<OrderRow>, StoreError>> {
        Box::pin(self.store.order(&self.stream, id))
    }
    fn fills(&self, symbol: Option<Symbol>, limit: u32) -> BoxFuture<'_, Result<Vec<FillRow>, StoreError>> {
        Box::pin(self.store.fills(&self.stream, symbol, limit))
    }
    fn equity(&self, limit: u32) -> BoxFuture<'_, Result<Vec<(Timestamp, Won)>, StoreError>> {
        Box::pin(self.store.equity(&self.stream, limit))
    }
    fn alerts(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>> {
        Box::pin(self.store.alerts(limit))
    }
}
