//! The server's port onto the agent.

use std::sync::Arc;
use std::time::Duration;

use fsts_assistant::agent::citations::SEARCH_TOOL;
use fsts_assistant::agent::run::{Question, Started, WhenBusy};
use fsts_assistant::agent::{Agent, AgentState, Locale, RunFailure};
use fsts_assistant::mcp::ForeignTools;
use fsts_assistant::message::ToolCall;
use fsts_assistant::model::ModelErrorKind;
use fsts_assistant::retrieval::Library;
use fsts_assistant::sessions::{StoreFault, load_state};
use fsts_assistant::{CallContext, Tier};
use fsts_server::Language;
use fsts_server::assistant::views::{
    ApprovalView, ChatView, CheckpointView, ConversationView, QueryView, SessionDetailView, UsageView,
};
use fsts_server::assistant::{
    ApprovalRefusal, AssistantPort, Ceiling, ChatAsk, ChatRefusal, ChatRun, ChatSignal, OnBusy, QueryAsk, Settled,
    Speaker,
};
use fsts_store::{Decided, ProposalRow, Store, StoreError};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::views;
use crate::clock::MarketTime;

/// Rows of a list.
const ROWS_MAX: u32 = 200;
/// Signals that may wait for a slow reader.
const SIGNALS_MAX: usize = 64;

/// The port.
pub struct Port {
    /// The agent.
    pub agent: Arc<Agent>,
    /// Proposals.
    pub store: Store,
    /// Market time.
    pub time: MarketTime,
    /// Tools of other programs.
    pub foreign: Arc<ForeignTools>,
    /// Documents.
    pub library: Arc<Library>,
}

fn refusal(failure: RunFailure) -> ChatRefusal {
    match failure {
        RunFailure::NotConfigured => ChatRefusal::NotConfigured,
        RunFailure::Busy => ChatRefusal::SessionBusy,
        RunFailure::UnknownSession => ChatRefusal::UnknownSession,
        RunFailure::Cancelled => ChatRefusal::Cancelled,
        RunFailure::Budget => ChatRefusal::BudgetExceeded,
        RunFailure::Store(_) => ChatRefusal::StoreFailed,
        RunFailure::Broken(_) => ChatRefusal::ModelFailed("broken"),
        RunFailure::Model(error) => match error.kind {
            ModelErrorKind::Timeout => ChatRefusal::ModelTimeout,
            ModelErrorKind::Unavailable | ModelErrorKind::Rate => ChatRefusal::ModelUnavailable,
            ModelErrorKind::Cancelled => ChatRefusal::Cancelled,
            other => ChatRefusal::ModelFailed(other.word()),
        },
    }
}

fn store_failed(error: StoreFault) -> ChatRefusal {
    tracing::error!(%error, "conversations can't be read");
    ChatRefusal::StoreFailed
}

fn proposals_failed(error: StoreError) -> ApprovalRefusal {
    tracing::error!(%error, "proposals can't be read");
    ApprovalRefusal::StoreFailed
}

fn locale(language: Language) -> Locale {
    match language {
        Language::Korean => Locale::Ko,
        Language::English => Locale::En,
    }
}

impl Port {
    /// Passes a run's events on, and its end as the last one.
    fn relay(&self, started: Started) -> ChatRun {
        let (sender, signals) = mpsc::channel(SIGNALS_MAX);
        let (store, time) = (self.store.clone(), self.time.clone());
        let model = self.agent.model().and_then(|m| m.name().map(str::to_owned));
        tokio::spawn(async move {
            let Started { mut events, end, .. } = started;
            let mut last = 0;
            loop {
                let event = tokio::select! {
                    event = events.recv() => event,
                    // Dropping the events cancels the run.
                    () = sender.closed() => return,
                };
                let Some(event) = event else { break };
                last = event.id;
                let signal = ChatSignal::Event { id: event.id, name: event.name, data: event.data };
                if sender.send(signal).await.is_err() {
                    return;
                }
            }
            let end = match end.await {
                Ok(Ok(state)) => {
                    let approvals = proposals_of(&store, &state, &time).await;
                    Ok(Box::new(views::chat(&state, approvals, model)))
                }
                Ok(Err(failure)) => Err(refusal(failure)),
                Err(_) => Err(ChatRefusal::Cancelled),
            };
            let _ = sender.send(ChatSignal::Ended { id: last + 1, end }).await;
        });
        ChatRun { signals }
    }

