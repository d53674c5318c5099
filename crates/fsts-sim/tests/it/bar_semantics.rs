//! What a bar fills, at what price, and in which order.

use fsts_domain::{Bar, Side};
use fsts_krx::PriceBand;
use fsts_sim::{BarMatcher, EntryFill, SimFill, SimKind, SimOrder};

use crate::{bar, shares, won};

fn order(id: u64, side: Side, kind: SimKind, qty: i64) -> SimOrder {
    SimOrder { id, symbol: 0, side, kind, qty: shares(qty) }
}

fn run(matcher: &mut BarMatcher, bar: &Bar, band: Option<PriceBand>) -> Vec<(u64, i64, i64, bool)> {
    let mut fills = Vec::new();
    matcher.on_bar(0, bar, band, &mut fills);
    short(&fills)
}

fn short(fills: &[SimFill]) -> Vec<(u64, i64, i64, bool)> {
    fills.iter().map(|fill| (fill.id, fill.qty.get(), fill.price.get(), fill.closes)).collect()
}

#[test]
fn each_kind_fills_at_the_open_after_a_gap_else_at_its_level_else_not() {
    use Side::{Buy, Sell};
    use SimKind::{Limit, Market, Stop, Target};
    // Open 100, high 110, low 90, close 105.
    let cases = [
        (Buy, Market, Some(100)),
        (Sell, Market, Some(100)),
        (Buy, Limit(won(100)), Some(100)),
        (Buy, Limit(won(101)), Some(100)),
        (Buy, Limit(won(95)), Some(95)),
        (Buy, Limit(won(90)), Some(90)),
        (Buy, Limit(won(89)), None),
        (Sell, Limit(won(99)), Some(100)),
        (Sell, Limit(won(110)), Some(110)),
        (Sell, Limit(won(111)), None),
        (Sell, Stop(won(102)), Some(100)),
        (Sell, Stop(won(100)), Some(100)),
        (Sell, Stop(won(95)), Some(95)),
        (Sell, Stop(won(89)), None),
        (Sell, Target(won(98)), Some(100)),
        (Sell, Target(won(107)), Some(107)),
        (Sell, Target(won(111)), None),
        (Buy, Stop(won(107)), Some(107)),
        (Buy, Target(won(93)), Some(93)),
    ];
    for (side, kind, price) in cases {
        let mut matcher = BarMatcher::new(1);
        matcher.submit(order(1, side, kind, 10));
        let fills = run(&mut matcher, &bar(100, 110, 90, 105, 1_000), None);
        let expected: Vec<_> = price.into_iter().map(|price| (1, 10, price, true)).collect();
        assert_eq!(fills, expected, "{side:?} {kind:?}");
        assert_eq!(matcher.open_orders(0), usize::from(price.is_none()));
    }
}

#[test]
fn of_a_linked_stop_and_target_in_one_bar_the_stop_wins_in_either_order_of_submission() {
    for target_first in [false, true] {
        let mut matcher = BarMatcher::new(1);
        let stop = order(1, Side::Sell, SimKind::Stop(won(95)), 10);
        let target = order(2, Side::Sell, SimKind::Target(won(105)), 10);
        let (first, second) = if target_first { (target, stop) } else { (stop, target) };
        matcher.submit(first);
        matcher.submit(second);
        assert!(matcher.link(1, 2));
        assert_eq!(run(&mut matcher, &bar(100, 104, 96, 100, 50), None), []);
        assert_eq!(run(&mut matcher, &bar(100, 110, 90, 100, 50), None), [(1, 10, 95, true)]);
        assert_eq!(matcher.open_orders(0), 0, "the target is gone with the stop");
    }
}

#[test]
fn what_one_of_two_linked_orders_fills_the_other_loses() {
    let mut matcher = BarMatcher::new(1).with_volume_share(1_000);
    matcher.submit(order(1, Side::Sell, SimKind::Stop(won(95)), 10));
    matcher.submit(order(2, Side::Sell, SimKind::Target(won(105)), 10));
    assert!(matcher.link(1, 2));
    assert_eq!(run(&mut matcher, &bar(100, 106, 99, 104, 40), None), [(2, 4, 105, false)]);
    assert_eq!(matcher.remaining(1), Some(shares(6)));
    // The stop is met, its rest is a market order: it goes on at the next open, wherever that is.
    assert_eq!(run(&mut matcher, &bar(100, 106, 94, 104, 50), None), [(1, 5, 95, false)]);
    assert_eq!(run(&mut matcher, &bar(120, 130, 119, 125, 50), None), [(1, 1, 120, true)]);
    assert_eq!(matcher.open_orders(0), 0);
}

