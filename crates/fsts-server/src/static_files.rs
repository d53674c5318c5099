//! The embedded dashboard and the pages that need no build.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;

/// The dashboard as the web build left it; empty in a checkout without one.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Addresses of the dashboard; `web/src/lib/routes.ts` has the same list.
const PAGES: [&str; 10] =
    ["", "bots", "portfolio", "orders", "chart", "lab", "jobs", "alerts", "assistant", "settings"];
/// Addresses below these name one thing, such as the symbol of a chart.
const PAGES_OF_ONE: [&str; 2] = ["chart", "lab/runs"];

const NOTICE: &str = include_str!("../assets/notice.html");
const DOCS_PAGE: &str = include_str!("../assets/docs.html");
const DOCS_SCRIPT: &str = include_str!("../assets/docs.js");
const DOCS_STYLE: &str = include_str!("../assets/docs.css");
const HTML: &str = "text/html; charset=utf-8";
/// The build names these files by their content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Everything that is no route: files of the dashboard, and its one page for each address of its own.
pub(crate) async fn fallback(request: Request) -> Response {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads || path.starts_with("/api") {
        return Problem::new(StatusCode::NOT_FOUND, "not_found").with("path", path).into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Dist::get(name).filter(|_| !name.is_empty()) {
        let caching = if name.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN };
        return answer(content_type(name), file, caching);
    }
    // A missing script or a mistyped route must not come back as a page.
    if !is_page(name) {
        return Problem::new(StatusCode::NOT_FOUND, "not_found").with("path", path).into_response();
    }
    match Dist::get("index.html") {
        Some(file) => answer(HTML, file, ASK_AGAIN),
        None => page(HTML, NOTICE),
    }
}

/// Whether a path is of the dashboard itself, which holds nothing of the account.
pub(crate) fn is_public(path: &str) -> bool {
    let name = path.trim_start_matches('/');
    is_page(name) || name.starts_with("assets/") || name == "favicon.svg"
}

fn is_page(name: &str) -> bool {
    let name = name.trim_end_matches('/');
    let of_one = |(page, one): (&str, &str)| PAGES_OF_ONE.contains(&page) && !one.contains('.');
    PAGES.contains(&name) || name.rsplit_once('/').is_some_and(of_one)
}

fn answer(content_type: &'static str, file: EmbeddedFile, caching: HeaderValue) -> Response {
    let mut response = file.data.into_owned().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    response
}

fn page(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type)), (header::CACHE_CONTROL, ASK_AGAIN)], text)
        .into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => HTML,
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The API's documentation, rendered from `/openapi.json` without any outside host.
#[utoipa::path(get, path = "/docs", tag = "health", responses((status = 200, content_type = "text/html")))]
pub(crate) async fn docs() -> Response {
    page(HTML, DOCS_PAGE)
}

pub(crate) async fn docs_script() -> Response {
    page("text/javascript; charset=utf-8", DOCS_SCRIPT)
}

pub(crate) async fn docs_style() -> Response {
    page("text/css; charset=utf-8", DOCS_STYLE)
}
