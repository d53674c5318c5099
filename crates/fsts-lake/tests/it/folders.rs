//! Several files as one data set.

use fsts_lake::{LoadError, LoadOptions, Note, load};

use crate::scratch::{Scratch, fails, ints, read, shown, texts};

const HEADER: &str = "date,code,open,high,low,close,volume\n";
const ROWS: [&str; 4] = [
    "2024-01-02,000660,140000,142000,139500,141500,5\n",
    "2024-01-02,005930,78200,79800,78200,79600,10\n",
    "2024-01-03,000660,141000,142000,139500,141500,6\n",
    "2024-01-03,005930,78000,78100,77000,77500,20\n",
];

#[test]
fn layout_and_threads_do_not_change_rows_or_hash() {
    let one = Scratch::new();
    let whole = read(&one.csv("all.csv", &format!("{HEADER}{}", ROWS.concat())));
    let many = Scratch::new();
    for (index, row) in ROWS.iter().rev().enumerate() {
        many.csv(&format!("part{index}.csv"), &format!("{HEADER}{row}"));
    }
    for threads in [0, 1, 2, 7] {
        let data = load(many.path(), &LoadOptions { threads, ..LoadOptions::default() }).unwrap();
        assert_eq!(shown(&data), shown(&whole));
        assert_eq!((data.hash, data.report.files.len()), (whole.hash, 4));
    }
}

#[test]
fn csv_and_parquet_of_the_same_bars_have_the_same_hash() {
    let scratch = Scratch::new();
    let csv = read(&scratch.csv("all.csv", &format!("{HEADER}{}{}", ROWS[0], ROWS[1])));
    let parquet = read(&scratch.parquet(
        "all.parquet",
        vec![
            ("date", texts(&["2024-01-02", "2024-01-02"])),
            ("code", texts(&["000660", "005930"])),
            ("open", ints(&[140000, 78200])),
            ("high", ints(&[142000, 79800])),
            ("low", ints(&[139500, 78200])),
            ("close", ints(&[141500, 79600])),
            ("volume", ints(&[5, 10])),
        ],
    ));
    assert_eq!(csv.hash, parquet.hash);
}

#[test]
fn the_same_symbol_and_day_in_two_files_is_refused_with_both_places() {
    let scratch = Scratch::new();
    scratch.csv("a.csv", &format!("{HEADER}{}{}", ROWS[0], ROWS[1]));
    scratch.csv("b.csv", &format!("{HEADER}{}{}", ROWS[2], ROWS[1]));
    let LoadError::Duplicate { symbol, first, second, .. } = fails(scratch.path()) else { panic!("not a duplicate") };
    assert_eq!(symbol.as_str(), "005930");
    assert!(first.file.ends_with("a.csv") && first.line == 3, "{first}");
    assert!(second.file.ends_with("b.csv") && second.line == 3, "{second}");
}

#[test]
fn the_same_symbol_and_day_twice_in_one_file_is_refused() {
    let scratch = Scratch::new();
    let error = fails(&scratch.csv("a.csv", &format!("{HEADER}{}{}", ROWS[0], ROWS[0])));
    assert!(error.to_string().contains("000660 at 2024-01-02 15:30:00.000 is given twice"), "{error}");
}

#[test]
fn daily_and_minute_files_do_not_mix() {
    let scratch = Scratch::new();
    scratch.csv("a.csv", &format!("{HEADER}{}{}", ROWS[0], ROWS[1]));
    scratch.csv("b.csv", &format!("{HEADER}2024-01-02 09:00,005930,100,100,100,100,1\n"));
    assert!(matches!(fails(scratch.path()), LoadError::MixedIntervals { .. }));
}

#[test]
fn lists_beside_the_bars_are_skipped_with_a_note() {
    let scratch = Scratch::new();
    scratch.csv("a.csv", &format!("{HEADER}{}", ROWS[0]));
    scratch.csv("index.csv", "code,bars\n005930,3\n");
    scratch.csv("README.md", "notes");
    let data = read(scratch.path());
    assert_eq!(data.report.files.len(), 1);
    let skipped = |note: &Note| matches!(note, Note::FileSkipped { file, column } if file.ends_with("index.csv") && column == "date");
    assert!(data.report.notes.iter().any(skipped), "{:?}", data.report.notes);
}
