//! The benchmark generator's layout.

use fsts_lake::{Interval, LoadError, load_bench_bin, load_bench_panel};

use crate::scratch::{Scratch, shown};

fn series(first_price: f64, bars: usize) -> Vec<u8> {
    // 2010-01-04 09:00 in Korea.
    let nine = 1_262_563_200_000_000_000i64;
    let at = (0..bars as i64).flat_map(|bar| (nine + bar * 60_000_000_000).to_le_bytes());
    let column = |add: f64| (0..bars).flat_map(move |bar| (first_price + bar as f64 + add).to_le_bytes());
    at.chain(column(0.0)).chain(column(5.0)).chain(column(-5.0)).chain(column(1.0)).chain(column(0.0)).collect()
}

#[test]
fn six_columns_become_rows_of_one_symbol() {
    let scratch = Scratch::new();
    let path = scratch.bytes("bars.bin", &series(100.0, 3));
    let data = load_bench_bin(&path, None).unwrap();
    assert_eq!(data.interval, Interval::Minute);
    assert_eq!(
        shown(&data),
        [
            "B00000 2010-01-04 09:00 100 105 95 101 100",
            "B00000 2010-01-04 09:01 101 106 96 102 101",
            "B00000 2010-01-04 09:02 102 107 97 103 102",
        ]
    );
    let short = load_bench_bin(&path, Some(2)).unwrap();
    assert_eq!(shown(&short), shown(&data)[..2]);
}

#[test]
fn a_panel_is_read_in_time_order() {
    let scratch = Scratch::new();
    let path = scratch.bytes("panel.bin", &[series(100.0, 2), series(500.0, 2)].concat());
    let data = load_bench_panel(&path, 2).unwrap();
    let opens: Vec<i64> = data.rows.iter().map(|row| row.bar.open.get()).collect();
    assert_eq!(opens, [100, 500, 101, 501]);
}

#[test]
fn sizes_and_prices_that_cannot_be_are_refused() {
    let scratch = Scratch::new();
    let cut = scratch.bytes("cut.bin", &series(100.0, 3)[..143]);
    let zero = scratch.bytes("zero.bin", &series(5.0, 3));
    let fraction = scratch.bytes("fraction.bin", &series(100.5, 3));
    for path in [&cut, &zero, &fraction] {
        assert!(matches!(load_bench_bin(path, None), Err(LoadError::Unreadable { .. })), "{}", path.display());
    }
    let whole = scratch.bytes("whole.bin", &series(100.0, 3));
    assert!(load_bench_bin(&whole, Some(4)).is_err());
    assert!(load_bench_panel(&whole, 2).is_err());
}
