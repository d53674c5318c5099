//! One error for all that a model can fail with; it says what may be done about it and repeats nothing secret.

use std::time::Duration;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelErrorKind {
    /// The key is not accepted.
    Auth,
    /// The account has no credit left.
    Quota,
    /// Too many requests.
    Rate,
    /// No answer in time.
    Timeout,
    /// It can't be reached, or fails on its side.
    Unavailable,
    /// It does not take the request.
    BadRequest,
    /// The conversation is too long for it.
    ContextTooLong,
    /// It refuses the content.
    Filtered,
    /// Its answer can't be read.
    Malformed,
    /// Nobody waits for the answer any more.
    Cancelled,
}

impl ModelErrorKind {
    /// A stable word.
    pub const fn word(self) -> &'static str {
        match self {
            ModelErrorKind::Auth => "auth",
            ModelErrorKind::Quota => "quota",
            ModelErrorKind::Rate => "rate",
            ModelErrorKind::Timeout => "timeout",
            ModelErrorKind::Unavailable => "unavailable",
            ModelErrorKind::BadRequest => "bad_request",
            ModelErrorKind::ContextTooLong => "context_too_long",
            ModelErrorKind::Filtered => "filtered",
            ModelErrorKind::Malformed => "malformed",
            ModelErrorKind::Cancelled => "cancelled",
        }
    }
}

/// Why a model gave no answer. The service's own words are not in it: they may quote the key or the conversation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model failed: {}{}", kind.word(), status.map(|s| format!(" (HTTP {s})")).unwrap_or_default())]
pub struct ModelError {
    /// What went wrong.
    pub kind: ModelErrorKind,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// How long the service asks to wait.
    pub wait: Option<Duration>,
    /// A parameter that the service names as the culprit.
    pub parameter: Option<String>,
}

impl ModelError {
    /// An error of a kind.
    pub fn new(kind: ModelErrorKind) -> Self {
        ModelError { kind, status: None, request_id: None, wait: None, parameter: None }
    }

    /// Whether the same request may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ModelErrorKind::Rate | ModelErrorKind::Unavailable | ModelErrorKind::Malformed)
    }
}