    fn view(&self, row: ProposalRow) -> Result<ApprovalView, ApprovalRefusal> {
        views::approval(row, self.time.now()).ok_or(ApprovalRefusal::StoreFailed)
    }

    async fn decide(&self, id: &str, hash: Option<&str>, to: (&str, &str)) -> Result<ApprovalView, ApprovalRefusal> {
        match self.store.decide_proposal(id, hash, to, self.time.now()).await.map_err(proposals_failed)? {
            Decided::Yours(row) => self.view(row),
            Decided::Unknown => Err(ApprovalRefusal::Unknown),
            Decided::WrongHash => Err(ApprovalRefusal::WrongHash),
            Decided::Expired => Err(ApprovalRefusal::Expired),
            Decided::Already(_) => Err(ApprovalRefusal::Decided),
        }
    }

    /// Documents for a question, from the search tool.
    async fn found(&self, search: &Value) -> (Vec<Value>, Vec<String>) {
        let id = fsts_assistant::random_id();
        let call = ToolCall { id, name: SEARCH_TOOL.to_owned(), arguments: search.to_string() };
        let called = self.agent.toolbox().call(&call, CallContext::default()).await;
        let Some(found) = called.outcome.structured else {
            return (Vec::new(), vec!["retrieval_failed".to_owned()]);
        };
        let list = |name: &str| found.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let warnings = list("warnings").into_iter().filter_map(|w| w.as_str().map(str::to_owned)).collect();
        (list("passages"), warnings)
    }
}

/// The search that a question to the documents begins with. Our documents know neither symbols nor days: symbols are words
/// of the search, and days are told to have no effect.
fn arguments(ask: &QueryAsk, warnings: &mut Vec<String>) -> Value {
    let mut fields = ask.filter.clone();
    let symbols = fields.remove("symbols");
    let symbols = symbols.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let words = std::iter::once(ask.query.as_str()).chain(symbols.iter().filter_map(Value::as_str));
    let query = words.collect::<Vec<_>>().join(" ");
    if [fields.remove("from"), fields.remove("to")].iter().any(Option::is_some) {
        warnings.push("documents_without_dates".to_owned());
    }
    fields.insert("query".to_owned(), query.into());
    Value::Object(fields)
}

/// The proposals that a run made, as they stand.
async fn proposals_of(store: &Store, state: &AgentState, time: &MarketTime) -> Vec<ApprovalView> {
    let mut views = Vec::new();
    let of_call =
        |c: &fsts_assistant::agent::CallRecord| Some(c.structured.as_ref()?.get("approval_id")?.as_str()?.to_owned());
    for id in state.calls.iter().filter_map(of_call) {
        if let Ok(Some(row)) = store.proposal(&id).await {
            views.extend(views::approval(row, time.now()));
        }
    }
    views
}

fn question(ask: ChatAsk) -> Question {
    Question {
        session_id: ask.session_id,
        must_exist: ask.must_exist,
        said: ask.said.into_iter().map(|s| (s.by == Speaker::User, s.text)).collect(),
        locale: locale(ask.language),
        tools: ask.tools,
        ceiling: match ask.ceiling {
            Ceiling::Read => Tier::Read,
            Ceiling::Simulate => Tier::Simulate,
            Ceiling::Trade => Tier::Trade,
        },
        when_busy: match ask.on_busy {
            OnBusy::Refuse => WhenBusy::Refuse,
            OnBusy::Queue => WhenBusy::Queue,
            OnBusy::Interrupt => WhenBusy::Interrupt,
        },
        detach: ask.detach,
        streamed: ask.streamed,
        limit: ask.timeout_s.map(Duration::from_secs),
        warnings: ask.warnings,
        search: None,
    }
}

