//! Simulation jobs, run by the command itself: the backtest's figures, exports that add up, and faults of the former
//! program that are not ours.

mod demo;
mod faults;
mod parity;
mod server;

use std::fmt::Write;
use std::path::Path;

use fsts_domain::TradingDay;
use serde_json::Value;

use crate::backtest::market::{bars, csv};
use crate::program::{Ended, fsts};

/// Nobody listens there, so that a command without `--data` does its work itself.
const NOBODY: &[(&str, &str)] = &[("FSTS_LANG", "en"), ("FSTS_LISTEN", "127.0.0.1:1")];

pub fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bars.csv"), text).unwrap();
    folder
}

pub fn command(folder: &Path, line: &str) -> Ended {
    fsts(folder, &line.split_whitespace().collect::<Vec<_>>(), NOBODY)
}

/// A simulation that the command runs to its end.
pub fn simulated(folder: &Path, line: &str) -> Value {
    let ended = command(folder, &format!("simulate run {line} --data bars.csv --json"));
    assert_eq!(ended.code, 0, "{line}: {ended:?}");
    let detail = ended.json();
    assert_eq!(detail["state"], "completed", "{detail}");
    assert_eq!(detail["done_days"], detail["total_days"], "{detail}");
    detail
}

/// A wide, long market on the tick grid: a run over it is not over before it is looked at.
pub fn wide_csv(symbols: usize, days: usize) -> String {
    let first: TradingDay = "2018-01-01".parse().unwrap();
    let mut text = "code,date,open,high,low,close,volume\n".to_owned();
    for symbol in 0..symbols {
        let mut state = symbol as u64 + 1;
        let mut last = 30_000i64;
        for n in 0..days {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let close = (last + (((state >> 33) % 21) as i64 - 10) * 100).clamp(20_000, 49_900);
            let (high, low) = (last.max(close) + 100, last.min(close) - 100);
            let day = first.plus_days((n / 5 * 7 + n % 5) as i32);
            writeln!(text, "0A{symbol:04},{day},{last},{high},{low},{close},1000").unwrap();
            last = close;
        }
    }
    text
}

/// What a backtest prints and a simulation reports, field by field.
pub fn equal_to_the_backtest(report: &Value, backtest: &Value) {
    for field in [
        "trace_hash",
        "data_hash",
        "rules",
        "price_kind",
        "symbols",
        "bars",
        "from",
        "to",
        "start_equity",
        "final_equity",
        "cash",
        "holdings_value",
        "trades",
        "fees",
        "taxes",
    ] {
        assert_eq!(report[field], backtest[field], "{field}");
    }
    let metrics = &backtest["metrics"];
    assert_eq!(report["return_pct"], metrics["total_return_pct"]);
    assert_eq!(report["mdd_pct"], metrics["max_drawdown_pct"]);
    assert_eq!(report["win_rate_pct"], metrics["win_rate_pct"]);
}

const RUNS: [&str; 4] = [
    "sma_cross --symbols 005930 --size won:3000000 --param fast=5 --param slow=20",
    "sma_cross --symbols 000660,005930,035420 --size equity:40 --param fast=3 --param slow=8",
    "rsi_reversion --symbols 000660,035420 --size won:2000000 --param period=5 --stop-loss 4 --take-profit 0",
    "rsi_bollinger --symbols 005930 --rules ideal --from 2024-03-01 --to 2024-10-31",
];

#[test]
fn a_simulation_has_the_figures_of_the_backtest_to_the_last_won() {
    let folder = folder_with(&csv(&bars()));
    let mut trades = 0;
    for line in RUNS {
        let detail = simulated(folder.path(), line);
        let backtest = command(folder.path(), &format!("backtest {line} --data bars.csv --json"));
        assert_eq!(backtest.code, 0, "{backtest:?}");
        equal_to_the_backtest(&detail["report"], &backtest.json());
        trades += detail["report"]["trades"].as_i64().unwrap();
    }
    assert!(trades > 100, "{trades}");
}

#[test]
fn many_symbols_share_one_cash() {
    let folder = folder_with(&csv(&bars()));
    let line = |symbols: &str| {
        format!("sma_cross --symbols {symbols} --size equity:60 --param fast=3 --param slow=8 --cash 5000000")
    };
    let buys = |detail: &Value| detail["report"]["buys"].as_i64().unwrap();
    let bulk = simulated(folder.path(), &line("all"));
    assert_eq!(bulk["kind"], "bulk");
    let alone: i64 = ["000660", "005930", "035420"].iter().map(|s| buys(&simulated(folder.path(), &line(s)))).sum();
    assert!(buys(&bulk) < alone, "{} of {alone}: the cash of one buys what three bought apart", buys(&bulk));
    for day in bulk["report"]["days"].as_array().unwrap() {
        assert!(day["cash"].as_i64().unwrap() >= 0, "{day}");
    }
}

