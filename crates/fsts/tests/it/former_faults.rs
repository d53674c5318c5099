//! Faults of the former program that only show in a running one, each by the number that the list of them has; the others are
//! beside the simulations.

use std::path::Path;

use fsts_domain::{Side, Timestamp};
use fsts_engine::{Purpose, Record};
use fsts_kis_emulator::EmulatorConfig;
use serde_json::{Value, json};

use crate::drill::bars::{OPEN_S, closing_at};
use crate::drill::{day, journal, market};
use crate::rig::{Rig, Site};

const RISING: [i64; 12] =
    [20_000, 19_900, 20_200, 20_300, 20_400, 20_500, 20_400, 20_000, 19_900, 19_800, 19_900, 20_000];
const FALLING: [i64; 12] =
    [20_000, 19_900, 19_800, 19_800, 19_800, 18_900, 18_800, 18_800, 18_900, 19_000, 19_000, 19_000];

const BOTS: &str = "
[[bots]]
id = 'rule'
strategy = 'sma_cross'
symbols = ['0Z1010']
sizing = { shares = 10 }
params = { fast = 1, slow = 2 }

[[bots]]
id = 'stop'
strategy = 'rsi_reversion'
symbols = ['0Z1020']
sizing = { shares = 10 }
params = { period = 2, oversold = 50, overbought = 99, stop_loss_pct = 3, take_profit_pct = 0 }
";

fn config() -> EmulatorConfig {
    let mut config = market(2);
    config.symbols.iter_mut().for_each(|s| s.base = fsts_domain::Price::new(20_000).unwrap());
    EmulatorConfig { market: closing_at(&[&RISING, &FALLING]), ..config }
}

/// Holdings were loaded without shares, so nothing was ever sold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_1_the_live_path_sells_by_its_rule_and_by_a_stop_loss() {
    let mut rig = Rig::start(Site::new(config()).bots(BOTS)).await;
    rig.go_to_end().await;
    rig.stop().await;
    let entries = journal(&rig).await;
    let approved = entries.iter().filter_map(|e| match &e.record {
        Record::Approved(order) => Some(order),
        _ => None,
    });
    let sells: Vec<_> =
        approved.filter(|o| o.side == Side::Sell).map(|o| (o.bot.to_string(), o.purpose, o.qty.get())).collect();
    assert!(sells.contains(&("rule".to_owned(), Purpose::Target, 10)), "{sells:?}");
    assert!(sells.contains(&("stop".to_owned(), Purpose::Protection, 10)), "{sells:?}");
    let sold: Vec<_> = rig.truth().orders.iter().filter(|o| o.side == Side::Sell).map(|o| o.filled_qty.get()).collect();
    assert!(sold.len() >= 2 && sold.iter().all(|qty| *qty == 10), "whole positions, and at the broker: {sold:?}");
    let words: Vec<Value> = rig.decisions(day()).iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(words.iter().any(|d| d["signal"] == "stop_loss" && d["intent"]["side"] == "sell"), "{words:?}");
}

fn contains(folder: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contains(&path, word));
        } else if std::fs::read(&path).unwrap().windows(word.len()).any(|w| w == word.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Passwords lay in clear and were compared in a scan, a session was taken from the address, and the broker's token lay in a
/// store for files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_9_no_password_lies_in_clear_and_no_address_signs_anybody_in() {
    const PASSWORD: &str = "a canary that sings";
    let mut rig = Rig::broker_only(Site::new(config()).bots(BOTS)).await;
    rig.launch().await;
    let code = rig.setup_code();
    rig.wait_ready().await;
    let body = json!({ "code": code, "user": "kim", "password": PASSWORD });
    let (status, made) = rig.tell("/api/v1/session/setup", "first", &body).await;
    assert!(status == 200 || status == 201, "{status} {made}");
    for path in ["/api/v1/balance?login=true", "/api/v1/balance?user=kim&login=true", "/api/v1/orders?login=true"] {
        let stranger = reqwest::get(rig.url(path)).await.unwrap();
        let problem: Value = stranger.json().await.unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(401), &json!("sign_in_first")), "{path}");
    }
    let (status, problem) =
        rig.tell("/api/v1/session/login", "wrong", &json!({ "user": "kim", "password": "something else" })).await;
    assert_eq!((status, &problem["code"]), (401, &json!("bad_login")), "{problem}");
    rig.stop().await;
    assert_eq!(contains(&rig.data_dir(), PASSWORD), Vec::<String>::new());
    // The broker's token is in its own file alone, which nobody else may read.
    let token = std::fs::read_dir(rig.data_dir().join("token")).unwrap().map(|e| e.unwrap().path());
    let files: Vec<_> = token.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files[0]).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let kept: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    assert_eq!(contains(&rig.data_dir(), kept["token"].as_str().unwrap()), [files[0].display().to_string()]);
}

/// `GET /trade` traded, or rather failed always; the schedule stood in the source.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_10_no_read_trades_and_the_schedule_is_a_setting() {
    let jobs = format!("{BOTS}\n[[jobs]]\nname = 'trading-run'\nschedule = 'at 09:05 on trading days'\n");
    let rig = Rig::start(Site::new(config()).bots(&jobs)).await;
    let problem = rig.ask("/trade").await;
    assert_eq!((&problem["status"], &problem["code"]), (&json!(405), &json!("old_trade")));
    assert_eq!(rig.wire("order-cash").await, 0);
    rig.go_until(Timestamp::from_kst(day(), OPEN_S + 300)).await;
    rig.wait_until("the run at its own time", async || {
        let history = rig.ask("/api/v1/jobs/trading-run/history").await;
        let due = json!(Timestamp::from_kst(day(), OPEN_S + 300).ns().to_string());
        history["runs"].as_array().unwrap().iter().any(|r| r["due_ns"] == due && r["outcome"] == "ok")
    })
    .await;
}
