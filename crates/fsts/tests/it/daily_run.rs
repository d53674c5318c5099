//! The default bot before the close: at 15:10 its symbols are ranked, and it trades on the day's bar as it stands, once.

use std::time::Duration;

use fsts_domain::{Bar, Price, Side, Timestamp, TradingDay};
use fsts_engine::{Entry, Record};
use fsts_kis_emulator::{EmulatorConfig, MarketSource, ReplayBar};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::drill::{day, journal, market};
use crate::rig::{Rig, Site};

const PATIENCE: Duration = Duration::from_secs(90);
const OPEN_S: i64 = 9 * 3600;
const RUN_S: i64 = 15 * 3600 + 10 * 60;

/// One entry fits into its money, a second one doesn't.
const BOT: &str = r#"
[[bots]]
id = "evening"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020", "0Z1040"]
interval = "day"
rank = "value"
sizing = { notional = 1_000_000 }
style = { marketable_limit = { collar_ticks = 10 } }
capital = 1_500_000
params = { fast = 1, slow = 2 }
"#;

/// Three closed days and a fourth that is traded: the first two symbols fell and now rise, the third goes on falling.
/// The second one trades the most.
fn config() -> EmulatorConfig {
    let config = market(3);
    let mut bars = Vec::new();
    for (ix, symbol) in config.symbols.iter().enumerate() {
        let base = symbol.base.get() / 100 * 100;
        let at = |of: TradingDay, second: i64| Timestamp::from_kst(of, second).ns();
        let mut push = |at_ns: i64, won: i64, volume: i64| {
            let price = Price::new(won).unwrap();
            let bar = Bar { open: price, high: price, low: price, close: price, volume };
            bars.push(ReplayBar { at_ns, symbol: ix, bar });
        };
        for (ago, step) in [(3, 0), (2, -200), (1, -400)] {
            push(at(day().plus_days(-ago), OPEN_S), base + step, 400);
        }
        let now = if ix == 2 { base - 600 } else { base + 600 };
        let volume = if ix == 1 { 400_000 } else { 40_000 };
        push(at(day(), OPEN_S), base - 400, volume);
        for minute in 0..10 {
            push(at(day(), RUN_S - 120 + minute * 60), now, volume);
        }
    }
    bars.sort_by_key(|b| (b.at_ns, b.symbol));
    EmulatorConfig { start_date: day().plus_days(-3), market: MarketSource::Replay(bars), ..config }
}

async fn step_to(rig: &Rig, second: i64) -> crate::rig::Step {
    rig.step(&json!({ "until_ns": Timestamp::from_kst(day(), second).ns().to_string() })).await
}

async fn go(rig: &Rig, second: i64) {
    let step = step_to(rig, second).await;
    rig.settle(step).await;
}

/// The broker on the fourth day, a minute before the run, and the program.
async fn evening(site: Site) -> Rig {
    let mut rig = Rig::broker_only(site).await;
    step_to(&rig, OPEN_S + 60).await;
    rig.restart().await;
    go(&rig, RUN_S - 20).await;
    rig
}

async fn runs(rig: &Rig) -> Vec<Value> {
    rig.ask("/api/v1/jobs/trading-run/history").await["runs"].as_array().unwrap().clone()
}

