//! Who may ask what: host names, origins, the token of programs, sessions of people, idempotency keys.
//!
//! The rule is `docs/decisions/0007-who-may-read.md`: reads are open until there is a user, writes never are.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::accounts;
use crate::app::App;
use crate::mcp;
use crate::problem::Problem;
use crate::sign_in::Signed;
use crate::static_files;

/// Longest idempotency key.
const KEY_MAX: usize = 128;
/// Signed by its sender, who knows the server under a public name.
const SIGNED: &str = "/discord/interactions";
/// Names under which a loopback address may be called, by any port: tunnels change it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where a person without rights comes to get some.
const DOORS: [&str; 2] = ["/api/v1/session/setup", "/api/v1/session/login"];
/// What is told to anybody: whether the server lives, how it is called, and who one is.
const TOLD_TO_ALL: [&str; 7] =
    ["/healthz", "/readyz", "/health", "/metrics", "/openapi.json", "/docs", "/api/v1/session"];
/// Cookie of a session; the second one is for names behind TLS, where browsers guard it better.
const COOKIES: [&str; 2] = ["fsts_session", "__Host-fsts_session"];
/// A browser can't set headers of a WebSocket, only the protocols that it offers.
const BEARER_PROTOCOL: &str = "bearer.";

/// Who a request comes from.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// Nobody known.
    Nobody,
    /// A program with the token.
    Program,
    /// Somebody with a session.
    Person(Signed),
}

/// Lets a request pass to its handler, or refuses it before anything looks at its body.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    // A signature over time and body says who sends it: no browser can be made to.
    if request.uri().path() == SIGNED {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match admit(&app, &parts).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &App, request: &Parts) -> Result<Caller, Problem> {
    check_host(app, request)?;
    let (headers, path) = (&request.headers, request.uri.path());
    if path == mcp::PATH {
        return for_programs_alone(app, headers);
    }
    let writes = !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if writes {
        check_origin(headers)?;
    }
    let caller = caller(app, headers, writes).await?;
    if writes {
        check_rights(app, headers, path, &caller)?;
        check_content_type(headers)?;
        idempotency_key(headers)?;
    } else if matches!(caller, Caller::Nobody) && has_user(app) && !is_told_to_all(path) {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "sign_in_first"));
    }
    // Pages carry the account in their address too: they are the same for all.
    if path.starts_with("/api/") || path == "/readyz" {
        accounts::check(app, &request.method, &request.uri)?;
    }
    Ok(caller)
}

/// Another program's model shows the token with every request, reading or not. The protocol numbers its requests itself
/// and knows no idempotency key.
fn for_programs_alone(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    check_origin(headers)?;
    match (&app.token, token_is_right(app, headers)) {
        (None, _) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_token")),
        (Some(_), false) => Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized")),
        (Some(_), true) => Ok(Caller::Program),
    }
}

fn has_user(app: &App) -> bool {
    app.services.sign_in.as_ref().is_some_and(|s| s.has_user())
}

fn is_told_to_all(path: &str) -> bool {
    TOLD_TO_ALL.contains(&path) || path.starts_with("/docs/") || static_files::is_public(path)
}

/// Who sends these headers. A wrong token is nobody's, and says so where it matters.
async fn caller(app: &App, headers: &HeaderMap, writes: bool) -> Result<Caller, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(if token_is_right(app, headers) { Caller::Program } else { Caller::Nobody });
    }
    if protocol_token(headers).is_some_and(|token| is_token(app, token)) {
        return Ok(Caller::Program);
    }
    let Some((sign_in, token)) = app.services.sign_in.as_ref().zip(session_token(headers)) else {
        return Ok(Caller::Nobody);
    };
    let in_use = writes || headers.contains_key("x-user-active");
    Ok(sign_in.who(&token, in_use).await?.map_or(Caller::Nobody, Caller::Person))
}

/// Names of our own behind TLS carry the stricter cookie.
pub(crate) fn cookie_name(headers: &HeaderMap) -> &'static str {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).and_then(|h| h.parse::<Authority>().ok());
    let loopback = host.is_none_or(|h| LOOPBACK.iter().any(|name| name.eq_ignore_ascii_case(h.host())));
    if loopback { COOKIES[0] } else { COOKIES[1] }
}

fn session_token(headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(headers);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|h| h.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
}

fn protocol_token(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|h| h.to_str().ok())?;
    offered.split(',').find_map(|one| one.trim().strip_prefix(BEARER_PROTOCOL))
}

/// A write needs the token, or a session together with what only a page of this session knows.
fn check_rights(app: &App, headers: &HeaderMap, path: &str, caller: &Caller) -> Result<(), Problem> {
    if DOORS.contains(&path) {
        return Ok(());
    }
    match caller {
        Caller::Program => Ok(()),
        Caller::Person(signed) => {
            let mut given = headers.get_all("x-csrf-token").iter();
            let equal = given.next().is_some_and(|g| g.as_bytes().ct_eq(signed.csrf.as_bytes()).into());
            let refused = || Problem::new(StatusCode::FORBIDDEN, "bad_csrf");
            if equal && given.next().is_none() { Ok(()) } else { Err(refused()) }
        }
        Caller::Nobody if app.token.is_none() && !has_user(app) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_token"))
        }
        Caller::Nobody => Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized")),
    }
}

/// DNS rebinding: a foreign name that points here is not us.
fn check_host(app: &App, request: &Parts) -> Result<(), Problem> {
    let refused = || Problem::new(StatusCode::FORBIDDEN, "bad_host");
    let mut hosts = request.headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|h| h.to_str().ok()).ok_or_else(refused)?;
    let named = request.uri.authority().is_none_or(|a| is_ours(app, a.as_str()));
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

fn token_is_right(app: &App, headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let credentials = given.next().and_then(|h| h.to_str().ok()).and_then(|text| text.split_once(' '));
    let bearer = |(scheme, token): (&str, &str)| scheme.eq_ignore_ascii_case("bearer") && is_token(app, token.trim());
    credentials.is_some_and(bearer) && given.next().is_none()
}

fn is_token(app: &App, given: &str) -> bool {
    let held = app.token.as_ref().map(|t| t.expose_secret().as_bytes());
    held.is_some_and(|held| given.as_bytes().ct_eq(held).into())
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
