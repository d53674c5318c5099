//! Faults of the former program's simulation, each by the number that the list of them has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{command, folder_with, simulated};
use crate::backtest::market::{bars, csv, rows_from, steady};

fn fills(detail: &Value) -> Vec<Value> {
    detail["report"]["fills"].as_array().unwrap().clone()
}

fn reasons(detail: &Value) -> BTreeSet<String> {
    fills(detail).iter().map(|f| f["reason"].as_str().unwrap().to_owned()).collect()
}

/// Switching a level off crashed; here it takes the level out and nothing else.
#[test]
fn a9_2_stop_loss_and_take_profit_can_be_off_and_nothing_crashes() {
    let folder = folder_with(&csv(&bars()));
    let run =
        |levels: &str| simulated(folder.path(), &format!("rsi_reversion --size won:1000000 --param period=4 {levels}"));
    let both = reasons(&run("--stop-loss 2 --take-profit 2"));
    assert!(both.contains("stop_loss") && both.contains("take_profit"), "{both:?}");
    let no_stop = reasons(&run("--stop-loss 0 --take-profit 2"));
    assert!(!no_stop.contains("stop_loss") && no_stop.contains("take_profit"), "{no_stop:?}");
    let no_target = reasons(&run("--stop-loss 2 --take-profit 0"));
    assert!(no_target.contains("stop_loss") && !no_target.contains("take_profit"), "{no_target:?}");
    let none = run("--stop-loss 0 --take-profit 0");
    assert_eq!(reasons(&none), BTreeSet::from(["signal".to_owned()]));
    assert!(none["report"]["sells"].as_i64().unwrap() > 0);
    // A strategy without levels of its own takes them too.
    let sma = simulated(folder.path(), "sma_cross --size won:1000000 --param fast=3 --param slow=8 --stop-loss 1");
    assert!(reasons(&sma).contains("stop_loss"), "{:?}", reasons(&sma));
}

/// A sell by a level is told by its level, and sums by reason are those of the fills.
#[test]
fn a9_4_a_sell_is_a_sell_and_is_told_with_its_reason_and_quantity() {
    let folder = folder_with(&csv(&bars()));
    let detail =
        simulated(folder.path(), "rsi_reversion --size won:1000000 --param period=4 --stop-loss 2 --take-profit 2");
    let causes = &detail["report"]["causes"];
    for (reason, count, pnl) in [
        ("signal", "signal_sells", "signal_pnl"),
        ("stop_loss", "stop_losses", "stop_loss_pnl"),
        ("take_profit", "take_profits", "take_profit_pnl"),
    ] {
        let sold: Vec<Value> =
            fills(&detail).into_iter().filter(|f| f["side"] == "sell" && f["reason"] == reason).collect();
        assert_eq!(causes[count].as_u64().unwrap(), sold.len() as u64, "{causes}");
        let made: i64 = sold.iter().map(|f| f["realized"].as_i64().unwrap()).sum();
        assert_eq!(causes[pnl].as_i64().unwrap(), made, "{causes}");
    }
    let mut held = std::collections::BTreeMap::<String, i64>::new();
    for fill in fills(&detail) {
        let sign = if fill["side"] == "buy" { 1 } else { -1 };
        let left = held.entry(fill["symbol"].as_str().unwrap().to_owned()).or_default();
        *left += sign * fill["qty"].as_i64().unwrap();
        assert!(*left >= 0, "more was sold than was held: {fill}");
    }
}

/// The thresholds of the screen were never passed on.
#[test]
fn a9_5_rsi_thresholds_and_period_reach_the_rule() {
    let folder = folder_with(&csv(&bars()));
    let run = |low: &str, high: &str, period: &str| {
        let params = format!("--param oversold={low} --param overbought={high} --param period={period}");
        simulated(folder.path(), &format!("rsi_reversion --size won:1000000 {params} --stop-loss 0 --take-profit 0"))
    };
    let wide = run("30", "70", "14");
    let narrow = run("45", "55", "14");
    let other = run("35", "70", "25");
    let trades = |d: &Value| d["report"]["trades"].as_i64().unwrap();
    assert!(trades(&narrow) > trades(&wide), "{} and {}", trades(&narrow), trades(&wide));
    assert_eq!(other["params"], serde_json::json!({"oversold": 35.0, "overbought": 70.0, "period": 25.0}));
    let traces: BTreeSet<String> =
        [&wide, &narrow, &other].map(|d| d["report"]["fills"].to_string()).into_iter().collect();
    assert_eq!(traces.len(), 3, "three settings, three histories");
}

