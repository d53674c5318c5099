//! Orders by hand: body → domain words → one command → the recorded outcome.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fsts_domain::{IntentId, OrderKind, OrderNumber, Price, Qty, Side, Symbol};
use fsts_engine::{Command, Reply};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::{App, archive_failed, order_view};
use crate::auth::IdempotencyKey;
use crate::desk::CommandOutcome;
use crate::input::{Body, OfOrder, no_such_order};
use crate::messages::grouped;
use crate::problem::{Problem, ProblemView};
use crate::views::{OrderTypeWord, OrderView, SideWord};

/// Most shares and most won a share that a request may name: their product stays far inside `i64`.
const NUMBER_MAX: i64 = 1_000_000_000;

/// An order as a client asks for it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrderRequest {
    /// The instrument.
    #[schema(example = "005930")]
    pub symbol: String,
    /// Buy or sell.
    #[schema(value_type = SideWord)]
    pub side: Side,
    /// Limit or market.
    #[serde(rename = "type")]
    pub kind: OrderTypeWord,
    /// Shares.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub qty: i64,
    /// Limit price in won; absent or null for a market order.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub price: Option<i64>,
}

/// The broker order that a disputed order is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BindRequest {
    /// One of its candidates, up to ten digits.
    #[schema(example = "0000123456")]
    pub order_number: String,
}

/// An order in words of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewOrder {
    pub symbol: Symbol,
    pub side: Side,
    pub qty: Qty,
    pub kind: OrderKind,
}

impl NewOrder {
    /// Digest of what is wanted, however the body wrote it: tells a repeat from a reuse of the key.
    fn digest(&self) -> String {
        let (kind, price) = match self.kind {
            OrderKind::Limit(price) => ("limit", Some(price.get())),
            OrderKind::Market => ("market", None),
        };
        let body = json!({
            "price": price, "qty": self.qty, "side": self.side, "symbol": self.symbol, "type": kind,
        });
        blake3::hash(body.to_string().as_bytes()).to_hex().to_string()
    }
}

impl TryFrom<&Body> for NewOrder {
    type Error = Problem;
    fn try_from(body: &Body) -> Result<Self, Problem> {
        body.only(&["symbol", "side", "type", "qty", "price"])?;
        let side = match body.get("side").and_then(Value::as_str) {
            Some("buy") => Side::Buy,
            Some("sell") => Side::Sell,
            _ => return Err(Problem::bad("bad_side")),
        };
        let kind = match (body.get("type").and_then(Value::as_str), price(body)?) {
            (Some("limit"), Some(price)) => OrderKind::Limit(price),
            (Some("limit"), None) => return Err(Problem::bad("price_missing")),
            (Some("market"), None) => OrderKind::Market,
            (Some("market"), Some(_)) => return Err(Problem::bad("price_not_allowed")),
            _ => return Err(Problem::bad("bad_type")),
        };
        Ok(NewOrder { symbol: symbol(body)?, side, qty: qty(body)?, kind })
    }
}

pub(crate) fn symbol(body: &Body) -> Result<Symbol, Problem> {
    let text = body.get("symbol").and_then(Value::as_str).unwrap_or_default();
    text.parse().map_err(|_| Problem::bad("bad_symbol"))
}

pub(crate) fn qty(body: &Body) -> Result<Qty, Problem> {
    let refused = || Problem::bad("bad_quantity").with("limit", grouped(NUMBER_MAX));
    let number = body.get("qty").and_then(Value::as_i64).filter(|n| (1..=NUMBER_MAX).contains(n));
    number.and_then(|n| Qty::new(n).ok()).ok_or_else(refused)
}

pub(crate) fn price(body: &Body) -> Result<Option<Price>, Problem> {
    let Some(value) = body.get("price") else {
        return Ok(None);
    };
    let refused = || Problem::bad("bad_price").with("limit", grouped(NUMBER_MAX));
    let number = value.as_i64().filter(|n| *n <= NUMBER_MAX).ok_or_else(refused)?;
    Price::new(number).map(Some).map_err(|_| refused())
}

