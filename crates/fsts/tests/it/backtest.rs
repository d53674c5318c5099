//! `fsts backtest`: identities, trace hash, exchange rules and refusals, over small files and over the real ones.

pub mod market;
mod real;

use std::path::Path;

use serde_json::Value;

use crate::program::{Ended, fsts};
use market::{bars, csv};

/// The trace of [`bars`] under `sma_cross` 5/20; it changes with the data, the rules, the engine's records or the
/// settings, and with nothing else. A change that a reader of this file can't explain is a defect.
const GOLDEN: &str = "00c07b0c45adbb68fb36f39e666686d4f4165afa1bf8233fc821597f5f398df3";

const SMA: &str =
    "backtest sma_cross --data bars.csv --cash 50000000 --size won:3000000 --param fast=5 --param slow=20 --json";

fn run(folder: &Path, line: &str) -> Ended {
    fsts(folder, &line.split_whitespace().collect::<Vec<_>>(), &[("FSTS_LANG", "en")])
}

fn report(folder: &Path, line: &str) -> Value {
    let ended = run(folder, line);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.json()
}

fn won(report: &Value, key: &str) -> i64 {
    report[key].as_i64().unwrap_or_else(|| panic!("{key} in {report}"))
}

/// Cash and equity from the report's own sums.
fn identities_hold(report: &Value) {
    let flows = &report["flows"];
    let cash =
        won(flows, "start") - won(flows, "bought") + won(flows, "sold") - won(report, "fees") - won(report, "taxes");
    assert_eq!(won(report, "cash"), cash);
    assert_eq!(won(report, "final_equity"), cash + won(report, "holdings_value"));
}

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bars.csv"), text).unwrap();
    folder
}

#[test]
fn one_input_gives_one_trace_for_any_number_of_threads() {
    let folder = folder_with(&csv(&bars()));
    let first = report(folder.path(), SMA);
    identities_hold(&first);
    assert!(won(&first, "trades") > 20, "{first}");
    assert_eq!(first["trace_hash"], GOLDEN, "{first}");
    assert_eq!(report(folder.path(), SMA), first);
    for threads in ["1", "2"] {
        let again = report(folder.path(), &format!("{SMA} --threads {threads}"));
        assert_eq!(again, first, "--threads {threads}");
    }
}

#[test]
fn one_other_bar_gives_another_trace() {
    let mut rows = bars();
    let row = rows.len() / 2;
    rows[row].volume += 1;
    let folder = folder_with(&csv(&rows));
    let other = report(folder.path(), SMA);
    assert_ne!(other["trace_hash"], GOLDEN);
    let folder = folder_with(&csv(&bars()));
    let same_bars = report(folder.path(), SMA);
    assert_eq!(other["final_equity"], same_bars["final_equity"], "one share more of volume moves no price");
}

#[test]
fn other_settings_give_another_trace() {
    let folder = folder_with(&csv(&bars()));
    for change in ["--cash 50000001", "--size won:3000001", "--style market", "--rules ideal"] {
        let line = SMA.replace("--cash 50000000", if change.starts_with("--cash") { "" } else { "--cash 50000000" });
        let line =
            line.replace("--size won:3000000", if change.starts_with("--size") { "" } else { "--size won:3000000" });
        assert_ne!(report(folder.path(), &format!("{line} {change}"))["trace_hash"], GOLDEN, "{change}");
    }
}

#[test]
fn a_report_carries_what_scripts_read() {
    let folder = folder_with(&csv(&bars()));
    let report = report(folder.path(), SMA);
    for key in ["trace_hash", "rules", "price_kind", "final_equity", "trades", "fees", "taxes", "metrics"] {
        assert!(!report[key].is_null(), "{key} in {report}");
    }
    assert_eq!((&report["rules"], &report["price_kind"]), (&"krx".into(), &"traded".into()));
    assert!(won(&report, "fees") > 0 && won(&report, "taxes") > 0);
}

#[test]
fn the_table_is_written_in_the_language_asked_for() {
    let folder = folder_with(&csv(&bars()));
    let line = SMA.replace(" --json", "");
    for (lang, words) in [
        ("en", ["final equity", "fees", "taxes", "Sharpe ratio"]),
        ("ko", ["최종 자산", "수수료", "세금", "샤프 지수"]),
    ] {
        let ended = run(folder.path(), &format!("{line} --lang {lang}"));
        assert!(ended.code == 0 && words.iter().all(|w| ended.out.contains(w)), "{ended:?}");
        assert!(ended.out.contains(GOLDEN) && ended.err.is_empty(), "{ended:?}");
    }
}

#[test]
fn adjusted_prices_run_without_exchange_rules_and_say_so() {
    let folder = folder_with(&csv(&bars()));
    let line = format!("{} --price-kind adjusted", SMA.replace(" --json", ""));
    let ended = run(folder.path(), &line);
    assert!(ended.out.contains("prices are adjusted") && ended.out.contains("ideal"), "{ended:?}");
    let korean = run(folder.path(), &format!("{line} --lang ko"));
    assert!(korean.out.contains("경고: 수정주가입니다"), "{korean:?}");
    let refused = run(folder.path(), &format!("{line} --rules krx"));
    assert_eq!((refused.code, refused.out.as_str()), (4, ""), "{refused:?}");
}

