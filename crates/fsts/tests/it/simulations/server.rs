//! Simulations of a running server over real sockets: REST, the old names, cancel, kill and the bounded queue.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{equal_to_the_backtest, wide_csv};
use crate::backtest::market::{bars, csv};
use crate::market_day::MarketDay;
use crate::rig::{Rig, Site, TOKEN};

/// Only a broken program waits so long, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(180);
const SETTINGS: &str = "[simulations]\ndata = \"bars.csv\"\nsets = { two = [\"005930\", \"000660\"] }\n";
const WIDE: &str = "sma_cross --size won:100000 --cash 1000000000 --param fast=1 --param slow=2 --data bars.csv --json";

async fn rig(text: &str) -> Rig {
    let rig = Rig::start(Site::new(MarketDay::generate(3).config()).bots(SETTINGS)).await;
    std::fs::write(rig.dir().join("bars.csv"), text).unwrap();
    rig
}

fn small() -> Value {
    json!({"kind": "bulk", "strategy": "sma_cross", "symbols": ["all"], "params": {"fast": 5, "slow": 20},
        "size": "won:3000000"})
}

/// What [`WIDE`] is for the backtest.
fn wide() -> Value {
    json!({"kind": "bulk", "strategy": "sma_cross", "symbols": ["all"], "params": {"fast": 1, "slow": 2},
        "size": "won:100000", "cash": 1_000_000_000})
}

async fn submitted(rig: &Rig, key: &str, wish: &Value) -> String {
    let (status, taken) = rig.tell("/api/v1/simulations", key, wish).await;
    assert_eq!(status, 202, "{taken}");
    taken["id"].as_str().unwrap().to_owned()
}

