//! Cost of an order in the book and of a bar in the bar matcher.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fsts_domain::{Bar, Price, Qty, Side};
use fsts_sim::{BarMatcher, Book, BookKind, OrderId, SimKind, SimOrder, Stream};

fn won(price: i64) -> Price {
    Price::new(price).expect("invariant: bench prices are positive")
}

fn qty(shares: i64) -> Qty {
    Qty::new(shares).expect("invariant: bench quantities are positive")
}

/// A mixed stream: limits around a wandering mid price, one market order in five, one cancel in five.
fn book(criterion: &mut Criterion) {
    const ORDERS: u64 = 100_000;
    let mut group = criterion.benchmark_group("book");
    group.throughput(Throughput::Elements(ORDERS));
    group.bench_function("mixed_orders", |bencher| {
        bencher.iter(|| {
            let mut book = Book::new();
            let mut dice = Stream::new(1, "bench", 0);
            let mut events = Vec::with_capacity(64);
            let mut mid = 10_000;
            for id in 0..ORDERS {
                events.clear();
                mid = (mid + dice.between(-1, 1)).clamp(9_000, 11_000);
                let side = if dice.chance(500) { Side::Buy } else { Side::Sell };
                match dice.below(5) {
                    0 => book.submit(OrderId(id), side, BookKind::MarketIoc, qty(dice.between(1, 100)), &mut events),
                    1 => {
                        book.cancel(OrderId(id.saturating_sub(dice.below(1_000))), &mut events);
                    }
                    _ => {
                        let away = dice.between(-2, 20);
                        let price = if side == Side::Buy { mid - away } else { mid + away };
                        let kind = BookKind::Limit(won(price));
                        book.submit(OrderId(id), side, kind, qty(dice.between(1, 100)), &mut events);
                    }
                }
                black_box(&events);
            }
            book.working()
        });
    });
    group.finish();
}

fn bars() -> Vec<Bar> {
    let mut dice = Stream::new(2, "bench", 0);
    let mut close = 10_000;
    let mut next = || {
        let open = close;
        close = (close + dice.between(-50, 50)).clamp(5_000, 20_000);
        let (high, low) = (open.max(close) + dice.between(0, 20), open.min(close) - dice.between(0, 20));
        Bar { open: won(open), high: won(high), low: won(low), close: won(close), volume: 1_000 }
    };
    (0..10_000).map(|_| next()).collect()
}

fn bar_matcher(criterion: &mut Criterion) {
    let bars = bars();
    let mut group = criterion.benchmark_group("bar_matcher");
    group.throughput(Throughput::Elements(bars.len() as u64));
    let far = [(0, vec![]), (2, vec![SimKind::Stop(won(1)), SimKind::Target(won(1_000_000))])];
    for (open, kinds) in far {
        group.bench_function(format!("{open}_open_orders"), |bencher| {
            let mut matcher = BarMatcher::new(1);
            for (id, kind) in (0..).zip(&kinds) {
                matcher.submit(SimOrder { id, symbol: 0, side: Side::Sell, kind: *kind, qty: qty(10) });
            }
            matcher.link(0, 1);
            let mut fills = Vec::with_capacity(4);
            bencher.iter(|| {
                for bar in &bars {
                    matcher.on_bar(0, black_box(bar), None, &mut fills);
                }
                fills.len()
            });
        });
    }
    group.bench_function("a_market_order_every_bar", |bencher| {
        let mut matcher = BarMatcher::new(1);
        let mut fills = Vec::with_capacity(4);
        let mut id = 0;
        bencher.iter(|| {
            for bar in &bars {
                id += 1;
                fills.clear();
                matcher.submit(SimOrder { id, symbol: 0, side: Side::Buy, kind: SimKind::Market, qty: qty(10) });
                matcher.on_bar(0, black_box(bar), None, &mut fills);
            }
            fills.len()
        });
    });
    group.finish();
}

criterion_group!(benches, book, bar_matcher);
criterion_main!(benches);