#[test]
fn a_stop_is_watched_from_the_entry_bar_on_without_a_gap_rule() {
    let entry_bar = bar(100, 105, 94, 101, 1_000);
    for (stop, target, entry, expected) in [
        (95, 110, EntryFill::AtOpen, vec![(2, 10, 95, true)]),
        (93, 104, EntryFill::AtOpen, vec![(3, 10, 104, true)]),
        (95, 104, EntryFill::AtOpen, vec![(2, 10, 95, true)]),
        (93, 106, EntryFill::AtOpen, vec![]),
        // Filled inside the bar: its high may have been before the entry, only the close surely was not.
        (93, 104, EntryFill::Inside, vec![]),
        (93, 101, EntryFill::Inside, vec![(3, 10, 101, true)]),
        (95, 101, EntryFill::Inside, vec![(2, 10, 95, true)]),
    ] {
        let mut matcher = BarMatcher::new(1);
        matcher.submit(order(1, Side::Buy, SimKind::Market, 10));
        assert_eq!(run(&mut matcher, &entry_bar, None), [(1, 10, 100, true)]);
        matcher.submit(order(2, Side::Sell, SimKind::Stop(won(stop)), 10));
        matcher.submit(order(3, Side::Sell, SimKind::Target(won(target)), 10));
        matcher.submit(order(4, Side::Buy, SimKind::Market, 10));
        assert!(matcher.link(2, 3));
        let mut fills = Vec::new();
        matcher.recheck(0, &entry_bar, None, entry, &mut fills);
        assert_eq!(short(&fills), expected, "stop {stop}, target {target}, {entry:?}: the market order waits");
    }
}

#[test]
fn a_locked_limit_fills_only_the_other_side_and_a_stop_met_there_sells_at_the_next_open() {
    let band = Some(PriceBand { lower: won(70), upper: won(130) });
    let mut matcher = BarMatcher::new(1);
    matcher.submit(order(1, Side::Buy, SimKind::Market, 1));
    matcher.submit(order(2, Side::Sell, SimKind::Market, 1));
    assert_eq!(run(&mut matcher, &bar(130, 130, 130, 130, 9), band), [(2, 1, 130, true)]);
    assert_eq!(run(&mut matcher, &bar(130, 130, 129, 130, 9), band), [(1, 1, 130, true)], "not locked");
    matcher.submit(order(3, Side::Sell, SimKind::Stop(won(95)), 1));
    matcher.submit(order(4, Side::Buy, SimKind::Limit(won(71)), 1));
    assert_eq!(run(&mut matcher, &bar(70, 70, 70, 70, 9), band), [(4, 1, 70, true)]);
    assert_eq!(run(&mut matcher, &bar(99, 100, 98, 99, 9), band), [(3, 1, 99, true)]);
}

#[test]
fn a_bar_without_volume_fills_nothing_and_keeps_the_orders() {
    let mut matcher = BarMatcher::new(1);
    matcher.submit(order(1, Side::Buy, SimKind::Market, 1));
    assert_eq!(run(&mut matcher, &bar(100, 100, 100, 100, 0), None), []);
    assert_eq!(run(&mut matcher, &bar(101, 101, 101, 101, 1), None), [(1, 1, 101, true)]);
}

#[test]
fn the_share_of_the_volume_is_one_budget_for_all_orders_of_a_bar_in_order_of_submission() {
    let mut matcher = BarMatcher::new(1).with_volume_share(1_000);
    for id in 1..=3 {
        matcher.submit(order(id, Side::Buy, SimKind::Market, 6));
    }
    let entry_bar = bar(100, 110, 90, 100, 100);
    assert_eq!(run(&mut matcher, &entry_bar, None), [(1, 6, 100, true), (2, 4, 100, false)]);
    matcher.submit(order(9, Side::Sell, SimKind::Stop(won(95)), 6));
    let mut fills = Vec::new();
    matcher.recheck(0, &entry_bar, None, EntryFill::AtOpen, &mut fills);
    assert_eq!(fills, [], "the bar's budget is spent");
    let next = bar(105, 106, 104, 105, 1_000);
    assert_eq!(run(&mut matcher, &next, None), [(2, 2, 105, true), (3, 6, 105, true), (9, 6, 105, true)]);
}

#[test]
fn orders_of_other_symbols_are_left_alone_and_cancelled_or_expired_ones_do_not_fill() {
    let mut matcher = BarMatcher::new(0);
    for (id, symbol) in [(1, 0), (2, 0), (3, 5), (4, 0)] {
        matcher.submit(SimOrder { symbol, ..order(id, Side::Buy, SimKind::Market, 1) });
    }
    assert!(matcher.cancel(2) && !matcher.cancel(2) && !matcher.cancel(77));
    assert!(!matcher.link(1, 3), "not one symbol");
    let mut expired = Vec::new();
    matcher.expire_all(0, &mut expired);
    assert_eq!(expired, [1, 4]);
    assert_eq!(run(&mut matcher, &bar(100, 100, 100, 100, 9), None), []);
    assert_eq!((matcher.open_orders(0), matcher.open_orders(5), matcher.open_orders(99)), (0, 1, 0));
}

#[test]
#[should_panic(expected = "invariant: order 1 is not open twice")]
fn an_id_cannot_be_open_twice() {
    let mut matcher = BarMatcher::new(1);
    matcher.submit(order(1, Side::Buy, SimKind::Market, 1));
    matcher.submit(order(1, Side::Sell, SimKind::Market, 1));
}
