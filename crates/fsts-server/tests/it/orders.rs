//! Orders by hand: what is taken, what is refused and in which words, and what a repeat does.

use fsts_server::DeskError;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{SAMSUNG, TRICKY};
use crate::place::{Place, open};

fn limit(side: &str, qty: i64, price: i64) -> Value {
    json!({"symbol": SAMSUNG, "side": side, "type": "limit", "qty": qty, "price": price})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_by_hand_is_recorded_sent_filled_and_shown() {
    let place = open().await;
    let (status, order) = place.post("/api/v1/orders", "k1", limit("buy", 3, 70_900)).await;
    assert_eq!(status, StatusCode::CREATED, "{order}");
    assert_eq!(order["bot"], "manual");
    assert_eq!((&order["type"], &order["price"], &order["qty"]), (&json!("limit"), &json!(70_900), &json!(3)));
    let id = order["id"].as_str().unwrap().to_owned();
    let open_orders = place.read("/api/v1/orders?open=true").await;
    assert_eq!(open_orders["orders"][0]["id"], id.as_str());
    assert_eq!(open_orders["orders"][0]["state"], "acked");
    let number = open_orders["orders"][0]["order_number"].as_str().unwrap().to_owned();

    place.desk.fill(&number, 1, 70_900).await;
    let partly = place.read(&format!("/api/v1/orders/{id}")).await;
    assert_eq!((&partly["state"], &partly["filled_qty"]), (&json!("partially_filled"), &json!(1)));
    place.desk.fill(&number, 2, 70_800).await;
    let filled = place.read(&format!("/api/v1/orders/{id}")).await;
    assert_eq!((&filled["state"], &filled["filled_amount"]), (&json!("filled"), &json!(70_900 + 2 * 70_800)));
    assert_eq!(place.read("/api/v1/orders?open=true").await["orders"], json!([]));
    let ended = place.read("/api/v1/orders?open=false").await;
    assert_eq!(ended["orders"].as_array().unwrap().len(), 1);

    let history = place.read("/api/v1/trade/history?limit=1").await;
    assert_eq!(history["fills"].as_array().unwrap().len(), 1);
    assert_eq!((&history["fills"][0]["qty"], &history["fills"][0]["order_id"]), (&json!(2), &json!(id)));
    let positions = place.read("/api/v1/positions").await;
    assert_eq!(positions["positions"][0]["qty"], 13);
    let bars = place.read(&format!("/api/v1/bars/{SAMSUNG}?interval=1m")).await;
    assert_eq!(bars["marks"].as_array().unwrap().len(), 2, "{bars}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_what_is_left() {
    let place = open().await;
    let (_, order) = place.post("/api/v1/orders", "k1", limit("buy", 3, 70_900)).await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    let (status, cancelled) = place.delete(&path, "k2").await;
    assert_eq!((status, &cancelled["state"]), (StatusCode::ACCEPTED, &json!("cancelled")));
    let (status, again) = place.delete(&path, "k3").await;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("not_open")));
    let (status, unknown) = place.delete("/api/v1/orders/999", "k4").await;
    assert_eq!((status, &unknown["code"]), (StatusCode::NOT_FOUND, &json!("order_not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_number_cannot_be_cancelled_yet() {
    let place = open().await;
    place.desk.silence();
    let (_, order) = place.post("/api/v1/orders", "k1", limit("buy", 3, 70_900)).await;
    assert_eq!(order["order_number"], Value::Null);
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    let (status, refused) = place.delete(&path, "k2").await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("no_order_number_yet")));
    let (status, refused) = place.post(&format!("{path}/bind"), "k3", json!({"order_number": "42"})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("not_disputed")));
    place.desk.answer().await;
    assert_eq!(place.delete(&path, "k4").await.0, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_equal_posts_make_one_order() {
    let place = open().await;
    let posts = (0..100).map(|_| place.post("/api/v1/orders", "same", limit("buy", 1, 70_900)));
    let answers = futures_util::future::join_all(posts).await;
    let first = answers.first().unwrap().1["id"].clone();
    for (status, order) in &answers {
        assert_eq!((*status, &order["id"]), (StatusCode::CREATED, &first));
    }
    assert_eq!(place.desk.orders_ever(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_for_one_wish_however_its_body_is_written() {
    let place = open().await;
    let (_, order) = place.post("/api/v1/orders", "k", limit("buy", 1, 70_900)).await;
    let spaced =
        format!("{{ \"price\":70900, \"qty\":1 , \"type\":\"limit\",\"side\":\"buy\",\"symbol\":\"{SAMSUNG}\" }}");
    let write = place.write(Method::POST, "/api/v1/orders", "k").header("Content-Type", "application/json");
    let again: Value = write.body(spaced).send().await.unwrap().json().await.unwrap();
    assert_eq!(again["id"], order["id"]);
    let old_name = json!({"symbol": SAMSUNG, "qty": 1, "price": 70_900});
    assert_eq!(place.post("/api/v1/trade/buy", "k", old_name).await.1["id"], order["id"]);
    let (status, other) = place.post("/api/v1/orders", "k", limit("buy", 2, 70_900)).await;
    assert_eq!((status, &other["code"]), (StatusCode::CONFLICT, &json!("key_reused")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_by_name_and_leaves_no_record() {
    let place = open().await;
    let before = place.desk.records();
    let with = |field: &str, value: Value| {
        let mut body = limit("buy", 1, 70_900);
        body[field] = value;
        body
    };
    let market = json!({"symbol": SAMSUNG, "side": "buy", "type": "market", "qty": 1, "price": 70_900});
    let no_price = json!({"symbol": SAMSUNG, "side": "buy", "type": "limit", "qty": 1});
    let cases = [
        (with("symbol", json!("삼성전자")), 400, "bad_symbol"),
        (with("symbol", json!(5930)), 400, "bad_symbol"),
        (with("symbol", json!("999999")), 422, "unknown_symbol"),
        (with("side", json!("hold")), 400, "bad_side"),
        (with("type", json!("stop")), 400, "bad_type"),
        (with("qty", json!(0)), 400, "bad_quantity"),
        (with("qty", json!(-1)), 400, "bad_quantity"),
        (with("qty", json!(1.5)), 400, "bad_quantity"),
        (with("qty", json!("1")), 400, "bad_quantity"),
        (with("qty", json!(9_000_000_000_000_000_000_i64)), 400, "bad_quantity"),
        (with("price", json!(0)), 400, "bad_price"),
        (with("price", json!(70_900.5)), 400, "bad_price"),
        (with("stop", json!(70_000)), 400, "unknown_field"),
        (market, 400, "price_not_allowed"),
        (no_price, 400, "price_missing"),
        (with("price", Value::Null), 400, "price_missing"),
        (with("price", json!(70_950)), 422, "off_tick"),
        (with("price", json!(100_000)), 422, "out_of_band"),
        (with("qty", json!(150)), 422, "cash"),
        (with("qty", json!(1_000_000)), 422, "quantity_limit"),
        (limit("sell", 11, 71_000), 422, "shares"),
        (json!([1, 2]), 400, "bad_json"),
    ];
    for (n, (body, status, code)) in cases.into_iter().enumerate() {
        let (got, problem) = place.post("/api/v1/orders", &format!("case-{n}"), body.clone()).await;
        assert_eq!((got.as_u16(), &problem["code"]), (status, &json!(code)), "{body} → {problem}");
        assert_eq!(problem["status"], status);
        for text in ["title", "detail", "request_id"] {
            assert!(!problem[text].as_str().unwrap().is_empty(), "{code} has no {text}");
        }
    }
    assert_eq!(place.desk.records(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_tells_its_numbers_in_the_readers_language() {
    let place = open().await;
    let body = limit("buy", 1, 70_950);
    for (language, word) in [("ko", "가까운 호가"), ("en-GB", "neighbouring ticks")] {
        let write = place.write(Method::POST, "/api/v1/orders", language).header("Accept-Language", language);
        let response = write.json(&body).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: Value = response.json().await.unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(word) && detail.contains("70,900") && detail.contains("71,000"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_names_take_the_same_road() {
    let place = open().await;
    let (status, bought) = place.post("/api/v1/trade/buy", "b", json!({"symbol": TRICKY, "qty": 1})).await;
    assert_eq!((status, &bought["type"], &bought["price"]), (StatusCode::CREATED, &json!("market"), &Value::Null));
    let wish = json!({"symbol": SAMSUNG, "qty": 2, "price": 71_500});
    let (status, sold) = place.post("/api/v1/trade/sell", "s", wish).await;
    assert_eq!((status, &sold["type"], &sold["side"]), (StatusCode::CREATED, &json!("limit"), &json!("sell")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_stops_buying_until_it_is_resumed() {
    let place = open().await;
    let (status, halted) = place.post("/api/v1/halt", "h", json!({"reason": "점심 시간"})).await;
    assert_eq!((status, &halted["halted"], &halted["reason"]), (StatusCode::OK, &json!(true), &json!("점심 시간")));
    let (status, refused) = place.post("/api/v1/orders", "o1", limit("buy", 1, 70_900)).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("halted")));
    assert_eq!(place.post("/api/v1/orders", "o2", limit("sell", 1, 71_500)).await.0, StatusCode::CREATED);
    let bare = place.write(Method::POST, "/api/v1/resume", "r").send().await.unwrap();
    assert_eq!(bare.json::<Value>().await.unwrap()["halted"], false);
    assert_eq!(place.read("/api/v1/status").await["halted"], false);
    assert_eq!(place.post("/api/v1/orders", "o1", limit("buy", 1, 70_900)).await.0, StatusCode::CREATED);
    let (status, refused) = place.post("/api/v1/halt", "h2", json!({"reason": "two\nlines"})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("bad_reason")));
}

async fn lost(place: &Place, error: DeskError) -> (u16, Value) {
    place.desk.lose(Some(error));
    let (status, problem) = place.post("/api/v1/orders", "lost", limit("buy", 1, 70_900)).await;
    (status.as_u16(), problem["code"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_answer_is_told_apart_from_one_that_refuses() {
    let place = open().await;
    assert_eq!(lost(&place, DeskError::Stopped).await, (503, json!("engine_stopped")));
    assert_eq!(lost(&place, DeskError::Busy).await, (503, json!("engine_busy")));
    assert_eq!(lost(&place, DeskError::TimedOut).await, (504, json!("engine_timeout")));
    place.desk.lose(None);
    assert_eq!(place.post("/api/v1/orders", "lost", limit("buy", 1, 70_900)).await.0, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symbol_can_be_released_only_when_it_is_known() {
    let place = open().await;
    let (status, released) = place.post(&format!("/api/v1/symbols/{SAMSUNG}/release"), "r1", json!({})).await;
    assert_eq!((status, &released["frozen"]), (StatusCode::OK, &json!(false)));
    let (status, problem) = place.post("/api/v1/symbols/123456/release", "r2", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown_symbol")));
}
