//! Continuous trading, by hand and against a book so simple that it is plainly right.

use fsts_domain::{Price, Qty, Side};
use fsts_sim::{Book, BookEvent, BookKind, BookRefusal, OrderId};
use proptest::prelude::*;

use crate::{shares, won};

fn enter(book: &mut Book, id: u64, side: Side, kind: BookKind, qty: i64) -> Vec<BookEvent> {
    let mut events = Vec::new();
    book.submit(OrderId(id), side, kind, shares(qty), &mut events);
    events
}

/// Maker, price and shares of the trades.
fn trades(events: &[BookEvent]) -> Vec<(u64, i64, i64)> {
    let trade = |event: &BookEvent| match event {
        BookEvent::Trade { maker, price, qty, .. } => Some((maker.0, price.get(), qty.get())),
        BookEvent::Accepted { .. } | BookEvent::Cancelled { .. } | BookEvent::Rejected { .. } => None,
    };
    events.iter().filter_map(trade).collect()
}

#[test]
fn better_prices_trade_first_and_earlier_orders_of_one_price_before_later_ones() {
    let mut book = Book::new();
    for (id, price) in [(1, 101), (2, 100), (3, 100), (4, 102)] {
        enter(&mut book, id, Side::Sell, BookKind::Limit(won(price)), 10);
    }
    let swept = enter(&mut book, 9, Side::Buy, BookKind::Limit(won(101)), 35);
    assert_eq!(trades(&swept), [(2, 100, 10), (3, 100, 10), (1, 101, 10)]);
    assert_eq!(book.best_bid(), Some((won(101), shares(5))), "the rest works on");
    assert_eq!(book.best_ask(), Some((won(102), shares(10))));
    assert_eq!(book.last(), Some(won(101)));
}

#[test]
fn a_market_order_sweeps_all_prices_and_its_rest_waits_ahead_of_every_limit() {
    let mut book = Book::new();
    enter(&mut book, 1, Side::Sell, BookKind::Limit(won(100)), 10);
    enter(&mut book, 2, Side::Sell, BookKind::Limit(won(150)), 10);
    let swept = enter(&mut book, 3, Side::Buy, BookKind::Market, 25);
    assert_eq!(trades(&swept), [(1, 100, 10), (2, 150, 10)]);
    enter(&mut book, 4, Side::Buy, BookKind::Limit(won(160)), 1);
    let sold = enter(&mut book, 5, Side::Sell, BookKind::Limit(won(90)), 6);
    assert_eq!(trades(&sold), [(3, 160, 5), (4, 160, 1)], "at no worse price than the limit behind it offers");
}

#[test]
fn immediate_orders_never_wait() {
    let mut book = Book::new();
    enter(&mut book, 1, Side::Sell, BookKind::Limit(won(100)), 10);
    let cancelled = |id, qty| Some(BookEvent::Cancelled { id: OrderId(id), qty: shares(qty) });
    let all_or_none = enter(&mut book, 2, Side::Buy, BookKind::LimitFok(won(100)), 11);
    assert_eq!((trades(&all_or_none), all_or_none.last().copied()), (vec![], cancelled(2, 11)));
    let ioc = enter(&mut book, 3, Side::Buy, BookKind::LimitIoc(won(99)), 5);
    assert_eq!((trades(&ioc), ioc.last().copied()), (vec![], cancelled(3, 5)));
    let whole = enter(&mut book, 4, Side::Buy, BookKind::LimitFok(won(100)), 4);
    assert_eq!(trades(&whole), [(1, 100, 4)]);
    let market = enter(&mut book, 5, Side::Buy, BookKind::MarketIoc, 9);
    assert_eq!((trades(&market), market.last().copied()), (vec![(1, 100, 6)], cancelled(5, 3)));
    assert_eq!(book.working(), 0);
}

#[test]
fn a_smaller_order_keeps_its_place_and_a_larger_one_is_refused() {
    let mut book = Book::new();
    enter(&mut book, 1, Side::Buy, BookKind::Limit(won(100)), 10);
    enter(&mut book, 2, Side::Buy, BookKind::Limit(won(100)), 10);
    assert!(book.reduce(OrderId(1), shares(4)));
    assert!(!book.reduce(OrderId(1), shares(5)) && !book.reduce(OrderId(1), shares(0)));
    assert!(!book.reduce(OrderId(7), shares(1)));
    let sold = enter(&mut book, 3, Side::Sell, BookKind::Market, 6);
    assert_eq!(trades(&sold), [(1, 100, 4), (2, 100, 2)]);
}

#[test]
fn empty_repeated_and_misplaced_orders_are_rejected_with_the_reason() {
    let mut book = Book::new();
    enter(&mut book, 1, Side::Buy, BookKind::Limit(won(100)), 10);
    let rejected = |id, reason| vec![BookEvent::Rejected { id: OrderId(id), reason }];
    let price = BookKind::Limit(won(100));
    assert_eq!(enter(&mut book, 1, Side::Buy, price, 1), rejected(1, BookRefusal::DuplicateId));
    assert_eq!(enter(&mut book, 2, Side::Buy, price, 0), rejected(2, BookRefusal::NoShares));
    book.set_auction(true);
    assert_eq!(enter(&mut book, 3, Side::Buy, BookKind::MarketIoc, 1), rejected(3, BookRefusal::ImmediateInAuction));
    assert_eq!(book.working(), 1);
}

