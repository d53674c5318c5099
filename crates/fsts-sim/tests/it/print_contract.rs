//! Over the same bars, prints and bars fill the same orders at the same prices.

use fsts_domain::{Bar, Side};
use fsts_krx::PriceBand;
use fsts_sim::{BarMatcher, PrintMatcher, SimFill, SimKind, SimOrder, locked_side, prints_of};
use proptest::prelude::*;

use crate::{bar, shares, won};

fn band() -> Option<PriceBand> {
    Some(PriceBand { lower: won(80), upper: won(120) })
}

fn any_bar() -> impl Strategy<Value = Bar> {
    let traded =
        (80..=120i64, 80..=120i64, 0..8i64, 0..8i64, 4..1_000i64).prop_map(|(open, close, up, down, volume)| {
            let (high, low) = ((open.max(close) + up).min(120), (open.min(close) - down).max(80));
            bar(open, high, low, close, volume)
        });
    let locked = prop_oneof![Just(80i64), Just(120)].prop_map(|price| bar(price, price, price, price, 7));
    let halted = (80..=120i64).prop_map(|price| bar(price, price, price, price, 0));
    // One share: one price. Two: open and close. Three: one more price between them in time.
    let thin = (80..=120i64, 80..=120i64, 80..=120i64, 1..=3i64).prop_map(|(a, b, c, volume)| match volume {
        1 => bar(a, a, a, a, 1),
        2 => bar(a, a.max(b), a.min(b), b, 2),
        _ => bar(a, a.max(b).max(c), a.min(b).min(c), c, 3),
    });
    prop_oneof![6 => traded, 1 => locked, 1 => halted, 2 => thin]
}

fn any_order() -> impl Strategy<Value = (Side, SimKind, i64)> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let kind = (0..4, 80..=120i64).prop_map(|(kind, level)| match kind {
        0 => SimKind::Market,
        1 => SimKind::Stop(won(level)),
        _ => SimKind::Limit(won(level)),
    });
    (side, kind, 1..100i64)
}

fn by_id(mut fills: Vec<SimFill>) -> Vec<SimFill> {
    fills.sort_by_key(|fill| fill.id);
    fills
}

proptest! {
    #[test]
    fn both_matchers_give_equal_fills(
        steps in proptest::collection::vec((any_bar(), proptest::collection::vec(any_order(), 0..3), any::<u8>()), 1..40),
    ) {
        let (mut bars, mut prints) = (BarMatcher::new(1), PrintMatcher::new(1));
        let mut id = 0;
        for (bar, orders, cancel) in steps {
            for (side, kind, qty) in orders {
                id += 1;
                let order = SimOrder { id, symbol: 0, side, kind, qty: shares(qty) };
                bars.submit(order);
                prints.submit(order);
            }
            let cancelled = u64::from(cancel);
            prop_assert_eq!(bars.cancel(cancelled), prints.cancel(cancelled));
            let (mut from_bar, mut from_prints) = (Vec::new(), Vec::new());
            bars.on_bar(0, &bar, band(), &mut from_bar);
            prints.set_locked(0, locked_side(&bar, band()));
            for (index, print) in prints_of(&bar).iter().enumerate().filter(|(_, print)| !print.qty.is_zero()) {
                prints.on_print(0, print.price, None, index == 0, &mut from_prints);
            }
            prop_assert_eq!(by_id(from_bar), by_id(from_prints), "{:?}", bar);
            prop_assert_eq!(bars.open_orders(0), prints.open_orders(0));
        }
    }

    #[test]
    fn prints_rebuild_their_bar(bar in any_bar()) {
        let prints: Vec<_> = prints_of(&bar).into_iter().filter(|print| !print.qty.is_zero()).collect();
        prop_assert_eq!(prints.iter().map(|print| print.qty.get()).sum::<i64>(), bar.volume);
        if bar.volume > 0 {
            let rebuilt = Bar {
                open: prints[0].price,
                high: prints.iter().map(|print| print.price).max().unwrap(),
                low: prints.iter().map(|print| print.price).min().unwrap(),
                close: prints[prints.len() - 1].price,
                volume: bar.volume,
            };
            prop_assert_eq!(rebuilt, bar);
        }
    }
}

#[test]
fn an_order_inside_a_bar_fills_at_the_print_it_first_sees_then_at_its_level() {
    let mut matcher = PrintMatcher::new(1);
    let mut fills = Vec::new();
    let order = |id, side, kind, qty| SimOrder { id, symbol: 0, side, kind, qty: shares(qty) };
    matcher.on_print(0, won(100), None, true, &mut fills);
    matcher.submit(order(1, Side::Buy, SimKind::Limit(won(105)), 5));
    matcher.submit(order(2, Side::Buy, SimKind::Limit(won(98)), 5));
    matcher.on_print(0, won(101), None, false, &mut fills);
    matcher.on_print(0, won(97), None, false, &mut fills);
    let prices: Vec<_> = fills.iter().map(|fill| (fill.id, fill.price.get())).collect();
    assert_eq!(prices, [(1, 101), (2, 98)]);
}

#[test]
fn a_print_is_shared_among_orders_in_order_of_submission() {
    let mut matcher = PrintMatcher::new(1);
    let mut fills = Vec::new();
    for id in 1..=3 {
        matcher.submit(SimOrder { id, symbol: 0, side: Side::Buy, kind: SimKind::Market, qty: shares(6) });
    }
    matcher.on_print(0, won(100), Some(shares(8)), true, &mut fills);
    let given: Vec<_> = fills.iter().map(|fill| (fill.id, fill.qty.get(), fill.closes)).collect();
    assert_eq!(given, [(1, 6, true), (2, 2, false)]);
    assert_eq!(
        (matcher.remaining(1), matcher.remaining(2), matcher.remaining(3)),
        (None, Some(shares(4)), Some(shares(6)))
    );
}
