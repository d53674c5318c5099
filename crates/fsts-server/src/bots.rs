//! Bots: list, make, start, pause, stop, delete. Each write is one command in the engine's queue.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use fsts_domain::{BotId, Qty, Rate, Symbol, Won};
use fsts_engine::{BotConfig, BotDefinition, BotSwitch, Command, OrderStyle, Reply, Sizing};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::input::Body;
use crate::messages::grouped;
use crate::orders::refusal;
use crate::problem::{Problem, ProblemView};
use crate::views::{AsOf, BotDetailView, SizingView, StyleView};

/// Most symbols of one bot.
const SYMBOLS_MAX: usize = 100;
/// Most parameters of one strategy.
const PARAMS_MAX: usize = 50;
/// Most won that a bot may be given.
const WON_MAX: i64 = 1_000_000_000_000;
/// More ticks than the price limits of a day span.
const COLLAR_TICKS_MAX: i32 = 1_000;
/// Ticks through the last price when a request does not say.
const COLLAR_TICKS: i32 = 3;
/// Size of an entry when a request does not say.
const ENTRY_WON: i64 = 1_000_000;
/// A share of equity is kept in parts of a billion.
const PER_BILLION_OF_PERCENT: f64 = 10_000_000.0;

/// All bots.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BotsView {
    /// How recent this is.
    pub as_of: AsOf,
    /// In the order of their making.
    pub bots: Vec<BotDetailView>,
}

/// A bot as a client asks for it. It begins stopped.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BotRequest {
    /// 1 to 15 of `a-z A-Z 0-9 - _`.
    pub id: String,
    /// Id of its strategy.
    pub strategy: String,
    /// Parameters; missing ones have their defaults.
    pub params: Option<BTreeMap<String, f64>>,
    /// Its symbols; each must be among those that the program streams.
    pub symbols: Vec<String>,
    /// Most money in positions and working buys, won.
    pub capital: Option<i64>,
    /// Size of an entry; `{"notional": 1000000}` when absent.
    pub sizing: Option<SizingView>,
    /// Price of its orders; `{"marketable_limit": {"collar_ticks": 3}}` when absent.
    pub style: Option<StyleView>,
}

/// A bot that is gone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BotDeletedView {
    /// Its name.
    pub id: String,
}

/// The bot in the path.
pub(crate) struct OfBot(pub BotId);

impl<S: Send + Sync> FromRequestParts<S> for OfBot {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.map(|Path(text)| text).unwrap_or_default();
        text.parse().map(OfBot).map_err(|_| no_such_bot())
    }
}

fn no_such_bot() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_bot")
}

/// All bots of the account.
#[utoipa::path(get, path = "/api/v1/bots", tag = "bots", responses((status = 200, body = BotsView)))]
pub(crate) async fn bots(State(app): State<App>) -> Json<BotsView> {
    let snapshot = app.desk.snapshot();
    Json(BotsView { as_of: app.aged(snapshot.status.as_of), bots: snapshot.bots.clone() })
}