/// Places an order by hand.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", request_body = OrderRequest, security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per wish")),
    responses((status = 201, body = OrderView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn place(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    let order = NewOrder::try_from(&body)?;
    send(&app, key, order).await
}

/// The one road of every order by hand.
pub(crate) async fn send(app: &App, key: String, order: NewOrder) -> Result<(StatusCode, Json<OrderView>), Problem> {
    let NewOrder { symbol, side, qty, kind } = order;
    let command = Command::Place { key, body: order.digest(), symbol, side, qty, kind };
    let outcome = app.desk.command(command).await?;
    match &outcome.reply {
        Reply::Placed(id) => Ok((StatusCode::CREATED, Json(found(app, *id, outcome).await?))),
        _ => Err(refusal(outcome.reply)),
    }
}

/// Cancels what is left of an order.
#[utoipa::path(delete, path = "/api/v1/orders/{id}", tag = "orders", security(("token" = [])),
    params(("id" = String, Path, description = "our order id"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 202, body = OrderView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    OfOrder(id): OfOrder,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    about(&app, id, Command::Cancel { intent: id }).await
}

/// Tells which broker order a disputed order is.
#[utoipa::path(post, path = "/api/v1/orders/{id}/bind", tag = "orders", security(("token" = [])),
    request_body = BindRequest,
    params(("id" = String, Path, description = "our order id"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 202, body = OrderView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn bind(
    State(app): State<App>,
    OfOrder(id): OfOrder,
    body: Body,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    body.only(&["order_number"])?;
    let text = body.get("order_number").and_then(Value::as_str).unwrap_or_default();
    let number: OrderNumber = text.parse().map_err(|_| Problem::bad("bad_order_number"))?;
    about(&app, id, Command::Bind { intent: id, number }).await
}

/// Carries out a command about one order and answers with the order.
async fn about(app: &App, id: IntentId, command: Command) -> Result<(StatusCode, Json<OrderView>), Problem> {
    let outcome = app.desk.command(command).await?;
    match &outcome.reply {
        Reply::Done | Reply::Placed(_) => Ok((StatusCode::ACCEPTED, Json(found(app, id, outcome).await?))),
        Reply::NotPossible(_) if find(app, id).await?.is_none() => Err(no_such_order(id)),
        _ => Err(refusal(outcome.reply)),
    }
}

/// What a reply that is no success says to the client.
pub(crate) fn refusal(reply: Reply) -> Problem {
    match reply {
        Reply::Blocked(blocked) => blocked.into(),
        Reply::Unfit(reason) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bot_unfit").with("reason", reason),
        Reply::KeyReused => Problem::new(StatusCode::CONFLICT, "key_reused"),
        Reply::NotPossible("blocked_before") => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "blocked_before"),
        Reply::NotPossible(code @ ("unknown_symbol" | "unknown_bot")) => Problem::new(StatusCode::NOT_FOUND, code),
        Reply::NotPossible(code) => Problem::new(StatusCode::CONFLICT, code),
        Reply::Placed(_) | Reply::Done => {
            tracing::error!(?reply, "the engine answered another question");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}

async fn found(app: &App, id: IntentId, outcome: CommandOutcome) -> Result<OrderView, Problem> {
    let order = match outcome.order {
        Some(order) => Some(order),
        None => find(app, id).await?,
    };
    order.ok_or_else(|| no_such_order(id))
}

/// An order wherever it is: in the engine's picture while it lives, in the archive for ever.
pub(crate) async fn find(app: &App, id: IntentId) -> Result<Option<OrderView>, Problem> {
    let snapshot = app.desk.snapshot();
    if let Some(order) = snapshot.order(&id.to_string()) {
        return Ok(Some(order.clone()));
    }
    let row = app.archive.order(id).await.map_err(archive_failed)?;
    Ok(row.map(|row| order_view(row, |symbol| snapshot.name(symbol))))
}
