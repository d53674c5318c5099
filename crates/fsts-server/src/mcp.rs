//! The door for other programs' models: the Model Context Protocol over one address. What it offers is put together
//! elsewhere; here is who may knock.

use std::convert::Infallible;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode};
use futures_util::future::BoxFuture;
use http_body_util::combinators::BoxBody;

use crate::app::App;
use crate::problem::{Problem, ProblemView};

/// Where the door is.
pub(crate) const PATH: &str = "/mcp";
/// Largest request, bytes.
const BODY_MAX: usize = 1024 * 1024;

/// Requests that are answered at once; a model that loops must not keep the program from its own work.
pub(crate) const CALLS_MAX: usize = 16;

/// A request of a client who has shown the token.
pub type McpRequest = axum::http::Request<Bytes>;
/// The answer; it may come in pieces.
pub type McpAnswer = Response<BoxBody<Bytes, Infallible>>;

/// The tools as an MCP server. Token, host and origin were checked before.
pub trait McpPort: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: McpRequest) -> BoxFuture<'_, McpAnswer>;
}

/// One message of the Model Context Protocol, of either era; needs the token and no idempotency key.
#[utoipa::path(post, path = "/mcp", tag = "assistant", request_body = Object, security(("token" = [])),
    responses((status = 200, body = Object), (status = 202), (status = "4XX", body = ProblemView),
        (status = 503, body = ProblemView)))]
pub(crate) async fn ask(State(app): State<App>, request: Request) -> Result<Response<Body>, Problem> {
    pass(&app, request).await
}

/// The stream of older revisions, which this server does not need: 405.
#[utoipa::path(get, path = "/mcp", tag = "assistant", security(("token" = [])),
    responses((status = "4XX", body = ProblemView), (status = 503, body = ProblemView)))]
pub(crate) async fn listen(State(app): State<App>, request: Request) -> Result<Response<Body>, Problem> {
    pass(&app, request).await
}

/// The end of a session of older revisions; there are no sessions: 405.
#[utoipa::path(delete, path = "/mcp", tag = "assistant", security(("token" = [])),
    responses((status = "4XX", body = ProblemView), (status = 503, body = ProblemView)))]
pub(crate) async fn end(State(app): State<App>, request: Request) -> Result<Response<Body>, Problem> {
    pass(&app, request).await
}

async fn pass(app: &App, request: Request) -> Result<Response<Body>, Problem> {
    let off = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "mcp_off");
    let port = app.services.mcp.clone().ok_or_else(off)?;
    if request.method() == Method::HEAD {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed").with("method", "HEAD"));
    }
    let busy = |_| Problem::new(StatusCode::TOO_MANY_REQUESTS, "mcp_busy").with("limit", CALLS_MAX);
    let _place = app.calls.try_acquire().map_err(busy)?;
    let (parts, body) = request.into_parts();
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").with("limit", BODY_MAX);
    let body = to_bytes(body, BODY_MAX).await.map_err(too_large)?;
    Ok(port.answer(McpRequest::from_parts(parts, body)).await.map(Body::new))
}
