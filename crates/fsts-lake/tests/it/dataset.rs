//! Data sets made in memory.

use fsts_domain::{Bar, Market, Price};
use fsts_krx::Instrument;
use fsts_lake::{DataSet, Interval, PriceKind, Row};

fn instrument(code: &str) -> Instrument {
    Instrument { symbol: code.parse().unwrap(), name: String::new(), market: Market::Kospi }
}

fn rows() -> Vec<Row> {
    let price = |won| Price::new(won).unwrap();
    let bar = |won| Bar { open: price(won), high: price(won), low: price(won), close: price(won), volume: won };
    (0..6).map(|i| Row { at: i / 2 * 60, symbol: (i % 2) as u32, bar: bar(100 + i) }).collect()
}

fn made(codes: [&str; 2], rows: Vec<Row>) -> DataSet {
    DataSet::from_rows(codes.map(instrument).to_vec(), rows, Interval::Minute, PriceKind::Traded)
}

#[test]
fn the_order_of_rows_does_not_change_the_hash() {
    let mut shuffled = rows();
    shuffled.reverse();
    let (a, b) = (made(["000660", "005930"], rows()), made(["000660", "005930"], shuffled));
    assert_eq!((&a.rows, a.hash), (&b.rows, b.hash));
    assert_eq!(a.slices().map(<[Row]>::len).collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn one_won_one_share_one_instant_or_one_code_changes_the_hash() {
    let codes = ["000660", "005930"];
    let original = made(codes, rows());
    let changed = |change: fn(&mut Row)| {
        let mut rows = rows();
        change(&mut rows[5]);
        made(codes, rows).hash
    };
    assert_ne!(original.hash, changed(|row| row.bar.high = Price::new(row.bar.high.get() + 1).unwrap()));
    assert_ne!(original.hash, changed(|row| row.bar.volume += 1));
    assert_ne!(original.hash, changed(|row| row.at += 1));
    assert_ne!(original.hash, made(["000660", "005931"], rows()).hash);
    assert_ne!(original.hash, made(codes, rows()[..5].to_vec()).hash);
    assert_eq!(original.hash_hex().len(), 64);
}
