//! Who may ask what: host names, origins, the write token, idempotency keys.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::problem::Problem;

/// Longest idempotency key.
const KEY_MAX: usize = 128;
/// Signed by its sender, who knows the server under a public name.
const SIGNED: &str = "/discord/interactions";
/// Names under which a loopback address may be called, by any port: tunnels change it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Lets a request pass to its handler, or refuses it before anything looks at its body.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    // A signature over time and body says who sends it: no browser can be made to.
    if request.uri().path() == SIGNED {
        return next.run(request).await;
    }
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let checked = check_host(&app, &request).and_then(|()| match writes {
        true => check_write(&app, request.headers()),
        false => Ok(()),
    });
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// DNS rebinding: a foreign name that points here is not us.
fn check_host(app: &App, request: &Request) -> Result<(), Problem> {
    let refused = || Problem::new(StatusCode::FORBIDDEN, "bad_host");
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|h| h.to_str().ok()).ok_or_else(refused)?;
    let named = request.uri().authority().is_none_or(|a| is_ours(app, a.as_str()));
    if hosts.next().is_none() && is_ours(app, host) && named { Ok(()) } else { Err(refused()) }
}

fn is_ours(app: &App, authority: &str) -> bool {
    let Ok(parsed) = authority.parse::<Authority>() else {
        return false;
    };
    if authority.contains('@') {
        return false;
    }
    let listed =
        |allowed: &String| allowed.eq_ignore_ascii_case(authority) || allowed.eq_ignore_ascii_case(parsed.host());
    LOOPBACK.iter().any(|name| name.eq_ignore_ascii_case(parsed.host())) || app.allowed_hosts.iter().any(listed)
}

/// A browser that comes from another page says so; other clients send neither header.
pub(crate) fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || Problem::new(StatusCode::FORBIDDEN, "bad_origin");
    for origin in headers.get_all(header::ORIGIN) {
        let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).ok_or_else(refused)?;
        let origin = origin.to_str().map_err(|_| refused())?;
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if !authority.is_some_and(|a| a.eq_ignore_ascii_case(host)) {
            return Err(refused());
        }
    }
    for site in headers.get_all("sec-fetch-site") {
        if !matches!(site.as_bytes(), b"same-origin" | b"none") {
            return Err(refused());
        }
    }
    Ok(())
}

fn check_write(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    check_origin(headers)?;
    check_token(app, headers)?;
    check_content_type(headers)?;
    idempotency_key(headers).map(|_| ())
}

fn check_token(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(token) = &app.token else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_token"));
    };
    let refused = || Problem::new(StatusCode::UNAUTHORIZED, "unauthorized");
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let text = given.next().and_then(|h| h.to_str().ok()).ok_or_else(refused)?;
    let (scheme, credentials) = text.split_once(' ').ok_or_else(refused)?;
    let equal: bool = credentials.trim().as_bytes().ct_eq(token.expose_secret().as_bytes()).into();
    if equal && scheme.eq_ignore_ascii_case("bearer") && given.next().is_none() { Ok(()) } else { Err(refused()) }
}

/// Forms and plain text can be sent across origins without asking; JSON cannot.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_content_type");
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        let length = headers.get(header::CONTENT_LENGTH).is_none_or(|l| l.as_bytes() == b"0");
        let empty = length && !headers.contains_key(header::TRANSFER_ENCODING);
        return if empty { Ok(()) } else { Err(refused()) };
    };
    let essence = given.to_str().ok().and_then(|t| t.split(';').next()).map(str::trim).unwrap_or_default();
    if essence.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(refused()) }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let missing = || Problem::bad("idempotency_key_missing");
    let mut keys = headers.get_all("idempotency-key").iter();
    let key = keys.next().and_then(|k| k.to_str().ok()).ok_or_else(missing)?;
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    let fits = (1..=KEY_MAX).contains(&key.len()) && visible && keys.next().is_none();
    if fits { Ok(key.to_owned()) } else { Err(missing()) }
}

/// The key of a write; a handler that takes it shows that it may be repeated.
pub(crate) struct IdempotencyKey(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        idempotency_key(&parts.headers).map(IdempotencyKey)
    }
}
