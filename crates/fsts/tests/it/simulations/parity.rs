//! What the former program's simulation could be told, over the command line.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{folder_with, simulated};
use crate::backtest::market::{bars, csv, steady};

fn fills(detail: &Value) -> Vec<Value> {
    detail["report"]["fills"].as_array().unwrap().clone()
}

/// The trailing take-profit could never fire: it asked for a drop of at least plus the ratio.
#[test]
fn a9_3_a_trailing_take_profit_fires_below_the_highest_close() {
    // Bought after the cross at 10,200; the gain passes 5 %, and 5 % below the highest close of 12,000 is 11,400.
    let closes = [10_000, 9_900, 10_200, 10_300, 11_200, 12_000, 11_300, 11_200, 11_100, 11_000];
    let folder = folder_with(&csv(&steady("005930", &closes)));
    let line = "sma_cross --price-kind traded --style market --size shares:10 --param fast=1 --param slow=2";
    let trailing = simulated(folder.path(), &format!("{line} --trailing 5 --stop-loss 0"));
    let sold: Vec<Value> = fills(&trailing).into_iter().filter(|f| f["side"] == "sell").collect();
    assert_eq!(sold.len(), 1, "{sold:?}");
    assert_eq!((&sold[0]["reason"], sold[0]["qty"].as_i64()), (&"take_profit".into(), Some(10)), "{sold:?}");
    assert!(sold[0]["realized"].as_i64().unwrap() > 0, "{sold:?}");
    let causes = &trailing["report"]["causes"];
    assert_eq!((&causes["take_profits"], &causes["signal_sells"]), (&1.into(), &0.into()), "{causes}");
    // Thirty per cent are never gained: the rule's own signal sells.
    let wide = simulated(folder.path(), &format!("{line} --trailing 30 --stop-loss 0"));
    assert_eq!(wide["report"]["causes"]["take_profits"], 0, "{wide}");
}

#[test]
fn more_of_a_holding_is_bought_only_where_that_is_asked_for_and_far_from_the_mean_cost() {
    let folder = folder_with(&csv(&bars()));
    let line = "rsi_reversion --size won:500000 --param period=3 --stop-loss 0 --take-profit 0";
    let buys = |more: &str| {
        let detail = simulated(folder.path(), &format!("{line} {more}"));
        fills(&detail).iter().filter(|f| f["side"] == "buy").count()
    };
    let (never, far, near) = (buys(""), buys("--add-beyond 3"), buys("--add-beyond 0.1"));
    assert!(never < far && far <= near, "{never}, {far}, {near}");
}

#[test]
fn weeks_and_months_are_made_of_days() {
    let folder = folder_with(&csv(&bars()));
    let count = |interval: &str| {
        let detail =
            simulated(folder.path(), &format!("sma_cross --size won:1000000 --param fast=2 --param slow=3 {interval}"));
        detail["report"]["bars"].as_u64().unwrap()
    };
    let (days, same, weeks, months) =
        (count(""), count("--interval day"), count("--interval week"), count("--interval month"));
    assert_eq!(days, same);
    assert!(days > 4 * weeks && weeks > 3 * months && months > 0, "{days}, {weeks}, {months}");
}

#[test]
fn a_share_of_all_assets_has_a_least_amount() {
    let folder = folder_with(&csv(&bars()));
    let first = |size: &str| {
        let detail = simulated(folder.path(), &format!("sma_cross --size {size} --param fast=3 --param slow=8"));
        fills(&detail)[0]["amount"].as_i64().unwrap()
    };
    let (share, least) = (first("equity:1"), first("equity:1:500000"));
    assert!(share <= 100_000 && (400_000..=510_000).contains(&least), "{share} and {least}");
    let sizes: BTreeSet<i64> = [first("equity:25:500000"), first("equity:25")].into();
    assert_eq!(sizes.len(), 1, "a share above the least is itself");
}
