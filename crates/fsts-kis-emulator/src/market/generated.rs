//! A market of seeded order flow: every symbol has a matching book, and our orders rest in it like anyone's.

use std::collections::VecDeque;

use fsts_domain::{NS_PER_S, OrderKind, Price, Qty, Side, Timestamp};
use fsts_krx::{DayRules, SessionPart};
use fsts_sim::{Book, BookEvent, BookKind, Flow, FlowAction, FlowConfig, FlowEvent, FlowSymbol, OrderId};

use crate::board::{Board, Print};
use crate::market::{Happening, Hours, Incoming};
use crate::orders::Condition;

/// Ids from here on are other people's.
const OTHERS: u64 = 1 << 40;
/// A market entered in mid-day is rebuilt from the flow of so long before: older orders are traded or taken back.
const REBUILD_NS: i64 = 45 * 60 * NS_PER_S;
const SIGMA_BPS_PER_MIN: u32 = 11;
const TRADES_PER_MIN: u32 = 18;

/// Books and the flow that moves them.
#[derive(Debug)]
pub(crate) struct Generated {
    seed: u64,
    books: Vec<Pit>,
    flow: Option<Flow>,
    next: Option<FlowEvent>,
    midnight: Timestamp,
    others: u64,
}

/// One symbol's book and the other people's working orders in it, oldest first.
#[derive(Debug, Default)]
struct Pit {
    book: Book,
    others: VecDeque<OrderId>,
}

impl Generated {
    pub(crate) fn new(seed: u64) -> Self {
        Generated { seed, books: Vec::new(), flow: None, next: None, midnight: Timestamp::from_ns(0), others: OTHERS }
    }

    pub(crate) fn next_at(&mut self) -> Option<Timestamp> {
        self.next.map(|event| self.instant(&event))
    }

    fn instant(&self, event: &FlowEvent) -> Timestamp {
        self.midnight.plus_ns(event.at_ns_of_day)
    }

    fn advance(&mut self) {
        self.next = self.flow.as_mut().and_then(Iterator::next);
    }

    pub(crate) fn begin_day(&mut self, hours: &Hours, board: &Board, rules: &DayRules) {
        self.books = board.all().iter().map(|_| Pit::default()).collect();
        for (pit, quote) in self.books.iter_mut().zip(board.all()) {
            pit.book.set_reference(quote.base);
            pit.book.set_band(quote.band);
            pit.book.set_auction(!hours.always_open);
        }
        let symbols = board.all().iter().map(|quote| FlowSymbol {
            base: quote.base,
            market: quote.market,
            sigma_bps_per_min: SIGMA_BPS_PER_MIN,
            trades_per_min: TRADES_PER_MIN,
        });
        let config = FlowConfig { seed: self.seed, rules: *rules, symbols: symbols.collect() };
        self.flow = Some(Flow::new(config));
        self.midnight = Timestamp::from_kst(hours.day, 0);
        self.advance();
        self.rebuild(hours);
    }

    /// Enters what other people did before the market is looked at.
    fn rebuild(&mut self, hours: &Hours) {
        let mut unseen = Vec::new();
        let since = hours.resume_after.plus_ns(-REBUILD_NS);
        let mut opened = hours.always_open;
        while let Some(event) = self.next {
            let at = self.instant(&event);
            if at > hours.resume_after {
                break;
            }
            if !opened && at >= hours.open {
                self.enter(SessionPart::Continuous, at, &mut unseen);
                opened = true;
            }
            if at >= since {
                self.apply(&event, &mut unseen);
            }
            self.advance();
            unseen.clear();
        }
        if !opened && hours.resume_after >= hours.open {
            self.enter(SessionPart::Continuous, hours.resume_after, &mut unseen);
        }
    }

    pub(crate) fn run(&mut self, now: Timestamp, out: &mut Vec<Happening>) {
        while let Some(event) = self.next {
            if self.instant(&event) > now {
                break;
            }
            self.apply(&event, out);
            self.advance();
        }
    }

    fn apply(&mut self, event: &FlowEvent, out: &mut Vec<Happening>) {
        let at = self.instant(event);
        let symbol = event.symbol as usize;
        let id = OrderId(self.others);
        let Some(pit) = self.books.get_mut(symbol) else { return };
        let mut events = Vec::new();
        match event.action {
            FlowAction::Limit { side, price, qty } => {
                pit.book.submit(id, side, BookKind::Limit(price), qty, &mut events);
                pit.others.push_back(id);
                self.others += 1;
            }
            FlowAction::Market { side, qty } => {
                pit.book.submit(id, side, BookKind::MarketIoc, qty, &mut events);
                self.others += 1;
            }
            FlowAction::CancelOldest => {
                while let Some(oldest) = pit.others.pop_front() {
                    if pit.book.cancel(oldest, &mut events).is_some() {
                        break;
                    }
                }
            }
        }
        report(symbol, at, &events, out);
        out.push(Happening::Book { symbol });
    }

