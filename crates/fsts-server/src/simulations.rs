//! Simulation jobs and the strategies they may run: routes over a port that the program fills in.
//!
//! A wish is taken, given an id and answered at once; the work runs elsewhere and is asked for by its id.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fsts_store::StoreError;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, archive_failed};
use crate::auth::IdempotencyKey;
use crate::input::{Asked, Body, Reader};
use crate::problem::{Problem, ProblemView};

pub mod csv;
mod report;
mod views;
mod wish;

pub use report::{
    CauseView, CausesView, FailedSymbolView, SimulationDayView, SimulationFillView, SimulationReportView,
    SimulationSymbolView,
};
pub use views::{
    PriceChangeView, PriceChangesView, SimulationAcceptedView, SimulationDetailView, SimulationFailure, SimulationKind,
    SimulationRecord, SimulationState, SimulationSummaryView, SimulationView, SimulationsView, StrategiesView,
    StrategyParamView, StrategyView,
};
pub use wish::{IntervalWord, LevelWish, PriceKindWord, RulesWord, SimulationRequest, SimulationWish};
pub(crate) use wish::{symbols as wished_symbols, wish_fields};

/// Rows of a list when the reader names no number, and at most.
const ROWS: u32 = 50;
const ROWS_MAX: u32 = 500;
/// Fills of one answer; a download has them all.
const FILLS_MAX: usize = 5_000;

/// Why a simulation could not be taken, shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// Something in the wish can't be used: correct it.
    #[error("the wish is refused: {code}")]
    Refused {
        /// Code of the text.
        code: &'static str,
        /// Values of the text.
        values: Vec<(&'static str, String)>,
    },
    /// As many wait as may wait: try again later.
    #[error("{limit} simulations wait already")]
    QueueFull {
        /// How many may wait.
        limit: usize,
    },
    /// The idempotency key was used for another wish.
    #[error("the key was used for another wish")]
    KeyReused,
    /// There is no simulation of that id.
    #[error("there is no such simulation")]
    Unknown,
    /// The simulation is in a state that does not allow it: a cancel of an ended one, a deletion of a running one.
    #[error("the simulation's state does not allow it")]
    WrongState,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SimulationError> for Problem {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Refused { code, values } => {
                let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code);
                values.into_iter().fold(problem, |problem, (name, value)| problem.with(name, value))
            }
            SimulationError::QueueFull { limit } => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "simulation_queue_full").with("limit", limit)
            }
            SimulationError::KeyReused => Problem::new(StatusCode::CONFLICT, "simulation_key_reused"),
            SimulationError::Unknown => Problem::new(StatusCode::NOT_FOUND, "simulation_not_found"),
            SimulationError::WrongState => Problem::new(StatusCode::CONFLICT, "simulation_wrong_state"),
            SimulationError::Store(error) => archive_failed(error),
        }
    }
}

/// Why something was refused, in Korean and English.
pub fn problem_text(error: SimulationError) -> (String, String) {
    Problem::from(error).texts()
}

/// What runs simulations.
pub trait Simulations: Send + Sync + 'static {
    /// Takes a wish; the same key and wish give the same id again.
    fn submit(&self, key: String, wish: SimulationWish) -> BoxFuture<'_, Result<String, SimulationError>>;
    /// The newest, before an id.
    fn list(&self, limit: u32, before: Option<String>)
    -> BoxFuture<'_, Result<Vec<SimulationRecord>, SimulationError>>;
    /// One of them.
    fn find(&self, id: String) -> BoxFuture<'_, Result<SimulationRecord, SimulationError>>;
    /// What a completed one found; `None` while there is nothing.
    fn report(&self, id: String) -> BoxFuture<'_, Result<Option<SimulationReportView>, SimulationError>>;
    /// Ends one that waits or runs.
    fn cancel(&self, id: String) -> BoxFuture<'_, Result<SimulationRecord, SimulationError>>;
    /// Forgets one that has ended.
    fn delete(&self, id: String) -> BoxFuture<'_, Result<(), SimulationError>>;
    /// What can be run.
    fn strategies(&self) -> Vec<StrategyView>;
    /// Last closes of symbols against the day before, in the order asked; symbols without two days are left out.
    fn price_changes(&self, symbols: Vec<String>) -> BoxFuture<'_, Result<Vec<PriceChangeView>, SimulationError>>;
}

/// The port, or the answer that there is none.
pub(crate) fn port(app: &App) -> Result<&dyn Simulations, Problem> {
    let off = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "simulations_off");
    app.services.simulations.as_deref().ok_or_else(off)
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Rows, 1 to 500; 50 unless told.
    limit: Option<u32>,
    /// Only what is older than this id.
    before: Option<String>,
}

/// Which download.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Download {
    /// `json` (all of it) or `csv` (one table); `json` unless told.
    format: Option<DownloadFormat>,
    /// The table of a csv: `fills`, `days` or `equity`; `fills` unless told.
    part: Option<csv::Part>,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DownloadFormat {
    /// Everything.
    Json,
    /// One table.
    Csv,
}

