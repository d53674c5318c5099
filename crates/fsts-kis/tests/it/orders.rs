//! Orders: what is on the wire, how often, and what each answer proves.

use fsts_domain::{OrderKind, Price, Side, Timestamp};
use fsts_engine::{CancelOutcome, SubmitOutcome};
use fsts_kis::NOT_SENT;

use crate::account::{Client, today};
use crate::proof;
use crate::stub::{Reply, Request, Stub};

const ACKED: &str = r#"{"rt_cd":"0","msg_cd":"APBK0013","msg1":"sent",
    "output":{"KRX_FWDG_ORD_ORGNO":"06010","ODNO":"0001569157","ORD_TMD":"093107"}}"#;

fn limit() -> OrderKind {
    OrderKind::Limit(Price::new(71_900).unwrap())
}

/// One buy against a stub that always answers so, and the transmissions that it saw.
async fn buy_answered_by(reply: Reply) -> (SubmitOutcome, Vec<Request>) {
    let stub = Stub::start(move |_, _| reply.clone()).await;
    let client = Client::of(&stub.url);
    let outcome = client.kis.submit(proof::order(Side::Buy, limit())).await;
    (outcome, stub.seen("/order-cash"))
}

#[tokio::test]
async fn an_accepted_order_gives_its_number_and_says_every_field() {
    let (outcome, seen) = buy_answered_by(Reply::ok(ACKED)).await;
    let SubmitOutcome::Acked { number, branch, at } = outcome else { panic!("{outcome:?}") };
    assert_eq!((number.to_string().as_str(), branch.as_str()), ("0001569157", "06010"));
    assert_eq!(at, Timestamp::from_kst(today(), 9 * 3600 + 31 * 60 + 7));
    assert_eq!(seen.len(), 1);
    let expected = serde_json::json!({
        "CANO": "12345678", "ACNT_PRDT_CD": "01", "PDNO": "005930", "ORD_DVSN": "00", "ORD_QTY": "3",
        "ORD_UNPR": "71900", "CNDT_PRIC": "", "SLL_TYPE": "", "EXCG_ID_DVSN_CD": "KRX",
    });
    assert_eq!(seen[0].json(), expected);
    let header = |name: &str| seen[0].headers[name].clone();
    assert_eq!((header("tr_id"), header("custtype")), ("VTTC0012U".to_owned(), "P".to_owned()));
    assert_eq!(header("authorization"), "Bearer token-0");
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test]
async fn a_market_sell_says_that_it_is_a_normal_sell_without_a_price() {
    let stub = Stub::start(|_, _| Reply::ok(ACKED.to_lowercase().replace("\"output\"", "\"Output\""))).await;
    let client = Client::of(&stub.url);
    let outcome = client.kis.submit(proof::order(Side::Sell, OrderKind::Market)).await;
    assert!(matches!(outcome, SubmitOutcome::Acked { .. }), "lower-case answer: {outcome:?}");
    let seen = stub.seen("/order-cash");
    let body = seen[0].json();
    assert_eq!(seen[0].headers["tr_id"], "VTTC0011U");
    assert_eq!((&body["SLL_TYPE"], &body["ORD_DVSN"], &body["ORD_UNPR"]), (&"01".into(), &"01".into(), &"0".into()));
}

#[tokio::test]
async fn no_connection_is_a_refusal_that_was_not_sent() {
    let mut stub = Stub::start(|_, _| Reply::failed("EGW00001")).await;
    let client = Client::of(&stub.url);
    client.kis.tokens().token().await.unwrap();
    stub.close().await;
    let outcome = client.kis.submit(proof::order(Side::Buy, limit())).await;
    assert!(matches!(&outcome, SubmitOutcome::Refused { code, .. } if code == NOT_SENT), "{outcome:?}");
    assert!(stub.seen("/order-cash").is_empty());
}

