//! Signing in and out, and who one is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, cookie_name};
use crate::input::Body;
use crate::problem::{Problem, ProblemView};
use crate::sign_in::{IDLE_S, Opened, PASSWORD_MIN, SESSION_S, SignIn, SignInError};
use crate::views::Ns;

/// Who the caller is, and what that allows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    /// True with a session or with the token of a program.
    pub signed_in: bool,
    /// Who; absent for a program's token.
    pub user: Option<String>,
    /// What the caller may do: `read`, `write`.
    pub scopes: Vec<&'static str>,
    /// To be sent as `X-CSRF-Token` with each write of this session.
    pub csrf: Option<String>,
    /// True while there is no user: the code on the server's terminal makes the first one.
    pub setup_needed: bool,
    /// True while nobody need sign in to read.
    pub reads_open: bool,
    /// When the session ends at the latest.
    pub ends_ns: Option<Ns>,
    /// Seconds without use after which it ends.
    pub idle_s: Option<i64>,
}

/// The first user.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "the description of a body that is read field by field")]
pub struct SetupRequest {
    /// The code on the server's terminal.
    #[schema(example = "7F3KQ-09ZXM")]
    code: String,
    /// A name without spaces.
    user: String,
    /// Ten characters or more.
    #[schema(format = Password)]
    password: String,
}

/// A user who comes back.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "the description of a body that is read field by field")]
pub struct LoginRequest {
    /// The name.
    user: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

fn view(app: &App, caller: &Caller) -> SessionView {
    let user_exists = app.services.sign_in.as_ref().is_some_and(|s| s.has_user());
    let signed = match caller {
        Caller::Person(signed) => Some(signed),
        Caller::Program | Caller::Nobody => None,
    };
    let scopes: &[&str] = match caller {
        Caller::Person(_) | Caller::Program => &["read", "write"],
        Caller::Nobody if user_exists => &[],
        Caller::Nobody => &["read"],
    };
    SessionView {
        signed_in: !matches!(caller, Caller::Nobody),
        user: signed.map(|s| s.user.clone()),
        scopes: scopes.to_vec(),
        csrf: signed.map(|s| s.csrf.clone()),
        setup_needed: app.services.sign_in.is_some() && !user_exists,
        reads_open: !user_exists,
        ends_ns: signed.map(|s| s.ends.into()),
        idle_s: signed.map(|_| IDLE_S),
    }
}

/// Who the caller is. Needs no rights.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = SessionView)))]
pub(crate) async fn session(State(app): State<App>, Extension(caller): Extension<Caller>) -> Json<SessionView> {
    Json(view(&app, &caller))
}

/// Makes the first user with the code on the server's terminal, and signs them in.
#[utoipa::path(post, path = "/api/v1/session/setup", tag = "session", request_body = SetupRequest, security(()),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = SessionView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn setup(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    body.only(&["code", "user", "password"])?;
    let sign_in = sign_in(&app)?;
    let password = SecretString::from(text(&body, "password")?);
    let opened = sign_in.set_up(&text(&body, "code")?, text(&body, "user")?.trim(), password).await?;
    welcome(&app, &headers, opened)
}

/// Signs in. A new token each time; one that the browser had before is worth nothing more here.
#[utoipa::path(post, path = "/api/v1/session/login", tag = "session", request_body = LoginRequest, security(()),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = SessionView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn login(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body.only(&["user", "password"])?;
    let sign_in = sign_in(&app)?;
    let password = SecretString::from(text(&body, "password")?);
    let opened = sign_in.log_in(text(&body, "user")?.trim(), password).await?;
    if let Caller::Person(before) = caller {
        sign_in.log_out(&before).await?;
    }
    welcome(&app, &headers, opened)
}

/// Signs out: the session ends at the server, whatever the browser keeps.
#[utoipa::path(post, path = "/api/v1/session/logout", tag = "session", security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = SessionView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn logout(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body.only(&[])?;
    if let Caller::Person(signed) = &caller {
        sign_in(&app)?.log_out(signed).await?;
    }
    let mut response = Json(view(&app, &Caller::Nobody)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&headers, "", 0)?);
    Ok(response)
}

fn welcome(app: &App, headers: &HeaderMap, Opened { token, signed }: Opened) -> Result<Response, Problem> {
    let mut response = Json(view(app, &Caller::Person(signed))).into_response();
    let cookie = cookie(headers, token.expose_secret(), SESSION_S)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Out of reach of scripts and of other sites. Behind a name of its own the server is reached by TLS, and then the cookie
/// never leaves it.
fn cookie(headers: &HeaderMap, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let name = cookie_name(headers);
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let broken = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");
    let mut cookie = HeaderValue::from_str(&cookie).map_err(broken)?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

fn sign_in(app: &App) -> Result<Arc<SignIn>, Problem> {
    let off = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "sign_in_off");
    app.services.sign_in.clone().ok_or_else(off)
}

fn text(body: &Body, field: &'static str) -> Result<String, Problem> {
    let text = body.get(field).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Problem::bad("bad_field").with("field", field))
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::TooMany { wait_s } => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts").with("wait", wait_s)
            }
            SignInError::WrongCode => Problem::new(StatusCode::UNAUTHORIZED, "bad_setup_code"),
            SignInError::WrongPassword => Problem::new(StatusCode::UNAUTHORIZED, "bad_login"),
            SignInError::UserExists => Problem::new(StatusCode::CONFLICT, "user_exists"),
            SignInError::BadName => Problem::bad("bad_user_name"),
            SignInError::WeakPassword => Problem::bad("weak_password").with("limit", PASSWORD_MIN),
            SignInError::Store(_) | SignInError::Failed(_) => {
                tracing::error!(%error, "signing in failed");
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "sign_in_failed")
            }
        }
    }
}