/// A list of orders in order of arrival; the best counterpart is looked for anew for every share.
#[derive(Default)]
struct PlainBook {
    orders: Vec<(u64, Side, Option<Price>, Qty)>,
    trades: Vec<(u64, u64, i64)>,
}

impl PlainBook {
    fn best(&self, side: Side, limit: Option<Price>) -> Option<usize> {
        let crosses =
            |price: Price| limit.is_none_or(|limit| if side == Side::Buy { price >= limit } else { price <= limit });
        let candidates = self.orders.iter().enumerate();
        let candidates = candidates.filter(|(_, o)| o.1 == side && o.2.is_some_and(crosses));
        // The first of the best price: `min_by_key` keeps the earliest of equals.
        let key = |price: Option<Price>| price.map_or(0, |p| if side == Side::Buy { -p.get() } else { p.get() });
        candidates.min_by_key(|(_, o)| key(o.2)).map(|(index, _)| index)
    }

    fn submit(&mut self, id: u64, side: Side, kind: BookKind, qty: Qty) {
        let (limit, rests, whole) = match kind {
            BookKind::Limit(price) => (Some(price), true, false),
            BookKind::LimitIoc(price) => (Some(price), false, false),
            BookKind::LimitFok(price) => (Some(price), false, true),
            BookKind::Market | BookKind::MarketIoc => (None, false, false),
        };
        let before = (self.orders.clone(), self.trades.len());
        let mut left = qty;
        while let Some(index) = self.best(side.opposite(), limit).filter(|_| !left.is_zero()) {
            let maker = &mut self.orders[index];
            let traded = left.min(maker.3);
            maker.3 -= traded;
            left -= traded;
            self.trades.push((maker.0, id, traded.get()));
            self.orders.retain(|order| !order.3.is_zero());
        }
        if whole && !left.is_zero() {
            self.orders = before.0;
            self.trades.truncate(before.1);
        } else if rests && !left.is_zero() {
            self.orders.push((id, side, limit, left));
        }
    }
}

fn any_kind() -> impl Strategy<Value = BookKind> {
    (0..8, 95..105i64).prop_map(|(kind, price)| match kind {
        0 => BookKind::MarketIoc,
        1 => BookKind::LimitIoc(won(price)),
        2 => BookKind::LimitFok(won(price)),
        _ => BookKind::Limit(won(price)),
    })
}

#[derive(Debug, Clone)]
enum Step {
    Submit(Side, BookKind, i64),
    Cancel(u64),
    Reduce(u64, i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        6 => (side, any_kind(), 1..40i64).prop_map(|(side, kind, qty)| Step::Submit(side, kind, qty)),
        1 => (1..60u64).prop_map(Step::Cancel),
        1 => (1..60u64, 1..30i64).prop_map(|(id, qty)| Step::Reduce(id, qty)),
    ]
}

proptest! {
    #[test]
    fn the_book_trades_as_the_plain_book_does_and_loses_no_share(steps in proptest::collection::vec(any_step(), 1..60)) {
        let (mut book, mut plain) = (Book::new(), PlainBook::default());
        let mut events = Vec::new();
        let (mut submitted, mut reduced) = (0, 0);
        for (id, step) in (1u64..).zip(steps) {
            match step {
                Step::Submit(side, kind, qty) => {
                    submitted += qty;
                    book.submit(OrderId(id), side, kind, shares(qty), &mut events);
                    plain.submit(id, side, kind, shares(qty));
                }
                Step::Cancel(id) => {
                    let known = plain.orders.iter().find(|order| order.0 == id).map(|order| order.3);
                    prop_assert_eq!(book.cancel(OrderId(id), &mut events), known);
                    plain.orders.retain(|order| order.0 != id);
                }
                Step::Reduce(id, qty) => {
                    let known = plain.orders.iter_mut().find(|order| order.0 == id && order.3 > shares(qty));
                    prop_assert_eq!(book.reduce(OrderId(id), shares(qty)), known.is_some());
                    if let Some(order) = known {
                        reduced += order.3.get() - qty;
                        order.3 = shares(qty);
                    }
                }
            }
            if let (Some((bid, _)), Some((ask, _))) = (book.best_bid(), book.best_ask()) {
                prop_assert!(bid < ask, "crossed at {bid} and {ask}");
            }
        }
        let (mut done, mut traded, mut cancelled) = (Vec::new(), 0, 0);
        for event in &events {
            match event {
                BookEvent::Trade { maker, taker, qty, .. } => {
                    done.push((maker.0, taker.0, qty.get()));
                    traded += qty.get();
                }
                BookEvent::Cancelled { qty, .. } => cancelled += qty.get(),
                BookEvent::Accepted { .. } => {}
                BookEvent::Rejected { .. } => prop_assert!(false, "nothing here is refused"),
            }
        }
        prop_assert_eq!(&done, &plain.trades);
        let depth = |side| book.depth(side, usize::MAX).map(|(_, qty)| qty.get()).sum::<i64>();
        prop_assert_eq!(2 * traded + cancelled + reduced + depth(Side::Buy) + depth(Side::Sell), submitted);
        for order in &plain.orders {
            prop_assert_eq!(book.remaining(OrderId(order.0)), Some(order.3));
        }
        prop_assert_eq!(book.working(), plain.orders.len());
        let mut rest = Vec::new();
        book.cancel_all(&mut rest);
        let arrival: Vec<_> = plain.orders.iter().map(|o| BookEvent::Cancelled { id: OrderId(o.0), qty: o.3 }).collect();
        prop_assert_eq!(rest, arrival, "oldest first");
    }
}
