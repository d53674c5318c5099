//! The stream session over a real socket: registrations, heartbeats, encrypted notices, coming back.

use std::sync::Arc;
use std::time::Duration;

use fsts_engine::NoticeKind;
use fsts_kis::decode::{FrameError, SessionKey};
use fsts_kis::{DownReason, StreamControl, StreamEnd, StreamEvent, StreamSettings, Subscription};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::account::Client;
use crate::stub::{Reply, Stub};

const KEY: &str = "abcdefghijklmnopabcdefghijklmnop";
const IV: &str = "0123456789abcdef";
const HEARTBEAT: &str = r#"{"header":{"tr_id":"PINGPONG","datetime":"20261120093000"}}"#;

/// The broker's side of the stream, played by the test.
struct Broker {
    listener: TcpListener,
    _rest: Stub,
    control: StreamControl,
    events: UnboundedReceiver<StreamEvent>,
    end: JoinHandle<StreamEnd>,
}

impl Broker {
    async fn start(desired: &[Subscription]) -> Broker {
        let rest = Stub::start(|_, nth| Reply::ok(format!(r#"{{"approval_key":"approval-{nth}"}}"#))).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ws_url = format!("ws://{}", listener.local_addr().unwrap());
        let client = Client::with(&rest.url, &ws_url, Arc::new(tempfile::tempdir().unwrap()));
        let backoff = (Duration::from_millis(1), Duration::from_millis(5));
        let (stream, control) = client.kis.stream(StreamSettings { backoff, ..StreamSettings::loopback() });
        control.desire(desired).unwrap();
        let (out, events) = unbounded_channel();
        let end = tokio::spawn(stream.run(move |event| {
            let _ = out.send(event);
        }));
        Broker { listener, _rest: rest, control, events, end }
    }

    async fn accept(&self) -> Session {
        let (socket, _) = self.listener.accept().await.unwrap();
        Session(tokio_tungstenite::accept_async(socket).await.unwrap())
    }

    /// The next event that is not the end of a frame.
    async fn event(&mut self) -> StreamEvent {
        loop {
            match self.events.recv().await.unwrap() {
                StreamEvent::FrameEnd { .. } => {}
                event => return event,
            }
        }
    }
}

struct Session(WebSocketStream<TcpStream>);

impl Session {
    async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text.to_owned())).await.unwrap();
    }

    async fn text(&mut self) -> String {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return text.to_string(),
                other => assert!(other.is_ping() || other.is_pong(), "{other:?}"),
            }
        }
    }

    /// Answers the next registration with a code and returns what it asked for.
    async fn answer(&mut self, code: &str) -> (String, String, String) {
        let asked: Value = serde_json::from_str(&self.text().await).unwrap();
        let part = |pointer: &str| asked.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let (tr_id, tr_key) = (part("/body/input/tr_id"), part("/body/input/tr_key"));
        let rt_cd = if code == "OPSP0000" || code == "OPSP0001" { "0" } else { "1" };
        let body = json!({"rt_cd": rt_cd, "msg_cd": code, "msg1": "", "output": {"iv": IV, "key": KEY}});
        let encrypt = if tr_id == "H0STCNI9" { "Y" } else { "N" };
        let header = json!({"tr_id": tr_id, "tr_key": tr_key, "encrypt": encrypt});
        self.send(&json!({"header": header, "body": body}).to_string()).await;
        (part("/header/tr_type"), tr_id, tr_key)
    }
}

fn trades(symbol: &str) -> Subscription {
    Subscription::Trades(symbol.parse().unwrap())
}

fn asked(tr_type: &str, tr_id: &str, tr_key: &str) -> (String, String, String) {
    (tr_type.to_owned(), tr_id.to_owned(), tr_key.to_owned())
}

fn trade_frame(price: &str) -> String {
    let mut cells = vec!["0"; 47];
    (cells[0], cells[1], cells[2], cells[12], cells[13], cells[33]) =
        ("005930", "093000", price, "7", "100", "20261120");
    format!("0|H0STCNT0|001|{}", cells.join("^"))
}

fn notice_frame(account: &str) -> String {
    let mut cells = vec![""; 26];
    (cells[1], cells[2], cells[4], cells[5], cells[8]) = (account, "0000000042", "02", "0", "005930");
    (cells[9], cells[10], cells[11]) = ("0000000003", "000071900", "093000");
    (cells[12], cells[13], cells[14], cells[15], cells[16]) = ("0", "2", "2", "06010", "000000010");
    format!("1|H0STCNI9|001|{}", SessionKey::new(KEY, IV).unwrap().encrypt(&cells.join("^")))
}

