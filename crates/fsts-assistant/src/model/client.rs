//! The client of a service that speaks chat completions: one request, its retries, and what a service does not take.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::timeout;

use super::breaker::Breaker;
use super::decode;
use super::settings::{LlmSettings, Provider, SettingsError};
use super::sse::EventReader;
use super::stream::Assembly;
use super::wire::{Manner, Quirks, body};
use super::{ChatModel, ModelError, ModelErrorKind, ModelReply, ModelRequest, TokenSink};

/// Longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Largest answer in one piece.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// Largest refusal that is read.
const REFUSAL_MAX: usize = 64 * 1024;

/// A service that speaks chat completions.
pub struct OpenAiModel {
    http: Client,
    url: String,
    key: SecretString,
    azure: bool,
    model: String,
    model_in_body: bool,
    settings: LlmSettings,
    quirks: Mutex<Quirks>,
    breaker: Breaker,
}

impl OpenAiModel {
    /// A client for the service of the settings.
    ///
    /// # Errors
    /// [`SettingsError`] when they name none, or its address can't be used.
    pub fn new(settings: LlmSettings) -> Result<Self, SettingsError> {
        let wrong = |name| SettingsError::Unusable { name, expected: "an address that begins with https://" };
        let (url, key, model, azure, model_in_body, name) = match &settings.provider {
            Provider::OpenAi(service) => {
                let url = format!("{}/chat/completions", service.base_url);
                (url, service.api_key.clone(), service.model.clone(), false, true, "OPENAI_BASE_URL")
            }
            Provider::Azure(service) => {
                let undated = service.api_version == "v1";
                let url = match undated {
                    true => format!("{}/openai/v1/chat/completions", service.endpoint),
                    false => format!(
                        "{}/openai/deployments/{}/chat/completions?api-version={}",
                        service.endpoint, service.deployment, service.api_version
                    ),
                };
                (url, service.api_key.clone(), service.deployment.clone(), true, undated, "AZURE_ENDPOINT")
            }
            Provider::None | Provider::Rules => {
                return Err(SettingsError::Unusable { name: "LLM_PROVIDER", expected: "openai or azure" });
            }
        };
        if reqwest::Url::parse(&url).is_err() {
            return Err(wrong(name));
        }
        let http = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| wrong(name))?;
        let (quirks, breaker) = (Mutex::default(), Breaker::default());
        Ok(OpenAiModel { http, url, key, azure, model, model_in_body, settings, quirks, breaker })
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, request: &ModelRequest) -> RequestBuilder {
        let manner = Manner {
            model: self.model_in_body.then_some(self.model.as_str()),
            temperature: self.settings.temperature,
            max_output_tokens: self.settings.max_output_tokens,
            quirks: self.quirks(),
        };
        let post = self.http.post(&self.url).json(&body(request, manner));
        match self.azure {
            true => post.header("api-key", self.key.expose_secret()),
            false => post.bearer_auth(self.key.expose_secret()),
        }
    }

    /// One request to its end.
    async fn attempt(&self, request: &ModelRequest, sink: &mut dyn TokenSink) -> Attempt {
        let mut shown = false;
        let result = self.attempt_in_time(request, sink, &mut shown).await;
        Attempt { result, shown }
    }

    async fn attempt_in_time(
        &self,
        request: &ModelRequest,
        sink: &mut dyn TokenSink,
        shown: &mut bool,
    ) -> Result<ModelReply, ModelError> {
        let late = |_| ModelError::new(ModelErrorKind::Timeout);
        let left = request.deadline.saturating_duration_since(crate::clock::now());
        let limit = self.settings.timeout.min(left);
        if request.streamed {
            // A stream may last as long as the run; only its silence is limited.
            let reading = async {
                let response = timeout(limit, self.sent(request)).await.map_err(late)??;
                self.streamed(response, sink, shown).await
            };
            timeout(left, reading).await.map_err(late)?
        } else {
            let reading = async {
                let response = self.sent(request).await?;
                decode::whole(&read(response, ANSWER_MAX).await?)
            };
            timeout(limit, reading).await.map_err(late)?
        }
    }

    /// Sends a request; what is no success becomes an error.
    async fn sent(&self, request: &ModelRequest) -> Result<Response, ModelError> {
        let response = self.request(request).send().await.map_err(of_transport)?;
        let status = response.status().as_u16();
        let request_id = response.headers().get("x-request-id").and_then(|h| h.to_str().ok()).map(str::to_owned);
        if response.status().is_success() {
            return Ok(response);
        }
        let wait = asked_wait(response.headers());
        let may_again = status != 409
            || response.headers().get("x-should-retry").is_some_and(|h| h.as_bytes().eq_ignore_ascii_case(b"true"));
        let text = read(response, REFUSAL_MAX).await.unwrap_or_default();
        let said: Option<Value> = serde_json::from_slice(&text).ok();
        let mut error = match said.as_ref().map(|s| s.get("error").unwrap_or(s)) {
            Some(object) => decode::of_error_object(object, Some(status)),
            None => ModelError { status: Some(status), ..ModelError::new(decode::of_status(status)) },
        };
        if !may_again {
            error.kind = ModelErrorKind::BadRequest;
        }
        Err(ModelError { wait, request_id, ..error })
    }

    async fn streamed(
        &self,
        mut response: Response,
        sink: &mut dyn TokenSink,
        shown: &mut bool,
    ) -> Result<ModelReply, ModelError> {
        let is_stream = response.headers().get("content-type").and_then(|h| h.to_str().ok());
        if is_stream.is_some_and(|t| !t.contains("event-stream")) {
            // Some services answer in one piece whatever was asked for.
            let reply = decode::whole(&read(response, ANSWER_MAX).await?)?;
            if !reply.text.is_empty() {
                *shown = true;
                sink.token(&reply.text).await;
            }
            return Ok(reply);
        }
        let malformed = |_| ModelError::new(ModelErrorKind::Malformed);
        let (mut reader, mut assembly) = (EventReader::default(), Assembly::default());
        while !assembly.is_over() {
            let next = timeout(self.settings.idle_timeout, response.chunk()).await;
            let bytes = match next {
                Ok(Ok(Some(bytes))) => bytes,
                // The end, a broken line and a silent one are all a cut stream; what came before counts.
                Ok(Ok(None) | Err(_)) => break,
                Err(_) if assembly.has_text() => break,
                Err(_) => return Err(ModelError::new(ModelErrorKind::Timeout)),
            };
            for event in reader.push(&bytes).map_err(malformed)? {
                if let Some(text) = assembly.take(&event)? {
                    *shown = true;
                    sink.token(&text).await;
                }
            }
        }
        if let Some(event) = reader.finish()
            && let Ok(Some(text)) = assembly.take(&event)
        {
            *shown = true;
            sink.token(&text).await;
        }
        assembly.finish()
    }

    /// Attempts until one succeeds, may not be repeated, or time is up.
    async fn attempts(&self, request: &ModelRequest, sink: &mut dyn TokenSink) -> Result<ModelReply, ModelError> {
        let mut tries = 0;
        let mut rereads = 0;
        loop {
            let attempt = self.attempt(request, sink).await;
            let error = match attempt.result {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            tracing::debug!(kind = error.kind.word(), status = error.status, tries, "the model gave no answer");
            let learnt = error.kind == ModelErrorKind::BadRequest
                && error
                    .parameter
                    .as_deref()
                    .is_some_and(|p| self.quirks.lock().unwrap_or_else(PoisonError::into_inner).learn(p));
            if learnt {
                continue;
            }
            rereads += u32::from(error.kind == ModelErrorKind::Malformed);
            if attempt.shown || !error.is_retryable() || tries >= self.settings.max_retries || rereads > 1 {
                return Err(error);
            }
            let wait = error.wait.unwrap_or_else(|| jittered(self.settings.retry_base, tries));
            if wait > WAIT_MAX || crate::clock::now() + wait >= request.deadline {
                return Err(error);
            }
            tries += 1;
            tokio::time::sleep(wait).await;
        }
    }
}

