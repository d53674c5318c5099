//! Behaviour of the simulated exchange.

mod bar_semantics;
mod book_auction;
mod book_continuous;
mod flow_days;
mod print_contract;

use fsts_domain::{Bar, Price, Qty};

/// A price, in tests that write many.
fn won(price: i64) -> Price {
    Price::new(price).expect("invariant: tests write positive prices")
}

/// Shares, likewise.
fn shares(qty: i64) -> Qty {
    Qty::new(qty).expect("invariant: tests write quantities")
}

/// Open, high, low, close and volume.
fn bar(open: i64, high: i64, low: i64, close: i64, volume: i64) -> Bar {
    assert!(low <= open.min(close) && open.max(close) <= high, "not a bar");
    Bar { open: won(open), high: won(high), low: won(low), close: won(close), volume }
}
