//! An order whose answer got lost: nothing opens on its symbol, a stop-loss still works, and the daily list finds it.

use fsts_domain::Timestamp;
use fsts_engine::{AckedBy, Record};
use fsts_kis_emulator::EmulatorConfig;
use serde_json::{Value, json};

use crate::drill::bars::{OPEN_S, closing_at};
use crate::drill::{day, journal, market};
use crate::rig::{Rig, Site};

const SYMBOL: &str = "0Z1010";
const OTHER: &str = "0Z1020";
/// A quantity that no other order of the test has.
const LOST_QTY: i64 = 7;

/// Buys 10 when the price has fallen three times, sells when it is 3 % below what they cost.
const BOTS: &str = r#"
[[bots]]
id = "rsi"
strategy = "rsi_reversion"
symbols = ["0Z1010"]
sizing = { shares = 10 }
params = { period = 2, oversold = 20, stop_loss_pct = 3, take_profit_pct = 0, intrabar = 1 }
"#;

/// The bot has bought at 09:03, the price stands, and falls through the stop at 09:06.
fn site() -> Site {
    let quiet = market(2);
    let falling = [71_000, 70_800, 70_600, 70_600, 70_600, 70_600, 67_000, 67_000, 67_000];
    let config = EmulatorConfig { market: closing_at(&[&falling, &[38_400; 9]]), ..quiet };
    Site::new(config).bots(BOTS).env("FSTS_KIS_ORDER_TIMEOUT_MS", "300")
}

fn order(symbol: &str, side: &str, qty: i64, price: i64) -> Value {
    json!({"symbol": symbol, "side": side, "type": "limit", "qty": qty, "price": price})
}

async fn step_to(rig: &Rig, second: i64) {
    let until = Timestamp::from_kst(day(), OPEN_S + second);
    rig.go_until(until).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_an_answer_is_frozen_adopted_and_sent_once() {
    let mut rig = Rig::start(site()).await;
    step_to(&rig, 4 * 60).await;
    let (status, _) = rig.tell("/api/v1/orders", "held", &order(SYMBOL, "buy", 4, 70_900)).await;
    assert_eq!(status, 201);
    step_to(&rig, 4 * 60 + 30).await;
    assert_eq!(held(&rig), 14, "the bot's and a person's");

    // The answer is lost, and so is every look at the order list: nobody knows for a while.
    rig.control_post("faults", &json!({"drop_reply": "order-cash", "count": 1})).await;
    rig.control_post("faults", &json!({"http_500": "inquire-daily-ccld", "count": 100_000})).await;
    let sent = rig.wire("order-cash").await;
    let (status, placed) = rig.tell("/api/v1/orders", "lost", &order(SYMBOL, "buy", LOST_QTY, 70_900)).await;
    assert_eq!(status, 201, "{placed}");
    let path = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    rig.wait_status("frozen", "", |s| s["frozen"][0]["symbol"] == json!(SYMBOL)).await;
    assert_eq!(rig.ask(&path).await["state"], json!("ambiguous"));

    let (status, refused) = rig.tell("/api/v1/orders", "more", &order(SYMBOL, "buy", 1, 70_600)).await;
    assert_eq!((status, &refused["code"]), (422, &json!("frozen")), "{refused}");
    let (status, _) = rig.tell("/api/v1/orders", "other", &order(OTHER, "buy", 1, 38_400)).await;
    assert_eq!(status, 201, "other symbols trade");
    let (status, sold) = rig.tell("/api/v1/orders", "less", &order(SYMBOL, "sell", 4, 70_300)).await;
    assert_eq!(status, 201, "a person may sell what is surely held: {sold}");
    rig.wait_status("answered", "idle=true", |s| s["in_flight"] == 0).await;
    assert_eq!(rig.wire("order-cash").await, sent + 3);

    // The fall: the bot's stop-loss goes out beside the unknown order, and the bot may not buy again.
    step_to(&rig, 7 * 60 + 30).await;
    assert_eq!(rig.wire("order-cash").await, sent + 4);
    let stop = rig.truth().orders.iter().filter(|o| o.qty.get() == 10 && o.side == fsts_domain::Side::Sell).count();
    assert_eq!(stop, 1, "the stop-loss");
    assert_eq!(rig.ask(&path).await["state"], json!("ambiguous"), "still unknown");

    rig.control_post("faults", &json!({"clear": true})).await;
    // A failed look is repeated ever less often, at most a minute apart.
    step_to(&rig, 8 * 60 + 40).await;
    let found = rig.ask(&path).await;
    let theirs: Vec<_> = rig.truth().orders.into_iter().filter(|o| o.qty.get() == LOST_QTY).collect();
    assert_eq!(theirs.len(), 1, "one transmission, one order");
    assert_eq!(found["state"], json!("filled"), "{found}");
    assert_eq!(found["order_number"], json!(theirs[0].number.to_string()));
    assert_eq!(rig.ask("/api/v1/status").await["frozen"], json!([]));
    let (status, again) = rig.tell("/api/v1/orders", "again", &order(SYMBOL, "buy", 1, 67_200)).await;
    assert_eq!(status, 201, "{again}");
    rig.wait_status("answered", "idle=true", |s| s["in_flight"] == 0).await;
    assert_eq!(rig.wire("order-cash").await as usize, rig.truth().orders.len(), "each order was transmitted once");
    rig.stop().await;
    in_the_journal(&rig, placed["id"].as_str().unwrap()).await;
}

fn held(rig: &Rig) -> i64 {
    rig.truth().positions.get(&SYMBOL.parse().unwrap()).map_or(0, |p| p.qty.get())
}

/// Unknown first, then found in the list.
async fn in_the_journal(rig: &Rig, id: &str) {
    let about = |record: &Record| match record {
        Record::Ambiguous { id, .. } => Some((id.to_string(), None)),
        Record::Acked { id, by, .. } => Some((id.to_string(), Some(*by))),
        _ => None,
    };
    let entries = journal(rig).await;
    let steps: Vec<_> = entries.iter().filter_map(|e| about(&e.record)).filter(|(of, _)| of == id).collect();
    let expected = [None, Some(AckedBy::Inquiry)].map(|by| (id.to_owned(), by));
    assert_eq!(steps, expected);
}
