//! Real bars, where `FSTS_TEST_DATA` names their folder.

use std::path::PathBuf;

use super::{identities_hold, report, won};

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("FSTS_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: FSTS_TEST_DATA not set");
    }
    folder
}

/// Both strategies over one file: rules as told, identities to the won, one trace for one and two threads.
fn holds_over(file: &str, rules: &str, symbols_min: i64, fast_and_slow: [u32; 2]) {
    let Some(folder) = data() else { return };
    let path = folder.join("daily").join(file);
    let here = tempfile::tempdir().unwrap();
    let [fast, slow] = fast_and_slow;
    for strategy in [format!("sma_cross --param fast={fast} --param slow={slow}"), "rsi_reversion".to_owned()] {
        let line = |threads: u32| {
            let data = path.display();
            format!(
                "backtest {strategy} --data {data} --rules {rules} --cash 100000000 --size equity:2 --threads {threads} --json"
            )
        };
        let one = report(here.path(), &line(1));
        identities_hold(&one);
        assert_eq!(one["rules"], rules);
        assert!(won(&one, "trades") > 0, "{strategy} {file}: {one}");
        assert!(won(&one, "symbols") >= symbols_min, "{strategy} {file}: {one}");
        let two = report(here.path(), &line(2));
        assert_eq!(one, two, "{strategy} {file}");
        println!("{strategy} {file}: {} fills, {} won, {}", one["trades"], one["final_equity"], one["trace_hash"]);
    }
}

#[test]
fn twenty_large_caps_over_24_years_keep_their_identities() {
    holds_over("large_caps_2000_2024.parquet", "ideal", 20, [10, 30]);
}

#[test]
fn a_portfolio_of_more_than_a_thousand_symbols_keeps_its_identities() {
    holds_over("krx_adjusted_20231205_20250617.parquet", "ideal", 1_000, [10, 30]);
}

#[test]
fn the_raw_full_market_keeps_its_identities_under_exchange_rules() {
    // The window has 31 days: a mean of 30 bars would have one day to cross on.
    holds_over("krx_full_market_2023_jan_feb.parquet", "krx", 2_000, [5, 20]);
}
