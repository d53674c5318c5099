//! The limit order book of one symbol: price, then time.

use fsts_domain::{Price, Qty, Side};
use fsts_krx::PriceBand;

use crate::book::queue::{Queues, Rank};

mod auction;
mod queue;

/// Names an order in a book.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OrderId(pub u64);

/// How an order in a book is priced, and what becomes of the part that finds no counterpart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BookKind {
    /// This price or better; the rest works on.
    Limit(Price),
    /// Any price; the rest works on, ahead of every price.
    Market,
    /// This price or better; the rest is cancelled.
    LimitIoc(Price),
    /// This price or better and all of it at once, or nothing.
    LimitFok(Price),
    /// Any price; the rest is cancelled.
    MarketIoc,
}

impl BookKind {
    fn rank(self) -> Rank {
        match self {
            BookKind::Limit(price) | BookKind::LimitIoc(price) | BookKind::LimitFok(price) => Rank::At(price),
            BookKind::Market | BookKind::MarketIoc => Rank::Market,
        }
    }

    fn rests(self) -> bool {
        match self {
            BookKind::Limit(_) | BookKind::Market => true,
            BookKind::LimitIoc(_) | BookKind::LimitFok(_) | BookKind::MarketIoc => false,
        }
    }
}

/// Why a book refuses an order.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BookRefusal {
    /// An order with this id is working.
    DuplicateId,
    /// An order of no shares.
    NoShares,
    /// Immediate orders have no meaning while orders are only collected.
    ImmediateInAuction,
}

/// What happened in a book, in order.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BookEvent {
    /// The order is in; its trades, if any, follow.
    Accepted {
        /// The order.
        id: OrderId,
    },
    /// Two orders traded.
    Trade {
        /// The order that was there first.
        maker: OrderId,
        /// The order that came later.
        taker: OrderId,
        /// The maker's side.
        maker_side: Side,
        /// Price of the trade.
        price: Price,
        /// Shares of the trade.
        qty: Qty,
    },
    /// The order is gone; what had traded stays traded.
    Cancelled {
        /// The order.
        id: OrderId,
        /// Shares that did not trade.
        qty: Qty,
    },
    /// The order never was in.
    Rejected {
        /// The order.
        id: OrderId,
        /// Why.
        reason: BookRefusal,
    },
}

/// A limit order book. It knows neither sessions nor ticks: whoever feeds it has checked prices and hours.
///
/// ```
/// # use fsts_domain::{Price, Qty, Side};
/// # use fsts_sim::{Book, BookEvent, BookKind, OrderId};
/// let (price, ten) = (Price::new(70_000).unwrap(), Qty::new(10).unwrap());
/// let mut book = Book::new();
/// let mut events = Vec::new();
/// book.submit(OrderId(1), Side::Sell, BookKind::Limit(price), ten, &mut events);
/// book.submit(OrderId(2), Side::Buy, BookKind::Market, ten, &mut events);
/// let trade = BookEvent::Trade { maker: OrderId(1), taker: OrderId(2), maker_side: Side::Sell, price, qty: ten };
/// assert_eq!(events.last(), Some(&trade));
/// assert_eq!(book.best_ask(), None);
/// ```
#[derive(Default, Debug)]
pub struct Book {
    queues: Queues,
    auction: bool,
    last: Option<Price>,
    band: Option<PriceBand>,
}

impl Book {
    /// An empty book in continuous trading.
    pub fn new() -> Self {
        Book::default()
    }

    /// Sets the price that stands for the last one before the first trade: the day's base price.
    pub fn set_reference(&mut self, price: Price) {
        self.last = Some(price);
    }

    /// Sets the day's limits: an auction that ends at one of them shares out by rounds instead of time.
    pub fn set_band(&mut self, band: Option<PriceBand>) {
        self.band = band;
    }

    /// Enters an order and matches it, unless an auction is on.
    pub fn submit(&mut self, id: OrderId, side: Side, kind: BookKind, qty: Qty, out: &mut Vec<BookEvent>) {
        if let Some(reason) = self.refusal(id, kind, qty) {
            out.push(BookEvent::Rejected { id, reason });
            return;
        }
        out.push(BookEvent::Accepted { id });
        let whole_or_nothing = matches!(kind, BookKind::LimitFok(_));
        let left = if self.auction || (whole_or_nothing && !self.can_fill(side, kind.rank(), qty)) {
            qty
        } else {
            self.sweep(id, side, kind.rank(), qty, out)
        };
        if left.is_zero() {
            return;
        }
        if kind.rests() {
            self.queues.push(id, side, kind.rank(), left);
        } else {
            out.push(BookEvent::Cancelled { id, qty: left });
        }
    }

    /// Takes a working order out and returns what had not traded; `None` when it is not working.
    pub fn cancel(&mut self, id: OrderId, out: &mut Vec<BookEvent>) -> Option<Qty> {
        let qty = self.queues.remove(id)?;
        out.push(BookEvent::Cancelled { id, qty });
        Some(qty)
    }

