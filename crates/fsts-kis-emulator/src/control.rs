//! `/_emulator/*`: the clock, steps, faults, and what the emulator knows. For tests and demos, not part of the broker.

use std::time::Duration;

use fsts_domain::Timestamp;
use serde_json::{Value, json};

use crate::config::ClockMode;
use crate::exchange::Exchange;
use crate::faults::FaultOrder;
use crate::http::{HttpReply, HttpRequest};
use crate::hub::Hub;

/// All control paths begin with this.
pub(crate) const PREFIX: &str = "/_emulator/";
const POLL_MS_MAX: u64 = 60_000;
const POLL_MS: u64 = 30_000;
const STEPS_PER_COMMIT: u64 = 64;

/// Why a control request is refused, in both languages.
struct Fault {
    status: u16,
    en: &'static str,
    ko: &'static str,
}

const NOT_FOUND: Fault =
    Fault { status: 404, en: "there is no such control path", ko: "해당 제어 경로가 없습니다" };
const NOT_STEPPED: Fault = Fault {
    status: 409,
    en: "only a stepped clock can be stepped",
    ko: "stepped 시계에서만 단계 진행을 할 수 있습니다",
};
const MALFORMED: Fault = Fault {
    status: 400,
    en: "the body or a parameter is malformed",
    ko: "본문 또는 매개변수의 형식이 올바르지 않습니다",
};

/// Answers a control request.
pub(crate) async fn answer(hub: &Hub, request: &HttpRequest) -> HttpReply {
    let path = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let result = match (request.method.as_str(), path) {
        ("GET", "clock") => clock(hub, request).await,
        ("POST", "step") => step(hub, request).await,
        ("POST", "faults") => faults(hub, request),
        ("GET", "wire") => Ok(json!(hub.with(|exchange| exchange.wire.clone()))),
        ("GET", "accounts") => Ok(json!({"accounts": hub.with(|exchange| exchange.truth())})),
        ("GET", "symbols") => Ok(json!({"symbols": hub.with(|exchange| symbols(exchange))})),
        _ => Err(NOT_FOUND),
    };
    match result {
        Ok(body) => HttpReply::json(200, body.to_string()),
        Err(fault) => {
            let body = json!({"error": fault.en, "error_ko": fault.ko});
            HttpReply::json(fault.status, body.to_string())
        }
    }
}

async fn clock(hub: &Hub, request: &HttpRequest) -> Result<Value, Fault> {
    let number = |name| request.query(name).map(str::parse::<i64>).transpose().map_err(|_| MALFORMED);
    if let Some(after) = number("after_ns")? {
        let ms = number("timeout_ms")?.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(POLL_MS);
        hub.wait_past(Timestamp::from_ns(after), Duration::from_millis(ms.min(POLL_MS_MAX))).await;
    }
    Ok(hub.with(|exchange| clock_face(exchange)))
}

fn clock_face(exchange: &Exchange) -> Value {
    let (sessions, registrations) = exchange.streams.count();
    json!({
        "now_ns": exchange.now.ns().to_string(),
        "speed": exchange.clock.speed(),
        "mode": match exchange.clock.mode() {
            ClockMode::Real => "real",
            ClockMode::Accelerated { .. } => "accelerated",
            ClockMode::Stepped => "stepped",
        },
        "trading_day": exchange.day,
        "session_part": exchange.part(),
        "frames": exchange.streams.frames(),
        "sessions": sessions,
        "registrations": registrations,
        "done": exchange.done,
    })
}

/// How far a step goes.
struct Stride {
    until: Option<Timestamp>,
    count: u64,
}

impl Stride {
    fn of(body: &[u8]) -> Option<Stride> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Some(Stride { until: None, count: 1 });
        }
        let body: Value = serde_json::from_slice(body).ok()?;
        // Nanoseconds exceed what JSON numbers carry exactly, so they may be text.
        let number = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) => text.parse::<i64>().ok().map(Some),
            Some(value) => value.as_i64().map(Some),
        };
        let until = number("until_ns")?.map(Timestamp::from_ns);
        let count = number("count")?.map(u64::try_from).transpose().ok()?;
        Some(Stride { until, count: count.unwrap_or(if until.is_some() { u64::MAX } else { 1 }) })
    }
}

/// Moves the clock and answers when every frame of the way has left the sockets.
async fn step(hub: &Hub, request: &HttpRequest) -> Result<Value, Fault> {
    let stride = Stride::of(&request.body).ok_or(MALFORMED)?;
    let _alone = hub.stepping.lock().await;
    if hub.with(|exchange| exchange.clock.mode()) != ClockMode::Stepped {
        return Err(NOT_STEPPED);
    }
    let mut left = stride.count;
    while left > 0 {
        let steps = left.min(STEPS_PER_COMMIT);
        // A long way is committed and drained in parts, so that it neither waits for the disk at each step nor fills
        // the sockets' queues.
        let moved = hub.with(|exchange| (0..steps).all(|_| exchange.step(stride.until)));
        hub.flushed().await;
        left = if moved { left - steps } else { 0 };
    }
    Ok(hub.with(|exchange| {
        let done = exchange.done && exchange.next_notice().is_none();
        json!({
            "now_ns": exchange.now.ns().to_string(),
            "frames": exchange.streams.frames(),
            "done": done,
        })
    }))
}

fn faults(hub: &Hub, request: &HttpRequest) -> Result<Value, Fault> {
    let order: FaultOrder = serde_json::from_slice(&request.body).map_err(|_| MALFORMED)?;
    if order.delay_ms.is_some() != order.call.is_some() {
        return Err(MALFORMED);
    }
    hub.with(|exchange| {
        if order.clear == Some(true) {
            exchange.faults.clear();
        }
        exchange.faults.add(&order);
        if order.close_stream.is_some_and(|count| count > 0) {
            exchange.streams.cut_all();
        }
        if let Some(muted) = order.mute_stream {
            exchange.streams.mute(muted);
        }
        if order.revoke_token == Some(true) {
            exchange.keys.revoke(None);
            exchange.accounts_changed();
        }
    });
    Ok(json!({"ok": true}))
}

fn symbols(exchange: &Exchange) -> Vec<Value> {
    let quotes = exchange.board.all().iter();
    quotes
        .map(|quote| json!({"symbol": quote.symbol, "name": quote.name, "market": quote.market, "last": quote.last}))
        .collect()
}
