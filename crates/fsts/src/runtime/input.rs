//! The one queue: everything that reaches the engine passes here, in one order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use fsts_domain::Timestamp;
use fsts_engine::{Command, EventKind};
use fsts_kis::StreamEvent;
use fsts_server::CommandOutcome;
use fsts_store::JournalOutcome;
use tokio::sync::oneshot;

/// Market data beyond this many waiting inputs is shed and counted; facts and commands never are.
const MARKET_WAITING_MAX: usize = 50_000;

/// One input of the engine's thread.
#[derive(Debug)]
pub enum Input {
    /// An event as the engine takes it, stamped with market time.
    Event(Timestamp, Box<EventKind<'static>>),
    /// What the stream tells.
    Stream(Box<StreamEvent>),
    /// What became of a journal batch.
    Journal(JournalOutcome),
    /// A person's command and where its outcome goes.
    Command(Command, oneshot::Sender<CommandOutcome>),
    /// End after what is queued.
    Stop,
}

/// Puts inputs into the queue. Never blocks.
#[derive(Debug, Clone)]
pub struct Inputs {
    queue: Sender<Input>,
    waiting: Arc<AtomicUsize>,
    shed: Arc<AtomicU64>,
}

/// Takes inputs out; held by the engine's thread alone.
#[derive(Debug)]
pub struct InputQueue {
    /// The receiving end.
    pub queue: Receiver<Input>,
    waiting: Arc<AtomicUsize>,
}

/// A new queue.
pub fn queue() -> (Inputs, InputQueue) {
    let (sender, receiver) = channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let inputs = Inputs { queue: sender, waiting: Arc::clone(&waiting), shed: Arc::default() };
    (inputs, InputQueue { queue: receiver, waiting })
}

impl Inputs {
    /// Queues an input. False when the engine's thread has ended.
    pub fn send(&self, input: Input) -> bool {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.send(input).is_ok()
    }

    /// Queues an event.
    pub fn event(&self, at: Timestamp, kind: EventKind<'static>) {
        self.send(Input::Event(at, Box::new(kind)));
    }

    /// Queues what the stream tells; prices are shed when the engine is far behind.
    pub fn stream(&self, event: StreamEvent) {
        let is_price = matches!(event, StreamEvent::Trade(_) | StreamEvent::Book(_));
        if is_price && self.waiting.load(Ordering::Relaxed) > MARKET_WAITING_MAX {
            self.shed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.send(Input::Stream(Box::new(event)));
    }

    /// Prices shed so far.
    pub fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }
}

impl InputQueue {
    /// Notes that an input was taken.
    pub fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
