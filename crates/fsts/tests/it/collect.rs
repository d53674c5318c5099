//! Bars from the broker into the lake: paged, only what is missing, and on from where a kill cut them; then served.

use std::process::Stdio;

use fsts_domain::{Timestamp, TradingDay};
use fsts_kis_emulator::{EmuSymbol, EmulatorConfig};
use serde_json::{Value, json};

use crate::drill::bars::swinging;
use crate::drill::{day, market};
use crate::rig::{Rig, Site};

const DAILY: &str = "inquire-daily-itemchartprice";
const MINUTES: &str = "inquire-time-itemchartprice";
/// Symbols of one commit.
const PORTION: usize = 20;

/// A generated market of so many symbols with a year of days behind it.
fn many(symbols: usize) -> EmulatorConfig {
    let template = market(1).symbols.remove(0);
    let symbol = |n: usize| EmuSymbol {
        symbol: format!("0Z3{n:03}").parse().unwrap(),
        name: format!("회사{n}"),
        ..template.clone()
    };
    EmulatorConfig { symbols: (0..symbols).map(symbol).collect(), ..market(1) }
}

fn codes(config: &EmulatorConfig) -> String {
    config.symbols.iter().map(|s| s.symbol.to_string()).collect::<Vec<_>>().join(",")
}

