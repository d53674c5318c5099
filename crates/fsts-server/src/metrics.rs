//! `GET /metrics`: numbers for Prometheus, in its text format.
//!
//! They hold no money, no symbol and no account number. They are given to the token, to a session, and to a program on this
//! machine that asks directly: what came through a proxy says so in a header, and needs rights of its own.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Problem, ProblemView};

/// What says that a request was passed on.
const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
/// The format that Prometheus asks for.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What the program counts.
pub trait Metrics: Send + Sync + 'static {
    /// All of it now, in the text format of Prometheus.
    fn exposition(&self) -> BoxFuture<'_, String>;
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// Counts, times and states for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"), (status = "4XX", body = ProblemView),
        (status = "5XX", body = ProblemView)))]
pub(crate) async fn metrics(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let passed_on = PASSED_ON.iter().any(|name| headers.contains_key(*name));
    let direct = peer.is_some_and(|Extension(Peer(ip))| ip.is_loopback()) && !passed_on;
    // A wrong token is refused wherever it comes from.
    let nobody = matches!(caller, Caller::Nobody);
    if nobody && (!direct || headers.contains_key(header::AUTHORIZATION)) {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized"));
    }
    let off = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "metrics_off");
    let text = app.services.metrics.as_ref().ok_or_else(off)?.exposition().await;
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}