/// The id in the path.
pub(crate) struct OfSimulation(pub String);

impl<S: Send + Sync> FromRequestParts<S> for OfSimulation {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.map(|Path(text)| text).unwrap_or_default();
        // Ids are short and plain; anything else names nothing.
        let plain = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain { Ok(OfSimulation(text)) } else { Err(SimulationError::Unknown.into()) }
    }
}

/// Queues a simulation.
#[utoipa::path(post, path = "/api/v1/simulations", tag = "simulations", request_body = SimulationRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per wish")),
    responses((status = 202, body = SimulationAcceptedView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn submit(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<SimulationAcceptedView>), Problem> {
    let port = port(&app)?;
    let id = port.submit(key, SimulationWish::try_from(&body)?).await?;
    Ok((StatusCode::ACCEPTED, Json(SimulationAcceptedView { id })))
}

/// Simulations, newest first.
#[utoipa::path(get, path = "/api/v1/simulations", tag = "simulations", params(Page),
    responses((status = 200, body = SimulationsView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn list(
    State(app): State<App>,
    Reader(language): Reader,
    Asked(page): Asked<Page>,
) -> Result<Json<SimulationsView>, Problem> {
    let limit = page.limit.unwrap_or(ROWS).clamp(1, ROWS_MAX);
    let records = port(&app)?.list(limit, page.before).await?;
    Ok(Json(SimulationsView { simulations: records.into_iter().map(|r| r.view(language)).collect() }))
}

/// One simulation, and its report when it is completed.
#[utoipa::path(get, path = "/api/v1/simulations/{id}", tag = "simulations",
    params(("id" = String, Path, description = "the simulation")),
    responses((status = 200, body = SimulationDetailView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn one(
    State(app): State<App>,
    Reader(language): Reader,
    OfSimulation(id): OfSimulation,
) -> Result<Json<SimulationDetailView>, Problem> {
    let port = port(&app)?;
    let record = port.find(id.clone()).await?;
    let mut report = port.report(id).await?;
    if let Some(report) = &mut report {
        report.fills.truncate(FILLS_MAX);
        report.speak(language);
    }
    Ok(Json(record.detail(report, language)))
}

/// The result as a file.
#[utoipa::path(get, path = "/api/v1/simulations/{id}/result", tag = "simulations",
    params(("id" = String, Path, description = "the simulation"), Download),
    responses((status = 200, description = "a JSON object, or a CSV table with a heading line", body = SimulationDetailView),
        (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn result(
    State(app): State<App>,
    Reader(language): Reader,
    OfSimulation(id): OfSimulation,
    Asked(download): Asked<Download>,
) -> Result<Response, Problem> {
    let port = port(&app)?;
    let record = port.find(id.clone()).await?;
    let Some(mut report) = port.report(id.clone()).await? else {
        return Err(Problem::new(StatusCode::CONFLICT, "simulation_no_result"));
    };
    report.speak(language);
    Ok(match download.format.unwrap_or(DownloadFormat::Json) {
        DownloadFormat::Json => {
            attachment(Json(record.detail(Some(report), language)).into_response(), &format!("{id}.json"))
        }
        DownloadFormat::Csv => {
            let part = download.part.unwrap_or(csv::Part::Fills);
            csv_response(csv::table(&report, part), &format!("{id}-{}.csv", part.name()))
        }
    })
}

/// A CSV download.
pub(crate) fn csv_response(text: String, name: &str) -> Response {
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    attachment(([(header::CONTENT_TYPE, kind)], text).into_response(), name)
}

fn attachment(mut response: Response, name: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Ends a simulation that waits or runs.
#[utoipa::path(post, path = "/api/v1/simulations/{id}/cancel", tag = "simulations", security(("token" = [])),
    params(("id" = String, Path, description = "the simulation"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 202, body = SimulationView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Reader(language): Reader,
    OfSimulation(id): OfSimulation,
    body: Body,
) -> Result<(StatusCode, Json<SimulationView>), Problem> {
    let port = port(&app)?;
    body.only(&[])?;
    let record = port.cancel(id).await?;
    Ok((StatusCode::ACCEPTED, Json(record.view(language))))
}

/// Forgets a simulation that has ended, with its result.
#[utoipa::path(delete, path = "/api/v1/simulations/{id}", tag = "simulations", security(("token" = [])),
    params(("id" = String, Path, description = "the simulation"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = SimulationAcceptedView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn delete(
    State(app): State<App>,
    OfSimulation(id): OfSimulation,
) -> Result<Json<SimulationAcceptedView>, Problem> {
    port(&app)?.delete(id.clone()).await?;
    Ok(Json(SimulationAcceptedView { id }))
}

/// The strategies with their parameters.
#[utoipa::path(get, path = "/api/v1/strategies", tag = "simulations",
    responses((status = 200, body = StrategiesView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn strategies(State(app): State<App>) -> Result<Json<StrategiesView>, Problem> {
    Ok(Json(StrategiesView { strategies: port(&app)?.strategies() }))
}
