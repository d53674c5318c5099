//! Names of the old program: the same checks, the same road, and no GET that changes anything.

pub(crate) mod simulations;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fsts_domain::{OrderKind, Side};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::IdempotencyKey;
use crate::input::Body;
use crate::orders::{self, NewOrder};
use crate::problem::{Problem, ProblemView};
use crate::views::OrderView;

/// An order as the old program took it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TradeRequest {
    /// The instrument.
    #[schema(example = "005930")]
    pub symbol: String,
    /// Shares.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub qty: i64,
    /// Limit price in won; absent or null for a market order.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub price: Option<i64>,
}

async fn trade(app: &App, key: String, body: &Body, side: Side) -> Result<(StatusCode, Json<OrderView>), Problem> {
    body.only(&["symbol", "qty", "price"])?;
    let kind = orders::price(body)?.map_or(OrderKind::Market, OrderKind::Limit);
    let order = NewOrder { symbol: orders::symbol(body)?, side, qty: orders::qty(body)?, kind };
    orders::send(app, key, order).await
}

/// Buys; without a price at the market.
#[utoipa::path(post, path = "/api/v1/trade/buy", tag = "old names", request_body = TradeRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per wish")),
    responses((status = 201, body = OrderView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn buy(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    trade(&app, key, &body, Side::Buy).await
}

/// Sells; without a price at the market.
#[utoipa::path(post, path = "/api/v1/trade/sell", tag = "old names", request_body = TradeRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, one per wish")),
    responses((status = 201, body = OrderView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn sell(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    trade(&app, key, &body, Side::Sell).await
}

/// Traded by GET in the old program; now it only tells what to call.
#[utoipa::path(get, path = "/trade", tag = "old names", responses((status = 405, body = ProblemView)))]
pub(crate) async fn old_trade() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "old_trade")
}
