//! Two accounts in one program: each trades by itself, none meets the other's orders, and none stops the other.

use fsts_domain::{OrderKind, Side, Timestamp, Won};
use fsts_engine::{Book, Entry, Record};
use fsts_kis_emulator::{AccountTruth, EmuAccount, EmulatorConfig};
use fsts_store::{DatabaseTarget, Store, StoredRecord, stream_of};
use serde_json::{Value, json};

use crate::drill::bars::{OPEN_S, swinging};
use crate::drill::{day, market};
use crate::rig::{ACCOUNT, Rig, Site, Step};

const SECOND: &str = "5000000201";
const MINUTES: i64 = 30;

/// One buys when prices rise, the other when they fall, and all that in the same shares.
const BOTS: &str = r#"
[[accounts]]
name = "second"
app_key = "key-of-the-second"
app_secret = "secret-of-the-second"
account = "5000000201"
hts_id = "tester2"

[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020", "0Z1040"]
sizing = { shares = 5 }
params = { fast = 1, slow = 2 }

[[bots]]
id = "rsi"
account = "second"
strategy = "rsi_reversion"
symbols = ["0Z1010", "0Z1020", "0Z1040"]
sizing = { shares = 7 }
params = { period = 2, oversold = 45, overbought = 55, stop_loss_pct = 0, take_profit_pct = 0 }
"#;

fn second(app_secret: &str) -> EmuAccount {
    EmuAccount {
        no: SECOND.parse().unwrap(),
        app_key: "key-of-the-second".to_owned(),
        app_secret: app_secret.to_owned(),
        hts_id: "tester2".to_owned(),
        cash: Won::new(100_000_000),
    }
}

fn config(minutes: i64) -> EmulatorConfig {
    let mut config = market(3);
    config.market = swinging(&config.symbols, minutes, 2, 7);
    config.accounts.push(second("secret-of-the-second"));
    config
}

/// The settings hold secrets.
fn site(config: EmulatorConfig, bots: &str) -> Site {
    Site::new(config).bots(bots)
}

async fn start(site: Site) -> Rig {
    let rig = Rig::broker_only(site).await;
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
    std::fs::set_permissions(rig.dir().join("fsts.toml"), mode).unwrap();
    rig
}

async fn status(rig: &Rig, account: &str) -> Value {
    rig.ask(&format!("/api/v1/status?account={account}&idle=true&timeout_ms=200")).await
}

async fn wait_ready(rig: &Rig, account: &str) {
    rig.wait_until(&format!("{account} ready"), async || {
        let status = status(rig, account).await;
        status["ready"] == json!(true) && status["in_flight"] == json!(0)
    })
    .await;
}

/// Waits until both accounts have seen a step whole and owe no answer.
async fn settle(rig: &Rig, step: Step, frames_before: u64) {
    rig.wait_until(&format!("both settled at {step:?}"), async || {
        let (mut frames, mut rest) = (0, true);
        for account in ["main", "second"] {
            let status = status(rig, account).await;
            let at: i64 = status["as_of"]["at_ns"].as_str().unwrap().parse().unwrap();
            frames += status["frames"].as_u64().unwrap();
            rest &= at >= step.now.ns() && status["in_flight"] == json!(0);
        }
        rest && frames >= step.frames - frames_before
    })
    .await;
}

/// Frames that the broker had sent before the program listened.
async fn frames_before(rig: &Rig) -> u64 {
    let sent = rig.control("clock").await["frames"].as_u64().unwrap();
    let mut seen = 0;
    for account in ["main", "second"] {
        seen += status(rig, account).await["frames"].as_u64().unwrap();
    }
    sent - seen
}

/// One instant after the other, so that the times in both journals can be compared.
async fn trade_until(rig: &Rig, end: Timestamp, frames_before: u64) {
    loop {
        let step = rig.step(&json!({})).await;
        settle(rig, step, frames_before).await;
        if step.now >= end {
            return;
        }
    }
}

fn truth(rig: &Rig, number: &str) -> AccountTruth {
    rig.emulator.accounts().into_iter().find(|a| a.account == number).unwrap()
}

async fn journal(rig: &Rig, number: &str) -> Vec<Entry> {
    let store = Store::open(&DatabaseTarget::from_settings(None, &rig.data_dir()).unwrap()).await.unwrap();
    let stream = stream_of(&number.parse().unwrap(), "mock");
    store.verify(&stream).await.unwrap();
    let records = store.read_from(&stream, 0).await.unwrap();
    store.close().await;
    records.iter().map(StoredRecord::entry).collect::<Result<_, _>>().unwrap()
}

/// Our orders and shares of an account are the broker's.
fn agree(entries: &[Entry], truth: &AccountTruth) -> usize {
    crate::drill::books::agree(entries, truth).fill_count
}

/// An order that was sent: its side, limit and symbol, and from when until when it was live by the market's clock.
struct Lived {
    symbol: String,
    side: Side,
    price: i64,
    from: Timestamp,
    to: Timestamp,
}

fn lives(entries: &[Entry]) -> Vec<Lived> {
    let mut book = Book::new(&[]);
    let mut lives: std::collections::BTreeMap<u64, Lived> = std::collections::BTreeMap::new();
    for entry in entries {
        book.apply(entry);
        match &entry.record {
            Record::Approved(order) => {
                let OrderKind::Limit(price) = order.kind else { panic!("bots place limit orders") };
                let (symbol, side) = (order.symbol.to_string(), order.side);
                let (from, to) = (entry.at, Timestamp::from_ns(i64::MAX));
                lives.insert(order.id.0, Lived { symbol, side, price: price.get(), from, to });
            }
            // Nothing of it ever was at the broker.
            Record::Withdrawn { id, .. } => drop(lives.remove(&id.0)),
            Record::Refused { id, code, .. } if code == fsts_kis::NOT_SENT => drop(lives.remove(&id.0)),
            Record::Filled { id, .. } | Record::Closed { id, .. } | Record::Refused { id, .. } => {
                let open = book.order(*id).is_some_and(|o| !o.open_qty().is_zero());
                if let (false, Some(life)) = (open, lives.get_mut(&id.0)) {
                    life.to = life.to.min(entry.at);
                }
            }
            _ => {}
        }
    }
    lives.into_values().collect()
}

fn could_meet(a: &Lived, b: &Lived) -> bool {
    let together = a.from < b.to && b.from < a.to;
    let (buy, sell) = if a.side == Side::Buy { (a, b) } else { (b, a) };
    together && a.symbol == b.symbol && a.side != b.side && buy.price >= sell.price
}

fn not_sent(entries: &[Entry]) -> usize {
    let crossing =
        |e: &&Entry| matches!(&e.record, Record::Refused { message, .. } if message.contains("another account"));
    entries.iter().filter(crossing).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_trade_at_once_through_a_kill_and_their_orders_never_meet() {
    let mut rig = start(site(config(MINUTES), BOTS)).await;
    rig.restart().await;
    wait_ready(&rig, "second").await;
    let before = frames_before(&rig).await;
    trade_until(&rig, Timestamp::from_kst(day(), OPEN_S + MINUTES / 2 * 60), before).await;

    rig.kill().await;
    rig.restart().await;
    wait_ready(&rig, "second").await;
    let before = frames_before(&rig).await;
    trade_until(&rig, Timestamp::from_kst(day(), OPEN_S + (MINUTES + 2) * 60), before).await;
    for (name, number) in [("main", ACCOUNT), ("second", SECOND)] {
        let balance = rig.ask(&format!("/api/v1/balance?account={name}")).await;
        assert_eq!(balance["cash"], json!(truth(&rig, number).cash), "{name}");
        let bots = rig.ask(&format!("/api/v1/bots?account={name}")).await["bots"].as_array().unwrap().clone();
        assert!(bots.len() == 1 && bots[0]["account"] == json!(name), "{bots:?}");
    }
    rig.stop().await;

    let (first, other) = (journal(&rig, ACCOUNT).await, journal(&rig, SECOND).await);
    let fills = (agree(&first, &truth(&rig, ACCOUNT)), agree(&other, &truth(&rig, SECOND)));
    assert!(fills.0 > 8 && fills.1 > 8, "{fills:?}");
    let (ours, theirs) = (lives(&first), lives(&other));
    for a in &ours {
        for b in &theirs {
            assert!(!could_meet(a, b), "{} {:?} at {} and {:?} at {}", a.symbol, a.side, a.from, b.side, b.from);
        }
    }
    println!("fills {fills:?}, held back {} and {}", not_sent(&first), not_sent(&other));
}

/// An order by hand, and how it stands when it has come to rest.
async fn place(rig: &Rig, account: &str, key: &str, body: &Value) -> Value {
    let (code, order) = rig.tell(&format!("/api/v1/orders?account={account}"), key, body).await;
    assert_eq!(code, 201, "{order}");
    let path = format!("/api/v1/orders/{}?account={account}", order["id"].as_str().unwrap());
    rig.wait_until("an answer of the broker", async || rig.ask(&path).await["state"] != json!("sending")).await;
    rig.ask(&path).await
}

const QUIET: &str = r#"
[[accounts]]
name = "second"
app_key = "key-of-the-second"
app_secret = "secret-of-the-second"
account = "5000000201"
hts_id = "tester2"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_could_meet_one_of_the_other_account_is_not_sent() {
    let mut rig = start(site(config(6), QUIET)).await;
    rig.restart().await;
    wait_ready(&rig, "second").await;
    let before = frames_before(&rig).await;
    trade_until(&rig, Timestamp::from_kst(day(), OPEN_S + 120), before).await;
    let last = rig.ask("/api/v1/quotes/0Z1010").await["last"].as_i64().unwrap();
    let order =
        |side: &str, price: i64| json!({"symbol": "0Z1010", "side": side, "type": "limit", "qty": 3, "price": price});
    // Far below the market: it rests.
    let resting = last - 3_000;
    let bid = place(&rig, "main", "bid", &order("buy", resting)).await;
    assert_eq!(bid["state"], "acked", "{bid}");

    let bought = place(&rig, "second", "in", &order("buy", last + 500)).await;
    assert!(["acked", "partially_filled", "filled"].contains(&bought["state"].as_str().unwrap()), "{bought}");
    trade_until(&rig, Timestamp::from_kst(day(), OPEN_S + 240), before).await;
    let sent = rig.wire("order-cash").await;
    let ask = place(&rig, "second", "out", &order("sell", resting)).await;
    assert_eq!((&ask["state"], rig.wire("order-cash").await), (&json!("refused"), sent), "nothing left: {ask}");
    assert!(ask["reason"].as_str().unwrap().contains("another account"), "{ask}");
    // Above the other's limit they can't meet.
    let above = place(&rig, "second", "above", &order("sell", last + 2_500)).await;
    assert_eq!(above["state"], "acked", "{above}");

    let cancel = format!("{}?account=main", rig.url(&format!("/api/v1/orders/{}", bid["id"].as_str().unwrap())));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = http.delete(cancel).bearer_auth(crate::rig::TOKEN).header("Idempotency-Key", "c").send().await.unwrap();
    assert_eq!(reply.status(), 202);
    let path = format!("/api/v1/orders/{}?account=main", bid["id"].as_str().unwrap());
    let mut clock = OPEN_S + 241;
    while rig.ask(&path).await["state"] != json!("cancelled") {
        let until = Timestamp::from_kst(day(), clock).ns().to_string();
        rig.step(&json!({ "until_ns": until })).await;
        clock += 1;
        assert!(clock < OPEN_S + 330, "the cancel is confirmed: {}", rig.ask(&path).await);
    }
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let first = rig.url(&format!("/api/v1/orders/{}?account=second", above["id"].as_str().unwrap()));
    http.delete(first).bearer_auth(crate::rig::TOKEN).header("Idempotency-Key", "d").send().await.unwrap();
    let path = format!("/api/v1/orders/{}?account=second", above["id"].as_str().unwrap());
    while rig.ask(&path).await["state"] != json!("cancelled") {
        rig.step(&json!({ "until_ns": Timestamp::from_kst(day(), clock).ns().to_string() })).await;
        clock += 1;
        assert!(clock < OPEN_S + 420, "the cancel is confirmed");
    }
    let ask = place(&rig, "second", "out-again", &order("sell", resting)).await;
    assert_ne!(ask["state"], "refused", "the way is free: {ask}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_whose_login_fails_leaves_the_other_trading() {
    let mut broken = config(10);
    broken.accounts[1].app_secret = "another secret".to_owned();
    let mut rig = start(site(broken, BOTS)).await;
    rig.launch().await;
    rig.wait_ready().await;
    let accounts = rig.ask("/api/v1/accounts").await["accounts"].as_array().unwrap().clone();
    let row = |n: usize, field: &str| accounts[n][field].clone();
    assert_eq!((row(0, "key"), row(0, "ready"), row(0, "is_default")), (json!("main"), json!(true), json!(true)));
    assert_eq!((row(1, "key"), row(1, "ready"), row(1, "state")), (json!("second"), json!(false), json!("running")));
    for until in (30..=600).step_by(30) {
        let step = rig.step(&json!({ "until_ns": Timestamp::from_kst(day(), OPEN_S + until).ns().to_string() })).await;
        rig.wait_until("main has seen it", async || {
            let status = status(&rig, "main").await;
            let at: i64 = status["as_of"]["at_ns"].as_str().unwrap().parse().unwrap();
            at >= step.now.ns() && status["in_flight"] == json!(0)
        })
        .await;
    }
    let (main, other) = (truth(&rig, ACCOUNT), truth(&rig, SECOND));
    assert!(main.orders.len() > 3 && other.orders.is_empty(), "{} and {}", main.orders.len(), other.orders.len());
    assert_eq!(status(&rig, "second").await["ready"], json!(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_another_program_holds_is_told_and_the_other_runs() {
    let mut rig = start(site(config(6), BOTS)).await;
    // Another program on the same database trades the second account.
    let store_url = format!("sqlite://{}", rig.dir().join("shared.db").display());
    rig.set_env("DATABASE_URL", Some(&store_url));
    let store = Store::open(&DatabaseTarget::from_settings(Some(&store_url), &rig.data_dir()).unwrap()).await.unwrap();
    let since = Timestamp::from_kst(day(), 0);
    let holder = fsts_store::Holder { pid: 1, host: "elsewhere".to_owned(), run_id: "r".to_owned(), since };
    let stream = stream_of(&SECOND.parse().unwrap(), "mock");
    let lease = fsts_store::take_lease(&store, &stream, holder).await.unwrap();

    rig.launch().await;
    rig.wait_ready().await;
    let accounts = rig.ask("/api/v1/accounts").await["accounts"].as_array().unwrap().clone();
    assert_eq!((&accounts[1]["key"], &accounts[1]["state"]), (&json!("second"), &json!("failed")));
    assert!(accounts[1]["reasons"][0]["message"].as_str().unwrap().contains("elsewhere"), "{accounts:?}");
    let problem = rig.ask("/api/v1/balance?account=second").await;
    assert_eq!((&problem["status"], &problem["code"]), (&json!(503), &json!("account_failed")));
    let unknown = rig.ask("/api/v1/balance?account=third").await;
    assert_eq!((&unknown["status"], &unknown["code"]), (&json!(404), &json!("account_not_found")));
    let alerts = rig.ask("/api/v1/alerts").await["alerts"].as_array().unwrap().clone();
    assert!(alerts.iter().any(|a| a["kind"] == "account_failed"), "{alerts:?}");
    rig.stop().await;
    drop(lease);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_is_for_all_accounts_or_for_the_one_that_is_named() {
    let mut rig = start(site(config(6), BOTS)).await;
    rig.restart().await;
    wait_ready(&rig, "second").await;
    let halted = async |rig: &Rig| {
        let of = async |account: &str| status(rig, account).await["halted"] == json!(true);
        (of("main").await, of("second").await)
    };
    assert_eq!(rig.tell("/api/v1/halt?account=second", "a", &json!({ "reason": "one" })).await.0, 200);
    assert_eq!(halted(&rig).await, (false, true));
    assert_eq!(rig.tell("/api/v1/resume?account=second", "b", &json!({})).await.0, 200);
    assert_eq!(halted(&rig).await, (false, false));
    assert_eq!(rig.tell("/api/v1/halt", "c", &json!({ "reason": "all" })).await.0, 200);
    assert_eq!(halted(&rig).await, (true, true));
    rig.wait_until("alerts of both accounts by name", async || {
        let alerts = rig.ask("/api/v1/alerts").await["alerts"].as_array().unwrap().clone();
        let told = |label: &str| {
            alerts.iter().any(|a| a["kind"] == "halted" && a["message_en"].as_str().unwrap().starts_with(label))
        };
        told("[main ********01]") && told("[second ********01]")
    })
    .await;
    assert_eq!(rig.tell("/api/v1/resume", "d", &json!({})).await.0, 200);
    assert_eq!(halted(&rig).await, (false, false));
}
