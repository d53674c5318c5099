//! The whole API on one screen: each route is in this table, and with that in `docs/openapi.json`.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::Problem;
use crate::views::{AlertView, QuoteTickView};
use crate::{
    accounts, approvals, assistant, auth, backups, bots, compat, controls, discord, edge, feed, health, indicators,
    jobs, mcp, metrics, orders, reads, session, simulations, static_files,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "FSTS", description = "The trading loop of each account: orders, positions, prices and the kill switch. \
        Money is whole won; `*_ns` are UTC nanoseconds as text."),
    components(schemas(QuoteTickView, AlertView)),
    modifiers(&Rights)
)]
struct Api;

struct Rights;

impl Modify for Rights {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("FSTS_API_TOKEN")).build();
        let session = ApiKeyValue::with_description("fsts_session", "after /api/v1/session/login");
        let csrf = ApiKeyValue::with_description("X-CSRF-Token", "`csrf` of /api/v1/session; with writes");
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    }
}

fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi())
        // health
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::status))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi))
        .routes(routes!(static_files::docs))
        // session
        .routes(routes!(session::session))
        .routes(routes!(session::setup))
        .routes(routes!(session::login))
        .routes(routes!(session::logout))
        // account
        .routes(routes!(accounts::accounts))
        .routes(routes!(reads::balance))
        .routes(routes!(reads::positions))
        .routes(routes!(reads::equity))
        .routes(routes!(reads::alerts))
        // orders
        .routes(routes!(reads::orders, orders::place))
        .routes(routes!(reads::order, orders::cancel))
        .routes(routes!(orders::bind))
        .routes(routes!(reads::history))
        // controls
        .routes(routes!(controls::halt))
        .routes(routes!(controls::resume))
        .routes(routes!(controls::release))
        // bots
        .routes(routes!(bots::bots, bots::create))
        .routes(routes!(bots::bot, bots::delete))
        .routes(routes!(bots::start))
        .routes(routes!(bots::pause))
        .routes(routes!(bots::stop))
        // market
        .routes(routes!(controls::watchlist, controls::watch))
        .routes(routes!(reads::quote))
        .routes(routes!(reads::bars))
        .routes(routes!(indicators::ma))
        .routes(routes!(indicators::rsi))
        .routes(routes!(indicators::by_name))
        // feed
        .routes(routes!(feed::feed))
        // old names
        .routes(routes!(health::old_health))
        .routes(routes!(compat::buy))
        .routes(routes!(compat::sell))
        .routes(routes!(compat::old_trade))
        .routes(routes!(compat::simulations::single))
        .routes(routes!(compat::simulations::bulk))
        .routes(routes!(compat::simulations::result))
        .routes(routes!(compat::simulations::price_change))
        .merge(services())
}

/// What runs beside the trading loop; each part may be off.
fn services() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        // discord
        .routes(routes!(discord::send))
        .routes(routes!(discord::message))
        .routes(routes!(discord::interactions))
        .routes(routes!(discord::channel))
        // jobs
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::history))
        .routes(routes!(jobs::run))
        .routes(routes!(jobs::enable))
        .routes(routes!(jobs::disable))
        .routes(routes!(jobs::snapshots))
        // backups
        .routes(routes!(backups::list, backups::create))
        .routes(routes!(backups::verify))
        // assistant
        .routes(routes!(assistant::agent_chat))
        .routes(routes!(assistant::predict_supervisor))
        .routes(routes!(assistant::predict_agent))
        .routes(routes!(assistant::predict_langchain))
        .routes(routes!(assistant::query))
        .routes(routes!(assistant::sessions))
        .routes(routes!(assistant::session, assistant::forget))
        .routes(routes!(assistant::history))
        .routes(routes!(assistant::fork))
        .routes(routes!(assistant::resume))
        .routes(routes!(assistant::cancel))
        .routes(routes!(approvals::approvals))
        .routes(routes!(approvals::approval))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        // tools for other programs
        .routes(routes!(mcp::ask, mcp::listen, mcp::end))
        // simulations
        .routes(routes!(simulations::list, simulations::submit))
        .routes(routes!(simulations::one, simulations::delete))
        .routes(routes!(simulations::result))
        .routes(routes!(simulations::cancel))
        .routes(routes!(simulations::strategies))
}

/// The API as OpenAPI 3.1 JSON, as it is committed and served.
pub fn openapi_json() -> String {
    let mut api = table().into_openapi();
    accounts::describe(&mut api);
    api.to_pretty_json().expect("invariant: the description has text keys and no failing part") + "\n"
}

/// All routes behind the edge and the guard.
pub(crate) fn router(app: App) -> Router {
    let (routes, _) = table().split_for_parts();
    routes
        .route("/docs/page.js", get(static_files::docs_script))
        .route("/docs/page.css", get(static_files::docs_style))
        .fallback(static_files::fallback)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(app.clone(), auth::guard))
        .layer(from_fn_with_state(app.clone(), edge::finish))
        .layer(from_fn(edge::secure))
        .with_state(app)
}

async fn not_allowed(request: Request) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed").with("method", request.method())
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, content_type = "application/json")))]
async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], openapi_json()).into_response()
}
