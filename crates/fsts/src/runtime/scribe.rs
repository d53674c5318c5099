//! Writes what screens read later: read models, minute bars, equity. May lag, may fail; trading goes on.

use fsts_domain::{Timestamp, Won};
use fsts_store::{BarRow, ReadModel, Store};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// Something to write.
#[derive(Debug)]
pub enum Page {
    /// The journal has grown.
    Journal,
    /// A minute is over.
    Minute(Vec<BarRow>, Timestamp, Won),
}

/// The handle of the writing task. It ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Scribe(UnboundedSender<Page>);

impl Scribe {
    /// Starts the task over a stream's read model.
    pub fn start(store: Store, stream: String, model: ReadModel) -> (Scribe, JoinHandle<()>) {
        let (pages, queue) = unbounded_channel();
        let task = tokio::spawn(write(store, stream, model, queue));
        (Scribe(pages), task)
    }

    /// Queues a page; after the end of the task it is dropped.
    pub fn write(&self, page: Page) {
        let _ = self.0.send(page);
    }
}

async fn write(store: Store, stream: String, mut model: ReadModel, mut queue: UnboundedReceiver<Page>) {
    while let Some(first) = queue.recv().await {
        let mut grown = false;
        let mut next = Some(first);
        // Everything that waits becomes one catch-up.
        while let Some(page) = next {
            match page {
                Page::Journal => grown = true,
                Page::Minute(bars, at, equity) => {
                    let kept = store.put_bars("1m", &bars).await;
                    let equity = store.put_equity(&stream, at, equity).await;
                    if let Err(error) = kept.and(equity) {
                        tracing::warn!(%error, "bars or equity of a minute were not kept");
                    }
                }
            }
            next = queue.try_recv().ok();
        }
        if grown && let Err(error) = model.catch_up().await {
            tracing::warn!(%error, "the read model lags behind the journal");
        }
    }
}
