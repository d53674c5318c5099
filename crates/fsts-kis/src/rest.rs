//! Reads: token, call budget, one or a few exchanges, the broker's code turned into what to do.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Request};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::call::Call;
use crate::code::{Reaction, reaction};
use crate::env::Access;
use crate::envelope::{Envelope, NoEnvelope};
use crate::error::KisError;
use crate::http::{Answer, exchange, secret_header};
use crate::limiter::{Lane, Limiter};
use crate::tally;
use crate::token::{AccessToken, TokenKeeper};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a read is repeated after a failure inside the broker or on the way.
const REPEATS_MAX: u32 = 2;
/// How often a read is repeated after "too fast", which also meets compliant callers; each waits for the budget.
const TOO_FAST_MAX: u32 = 5;
const PAUSE_MS: u64 = 200;

/// What the header `tr_cont` says about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continuation {
    More,
    Last,
}

/// Everything that a call to the broker needs.
pub(crate) struct Rest {
    pub client: Client,
    pub access: Arc<Access>,
    pub tokens: Arc<TokenKeeper>,
    pub limiter: Arc<Limiter>,
}

/// A read to make.
pub(crate) struct Read<'a, Q> {
    pub call: Call,
    pub lane: Lane,
    pub query: &'a Q,
    /// True for a second or later page.
    pub next_page: bool,
}

impl Rest {
    /// A read, repeated within its budget.
    pub async fn get<Q: Serialize + Sync>(&self, read: Read<'_, Q>) -> Result<(Envelope, Continuation), KisError> {
        let call = read.call.name();
        let (mut repeats, mut too_fast, mut reauthenticated) = (0, 0, false);
        loop {
            let token = self.tokens.token().await?;
            self.limiter.acquire(read.lane).await;
            let failure = match self.get_once(&read, &token).await? {
                Seen::Success(envelope, continuation) => return Ok((envelope, continuation)),
                Seen::Failure(envelope) => envelope,
                Seen::Nothing(_) if repeats < REPEATS_MAX => {
                    repeats += 1;
                    tokio::time::sleep(pause(repeats)).await;
                    continue;
                }
                Seen::Nothing(reason) => {
                    return Err(KisError::Retry { call, after_ms: 1_000, reason });
                }
            };
            let Envelope { code, message, .. } = failure;
            match reaction(&code) {
                Reaction::Reauthenticate if !reauthenticated => {
                    reauthenticated = true;
                    self.tokens.invalidate(&token);
                }
                Reaction::Reauthenticate => return Err(KisError::Reauthenticate { call, code }),
                Reaction::Wait if too_fast < TOO_FAST_MAX => too_fast += 1,
                Reaction::Wait => return Err(KisError::RateLimited { call }),
                Reaction::Later | Reaction::IssuedJustNow if repeats < REPEATS_MAX => {
                    repeats += 1;
                    tokio::time::sleep(pause(repeats)).await;
                }
                Reaction::Later | Reaction::IssuedJustNow => {
                    return Err(KisError::Retry { call, after_ms: 1_000, reason: format!("{code} {message}") });
                }
                Reaction::Configure => {
                    return Err(KisError::Config { what: format!("{call}: {code} {message}") });
                }
                Reaction::Refuse => return Err(KisError::Refused { call, code, message }),
            }
        }
    }

    async fn get_once<Q: Serialize + Sync>(&self, read: &Read<'_, Q>, token: &AccessToken) -> Result<Seen, KisError> {
        let mut request = self.request(Method::GET, read.call, token)?;
        let query = serde_json::to_value(read.query).map_err(|_| bug(read.call))?;
        for (key, value) in query.as_object().into_iter().flatten() {
            request.url_mut().query_pairs_mut().append_pair(key, value.as_str().unwrap_or_default());
        }
        let page = if read.next_page { "N" } else { "" };
        request.headers_mut().insert("tr_cont", reqwest::header::HeaderValue::from_static(page));
        let answer = match exchange(&self.client, request, ANSWER_TIMEOUT).await {
            Ok(answer) => answer,
            Err(unanswered) => {
                tally::note(read.call, None);
                return Ok(Seen::Nothing(unanswered.reason().to_owned()));
            }
        };
        let parsed = Envelope::parse(&answer.body);
        tally::note(read.call, parsed.as_ref().ok().map(|e| (e.ok, e.code.as_str())));
        match parsed {
            Ok(envelope) if envelope.ok => Ok(Seen::Success(envelope, continuation(&answer))),
            Ok(envelope) => Ok(Seen::Failure(envelope)),
            Err(NoEnvelope(what)) => Ok(Seen::Nothing(format!("{what} (HTTP {})", answer.status))),
        }
    }

    /// A request with its headers, token and TR id; refused here when the environment lacks the call.
    pub fn request(&self, method: Method, call: Call, token: &AccessToken) -> Result<Request, KisError> {
        let tr_id = call.tr_id(self.access.environment)?;
        let url = format!("{}{}", self.access.endpoints.rest(), call.path());
        let mut headers = HeaderMap::new();
        secret_header(&mut headers, "authorization", &format!("Bearer {}", token.expose()))?;
        secret_header(&mut headers, "appkey", self.access.keys.app_key.expose_secret())?;
        secret_header(&mut headers, "appsecret", self.access.keys.app_secret.expose_secret())?;
        self.client
            .request(method, url)
            .headers(headers)
            .header("content-type", "application/json; charset=utf-8")
            .header("tr_id", tr_id)
            .header("custtype", "P")
            .build()
            .map_err(|_| bug(call))
    }
}

/// What one exchange of a read showed.
enum Seen {
    Success(Envelope, Continuation),
    Failure(Envelope),
    Nothing(String),
}

fn continuation(answer: &Answer) -> Continuation {
    match answer.headers.get("tr_cont").map(|value| value.as_bytes()) {
        Some(b"F" | b"M") => Continuation::More,
        _ => Continuation::Last,
    }
}

/// Doubling with jitter, so that tasks that failed together do not come back together.
fn pause(repeats: u32) -> Duration {
    let base = PAUSE_MS << repeats.min(6);
    Duration::from_millis(base / 2 + crate::jitter::below(base))
}

fn bug(call: Call) -> KisError {
    KisError::Config { what: format!("{}: the request could not be built", call.name()) }
}

/// A reader of an answer's parts, with the call's name in its errors.
pub(crate) fn unreadable(call: Call) -> impl Fn(NoEnvelope) -> KisError {
    move |no| KisError::Decode { call: call.name(), what: no.0.to_owned() }
}
