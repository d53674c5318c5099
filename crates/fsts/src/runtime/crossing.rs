//! Orders of one owner's accounts that could trade with each other: of two, only the first leaves.
//!
//! Within an account the engine sees to it (`reliability.md` §4.8); between accounts nobody else can. An order claims its
//! place here in the moment before it is sent and holds it until the books say that it has ended. One that finds the way
//! taken is not sent, which the engine books as a proven refusal; its strategy decides anew at the next bar.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsts_domain::{BotId, IntentId, OrderKind, Side, Symbol};
use fsts_engine::{Book, Command, Intent, LiveOrder, Purpose, SubmitOutcome};
use fsts_kis::NOT_SENT;
use tokio::sync::oneshot;

use crate::runtime::input::{Input, Inputs};

/// What an order may meet in another account.
#[derive(Debug, Clone)]
struct Live {
    stream: Arc<str>,
    intent: IntentId,
    bot: BotId,
    side: Side,
    kind: OrderKind,
    /// Nobody knows whether the broker has it.
    unresolved: bool,
}

#[derive(Default)]
struct Owned {
    orders: BTreeMap<Symbol, Vec<Live>>,
    queues: BTreeMap<Arc<str>, Inputs>,
}

/// The live orders of all accounts of the program; clones share them.
#[derive(Clone, Default)]
pub struct Crossing(Arc<Mutex<Owned>>);

impl Crossing {
    /// The place of one account.
    pub fn seat(&self, stream: &str) -> Lane {
        Lane { all: self.clone(), stream: stream.into() }
    }

    fn lock(&self) -> MutexGuard<'_, Owned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One account's view of the others.
#[derive(Clone)]
pub struct Lane {
    all: Crossing,
    stream: Arc<str>,
}

impl Lane {
    /// Claims what the recovered books still have open. To be called for every account before the first one trades.
    pub fn remember(&self, book: &Book) {
        let mut owned = self.all.lock();
        for order in book.open_orders() {
            let symbol = book.line(order.symbol).symbol;
            owned.orders.entry(symbol).or_default().push(self.live(order));
        }
    }

    /// Where the account can be asked to give way.
    pub fn open(&self, inputs: Inputs) {
        self.all.lock().queues.insert(Arc::clone(&self.stream), inputs);
    }

    /// Claims the way for an order; refuses when an order of another account could trade with it.
    ///
    /// # Errors
    /// The outcome to tell the engine: nothing was sent.
    pub fn claim(&self, order: &Intent) -> Result<(), SubmitOutcome> {
        let mut owned = self.all.lock();
        let Owned { orders, queues } = &mut *owned;
        let others = orders.entry(order.symbol()).or_default();
        // A stop-loss passes an order that is perhaps not even there, as within an account.
        let passes = |other: &Live| order.side() == Side::Sell && other.unresolved;
        let meets = |other: &&Live| {
            other.stream != self.stream
                && other.side != order.side()
                && !passes(other)
                && may_cross((order.side(), order.kind()), other.kind)
        };
        let in_the_way: Vec<&Live> = others.iter().filter(meets).collect();
        if in_the_way.is_empty() {
            let (stream, intent, bot) = (Arc::clone(&self.stream), order.id(), order.bot());
            let (side, kind) = (order.side(), order.kind());
            others.push(Live { stream, intent, bot, side, kind, unresolved: false });
            return Ok(());
        }
        // Entries of bots give way to a stop-loss, which tries again at the next price; a person's order does not.
        if order.purpose() == Purpose::Protection {
            for other in in_the_way.iter().filter(|o| o.side == Side::Buy && o.bot != BotId::MANUAL) {
                if let Some(queue) = queues.get(&other.stream) {
                    let (nobody, _) = oneshot::channel();
                    queue.send(Input::Command(Command::Cancel { intent: other.intent }, nobody));
                }
            }
        }
        let message = "it could have traded with an order of another account";
        Err(SubmitOutcome::Refused { code: NOT_SENT.to_owned(), message: message.to_owned() })
    }

    /// Follows an order of this account in the books; one that is over leaves the way free.
    pub fn follow(&self, id: IntentId, book: &Book) {
        let live = book.order(id).filter(|o| !o.open_qty().is_zero());
        let mut owned = self.all.lock();
        for orders in owned.orders.values_mut() {
            let is_mine = |o: &Live| o.stream == self.stream && o.intent == id;
            match live {
                Some(order) => orders.iter_mut().filter(|o| is_mine(o)).for_each(|o| {
                    o.unresolved = order.state.is_unresolved();
                }),
                None => orders.retain(|o| !is_mine(o)),
            }
        }
    }

    fn live(&self, order: &LiveOrder) -> Live {
        Live {
            stream: Arc::clone(&self.stream),
            intent: order.id,
            bot: order.bot,
            side: order.side,
            kind: order.kind,
            unresolved: order.state.is_unresolved(),
        }
    }
}

fn may_cross((side, ours): (Side, OrderKind), theirs: OrderKind) -> bool {
    match (ours, theirs) {
        (OrderKind::Limit(ours), OrderKind::Limit(theirs)) => match side {
            Side::Buy => ours >= theirs,
            Side::Sell => ours <= theirs,
        },
        (OrderKind::Market, _) | (_, OrderKind::Market) => true,
    }
}
