//! Errors as RFC 9457 problem documents: a code outside, the cause only in the log.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fsts_engine::Blocked;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::DeskError;
use crate::messages::{self, Language, grouped};

/// What a client gets when a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemView {
    /// Always `about:blank`: the code tells more.
    #[serde(rename = "type")]
    pub kind: String,
    /// One line in the reader's language.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What to do, in the reader's language.
    pub detail: String,
    /// Stable code.
    pub code: String,
    /// To be looked up in the log.
    pub request_id: String,
}

/// A refusal on its way out; language and request id are put in by [`render`].
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str) -> Self {
        Problem { status, code, values: Vec::new() }
    }

    /// The code.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// The same for an event of a stream, where there is no status line.
    pub(crate) fn told(&self, language: Language) -> serde_json::Value {
        let text = messages::text(self.code);
        serde_json::json!({
            "status": self.status.as_u16(),
            "code": self.code,
            "title": text.map_or(self.code, |t| t.title(language)),
            "detail": text.map_or_else(String::new, |t| t.detail(language, &self.values)),
        })
    }

    pub(crate) fn bad(code: &'static str) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, code)
    }

    /// Puts a value into the text. Values may come from a request: they are cut and go out as JSON text only.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, value.to_string().chars().take(200).collect()));
        self
    }
}

impl Problem {
    /// The detail in Korean and English.
    pub(crate) fn texts(&self) -> (String, String) {
        let text = messages::text(self.code);
        let detail = |language| text.map_or_else(|| self.code.to_owned(), |t| t.detail(language, &self.values));
        (detail(Language::Korean), detail(Language::English))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        match self.code {
            "unauthorized" => drop(headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            "too_many_attempts" => {
                let wait = self.values.iter().find(|(name, _)| *name == "wait");
                if let Some(seconds) = wait.and_then(|(_, seconds)| HeaderValue::from_str(seconds).ok()) {
                    headers.insert(header::RETRY_AFTER, seconds);
                }
            }
            "engine_busy" | "mcp_busy" => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives a refusal its body; other responses pass.
pub(crate) fn render(response: Response, language: Language, request_id: &str) -> Response {
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    let text = messages::text(problem.code);
    let view = ProblemView {
        kind: "about:blank".to_owned(),
        title: text.map_or(problem.code, |t| t.title(language)).to_owned(),
        status: problem.status.as_u16(),
        detail: text.map_or_else(String::new, |t| t.detail(language, &problem.values)),
        code: problem.code.to_owned(),
        request_id: request_id.to_owned(),
    };
    let mut rendered = axum::Json(view).into_response();
    *rendered.status_mut() = problem.status;
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    let headers = rendered.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    rendered
}

impl From<Blocked> for Problem {
    fn from(blocked: Blocked) -> Self {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, blocked.code());
        match blocked {
            Blocked::OffTick { below, above } => {
                problem.with("below", grouped(below.get())).with("above", grouped(above.get()))
            }
            Blocked::OutOfBand { lower, upper } => {
                problem.with("lower", grouped(lower.get())).with("upper", grouped(upper.get()))
            }
            Blocked::Cash { needed, orderable } => {
                problem.with("needed", grouped(needed.get())).with("orderable", grouped(orderable.get()))
            }
            Blocked::Shares { wanted, sellable } => {
                problem.with("wanted", grouped(wanted.get())).with("sellable", grouped(sellable.get()))
            }
            Blocked::Halted
            | Blocked::NotReady
            | Blocked::JournalStalled
            | Blocked::Paused
            | Blocked::Stopped
            | Blocked::SessionClosed
            | Blocked::StaleData
            | Blocked::NoPrice
            | Blocked::Frozen
            | Blocked::Unresolved
            | Blocked::Crossing
            | Blocked::Quantity
            | Blocked::QuantityLimit
            | Blocked::NotionalLimit
            | Blocked::Capital
            | Blocked::RingFences
            | Blocked::OrderRate
            | Blocked::DailyOrders
            | Blocked::OpenOrders
            | Blocked::AwaitingCancel
            | Blocked::UnknownSymbol => problem,
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Stopped => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "engine_stopped"),
            DeskError::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "engine_busy"),
            DeskError::TimedOut => Problem::new(StatusCode::GATEWAY_TIMEOUT, "engine_timeout"),
        }
    }
}

#[cfg(test)]
mod tests {
    use fsts_domain::{Price, Qty, Won};

    use super::*;

    #[test]
    fn a_gate_refusal_tells_its_numbers_in_the_readers_language() {
        let price = |won| Price::new(won).unwrap();
        let off_tick = Blocked::OffTick { below: price(71_200), above: price(71_300) };
        let cash = Blocked::Cash { needed: Won::new(7_120_000), orderable: Won::new(5_000) };
        let shares = Blocked::Shares { wanted: Qty::new(10).unwrap(), sellable: Qty::ZERO };
        let band = Blocked::OutOfBand { lower: price(49_900), upper: price(92_500) };
        let cases = [
            (off_tick, "71,200", "71,300"),
            (cash, "7,120,000", "5,000"),
            (shares, "10", "0"),
            (band, "49,900", "92,500"),
        ];
        for (blocked, first, second) in cases {
            let problem = Problem::from(blocked);
            let text = messages::text(problem.code).unwrap();
            for language in [Language::Korean, Language::English] {
                let detail = text.detail(language, &problem.values);
                assert!(detail.contains(first) && detail.contains(second), "{detail}");
                assert!(!detail.contains('{'), "{detail}");
            }
        }
    }
}