    /// Takes every working order out, oldest first: the end of a session part.
    pub fn cancel_all(&mut self, out: &mut Vec<BookEvent>) {
        for id in self.queues.oldest_first() {
            self.cancel(id, out);
        }
    }

    /// Makes a working order smaller; it keeps its place. False when it is not working or would not become smaller
    /// but stay above zero: a larger or a cancelled order is another order.
    pub fn reduce(&mut self, id: OrderId, new_qty: Qty) -> bool {
        !new_qty.is_zero() && self.queues.reduce(id, new_qty)
    }

    /// Shares of a working order that have not traded.
    pub fn remaining(&self, id: OrderId) -> Option<Qty> {
        self.queues.remaining(id)
    }

    /// Highest bid with its shares.
    pub fn best_bid(&self) -> Option<(Price, Qty)> {
        self.depth(Side::Buy, 1).next()
    }

    /// Lowest ask with its shares.
    pub fn best_ask(&self) -> Option<(Price, Qty)> {
        self.depth(Side::Sell, 1).next()
    }

    /// The best `levels` prices of a side with their shares, best first. Waiting market orders have no price.
    pub fn depth(&self, side: Side, levels: usize) -> impl Iterator<Item = (Price, Qty)> + '_ {
        self.queues.levels(side).take(levels)
    }

    /// Price of the last trade, else the reference price.
    pub fn last(&self) -> Option<Price> {
        self.last
    }

    /// Number of working orders.
    pub fn working(&self) -> usize {
        self.queues.len()
    }

    /// True while orders are only collected.
    pub fn in_auction(&self) -> bool {
        self.auction
    }

    /// Begins (`true`) or ends a call auction.
    ///
    /// # Panics
    /// When it is ended while bids and asks overlap: [`Book::uncross`] comes first.
    pub fn set_auction(&mut self, on: bool) {
        assert!(on || !self.is_crossed(), "invariant: a continuous book is not crossed");
        self.auction = on;
    }

    fn is_crossed(&self) -> bool {
        match (self.queues.best(Side::Buy), self.queues.best(Side::Sell)) {
            (Some(Rank::At(bid)), Some(Rank::At(ask))) => bid >= ask,
            (Some(_), Some(_)) => self.last.is_some(),
            (None, _) | (_, None) => false,
        }
    }

    fn refusal(&self, id: OrderId, kind: BookKind, qty: Qty) -> Option<BookRefusal> {
        if qty.is_zero() {
            Some(BookRefusal::NoShares)
        } else if self.queues.remaining(id).is_some() {
            Some(BookRefusal::DuplicateId)
        } else if self.auction && !kind.rests() {
            Some(BookRefusal::ImmediateInAuction)
        } else {
            None
        }
    }

    /// True when the other side has `qty` shares that an order of this rank may trade with.
    fn can_fill(&self, side: Side, rank: Rank, qty: Qty) -> bool {
        let other = side.opposite();
        let mut found = self.queues.waiting_at_market(other);
        for (price, at_level) in self.queues.levels(other) {
            if found >= qty || !rank.accepts(side, price) {
                break;
            }
            found += at_level;
        }
        found >= qty
    }

    /// Trades an incoming order against the other side; returns what is left of it.
    fn sweep(&mut self, id: OrderId, side: Side, rank: Rank, qty: Qty, out: &mut Vec<BookEvent>) -> Qty {
        let maker_side = side.opposite();
        let mut left = qty;
        while !left.is_zero() {
            let Some(maker) = self.queues.front(maker_side) else {
                break;
            };
            let Some(price) = self.trade_price(side, rank, maker.rank) else {
                break;
            };
            let traded = left.min(maker.qty);
            left -= traded;
            self.queues.take_front(maker_side, traded);
            self.last = Some(price);
            out.push(BookEvent::Trade { maker: maker.id, taker: id, maker_side, price, qty: traded });
        }
        left
    }

    /// The price at which an incoming order meets the first order of the other side, if it does.
    fn trade_price(&self, side: Side, rank: Rank, maker: Rank) -> Option<Price> {
        match (maker, rank) {
            (Rank::At(price), Rank::At(_) | Rank::Market) => rank.accepts(side, price).then_some(price),
            // A waiting market order stands ahead of its own side's limits, so it gets no better price than they offer.
            (Rank::Market, Rank::At(own)) => Some(match (side, self.queues.levels(side.opposite()).next()) {
                (Side::Sell, Some((best, _))) => own.max(best),
                (Side::Buy, Some((best, _))) => own.min(best),
                (Side::Sell | Side::Buy, None) => own,
            }),
            (Rank::Market, Rank::Market) => {
                self.queues.levels(side.opposite()).next().map(|(best, _)| best).or(self.last)
            }
        }
    }
}