#[test]
fn symbols_without_bars_are_named_and_the_others_run() {
    let folder = folder_with(&csv(&bars()));
    let detail = simulated(folder.path(), "sma_cross --symbols 005930,999999");
    assert_eq!(detail["report"]["failed_symbols"], serde_json::json!([{"symbol": "999999", "reason": "no_bars"}]));
    assert_eq!(detail["report"]["symbols"], 1);
    let none = command(folder.path(), "simulate run sma_cross --symbols 999999 --data bars.csv");
    assert_eq!(none.code, 4, "{none:?}");
    assert!(none.err.contains("999999"), "{none:?}");
}

/// Cells of a CSV table below its heading.
fn cells(text: &str) -> Vec<Vec<String>> {
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn sum(rows: &[Vec<String>], column: usize) -> i64 {
    rows.iter().map(|row| row[column].parse::<i64>().unwrap_or(0)).sum()
}

#[test]
fn the_csv_tables_add_up_to_the_report() {
    // Each seed is another strategy, size and period over the same bars.
    for seed in 1..=6u64 {
        println!("seed {seed}");
        let folder = folder_with(&csv(&bars()));
        let (fast, slow) = (1 + seed % 4, 6 + seed * 2);
        let line = format!(
            "sma_cross --param fast={fast} --param slow={slow} --size won:{}00000 --from 2024-0{seed}-01 --stop-loss {seed}",
            7 + seed
        );
        let detail = simulated(folder.path(), &line);
        let (report, id) = (&detail["report"], detail["id"].as_str().unwrap());
        let export = |part: &str| {
            let ended = command(folder.path(), &format!("simulate export {id} --format csv --part {part}"));
            assert_eq!(ended.code, 0, "{ended:?}");
            cells(&ended.out)
        };
        let (fills, days, equity) = (export("fills"), export("days"), export("equity"));
        let won = |field: &str| report[field].as_i64().unwrap();
        assert!(!fills.is_empty(), "{line}");
        assert_eq!(fills.len() as i64, won("trades"));
        assert_eq!((sum(&fills, 7), sum(&fills, 8)), (won("fees"), won("taxes")));
        assert_eq!((sum(&days, 3), sum(&days, 4)), (won("fees"), won("taxes")));
        assert_eq!((sum(&fills, 10), sum(&days, 5)), (won("realized_pnl"), won("realized_pnl")));
        assert_eq!(sum(&days, 1) + sum(&days, 2), won("trades"));
        assert_eq!(days.len() as u64, detail["total_days"].as_u64().unwrap());
        let cell = |row: &[String], column: usize| row[column].parse::<i64>().unwrap();
        for row in &days {
            assert_eq!(cell(row, 9) + cell(row, 10), cell(row, 11), "cash + holdings = equity: {row:?}");
            let explained = won("start_equity") + cell(row, 6) + cell(row, 8);
            assert_eq!(explained, cell(row, 11), "start + realised + unrealised = equity: {row:?}");
        }
        assert_eq!(cell(days.last().unwrap(), 11), won("final_equity"));
        assert_eq!(cell(equity.last().unwrap(), 1), won("final_equity"));
        assert_eq!(cell(days.last().unwrap(), 8), won("unrealized_pnl"));
        let symbols = report["per_symbol"].as_array().unwrap();
        let of_symbols = |field: &str| symbols.iter().map(|s| s[field].as_i64().unwrap()).sum::<i64>();
        assert_eq!((of_symbols("fees"), of_symbols("taxes")), (won("fees"), won("taxes")));
        assert_eq!((of_symbols("realized"), of_symbols("unrealized")), (won("realized_pnl"), won("unrealized_pnl")));
    }
}

#[test]
fn a_result_is_reopened_later_as_it_was() {
    let folder = folder_with(&csv(&bars()));
    let detail = simulated(folder.path(), "rsi_reversion --size won:1000000 --param period=5");
    std::fs::remove_file(folder.path().join("bars.csv")).unwrap();
    let id = detail["id"].as_str().unwrap();
    assert_eq!(command(folder.path(), &format!("simulate show {id} --json")).json(), detail);
    assert_eq!(command(folder.path(), &format!("simulate export {id}")).json(), detail);
    let list = command(folder.path(), "simulate list --json").json();
    assert_eq!(list["simulations"][0]["id"], detail["id"], "{list}");
    let parts: Vec<&str> = id.split('_').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    assert_eq!(lengths, [8, 6, 4, 16], "{id}");
    for lang in ["ko", "en"] {
        let shown = command(folder.path(), &format!("simulate show {id} --lang {lang}"));
        let word = if lang == "ko" { "최종 자산" } else { "final equity" };
        assert!(shown.code == 0 && shown.out.contains(word), "{shown:?}");
    }
}
