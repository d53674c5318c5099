//! The tools of foreign servers as a [`ToolHost`]. Each server has a task that connects, lists, and connects again; none
//! of them stops another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use rmcp::model::JsonObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::catalogue::{Entry, ServerState, ServerStatus, Vetting, name_all, vet_all};
use super::config::ForeignServer;
use super::connection::{CallError, Session};
use super::results::outcome_of;
use super::vetting::{Pins, Vetted};
use crate::tool::{Tier, ToolHost, ToolOutcome, ToolSpec, ToolStatus};

/// How long a list of tools is good.
const LIST_GOOD: Duration = Duration::from_secs(300);
/// First and longest wait before connecting again.
const WAIT_MIN: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often a connection that says nothing is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Time for a broken connection to come back before a reading call is given up.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Shortest secret that is looked for in arguments; shorter ones would be found by chance.
const SECRET_MIN: usize = 6;

/// What the client is started with.
#[derive(Debug, Clone)]
pub struct ForeignSettings {
    /// The servers.
    pub servers: Vec<ForeignServer>,
    /// File that remembers what each tool looked like; without it a restart forgets.
    pub known_tools: Option<PathBuf>,
    /// Names that no foreign tool may take.
    pub reserved: BTreeSet<String>,
    /// What must never be in an argument.
    pub secrets: Vec<SecretString>,
    /// Time for one call.
    pub call_within: Duration,
}

impl Default for ForeignSettings {
    fn default() -> Self {
        ForeignSettings {
            servers: Vec::new(),
            known_tools: None,
            reserved: BTreeSet::new(),
            secrets: Vec::new(),
            call_within: Duration::from_secs(20),
        }
    }
}

/// What is known of one server.
#[derive(Default)]
struct Known {
    tools: Vec<Vetted>,
    status: Option<ServerStatus>,
    /// When the status was found out.
    since: Option<Instant>,
}

struct Shared {
    settings: ForeignSettings,
    pins: Mutex<Pins>,
    known: Mutex<Vec<Known>>,
    catalogue: RwLock<Arc<BTreeMap<String, Entry>>>,
    lines: Vec<Line>,
}

/// The connection of one server.
struct Line {
    session: watch::Sender<Option<Arc<Session>>>,
    /// The server's list changed.
    changed: Arc<Notify>,
    /// A call found the connection broken.
    broken: Notify,
}

/// Tools of foreign servers. Dropping it ends all connections; [`ForeignTools::stop`] also waits for them.
pub struct ForeignTools {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for ForeignTools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForeignTools").field("servers", &self.shared.settings.servers.len()).finish_non_exhaustive()
    }
}

impl ForeignTools {
    /// Begins to connect to all servers; returns at once.
    pub fn start(settings: ForeignSettings) -> Arc<Self> {
        let count = settings.servers.len();
        let line = |_| Line { session: watch::channel(None).0, changed: Arc::default(), broken: Notify::new() };
        let shared = Arc::new(Shared {
            pins: Mutex::new(Pins::open(settings.known_tools.as_deref())),
            known: Mutex::new((0..count).map(|_| Known::default()).collect()),
            catalogue: RwLock::default(),
            lines: (0..count).map(line).collect(),
            settings,
        });
        let (stop, stopping) = watch::channel(false);
        let keep = |index| tokio::spawn(Arc::clone(&shared).keep(index, stopping.clone()));
        let tasks = Mutex::new((0..count).map(keep).collect());
        Arc::new(ForeignTools { shared, stop, tasks })
    }

    /// How each server is, in the order of the settings.
    pub fn status(&self) -> Vec<ServerStatus> {
        let known = lock(&self.shared.known);
        let each = self.shared.settings.servers.iter().zip(known.iter());
        let aged = |(server, known): (&ForeignServer, &Known)| {
            let found = known.status.clone().unwrap_or_else(|| status(server, ServerState::Connecting));
            let age_s = known.since.map_or(0, |since| crate::clock::now().duration_since(since).as_secs());
            ServerStatus { age_s, ..found }
        };
        each.map(aged).collect()
    }

    /// Ends all connections, child processes included.
    pub async fn stop(&self) {
        let _ = self.stop.send(true);
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
    }
}

