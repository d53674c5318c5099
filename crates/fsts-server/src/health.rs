//! Whether the program lives, whether it may trade, and what it is doing; the status can be waited for.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{interval, timeout};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::input::{Asked, Reader};
use crate::problem::{Problem, ProblemView};
use crate::views::{Mode, ReasonView, StatusView};

/// Longest wait of a long poll: shorter than the time-out of a request.
const WAIT_MAX_MS: u64 = 10_000;
/// Longest time for the checks of the parts; a probe waits a second.
const CHECKS_MAX: Duration = Duration::from_millis(900);
/// How often a long poll looks at the market clock, which moves without a new picture.
const CLOCK_STEP: Duration = Duration::from_millis(20);

/// A sign of life.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AliveView {
    /// Always `ok`.
    pub status: String,
}

/// The parts beside the trading loop; implemented where they are put together.
pub trait HealthPort: Send + Sync + 'static {
    /// Each part, and whether all that is set up works. Asks no paid service and holds no secret.
    fn checks(&self) -> BoxFuture<'_, (Value, bool)>;
}

/// A sign of life under its old name, and how the parts are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OldHealthView {
    /// `ok`, or `degraded` when a part that is set up does not work; trading is told by `/readyz`.
    pub status: String,
    /// Version of the program.
    pub version: String,
    /// Real money, paper or a replayed day.
    pub mode: Mode,
    /// `llm`, `mcp`, `redis`, `vector_db`, `discord` and `outbox`, each with its own fields; empty without these parts.
    #[schema(value_type = Object)]
    pub checks: Value,
}

/// Whether orders may leave.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReadyView {
    /// True when they may.
    pub ready: bool,
    /// Why they may not.
    pub reasons: Vec<ReasonView>,
}

/// What to wait for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Awaited {
    /// Answer when so many stream frames were processed.
    wait_frames: Option<u64>,
    /// Answer when the market clock has reached this instant, UTC nanoseconds.
    wait_at_ns: Option<i64>,
    /// Answer when the engine has processed an event of this market instant or a later one, UTC nanoseconds.
    wait_as_of_ns: Option<i64>,
    /// Answer when no order, inquiry or journal batch is unanswered.
    #[serde(default)]
    idle: bool,
    /// Answer after so many milliseconds in any case; 5000 unless told, at most 10000.
    timeout_ms: Option<u64>,
}

impl Awaited {
    fn holds(&self, app: &App) -> bool {
        let status = &app.desk.snapshot().status;
        self.wait_frames.is_none_or(|frames| status.frames >= frames)
            && self.wait_at_ns.is_none_or(|at| app.desk.now().ns() >= at)
            && self.wait_as_of_ns.is_none_or(|at| status.as_of.at_ns.0 >= at)
            && (!self.idle || status.in_flight == 0)
    }

    fn waits(&self) -> bool {
        self.wait_frames.is_some() || self.wait_at_ns.is_some() || self.wait_as_of_ns.is_some() || self.idle
    }
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = AliveView)))]
pub(crate) async fn healthz() -> Json<AliveView> {
    Json(AliveView { status: "ok".to_owned() })
}

/// Orders may leave.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = ReadyView), (status = 503, body = ReadyView)))]
pub(crate) async fn readyz(State(app): State<App>, Reader(language): Reader) -> (StatusCode, Json<ReadyView>) {
    let status = app.status(&app.desk.snapshot(), language);
    let code = if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(ReadyView { ready: status.ready, reasons: status.reasons }))
}

/// The process lives, and how its parts are (a name of the old program).
#[utoipa::path(get, path = "/health", tag = "old names", responses((status = 200, body = OldHealthView)))]
pub(crate) async fn old_health(State(app): State<App>) -> Json<OldHealthView> {
    let snapshot = app.desk.snapshot();
    let (checks, fine) = match &app.services.health {
        Some(port) => timeout(CHECKS_MAX, port.checks()).await.unwrap_or_else(|_| (json!({}), false)),
        None => (json!({}), true),
    };
    Json(OldHealthView {
        status: if fine { "ok" } else { "degraded" }.to_owned(),
        version: snapshot.status.version.clone(),
        mode: snapshot.status.mode,
        checks,
    })
}

/// What the program is doing; may be waited for.
#[utoipa::path(get, path = "/api/v1/status", tag = "health", params(Awaited),
    responses((status = 200, body = StatusView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn status(
    State(app): State<App>,
    Reader(language): Reader,
    Asked(awaited): Asked<Awaited>,
) -> Result<Json<StatusView>, Problem> {
    if awaited.waits() {
        let longest = Duration::from_millis(awaited.timeout_ms.unwrap_or(5_000).min(WAIT_MAX_MS));
        // The time-out is an answer too: the status tells how far things are.
        let _ = timeout(longest, until(&app, &awaited)).await;
    }
    Ok(Json(app.status(&app.desk.snapshot(), language)))
}

async fn until(app: &App, awaited: &Awaited) {
    let mut changed = app.desk.changed();
    let mut clock = interval(CLOCK_STEP);
    loop {
        changed.mark_unchanged();
        if awaited.holds(app) {
            return;
        }
        tokio::select! {
            gone = changed.changed() => if gone.is_err() { return },
            _ = clock.tick(), if awaited.wait_at_ns.is_some() => {}
        }
    }
}