async fn ended(rig: &Rig, count: usize) -> Value {
    let wait = async {
        loop {
            let runs = runs(rig).await;
            if runs.len() == count && runs.iter().all(|r| !r["ended_ns"].is_null()) {
                return runs[0].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    match timeout(PATIENCE, wait).await {
        Ok(run) => run,
        Err(_) => panic!("the run does not end: {:?}", runs(rig).await),
    }
}

fn daily_runs(entries: &[Entry]) -> Vec<Vec<String>> {
    let names = |entry: &Entry| match &entry.record {
        Record::DailyRun { symbols, .. } => Some(symbols.iter().map(ToString::to_string).collect()),
        _ => None,
    };
    entries.iter().filter_map(names).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_ten_past_three_it_buys_once_in_the_order_of_its_ranking_within_its_money() {
    let mut rig = evening(Site::new(config()).bots(BOT)).await;
    assert!(runs(&rig).await.is_empty() && rig.truth().orders.is_empty(), "nothing before its time");
    go(&rig, RUN_S).await;
    let run = ended(&rig, 1).await;
    assert_eq!((&run["outcome"], &run["due_ns"]), (&json!("ok"), &json!(at(RUN_S).ns().to_string())), "{run}");
    assert_eq!(run["message"], json!("bot evening: 3 symbols, 1 buys, 0 sells"));
    for second in [RUN_S + 30, RUN_S + 90, RUN_S + 240] {
        go(&rig, second).await;
    }
    assert_eq!(runs(&rig).await.len(), 1, "once a day");

    let orders = rig.truth().orders;
    let placed: Vec<_> = orders.iter().map(|o| (o.symbol.as_str(), o.side, o.qty == o.filled_qty)).collect();
    assert_eq!(placed, [("0Z1020", Side::Buy, true)], "the one that traded most, and no second one");
    let entries = journal(&rig).await;
    let ranked = daily_runs(&entries);
    assert_eq!(ranked.len(), 1);
    assert_eq!(ranked[0][0], "0Z1020", "{ranked:?}");

    let decided: Vec<Value> = rig.decisions(day()).iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |symbol: &str| decided.iter().find(|d| d["symbol"] == json!(symbol)).unwrap();
    assert_eq!(decided.len(), 3, "one line a symbol, and none for minutes: {decided:?}");
    assert_eq!((&of("0Z1020")["signal"], &of("0Z1020")["intent"]["side"]), (&json!("buy"), &json!("buy")));
    assert_eq!((&of("0Z1010")["signal"], &of("0Z1010")["blocked_by"]), (&json!("buy"), &json!("capital")));
    assert_eq!((&of("0Z1040")["signal"], &of("0Z1040")["intent"]), (&json!("hold"), &Value::Null));

    let (status, begun) = rig.tell("/api/v1/jobs/trading-run/run", "again", &json!({})).await;
    assert_eq!(status, 202, "{begun}");
    let again = ended(&rig, 2).await;
    assert!(again["message"].as_str().unwrap().contains("already"), "{again}");
    assert_eq!(rig.truth().orders.len(), 1, "asked again, it trades nothing more");
    assert_eq!(rig.book_differences().await, Vec::<String>::new());
    rig.stop().await;
    let replayed = rig.run(&["replay", "2026-11-20", "--json"]);
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    let counts: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!((&counts["decisions"], &counts["intents"]), (&json!(3), &json!(1)), "the tape decides the same");
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_kst(day(), second)
}

/// The program dies at a place of the run; the next one is asked for the run again.
async fn dies(fault: &str) -> (Rig, Value) {
    let mut rig = evening(Site::new(config()).bots(BOT).env("FSTS_FAULT", fault)).await;
    step_to(&rig, RUN_S).await;
    rig.wait_gone().await;
    rig.set_env("FSTS_FAULT", None);
    rig.restart().await;
    let cut = ended(&rig, 1).await;
    // After the order was sent, the last row of the run and the death race; whoever wins, nothing is bought again.
    let may_have_ended = fault.starts_with("after_send") && cut["outcome"] == "ok";
    assert!(cut["outcome"] == "cut" || may_have_ended, "{cut}");
    go(&rig, RUN_S + 60).await;
    let (status, begun) = rig.tell("/api/v1/jobs/trading-run/run", "after-the-kill", &json!({})).await;
    assert_eq!(status, 202, "{begun}");
    let run = ended(&rig, 2).await;
    for second in [RUN_S + 90, RUN_S + 150, RUN_S + 240] {
        go(&rig, second).await;
    }
    (rig, run)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_its_order_was_sent_buys_no_second_time() {
    let (rig, run) = dies("after_send:1").await;
    assert!(run["message"].as_str().unwrap().contains("already"), "{run}");
    let bought: Vec<_> = rig.truth().orders.iter().map(|o| o.symbol.to_string()).collect();
    assert_eq!((bought, rig.wire("order-cash").await), (vec!["0Z1020".to_owned()], 1));
    assert_eq!(daily_runs(&journal(&rig).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_anything_was_asked_leaves_the_day_its_run() {
    let (rig, run) = dies("in_job:1").await;
    assert_eq!(run["message"], json!("bot evening: 3 symbols, 1 buys, 0 sells"), "{run}");
    assert_eq!(rig.wire("order-cash").await, 1);
    assert_eq!(rig.book_differences().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_is_told_once_in_both_languages() {
    let mut rig = evening(Site::new(config()).bots(BOT)).await;
    go(&rig, RUN_S).await;
    ended(&rig, 1).await;
    go(&rig, RUN_S + 240).await;
    // Forty minutes after the close, which is 15:30.
    go(&rig, 16 * 3600 + 600).await;
    let told = async |rig: &Rig| {
        let alerts = rig.ask("/api/v1/alerts?limit=500").await["alerts"].as_array().unwrap().clone();
        alerts.into_iter().filter(|a| a["kind"] == "digest").collect::<Vec<_>>()
    };
    rig.wait_until("the day's digest", async || !told(&rig).await.is_empty()).await;
    let balance = rig.ask("/api/v1/balance").await;
    let equity = balance["equity"].as_i64().unwrap();
    let digest = told(&rig).await[0].clone();
    let (ko, en) = (digest["message_ko"].as_str().unwrap(), digest["message_en"].as_str().unwrap());
    let grouped = |won: i64| {
        let digits = won.to_string();
        let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|c| std::str::from_utf8(c).unwrap()).collect();
        parts.join(",")
    };
    assert!(ko.contains("2026-11-20 하루 요약") && ko.contains(&format!("평가금액 {}원", grouped(equity))), "{ko}");
    assert!(ko.contains("봇 evening") && en.contains("bot evening"), "{ko} {en}");
    assert!(en.contains(&format!("equity KRW {}", grouped(equity))), "{en}");
    let fills = rig.ask("/api/v1/trade/history").await["fills"].as_array().unwrap().len();
    assert!(fills > 0 && en.contains(&format!("{fills} buy fills")), "{fills}: {en}");

    assert_eq!(rig.tell("/api/v1/jobs/alerts-digest/run", "again", &json!({})).await.0, 202);
    rig.wait_until("a second run", async || {
        let runs = rig.ask("/api/v1/jobs/alerts-digest/history").await["runs"].as_array().unwrap().clone();
        runs.len() == 2 && runs.iter().all(|r| !r["ended_ns"].is_null())
    })
    .await;
    assert_eq!(told(&rig).await.len(), 1, "a day is told once");
    rig.stop().await;
}
