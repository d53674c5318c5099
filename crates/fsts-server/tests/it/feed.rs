//! The live feed: picture first, then what happens; foreign pages and slow readers are turned away.

use std::sync::Arc;
use std::time::Duration;

use fsts_engine::EventKind;
use fsts_server::views::ReasonView;
use fsts_server::{Desk, FeedMessage, Topic};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::desk::{SAMSUNG, Shared, morning};
use crate::place::{Place, open};

/// Far beyond anything that a working answer takes; no test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

struct Reader(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Reader {
    async fn open(place: &Place, query: &str) -> Reader {
        let url = format!("ws://{}/api/v1/feed{query}", place.address);
        Reader(connect_async(url).await.unwrap().0)
    }

    /// The next message, or the code with which the server closed.
    async fn hear(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    async fn next_of(&mut self, topic: &str) -> Value {
        loop {
            let message = self.hear().await.unwrap();
            if message["topic"] == topic {
                return message;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_a_picture_and_then_each_change_with_rising_numbers() {
    let place = open().await;
    let mut reader = Reader::open(&place, "").await;
    let picture = reader.hear().await.unwrap();
    assert_eq!(picture["topic"], "snapshot");
    for part in ["status", "balance", "positions", "orders", "fills"] {
        assert!(!picture["data"][part].is_null(), "{part}");
    }
    let wish = json!({"symbol": SAMSUNG, "side": "buy", "type": "limit", "qty": 1, "price": 70_900});
    let (_, order) = place.post("/api/v1/orders", "k", wish).await;
    let mut seq = picture["seq"].as_u64().unwrap();
    for state in ["approved", "acked"] {
        let told = reader.hear().await.unwrap();
        seq += 1;
        assert_eq!((&told["topic"], &told["seq"]), (&json!("order"), &json!(seq)), "{told}");
        assert_eq!(told["data"]["id"], order["id"]);
        if state == "acked" {
            assert_eq!(told["data"]["state"], state);
        }
    }
    let number = place.read("/api/v1/orders?open=true").await["orders"][0]["order_number"].clone();
    place.desk.fill(number.as_str().unwrap(), 1, 70_900).await;
    assert_eq!(reader.next_of("fill").await["data"]["order_id"], order["id"]);

    let mut back = Reader::open(&place, &format!("?after={seq}")).await;
    let resent = back.hear().await.unwrap();
    assert_eq!((&resent["seq"], &resent["topic"]), (&json!(seq + 1), &json!("order")), "no second picture");
    let mut late = Reader::open(&place, "?after=1").await;
    let anew = late.hear().await.unwrap();
    assert_eq!(anew["topic"], "snapshot");
    assert_eq!(anew["data"]["orders"][0]["state"], "filled");
    assert_eq!(anew["data"]["fills"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_burst_of_quotes_a_reader_hears_few_and_always_the_last() {
    let place = open().await;
    let mut reader = Reader::open(&place, "").await;
    reader.next_of("snapshot").await;
    for last in 1..=500 {
        let view = json!({"symbol": SAMSUNG, "last": last});
        place.desk.tell(FeedMessage::new(Topic::Quote, morning(), &view));
    }
    let mut heard = 0;
    while reader.next_of("quote").await["data"]["last"] != 500 {
        heard += 1;
    }
    assert!(heard < 50, "{heard} of 500");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_told_in_the_readers_words() {
    let place = open().await;
    place.desk.silence();
    place.desk.happen(EventKind::Clock).await;
    let mut korean = Reader::open(&place, "?lang=ko").await;
    let mut english = Reader::open(&place, "?lang=en").await;
    let words = |picture: Value| picture["data"]["status"]["reasons"][0]["message"].clone();
    assert_eq!(words(korean.next_of("snapshot").await), "증권사와 맞추는 중이에요");
    assert_eq!(words(english.next_of("snapshot").await), "reconciling");
    let mut status = Shared(Arc::clone(&place.desk)).snapshot().status.clone();
    status.reasons = vec![ReasonView::of("stream_down")];
    place.desk.tell(FeedMessage::new(Topic::Status, morning(), &status));
    let words = |told: Value| told["data"]["reasons"][0]["message"].clone();
    assert_eq!(words(korean.next_of("status").await), "실시간 연결이 끊겼어요");
    assert_eq!(words(english.next_of("status").await), "the stream is down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_cannot_open_the_feed() {
    let place = open().await;
    let own = format!("http://{}", place.address);
    for (name, value, welcome) in [
        ("Origin", own.as_str(), true),
        ("Origin", "http://evil.example", false),
        ("Origin", "null", false),
        ("Sec-Fetch-Site", "cross-site", false),
        ("Host", "rebound.example", false),
    ] {
        let mut request = format!("ws://{}/api/v1/feed", place.address).into_client_request().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        match connect_async(request).await {
            Ok(_) => assert!(welcome, "{name}: {value}"),
            Err(Error::Http(response)) => {
                assert!(!welcome, "{name}: {value}");
                assert_eq!(response.status().as_u16(), 403);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_let_go_and_the_others_hear_on() {
    let place = open().await;
    let mut sleepy = Reader::open(&place, "").await;
    let mut awake = Reader::open(&place, "").await;
    sleepy.next_of("snapshot").await;
    awake.next_of("snapshot").await;
    let padding = "x".repeat(32 * 1024);
    for round in 0..30 {
        for n in 0..100 {
            let id = round * 100 + n;
            place.desk.tell(FeedMessage::new(Topic::Alert, morning(), &json!({"id": id, "padding": padding})));
        }
        while awake.next_of("alert").await["data"]["id"] != round * 100 + 99 {}
    }
    let end = loop {
        if let Err(code) = sleepy.hear().await {
            break code;
        }
    };
    // Try again later; on a slow machine the time for a goodbye may be over before the reader begins to read.
    assert!(matches!(end, Some(1013) | None), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_says_goodbye_to_readers() {
    let mut place = open().await;
    let mut reader = Reader::open(&place, "").await;
    reader.next_of("snapshot").await;
    timeout(PATIENCE, place.close()).await.unwrap();
    assert_eq!(reader.hear().await, Err(Some(1001)));
}
