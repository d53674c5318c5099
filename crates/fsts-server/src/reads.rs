//! Answers about money, orders and prices: the engine's picture for what is open, the archive for what was.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fsts_store::OrderFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, archive_failed, fill_view, order_view};
use crate::desk::Snapshot;
use crate::input::{Asked, OfOrder, OfSymbol, no_such_order};
use crate::orders::find;
use crate::problem::{Problem, ProblemView};
use crate::views::{
    AlertView, AsOf, BalanceView, BarInterval, BarView, EquityPoint, FillView, MarkView, OrderView, PositionView,
    QuoteView,
};

/// Most rows of one answer.
const ROWS_MAX: u32 = 1_000;
/// Most points of a line or bars of a chart.
const POINTS_MAX: u32 = 10_000;
/// Executions that are looked through for the marks of a chart.
const MARKS_MAX: u32 = 1_000;

/// What is held.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PositionsView {
    /// How recent this is.
    pub as_of: AsOf,
    /// By symbol.
    pub positions: Vec<PositionView>,
}

/// Orders, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrdersView {
    /// How recent this is.
    pub as_of: AsOf,
    /// The orders.
    pub orders: Vec<OrderView>,
}

/// Executions, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FillsView {
    /// How recent this is.
    pub as_of: AsOf,
    /// The executions.
    pub fills: Vec<FillView>,
}

/// The equity line, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EquityView {
    /// How recent this is.
    pub as_of: AsOf,
    /// Its points.
    pub points: Vec<EquityPoint>,
}

/// A chart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BarsView {
    /// The instrument.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// Length of the bars.
    pub interval: BarInterval,
    /// Oldest first.
    pub bars: Vec<BarView>,
    /// Executions since the first bar, oldest first.
    pub marks: Vec<MarkView>,
}

/// Alerts, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlertsView {
    /// The alerts.
    pub alerts: Vec<AlertView>,
}

/// How many rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Limited {
    /// At most so many, the newest.
    limit: Option<u32>,
}

impl Limited {
    fn rows(&self, otherwise: u32, most: u32) -> u32 {
        self.limit.unwrap_or(otherwise).min(most)
    }
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrdersAsked {
    /// Only open ones, or only ended ones.
    open: Option<bool>,
    /// At most so many, the newest.
    limit: Option<u32>,
}

/// Which bars.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BarsAsked {
    /// Length of a bar.
    #[serde(default)]
    interval: BarInterval,
    /// At most so many, the newest.
    limit: Option<u32>,
}

/// The account's money.
#[utoipa::path(get, path = "/api/v1/balance", tag = "account", responses((status = 200, body = BalanceView)))]
pub(crate) async fn balance(State(app): State<App>) -> Json<BalanceView> {
    let snapshot = app.desk.snapshot();
    let as_of = app.aged(snapshot.balance.as_of);
    Json(BalanceView { as_of, ..snapshot.balance })
}

/// What is held.
#[utoipa::path(get, path = "/api/v1/positions", tag = "account", responses((status = 200, body = PositionsView)))]
pub(crate) async fn positions(State(app): State<App>) -> Json<PositionsView> {
    let snapshot = app.desk.snapshot();
    Json(PositionsView { as_of: app.aged(snapshot.status.as_of), positions: snapshot.positions.clone() })
}

/// Orders, newest first.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(OrdersAsked),
    responses((status = 200, body = OrdersView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn orders(
    State(app): State<App>,
    Asked(asked): Asked<OrdersAsked>,
) -> Result<Json<OrdersView>, Problem> {
    let limit = Limited { limit: asked.limit }.rows(200, ROWS_MAX);
    // The picture is taken first: what it shows as over is then in the archive, or in its own list of ended orders.
    let snapshot = app.desk.snapshot();
    let as_of = match asked.open {
        Some(true) => app.aged(snapshot.status.as_of),
        Some(false) | None => app.archive_as_of().await?,
    };
    let orders = list_orders(&app, &snapshot, (asked.open, limit)).await?;
    Ok(Json(OrdersView { as_of, orders }))
}

/// Orders of picture and archive, each once; the picture is never behind the archive on an order it knows.
pub(crate) async fn list_orders(
    app: &App,
    snapshot: &Snapshot,
    (open, limit): (Option<bool>, u32),
) -> Result<Vec<OrderView>, Problem> {
    let mut by_id: BTreeMap<u64, OrderView> = BTreeMap::new();
    if open != Some(true) {
        let filter = OrderFilter { open, symbol: None, limit };
        for row in app.archive.orders(filter).await.map_err(archive_failed)? {
            by_id.insert(row.id.0, order_view(row, |symbol| snapshot.name(symbol)));
        }
    }
    let live = snapshot.open_orders.iter().filter(|_| open != Some(false));
    let ended = snapshot.recent_orders.iter().filter(|_| open != Some(true));
    for order in ended.chain(live) {
        let Ok(id) = order.id.parse() else { continue };
        if by_id.get(&id).is_none_or(|held| held.updated_ns <= order.updated_ns) {
            by_id.insert(id, order.clone());
        }
    }
    Ok(by_id.into_values().rev().take(limit as usize).collect())
}

/// One order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "our order id")),
    responses((status = 200, body = OrderView), (status = 404, body = ProblemView)))]