struct Attempt {
    result: Result<ModelReply, ModelError>,
    /// A reader has seen a piece: asking again would show it twice.
    shown: bool,
}

impl ChatModel for OpenAiModel {
    fn name(&self) -> Option<&str> {
        Some(&self.model)
    }

    fn provider(&self) -> &'static str {
        if self.azure { "azure" } else { "openai" }
    }

    fn breaker(&self) -> &'static str {
        self.breaker.state(crate::clock::now())
    }

    fn chat<'a>(
        &'a self,
        request: &'a ModelRequest,
        sink: &'a mut dyn TokenSink,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        Box::pin(async move {
            if !self.breaker.lets_through(crate::clock::now()) {
                return Err(ModelError::new(ModelErrorKind::Unavailable));
            }
            let probe = Probe(&self.breaker);
            let result = self.attempts(request, sink).await;
            std::mem::forget(probe);
            match &result {
                Err(e) if matches!(e.kind, ModelErrorKind::Unavailable | ModelErrorKind::Timeout) => {
                    self.breaker.failed(crate::clock::now());
                }
                Ok(_) | Err(_) => self.breaker.succeeded(),
            }
            result
        })
    }
}

/// Gives the probe's place back when the request is dropped in the middle.
struct Probe<'a>(&'a Breaker);

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.0.abandoned();
    }
}

/// Reads a body up to a limit.
async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(of_transport)? {
        if bytes.len() + chunk.len() > limit {
            return Err(ModelError::new(ModelErrorKind::Malformed));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn of_transport(error: reqwest::Error) -> ModelError {
    let kind = if error.is_timeout() && !error.is_connect() {
        ModelErrorKind::Timeout
    } else if error.is_builder() {
        ModelErrorKind::BadRequest
    } else {
        ModelErrorKind::Unavailable
    };
    ModelError::new(kind)
}

/// How long a service asks to wait.
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|h| h.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && (0.0..1e9).contains(n));
    if let Some(ms) = text("retry-after-ms").and_then(number) {
        return Some(Duration::from_secs_f64(ms / 1_000.0));
    }
    let after = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(after) {
        return Some(Duration::from_secs_f64(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(after).ok()?.timestamp().as_second();
    let now = crate::clock::epoch_s()?;
    Some(Duration::from_secs(u64::try_from(at - now).unwrap_or(0)))
}

/// The base doubled with each try, and a random part of that: many clients must not come back at once.
fn jittered(base: Duration, tries: u32) -> Duration {
    let full = base.saturating_mul(2u32.saturating_pow(tries.min(10))).min(WAIT_MAX);
    let mut random = [0u8; 2];
    // Without randomness the whole wait is taken.
    let part = if getrandom::fill(&mut random).is_ok() { u16::from_le_bytes(random) } else { u16::MAX };
    full.mul_f64(f64::from(part) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        asked_wait(&headers)
    }

    #[test]
    fn the_wait_that_a_service_asks_for_is_read_in_all_forms() {
        assert_eq!(waits(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        let both = [("retry-after-ms", "1500"), ("retry-after", "9")];
        assert_eq!(waits(&both), Some(Duration::from_millis(1_500)));
        assert_eq!(waits(&[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(waits(&[("retry-after", "soon")]), None);
        assert_eq!(waits(&[]), None);
    }
}
