//! The simulated broker: orders into the bar matcher, fills and ends back as authoritative notices.

use fsts_domain::{IntentId, OrderKind, OrderNumber, Qty, Side, Symbol};
use fsts_engine::{Branch, Intent, Journaled, Notice, NoticeKind};
use fsts_krx::PriceBand;
use fsts_sim::{BarMatcher, EntryFill, SimFill, SimKind, SimOrder};

/// One order at the simulated broker.
#[derive(Debug, Clone, Copy)]
struct Held {
    intent: IntentId,
    symbol: Symbol,
    side: Side,
    qty: Qty,
    bracket: bool,
}

/// Orders of one account over the bar matcher. Numbers are the intents' own: unique and readable.
#[derive(Debug)]
pub(crate) struct SimBroker {
    matcher: BarMatcher,
    orders: Vec<Held>,
    fills: Vec<SimFill>,
}

/// A bracket is two orders of the matcher: even ids are plain orders and stops, odd ones targets.
fn stop_id(intent: IntentId) -> u64 {
    intent.0 * 2
}

fn target_id(intent: IntentId) -> u64 {
    intent.0 * 2 + 1
}

impl SimBroker {
    pub fn new(symbols: usize) -> Self {
        SimBroker { matcher: BarMatcher::new(symbols), orders: Vec::new(), fills: Vec::with_capacity(8) }
    }

    /// The number an order gets.
    pub fn number(intent: IntentId) -> OrderNumber {
        OrderNumber::from_value(intent.0)
    }

    /// Takes an order; it meets the next bar of its symbol.
    pub fn submit(&mut self, symbol: u32, order: &Journaled<Intent>) {
        let intent = order.get();
        let (id, side, qty) = (intent.id(), intent.side(), intent.qty());
        let sim = |id: u64, kind: SimKind| SimOrder { id, symbol, side, kind, qty };
        match intent.bracket() {
            None => {
                let kind = match intent.kind() {
                    OrderKind::Limit(price) => SimKind::Limit(price),
                    OrderKind::Market => SimKind::Market,
                };
                self.matcher.submit(sim(stop_id(id), kind));
            }
            Some(levels) => {
                if let Some(stop) = levels.stop {
                    self.matcher.submit(sim(stop_id(id), SimKind::Stop(stop)));
                }
                if let Some(target) = levels.target {
                    self.matcher.submit(sim(target_id(id), SimKind::Target(target)));
                }
                if levels.stop.is_some() && levels.target.is_some() {
                    self.matcher.link(stop_id(id), target_id(id));
                }
            }
        }
        let bracket = intent.bracket().is_some();
        self.orders.push(Held { intent: id, symbol: intent.symbol(), side, qty, bracket });
    }

    /// True when a bar of the symbol has anything to meet.
    #[inline]
    pub fn is_waiting(&self, symbol: u32) -> bool {
        self.matcher.open_orders(symbol) > 0
    }

    /// Meets the symbol's next bar.
    pub fn on_bar(&mut self, symbol: u32, bar: &fsts_domain::Bar, band: Option<PriceBand>, out: &mut Vec<Notice>) {
        self.fills.clear();
        self.matcher.on_bar(symbol, bar, band, &mut self.fills);
        self.tell_fills(out);
    }

    /// Meets levels that were set when an entry filled in this same bar.
    pub fn recheck(
        &mut self,
        symbol: u32,
        bar: &fsts_domain::Bar,
        band: Option<PriceBand>,
        at_open: bool,
        out: &mut Vec<Notice>,
    ) {
        self.fills.clear();
        let entry = if at_open { EntryFill::AtOpen } else { EntryFill::Inside };
        self.matcher.recheck(symbol, bar, band, entry, &mut self.fills);
        self.tell_fills(out);
    }

    fn tell_fills(&mut self, out: &mut Vec<Notice>) {
        for fill in &self.fills {
            let intent = IntentId(fill.id / 2);
            let Some(at) = self.orders.iter().position(|o| o.intent == intent) else { continue };
            let Some(order) = self.orders.get(at).copied() else { continue };
            out.push(notice(&order, NoticeKind::Filled { qty: fill.qty, price: fill.price }));
            if fill.closes {
                self.orders.swap_remove(at);
            }
        }
    }

    /// Takes an order back.
    pub fn cancel(&mut self, intent: IntentId) -> Option<Notice> {
        let at = self.orders.iter().position(|o| o.intent == intent)?;
        let order = self.orders.swap_remove(at);
        self.matcher.cancel(stop_id(intent));
        if order.bracket {
            self.matcher.cancel(target_id(intent));
        }
        Some(notice(&order, NoticeKind::Cancelled))
    }

    /// Ends what a day leaves open; protective levels stay, they are watched and not at the exchange.
    pub fn expire(&mut self, out: &mut Vec<Notice>) {
        let mut ids: Vec<IntentId> = self.orders.iter().filter(|o| !o.bracket).map(|o| o.intent).collect();
        ids.sort_unstable();
        for id in ids {
            out.extend(self.cancel(id));
        }
    }

    /// True when nothing is open that a day's end would expire.
    pub fn is_idle(&self) -> bool {
        self.orders.iter().all(|o| o.bracket)
    }
}

fn notice(order: &Held, kind: NoticeKind) -> Notice {
    Notice {
        number: SimBroker::number(order.intent),
        original: None,
        branch: Branch::default(),
        symbol: order.symbol,
        side: order.side,
        order_qty: order.qty,
        kind,
    }
}
