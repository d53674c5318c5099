//! The outermost layers: time limit, request id, problem bodies, one log line, and the headers that browsers obey.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::app::App;
use crate::messages::Language;
use crate::problem::{Problem, render};

/// Longest time for one answer.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// Longest time for an answer of the assistant, whose runs have a limit of their own, and for reading a backup back.
const SLOW_MAX: Duration = Duration::from_secs(600);
/// Where such answers come from.
const SLOW_PATHS: [&str; 4] = ["/agent_chat", "/predict/", "/api/v1/llm/", "/api/v1/backups/"];

/// No inline script, no other host, no frame. Svelte makes one policy of its own for its templates.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

/// Bounds a request in time, gives it an id, and gives refusals their words.
pub(crate) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let request_id = request_id();
    let accept = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok());
    let language = accept.and_then(Language::preferred).unwrap_or(app.language);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = timeout(longest(&path), AssertUnwindSafe(next.run(request)).catch_unwind()).await;
    let response = match answer {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").into_response(),
        Err(_) => Problem::new(StatusCode::GATEWAY_TIMEOUT, "timed_out").into_response(),
    };
    let mut response = render(response, language, &request_id);
    // Quoted, so that a path cannot begin a log line of its own.
    tracing::debug!(%method, ?path, status = response.status().as_u16(), request_id, "answered");
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn longest(path: &str) -> Duration {
    if SLOW_PATHS.iter().any(|p| path.starts_with(p)) { SLOW_MAX } else { REQUEST_MAX }
}

fn request_id() -> String {
    let mut random = [0u8; 8];
    // An id that could not be drawn is all zeros; the answer matters more.
    let _ = getrandom::fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sets what browsers are to obey; nothing is kept unless a file says so.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CONTENT_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    keep_nothing(headers);
    response
}

fn keep_nothing(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