/// Five of the listed rules did not exist, and others asked for columns that were never made.
#[test]
fn a9_6_every_listed_strategy_runs_with_its_defaults() {
    let folder = folder_with(&csv(&bars()));
    let unknown = command(folder.path(), "simulate run nonsense --data bars.csv --lang en");
    assert_eq!(unknown.code, 4, "{unknown:?}");
    let known: Vec<&str> = unknown.err.trim().rsplit(": ").next().unwrap().split(", ").collect();
    assert!(known.len() >= 3, "{unknown:?}");
    for strategy in known {
        let detail = simulated(folder.path(), strategy);
        assert_eq!(detail["strategy"], strategy);
        assert!(detail["report"]["bars"].as_i64().unwrap() > 0);
    }
}

/// A rule saw pivots that later bars confirmed: here what comes later changes nothing of what was.
#[test]
fn a9_7_later_bars_change_nothing_of_what_was_done_before_them() {
    let whole = bars();
    let cut = whole[150].day.clone();
    for strategy in ["sma_cross --param fast=3 --param slow=8", "rsi_reversion --param period=5", "rsi_bollinger"] {
        let line = format!("{strategy} --size won:1000000 --rules krx --price-kind traded");
        let folder = folder_with(&csv(&whole));
        let all = fills(&simulated(folder.path(), &line));
        let earlier: Vec<_> = whole.iter().filter(|row| row.day <= cut).cloned().collect();
        let folder = folder_with(&csv(&earlier));
        let first = fills(&simulated(folder.path(), &line));
        assert_eq!(first, all[..first.len()], "{strategy}");
        assert!(all.len() >= first.len(), "{strategy}");
    }
}

/// An order sent was an order filled, at any price and on any day.
#[test]
fn a9_8_locked_limits_halts_and_ticks_are_kept() {
    let params = "sma_cross --price-kind traded --style market --size shares:10 --param fast=1 --param slow=2";
    let mut locked = steady("005930", &[10_000, 9_900, 10_200]);
    // 10,200 + 30 % is 13,260: at a locked upper limit nobody sells.
    locked.extend(rows_from("005930", 3, &[[13_260, 13_260, 13_260, 13_260], [13_300, 13_400, 13_250, 13_350]]));
    let folder = folder_with(&csv(&locked));
    assert_eq!(fills(&simulated(folder.path(), params)), Vec::<Value>::new(), "the day of the fill is locked");
    let mut halted = steady("005930", &[10_000, 9_900, 10_200]);
    let mut halt = rows_from("005930", 3, &[[10_200, 10_200, 10_200, 10_200]]);
    halt[0].volume = 0;
    halted.extend(halt);
    halted.extend(rows_from("005930", 4, &[[10_300, 10_400, 10_200, 10_350]]));
    halted.extend(steady("000660", &[10_000; 5]));
    let folder = folder_with(&csv(&halted));
    let days = |detail: &Value| detail["total_days"].as_u64().unwrap();
    let detail = simulated(folder.path(), params);
    let of_day: Vec<Value> = fills(&detail).into_iter().filter(|f| f["symbol"] == "005930").collect();
    assert_eq!(days(&detail), 5);
    assert!(of_day.iter().all(|f| f["at_ns"].as_str().unwrap() >= "1709"), "{of_day:?}");
    let export = command(folder.path(), &format!("simulate export {} --format csv", detail["id"].as_str().unwrap()));
    assert!(!export.out.contains("2024-03-07"), "nothing fills on a halted day: {}", export.out);
    let folder = folder_with(&csv(&bars()));
    for fill in fills(&simulated(folder.path(), "sma_cross --size won:1000000 --param fast=3 --param slow=8")) {
        let price = fill["price"].as_f64().unwrap();
        assert_eq!(price % 50.0, 0.0, "20,000 to 50,000 won trade in ticks of 50: {fill}");
    }
}