impl AssistantPort for Port {
    fn chat(&self, ask: ChatAsk) -> BoxFuture<'_, Result<ChatRun, ChatRefusal>> {
        Box::pin(async move {
            let started = self.agent.ask(question(ask)).await.map_err(refusal)?;
            Ok(self.relay(started))
        })
    }

    fn query(&self, ask: QueryAsk) -> BoxFuture<'_, Result<QueryView, ChatRefusal>> {
        Box::pin(async move {
            let mut warnings = Vec::new();
            let search = arguments(&ask, &mut warnings);
            let (documents, told) = self.found(&search).await;
            warnings.extend(told);
            let usage = UsageView::default();
            let mut view = QueryView {
                answer: String::new(),
                citations: Vec::new(),
                documents,
                status: "completed".to_owned(),
                usage,
                warnings,
            };
            if !ask.generate {
                return Ok(view);
            }
            let question = Question {
                session_id: ask.session_id,
                said: vec![(true, ask.query)],
                locale: locale(ask.language),
                tools: true,
                search: Some(search),
                ..Question::default()
            };
            let started = self.agent.ask(question).await.map_err(refusal)?;
            let mut run = self.relay(started);
            while let Some(signal) = run.signals.recv().await {
                if let ChatSignal::Ended { end, .. } = signal {
                    let chat: Box<ChatView> = end?;
                    view.answer = chat.answer;
                    view.citations = chat.citations;
                    view.status = chat.status;
                    view.usage = chat.usage;
                    view.warnings.extend(chat.warnings);
                    return Ok(view);
                }
            }
            Err(ChatRefusal::Cancelled)
        })
    }

    fn sessions(&self) -> BoxFuture<'_, Result<Vec<ConversationView>, ChatRefusal>> {
        Box::pin(async move {
            let rows = self.agent.sessions().list(ROWS_MAX).await.map_err(store_failed)?;
            Ok(rows.iter().map(|row| views::session(row, self.agent.is_busy(&row.id))).collect())
        })
    }

    fn session(&self, id: String) -> BoxFuture<'_, Result<SessionDetailView, ChatRefusal>> {
        Box::pin(async move {
            let row = self.agent.sessions().load(&id).await.map_err(store_failed)?;
            let row = row.ok_or(ChatRefusal::UnknownSession)?;
            let loaded = load_state(self.agent.sessions(), &id, self.time.now()).await.map_err(store_failed)?;
            let mut warnings = loaded.state.warnings;
            if !self.agent.sessions().is_up() {
                warnings.push("session_store_away".to_owned());
            }
            Ok(SessionDetailView {
                session: views::session(&row, self.agent.is_busy(&id)),
                messages: loaded.state.messages.iter().map(views::message).collect(),
                warnings,
            })
        })
    }

    fn forget(&self, id: String) -> BoxFuture<'_, Result<bool, ChatRefusal>> {
        Box::pin(async move {
            self.agent.cancel(&id).await;
            self.agent.sessions().delete(&id).await.map_err(store_failed)
        })
    }

    fn history(&self, id: String) -> BoxFuture<'_, Result<Vec<CheckpointView>, ChatRefusal>> {
        Box::pin(async move {
            let known = self.agent.sessions().load(&id).await.map_err(store_failed)?;
            known.ok_or(ChatRefusal::UnknownSession)?;
            let rows = self.agent.sessions().checkpoints(&id, ROWS_MAX).await.map_err(store_failed)?;
            Ok(rows.into_iter().map(views::checkpoint).collect())
        })
    }

    fn fork(&self, id: String, checkpoint: String) -> BoxFuture<'_, Result<SessionDetailView, ChatRefusal>> {
        Box::pin(async move {
            let known = self.agent.sessions().load(&id).await.map_err(store_failed)?;
            known.ok_or(ChatRefusal::UnknownSession)?;
            let place = checkpoint.rsplit_once(':').and_then(|(run, step)| Some((run, step.parse().ok()?)));
            let (run, step) = place.ok_or(ChatRefusal::UnknownCheckpoint)?;
            let made = self.agent.fork(&id, run, step).await.map_err(|failure| match failure {
                RunFailure::UnknownSession => ChatRefusal::UnknownCheckpoint,
                other => refusal(other),
            })?;
            self.session(made.session_id).await
        })
    }

    fn resume(&self, id: String, _language: Language) -> BoxFuture<'_, Result<ChatRun, ChatRefusal>> {
        Box::pin(async move { Ok(self.relay(self.agent.resume(&id, false).await.map_err(refusal)?)) })
    }

    fn cancel(&self, id: String) -> BoxFuture<'_, Result<bool, ChatRefusal>> {
        Box::pin(async move { Ok(self.agent.cancel(&id).await) })
    }

    fn approvals(&self, state: Option<String>) -> BoxFuture<'_, Result<Vec<ApprovalView>, ApprovalRefusal>> {
        Box::pin(async move {
            let rows = self.store.proposals(ROWS_MAX).await.map_err(proposals_failed)?;
            let views = rows.into_iter().filter_map(|row| views::approval(row, self.time.now()));
            Ok(views.filter(|v| state.as_ref().is_none_or(|s| *s == v.state)).collect())
        })
    }

    fn approval(&self, id: String) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>> {
        Box::pin(async move {
            let row = self.store.proposal(&id).await.map_err(proposals_failed)?;
            self.view(row.ok_or(ApprovalRefusal::Unknown)?)
        })
    }

    fn claim(&self, id: String, hash: String, by: String) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>> {
        Box::pin(async move { self.decide(&id, Some(&hash), ("approved", &by)).await })
    }

    fn settle(&self, id: String, settled: Settled) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>> {
        Box::pin(async move {
            let (state, order_id, outcome) = match settled {
                Settled::Submitted { order_id } => ("submitted", order_id, String::new()),
                Settled::Refused { code } => ("refused", String::new(), code),
                Settled::Unknown { code } => ("unknown", String::new(), code),
            };
            let row = self.store.settle_proposal(&id, state, (&order_id, &outcome)).await.map_err(proposals_failed)?;
            self.view(row.ok_or(ApprovalRefusal::Unknown)?)
        })
    }

    fn reject(&self, id: String, by: String, reason: String) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>> {
        Box::pin(async move {
            let by = if reason.is_empty() { by } else { format!("{by}: {reason}") };
            self.decide(&id, None, ("rejected", &by)).await
        })
    }

    fn health(&self) -> Value {
        let sessions = self.agent.sessions();
        let llm = match self.agent.model() {
            Some(model) => json!({"provider": model.provider(), "configured": true, "breaker": model.breaker()}),
            None => json!({"provider": "none", "configured": false, "breaker": "closed"}),
        };
        let redis = match sessions.kind() {
            "redis" => json!({"configured": true, "up": sessions.is_up()}),
            _ => json!({"configured": false}),
        };
        let server = |s: fsts_assistant::mcp::ServerStatus| {
            json!({
                "name": s.name, "transport": s.transport, "era": s.era, "tools": s.tools, "state": s.state,
                "age_s": s.age_s, "refused": s.refused.len(),
            })
        };
        let mcp: Vec<Value> = self.foreign.status().into_iter().map(server).collect();
        json!({"llm": llm, "mcp": mcp, "redis": redis, "vector_db": self.library.status()})
    }
}