fn json_of(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_is_killed_goes_on_where_its_last_commit_was() {
    let config = many(PORTION + 5);
    let symbols = codes(&config);
    let rig = Rig::broker_only(Site::new(config)).await;
    let line = ["data", "collect", "--symbols", &symbols, "--from", "2026-01-05", "--json"];
    // Each symbol is 215 days, three calls: the one behind the first portion hangs.
    rig.control_post("faults", &json!({ "delay_ms": 0, "call": DAILY, "count": PORTION * 3 })).await;
    rig.control_post("faults", &json!({ "drop_request": DAILY, "hold_ms": 600_000 })).await;
    let mut child = rig.command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    rig.wait_until("the call that hangs", async || rig.wire(DAILY).await > PORTION as u64 * 3).await;
    child.kill().unwrap();
    child.wait().unwrap();
    rig.control_post("faults", &json!({ "clear": true })).await;

    let before = rig.wire(DAILY).await;
    let rest = rig.run(&line);
    assert!(rest.status.success(), "{rest:?}");
    let rest = json_of(&rest);
    assert_eq!((&rest["up_to_date"], &rest["asked"]), (&json!(PORTION), &json!(PORTION + 5)), "{rest}");
    assert_eq!(rig.wire(DAILY).await - before, 5 * 3, "only what was not committed is asked for");
    assert_eq!(rest["gaps"], json!([]));

    let catalog = json_of(&rig.run(&["data", "catalog", "--json"]));
    let series = catalog["series"].as_array().unwrap().clone();
    assert_eq!(series.len(), PORTION + 5);
    // The day itself has not ended: 2026-11-19 is the last one.
    assert!(series.iter().all(|s| s["last"] == "2026-11-19" && s["rows"] == series[0]["rows"]), "{catalog}");
    assert_eq!((&series[0]["name"], &series[0]["sources"]), (&json!("회사0"), &json!(["kis"])));

    let asked = rig.wire(DAILY).await;
    let nothing = json_of(&rig.run(&line));
    assert_eq!((&nothing["added"], &nothing["up_to_date"]), (&json!(0), &json!(PORTION + 5)));
    assert_eq!(rig.wire(DAILY).await, asked, "what is there is not asked for again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_refuses_every_symbol_ends_the_collection_and_what_came_stays() {
    let config = many(8);
    let symbols = codes(&config);
    let rig = Rig::broker_only(Site::new(config)).await;
    let line = ["data", "collect", "--symbols", &symbols, "--from", "2026-11-02", "--json"];
    rig.control_post("faults", &json!({ "delay_ms": 0, "call": DAILY })).await;
    rig.control_post("faults", &json!({ "http_500": DAILY, "count": 1_000 })).await;
    let failed = rig.run(&line);
    assert_eq!(failed.status.code(), Some(7), "{failed:?}");
    let said: Value = serde_json::from_slice(&failed.stderr).unwrap();
    assert_eq!(said["error"]["code"], "broker");
    let catalog = json_of(&rig.run(&["data", "catalog", "--json"]));
    assert_eq!(catalog["series"].as_array().unwrap().len(), 1);
    rig.control_post("faults", &json!({ "clear": true })).await;
    let rest = json_of(&rig.run(&line));
    assert_eq!((&rest["up_to_date"], &rest["failed"]), (&json!(1), &json!([])));
}

/// The mean of the last `n` closes.
fn mean(closes: &[f64], n: usize) -> f64 {
    closes[closes.len() - n..].iter().sum::<f64>() / n as f64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_collects_days_and_minutes_after_the_close_and_indicators_are_made_of_them() {
    let config = market(2);
    let config = EmulatorConfig { market: swinging(&config.symbols, 40, 2, 1), ..config };
    let blocks = "[lake]\nintervals = ['day', 'minute']\n";
    let rig = Rig::start(Site::new(config).bots(blocks)).await;
    let go = async |second: i64| {
        let until = Timestamp::from_kst(day(), second).ns().to_string();
        let step = rig.step(&json!({ "until_ns": until })).await;
        rig.settle(step).await;
    };
    go(15 * 3600 + 1800 + 40).await;
    // Before anything is stored the broker is asked.
    let path = "/api/v1/indicator/ma?symbol=0Z1010&interval=1m&period=5";
    let from_broker = rig.ask(path).await;
    assert_eq!(from_broker["source"], "broker", "{from_broker}");
    go(16 * 3600).await;
    let history = "/api/v1/jobs/data-collect/history";
    rig.wait_until("the end of the collection", async || {
        rig.ask(history).await["runs"].as_array().is_some_and(|runs| runs.iter().any(|r| !r["ended_ns"].is_null()))
    })
    .await;
    let runs = rig.ask(history).await;
    assert_eq!(runs["runs"][0]["outcome"], "ok", "{runs}");
    assert!(runs["runs"][0]["message"].as_str().unwrap().contains("of 2 symbols"), "{runs}");

    let catalog = json_of(&rig.run(&["data", "catalog", "--json"]));
    let rows = |interval: &str| -> Vec<u64> {
        let of = catalog["series"].as_array().unwrap().iter().filter(|s| s["interval"] == interval);
        of.map(|s| s["rows"].as_u64().unwrap()).collect()
    };
    assert_eq!((rows("day"), rows("minute")), (vec![1, 1], vec![40, 40]), "{catalog}");

    let stored = rig.ask(path).await;
    assert_eq!((&stored["source"], &stored["points"]), (&json!("lake"), &from_broker["points"]));
    let bars = rig.ask("/api/v1/bars/0Z1010?interval=1m&limit=100").await;
    let closes: Vec<f64> = bars["bars"].as_array().unwrap().iter().map(|b| b["c"].as_f64().unwrap()).collect();
    assert_eq!(closes.len(), 40);
    let points = stored["points"].as_array().unwrap();
    assert_eq!(points.len(), 36);
    assert!((points[35]["values"]["ma"].as_f64().unwrap() - mean(&closes, 5)).abs() < 1e-9, "{stored}");
    assert_eq!((&stored["parameters"], &stored["name"]), (&json!({"period": 5.0}), &json!("가온전자")));

    let band = rig.ask("/api/v1/indicator/bollinger?symbol=0Z1010&interval=1m").await;
    let middle = band["points"].as_array().unwrap().last().unwrap()["values"]["middle"].as_f64().unwrap();
    assert!((middle - mean(&closes, 20)).abs() < 1e-6, "{band}");
    for name in ["sma", "ema", "wma", "rsi", "macd", "stochastic", "mfi"] {
        let answer = rig.ask(&format!("/api/v1/indicator/{name}?symbol=0Z1010&interval=1m&variant=former")).await;
        assert!(!answer["points"].as_array().unwrap().is_empty(), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_to_an_indicator_is_a_problem_with_its_reason() {
    let rig = Rig::start(Site::new(market(1))).await;
    let cases = [
        ("ma?symbol=1", 400, "bad_symbol"),
        ("nobody?symbol=0Z1010", 404, "unknown_indicator"),
        ("rsi?symbol=0Z1010&period=0", 400, "param_out_of_range"),
        ("macd?symbol=0Z1010&fast=26&slow=12", 400, "fast_not_faster"),
        ("ma?symbol=0Z1010&from=2026-13-01", 400, "bad_day"),
        ("ma?symbol=0Z1010&from=2026-11-20&to=2026-11-19", 400, "days_reversed"),
        ("ma?symbol=0Z1010&interval=week", 400, "bad_query"),
        ("ma?symbol=0Z1010&variant=mine", 400, "not_among"),
        ("ma?interval=1d", 400, "bad_query"),
        ("ma?symbol=999999", 404, "no_past_bars"),
    ];
    for (path, status, code) in cases {
        let problem = rig.ask(&format!("/api/v1/indicator/{path}")).await;
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{path}: {problem}");
    }
    // Days of the generated market's past come from the broker.
    let first: TradingDay = day().plus_days(-60);
    let answer = rig.ask(&format!("/api/v1/indicator/rsi?symbol=0Z1010&interval=1d&from={first}")).await;
    assert_eq!(answer["source"], "broker", "{answer}");
    let points = answer["points"].as_array().unwrap();
    assert!(points.len() > 30 && points[0]["day"].as_str().unwrap() >= first.to_string().as_str(), "{answer}");
    assert!(points.iter().all(|p| (0.0..=100.0).contains(&p["values"]["rsi"].as_f64().unwrap())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn minutes_of_past_days_are_left_out_in_the_mock_environment_and_said() {
    let config = market(1);
    let config = EmulatorConfig { market: swinging(&config.symbols, 10, 2, 1), ..config };
    let rig = Rig::broker_only(Site::new(config)).await;
    rig.step(&json!({ "until_ns": Timestamp::from_kst(day(), 15 * 3600 + 1900).ns().to_string() })).await;
    let line = ["data", "collect", "--symbols", "0Z1010", "--from", "2026-11-18", "--interval", "minute"];
    let done = rig.run(&line);
    assert!(done.status.success(), "{done:?}");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(out.contains("stored 10 new bars of 1 symbols") && err.contains("2 days were left out"), "{out}{err}");
    assert!(rig.wire(MINUTES).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn price_changes_tell_what_the_symbol_master_says_of_an_instrument() {
    let config = market(1);
    let config = EmulatorConfig { market: swinging(&config.symbols, 10, 2, 1), ..config };
    let mut rig = Rig::broker_only(Site::new(config)).await;
    let master = "0Z1010,가온전자,KOSPI,전기전자,반도체;AI\n";
    std::fs::write(rig.dir().join("symbols.csv"), master).unwrap();
    rig.restart().await;
    let wish = json!({ "symbols": ["0Z1010"] });
    let (status, told) = rig.tell("/stock/price-change/selected", "changes", &wish).await;
    assert_eq!(status, 200, "{told}");
    let row = &told["changes"][0];
    assert_eq!(
        (&row["name"], &row["market"], &row["industry"]),
        (&json!("가온전자"), &json!("KOSPI"), &json!("전기전자"))
    );
    assert_eq!(row["themes"], json!(["반도체", "AI"]));
    rig.stop().await;
}
