//! The broker's own examples, where they are at hand.

use std::path::PathBuf;

use fsts_domain::{TradingDay, Won};
use fsts_kis::decode::{Frame, FrameError, each_book, each_notice, each_trade};
use fsts_kis::{BarPrices, Days, OrderFilter};

use crate::account::{Client, today};
use crate::stub::{Reply, Stub};

fn data(path: &str) -> Option<PathBuf> {
    match std::env::var_os("FSTS_TEST_DATA") {
        Some(root) => Some(PathBuf::from(root).join("kis").join(path)),
        None => {
            println!("skipped: FSTS_TEST_DATA not set");
            None
        }
    }
}

/// A client of a stub that answers with the broker's example.
async fn client_of(example: &str) -> Option<(Client, Stub)> {
    let text = std::fs::read_to_string(data(&format!("rest_examples/{example}.json"))?).unwrap();
    let example: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut response = example["response"].clone();
    // Examples that were cut on their way to us lack the result code.
    response.as_object_mut().unwrap().entry("rt_cd").or_insert("0".into());
    let stub = Stub::start(move |_, _| Reply::ok(response.to_string())).await;
    Some((Client::of(&stub.url), stub))
}

#[tokio::test]
async fn the_brokers_example_orders_are_read() {
    let Some((client, _stub)) = client_of("inquire-daily-ccld").await else {
        return;
    };
    let orders = client.kis.daily_orders(today(), OrderFilter::default()).await.unwrap();
    let refused: Vec<i64> = orders.rows().iter().map(|order| order.refused_qty.get()).collect();
    assert_eq!(refused, [10, 10]);
}

#[tokio::test]
async fn the_brokers_example_balance_holds_a_symbol_twice_and_is_refused() {
    // Cash and loan rows of one symbol: the example was asked by loan date, we ask by symbol, where it may not happen.
    let Some((client, _stub)) = client_of("inquire-balance").await else {
        return;
    };
    assert!(client.kis.balance().await.is_err());
}

#[tokio::test]
async fn the_brokers_example_quotes_are_read() {
    let Some((client, _stub)) = client_of("inquire-price").await else {
        return;
    };
    let quote = client.kis.price("000660".parse().unwrap()).await.unwrap();
    assert_eq!(quote.last.map(|price| price.get()), Some(128_500));
    let Some((client, _stub)) = client_of("inquire-daily-itemchartprice").await else {
        return;
    };
    let days = Days { from: "2022-04-01".parse().unwrap(), to: "2022-05-31".parse().unwrap() };
    let bars = client.kis.daily_bars("000660".parse().unwrap(), days, BarPrices::Raw).await.unwrap();
    assert_eq!(bars.iter().map(|(_, bar)| bar.close.get()).collect::<Vec<_>>(), [107_500]);
    let Some((client, _stub)) = client_of("inquire-psbl-order").await else {
        return;
    };
    let power = client.kis.buying_power("005930".parse().unwrap(), fsts_domain::OrderKind::Market).await.unwrap();
    assert_eq!((power.cash, power.qty.get()), (Won::new(107_177_377), 1_531));
}

#[test]
fn frames_of_live_sessions_are_read_and_the_cut_one_is_refused() {
    let Some(path) = data("ws_frames_seen_live.ndjson") else {
        return;
    };
    let (mut trades, mut books, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let frame = Frame::split(line["frame"].as_str().unwrap()).unwrap();
        let day = TradingDay::from_ymd(2026, 1, 2).unwrap();
        let read = match frame.tr_id {
            "H0STCNT0" => each_trade(&frame, |trade| trades.push(trade)),
            _ => each_book(&frame, day, |book| books.push(book)),
        };
        refused.extend(read.err());
    }
    assert_eq!(refused, [FrameError::Uneven { cells: 70, count: 4 }]);
    assert_eq!((trades.len(), books.len()), (5, 4));
    assert_eq!(trades[2].at.to_string(), "2025-07-30 09:47:51.000");
    assert!(trades[2..].windows(2).all(|pair| pair[0].cum_volume + pair[1].qty.get() == pair[1].cum_volume));
    let auction = books.iter().find(|book| !book.continuous).unwrap();
    assert_eq!(auction.expected.map(|(price, qty)| (price.get(), qty.get())), Some((959_000, 259_810)));
    assert_eq!(auction.asks.iter().filter(|level| level.price.is_some()).count(), 3);
    assert!(books.iter().filter(|book| book.continuous).all(|book| book.expected.is_none()));
}

#[test]
fn the_notices_of_the_brokers_page_are_read() {
    let Some(path) = data("ws_doc_examples/H0STCNI0.txt") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    // The page breaks its lines in the middle of records; a record begins after its heading.
    let records =
        text.split("# output").skip(1).map(|part| part.lines().skip(1).map(str::trim_end).collect::<String>());
    let mut notices = Vec::new();
    for payload in records {
        let frame = Frame { encrypted: false, tr_id: "H0STCNI0", count: 1, payload: &payload };
        each_notice(&frame, |record| notices.push(record.notice)).unwrap();
    }
    assert_eq!(notices.len(), 2);
    assert_eq!(notices[0].kind, fsts_engine::NoticeKind::Accepted);
    let (qty, price) = (fsts_domain::Qty::new(1).unwrap(), fsts_domain::Price::new(3_190).unwrap());
    assert_eq!(notices[1].kind, fsts_engine::NoticeKind::Filled { qty, price });
}
