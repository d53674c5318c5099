//! Runs: one at a time per conversation, cancelled when nobody waits, kept after each step, resumed after a crash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fsts_domain::Timestamp;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::events::{EventSink, RunEvent};
use super::nodes::{AgentGraph, RunContext, agent_graph};
use super::redact::Redactor;
use super::state::{AgentState, Limit, Locale};
use super::tools::Toolbox;
use crate::graph::{Observer, RunError};
use crate::message::{Msg, Role, ToolCall, Usage};
use crate::model::{ChatModel, LlmSettings, ModelError};
use crate::sessions::{SessionStore, StoreFault, checkpoint_of, deserialize_state, load_state, save_state};
use crate::tool::Tier;

/// Events that may wait for a slow reader.
const EVENTS_MAX: usize = 256;
/// Longest wait for a cancelled run to end.
const ENDING_MAX: Duration = Duration::from_secs(5);
/// Checkpoints of a conversation that are looked through.
const CHECKPOINTS_MAX: u32 = 1_000;
/// Steps that no run ever needs.
const STEPS_MAX: u32 = 200;

/// Why a run gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunFailure {
    /// No model is set up.
    #[error("no language model is set up")]
    NotConfigured,
    /// The conversation has a run.
    #[error("the session is busy")]
    Busy,
    /// There is no such conversation.
    #[error("there is no such session")]
    UnknownSession,
    /// It was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
    /// The tokens of the day are used up.
    #[error("the token budget is used up")]
    Budget,
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Conversations can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A defect of ours.
    #[error("the run broke off: {0}")]
    Broken(String),
}

/// What to do while a conversation is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenBusy {
    /// Refuse.
    #[default]
    Refuse,
    /// Wait.
    Queue,
    /// Cancel what runs.
    Interrupt,
}

/// A question.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The conversation; a new one without.
    pub session_id: Option<String>,
    /// Refuse an unknown one.
    pub must_exist: bool,
    /// What was said: by the person or by the assistant, oldest first.
    pub said: Vec<(bool, String)>,
    /// Language of the answer.
    pub locale: Locale,
    /// Whether tools may be used.
    pub tools: bool,
    /// The most that one may do.
    pub ceiling: Tier,
    /// What to do while it is busy.
    pub when_busy: WhenBusy,
    /// Go on when nobody waits.
    pub detach: bool,
    /// Tell tokens as they come.
    pub streamed: bool,
    /// Longest time.
    pub limit: Option<Duration>,
    /// Warnings about the question.
    pub warnings: Vec<String>,
    /// Arguments of a search for documents that comes before the model is asked.
    pub search: Option<Value>,
}

/// What an agent is made of.
pub struct AgentSettings {
    /// The model, when there is one.
    pub model: Option<Arc<dyn ChatModel>>,
    /// Its limits.
    pub llm: LlmSettings,
    /// The tools.
    pub toolbox: Toolbox,
    /// Takes secrets out.
    pub redactor: Redactor,
    /// Where conversations are kept.
    pub sessions: Arc<dyn SessionStore>,
    /// The time: an instant, and the same in words for the model.
    pub clock: Arc<dyn Fn() -> (Timestamp, String) + Send + Sync>,
}

/// A run that was started.
pub struct Started {
    /// The conversation.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// What it tells. Dropping this cancels the run unless it is detached.
    pub events: mpsc::Receiver<RunEvent>,
    /// Its end.
    pub end: oneshot::Receiver<Result<AgentState, RunFailure>>,
}

/// A conversation that has a run.
#[derive(Clone)]
struct Busy {
    cancel: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

/// The agent; shared by all conversations.
pub struct Agent {
    settings: AgentSettings,
    graph: AgentGraph,
    busy: Mutex<HashMap<String, Busy>>,
    /// Tokens of the day, with the day.
    spent: Mutex<(i32, u64)>,
}

impl Agent {
    /// An agent.
    ///
    /// # Errors
    /// [`RunFailure::Broken`] when its graph is wrong.
    pub fn new(settings: AgentSettings) -> Result<Arc<Self>, RunFailure> {
        let graph = agent_graph(STEPS_MAX).map_err(|e| RunFailure::Broken(e.to_string()))?;
        Ok(Arc::new(Agent { settings, graph, busy: Mutex::default(), spent: Mutex::default() }))
    }

    /// Where conversations are kept.
    pub fn sessions(&self) -> &Arc<dyn SessionStore> {
        &self.settings.sessions
    }

    /// The model, when there is one.
    pub fn model(&self) -> Option<&Arc<dyn ChatModel>> {
        self.settings.model.as_ref()
    }

