//! Parquet columns of the types writers use.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, Date32Array, DictionaryArray, Float64Array, Int64Array, LargeStringArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use fsts_domain::Market;
use fsts_lake::{Interval, LoadError, LoadOptions, RefusalReason, load};

use crate::scratch::{Scratch, fails, ints, read, shown, texts};

/// 2024-01-02 as days since 1970.
const DAY: i32 = 19_724;
const MINUTE_US: i64 = 60_000_000;

fn bars(date: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("date", date),
        ("code", texts(&["005930", "005930"])),
        ("open", ints(&[100, 101])),
        ("high", ints(&[110, 111])),
        ("low", ints(&[90, 91])),
        ("close", ints(&[105, 106])),
        ("volume", ints(&[7, 8])),
    ]
}

#[test]
fn every_date_type_gives_the_same_days() {
    let scratch = Scratch::new();
    let day_us = i64::from(DAY) * 86_400_000_000;
    let dates: Vec<ArrayRef> = vec![
        texts(&["2024-01-02", "2024-01-03"]),
        texts(&["20240102", "20240103"]),
        ints(&[20_240_102, 20_240_103]),
        Arc::new(LargeStringArray::from(vec!["2024-01-02", "2024-01-03"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["2024-01-02", "2024-01-03"])),
        Arc::new(Date32Array::from(vec![DAY, DAY + 1])),
        Arc::new(TimestampMicrosecondArray::from(vec![day_us, day_us + 86_400_000_000])),
        Arc::new(TimestampNanosecondArray::from(vec![day_us * 1000, (day_us + 86_400_000_000) * 1000])),
    ];
    for date in dates {
        let kind = date.data_type().to_string();
        let data = read(&scratch.parquet("bars.parquet", bars(date)));
        assert_eq!(data.interval, Interval::Day, "{kind}");
        assert_eq!(
            shown(&data),
            ["005930 2024-01-02 15:30 100 110 90 105 7", "005930 2024-01-03 15:30 101 111 91 106 8"],
            "{kind}"
        );
    }
}

#[test]
fn a_time_stamp_with_a_zone_is_utc_and_one_without_is_korean() {
    let scratch = Scratch::new();
    let nine = i64::from(DAY) * 86_400_000_000 + 9 * 60 * MINUTE_US;
    let korean = TimestampMicrosecondArray::from(vec![nine, nine + MINUTE_US]);
    let utc = nine - 9 * 60 * MINUTE_US;
    let zoned = TimestampMicrosecondArray::from(vec![utc, utc + MINUTE_US]).with_timezone("Asia/Seoul");
    let expected = ["005930 2024-01-02 09:00 100 110 90 105 7", "005930 2024-01-02 09:01 101 111 91 106 8"];
    for at in [Arc::new(korean) as ArrayRef, Arc::new(zoned)] {
        assert_eq!(shown(&read(&scratch.parquet("bars.parquet", bars(at)))), expected);
    }
}

#[test]
fn float_prices_are_rounded_and_nulls_are_refused_rows() {
    let scratch = Scratch::new();
    let mut columns = bars(texts(&["2024-01-02", "2024-01-03"]));
    columns[2].1 = Arc::new(Float64Array::from(vec![Some(99.5), None]));
    columns[6].1 = Arc::new(Int64Array::from(vec![Some(7), None]));
    let data = read(&scratch.parquet("bars.parquet", columns));
    assert_eq!(shown(&data), ["005930 2024-01-02 15:30 100 110 90 105 7"]);
    assert_eq!((data.report.rows_rounded, data.report.rows_refused), (1, 1));
    assert_eq!(data.report.refused[0].reason, RefusalReason::Empty { column: "volume" });
    assert_eq!(data.report.refused[0].line, 2);
}

#[test]
fn a_code_column_of_numbers_is_refused_because_zeros_are_lost() {
    let scratch = Scratch::new();
    let mut columns = bars(texts(&["2024-01-02", "2024-01-03"]));
    columns[1].1 = ints(&[5930, 5930]);
    let error = fails(&scratch.parquet("bars.parquet", columns));
    assert!(matches!(error, LoadError::ColumnType { ref column, .. } if column == "code"), "{error}");
}

#[test]
fn a_full_market_file_gives_names_markets_and_base_prices() {
    let scratch = Scratch::new();
    let columns = vec![
        ("date", texts(&["2024-01-02", "2024-01-02", "2024-01-02", "2024-01-03"])),
        ("code", texts(&["000250", "005930", "Q500001", "005930"])),
        ("name", texts(&["삼천당제약", "삼성전자", "신한 ETN", "삼성전자2"])),
        ("market", texts(&["KOSDAQ GLOBAL", "KOSPI", "?", "KOSPI"])),
        ("open", ints(&[70_000, 78_200, 5_000, 0])),
        ("high", ints(&[70_100, 79_800, 5_000, 0])),
        ("low", ints(&[69_000, 78_200, 5_000, 0])),
        ("close", ints(&[69_500, 79_600, 5_000, 79_600])),
        ("volume", ints(&[1, 2, 3, 0])),
        ("change", ints(&[-500, 1_100, 0, 0])),
        ("marcap", ints(&[1, 2, 3, 4])),
    ];
    let data = read(&scratch.parquet("bars.parquet", columns));
    let found: Vec<(&str, Market)> = data.symbols.iter().map(|i| (i.name.as_str(), i.market)).collect();
    assert_eq!(found, [("삼천당제약", Market::Kosdaq), ("삼성전자", Market::Kospi), ("신한 ETN", Market::Etn)]);
    assert_eq!(data.base_prices, [70_000, 78_500, 5_000]);
}

#[test]
fn row_groups_are_read_in_parallel_with_the_lines_of_the_file() {
    let scratch = Scratch::new();
    let days: Vec<String> = (0..100).map(|d| fsts_domain::TradingDay::from_epoch_days(DAY + d).to_string()).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let prices: Vec<i64> = (0..100).map(|d| if d == 57 { -1 } else { 1000 + d }).collect();
    let columns = || {
        let mut columns = vec![("date", texts(&days)), ("code", texts(&["005930"; 100]))];
        columns.extend(["open", "high", "low", "close", "volume"].map(|name| (name, ints(&prices))));
        columns
    };
    let whole = read(&scratch.parquet("whole.parquet", columns()));
    let pieces = scratch.parquet_in_groups("pieces.parquet", columns(), 9);
    for threads in [1, 4] {
        let data = load(&pieces, &LoadOptions { threads, ..LoadOptions::default() }).unwrap();
        assert_eq!((data.hash, data.rows.len()), (whole.hash, 99));
        assert_eq!(data.report.refused[0].line, 58);
    }
}

#[test]
fn damaged_files_are_refused_or_read_but_never_panic() {
    let scratch = Scratch::new();
    let whole = std::fs::read(scratch.parquet("whole.parquet", bars(texts(&["2024-01-02", "2024-01-03"])))).unwrap();
    for cut in (0..whole.len()).step_by(11) {
        assert!(matches!(fails(&scratch.bytes("cut.parquet", &whole[..cut])), LoadError::Unreadable { .. }), "{cut}");
    }
    let (mut refused, mut read) = (0, 0);
    for place in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x80;
        match load(&scratch.bytes("flipped.parquet", &bytes), &LoadOptions::default()) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0 && read > 0, "{refused} {read}");
}
