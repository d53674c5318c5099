//! Call auctions: the price, and who gets how much.

use std::collections::BTreeMap;

use fsts_domain::Side;
use fsts_krx::PriceBand;
use fsts_sim::{Book, BookEvent, BookKind, OrderId};
use proptest::prelude::*;

use crate::{shares, won};

/// Side, limit (0: market), shares; ids count from 1.
type Entry = (Side, i64, i64);

fn collected(entries: &[Entry]) -> Book {
    let mut book = Book::new();
    book.set_reference(won(100));
    book.set_auction(true);
    let mut events = Vec::new();
    for (id, (side, limit, qty)) in (1u64..).zip(entries) {
        let kind = if *limit == 0 { BookKind::Market } else { BookKind::Limit(won(*limit)) };
        book.submit(OrderId(id), *side, kind, shares(*qty), &mut events);
    }
    assert!(events.iter().all(|event| matches!(event, BookEvent::Accepted { .. })), "nothing trades before the end");
    book
}

/// Shares each order got.
fn given(events: &[BookEvent]) -> BTreeMap<u64, i64> {
    let mut given = BTreeMap::new();
    for event in events {
        if let BookEvent::Trade { maker, taker, qty, .. } = event {
            *given.entry(maker.0).or_default() += qty.get();
            *given.entry(taker.0).or_default() += qty.get();
        }
    }
    given
}

#[test]
fn an_auction_trades_the_most_shares_at_one_price_by_price_and_then_time() {
    use Side::{Buy, Sell};
    let entries =
        [(Buy, 100, 10), (Sell, 98, 12), (Buy, 101, 5), (Sell, 0, 3), (Buy, 100, 10), (Sell, 101, 50), (Buy, 97, 99)];
    let mut book = collected(&entries);
    // At 98 to 100: 25 wanted, 15 offered. At 101: 5 wanted, 65 offered. 100 is nearest to the last price.
    assert_eq!(book.indicative(), Some((won(100), shares(15))));
    let mut events = Vec::new();
    assert_eq!(book.uncross(&mut events), Some((won(100), shares(15))));
    assert_eq!(given(&events), BTreeMap::from([(3, 5), (1, 10), (4, 3), (2, 12)]));
    let one_price = |event: &BookEvent| matches!(event, BookEvent::Trade { price, .. } if *price == won(100));
    assert!(events.iter().all(one_price));
    book.set_auction(false);
    assert_eq!(book.best_bid(), Some((won(100), shares(10))));
    assert_eq!(book.best_ask(), Some((won(101), shares(50))));
}

#[test]
fn market_orders_alone_trade_at_the_last_price_and_one_side_alone_not_at_all() {
    let mut events = Vec::new();
    let mut both = collected(&[(Side::Buy, 0, 5), (Side::Sell, 0, 3)]);
    assert_eq!(both.uncross(&mut events), Some((won(100), shares(3))));
    both.set_auction(false);
    let mut one = collected(&[(Side::Buy, 0, 5), (Side::Buy, 100, 5)]);
    assert_eq!((one.indicative(), one.uncross(&mut events)), (None, None));
    assert_eq!(events.len(), 1);
}

#[test]
fn buyers_at_the_upper_limit_share_in_three_rounds_instead_of_by_time() {
    let mut book =
        collected(&[(Side::Buy, 130, 1_000), (Side::Buy, 130, 50), (Side::Buy, 130, 300), (Side::Sell, 130, 700)]);
    book.set_band(Some(PriceBand { lower: won(70), upper: won(130) }));
    let mut events = Vec::new();
    assert_eq!(book.uncross(&mut events), Some((won(130), shares(700))));
    // 100 + 50 + 100 first; of the 450 left, half of 900 is all.
    assert_eq!(given(&events), BTreeMap::from([(1, 550), (2, 50), (3, 100), (4, 700)]));
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let limit = prop_oneof![1 => Just(0i64), 6 => 90..110i64];
    (prop_oneof![Just(Side::Buy), Just(Side::Sell)], limit, 1..200i64)
}

/// Shares that would trade at a price, counted order by order.
fn volume_at(entries: &[Entry], price: i64) -> i64 {
    let wants = |side: Side| {
        let willing = |entry: &&Entry| {
            entry.0 == side && (entry.1 == 0 || if side == Side::Buy { entry.1 >= price } else { entry.1 <= price })
        };
        entries.iter().filter(willing).map(|entry| entry.2).sum::<i64>()
    };
    wants(Side::Buy).min(wants(Side::Sell))
}

proptest! {
    #[test]
    fn no_other_price_trades_more_and_nobody_is_passed_over(entries in proptest::collection::vec(any_entry(), 1..40)) {
        let mut book = collected(&entries);
        let most = (90..110).map(|price| volume_at(&entries, price)).max().unwrap();
        let mut events = Vec::new();
        let Some((price, total)) = book.uncross(&mut events) else {
            prop_assert_eq!(most, 0);
            return Ok(());
        };
        prop_assert_eq!((volume_at(&entries, price.get()), total.get()), (most, most));
        let given = given(&events);
        let of_side = |side: Side| (1u64..).zip(&entries).filter(move |(_, entry)| entry.0 == side);
        for side in [Side::Buy, Side::Sell] {
            let mut got: Vec<_> = of_side(side).map(|(id, e)| (rank(e), given.get(&id).copied().unwrap_or(0), e.2)).collect();
            prop_assert_eq!(got.iter().map(|order| order.1).sum::<i64>(), most);
            // In priority order: all of it, all of it, …, a part, nothing, nothing. (A stable sort keeps the time.)
            got.sort_by_key(|order| order.0);
            let first_short = got.iter().position(|order| order.1 < order.2).unwrap_or(got.len());
            prop_assert!(got.iter().skip(first_short + 1).all(|order| order.1 == 0), "{:?}", got);
        }
        for (id, entry) in (1u64..).zip(&entries) {
            let willing = entry.1 == 0 || if entry.0 == Side::Buy { entry.1 >= price.get() } else { entry.1 <= price.get() };
            prop_assert!(willing || !given.contains_key(&id), "order {id} traded beyond its limit");
            let left = book.remaining(OrderId(id)).map_or(0, |qty| qty.get());
            prop_assert_eq!(left + given.get(&id).copied().unwrap_or(0), entry.2);
        }
        book.set_auction(false);
    }
}

/// Lower trades first.
fn rank(entry: &Entry) -> i64 {
    match entry {
        (_, 0, _) => i64::MIN,
        (Side::Buy, limit, _) => -limit,
        (Side::Sell, limit, _) => *limit,
    }
}