impl Drop for ForeignTools {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn status(server: &ForeignServer, state: ServerState) -> ServerStatus {
    ServerStatus {
        name: server.name.clone(),
        transport: server.transport_name().to_owned(),
        era: None,
        tools: 0,
        refused: Vec::new(),
        state,
        error: None,
        age_s: 0,
    }
}

impl Shared {
    /// Keeps one server connected until the end.
    async fn keep(self: Arc<Self>, index: usize, mut stopping: watch::Receiver<bool>) {
        let (Some(server), Some(line)) = (self.settings.servers.get(index), self.lines.get(index)) else {
            return;
        };
        let mut wait = WAIT_MIN;
        while !*stopping.borrow() {
            let opened = tokio::select! {
                opened = Session::open(server, Arc::clone(&line.changed)) => opened,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            match opened {
                Ok(session) => {
                    let session = Arc::new(session);
                    if self.read_list(index, server, &session).await.is_ok() {
                        wait = WAIT_MIN;
                        line.session.send_replace(Some(Arc::clone(&session)));
                        self.watch_session(index, server, line, &session, &mut stopping).await;
                        line.session.send_replace(None);
                    } else {
                        self.down(index, server, "its list of tools can't be read".to_owned());
                    }
                    // A call that still holds it ends it when it returns.
                    if let Some(session) = Arc::into_inner(session) {
                        session.close().await;
                    }
                }
                Err(error) => self.down(index, server, error),
            }
            tokio::select! {
                () = sleep(wait) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    /// Reads the list again whenever it may have changed; returns when the connection is gone.
    async fn watch_session(
        &self,
        index: usize,
        server: &ForeignServer,
        line: &Line,
        session: &Arc<Session>,
        stopping: &mut watch::Receiver<bool>,
    ) {
        let gone = async {
            while !session.is_gone() {
                sleep(LOOK).await;
            }
        };
        let mut gone = std::pin::pin!(gone);
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                () = &mut gone => return,
                () = line.changed.notified() => {}
                () = line.broken.notified() => {}
                () = sleep(LIST_GOOD) => {}
            }
            match self.read_list(index, server, session).await {
                Ok(()) => {}
                Err(CallError::Broken) => return,
                Err(error) => self.stale(index, &error),
            }
        }
    }

    async fn read_list(&self, index: usize, server: &ForeignServer, session: &Session) -> Result<(), CallError> {
        let raw = session.list().await?;
        let Vetting { tools, refused } = vet_all(server, &raw, &mut lock(&self.pins));
        let mut status = status(server, ServerState::Ready);
        status.era = Some(session.era());
        status.tools = tools.len();
        status.refused = refused;
        self.publish(index, Known { tools, status: Some(status), since: Some(crate::clock::now()) });
        Ok(())
    }

    fn down(&self, index: usize, server: &ForeignServer, error: String) {
        tracing::warn!(server = server.name, error, "an MCP server is down; its tools are absent");
        let mut status = status(server, ServerState::Down);
        status.error = Some(error);
        self.publish(index, Known { status: Some(status), since: Some(crate::clock::now()), ..Known::default() });
    }

    fn stale(&self, index: usize, error: &CallError) {
        if let Some(status) = lock(&self.known).get_mut(index).and_then(|k| k.status.as_mut()) {
            status.state = ServerState::Stale;
            status.error = Some(error.to_string());
        }
    }

    fn publish(&self, index: usize, fresh: Known) {
        let mut known = lock(&self.known);
        if let Some(place) = known.get_mut(index) {
            *place = fresh;
        }
        let servers: Vec<_> =
            self.settings.servers.iter().cloned().zip(known.iter().map(|k| k.tools.clone())).collect();
        let catalogue = Arc::new(name_all(&servers, &self.settings.reserved));
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }

    fn catalogue(&self) -> Arc<BTreeMap<String, Entry>> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn call(&self, name: &str, arguments: Value) -> ToolOutcome {
        let catalogue = self.catalogue();
        let found = catalogue.get(name).and_then(|entry| Some((entry, self.lines.get(entry.server)?)));
        let Some((entry, line)) = found else {
            let text = format!("There is no tool \"{name:.80}\" now; its server may be down.");
            return ToolOutcome::failed(ToolStatus::Error, text);
        };
        let text = arguments.to_string();
        if self.settings.secrets.iter().any(|s| is_in(s, &text)) {
            return ToolOutcome::failed(ToolStatus::Denied, "The arguments hold a secret; leave it out.");
        }
        let arguments = match arguments {
            Value::Object(map) => map,
            _ => JsonObject::new(),
        };
        match self.call_once(entry, line, arguments.clone(), Duration::ZERO).await {
            // Reading twice does no harm.
            Err(CallError::Broken) if entry.spec.tier == Tier::Read => {
                line.broken.notify_one();
                self.call_once(entry, line, arguments, BACK_WITHIN).await
            }
            other => other,
        }
        .unwrap_or_else(|error| failure(name, &error))
    }

    async fn call_once(
        &self,
        entry: &Entry,
        line: &Line,
        arguments: JsonObject,
        patience: Duration,
    ) -> Result<ToolOutcome, CallError> {
        let mut sessions = line.session.subscribe();
        let usable = |s: &Option<Arc<Session>>| s.as_ref().is_some_and(|s| !s.is_gone());
        let waited = timeout(patience, sessions.wait_for(usable)).await;
        let session = waited.ok().and_then(Result::ok).and_then(|session| session.clone());
        let session = session.ok_or(CallError::Broken)?;
        let result = session.call(&entry.original, arguments, self.settings.call_within).await?;
        Ok(outcome_of(&result, entry.spec.output_schema.as_ref()))
    }
}

fn is_in(secret: &SecretString, text: &str) -> bool {
    let secret = secret.expose_secret();
    secret.len() >= SECRET_MIN && text.contains(secret)
}

fn failure(name: &str, error: &CallError) -> ToolOutcome {
    let status = match error {
        CallError::TimedOut => ToolStatus::Timeout,
        CallError::Broken | CallError::Refused(_) => ToolStatus::Error,
    };
    let mut outcome = ToolOutcome::failed(status, super::results::clean(&format!("{name}: {error}.")));
    outcome.tainted = matches!(error, CallError::Refused(_));
    outcome
}

impl ToolHost for ForeignTools {
    fn tools(&self) -> Vec<ToolSpec> {
        self.shared.catalogue().values().map(|entry| entry.spec.clone()).collect()
    }

    fn server_of(&self, name: &str) -> Option<String> {
        let index = self.shared.catalogue().get(name)?.server;
        self.shared.settings.servers.get(index).map(|server| server.name.clone())
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        Box::pin(self.shared.call(name, arguments))
    }
}
