//! The committed description is the one that the routes make, and the words in it are those of the domain.

use std::path::Path;

use fsts_domain::{OrderState, Side};
use fsts_krx::SessionPart;
use fsts_server::openapi_json;
use serde_json::{Value, json};

/// Ask for something else: the sender's signature instead of the token, or the token with reads too and no key.
const APART: [&str; 2] = ["/discord/interactions", "/mcp"];

fn committed_path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[test]
fn the_committed_description_is_that_of_the_routes() {
    let made = openapi_json();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(committed_path(), &made).unwrap();
    }
    let committed = std::fs::read_to_string(committed_path()).unwrap_or_default();
    assert!(committed == made, "docs/openapi.json differs from the routes; UPDATE_OPENAPI=1 writes it anew");
}

/// Every write of the committed description: method, path with its parts filled in, and a body that would do.
pub fn writes() -> Vec<(String, String, Value)> {
    let api: Value = serde_json::from_str(&std::fs::read_to_string(committed_path()).unwrap()).unwrap();
    let mut writes = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap().iter().filter(|(path, _)| !APART.contains(&path.as_str()))
    {
        for method in methods.as_object().unwrap().keys().filter(|m| *m != "get" && *m != "parameters") {
            let filled = path.replace("{id}", "1").replace("{symbol}", "005930").replace("{name}", "backup");
            let body = match path.as_str() {
                "/api/v1/orders" => {
                    json!({"symbol": "005930", "side": "buy", "type": "limit", "qty": 1, "price": 70_900})
                }
                "/api/v1/trade/buy" | "/api/v1/trade/sell" => json!({"symbol": "005930", "qty": 1}),
                "/api/v1/bots" => json!({"id": "one", "strategy": "idle", "symbols": ["005930"]}),
                "/api/v1/session/setup" => json!({"code": "AAAAA-AAAAA", "user": "kim", "password": "a good password"}),
                "/api/v1/session/login" => json!({"user": "kim", "password": "a good password"}),
                "/api/v1/watchlist" => json!({"symbols": ["005930"]}),
                "/api/v1/discord/send" => json!({"message": "안녕하세요"}),
                "/api/v1/orders/{id}/bind" => json!({"order_number": "1"}),
                _ => json!({}),
            };
            writes.push((method.to_uppercase(), filled, body));
        }
    }
    writes
}

#[test]
fn every_write_asks_for_the_token_and_a_key() {
    let api: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut seen = 0;
    for (path, methods) in api["paths"].as_object().unwrap().iter().filter(|(path, _)| !APART.contains(&path.as_str()))
    {
        for (method, operation) in methods.as_object().unwrap() {
            let writes = method != "get";
            let door = matches!(path.as_str(), "/api/v1/session/setup" | "/api/v1/session/login");
            let expected = if door { json!([{}]) } else { json!([{"token": []}]) };
            assert_eq!(operation["security"] == expected, writes, "{method} {path}");
            let keyed =
                operation["parameters"].as_array().is_some_and(|p| p.iter().any(|p| p["name"] == "Idempotency-Key"));
            assert_eq!(keyed, writes, "{method} {path}");
            seen += usize::from(writes);
        }
    }
    assert_eq!(seen, writes().len());
    assert!(seen >= 9, "{seen}");
}

fn documented(api: &Value, schema: &str) -> Vec<Value> {
    let words = &api["components"]["schemas"][schema];
    let from_variants = |choices: &Vec<Value>| {
        choices.iter().flat_map(|c| c["enum"].as_array().cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let list = words["enum"].as_array().cloned();
    list.or_else(|| words["oneOf"].as_array().map(from_variants)).unwrap_or_default()
}

#[test]
fn the_documented_words_are_those_that_are_sent() {
    let api: Value = serde_json::from_str(&openapi_json()).unwrap();
    let words = |values: Vec<Value>| values;
    let states = [
        OrderState::Approved,
        OrderState::Sending,
        OrderState::Acked,
        OrderState::PartiallyFilled,
        OrderState::Filled,
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Refused,
        OrderState::Ambiguous,
        OrderState::PresumedNotPlaced,
        OrderState::Disputed,
    ];
    let parts = [
        SessionPart::Closed,
        SessionPart::PreOpen,
        SessionPart::OpeningAuction,
        SessionPart::Continuous,
        SessionPart::ClosingAuction,
        SessionPart::PostClose,
        SessionPart::AfterMarket,
        SessionPart::AlwaysOpen,
    ];
    let sent = |value: Value| value.as_array().cloned().unwrap();
    assert_eq!(words(documented(&api, "OrderState")), sent(json!(states)));
    assert_eq!(words(documented(&api, "SessionPart")), sent(json!(parts)));
    assert_eq!(words(documented(&api, "Side")), sent(json!([Side::Buy, Side::Sell])));
}