async fn until(rig: &Rig, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/v1/simulations/{id}");
    let wait = async {
        loop {
            let seen = rig.ask(&path).await;
            if holds(&seen) {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    match timeout(PATIENCE, wait).await {
        Ok(seen) => seen,
        Err(_) => panic!("{what} did not come: {}", rig.ask(&path).await),
    }
}

async fn ended(rig: &Rig, id: &str) -> Value {
    until(rig, id, "the end", |s| !s["ended_ns"].is_null()).await
}

async fn in_mid_run(rig: &Rig, id: &str) {
    let seen = until(rig, id, "the middle", |s| s["done_days"].as_u64().unwrap() > 0 || s["error"].is_object()).await;
    assert_eq!(seen["state"], "running", "it must not be over: {seen}");
}

fn backtest(rig: &Rig, line: &str) -> Value {
    let ended = rig.run(&["backtest"].into_iter().chain(line.split_whitespace()).collect::<Vec<_>>());
    assert!(ended.status.success(), "{ended:?}");
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulation_by_rest_has_the_figures_of_the_command() {
    let mut rig = rig(&csv(&bars())).await;
    let id = submitted(&rig, "a", &small()).await;
    let detail = ended(&rig, &id).await;
    assert_eq!(detail["state"], "completed", "{detail}");
    let line = "sma_cross --size won:3000000 --param fast=5 --param slow=20 --data bars.csv --json";
    equal_to_the_backtest(&detail["report"], &backtest(&rig, line));
    assert_eq!(submitted(&rig, "a", &small()).await, id, "the same key and wish are the same job");
    let (status, problem) = rig.tell("/api/v1/simulations", "a", &wide()).await;
    assert_eq!((status, &problem["code"]), (409, &json!("simulation_key_reused")));
    let list = rig.ask("/api/v1/simulations?limit=5").await;
    assert_eq!(list["simulations"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["simulations"][0]["summary"]["final_equity"], detail["report"]["final_equity"]);

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/v1/simulations/{id}", rig.address());
    let download = client.get(format!("{url}/result?format=csv&part=days")).send().await.unwrap();
    assert_eq!(download.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(download.headers()["content-disposition"].to_str().unwrap().contains("days.csv"));
    assert_eq!(download.text().await.unwrap().lines().count() as u64, detail["total_days"].as_u64().unwrap() + 1);
    rig.stop().await;
    rig.restart().await;
    assert_eq!(rig.ask(&format!("/api/v1/simulations/{id}")).await, detail, "results outlive the server");
    let url = format!("{}/api/v1/simulations/{id}", rig.address());
    let deleted = client.delete(&url).bearer_auth(TOKEN).header("Idempotency-Key", "d").send().await.unwrap();
    assert_eq!(deleted.status(), 200);
    assert_eq!(rig.ask(&format!("/api/v1/simulations/{id}")).await["code"], "simulation_not_found");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_names_take_the_same_road() {
    let mut rig = rig(&csv(&bars())).await;
    let wish = json!({"strategy": "sma_cross", "symbol": "005930", "start_date": "2024-01-01",
        "end_date": "2024-12-31", "initial_capital": 20_000_000, "stop_loss": {"use": true, "ratio": 5},
        "take_profit": {"use": false}});
    let (status, single) = rig.tell("/stock/simulate/single", "s", &wish).await;
    assert_eq!(status, 202, "{single}");
    let wish = json!({"strategy": "sma_cross", "symbols": ["two"]});
    let (status, bulk) = rig.tell("/stock/simulate/bulk", "b", &wish).await;
    assert_eq!(status, 202, "{bulk}");
    for taken in [&single, &bulk] {
        let id = taken["simulation_id"].as_str().unwrap();
        let first = rig.ask(taken["result_url"].as_str().unwrap()).await;
        assert!(["starting", "running", "completed"].contains(&first["status"].as_str().unwrap()), "{first}");
        let detail = ended(&rig, id).await;
        let last = rig.ask(&format!("/stock/simulate/bulk/result?simulation_id={id}")).await;
        assert_eq!(last["status"], "completed", "{last}");
        assert_eq!(last["completed_task_cnt"], detail["total_days"]);
        assert_eq!(last["total_task_cnt"], detail["total_days"]);
        let result = rig.ask(last["result_url"].as_str().unwrap()).await;
        assert_eq!(result["report"], detail["report"]);
    }
    let (status, changes) = rig.tell("/stock/price-change/selected", "p", &json!({"symbols": ["two"]})).await;
    assert_eq!(status, 200, "{changes}");
    let rows = changes["changes"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{changes}");
    for row in rows {
        let code = row["symbol"].as_str().unwrap();
        let closes: Vec<i64> = bars().iter().filter(|r| r.code == code).map(|r| r.close).collect();
        let (before, last) = (closes[closes.len() - 2], closes[closes.len() - 1]);
        assert_eq!((row["close"].as_i64(), row["prev_close"].as_i64()), (Some(last), Some(before)));
        let percent = (last - before) as f64 / before as f64 * 100.0;
        assert!((row["change_pct"].as_f64().unwrap() - percent).abs() < 1e-9, "{row}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_simulated_is_refused_by_name() {
    let mut rig = rig(&csv(&bars())).await;
    let with = |field: &str, value: Value| {
        let mut wish = small();
        wish[field] = value;
        wish
    };
    for (wish, code) in [
        (with("kind", json!("both")), "bad_simulation_kind"),
        (with("strategy", json!("nonsense")), "unknown_strategy"),
        (with("strategy", Value::Null), "strategy_missing"),
        (with("params", json!({"fast": 50, "slow": 20})), "fast_not_faster"),
        (with("params", json!({"fast": 0})), "param_out_of_range"),
        (with("params", json!({"speed": 1})), "unknown_param"),
        (with("params", json!([1])), "bad_params"),
        (with("symbols", json!([])), "bad_simulation_symbols"),
        (with("symbols", json!(["KOSPI999"])), "unknown_symbol_set"),
        (with("from", json!("2024-02-30")), "bad_day"),
        (with("cash", json!(0)), "bad_cash"),
        (with("cash", json!(1.5)), "bad_cash"),
        (with("size", json!("lots:1")), "bad_size"),
        (with("style", json!("stop")), "bad_style"),
        (with("rules", json!("own")), "not_among"),
        (with("interval", json!("year")), "not_among"),
        (with("stop_loss", json!({"use": true})), "bad_level"),
        (with("stop_loss", json!({"use": true, "ratio": 150})), "bad_level"),
        (with("nonsense", json!(1)), "unknown_field"),
    ] {
        let (status, problem) = rig.tell("/api/v1/simulations", code, &wish).await;
        assert!((400..500).contains(&status), "{wish}: {status}");
        assert_eq!(problem["code"], code, "{wish}: {problem}");
    }
    let mut reversed = with("from", json!("2024-05-01"));
    reversed["to"] = json!("2024-04-01");
    let (_, problem) = rig.tell("/api/v1/simulations", "r", &reversed).await;
    assert_eq!(problem["code"], "days_reversed");
    let mut two = with("symbols", json!(["005930", "000660"]));
    two["kind"] = json!("single");
    let (_, problem) = rig.tell("/api/v1/simulations", "o", &two).await;
    assert_eq!(problem["code"], "one_symbol_needed");
    assert_eq!(rig.ask("/api/v1/simulations/nonsense").await["code"], "simulation_not_found");
    let strategies = rig.ask("/api/v1/strategies").await;
    let ids: Vec<&str> =
        strategies["strategies"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["rsi_bollinger", "rsi_reversion", "sma_cross"]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_in_mid_run_ends_it() {
    let mut rig = rig(&wide_csv(60, 1_500)).await;
    let id = submitted(&rig, "w", &wide()).await;
    in_mid_run(&rig, &id).await;
    let (status, _) = rig.tell(&format!("/api/v1/simulations/{id}/cancel"), "c", &json!({})).await;
    assert_eq!(status, 202);
    let seen = ended(&rig, &id).await;
    assert_eq!(seen["state"], "cancelled", "{seen}");
    assert!(seen["done_days"].as_u64().unwrap() < seen["total_days"].as_u64().unwrap(), "{seen}");
    assert!(seen["report"].is_null());
    let (status, problem) = rig.tell(&format!("/api/v1/simulations/{id}/cancel"), "c2", &json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("simulation_wrong_state")));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulation_cut_by_a_kill_is_run_again_and_ends_as_the_backtest_does() {
    let mut rig = rig(&wide_csv(60, 1_500)).await;
    let id = submitted(&rig, "w", &wide()).await;
    let waiting = submitted(&rig, "s", &json!({"kind": "bulk", "strategy": "sma_cross", "symbols": ["0A0001"]})).await;
    in_mid_run(&rig, &id).await;
    rig.kill().await;
    rig.restart().await;
    let detail = ended(&rig, &id).await;
    assert_eq!((&detail["state"], &detail["attempts"]), (&json!("completed"), &json!(2)), "{}", detail["error"]);
    equal_to_the_backtest(&detail["report"], &backtest(&rig, WIDE));
    let waited = ended(&rig, &waiting).await;
    assert_eq!((&waited["state"], &waited["attempts"]), (&json!("completed"), &json!(1)), "{}", waited["error"]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_bounded_and_says_so() {
    let mut rig = rig(&wide_csv(60, 1_500)).await;
    let first = submitted(&rig, "w", &wide()).await;
    in_mid_run(&rig, &first).await;
    let keys: Vec<String> = (0..20).map(|n| format!("k{n}")).collect();
    let wish = wide();
    let answers = join_all(keys.iter().map(|key| rig.tell("/api/v1/simulations", key, &wish))).await;
    let taken: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 202).map(|(_, body)| body).collect();
    let refused: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 429).map(|(_, body)| body).collect();
    // On a slow machine the running one may end meanwhile, and one place more is free.
    assert!((16..=18).contains(&taken.len()), "{answers:?}");
    assert_eq!(taken.len() + refused.len(), 20, "{answers:?}");
    assert!(refused.iter().all(|problem| problem["code"] == "simulation_queue_full"), "{refused:?}");
    for (n, body) in taken.iter().enumerate() {
        let id = body["id"].as_str().unwrap();
        rig.tell(&format!("/api/v1/simulations/{id}/cancel"), &format!("c{n}"), &json!({})).await;
        let seen = ended(&rig, id).await;
        assert!(seen["state"] == "cancelled" || seen["state"] == "completed", "{seen}");
    }
    rig.stop().await;
}
