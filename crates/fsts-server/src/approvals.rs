//! Proposals of the assistant: a person looks at one and decides; an approved one takes the road of an order by hand.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fsts_domain::{OrderKind, Price, Qty, Side};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::assistant::views::{ApprovalView, ApprovalsView};
use crate::assistant::{ApprovalRefusal, Settled, port};
use crate::input::{Asked, Body};
use crate::orders::{NewOrder, send};
use crate::problem::{Problem, ProblemView};
use crate::views::OrderTypeWord;

/// Longest reason of a rejection.
const REASON_MAX: usize = 200;
/// A price that moved by more than this since the proposal is another decision, thousandths.
const MOVED_MAX_PERMILLE: i64 = 20;
/// Who decides over HTTP, for the record.
const BY: &str = "http";

/// An approval.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApproveRequest {
    /// The hash of the proposal that was looked at.
    pub hash: String,
    /// What the proposal asks to be typed, when it asks.
    pub second_factor: Option<String>,
}

/// A rejection.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct RejectRequest {
    /// In a person's words.
    pub reason: Option<String>,
}

/// Which proposals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApprovalsAsked {
    /// Only those of one state, such as `pending_approval`.
    status: Option<String>,
}

impl From<ApprovalRefusal> for Problem {
    fn from(refusal: ApprovalRefusal) -> Self {
        let (status, code) = match refusal {
            ApprovalRefusal::Unknown => (StatusCode::NOT_FOUND, "approval_not_found"),
            ApprovalRefusal::Decided => (StatusCode::CONFLICT, "approval_decided"),
            ApprovalRefusal::Expired => (StatusCode::CONFLICT, "approval_expired"),
            ApprovalRefusal::WrongHash => (StatusCode::UNPROCESSABLE_ENTITY, "approval_changed"),
            ApprovalRefusal::StoreFailed => (StatusCode::SERVICE_UNAVAILABLE, "archive_failed"),
        };
        Problem::new(status, code)
    }
}

/// Proposals, newest first.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "assistant", params(ApprovalsAsked),
    responses((status = 200, body = ApprovalsView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn approvals(
    State(app): State<App>,
    Asked(asked): Asked<ApprovalsAsked>,
) -> Result<Json<ApprovalsView>, Problem> {
    Ok(Json(ApprovalsView { approvals: port(&app)?.approvals(asked.status).await? }))
}

/// One proposal.
#[utoipa::path(get, path = "/api/v1/approvals/{id}", tag = "assistant",
    params(("id" = String, Path, description = "the proposal")),
    responses((status = 200, body = ApprovalView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn approval(State(app): State<App>, Path(id): Path<String>) -> Result<Json<ApprovalView>, Problem> {
    Ok(Json(port(&app)?.approval(id).await?))
}

/// Approves a proposal and sends it as an order, once.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/approve", tag = "assistant", request_body = ApproveRequest,
    security(("token" = [])),
    params(("id" = String, Path, description = "the proposal"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = ApprovalView), (status = "4XX", body = ProblemView),
        (status = "5XX", body = ProblemView)))]
pub(crate) async fn approve(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<ApprovalView>, Problem> {
    body.only(&["hash", "second_factor"])?;
    // The assistant looks at the first account, and its proposals are about that one.
    let first = app.accounts.seats.iter().find(|seat| seat.key == app.accounts.first);
    let app = first.map_or_else(|| app.clone(), |seat| app.at(seat));
    let port = port(&app)?;
    let shown = port.approval(id.clone()).await?;
    let hash = body.get("hash").and_then(Value::as_str).ok_or_else(|| Problem::from(ApprovalRefusal::WrongHash))?;
    if shown.state == "pending_approval" && hash == shown.hash {
        confirmed(&shown, body.get("second_factor").and_then(Value::as_str))?;
        price_holds(&app, &shown)?;
    }
    let order = order_of(&shown)?;
    let claimed = port.claim(id.clone(), hash.to_owned(), BY.to_owned()).await?;
    // The key is the proposal's own: whatever is repeated, the engine knows it for the same order.
    match send(&app, format!("approval-{}", claimed.approval_id), order).await {
        Ok((_, Json(order))) => Ok(Json(port.settle(id, Settled::Submitted { order_id: order.id }).await?)),
        Err(problem) => {
            let code = problem.code().to_owned();
            let settled = match code.as_str() {
                "engine_timeout" | "archive_failed" | "internal" => Settled::Unknown { code },
                _ => Settled::Refused { code },
            };
            port.settle(id, settled).await?;
            Err(problem)
        }
    }
}

/// Turns a proposal down.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/reject", tag = "assistant", request_body = RejectRequest,
    security(("token" = [])),
    params(("id" = String, Path, description = "the proposal"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = ApprovalView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn reject(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<ApprovalView>, Problem> {
    body.only(&["reason"])?;
    let reason = match body.get("reason") {
        None => String::new(),
        Some(Value::String(text)) if text.chars().count() <= REASON_MAX && !text.chars().any(char::is_control) => {
            text.trim().to_owned()
        }
        Some(_) => return Err(Problem::bad("bad_reason").with("limit", REASON_MAX)),
    };
    Ok(Json(port(&app)?.reject(id, BY.to_owned(), reason).await?))
}

/// What a proposal asks to be typed must be typed.
fn confirmed(shown: &ApprovalView, typed: Option<&str>) -> Result<(), Problem> {
    let Some(wanted) = &shown.confirmation else { return Ok(()) };
    let refused = || Problem::new(StatusCode::FORBIDDEN, "second_factor_needed").with("wanted", wanted);
    if typed.is_some_and(|t| t.split_whitespace().eq(wanted.split_whitespace())) { Ok(()) } else { Err(refused()) }
}

/// What was looked at must still be the market.
fn price_holds(app: &App, shown: &ApprovalView) -> Result<(), Problem> {
    let symbol = shown.order.symbol.parse().map_err(|_| Problem::bad("bad_symbol"))?;
    let (Some(then), Some(quote)) = (shown.last_price, app.desk.quote(symbol)) else { return Ok(()) };
    let moved = (quote.last.get() - then).abs().saturating_mul(1_000);
    if moved > then.saturating_mul(MOVED_MAX_PERMILLE) {
        return Err(Problem::new(StatusCode::CONFLICT, "price_moved").with("then", then).with("now", quote.last.get()));
    }
    Ok(())
}

fn order_of(shown: &ApprovalView) -> Result<NewOrder, Problem> {
    let damaged = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");
    let order = &shown.order;
    let side = match order.side.as_str() {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(damaged()),
    };
    let kind = match (order.kind, order.price) {
        (OrderTypeWord::Limit, Some(price)) => OrderKind::Limit(Price::new(price).map_err(|_| damaged())?),
        (OrderTypeWord::Market, None) => OrderKind::Market,
        (OrderTypeWord::Limit, None) | (OrderTypeWord::Market, Some(_)) => return Err(damaged()),
    };
    let qty = Qty::new(order.qty).map_err(|_| damaged())?;
    Ok(NewOrder { symbol: order.symbol.parse().map_err(|_| damaged())?, side, qty, kind })
}
