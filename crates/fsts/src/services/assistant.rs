//! The assistant's place in the program: our services as its tools, its sessions and proposals in our database, its
//! model from the environment.

mod account_tools;
mod market_tools;
mod port;
mod proposals;
mod toolbox;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use fsts_assistant::ToolHost;
use fsts_assistant::agent::tools::PAGE_TOOL;
use fsts_assistant::agent::{Agent, AgentSettings, Redactor, Toolbox};
use fsts_assistant::mcp::{ForeignServer, ForeignSettings, ForeignTools, Reach, Tools, read_servers};
use fsts_assistant::model::{LlmSettings, Provider, make_llm};
use fsts_assistant::retrieval::{DocumentTools, HashedEmbedder, Library, LibrarySettings};
use fsts_assistant::sessions::{RedisSessions, SessionStore, SqlSessions};
use fsts_domain::Timestamp;
use fsts_server::assistant::AssistantPort;
use fsts_server::mcp::McpPort;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::Ground;
use super::mcp::Offer;
use crate::exit::Failure;
use crate::messages::{assistant as say, mcp as mcp_words};

use toolbox::ProgramTools;

/// What the assistant is set up with.
#[derive(Debug, Clone, Default)]
pub struct AssistantSettings {
    /// The model and its limits.
    pub llm: LlmSettings,
    /// Where conversations are kept besides the database.
    pub redis_url: Option<SecretString>,
    /// Values that must never leave, whatever text they stand in.
    pub secrets: Vec<SecretString>,
    /// Servers whose tools may be used.
    pub servers: Vec<ForeignServer>,
    /// What other programs' models may use of ours.
    pub offer: Offer,
    /// Where vectors of documents are kept besides our own store.
    pub vector_db: Option<SecretString>,
    /// Folder of the operator's own documents.
    pub documents: Option<PathBuf>,
}

impl AssistantSettings {
    /// Reads the variables that the former program used too.
    ///
    /// # Errors
    /// A [`Failure`] that names the variable which can't be used.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let llm = LlmSettings::from_variables(&lookup).map_err(|e| Failure::config(say::unusable(&e)))?;
        let secret = |name: &str| lookup(name).filter(|v| !v.is_empty()).map(SecretString::from);
        let servers = read_servers(lookup("MCP_SSE_URL").as_deref(), lookup("MCP_SERVERS").as_deref());
        let vector_db = secret("VECTOR_DB_URL");
        vector_db.as_ref().map_or(Ok(()), |url| chroma_url(url).map(drop))?;
        Ok(AssistantSettings {
            llm,
            redis_url: secret("REDIS_URL"),
            servers: servers.map_err(|e| Failure::config(mcp_words::servers(&e)))?,
            vector_db,
            ..AssistantSettings::default()
        })
    }

    /// These servers too.
    ///
    /// # Errors
    /// A [`Failure`] when two servers have one name.
    pub fn and_servers(mut self, more: Vec<ForeignServer>) -> Result<Self, Failure> {
        for server in more {
            if self.servers.iter().any(|s| s.name == server.name) {
                return Err(Failure::config(mcp_words::twice(&server.name)));
            }
            self.servers.push(server);
        }
        Ok(self)
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

    /// Everything that must not leave, also where only a part of it is repeated.
    pub fn hidden(&self) -> Vec<SecretString> {
        let key = match &self.llm.provider {
            Provider::OpenAi(service) => Some(service.api_key.clone()),
            Provider::Azure(service) => Some(service.api_key.clone()),
            Provider::None | Provider::Rules => None,
        };
        let addresses = self.redis_url.iter().chain(&self.vector_db).cloned();
        let of_servers = self.servers.iter().flat_map(|server| match &server.reach {
            Reach::Http { url, headers, .. } => {
                let values = headers.iter().map(|(_, value)| value.clone());
                values.chain(std::iter::once(SecretString::from(url.as_str()))).collect::<Vec<_>>()
            }
            Reach::Process { env, .. } => env.iter().map(|(_, value)| value.clone()).collect(),
        });
        let whole = self.secrets.iter().cloned().chain(key).chain(addresses).chain(of_servers);
        whole.flat_map(|secret| parts(&secret)).collect()
    }
}