    pub(crate) fn enter(&mut self, part: SessionPart, now: Timestamp, out: &mut Vec<Happening>) {
        for (symbol, pit) in self.books.iter_mut().enumerate() {
            match part {
                SessionPart::OpeningAuction | SessionPart::ClosingAuction => pit.book.set_auction(true),
                SessionPart::Continuous | SessionPart::AlwaysOpen => {
                    uncross(symbol, pit, now, out);
                    pit.book.set_auction(false);
                }
                SessionPart::Closed | SessionPart::PreOpen | SessionPart::PostClose | SessionPart::AfterMarket => {
                    uncross(symbol, pit, now, out);
                }
            }
            out.push(Happening::Book { symbol });
        }
    }

    pub(crate) fn submit(&mut self, order: &Incoming, now: Timestamp, out: &mut Vec<Happening>) {
        let Some(pit) = self.books.get_mut(order.symbol) else {
            return;
        };
        let kind = match (order.kind, order.condition) {
            (OrderKind::Limit(price), Condition::Day) => BookKind::Limit(price),
            (OrderKind::Limit(price), Condition::Ioc) => BookKind::LimitIoc(price),
            (OrderKind::Limit(price), Condition::Fok) => BookKind::LimitFok(price),
            (OrderKind::Market, Condition::Day) => BookKind::Market,
            (OrderKind::Market, Condition::Ioc) => BookKind::MarketIoc,
            (OrderKind::Market, Condition::Fok) => {
                let offered: Qty = pit.book.depth(order.side.opposite(), usize::MAX).map(|(_, qty)| qty).sum();
                if offered < order.qty {
                    out.push(Happening::Dropped { id: order.id });
                    return;
                }
                BookKind::MarketIoc
            }
        };
        let mut events = Vec::new();
        pit.book.submit(OrderId(order.id), order.side, kind, order.qty, &mut events);
        report(order.symbol, now, &events, out);
        out.push(Happening::Book { symbol: order.symbol });
    }

    pub(crate) fn cancel(&mut self, id: u64, symbol: usize) -> bool {
        let pit = self.books.get_mut(symbol);
        pit.and_then(|pit| pit.book.cancel(OrderId(id), &mut Vec::new())).is_some()
    }

    pub(crate) fn reduce(&mut self, order: &Incoming) {
        if let Some(pit) = self.books.get_mut(order.symbol) {
            pit.book.reduce(OrderId(order.id), order.qty);
        }
    }

    pub(crate) fn depth(&self, symbol: usize, side: Side) -> Vec<(Price, Qty)> {
        self.books.get(symbol).map(|pit| pit.book.depth(side, 10).collect()).unwrap_or_default()
    }

    pub(crate) fn indicative(&self, symbol: usize) -> Option<(Price, Qty)> {
        let book = &self.books.get(symbol)?.book;
        if book.in_auction() { book.indicative() } else { None }
    }
}

/// Ends an auction: fills for our orders, and one print for all that traded.
fn uncross(symbol: usize, pit: &mut Pit, now: Timestamp, out: &mut Vec<Happening>) {
    let mut events = Vec::new();
    let traded = pit.book.uncross(&mut events);
    let mut all = Vec::new();
    report(symbol, now, &events, &mut all);
    out.extend(all.into_iter().filter(|happening| !matches!(happening, Happening::Print(_))));
    if let Some((price, qty)) = traded {
        out.push(Happening::Print(Print { symbol, at: now, price, qty, taker: None }));
    }
}

/// What a book did, as far as the outside sees it: fills of our orders, and prints.
fn report(symbol: usize, at: Timestamp, events: &[BookEvent], out: &mut Vec<Happening>) {
    let ours = |id: OrderId| id.0 < OTHERS;
    for event in events {
        match *event {
            BookEvent::Trade { maker, taker, maker_side, price, qty } => {
                for id in [maker, taker].into_iter().filter(|id| ours(*id)) {
                    out.push(Happening::Fill { id: id.0, qty, price });
                }
                let taker = Some(maker_side.opposite());
                out.push(Happening::Print(Print { symbol, at, price, qty, taker }));
            }
            BookEvent::Cancelled { id, .. } | BookEvent::Rejected { id, .. } if ours(id) => {
                out.push(Happening::Dropped { id: id.0 });
            }
            BookEvent::Accepted { .. } | BookEvent::Cancelled { .. } | BookEvent::Rejected { .. } => {}
        }
    }
}
