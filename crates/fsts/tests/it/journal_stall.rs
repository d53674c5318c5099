//! The journal does not answer for half a minute of the market: halt acts, fills are booked, no order leaves, an alert
//! goes out.
//!
//! The stall is a real one: another connection holds the database's write lock.

use std::time::Duration;

use fsts_domain::Timestamp;
use fsts_engine::Record;
use fsts_kis_emulator::EmulatorConfig;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Executor};

use crate::drill::bars::{OPEN_S, closing_at};
use crate::drill::inbox::Inbox;
use crate::drill::{Engine, day, journal_of, log, market};
use crate::rig::{Rig, Site, Step};

const SYMBOL: &str = "0Z1010";
/// What one step of the engine may take, with all of a debug build around it.
const ONE_STEP: Duration = Duration::from_secs(1);

/// Wants to trade at each close of the other symbol.
const BOTS: &str = r#"
[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1020"]
sizing = { shares = 3 }
params = { fast = 1, slow = 2 }
"#;

/// The first symbol falls at 09:04 and fills what rests below; the other one swings.
fn site(inbox: &Inbox) -> Site {
    let falling = [71_000, 71_000, 71_000, 71_000, 70_000, 70_000, 70_000];
    let swinging = [38_400, 38_500, 38_300, 38_500, 38_300, 38_500, 38_300];
    let config = EmulatorConfig { market: closing_at(&[&falling, &swinging]), ..market(2) };
    Site::new(config).bots(BOTS).env("DISCORD_WEBHOOK_URL", inbox.url())
}

/// The write lock of a database, held.
struct Lock(AnyConnection);

impl Lock {
    async fn take(url: &str) -> Lock {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(url).await.unwrap();
        // Readers pass; whoever writes to the journal waits.
        let statements = if url.starts_with("sqlite") {
            ["PRAGMA busy_timeout = 10000", "BEGIN IMMEDIATE"]
        } else {
            ["BEGIN", "LOCK TABLE journal, lease IN EXCLUSIVE MODE"]
        };
        for statement in statements {
            connection.execute(statement).await.unwrap();
        }
        Lock(connection)
    }

    async fn release(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_journal_stops_orders_and_nothing_else_on_sqlite() {
    let inbox = Inbox::open().await;
    let rig = Rig::broker_only(site(&inbox)).await;
    let url = format!("sqlite://{}", rig.data_dir().join("fsts.db").display());
    stall(&rig, &inbox, &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_journal_stops_orders_and_nothing_else_on_postgres() {
    let Some(database) = crate::database::own().await else { return };
    let inbox = Inbox::open().await;
    let rig = Rig::broker_only(site(&inbox).env("DATABASE_URL", database.url())).await;
    stall(&rig, &inbox, database.url()).await;
    database.drop().await;
}

async fn stall(rig: &Rig, inbox: &Inbox, url: &str) {
    let mut engine = Engine::launch(rig, None).await;
    assert_eq!(engine.ready(rig).await, Ok(()), "{}", log(rig));
    walk(&engine, rig, 3 * 60 + 30).await;
    let resting = engine.post("/api/v1/orders", "resting", &order("buy", 5, 70_500)).await.unwrap();
    engine.until("idle=true", |s| s["in_flight"] == 0).await.unwrap();
    assert_eq!(of(&engine, &resting).await["state"], "acked");

    let lock = Lock::take(url).await;
    let sent = rig.wire("order-cash").await;
    // Answered when it is durable, or after 15 s with a time-out: what became of it is asked again with the same key.
    let place_late = || async { engine.post("/api/v1/orders", "late", &order("buy", 1, 71_000)).await.unwrap() };
    let halt = async {
        // After the late order is in the queue: a halt would refuse it.
        engine.until("", |s| s["in_flight"] != 0).await.unwrap();
        engine.until("", |s| s["connection"]["journal"] == "slow").await.unwrap();
        engine.post("/api/v1/halt", "halt", &json!({"reason": "the journal"})).await.unwrap()
    };
    let meanwhile = async {
        during(&engine, rig, inbox).await;
        assert_eq!(rig.wire("order-cash").await, sent, "no order leaves");
        lock.release().await;
    };
    let (_, halt, ()) = tokio::join!(place_late(), halt, meanwhile);

    let status = engine.until("idle=true", |s| s["in_flight"] == 0).await.unwrap();
    assert_eq!(status["connection"]["journal"], "ok", "{status}");
    assert_eq!(status["halted"], true, "{status}");
    assert!(halt["halted"] == true || halt["code"] == "engine_timeout", "{halt}");
    let late = of(&engine, &place_late().await).await;
    assert_eq!((&late["state"], &late["order_number"]), (&json!("refused"), &Value::Null), "{late}");
    assert_eq!(of(&engine, &resting).await["state"], "filled");
    inbox.has("the journal answers again").await;
    assert_eq!(rig.wire("order-cash").await, sent, "what waited in the journal is not sent afterwards");
    engine.stop().await;
    caught_up(url, rig, late["id"].as_str().unwrap()).await;
}

/// What works while the journal is silent.
async fn during(engine: &Engine, rig: &Rig, inbox: &Inbox) {
    let halted = engine.until("", |s| s["connection"]["journal"] == "slow").await.unwrap();
    assert_eq!(halted["reasons"][0]["code"], "journal_stalled", "{halted}");
    let halted = tokio::time::timeout(ONE_STEP, engine.until("", |s| s["halted"] == true)).await;
    assert!(matches!(halted, Ok(Ok(_))), "halt acts at once");
    inbox.has("the journal does not answer").await;
    let refused = engine.post("/api/v1/orders", "refused", &order("buy", 1, 71_000)).await.unwrap();
    assert_eq!((&refused["status"], &refused["code"]), (&json!(422), &json!("journal_stalled")), "{refused}");

    // Half a minute and more of the market: the fall fills what rests, the bot would like to trade.
    let step = step_to(rig, 5 * 60 + 10).await;
    let held = async {
        loop {
            engine.seen(step).await.unwrap();
            let positions = engine.get("/api/v1/positions").await.unwrap();
            let rows = positions.as_array().or_else(|| positions["positions"].as_array()).unwrap();
            if rows.iter().any(|p| p["symbol"] == SYMBOL && p["qty"] == 5) {
                return;
            }
        }
    };
    tokio::time::timeout(ONE_STEP, held).await.expect("a fill is booked");
    // In nights the lock is held for as long in real time.
    if std::env::var("FSTS_NIGHT").is_ok_and(|night| night == "1") {
        for _ in 0..3 {
            let wait = format!("/api/v1/status?wait_frames={}&timeout_ms=10000", u64::MAX);
            assert_eq!(engine.get(&wait).await.unwrap()["connection"]["journal"], "slow");
        }
    }
}

/// Every fact of the stall is in the journal, and the account is as the broker has it.
async fn caught_up(url: &str, rig: &Rig, late: &str) {
    let data_dir = rig.data_dir();
    let target = fsts_store::DatabaseTarget::from_settings(Some(url), &data_dir).unwrap();
    let entries = journal_of(&target).await;
    let has = |wanted: &dyn Fn(&Record) -> bool| entries.iter().filter(|e| wanted(&e.record)).count();
    assert_eq!(has(&|r| matches!(r, Record::Halted { .. })), 1);
    assert_eq!(has(&|r| matches!(r, Record::Withdrawn { id, .. } if id.to_string() == late)), 1);
    crate::drill::books::agree(&entries, &rig.truth());
    let decisions = rig.decisions(day());
    let stalled = decisions.iter().filter(|line| line.contains(r#""blocked_by":"journal_stalled""#)).count();
    assert!(stalled >= 1, "the bot wanted to trade meanwhile: {decisions:#?}");
}

fn order(side: &str, qty: i64, price: i64) -> Value {
    json!({"symbol": SYMBOL, "side": side, "type": "limit", "qty": qty, "price": price})
}

async fn of(engine: &Engine, order: &Value) -> Value {
    let id = order["id"].as_str().unwrap_or_else(|| panic!("no order: {order}"));
    engine.get(&format!("/api/v1/orders/{id}")).await.unwrap()
}

async fn step_to(rig: &Rig, second: i64) -> Step {
    let until = Timestamp::from_kst(day(), OPEN_S + second);
    rig.step(&json!({ "until_ns": until.ns().to_string() })).await
}

/// Goes instant by instant, as a bot needs it to trade on time.
async fn walk(engine: &Engine, rig: &Rig, second: i64) {
    let until = Timestamp::from_kst(day(), OPEN_S + second);
    loop {
        let step = rig.step(&json!({})).await;
        engine.worked_off(step).await.unwrap();
        if step.now >= until {
            return;
        }
    }
}
