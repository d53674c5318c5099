//! The shared development data, when `FSTS_TEST_DATA` names it.

use std::path::PathBuf;

use fsts_domain::Market;
use fsts_lake::{DataSet, Interval, KindReason, LoadError, LoadOptions, PriceKind, load};

use crate::scratch::read;

fn file(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FSTS_TEST_DATA");
    if folder.is_none() {
        println!("skipped: FSTS_TEST_DATA not set");
    }
    folder.map(|folder| PathBuf::from(folder).join(name))
}

/// Symbols, rows read, halts, bars widened, rows refused.
fn counts(data: &DataSet) -> (usize, u64, u64, u64, u64) {
    let report = &data.report;
    assert_eq!(report.rows_read, data.rows.len() as u64 + report.halts_dropped + report.rows_refused);
    assert!(data.rows.is_sorted_by(|a, b| (a.at, a.symbol) < (b.at, b.symbol)));
    (data.symbols.len(), report.rows_read, report.halts_dropped, report.rows_widened, report.rows_refused)
}

#[test]
fn large_caps_are_adjusted_daily_bars() {
    let Some(path) = file("daily/large_caps_2000_2024.parquet") else {
        return;
    };
    let data = read(&path);
    assert_eq!(counts(&data), (20, 107_211, 111, 1_059, 0));
    assert_eq!((data.interval, data.price_kind), (Interval::Day, PriceKind::Adjusted));
    assert!(data.base_prices.is_empty());
}

#[test]
fn the_adjusted_market_is_read_whole_and_alike_for_any_threads() {
    let Some(path) = file("daily/krx_adjusted_20231205_20250617.parquet") else {
        return;
    };
    let data = read(&path);
    let (symbols, read, halts, widened, refused) = counts(&data);
    assert_eq!((read, halts, widened, refused), (591_553, 19_156, 48, 0));
    assert!((1_600..=1_660).contains(&symbols), "{symbols}");
    assert_eq!(data.price_kind, PriceKind::Adjusted);
    let single = load(&path, &LoadOptions { threads: 1, ..LoadOptions::default() }).unwrap();
    assert_eq!(single.hash, data.hash);
}

#[test]
fn back_adjusted_prices_are_rounded_to_won() {
    let Some(path) = file("daily/krx_backadjusted_20250609_20260724.parquet") else {
        return;
    };
    let data = read(&path);
    assert_eq!((data.report.rows_read, data.report.halts_dropped), (280_941, 9_444));
    assert!(data.report.rows_rounded > 4_000);
    assert!(matches!(data.report.price_kind_reason, Some(KindReason::Fractions { .. })));
}

#[test]
fn full_market_windows_are_traded_with_markets_and_base_prices() {
    let windows = [("2021", 79_980, 1), ("2023", 80_799, 2_741), ("2025", 71_708, 3_127)];
    for (year, rows, halts) in windows {
        let Some(path) = file(&format!("daily/krx_full_market_{year}_jan_feb.parquet")) else {
            return;
        };
        let data = read(&path);
        let (_, read, halted, widened, refused) = counts(&data);
        assert_eq!((read, halted, widened, refused), (rows, halts, 0, 0), "{year}");
        assert_eq!(data.report.price_kind_reason, Some(KindReason::FullMarketColumns));
        assert_eq!(data.base_prices.len(), data.rows.len());
        assert!(data.symbols.iter().any(|i| i.market == Market::Kosdaq && !i.name.is_empty()));
        assert!(data.symbols.iter().any(|i| i.market == Market::Konex));
    }
}

#[test]
fn the_brokers_minutes_are_traded_minute_bars() {
    let Some(path) = file("minute/kis_1m_2025_09_10_and_12.parquet") else {
        return;
    };
    let data = read(&path);
    // Two of its 491 symbols have no bar that traded.
    let (symbols, read, halts, ..) = counts(&data);
    assert_eq!((symbols, read, halts), (489, 640_191, 11_663));
    assert_eq!((data.interval, data.price_kind), (Interval::Minute, PriceKind::Traded));
    let folder = path.parent().unwrap();
    assert_eq!(crate::scratch::read(folder).hash, data.hash);
}

#[test]
fn a_folder_that_gives_a_day_twice_is_refused() {
    let Some(path) = file("daily") else { return };
    let error = load(&path, &LoadOptions { price_kind: Some(PriceKind::Adjusted), ..LoadOptions::default() });
    assert!(matches!(error, Err(LoadError::Duplicate { .. })), "{error:?}");
}

#[test]
fn files_as_people_have_them_are_read() {
    let cases = [
        ("financedatareader/005930.csv.gz", "005930"),
        ("financedatareader_parquet/005930.parquet", "005930"),
        ("backadjusted_float/005930.csv", "005930"),
        ("pykrx_korean_headers/000660.csv", "000660"),
        ("features_table/005930.csv.gz", "005930"),
        ("interval_tagged_yyyymmdd/069500_D.csv.gz", "069500"),
        ("yahoo_adj_close/005380.csv.gz", "005380"),
        ("marcap_csv_gz/marcap-2023.csv.gz", "000020"),
    ];
    for (name, first) in cases {
        let Some(path) = file(&format!("wild/{name}")) else {
            return;
        };
        let data = read(&path);
        assert_eq!(data.interval, Interval::Day, "{name}");
        assert_eq!(data.symbols[0].symbol.as_str(), first, "{name}");
        assert_eq!(data.report.rows_refused, 0, "{name}: {:?}", data.report.refused);
    }
}
