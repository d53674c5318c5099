//! The assistant's place in the program: our services as its tools, its sessions and proposals in our database, its
//! model from the environment.

mod account_tools;
mod market_tools;
mod port;
mod proposals;
mod toolbox;
mod views;

use std::sync::Arc;

use fsts_assistant::ToolHost;
use fsts_assistant::agent::{Agent, AgentSettings, Redactor, Toolbox};
use fsts_assistant::model::{LlmSettings, Provider, make_llm};
use fsts_assistant::sessions::{RedisSessions, SessionStore, SqlSessions};
use fsts_domain::Timestamp;
use fsts_server::assistant::AssistantPort;
use secrecy::{ExposeSecret, SecretString};

use super::Ground;
use crate::exit::Failure;
use crate::messages::assistant as say;

pub use toolbox::ProgramTools;

/// What the assistant is set up with.
#[derive(Debug, Clone, Default)]
pub struct AssistantSettings {
    /// The model and its limits.
    pub llm: LlmSettings,
    /// Where conversations are kept besides the database.
    pub redis_url: Option<SecretString>,
    /// Values that must never leave, whatever text they stand in.
    pub secrets: Vec<SecretString>,
}

impl AssistantSettings {
    /// Reads the variables that the former program used too.
    ///
    /// # Errors
    /// A [`Failure`] that names the variable which can't be used.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let llm = LlmSettings::from_variables(&lookup).map_err(|e| Failure::config(say::unusable(&e)))?;
        let secret = |name: &str| lookup(name).filter(|v| !v.is_empty()).map(SecretString::from);
        Ok(AssistantSettings { llm, redis_url: secret("REDIS_URL"), secrets: Vec::new() })
    }

    /// Hides these values too.
    pub fn hiding(mut self, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// Answers by fixed rules where no model is set up.
    pub fn or_rules(mut self) -> Self {
        if matches!(self.llm.provider, Provider::None) {
            self.llm.provider = Provider::Rules;
        }
        self
    }

    fn redactor(&self) -> Redactor {
        let key = match &self.llm.provider {
            Provider::OpenAi(service) => Some(service.api_key.clone()),
            Provider::Azure(service) => Some(service.api_key.clone()),
            Provider::None | Provider::Rules => None,
        };
        Redactor::new(self.secrets.iter().cloned().chain(key).chain(self.redis_url.iter().cloned()))
    }
}

/// Starts the assistant. `others` are the tools of other parts; ours keep their names.
///
/// # Errors
/// A [`Failure`] where a setting can't be used. A model or a Redis that does not answer is none.
pub async fn start(ground: &Ground, others: Vec<Arc<dyn ToolHost>>) -> Result<Arc<dyn AssistantPort>, Failure> {
    let settings = &ground.settings.assistant;
    let redactor = settings.redactor();
    let tools: Arc<dyn ToolHost> = Arc::new(ProgramTools::new(ground, redactor.clone()));
    let hosts = std::iter::once(tools).chain(others).collect();
    let sessions: Arc<dyn SessionStore> = match &settings.redis_url {
        Some(url) => {
            let store = RedisSessions::new(url.expose_secret());
            Arc::new(store.map_err(|e| Failure::config(say::redis(&e.to_string())))?)
        }
        None => Arc::new(SqlSessions::new(ground.store.clone())),
    };
    // What was approved when the program ended has an order, or has none: the order list tells, nobody sends again.
    if let Err(error) = ground.store.unsettle_proposals().await {
        tracing::warn!(%error, "proposals could not be looked through");
    }
    let time = ground.time.clone();
    let agent = Agent::new(AgentSettings {
        model: make_llm(&settings.llm).map_err(|e| Failure::config(say::unusable(&e)))?,
        llm: settings.llm.clone(),
        toolbox: Toolbox::new(hosts, redactor.clone(), settings.llm.tool_timeout),
        redactor,
        sessions,
        clock: Arc::new(move || (time.now(), in_words(time.now()))),
    });
    let agent = agent.map_err(|e| Failure::failed(crate::messages::bug(&e.to_string())))?;
    Ok(Arc::new(port::Port { agent, store: ground.store.clone(), time: ground.time.clone() }))
}

/// An instant as RFC 3339 in Korean time.
pub fn in_words(at: Timestamp) -> String {
    let (year, month, day) = at.kst_day().ymd();
    let second = at.kst_second();
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+09:00", second / 3600, second / 60 % 60, second % 60)
}