#[test]
fn days_before_the_earliest_rule_are_named_in_the_report() {
    let early: Vec<market::Row> =
        bars().into_iter().map(|row| market::Row { day: row.day.replace("2024", "2003"), ..row }).collect();
    let folder = folder_with(&csv(&early));
    let line = SMA.replace(" --json", " --rules ideal --price-kind traded");
    let ended = run(folder.path(), &line);
    assert!(ended.out.contains("before the earliest rule row"), "{ended:?}");
}

/// Fills as (day, side) of one symbol.
fn fills_of(folder: &Path, rows: &[market::Row], arguments: &str) -> Vec<(String, String)> {
    std::fs::write(folder.join("bars.csv"), csv(rows)).unwrap();
    let line = format!(
        "backtest sma_cross --data bars.csv --price-kind traded --style market --size shares:10 --param fast=1 \
         --param slow=2 --fills fills.csv --json {arguments}"
    );
    identities_hold(&report(folder, &line));
    let fills = std::fs::read_to_string(folder.join("fills.csv")).unwrap();
    let fill = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0][..10].to_owned(), cells[2].to_owned())
    };
    fills.lines().skip(1).map(fill).collect()
}

fn fill(day: &str, side: &str) -> (String, String) {
    (day.to_owned(), side.to_owned())
}

#[test]
fn a_buy_at_a_locked_upper_limit_does_not_fill() {
    let folder = tempfile::tempdir().unwrap();
    let rising = |next: [i64; 4]| {
        let closes = [10_000, 9_900, 10_200];
        let mut rows = market::steady("005930", &closes);
        rows.extend(market::rows_from("005930", 3, &[next, [13_300, 13_400, 13_250, 13_350]]));
        rows
    };
    // 10,200 + 30 % is 13,260: at a locked limit nobody sells.
    let locked = rising([13_260, 13_260, 13_260, 13_260]);
    assert_eq!(fills_of(folder.path(), &locked, ""), []);
    let opened = rising([13_260, 13_260, 13_250, 13_260]);
    assert_eq!(fills_of(folder.path(), &opened, ""), [fill("2024-03-07", "buy")]);
    // Without exchange rules there is no limit to be locked at.
    assert_eq!(fills_of(folder.path(), &locked, "--rules ideal"), [fill("2024-03-07", "buy")]);
}

#[test]
fn a_sell_at_a_locked_lower_limit_waits_for_a_day_with_buyers() {
    let folder = tempfile::tempdir().unwrap();
    let falling = |next: [i64; 4]| {
        let closes = [10_000, 9_900, 10_200, 10_400, 10_000];
        let mut rows = market::steady("005930", &closes);
        rows.extend(market::rows_from("005930", 5, &[next, [6_500, 6_600, 6_400, 6_500]]));
        rows
    };
    let bought = fill("2024-03-07", "buy");
    let locked = falling([7_000, 7_000, 7_000, 7_000]);
    assert_eq!(fills_of(folder.path(), &locked, ""), [bought.clone(), fill("2024-03-12", "sell")]);
    let opened = falling([7_000, 7_100, 7_000, 7_000]);
    assert_eq!(fills_of(folder.path(), &opened, ""), [bought, fill("2024-03-11", "sell")]);
}

#[test]
fn a_halted_day_has_no_bar_and_no_fill() {
    let folder = tempfile::tempdir().unwrap();
    let halted = |zero_open: bool| {
        let mut rows = market::steady("005930", &[10_000, 9_900, 10_200]);
        let mut halt = market::rows_from("005930", 3, &[[10_200, 10_200, 10_200, 10_200]]);
        halt[0].volume = 0;
        if zero_open {
            (halt[0].open, halt[0].high, halt[0].low) = (0, 0, 0);
        }
        rows.extend(halt);
        rows.extend(market::rows_from("005930", 4, &[[10_300, 10_400, 10_200, 10_350]]));
        // Another symbol trades on, so that the day itself exists.
        rows.extend(market::steady("000660", &[10_000, 10_000, 10_000, 10_000, 10_000]));
        rows
    };
    for zero_open in [true, false] {
        let fills = fills_of(folder.path(), &halted(zero_open), "");
        assert!(!fills.contains(&fill("2024-03-07", "buy")), "{fills:?}");
    }
    let mut traded = halted(false);
    traded.iter_mut().filter(|row| row.volume == 0).for_each(|row| row.volume = 1);
    assert_eq!(fills_of(folder.path(), &traded, "").first(), Some(&fill("2024-03-07", "buy")));
}

#[test]
fn the_decision_log_has_a_line_for_every_bar() {
    let folder = folder_with(&csv(&bars()));
    let line = format!("{SMA} --decisions decisions.ndjson");
    let report = report(folder.path(), &line);
    assert_eq!(report["trace_hash"], GOLDEN, "the log changes nothing");
    let text = std::fs::read_to_string(folder.path().join("decisions.ndjson")).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len() as i64, won(&report, "bars"));
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], n as u64 + 1);
    }
    let ordered = lines.iter().filter(|l| !l["intent"].is_null()).count() as i64;
    assert!(ordered >= won(&report, "trades"), "every fill comes from an order of the log");
}
