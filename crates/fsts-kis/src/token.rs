//! The access token: one per environment and app key, shared by all processes of this machine through a file.
//!
//! The broker refuses a second issue within a minute and sends the customer a text message at each, so a token is
//! asked for once, by one task, under a lock that other processes honour. It is given up when its time is over or when
//! the broker says so.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fsts_domain::{NS_PER_S, Timestamp, TradingDay};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::call::Call;
use crate::clock::MarketClock;
use crate::code::{Reaction, reaction};
use crate::env::Access;
use crate::envelope::Envelope;
use crate::error::KisError;
use crate::http::exchange;
use crate::limiter::{Lane, Limiter};
use crate::tally;
use crate::wire::login::{ApprovalAnswer, ApprovalRequest, TokenAnswer, TokenRequest};
use store::{Stored, TokenFile};

mod store;

/// A new issue within this time after the last is refused (`EGW00133`); a second more for clocks that differ.
const ISSUE_PAUSE_S: i64 = 61;
/// A token this close to its end is renewed: a call that begins with it must also end with it.
const RENEW_BEFORE_S: i64 = 600;
/// How often an issue is tried before the failure is reported.
const ISSUE_ATTEMPTS: u32 = 3;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A bearer token. Cheap to clone; never shown.
#[derive(Clone)]
pub struct AccessToken(Arc<SecretString>);

