//! Reads: the old and the new names, the long poll, and how recent answers say they are.

use std::sync::Arc;
use std::time::Duration;

use fsts_engine::EventKind;
use fsts_store::{Alert, Severity};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::desk::{SAMSUNG, START_CASH, TRICKY, TRICKY_NAME, morning};
use crate::place::{STREAM, open};

/// Far beyond anything that a working answer takes; no test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn money_and_holdings_are_those_of_the_engine() {
    let place = open().await;
    let balance = place.read("/api/v1/balance").await;
    assert_eq!((&balance["cash"], &balance["orderable_cash"]), (&json!(START_CASH), &json!(START_CASH)));
    assert_eq!((&balance["positions_value"], &balance["unrealized_pnl"]), (&json!(710_000), &json!(10_000)));
    let positions = place.read("/api/v1/positions").await;
    let held = &positions["positions"][0];
    assert_eq!((&held["name"], &held["avg_price"]), (&json!("삼성전자"), &json!("70000.00")));
    assert_eq!(held["slices"], json!([{"bot": "External", "qty": 10}]));
    assert!(held["last_price_ns"].is_string(), "instants are text");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_has_its_new_and_its_old_names() {
    let place = open().await;
    assert_eq!(place.read("/healthz").await, json!({"status": "ok"}));
    assert_eq!(place.read("/health").await, json!({"status": "ok", "version": "0.1.0", "mode": "paper", "checks": {}}));
    assert_eq!(place.read("/readyz").await, json!({"ready": true, "reasons": []}));
    place.desk.silence();
    place.desk.happen(EventKind::Clock).await;
    for (language, words) in [("ko", "증권사와 맞추는 중이에요"), ("en", "reconciling")] {
        let request = place.client.get(place.url("/readyz")).header("Accept-Language", language);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["reasons"], json!([{"code": "reconciling", "message": words}]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_trade_changes_nothing_and_tells_what_to_call() {
    let place = open().await;
    let before = place.desk.records();
    let response = place.get("/trade?symbol=005930&qty=1").await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let problem: Value = response.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("POST /api/v1/trade/buy"), "{problem}");
    assert_eq!(place.get("/api/v1/trade/buy").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(place.desk.records(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_answers_when_all_is_done_and_not_before() {
    let place = Arc::new(open().await);
    place.desk.silence();
    let wish = json!({"symbol": SAMSUNG, "side": "buy", "type": "limit", "qty": 1, "price": 70_900});
    place.post("/api/v1/orders", "k", wish).await;
    let early = place.read("/api/v1/status?idle=true&timeout_ms=50").await;
    assert_ne!(early["in_flight"], 0, "the time-out answers with how far things are");
    let waiting = tokio::spawn({
        let place = Arc::clone(&place);
        async move { place.read("/api/v1/status?idle=true&timeout_ms=10000").await }
    });
    place.desk.answer().await;
    let status = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(status["in_flight"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_follows_frames_and_the_market_clock() {
    let place = open().await;
    let frames = place.read("/api/v1/status").await["frames"].as_u64().unwrap();
    let path = format!("/api/v1/status?wait_frames={}&timeout_ms=10000", frames + 1);
    let (status, _) = tokio::join!(place.read(&path), place.desk.happen(EventKind::Clock));
    assert!(status["frames"].as_u64().unwrap() > frames);

    let later = morning().plus_s(60);
    place.desk.advance_clock(later);
    let path = format!("/api/v1/status?wait_at_ns={}&timeout_ms=10000", later.ns());
    let status = place.read(&path).await;
    assert_eq!(status["clock"]["now_ns"], later.ns().to_string());
    assert_eq!(status["as_of"]["age_ms"], 60_000, "the last event is as old as the clock says");
    let path = format!("/api/v1/status?wait_as_of_ns={}&timeout_ms=10000", later.ns());
    let (status, _) = tokio::join!(place.read(&path), place.desk.happen(EventKind::Clock));
    assert_eq!(status["as_of"]["at_ns"], later.ns().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn series_and_alerts_come_from_the_archive() {
    let place = open().await;
    for (second, equity) in [(0, 10_700_000), (1, 10_710_000)] {
        let at = morning().plus_s(second);
        place.store.put_equity(STREAM, at, fsts_domain::Won::new(equity)).await.unwrap();
    }
    let line = place.read("/api/v1/equity?limit=10").await;
    let t = morning().ns() / 1_000_000_000;
    assert_eq!(line["points"], json!([{"t": t, "equity": 10_700_000}, {"t": t + 1, "equity": 10_710_000}]));
    let alert = Alert {
        id: Alert::id_of(STREAM, 1, "halted"),
        stream: STREAM.to_owned(),
        seq: 1,
        kind: "halted".to_owned(),
        severity: Severity::Warning,
        message_ko: "멈췄어요".to_owned(),
        message_en: "halted".to_owned(),
        at: morning(),
        channel: fsts_store::Channel::Alarm,
        symbol: None,
    };
    place.store.enqueue_alert(&alert).await.unwrap();
    let alerts = place.read("/api/v1/alerts").await;
    assert_eq!((&alerts["alerts"][0]["kind"], &alerts["alerts"][0]["delivered"]), (&json!("halted"), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_and_the_watch_list_are_by_symbol() {
    let place = open().await;
    let quote = place.read(&format!("/api/v1/quotes/{TRICKY}")).await;
    assert_eq!((&quote["name"], &quote["last"]), (&json!(TRICKY_NAME), &json!(200_000)));
    assert_eq!((&quote["lower_limit"], &quote["upper_limit"]), (&json!(140_000), &json!(260_000)));
    for (path, status, code) in [
        ("/api/v1/quotes/123456", 404, "no_quote"),
        ("/api/v1/quotes/%3Cb%3E", 400, "bad_symbol"),
        ("/api/v1/bars/005930?interval=2h", 400, "bad_query"),
        ("/api/v1/orders?limit=-1", 400, "bad_query"),
        ("/api/v1/orders/abc", 404, "order_not_found"),
        ("/api/v1/nothing", 404, "not_found"),
    ] {
        let response = place.get(path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], code, "{path}");
    }
    let (status, list) = place.post("/api/v1/watchlist", "w", json!({"symbols": [SAMSUNG]})).await;
    assert_eq!((status, &list), (StatusCode::OK, &json!({"symbols": [SAMSUNG]})));
    assert_eq!(place.read("/api/v1/watchlist").await, list);
    let (status, problem) = place.post("/api/v1/watchlist", "w2", json!({"symbols": ["nope"]})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("bad_symbols")));
}