/// One bot.
#[utoipa::path(get, path = "/api/v1/bots/{id}", tag = "bots", params(("id" = String, Path, description = "its name")),
    responses((status = 200, body = BotDetailView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn bot(State(app): State<App>, OfBot(id): OfBot) -> Result<Json<BotDetailView>, Problem> {
    find(&app, id).map(Json).ok_or_else(no_such_bot)
}

fn find(app: &App, id: BotId) -> Option<BotDetailView> {
    let id = id.to_string();
    app.desk.snapshot().bots.iter().find(|b| b.id == id).cloned()
}

/// Makes a bot. It begins stopped, has seen the bars of late, and outlives a restart.
#[utoipa::path(post, path = "/api/v1/bots", tag = "bots", request_body = BotRequest, security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 201, body = BotDetailView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn create(State(app): State<App>, body: Body) -> Result<(StatusCode, Json<BotDetailView>), Problem> {
    let definition = definition(&body)?;
    let id = definition.config.id;
    let outcome = app.desk.command(Command::CreateBot(Box::new(definition))).await?;
    match outcome.reply {
        Reply::Done => Ok((StatusCode::CREATED, Json(find(&app, id).ok_or_else(no_such_bot)?))),
        reply => Err(refusal(reply)),
    }
}

/// Lets a bot enter and exit.
#[utoipa::path(post, path = "/api/v1/bots/{id}/start", tag = "bots", security(("token" = [])),
    params(("id" = String, Path, description = "its name"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = BotDetailView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn start(app: State<App>, bot: OfBot, body: Body) -> Result<Json<BotDetailView>, Problem> {
    switch(app, bot, body, BotSwitch::Running).await
}

/// Stops a bot's new entries; its exits go on.
#[utoipa::path(post, path = "/api/v1/bots/{id}/pause", tag = "bots", security(("token" = [])),
    params(("id" = String, Path, description = "its name"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = BotDetailView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn pause(app: State<App>, bot: OfBot, body: Body) -> Result<Json<BotDetailView>, Problem> {
    switch(app, bot, body, BotSwitch::Paused).await
}

/// Stops a bot: it decides nothing, its working orders are cancelled, what it holds stays.
#[utoipa::path(post, path = "/api/v1/bots/{id}/stop", tag = "bots", security(("token" = [])),
    params(("id" = String, Path, description = "its name"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = BotDetailView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn stop(app: State<App>, bot: OfBot, body: Body) -> Result<Json<BotDetailView>, Problem> {
    switch(app, bot, body, BotSwitch::Stopped).await
}

async fn switch(
    State(app): State<App>,
    OfBot(bot): OfBot,
    body: Body,
    to: BotSwitch,
) -> Result<Json<BotDetailView>, Problem> {
    body.only(&[])?;
    match app.desk.command(Command::SwitchBot { bot, to }).await?.reply {
        Reply::Done => find(&app, bot).map(Json).ok_or_else(no_such_bot),
        reply => Err(refusal(reply)),
    }
}

/// Deletes a bot that was made at run time, holds nothing and has no order.
#[utoipa::path(delete, path = "/api/v1/bots/{id}", operation_id = "delete_bot", tag = "bots", security(("token" = [])),
    params(("id" = String, Path, description = "its name"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = BotDeletedView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn delete(State(app): State<App>, OfBot(bot): OfBot) -> Result<Json<BotDeletedView>, Problem> {
    match app.desk.command(Command::DeleteBot { bot }).await?.reply {
        Reply::Done => Ok(Json(BotDeletedView { id: bot.to_string() })),
        reply => Err(refusal(reply)),
    }
}

fn definition(body: &Body) -> Result<BotDefinition, Problem> {
    body.only(&["id", "strategy", "params", "symbols", "capital", "sizing", "style"])?;
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    let id: BotId = text("id").parse().map_err(|_| Problem::bad("bad_bot_id"))?;
    let bad_symbols = || Problem::bad("bad_symbols").with("limit", SYMBOLS_MAX);
    let list = body.get("symbols").and_then(Value::as_array).ok_or_else(bad_symbols)?;
    let symbols: Vec<Symbol> =
        list.iter().map(|v| v.as_str().and_then(|t| t.parse().ok())).collect::<Option<_>>().ok_or_else(bad_symbols)?;
    if symbols.is_empty() || symbols.len() > SYMBOLS_MAX {
        return Err(bad_symbols());
    }
    let capital = match body.get("capital") {
        None => None,
        Some(value) => {
            let refused = || Problem::bad("bad_capital").with("limit", grouped(WON_MAX));
            let won = value.as_i64().filter(|won| (1..=WON_MAX).contains(won)).ok_or_else(refused)?;
            Some(Won::new(won))
        }
    };
    let config = BotConfig { id, symbols, sizing: sizing(body)?, style: style(body)?, capital };
    Ok(BotDefinition { config, strategy: text("strategy").to_owned(), params: params(body)? })
}

fn params(body: &Body) -> Result<BTreeMap<String, f64>, Problem> {
    let Some(value) = body.get("params") else { return Ok(BTreeMap::new()) };
    let refused = || Problem::bad("bad_bot_params").with("limit", PARAMS_MAX);
    let fields = value.as_object().filter(|o| o.len() <= PARAMS_MAX).ok_or_else(refused)?;
    let number = |(name, value): (&String, &Value)| Some((name.clone(), value.as_f64()?));
    fields.iter().map(number).collect::<Option<_>>().ok_or_else(refused)
}

fn sizing(body: &Body) -> Result<Sizing, Problem> {
    let refused = || Problem::bad("bad_sizing");
    let view = match body.get("sizing") {
        None => SizingView::Notional(ENTRY_WON),
        Some(value) => SizingView::deserialize(value).map_err(|_| refused())?,
    };
    match view {
        SizingView::Shares(n) if (1..=WON_MAX).contains(&n) => Qty::new(n).map(Sizing::Shares).map_err(|_| refused()),
        SizingView::Notional(won) if (1..=WON_MAX).contains(&won) => Ok(Sizing::Notional(Won::new(won))),
        SizingView::EquityPercent(percent) if percent > 0.0 && percent <= 100.0 => {
            Ok(Sizing::Equity(Rate::per_billion((percent * PER_BILLION_OF_PERCENT).round() as i64)))
        }
        SizingView::Shares(_) | SizingView::Notional(_) | SizingView::EquityPercent(_) => Err(refused()),
    }
}

fn style(body: &Body) -> Result<OrderStyle, Problem> {
    let refused = || Problem::bad("bad_bot_style").with("limit", COLLAR_TICKS_MAX);
    let view = match body.get("style") {
        None => StyleView::MarketableLimit { collar_ticks: COLLAR_TICKS },
        Some(value) => StyleView::deserialize(value).map_err(|_| refused())?,
    };
    match view {
        StyleView::Market => Ok(OrderStyle::Market),
        StyleView::MarketableLimit { collar_ticks } if (0..=COLLAR_TICKS_MAX).contains(&collar_ticks) => {
            Ok(OrderStyle::MarketableLimit { collar_ticks })
        }
        StyleView::MarketableLimit { .. } => Err(refused()),
    }
}
