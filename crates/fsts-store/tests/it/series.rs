//! Equity points and bars.

use fsts_domain::*;
use fsts_store::*;

use crate::place::{Place, STREAM};

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    the_last_equity_points_come_oldest_first
    the_last_bars_come_oldest_first_and_are_replaced_by_start
}

async fn the_last_equity_points_come_oldest_first(place: Place) {
    let store = place.store().await;
    for (second, equity) in [(2, 20), (1, 10), (3, 30), (3, 33)] {
        store.put_equity(STREAM, AT.plus_s(second), Won::new(equity)).await.unwrap();
    }
    store.put_equity("other", AT, Won::new(7)).await.unwrap();
    let points = store.equity(STREAM, 2).await.unwrap();
    assert_eq!(points, [(AT.plus_s(2), Won::new(20)), (AT.plus_s(3), Won::new(33))]);
}

async fn the_last_bars_come_oldest_first_and_are_replaced_by_start(place: Place) {
    let store = place.store().await;
    let price = |won| Price::new(won).unwrap();
    let row = |minute: i64, close: i64| {
        let bar = Bar { open: price(100), high: price(close.max(100)), low: price(90), close: price(close), volume: 5 };
        BarRow { symbol: "005930".parse().unwrap(), start: AT.plus_s(minute * 60), bar }
    };
    store.put_bars("1m", &[row(1, 101), row(2, 102), row(3, 103)]).await.unwrap();
    store.put_bars("1m", &[row(3, 133)]).await.unwrap();
    store.put_bars("1d", &[row(3, 999)]).await.unwrap();
    assert_eq!(store.bars("005930".parse().unwrap(), "1m", 2).await.unwrap(), [row(2, 102), row(3, 133)]);
    assert!(store.bars("000660".parse().unwrap(), "1m", 2).await.unwrap().is_empty());
}