    /// The tools.
    pub fn toolbox(&self) -> &Toolbox {
        &self.settings.toolbox
    }

    /// Whether a conversation has a run now.
    pub fn is_busy(&self, session_id: &str) -> bool {
        self.runs().contains_key(session_id)
    }

    /// Cancels the run of a conversation and waits for its end; false when there is none.
    pub async fn cancel(&self, session_id: &str) -> bool {
        let found = self.runs().get(session_id).cloned();
        let Some(mut busy) = found else { return false };
        let _ = busy.cancel.send(true);
        let _ = timeout(ENDING_MAX, busy.ended.wait_for(|e| *e)).await;
        true
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<String, Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.settings.clock)().0
    }

    /// Starts a run with a question.
    ///
    /// # Errors
    /// [`RunFailure`]; then nothing was kept and nobody was asked.
    pub async fn ask(self: &Arc<Self>, question: Question) -> Result<Started, RunFailure> {
        let model = self.settings.model.clone().ok_or(RunFailure::NotConfigured)?;
        self.check_budget()?;
        let session_id = question.session_id.clone().unwrap_or_else(|| format!("s-{}", crate::random_id()));
        let place = self.take_place(&session_id, question.when_busy).await?;
        let now = self.now();
        let loaded = load_state(self.sessions(), &session_id, now).await?;
        if !loaded.existed && question.must_exist {
            return Err(RunFailure::UnknownSession);
        }
        let mut state = loaded.state;
        let carried = std::mem::take(&mut state.warnings);
        state.begin_run(crate::random_id(), question.locale, question.tools);
        state.ceiling = question.ceiling;
        if loaded.version == 0 {
            // A damaged conversation says so in its first answer.
            carried.iter().for_each(|w| state.warn(w));
        }
        question.warnings.iter().for_each(|w| state.warn(w));
        // Of a conversation that is known, only the question is new; of another, the client's earlier turns are too.
        let known = !state.messages.is_empty();
        let skipped = if known { question.said.len().saturating_sub(1) } else { 0 };
        for (by_user, text) in question.said.iter().skip(skipped) {
            let role = if *by_user { Role::User } else { Role::Assistant };
            let text = self.settings.redactor.clean(text);
            state.put(Msg::new(state.next_id(), role, text));
        }
        let first = match &question.search {
            Some(arguments) => {
                search_first(&mut state, arguments);
                Some("tools".to_owned())
            }
            None => None,
        };
        first.as_deref().unwrap_or("guard").clone_into(&mut state.next);
        let run = Run { agent: Arc::clone(self), model, state, version: loaded.version, place };
        run.start(first, question).await
    }

    /// Goes on with a run that was cut off by the end of the program.
    ///
    /// # Errors
    /// [`RunFailure`]; [`RunFailure::UnknownSession`] when there is no such conversation.
    pub async fn resume(self: &Arc<Self>, session_id: &str, streamed: bool) -> Result<Started, RunFailure> {
        let model = self.settings.model.clone().ok_or(RunFailure::NotConfigured)?;
        let place = self.take_place(session_id, WhenBusy::Refuse).await?;
        let loaded = load_state(self.sessions(), session_id, self.now()).await?;
        if !loaded.existed {
            return Err(RunFailure::UnknownSession);
        }
        let next = match loaded.state.next.as_str() {
            // It is over; its answer is told again.
            "" => crate::graph::END.to_owned(),
            next => next.to_owned(),
        };
        let run = Run { agent: Arc::clone(self), model, state: loaded.state, version: loaded.version, place };
        run.start(Some(next), Question { streamed, ..Question::default() }).await
    }

    /// Copies a conversation as it was after a step into a new one, which can be resumed from there. The old one stays as
    /// it is.
    ///
    /// # Errors
    /// [`RunFailure::UnknownSession`] when there is no such step.
    pub async fn fork(&self, session_id: &str, run_id: &str, step: i64) -> Result<AgentState, RunFailure> {
        let rows = self.sessions().checkpoints(session_id, CHECKPOINTS_MAX).await?;
        let row = rows.into_iter().find(|row| row.run_id == run_id && row.step == step);
        let row = row.ok_or(RunFailure::UnknownSession)?;
        let mut state = deserialize_state(&row.state).map_err(RunFailure::Broken)?;
        let now = self.now();
        state.session_id = format!("s-{}", crate::random_id());
        state.run_id = crate::random_id();
        state.created_ns = now.ns();
        state.next = if row.next == crate::graph::END { String::new() } else { row.next };
        // What the copied part cost was paid by the first run.
        state.usage = Usage::default();
        let kept = save_state(self.sessions(), &state, 0, now).await?;
        kept.map(|_| state).ok_or(RunFailure::Busy)
    }

