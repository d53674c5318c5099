//! Traded or adjusted.

use fsts_lake::{KindReason, LoadError, LoadOptions, PriceKind, load};

use crate::scratch::{Scratch, fails, read};

const HEADER: &str = "date,code,open,high,low,close,volume\n";

#[test]
fn prices_on_the_grid_of_their_day_are_traded() {
    let scratch = Scratch::new();
    let data = read(&scratch.csv("a.csv", &format!("{HEADER}2024-01-02,005930,78200,79800,78200,79600,10\n")));
    assert_eq!(data.price_kind, PriceKind::Traded);
    assert_eq!(data.report.price_kind_reason, Some(KindReason::OnGrid { sampled: 1 }));
}

#[test]
fn prices_off_the_grid_or_with_fractions_are_adjusted() {
    let scratch = Scratch::new();
    let off = read(&scratch.csv("a.csv", &format!("{HEADER}2024-01-02,005930,78201,79800,78200,79600,10\n")));
    assert_eq!(off.report.price_kind_reason, Some(KindReason::OffGrid { rows: 1, sampled: 1 }));
    let fractions = read(&scratch.csv("b.csv", &format!("{HEADER}2024-01-02,005930,78200.4,79800,78200,79600,10\n")));
    assert_eq!(fractions.report.price_kind_reason, Some(KindReason::Fractions { rows: 1, sampled: 1 }));
    assert_eq!((off.price_kind, fractions.price_kind), (PriceKind::Adjusted, PriceKind::Adjusted));
}

#[test]
fn the_kind_is_the_files_and_not_the_selections() {
    let scratch = Scratch::new();
    let rows = "2024-01-02,005930,78200,79800,78200,79600,10\n2024-01-02,000660,140001,140001,140001,140001,10\n";
    let path = scratch.csv("a.csv", &format!("{HEADER}{rows}"));
    let symbols = Some(vec!["005930".parse().unwrap()]);
    let data = load(&path, &LoadOptions { symbols, ..LoadOptions::default() }).unwrap();
    assert_eq!((data.rows.len(), data.price_kind), (1, PriceKind::Adjusted));
}

#[test]
fn a_caller_who_knows_better_is_believed() {
    let scratch = Scratch::new();
    let path = scratch.csv("a.csv", &format!("{HEADER}2024-01-02,005930,78201,79800,78200,79600,10\n"));
    let options = LoadOptions { price_kind: Some(PriceKind::Traded), ..LoadOptions::default() };
    let data = load(&path, &options).unwrap();
    assert_eq!(data.price_kind, PriceKind::Traded);
    assert_eq!(data.report.price_kind_reason, Some(KindReason::Requested));
}

#[test]
fn full_market_columns_mean_traded_whatever_the_prices() {
    let scratch = Scratch::new();
    let text =
        "date,code,open,high,low,close,volume,change,marcap\n2024-01-02,005930,78201,79800,78200,79600,10,-1,5\n";
    let data = read(&scratch.csv("full.csv", text));
    assert_eq!(data.report.price_kind_reason, Some(KindReason::FullMarketColumns));
    scratch.csv("adjusted.csv", &format!("{HEADER}2024-01-03,005930,78201,79800,78200,79600,10\n"));
    assert!(matches!(fails(scratch.path()), LoadError::MixedPriceKinds { .. }));
}

#[test]
fn days_before_the_known_tick_tables_count_as_adjusted() {
    let scratch = Scratch::new();
    let data = read(&scratch.csv("a.csv", &format!("{HEADER}1999-01-05,005930,78200,79800,78200,79600,10\n")));
    assert_eq!(data.price_kind, PriceKind::Adjusted);
    assert_eq!(data.report.price_kind_reason, Some(KindReason::NothingToCheck));
}
