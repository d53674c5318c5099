//! Bots by REST: made, started, paused, stopped and deleted, and what is refused in which words.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::desk::{SAMSUNG, TRICKY};
use crate::place::{Place, open};

fn wish() -> Value {
    json!({"id": "gamma", "strategy": "idle", "symbols": [SAMSUNG, TRICKY], "capital": 5_000_000,
        "params": {"period": 14}, "sizing": {"equity_percent": 2.5}, "style": "market"})
}

async fn refused(place: &Place, key: &str, change: impl FnOnce(&mut Value)) -> (u16, String) {
    let mut body = wish();
    change(&mut body);
    let (status, problem) = place.post("/api/v1/bots", key, body).await;
    (status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_made_switched_and_deleted() {
    let place = open().await;
    assert_eq!(place.read("/api/v1/bots").await["bots"], json!([]));
    let (status, made) = place.post("/api/v1/bots", "k1", wish()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!((&made["state"], &made["configured"]), (&json!("stopped"), &json!(false)));
    assert_eq!(made["sizing"], json!({"equity_percent": 2.5}));
    assert_eq!((&made["style"], &made["capital"]), (&json!("market"), &json!(5_000_000)));
    assert_eq!((&made["capital_used"], &made["params"]["period"]), (&json!(0), &json!(14.0)));
    for (n, (way, state)) in
        [("start", "running"), ("pause", "paused"), ("stop", "stopped"), ("start", "running")].into_iter().enumerate()
    {
        let path = format!("/api/v1/bots/gamma/{way}");
        let (status, bot) = place.post(&path, &format!("s{n}"), json!({})).await;
        assert_eq!((status, &bot["state"]), (StatusCode::OK, &json!(state)));
        assert_eq!(place.read("/api/v1/bots/gamma").await["state"], state);
    }
    let mut twin = wish();
    twin["id"] = json!("delta");
    twin["symbols"] = json!([TRICKY]);
    place.post("/api/v1/bots", "k2", twin).await;
    let bots = place.read("/api/v1/bots").await;
    let shared: Vec<&Value> = bots["bots"].as_array().unwrap().iter().map(|b| &b["shared_symbols"]).collect();
    assert_eq!(shared, [&json!([TRICKY]), &json!([TRICKY])]);
    let (status, gone) = place.delete("/api/v1/bots/gamma", "k3").await;
    assert_eq!((status, &gone["id"]), (StatusCode::OK, &json!("gamma")));
    let (status, problem) = place.delete("/api/v1/bots/gamma", "k4").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown_bot")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_fits_nothing_is_refused_with_its_own_code() {
    let place = open().await;
    let before = place.desk.records();
    type Change = fn(&mut Value);
    let cases: [(Change, u16, &str); 12] = [
        (|b| b["id"] = json!("no spaces please"), 400, "bad_bot_id"),
        (|b| b["id"] = json!("manual"), 422, "bot_unfit"),
        (|b| b["strategy"] = json!("wish"), 422, "bot_unfit"),
        (|b| b["symbols"] = json!([]), 400, "bad_symbols"),
        (|b| b["symbols"] = json!(["nonsense"]), 400, "bad_symbols"),
        (|b| b["symbols"] = json!(["123456"]), 404, "unknown_symbol"),
        (|b| b["capital"] = json!(0), 400, "bad_capital"),
        (|b| b["params"] = json!({"period": "x"}), 400, "bad_bot_params"),
        (|b| b["sizing"] = json!({"notional": -1}), 400, "bad_sizing"),
        (|b| b["sizing"] = json!({"equity_percent": 101}), 400, "bad_sizing"),
        (|b| b["style"] = json!({"marketable_limit": {"collar_ticks": -1}}), 400, "bad_bot_style"),
        (|b| b["wish"] = json!(1), 400, "unknown_field"),
    ];
    for (n, (change, status, code)) in cases.into_iter().enumerate() {
        assert_eq!(refused(&place, &format!("k{n}"), change).await, (status, code.to_owned()));
    }
    let (status, problem) = place.post("/api/v1/bots/nobody/start", "k20", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown_bot")));
    assert_eq!(place.desk.records(), before, "nothing was recorded");
}