#[tokio::test]
async fn no_token_means_that_nothing_was_sent() {
    let stub = Stub::start_bare(|_, _| Reply::Json(403, "", r#"{"error_code":"EGW00103"}"#.to_owned())).await;
    let outcome = Client::of(&stub.url).kis.submit(proof::order(Side::Buy, limit())).await;
    assert!(matches!(&outcome, SubmitOutcome::Refused { code, .. } if code == NOT_SENT), "{outcome:?}");
    assert!(stub.seen("/order-cash").is_empty());
}

#[tokio::test]
async fn whatever_proves_nothing_is_ambiguous_and_was_sent_exactly_once() {
    let no_number = r#"{"rt_cd":"0","msg_cd":"APBK0013","msg1":"sent","output":{"ODNO":"","ORD_TMD":"093107"}}"#;
    let contradiction = r#"{"rt_cd":"1","msg_cd":"EGW00201","msg1":"","output":{"ODNO":"0000000042"}}"#;
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", ACKED.len(), &ACKED[..60]);
    let unread = "HTTP/1.1 307 Moved\r\nLocation: /elsewhere/order-cash\r\nContent-Length: 0\r\n\r\n";
    for (what, reply) in [
        ("reply swallowed", Reply::Swallow),
        ("connection cut before an answer", Reply::Raw(String::new())),
        ("body cut", Reply::Raw(cut)),
        ("HTML 502", Reply::Json(502, "", "<html>bad gateway</html>".to_owned())),
        ("redirect", Reply::Raw(unread.to_owned())),
        ("empty body", Reply::ok("")),
        ("unknown code", Reply::failed("APBK9999")),
        ("check the last transaction", Reply::failed("EGW00302")),
        ("routing failure", Reply::failed("EGW00202")),
        ("success without a number", Reply::ok(no_number)),
        ("refusal that names an order", Reply::ok(contradiction)),
    ] {
        let (outcome, seen) = buy_answered_by(reply).await;
        assert!(matches!(outcome, SubmitOutcome::Ambiguous { .. }), "{what}: {outcome:?}");
        assert_eq!(seen.len(), 1, "{what}");
    }
}

#[tokio::test]
async fn proven_refusals_are_refusals_and_are_not_sent_again() {
    for code in ["EGW00201", "EGW00123", "40580000", "APBK0952"] {
        let (outcome, seen) = buy_answered_by(Reply::failed(code)).await;
        let expected = SubmitOutcome::Refused { code: code.to_owned(), message: "no".to_owned() };
        assert_eq!(outcome, expected);
        assert_eq!(seen.len(), 1, "{code}");
    }
}

#[tokio::test]
async fn each_order_has_a_connection_of_its_own_even_when_the_broker_closes_the_last() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ACKED}", ACKED.len());
    let stub = Stub::start(move |_, _| Reply::Raw(head.clone())).await;
    let client = Client::of(&stub.url);
    for _ in 0..5 {
        let outcome = client.kis.submit(proof::order(Side::Buy, limit())).await;
        assert!(matches!(outcome, SubmitOutcome::Acked { .. }), "{outcome:?}");
    }
    assert_eq!(stub.seen("/order-cash").len(), 5);
}

#[tokio::test]
async fn an_order_with_a_dead_token_is_refused_and_the_next_one_has_a_new_token() {
    let stub = Stub::start(|request, _| match request.headers["authorization"].as_str() {
        "Bearer token-0" => Reply::failed("EGW00123"),
        _ => Reply::ok(ACKED),
    })
    .await;
    let client = Client::of(&stub.url);
    let first = client.kis.submit(proof::order(Side::Buy, limit())).await;
    assert!(matches!(&first, SubmitOutcome::Refused { code, .. } if code == "EGW00123"), "{first:?}");
    client.clock.set(crate::account::half_past_nine().plus_s(120));
    let second = client.kis.submit(proof::order(Side::Buy, limit())).await;
    assert!(matches!(second, SubmitOutcome::Acked { .. }), "{second:?}");
}

#[tokio::test]
async fn a_cancel_names_the_original_and_all_of_its_rest() {
    let stub = Stub::start(|_, _| Reply::ok(ACKED)).await;
    let outcome = Client::of(&stub.url).kis.cancel(proof::cancel(limit())).await;
    assert_eq!(outcome, CancelOutcome::Accepted);
    let seen = stub.seen("/order-rvsecncl");
    assert_eq!(seen[0].headers["tr_id"], "VTTC0013U");
    let expected = serde_json::json!({
        "CANO": "12345678", "ACNT_PRDT_CD": "01", "KRX_FWDG_ORD_ORGNO": "06010", "ORGN_ODNO": "0000000042",
        "ORD_DVSN": "00", "RVSE_CNCL_DVSN_CD": "02", "ORD_QTY": "0", "ORD_UNPR": "0", "QTY_ALL_ORD_YN": "Y",
        "EXCG_ID_DVSN_CD": "KRX",
    });
    assert_eq!(seen[0].json(), expected);
}

#[tokio::test]
async fn a_cancel_with_nothing_left_is_refused_and_an_unknown_code_leaves_it_open() {
    for (code, refused) in [("40330000", true), ("IGW00022", true), ("APBK9999", false), ("EGW00301", false)] {
        let stub = Stub::start(move |_, _| Reply::failed(code)).await;
        let outcome = Client::of(&stub.url).kis.cancel(proof::cancel(limit())).await;
        assert_eq!(matches!(outcome, CancelOutcome::Refused { .. }), refused, "{code}: {outcome:?}");
        assert_eq!(stub.seen("/order-rvsecncl").len(), 1, "{code}");
    }
}