#[tokio::test]
async fn notices_are_registered_first_and_everything_that_comes_is_told() {
    let mut broker = Broker::start(&[trades("005930"), trades("000660")]).await;
    let mut session = broker.accept().await;
    assert_eq!(session.answer("OPSP0000").await, asked("1", "H0STCNI9", "someone"));
    assert_eq!(session.answer("OPSP0000").await, asked("1", "H0STCNT0", "005930"));
    assert_eq!(session.answer("OPSP0008").await, asked("1", "H0STCNT0", "000660"));
    let refused = vec![(trades("000660"), "OPSP0008".to_owned())];
    assert_eq!(broker.event().await, StreamEvent::Up { confirmed: 2, refused });
    session.send(HEARTBEAT).await;
    assert_eq!(session.text().await, HEARTBEAT);
    session.send(&trade_frame("71900")).await;
    let StreamEvent::Trade(trade) = broker.event().await else { panic!("a trade was sent") };
    assert_eq!(trade.price.get(), 71_900);
    session.send(&notice_frame("9999999901")).await;
    session.send(&notice_frame("1234567801")).await;
    let StreamEvent::Notice(notice) = broker.event().await else { panic!("a notice of ours was sent") };
    assert!(matches!(notice.kind, NoticeKind::Filled { qty, .. } if qty.get() == 3), "{notice:?}");
    session.send(&trade_frame("-1")).await;
    let bad = broker.event().await;
    let error = FrameError::Cell { cell: 2, record: 0 };
    assert_eq!(bad, StreamEvent::BadFrame { tr_id: "H0STCNT0".to_owned(), error });
    session.send(&trade_frame("71800")).await;
    assert!(matches!(broker.event().await, StreamEvent::Trade(_)), "the next good frame works");
    assert_eq!(broker.events.recv().await, Some(StreamEvent::FrameEnd { frames: 5 }));
    assert_eq!(broker.control.frames(), 5);
}

#[tokio::test]
async fn a_session_that_ended_comes_back_with_all_registrations_and_without_its_keys() {
    let mut broker = Broker::start(&[trades("005930")]).await;
    let mut session = broker.accept().await;
    session.answer("OPSP0000").await;
    session.answer("OPSP0000").await;
    assert!(matches!(broker.event().await, StreamEvent::Up { confirmed: 2, .. }));
    session.0.close(None).await.unwrap();
    assert!(matches!(broker.event().await, StreamEvent::Down { reason: DownReason::Closed(_) }));
    let mut session = broker.accept().await;
    session.send(&notice_frame("1234567801")).await;
    let early = StreamEvent::BadFrame { tr_id: "H0STCNI9".to_owned(), error: FrameError::NoKey };
    assert_eq!(broker.event().await, early);
    assert_eq!(session.answer("OPSP0000").await, asked("1", "H0STCNI9", "someone"));
    assert_eq!(session.answer("OPSP0000").await, asked("1", "H0STCNT0", "005930"));
    assert!(matches!(broker.event().await, StreamEvent::Up { confirmed: 2, .. }));
}

#[tokio::test]
async fn a_change_of_what_is_desired_removes_and_registers_the_difference() {
    let mut broker = Broker::start(&[trades("005930")]).await;
    let mut session = broker.accept().await;
    session.answer("OPSP0000").await;
    session.answer("OPSP0000").await;
    assert!(matches!(broker.event().await, StreamEvent::Up { confirmed: 2, .. }));
    let book = Subscription::Book("000660".parse().unwrap());
    broker.control.desire(&[book]).unwrap();
    assert_eq!(session.answer("OPSP0001").await, asked("2", "H0STCNT0", "005930"));
    assert_eq!(session.answer("OPSP0000").await, asked("1", "H0STASP0", "000660"));
    assert_eq!(broker.event().await, StreamEvent::Up { confirmed: 2, refused: vec![] });
    let too_many: Vec<_> = (0..41).map(|n| trades(&format!("{n:06}"))).collect();
    assert!(broker.control.desire(&too_many).is_err());
}

#[tokio::test]
async fn a_key_that_another_session_keeps_is_not_fought_for() {
    let mut broker = Broker::start(&[]).await;
    for _ in 0..3 {
        broker.accept().await.answer("OPSP8996").await;
        assert_eq!(broker.event().await, StreamEvent::Down { reason: DownReason::KeyInUse });
    }
    assert_eq!(broker.end.await.unwrap(), StreamEnd::KeyInUse);
}

#[tokio::test]
async fn refused_notices_take_the_session_down() {
    let mut broker = Broker::start(&[trades("005930")]).await;
    broker.accept().await.answer("OPSP0007").await;
    let reason = DownReason::NoticesRefused { code: "OPSP0007".to_owned(), message: String::new() };
    assert_eq!(broker.event().await, StreamEvent::Down { reason });
}

#[tokio::test]
async fn a_stop_closes_the_session_in_order() {
    let mut broker = Broker::start(&[]).await;
    let mut session = broker.accept().await;
    session.answer("OPSP0000").await;
    assert!(matches!(broker.event().await, StreamEvent::Up { confirmed: 1, .. }));
    broker.control.stop();
    assert!(matches!(session.0.next().await, Some(Ok(Message::Close(_)))));
    drop(session);
    assert_eq!(broker.end.await.unwrap(), StreamEnd::Stopped);
}