    /// Runs a run again from its checkpoint after `step`, with the recorded answers of model and tools: the same messages
    /// come out. Nothing is asked, called or kept.
    ///
    /// # Errors
    /// [`RunFailure::UnknownSession`] when there is no such step; [`RunFailure::Broken`] when the record has a gap.
    pub async fn replay(&self, session_id: &str, run_id: &str, step: i64) -> Result<AgentState, RunFailure> {
        let mut rows = self.sessions().checkpoints(session_id, CHECKPOINTS_MAX).await?;
        rows.retain(|row| row.run_id == run_id);
        super::replay::replay(&self.graph, &self.settings.llm, rows, step).await
    }

    /// Takes the one place of a conversation.
    async fn take_place(self: &Arc<Self>, session_id: &str, when: WhenBusy) -> Result<Place, RunFailure> {
        let patience = crate::clock::now() + self.settings.llm.run_deadline;
        loop {
            let held = {
                let mut runs = self.runs();
                match runs.get(session_id) {
                    Some(busy) => busy.clone(),
                    None => {
                        let (cancel, cancelled) = watch::channel(false);
                        let (end, ended) = watch::channel(false);
                        runs.insert(session_id.to_owned(), Busy { cancel, ended });
                        let session_id = session_id.to_owned();
                        return Ok(Place { agent: Arc::clone(self), session_id, cancelled, end });
                    }
                }
            };
            let mut ended = held.ended;
            match when {
                WhenBusy::Refuse => return Err(RunFailure::Busy),
                WhenBusy::Interrupt => drop(held.cancel.send(true)),
                WhenBusy::Queue => {}
            }
            let left = patience.saturating_duration_since(crate::clock::now());
            if timeout(left, ended.wait_for(|e| *e)).await.is_err() {
                return Err(RunFailure::Busy);
            }
        }
    }

    fn check_budget(&self) -> Result<(), RunFailure> {
        let today = self.now().kst_day().epoch_days();
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let used = if spent.0 == today { spent.1 } else { 0 };
        match self.settings.llm.daily_token_budget {
            Some(limit) if used >= limit => Err(RunFailure::Budget),
            _ => Ok(()),
        }
    }

    fn spend(&self, tokens: u64) {
        let today = self.now().kst_day().epoch_days();
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let before = if spent.0 == today { spent.1 } else { 0 };
        *spent = (today, before.saturating_add(tokens));
    }
}

/// Begins the run as if the model had asked for a search, so that it reads passages before it says anything.
fn search_first(state: &mut AgentState, arguments: &Value) {
    super::nodes::repair(state);
    let mut asking = Msg::new(state.next_id(), Role::Assistant, "");
    let id = format!("call_{}", crate::random_id());
    asking.tool_calls =
        vec![ToolCall { id, name: super::citations::SEARCH_TOOL.to_owned(), arguments: arguments.to_string() }];
    state.put(asking);
}

/// The one place of a conversation; free again when this is dropped.
struct Place {
    agent: Arc<Agent>,
    session_id: String,
    cancelled: watch::Receiver<bool>,
    end: watch::Sender<bool>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.agent.runs().remove(&self.session_id);
        let _ = self.end.send(true);
    }
}

/// A run before its start.
struct Run {
    agent: Arc<Agent>,
    model: Arc<dyn ChatModel>,
    state: AgentState,
    version: i64,
    place: Place,
}

impl Run {
    async fn start(mut self, from: Option<String>, question: Question) -> Result<Started, RunFailure> {
        let settings = &self.agent.settings;
        let (events, receiver) = EventSink::channel(EVENTS_MAX);
        let (now, now_text) = (settings.clock)();
        let limit = question.limit.unwrap_or(settings.llm.run_deadline).min(settings.llm.run_deadline);
        let context = RunContext {
            model: Arc::clone(&self.model),
            toolbox: settings.toolbox.clone(),
            redactor: settings.redactor.clone(),
            settings: settings.llm.clone(),
            events: events.clone(),
            streamed: question.streamed,
            deadline: crate::clock::now() + limit,
            now_text,
            recorded: None,
        };
        if from.as_deref() != Some(crate::graph::END) {
            // Kept before anything happens: a crash from here on leaves a run that can be resumed.
            let saved = save_state(&settings.sessions, &self.state, self.version, now).await?;
            self.version = saved.ok_or(RunFailure::Busy)?;
        }
        let (tell, end) = oneshot::channel();
        let (session_id, run_id) = (self.state.session_id.clone(), self.state.run_id.clone());
        let started = Started { session_id, run_id, events: receiver, end };
        let detach = question.detach;
        tokio::spawn(async move {
            let result = self.carry_out(from, context, &events, detach).await;
            // Nobody waiting is fine.
            let _ = tell.send(result);
        });
        Ok(started)
    }

