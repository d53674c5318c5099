//! Language models behind one trait: an OpenAI-compatible service, or fixed rules where there is none.

pub mod breaker;
pub mod client;
pub mod decode;
pub mod error;
pub mod rules;
pub mod settings;
pub mod sse;
pub mod stream;
pub mod wire;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

use crate::message::{Msg, ToolCall, Usage};
use crate::tool::ToolSpec;

pub use client::OpenAiModel;
pub use error::{ModelError, ModelErrorKind};
pub use settings::{LlmSettings, Provider, SettingsError};

/// A question to a model.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// The conversation, system text first.
    pub messages: Vec<Msg>,
    /// Tools that it may call.
    pub tools: Vec<ToolSpec>,
    /// Whether the answer is wanted in pieces.
    pub streamed: bool,
    /// No tool has run yet: a cut answer may be asked for again.
    pub fresh: bool,
    /// No waiting past this.
    pub deadline: Instant,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelReply {
    /// Its text.
    pub text: String,
    /// Calls that it asks for, each with an id of its own.
    pub calls: Vec<ToolCall>,
    /// What it cost, where the service says so.
    pub usage: Option<Usage>,
    /// It was cut off.
    pub partial: bool,
}

/// Takes pieces of an answer as they come.
pub trait TokenSink: Send {
    /// The next piece.
    fn token<'a>(&'a mut self, text: &'a str) -> BoxFuture<'a, ()>;
}

/// Nobody wants the pieces.
pub struct NoSink;

impl TokenSink for NoSink {
    fn token<'a>(&'a mut self, _text: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Something that answers a conversation. Dropping the future cancels the request.
pub trait ChatModel: Send + Sync + 'static {
    /// Its name; `None` for rules.
    fn name(&self) -> Option<&str>;
    /// The provider, for a status page.
    fn provider(&self) -> &'static str;
    /// Whether requests are let through now: `closed`, `open` or `half_open`.
    fn breaker(&self) -> &'static str {
        "closed"
    }
    /// Asks.
    fn chat<'a>(
        &'a self,
        request: &'a ModelRequest,
        sink: &'a mut dyn TokenSink,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>>;
}

/// The model that the settings name; `None` when they name none.
///
/// # Errors
/// [`SettingsError`] when the connection can't be set up.
pub fn make_llm(settings: &LlmSettings) -> Result<Option<Arc<dyn ChatModel>>, SettingsError> {
    match &settings.provider {
        Provider::None => Ok(None),
        Provider::Rules => Ok(Some(Arc::new(rules::RulesModel))),
        Provider::OpenAi(_) | Provider::Azure(_) => Ok(Some(Arc::new(OpenAiModel::new(settings.clone())?))),
    }
}
