//! Halt and resume, the watch list, and the release of frozen symbols.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use fsts_domain::Symbol;
use fsts_engine::{Command, Reply};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::accounts::is_named;
use crate::app::App;
use crate::input::{Body, OfSymbol};
use crate::orders::refusal;
use crate::problem::{Problem, ProblemView};

/// Longest reason of a halt.
const REASON_MAX: usize = 200;
/// Most symbols of one watch request.
const WATCH_MAX: usize = 100;
/// What is recorded when a person gives no reason.
const NO_REASON: &str = "operator";

/// Why trading is to be halted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct HaltRequest {
    /// In a person's words.
    pub reason: Option<String>,
}

/// Whether trading is halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HaltView {
    /// True when no opening order is taken.
    pub halted: bool,
    /// Why.
    pub reason: Option<String>,
}

/// Symbols to receive quotes of.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WatchView {
    /// The symbols.
    #[schema(value_type = Vec<String>)]
    pub symbols: Vec<Symbol>,
}

/// A symbol that was released.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReleaseView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Whether it still takes no opening order.
    pub frozen: bool,
}

async fn done(app: &App, command: Command) -> Result<(), Problem> {
    let outcome = app.desk.command(command).await?;
    match outcome.reply {
        Reply::Done => Ok(()),
        reply => Err(refusal(reply)),
    }
}

/// Carries a switch out on the account that is named, or on all of them at once. One that doesn't answer holds up none of
/// the others, and is reported after them.
async fn switch(app: &App, uri: &Uri, command: Command) -> Result<(), Problem> {
    if is_named(uri) {
        return done(app, command).await;
    }
    let running = app.accounts.seats.iter().filter(|seat| seat.desk.is_running());
    let apps: Vec<App> = running.map(|seat| app.at(seat)).collect();
    if apps.is_empty() {
        return done(app, command).await;
    }
    let all = join_all(apps.iter().map(|app| done(app, command.clone()))).await;
    all.into_iter().collect::<Result<(), Problem>>()?;
    match (command, away(app)) {
        // Whoever stops everything must hear of what is not stopped in its own records.
        (Command::Halt { .. }, accounts) if !accounts.is_empty() => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "halted_partly").with("accounts", accounts.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Accounts that were not started or have ended: they trade nothing now and record no halt.
fn away(app: &App) -> Vec<String> {
    let ended = app.accounts.seats.iter().filter(|seat| !seat.desk.is_running()).map(|seat| seat.key.clone());
    ended.chain(app.accounts.failed.iter().map(|seat| seat.key.clone())).collect()
}

/// Takes no opening order from now on, in all accounts or in the one that is named; holds across restarts.
#[utoipa::path(post, path = "/api/v1/halt", tag = "controls", request_body = HaltRequest, security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = HaltView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn halt(State(app): State<App>, uri: Uri, body: Body) -> Result<Json<HaltView>, Problem> {
    body.only(&["reason"])?;
    let reason = match body.get("reason") {
        None => NO_REASON.to_owned(),
        Some(Value::String(text)) if is_reason(text) => text.trim().to_owned(),
        Some(_) => return Err(Problem::bad("bad_reason").with("limit", REASON_MAX)),
    };
    switch(&app, &uri, Command::Halt { reason: reason.clone() }).await?;
    let snapshot = app.desk.snapshot();
    let held = snapshot.status.halt_reason.clone().filter(|_| snapshot.status.halted);
    Ok(Json(HaltView { halted: true, reason: Some(held.unwrap_or(reason)) }))
}

fn is_reason(text: &str) -> bool {
    let text = text.trim();
    (1..=REASON_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Trades again, in all accounts or in the one that is named.
#[utoipa::path(post, path = "/api/v1/resume", tag = "controls", security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = HaltView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn resume(State(app): State<App>, uri: Uri, body: Body) -> Result<Json<HaltView>, Problem> {
    body.only(&[])?;
    switch(&app, &uri, Command::Resume).await?;
    Ok(Json(HaltView { halted: false, reason: None }))
}

/// Lets a frozen symbol trade again.
#[utoipa::path(post, path = "/api/v1/symbols/{symbol}/release", tag = "controls", security(("token" = [])),
    params(("symbol" = String, Path, description = "the instrument"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = ReleaseView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn release(
    State(app): State<App>,
    OfSymbol(symbol): OfSymbol,
    body: Body,
) -> Result<Json<ReleaseView>, Problem> {
    body.only(&[])?;
    done(&app, Command::Release { symbol }).await?;
    Ok(Json(ReleaseView { symbol, frozen: false }))
}

/// Symbols whose quotes are received besides those of the bots.
#[utoipa::path(get, path = "/api/v1/watchlist", tag = "market", responses((status = 200, body = WatchView)))]
pub(crate) async fn watchlist(State(app): State<App>) -> Json<WatchView> {
    Json(WatchView { symbols: app.desk.watchlist() })
}

/// Sets the watch list.
#[utoipa::path(post, path = "/api/v1/watchlist", tag = "market", request_body = WatchView, security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = WatchView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn watch(State(app): State<App>, body: Body) -> Result<Json<WatchView>, Problem> {
    body.only(&["symbols"])?;
    let refused = || Problem::bad("bad_symbols").with("limit", WATCH_MAX);
    let list = body.get("symbols").and_then(Value::as_array).filter(|l| l.len() <= WATCH_MAX).ok_or_else(refused)?;
    let symbol = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let symbols: Vec<Symbol> = list.iter().map(symbol).collect::<Option<_>>().ok_or_else(refused)?;
    Ok(Json(WatchView { symbols: app.desk.watch(symbols).await? }))
}