/// The secret itself and those parts of it that are one of their own: the password of an address, the last part of the
/// path of a web hook, the token after the word `Bearer`.
fn parts(secret: &SecretString) -> Vec<SecretString> {
    const PART_MIN: usize = 12;
    let text = secret.expose_secret();
    let mut parts: Vec<SecretString> = Vec::new();
    match text.parse::<Url>() {
        Ok(url) if url.has_host() => {
            let last = url.path_segments().and_then(|mut s| s.next_back()).filter(|s| s.len() > PART_MIN);
            let query = url.query_pairs().map(|(_, value)| value.into_owned()).filter(|v| v.len() > PART_MIN);
            parts.extend(url.password().into_iter().chain(last).map(SecretString::from));
            parts.extend(query.map(SecretString::from));
            // An address without any secret in it is no secret.
            if !parts.is_empty() {
                parts.push(secret.clone());
            }
        }
        Ok(_) | Err(_) => {
            let words = text.split_whitespace().filter(|w| w.len() >= PART_MIN && *w != text);
            parts.extend(words.map(SecretString::from));
            parts.push(secret.clone());
        }
    }
    parts
}

fn chroma_url(url: &SecretString) -> Result<Url, Failure> {
    let parsed: Option<Url> = url.expose_secret().parse().ok();
    let usable = parsed.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    usable.ok_or_else(|| Failure::config(say::vector_db()))
}

/// The assistant, running.
pub struct Assistant {
    /// For the server.
    pub port: Arc<dyn AssistantPort>,
    /// Our tools for other programs' models.
    pub mcp: Option<Arc<dyn McpPort>>,
    foreign: Arc<ForeignTools>,
}

impl Assistant {
    /// Ends the connections to other programs.
    pub async fn stop(self) {
        self.foreign.stop().await;
    }
}

/// Starts the assistant.
///
/// # Errors
/// A [`Failure`] where a setting can't be used. A model, a Redis, a Chroma or a tool server that does not answer is none.
pub async fn start(ground: &Ground) -> Result<Assistant, Failure> {
    let settings = &ground.settings.assistant;
    let hidden = settings.hidden();
    let redactor = Redactor::new(hidden.iter().cloned());
    let library = Arc::new(library(ground)?);
    let filling = Arc::clone(&library);
    // The first question must not wait for it.
    tokio::spawn(async move { filling.fill().await });
    let program: Arc<dyn ToolHost> = Arc::new(ProgramTools::new(ground, redactor.clone()));
    let documents: Arc<dyn ToolHost> = Arc::new(DocumentTools::new(Arc::clone(&library)));
    let own: Arc<dyn ToolHost> = Arc::new(Tools::new([program, documents]));
    let foreign = foreign(ground, own.as_ref(), hidden);
    let hosts = vec![Arc::clone(&own), Arc::clone(&foreign) as Arc<dyn ToolHost>];
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
        redactor: redactor.clone(),
        sessions,
        clock: Arc::new(move || (time.now(), in_words(time.now()))),
    });
    let agent = agent.map_err(|e| Failure::failed(crate::messages::bug(&e.to_string())))?;
    let (store, time) = (ground.store.clone(), ground.time.clone());
    let port = Arc::new(port::Port { agent, store, time, foreign: Arc::clone(&foreign), library });
    Ok(Assistant { port, mcp: super::mcp::door(own, redactor, settings.offer), foreign })
}

/// The help and the operator's documents. Their vectors are our own in any case.
fn library(ground: &Ground) -> Result<Library, Failure> {
    let settings = &ground.settings.assistant;
    Ok(Library::open(LibrarySettings {
        folder: settings.documents.clone(),
        store: Some(ground.data_dir.join("documents")),
        chroma: settings.vector_db.as_ref().map(chroma_url).transpose()?,
        embedder: Arc::new(HashedEmbedder),
    }))
}

/// Tools of other programs; none of them takes a name of ours.
fn foreign(ground: &Ground, own: &dyn ToolHost, secrets: Vec<SecretString>) -> Arc<ForeignTools> {
    let page = std::iter::once(PAGE_TOOL.to_owned());
    ForeignTools::start(ForeignSettings {
        servers: ground.settings.assistant.servers.clone(),
        known_tools: Some(ground.data_dir.join("mcp-tools.json")),
        reserved: own.tools().into_iter().map(|tool| tool.name).chain(page).collect(),
        secrets,
        ..ForeignSettings::default()
    })
}

/// An instant as RFC 3339 in Korean time.
pub fn in_words(at: Timestamp) -> String {
    let (year, month, day) = at.kst_day().ymd();
    let second = at.kst_second();
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+09:00", second / 3600, second / 60 % 60, second % 60)
}