    async fn carry_out(
        mut self,
        from: Option<String>,
        context: RunContext,
        events: &EventSink,
        detach: bool,
    ) -> Result<AgentState, RunFailure> {
        let agent = Arc::clone(&self.agent);
        let told = json!({"session_id": self.state.session_id, "run_id": self.state.run_id});
        events.tell("run.started", told).await;
        let mut keeper = Keeper {
            agent: Arc::clone(&agent),
            events: events.clone(),
            kept: self.state.clone(),
            version: self.version,
            lost: false,
        };
        let ended = {
            let running = agent.graph.run(self.state, from.as_deref(), &context, &mut keeper);
            tokio::select! {
                ended = running => ended.map_err(of_graph),
                () = cancelled(&mut self.place.cancelled) => Err(RunFailure::Cancelled),
                () = events.abandoned(), if !detach => Err(RunFailure::Cancelled),
            }
        };
        let mut state = ended.as_ref().map_or_else(|_| keeper.kept.clone(), Clone::clone);
        if from.as_deref() != Some(crate::graph::END) {
            let tokens = state.usage.prompt_tokens.saturating_add(state.usage.completion_tokens);
            agent.spend(tokens);
            state.spent = state.spent.plus(state.usage);
        }
        state.next.clear();
        state.step = keeper.kept.step;
        if !agent.settings.sessions.is_up() {
            state.warn("session_store_away");
        }
        keeper.save(&state).await;
        drop(self.place);
        ended.map(|_| state)
    }
}

/// Done when a run is to end.
async fn cancelled(told: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = told.wait_for(|c| *c).await;
}

fn of_graph(error: RunError<RunFailure>) -> RunFailure {
    match error {
        RunError::Node(failure) => failure,
        other => {
            let text = other.to_string();
            tracing::error!(reason = text, "a run of the assistant broke off");
            RunFailure::Broken(text)
        }
    }
}

/// Keeps the state after each step and tells about it.
struct Keeper {
    agent: Arc<Agent>,
    events: EventSink,
    kept: AgentState,
    version: i64,
    /// Somebody else writes this conversation; it is not overwritten.
    lost: bool,
}

impl Keeper {
    async fn save(&mut self, state: &AgentState) {
        if self.lost {
            return;
        }
        match save_state(&self.agent.settings.sessions, state, self.version, self.agent.now()).await {
            Ok(Some(version)) => self.version = version,
            Ok(None) => {
                self.lost = true;
                tracing::warn!(session = state.session_id, "another writer has this conversation; it keeps it");
            }
            Err(fault) => tracing::warn!(%fault, "a step of a conversation is not kept"),
        }
    }
}

impl Observer<AgentState> for Keeper {
    fn started<'a>(&'a mut self, node: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.events.tell("node.started", json!({"node": node})).await })
    }

    fn finished<'a>(&'a mut self, node: &'static str, next: &'static str, state: &'a AgentState) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let step = self.kept.step + 1;
            self.kept = state.clone();
            self.kept.step = step;
            next.clone_into(&mut self.kept.next);
            if next == crate::graph::END {
                self.kept.next.clear();
            }
            let row = checkpoint_of(&self.kept, node, next, self.agent.now());
            if let Err(fault) = self.agent.settings.sessions.checkpoint(&row).await {
                tracing::warn!(%fault, "a checkpoint is not kept");
            }
            let kept = self.kept.clone();
            self.save(&kept).await;
            self.events.tell("node.finished", json!({"node": node, "next": next})).await;
        })
    }
}

/// How an answer is to be read: `completed`, `needs_approval` or `partial`.
pub fn status_of(state: &AgentState) -> &'static str {
    let proposed = state.calls.iter().any(|c| c.structured.as_ref().is_some_and(|s| s.get("approval_id").is_some()));
    match (proposed, state.limit) {
        (true, _) => "needs_approval",
        (false, Some(Limit::Steps | Limit::ToolCalls | Limit::RepeatedCall)) => "partial",
        (false, Some(Limit::Deadline | Limit::Tokens | Limit::CutStream)) => "partial",
        (false, None) => "completed",
    }
}