impl AccessToken {
    fn new(token: String) -> Self {
        AccessToken(Arc::new(SecretString::from(token)))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Keeps the one token of an app key.
pub struct TokenKeeper {
    client: Client,
    access: Arc<Access>,
    clock: Arc<dyn MarketClock>,
    limiter: Arc<Limiter>,
    file: TokenFile,
    known: Mutex<Known>,
    /// Held by the one task that fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    current: Option<(AccessToken, Timestamp)>,
    /// What the broker refused; the file may still hold it.
    dead: Option<AccessToken>,
}

impl TokenKeeper {
    pub(crate) fn new(
        client: Client,
        access: Arc<Access>,
        clock: Arc<dyn MarketClock>,
        limiter: Arc<Limiter>,
        directory: PathBuf,
    ) -> Arc<Self> {
        let file = TokenFile::new(&directory, access.environment, access.keys.app_key.expose_secret());
        let (known, fetching) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(TokenKeeper { client, access, clock, limiter, file, known, fetching })
    }

    /// The token. Tasks that ask while it is being fetched wait for that one request.
    ///
    /// # Errors
    /// [`KisError`] when neither the file nor the broker gives one.
    pub async fn token(self: &Arc<Self>) -> Result<AccessToken, KisError> {
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        // In a task of its own: a caller that gives up must not lose a token that the broker has just issued.
        let keeper = Arc::clone(self);
        let fetched = tokio::spawn(async move { keeper.fetch().await }).await;
        fetched.unwrap_or_else(|_| {
            Err(KisError::Config { what: "the token could not be fetched: shutting down".to_owned() })
        })
    }

    /// The broker refused `token`: the next [`token`](Self::token) finds another, unless one is there already.
    pub fn invalidate(&self, token: &AccessToken) {
        let mut known = self.known();
        known.current.take_if(|(current, _)| current == token);
        known.dead = Some(token.clone());
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self) -> Option<AccessToken> {
        let known = self.known();
        known.current.as_ref().filter(|(_, ends_at)| self.is_fresh(*ends_at)).map(|(token, _)| token.clone())
    }

    async fn fetch(&self) -> Result<AccessToken, KisError> {
        let _single_flight = self.fetching.lock().await;
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let dead = self.known().dead.clone();
        let found = self.find(dead.as_ref()).await?;
        self.known().current = Some(found.clone());
        Ok(found.0)
    }

    fn is_fresh(&self, ends_at: Timestamp) -> bool {
        self.clock.now().plus_s(RENEW_BEFORE_S) < ends_at
    }

    async fn find(&self, dead: Option<&AccessToken>) -> Result<(AccessToken, Timestamp), KisError> {
        let _lock = self.file.lock().await.map_err(|error| self.file_trouble(&error))?;
        let mut last = None;
        for _ in 0..ISSUE_ATTEMPTS {
            let stored = self.file.read();
            if let Some(stored) = &stored {
                let token = AccessToken::new(stored.token.clone());
                if self.is_fresh(stored.ends_at()) && dead != Some(&token) {
                    return Ok((token, stored.ends_at()));
                }
            }
            self.wait_after(stored.map(|stored| stored.issued_at())).await;
            match self.issue().await {
                Ok(issued) => return Ok(issued),
                Err(KisError::Retry { call, after_ms, reason }) => {
                    tracing::warn!(after_ms, "the broker did not issue a token: {reason}");
                    // Nobody writes the file while we hold its lock, but the issuer may be on another machine.
                    self.clock.wait_until(self.clock.now().plus_ns(after_ms as i64 * 1_000_000)).await;
                    last = Some(KisError::Retry { call, after_ms, reason });
                }
                Err(other) => return Err(other),
            }
        }
        Err(last.unwrap_or(KisError::Config { what: "no token could be fetched".to_owned() }))
    }

    /// Waits until a minute has passed since an issue that we know of.
    async fn wait_after(&self, issued_at: Option<Timestamp>) {
        if let Some(issued_at) = issued_at
            && (0..ISSUE_PAUSE_S * NS_PER_S).contains(&self.clock.now().since(issued_at))
        {
            self.clock.wait_until(issued_at.plus_s(ISSUE_PAUSE_S)).await;
        }
    }

    async fn issue(&self) -> Result<(AccessToken, Timestamp), KisError> {
        let body = TokenRequest {
            grant_type: "client_credentials".to_owned(),
            appkey: self.access.keys.app_key.expose_secret().to_owned(),
            appsecret: self.access.keys.app_secret.expose_secret().to_owned(),
        };
        let answer: TokenAnswer = self.login(Call::Token, &body).await?;
        let now = self.clock.now();
        let unreadable = |what: &str| KisError::Decode { call: Call::Token.name(), what: what.to_owned() };
        if answer.access_token.is_empty() {
            return Err(unreadable("no token in it"));
        }
        let lives_s = answer.expires_in.whole().map_err(|e| unreadable(&e.to_string()))?;
        let ends_at = korean_time(answer.access_token_token_expired.trimmed()).unwrap_or(now.plus_s(lives_s));
        let token = answer.access_token.trimmed().to_owned();
        let stored = Stored { token: token.clone(), ends_at_ns: ends_at.ns(), issued_at_ns: now.ns() };
        self.file.write(&stored).map_err(|error| self.file_trouble(&error))?;
        Ok((AccessToken::new(token), ends_at))
    }

    /// A key for one stream session.
    ///
    /// # Errors
    /// [`KisError`] as for any read.
    pub async fn approval_key(&self) -> Result<SecretString, KisError> {
        let body = ApprovalRequest {
            grant_type: "client_credentials".to_owned(),
            appkey: self.access.keys.app_key.expose_secret().to_owned(),
            secretkey: self.access.keys.app_secret.expose_secret().to_owned(),
        };
        let answer: ApprovalAnswer = self.login(Call::Approval, &body).await?;
        if answer.approval_key.is_empty() {
            return Err(KisError::Decode { call: Call::Approval.name(), what: "no key in it".to_owned() });
        }
        Ok(SecretString::from(answer.approval_key.trimmed().to_owned()))
    }

    async fn login<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
        body: &impl serde::Serialize,
    ) -> Result<T, KisError> {
        let retry = |after_ms, reason: String| KisError::Retry { call: call.name(), after_ms, reason };
        self.limiter.acquire(Lane::Read).await;
        let request = self
            .client
            .post(format!("{}{}", self.access.endpoints.rest(), call.path()))
            .header("content-type", "application/json; charset=utf-8")
            .json(body)
            .build()
            .map_err(|_| KisError::Config { what: "the login request could not be built".to_owned() })?;
        let answer = exchange(&self.client, request, ANSWER_TIMEOUT).await.map_err(|unanswered| {
            tally::note(call, None);
            retry(1_000, unanswered.reason().to_owned())
        })?;
        let parsed = Envelope::parse(&answer.body);
        tally::note(call, parsed.as_ref().ok().map(|e| (e.ok, e.code.as_str())));
        let envelope = parsed.map_err(|no| retry(1_000, format!("{} (HTTP {})", no.0, answer.status)))?;
        if envelope.ok {
            let unreadable =
                |no: crate::envelope::NoEnvelope| KisError::Decode { call: call.name(), what: no.0.to_owned() };
            return envelope.itself().map_err(unreadable);
        }
        let Envelope { code, message, .. } = envelope;
        match reaction(&code) {
            Reaction::IssuedJustNow => Err(retry(ISSUE_PAUSE_S as u64 * 1_000, format!("{code} {message}"))),
            Reaction::Wait | Reaction::Later => Err(retry(1_000, format!("{code} {message}"))),
            Reaction::Configure => {
                Err(KisError::Config { what: format!("the broker refuses the login: {code} {message}") })
            }
            Reaction::Reauthenticate | Reaction::Refuse => Err(KisError::Refused { call: call.name(), code, message }),
        }
    }

    fn file_trouble(&self, error: &std::io::Error) -> KisError {
        KisError::Config { what: format!("the token file {} cannot be used: {error}", self.file.shown()) }
    }
}

/// `YYYY-MM-DD HH:MM:SS` in Korea.
fn korean_time(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ')?;
    let day: TradingDay = day.parse().ok()?;
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (h, m, s) = (parts.next()??, parts.next()??, parts.next()??);
    let in_range = (0..24).contains(&h) && (0..60).contains(&m) && (0..60).contains(&s);
    in_range.then(|| Timestamp::from_kst(day, h * 3600 + m * 60 + s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_read_as_korean_time() {
        let day: TradingDay = "2026-11-23".parse().unwrap();
        assert_eq!(korean_time("2026-11-23 08:49:59"), Some(Timestamp::from_kst(day, 8 * 3600 + 49 * 60 + 59)));
        assert_eq!(korean_time("2026-11-23"), None);
        assert_eq!(korean_time("2026-11-23 25:00:00"), None);
    }
}