pub(crate) async fn order(State(app): State<App>, OfOrder(id): OfOrder) -> Result<Json<OrderView>, Problem> {
    find(&app, id).await?.map(Json).ok_or_else(|| no_such_order(id))
}

/// Executions, newest first (a name of the old program).
#[utoipa::path(get, path = "/api/v1/trade/history", tag = "orders", params(Limited),
    responses((status = 200, body = FillsView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn history(
    State(app): State<App>,
    Asked(limited): Asked<Limited>,
) -> Result<Json<FillsView>, Problem> {
    let snapshot = app.desk.snapshot();
    let as_of = app.archive_as_of().await?;
    let fills = list_fills(&app, &snapshot, limited.rows(100, ROWS_MAX)).await?;
    Ok(Json(FillsView { as_of, fills }))
}

/// Executions of picture and archive, each once, newest first.
pub(crate) async fn list_fills(app: &App, snapshot: &Snapshot, limit: u32) -> Result<Vec<FillView>, Problem> {
    let mut by_id: BTreeMap<u64, FillView> = BTreeMap::new();
    for row in app.archive.fills(None, limit).await.map_err(archive_failed)? {
        by_id.insert(row.id, fill_view(row, |symbol| snapshot.name(symbol)));
    }
    for fill in &snapshot.recent_fills {
        if let Ok(id) = fill.id.parse() {
            by_id.entry(id).or_insert_with(|| fill.clone());
        }
    }
    Ok(by_id.into_values().rev().take(limit as usize).collect())
}

/// The equity line, oldest first.
#[utoipa::path(get, path = "/api/v1/equity", tag = "account", params(Limited),
    responses((status = 200, body = EquityView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn equity(
    State(app): State<App>,
    Asked(limited): Asked<Limited>,
) -> Result<Json<EquityView>, Problem> {
    let rows = app.archive.equity(limited.rows(1_000, POINTS_MAX)).await.map_err(archive_failed)?;
    let point = |(at, equity): (fsts_domain::Timestamp, fsts_domain::Won)| EquityPoint {
        t: at.ns().div_euclid(fsts_domain::NS_PER_S),
        equity,
    };
    let mut points: Vec<EquityPoint> = rows.into_iter().map(point).collect();
    // A chart takes one value a second.
    points.reverse();
    points.dedup_by_key(|point| point.t);
    points.reverse();
    Ok(Json(EquityView { as_of: app.aged(app.desk.snapshot().status.as_of), points }))
}

/// The day of a symbol so far.
#[utoipa::path(get, path = "/api/v1/quotes/{symbol}", tag = "market",
    params(("symbol" = String, Path, description = "the instrument")),
    responses((status = 200, body = QuoteView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn quote(State(app): State<App>, OfSymbol(symbol): OfSymbol) -> Result<Json<QuoteView>, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "no_quote").with("symbol", symbol);
    app.desk.quote(symbol).map(Json).ok_or_else(missing)
}

/// A chart with the account's executions on it.
#[utoipa::path(get, path = "/api/v1/bars/{symbol}", tag = "market",
    params(("symbol" = String, Path, description = "the instrument"), BarsAsked),
    responses((status = 200, body = BarsView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn bars(
    State(app): State<App>,
    OfSymbol(symbol): OfSymbol,
    Asked(asked): Asked<BarsAsked>,
) -> Result<Json<BarsView>, Problem> {
    let limit = Limited { limit: asked.limit }.rows(500, POINTS_MAX);
    let bars = app.desk.bars(symbol, asked.interval, limit as usize).await?;
    let snapshot = app.desk.snapshot();
    let fills = app.archive.fills(Some(symbol), MARKS_MAX).await.map_err(archive_failed)?;
    let mut by_id: BTreeMap<u64, FillView> = BTreeMap::new();
    for row in fills {
        by_id.insert(row.id, fill_view(row, |s| snapshot.name(s)));
    }
    for fill in snapshot.recent_fills.iter().filter(|f| f.symbol == symbol) {
        if let Ok(id) = fill.id.parse() {
            by_id.entry(id).or_insert_with(|| fill.clone());
        }
    }
    let first = bars.first().map(|bar| bar.t);
    let marks = by_id.into_values().map(mark).filter(|mark| first.is_some_and(|t| mark.t >= t)).collect();
    Ok(Json(BarsView {
        symbol: symbol.to_string(),
        name: snapshot.name(symbol),
        interval: asked.interval,
        bars,
        marks,
    }))
}

fn mark(fill: FillView) -> MarkView {
    let t = fill.at_ns.0.div_euclid(fsts_domain::NS_PER_S);
    MarkView { t, side: fill.side, qty: fill.qty, price: fill.price, bot: fill.bot }
}

/// Alerts, newest first, delivered or not.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "account", params(Limited),
    responses((status = 200, body = AlertsView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn alerts(
    State(app): State<App>,
    Asked(limited): Asked<Limited>,
) -> Result<Json<AlertsView>, Problem> {
    let rows = app.archive.alerts(limited.rows(50, ROWS_MAX)).await.map_err(archive_failed)?;
    let view = |row: fsts_store::Outgoing| AlertView {
        id: row.alert.id,
        kind: row.alert.kind,
        message_ko: row.alert.message_ko,
        message_en: row.alert.message_en,
        at_ns: row.alert.at.into(),
        delivered: row.delivered.is_some(),
    };
    Ok(Json(AlertsView { alerts: rows.into_iter().map(view).collect() }))
}
