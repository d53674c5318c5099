//! CSV in the layouts people have.

use fsts_lake::{Interval, LoadError, LoadOptions, RefusalReason, load};

use crate::scratch::{Scratch, fails, read, shown};

const DAILY: &str = "\
date,code,open,high,low,close,volume
2024-01-03,005930,78000,78100,77000,77500,20
2024-01-02,005930,78200,79800,78200,79600,10
2024-01-02,000660,140000,142000,139500,141500,5
";

#[test]
fn rows_come_sorted_by_instant_and_symbol_at_the_close_of_their_day() {
    let scratch = Scratch::new();
    let data = read(&scratch.csv("bars.csv", DAILY));
    assert_eq!(
        shown(&data),
        [
            "000660 2024-01-02 15:30 140000 142000 139500 141500 5",
            "005930 2024-01-02 15:30 78200 79800 78200 79600 10",
            "005930 2024-01-03 15:30 78000 78100 77000 77500 20",
        ]
    );
    assert_eq!((data.interval, data.report.rows_read, data.slices().count()), (Interval::Day, 3, 2));
}

#[test]
fn gzip_separators_a_byte_order_mark_and_other_header_names_change_nothing() {
    let scratch = Scratch::new();
    let odd = "\u{feff}\"Date\",Symbol,VOLUME,Close,Low,High,Open\r\n\
        20240103,005930,20,77500.0,\"77,000\",78100,78000\r\n\
        2024/01/02,005930,10,79600,78200,79800,78200\r\n\
        2024-01-02 00:00:00,000660,5,141500,139500,142000,140000\r\n";
    let plain = read(&scratch.csv("plain.csv", DAILY));
    let odd = read(&scratch.csv_gz("odd.csv.gz", odd));
    assert_eq!(shown(&odd), shown(&plain));
    assert_eq!(odd.hash, plain.hash);
}

#[test]
fn a_late_day_closes_an_hour_later() {
    let scratch = Scratch::new();
    let file = "date,open,high,low,close,volume\n2024-11-14,100,100,100,100,1\n2024-11-15,100,100,100,100,1\n";
    let data = read(&scratch.csv("005930.csv", file));
    assert_eq!(
        shown(&data),
        ["005930 2024-11-14 16:30 100 100 100 100 1", "005930 2024-11-15 15:30 100 100 100 100 1"]
    );
}

#[test]
fn a_file_without_a_code_column_is_named_by_its_code() {
    let scratch = Scratch::new();
    let text =
        "ts,open,high,low,close,volume\n2024-01-02T09:00:00,100,101,99,100,7\n2024-01-02T09:01:00,100,101,99,100,8\n";
    let data = read(&scratch.csv("0008Z0_1m.csv", text));
    assert_eq!(data.interval, Interval::Minute);
    assert_eq!(shown(&data), ["0008Z0 2024-01-02 09:00 100 101 99 100 7", "0008Z0 2024-01-02 09:01 100 101 99 100 8"]);
    assert!(matches!(fails(&scratch.csv("bars.csv", text)), LoadError::NoCode { .. }));
}

#[test]
fn a_date_and_a_time_column_together_make_a_minute() {
    let scratch = Scratch::new();
    let text =
        "date,time,open,high,low,close,volume\n20240102,90100,100,101,99,100,7\n20240102,090000,100,101,99,100,8\n";
    let data = read(&scratch.csv("005930.csv", text));
    assert_eq!(shown(&data), ["005930 2024-01-02 09:00 100 101 99 100 8", "005930 2024-01-02 09:01 100 101 99 100 7"]);
}

#[test]
fn a_halt_is_no_bar_and_a_broken_bar_is_widened_and_both_are_counted() {
    let scratch = Scratch::new();
    let text = "date,code,open,high,low,close,volume\n\
        2024-01-02,005930,0,0,0,79600,0\n2024-01-03,005930,100,100,100,100,0\n2024-01-04,005930,100,99,98,97,5\n";
    let data = read(&scratch.csv("bars.csv", text));
    assert_eq!(shown(&data), ["005930 2024-01-04 15:30 100 100 97 97 5"]);
    assert_eq!((data.report.halts_dropped, data.report.rows_widened), (2, 1));
}

