//! The old program's names of simulations and price changes. `symbol`, `start_date`, `end_date` and `initial_capital` are
//! taken beside today's names of the same things.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::IdempotencyKey;
use crate::input::{Asked, Body};
use crate::problem::{Problem, ProblemView};
use crate::simulations::{
    PriceChangesView, SimulationKind, SimulationRequest, SimulationState, SimulationWish, csv, csv_response, port,
    wish_fields, wished_symbols,
};

/// Old names and what they are called now.
const RENAMED: [(&str, &str); 3] = [("start_date", "from"), ("end_date", "to"), ("initial_capital", "cash")];

/// A simulation that was taken.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OldSimulationView {
    /// Its id.
    pub simulation_id: String,
    /// Where to ask how far it is.
    pub result_url: String,
}

/// How far a simulation is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OldResultView {
    /// Its id.
    pub simulation_id: String,
    /// `starting`, `running`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Trading days of all.
    pub total_task_cnt: u32,
    /// Trading days done.
    pub completed_task_cnt: u32,
    /// Address of what was asked for, when completed.
    pub params_url: Option<String>,
    /// Address of the result as JSON, when completed.
    pub result_url: Option<String>,
    /// Address of the fills as CSV, when completed.
    pub csv_url: Option<String>,
}

/// Which simulation.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfOld {
    /// Its id.
    simulation_id: String,
}

/// Symbols whose change is wanted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PriceChangeRequest {
    /// Codes and names of sets.
    pub symbols: Vec<String>,
    /// `json`, or `csv` for a download; `json` unless told.
    pub format: Option<String>,
}

fn renamed(body: Body, kind: SimulationKind) -> Result<Body, Problem> {
    let mut fields = body.0;
    for (old, new) in RENAMED {
        if let Some(value) = fields.remove(old) {
            // Two names for one thing must not say two things.
            if fields.insert(new.to_owned(), value).is_some() {
                return Err(Problem::bad("unknown_field").with("field", old));
            }
        }
    }
    if kind == SimulationKind::Single
        && let Some(symbol) = fields.remove("symbol")
        && fields.insert("symbols".to_owned(), json!([symbol])).is_some()
    {
        return Err(Problem::bad("unknown_field").with("field", "symbol"));
    }
    fields.remove("kind");
    Ok(Body(fields))
}

async fn simulate(
    app: &App,
    key: String,
    body: Body,
    kind: SimulationKind,
) -> Result<(StatusCode, Json<OldSimulationView>), Problem> {
    let port = port(app)?;
    let body = renamed(body, kind)?;
    body.only(&wish_fields())?;
    let simulation_id = port.submit(key, SimulationWish::of(&body, kind)?).await?;
    let result_url = format!("/stock/simulate/bulk/result?simulation_id={simulation_id}");
    Ok((StatusCode::ACCEPTED, Json(OldSimulationView { simulation_id, result_url })))
}

/// Simulates one symbol.
#[utoipa::path(post, path = "/stock/simulate/single", tag = "old names", request_body = SimulationRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per wish")),
    responses((status = 202, body = OldSimulationView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn single(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<OldSimulationView>), Problem> {
    simulate(&app, key, body, SimulationKind::Single).await
}

/// Simulates many symbols that share the cash.
#[utoipa::path(post, path = "/stock/simulate/bulk", tag = "old names", request_body = SimulationRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per wish")),
    responses((status = 202, body = OldSimulationView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn bulk(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<OldSimulationView>), Problem> {
    simulate(&app, key, body, SimulationKind::Bulk).await
}

/// How far a simulation is, and where its result is.
#[utoipa::path(get, path = "/stock/simulate/bulk/result", tag = "old names", params(OfOld),
    responses((status = 200, body = OldResultView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn result(State(app): State<App>, Asked(asked): Asked<OfOld>) -> Result<Json<OldResultView>, Problem> {
    let record = port(&app)?.find(asked.simulation_id).await?;
    let status = match record.state {
        SimulationState::Queued => "starting",
        other => other.name(),
    };
    let at = |rest: &str| {
        (record.state == SimulationState::Completed).then(|| format!("/api/v1/simulations/{}{rest}", record.id))
    };
    Ok(Json(OldResultView {
        status: status.to_owned(),
        total_task_cnt: record.total_days,
        completed_task_cnt: record.done_days,
        params_url: at(""),
        result_url: at("/result?format=json"),
        csv_url: at("/result?format=csv"),
        simulation_id: record.id.clone(),
    }))
}

/// Last closes against those before, with names; as JSON or as a CSV download.
#[utoipa::path(post, path = "/stock/price-change/selected", tag = "old names", request_body = PriceChangeRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = PriceChangesView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn price_change(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let port = port(&app)?;
    body.only(&["symbols", "format"])?;
    let refused = || Problem::bad("not_among").with("field", "format").with("known", "json, csv");
    let as_csv = match body.get("format").map(Value::as_str) {
        None | Some(Some("json")) => false,
        Some(Some("csv")) => true,
        Some(_) => return Err(refused()),
    };
    let symbols = wished_symbols(&body)?;
    let changes = port.price_changes(symbols.clone()).await?;
    if as_csv {
        return Ok(csv_response(csv::price_changes(&changes), "price-change.csv"));
    }
    let known = |code: &String| changes.iter().any(|c| c.symbol.as_str() == code) || code.len() != 6;
    let missing = symbols.into_iter().filter(|code| !known(code)).collect();
    Ok(Json(PriceChangesView { changes, missing }).into_response())
}
