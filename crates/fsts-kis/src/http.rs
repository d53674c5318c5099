//! One HTTP exchange: sent once, bounded in time and size, nothing of it in any message.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Request};

use crate::error::ConfigError;

/// A connection that is not there in this time counts as not sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// No answer of the broker comes near this size.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Why there is no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Proven that no byte of the request left: name, connection or TLS failed.
    NotSent(&'static str),
    /// The request may have arrived.
    Unknown(&'static str),
}

impl Unanswered {
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Unanswered::NotSent(reason) | Unanswered::Unknown(reason) => reason,
        }
    }
}

/// A complete answer, whatever it says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The client for reads: connections are kept.
pub(crate) fn read_client() -> Result<Client, ConfigError> {
    build(Client::builder())
}

/// The client for orders: a connection of its own for each, so that no stale one can swallow or repeat a request.
pub(crate) fn order_client() -> Result<Client, ConfigError> {
    build(Client::builder().pool_max_idle_per_host(0))
}

fn build(builder: reqwest::ClientBuilder) -> Result<Client, ConfigError> {
    builder
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        // A proxy from the environment would see the keys, and might repeat a request.
        .no_proxy()
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|_| ConfigError::Mismatch { why: "no TLS provider is installed" })
}

/// Sends `request` once and reads its answer to the end.
pub(crate) async fn exchange(client: &Client, request: Request, limit: Duration) -> Result<Answer, Unanswered> {
    match tokio::time::timeout(limit, answer(client, request)).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Unanswered::Unknown("no answer in time")),
    }
}

async fn answer(client: &Client, request: Request) -> Result<Answer, Unanswered> {
    let mut response = client.execute(request).await.map_err(|error| classify(&error))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= BODY_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Unanswered::Unknown("the answer is too long")),
            Ok(None) => return Ok(Answer { status, headers, body }),
            Err(_) => return Err(Unanswered::Unknown("the answer was cut")),
        }
    }
}

fn classify(error: &reqwest::Error) -> Unanswered {
    if error.is_connect() {
        Unanswered::NotSent("no connection to the broker")
    } else if error.is_builder() {
        Unanswered::NotSent("the request could not be built")
    } else {
        Unanswered::Unknown("the connection broke before an answer")
    }
}

/// A header that no log shows.
pub(crate) fn secret_header(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), ConfigError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| ConfigError::Credential { setting: name, why: "cannot be sent in a header" })?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}