#[test]
fn bad_rows_are_named_by_file_and_line_and_the_rest_is_kept() {
    let scratch = Scratch::new();
    let text = "date,code,open,high,low,close,volume\n\
        never,005930,1,1,1,1,1\n\
        2024-01-02,5930,1,1,1,1,1\n\
        2024-01-02,005930,1,1,,1,1\n\
        2024-01-02,005930,1,x,1,1,1\n\
        2024-01-02,005930,1,1,-1,1,1\n\
        2024-01-02,005930,1,1,1,1,-1\n\
        2024-01-02,005930,1,1\n\
        2024-01-02,005930,1,1,1,1,99999999999999999999\n\
        2024-01-02,005930,1,1,1,1,1\n";
    let data = read(&scratch.csv("bars.csv", text));
    assert_eq!((data.rows.len(), data.report.rows_refused, data.report.rows_read), (1, 8, 9));
    let found: Vec<(u64, RefusalReason)> = data.report.refused.iter().map(|r| (r.line, r.reason.clone())).collect();
    let range = |column| RefusalReason::OutOfRange { column };
    assert_eq!(
        found,
        [
            (2, RefusalReason::Time),
            (3, RefusalReason::Code { text: "5930".to_owned() }),
            (4, RefusalReason::Empty { column: "low" }),
            (5, RefusalReason::NotANumber { column: "high" }),
            (6, range("low")),
            (7, range("volume")),
            (8, RefusalReason::Malformed),
            (9, range("volume")),
        ]
    );
    assert!(data.report.refused[0].file.ends_with("bars.csv"));
}

#[test]
fn a_selection_keeps_its_symbols_and_days() {
    let scratch = Scratch::new();
    let path = scratch.csv("bars.csv", DAILY);
    let day = "2024-01-02".parse().ok();
    let symbols = Some(vec!["005930".parse().unwrap()]);
    let options = LoadOptions { symbols, from: day, to: day, ..LoadOptions::default() };
    let data = load(&path, &options).unwrap();
    assert_eq!(shown(&data), ["005930 2024-01-02 15:30 78200 79800 78200 79600 10"]);
    assert_eq!(data.report.rows_not_selected, 2);
}

#[test]
fn an_unknown_symbol_and_an_empty_selection_are_errors() {
    let scratch = Scratch::new();
    let path = scratch.csv("bars.csv", DAILY);
    let symbols = Some(vec!["005930".parse().unwrap(), "999999".parse().unwrap()]);
    let unknown = load(&path, &LoadOptions { symbols, ..LoadOptions::default() }).unwrap_err();
    assert!(unknown.to_string().starts_with("no bars of 999999 in "), "{unknown}");
    let from = "2030-01-01".parse().ok();
    let empty = load(&path, &LoadOptions { from, ..LoadOptions::default() }).unwrap_err();
    assert!(matches!(empty, LoadError::Empty { rows_not_selected: 3, .. }), "{empty}");
}

#[test]
fn five_minute_bars_are_refused_with_their_width() {
    let scratch = Scratch::new();
    let mut text = "ts,open,high,low,close,volume\n".to_owned();
    for minute in (0..60 * 12).step_by(5) {
        text += &format!("2024-01-02 {:02}:{:02}:00,100,100,100,100,1\n", minute / 60, minute % 60);
    }
    let error = fails(&scratch.csv("005930.csv", &text));
    assert!(matches!(error, LoadError::BarWidth { width_s: 300 }), "{error}");
}

#[test]
fn what_is_no_bar_file_is_refused_in_one_sentence() {
    let scratch = Scratch::new();
    assert!(matches!(fails(&scratch.path().join("none.csv")), LoadError::Open { .. }));
    assert!(matches!(fails(&scratch.csv("bars.txt", DAILY)), LoadError::NoFiles { .. }));
    assert!(matches!(fails(scratch.path()), LoadError::NoFiles { .. }));
    let error = fails(&scratch.csv("list.csv", "code,name\n005930,x\n"));
    assert!(error.to_string().ends_with("list.csv has no column `date`"), "{error}");
    assert!(matches!(fails(&scratch.bytes("bad.csv.gz", b"not gzip")), LoadError::Unreadable { .. }));
    assert!(matches!(fails(&scratch.bytes("bad.parquet", b"not parquet")), LoadError::Unreadable { .. }));
    assert!(error.korean().contains("`date` 열이 없습니다"));
}
