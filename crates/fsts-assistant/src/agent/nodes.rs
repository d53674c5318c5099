//! The nodes of the default graph: guard → supervisor ⇄ tools → summarise.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, join_all};
use serde_json::json;

use super::citations::{self, SEARCH_TOOL, Source, numbered as numbered_text, without_unknown};
use super::events::EventSink;
use super::history::{HISTORY_TOKENS, for_model};
use super::prompt::system_text;
use super::redact::{Redactor, plain_text};
use super::replay::RecordedTools;
use super::run::RunFailure;
use super::state::{AgentState, CallRecord, Limit};
use super::summary::{about_deeds, about_limit};
use super::tools::{Called, PAGE_TOOL, RESULT_MAX, Toolbox, cut, fenced, page_of};
use crate::graph::{BuildError, END, Graph, Node, START, StateGraph};
use crate::message::{Msg, Role, ToolCall, Usage, estimated_tokens};
use crate::model::{ChatModel, LlmSettings, ModelError, ModelErrorKind, ModelReply, ModelRequest, NoSink, TokenSink};
use crate::tool::{CallContext, Tier, ToolOutcome, ToolSpec, ToolStatus};

/// Times that a run may make the same call.
const SAME_CALL_MAX: usize = 3;
/// Characters of a result that a reader is shown.
const PREVIEW_MAX: usize = 300;
/// Long results that a conversation keeps.
const PAGES_MAX: usize = 8;

/// What a run may reach.
pub struct RunContext {
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// The tools.
    pub toolbox: Toolbox,
    /// Takes secrets out.
    pub redactor: Redactor,
    /// Limits.
    pub settings: LlmSettings,
    /// Where events go.
    pub events: EventSink,
    /// Whether the answer is wanted in pieces.
    pub streamed: bool,
    /// When the run has to end.
    pub deadline: Instant,
    /// The time in words.
    pub now_text: String,
    /// What tools answered in the run that is replayed; they are not called then.
    pub recorded: Option<RecordedTools>,
}

impl RunContext {
    fn is_late(&self) -> bool {
        crate::clock::now() >= self.deadline
    }
}

/// The graph of every run.
pub type AgentGraph = Graph<AgentState, RunContext, RunFailure>;

/// Builds the default graph.
///
/// # Errors
/// [`BuildError`] when its description is wrong.
pub fn agent_graph(steps_max: u32) -> Result<AgentGraph, BuildError> {
    let after_supervisor = |state: &AgentState| {
        let asks = state.messages.last().is_some_and(|m| m.role == Role::Assistant && !m.tool_calls.is_empty());
        if asks && state.limit.is_none() { "tools" } else { "summarise" }
    };
    let after_tools = |state: &AgentState| if state.limit.is_some() { "summarise" } else { "supervisor" };
    StateGraph::default()
        .node("guard", Guard)
        .node("supervisor", Supervisor)
        .node("tools", Tools)
        .node("summarise", Summarise)
        .edge(START, "guard")
        .edge("guard", "supervisor")
        .choose("supervisor", &["tools", "summarise"], after_supervisor)
        .choose("tools", &["supervisor", "summarise"], after_tools)
        .edge("summarise", END)
        .build(steps_max)
}

/// Puts the history in order: a call that a cut run left without a result gets one that says so.
struct Guard;

impl Node<AgentState, RunContext, RunFailure> for Guard {
    fn run<'a>(
        &'a self,
        mut state: AgentState,
        _context: &'a RunContext,
    ) -> BoxFuture<'a, Result<AgentState, RunFailure>> {
        Box::pin(async move {
            repair(&mut state);
            Ok(state)
        })
    }
}

/// Every call of the history has exactly one result, right after it; results without a call are gone.
pub fn repair(state: &mut AgentState) {
    let old = std::mem::take(&mut state.messages);
    let run_start = old.get(state.run_from).map(|m| m.id.clone());
    let mut results: std::collections::BTreeMap<String, Msg> = old
        .iter()
        .filter(|m| m.role == Role::Tool)
        .filter_map(|m| Some((m.tool_call_id.clone()?, m.clone())))
        .collect();
    for message in old.into_iter().filter(|m| m.role != Role::Tool) {
        let calls: Vec<ToolCall> = message.tool_calls.clone();
        state.messages.push(message);
        for call in calls {
            let missing = || {
                let mut lost = Msg::new(format!("{}-lost", call.id), Role::Tool, "(cancelled before it had a result)");
                lost.name = Some(call.name.clone());
                lost.tool_call_id = Some(call.id.clone());
                lost
            };
            let result = results.remove(&call.id).unwrap_or_else(missing);
            state.messages.push(result);
        }
    }
    let start = run_start.and_then(|id| state.messages.iter().position(|m| m.id == id));
    state.run_from = start.unwrap_or(state.messages.len());
}

/// Asks the model: it calls tools, or answers.
struct Supervisor;

impl Node<AgentState, RunContext, RunFailure> for Supervisor {
    fn run<'a>(
        &'a self,
        mut state: AgentState,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<AgentState, RunFailure>> {
        Box::pin(async move {
            if context.is_late() {
                state.limit.get_or_insert(Limit::Deadline);
            } else if over_budget(&state, context) {
                state.limit.get_or_insert(Limit::Tokens);
            } else if state.llm_calls >= context.settings.max_steps {
                state.limit.get_or_insert(Limit::Steps);
            }
            if state.limit.is_some() {
                return Ok(state);
            }
            let last = state.llm_calls + 1 >= context.settings.max_steps && state.llm_calls > 0;
            let with_tools = state.tools && !last;
            match ask(&mut state, context, with_tools).await {
                Ok(reply) => take_reply(&mut state, reply, with_tools),
                Err(_) if context.is_late() => {
                    state.limit.get_or_insert(Limit::Deadline);
                }
                Err(e) if e.kind == ModelErrorKind::Malformed && context.streamed && !state.calls.is_empty() => {
                    state.limit = Some(Limit::CutStream);
                }
                Err(e) => return Err(RunFailure::Model(e)),
            }
            if last && state.limit.is_none() {
                // It might have wanted tools; whether it did is not known any more.
                state.limit = Some(Limit::Steps);
            }
            Ok(state)
        })
    }
}

fn over_budget(state: &AgentState, context: &RunContext) -> bool {
    let spent = state.spent.plus(state.usage);
    let total = spent.prompt_tokens.saturating_add(spent.completion_tokens);
    context.settings.session_token_budget.is_some_and(|limit| total >= limit)
}

async fn ask(state: &mut AgentState, context: &RunContext, with_tools: bool) -> Result<ModelReply, ModelError> {
    let system = system_text(state.locale, &context.now_text, with_tools);
    let mut tokens = HISTORY_TOKENS;
    loop {
        let streamed = context.streamed && !state.asked_for_deeds();
        let request = ModelRequest {
            messages: for_model(state, &system, tokens),
            tools: if with_tools { offered(state, context) } else { Vec::new() },
            streamed,
            fresh: state.calls.is_empty(),
            deadline: context.deadline,
        };
        state.llm_calls += 1;
        let mut cleaner = CleanTokens {
            context,
            message: state.next_id(),
            sources: &state.sources,
            pending: String::new(),
            told: String::new(),
            invented: false,
        };
        let asked = crate::clock::now();
        let answer = match streamed {
            true => context.model.chat(&request, &mut cleaner).await,
            false => context.model.chat(&request, &mut NoSink).await,
        };
        tracing::debug!(ms = asked.elapsed().as_millis(), ok = answer.is_ok(), "asked the model");
        match answer {
            Ok(mut reply) => {
                let invented = if streamed {
                    cleaner.flush().await;
                    reply.text = cleaner.told;
                    cleaner.invented
                } else {
                    let clean = context.redactor.clean(&plain_text(&reply.text));
                    let (text, invented) = without_unknown(&state.sources, &clean);
                    reply.text = text;
                    invented
                };
                if invented {
                    state.warn(citations::UNKNOWN);
                }
                let usage = reply.usage.unwrap_or_else(|| estimate(&request, &reply));
                state.usage = state.usage.plus(usage);
                for call in &mut reply.calls {
                    call.name = context.redactor.clean(&call.name);
                    call.arguments = context.redactor.clean(&call.arguments);
                }
                return Ok(reply);
            }
            Err(error) if error.kind == ModelErrorKind::ContextTooLong && tokens == HISTORY_TOKENS => tokens /= 4,
            Err(error) => return Err(error),
        }
    }
}

/// The tools that the run may use.
fn offered(state: &AgentState, context: &RunContext) -> Vec<ToolSpec> {
    let mut specs = context.toolbox.specs();
    specs.retain(|tool| tool.tier <= state.ceiling);
    specs
}

fn estimate(request: &ModelRequest, reply: &ModelReply) -> Usage {
    let prompt_tokens = request.messages.iter().map(|m| estimated_tokens(&m.content)).sum();
    Usage { prompt_tokens, completion_tokens: estimated_tokens(&reply.text), estimated: true }
}

fn take_reply(state: &mut AgentState, reply: ModelReply, with_tools: bool) {
    let mut message = Msg::new(state.next_id(), Role::Assistant, reply.text);
    message.partial = reply.partial;
    if with_tools {
        let known: std::collections::BTreeSet<String> =
            state.messages.iter().flat_map(|m| m.tool_calls.iter().map(|c| c.id.clone())).collect();
        message.tool_calls = reply.calls;
        for call in message.tool_calls.iter_mut().filter(|c| known.contains(&c.id)) {
            call.id = format!("call_{}", crate::random_id());
        }
    }
    if reply.partial && message.tool_calls.is_empty() {
        state.limit = Some(Limit::CutStream);
    }
    // Calls that were not allowed are no message.
    if !message.content.is_empty() || !message.tool_calls.is_empty() {
        state.put(message);
    }
}

/// Tells tokens without secrets; what may be the beginning of one waits for the next piece.
struct CleanTokens<'a> {
    context: &'a RunContext,
    message: String,
    sources: &'a [Source],
    pending: String,
    told: String,
    /// Something was cited that nobody found.
    invented: bool,
}

impl CleanTokens<'_> {
    async fn tell(&mut self, text: String) {
        if !text.is_empty() {
            self.context.events.tell("token", json!({"text": text, "message_id": self.message})).await;
            self.told.push_str(&text);
        }
    }

    async fn flush(&mut self) {
        let rest = std::mem::take(&mut self.pending);
        self.tell(rest).await;
    }
}

impl TokenSink for CleanTokens<'_> {
    fn token<'a>(&'a mut self, text: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.pending.push_str(text);
            let mut clean = self.context.redactor.clean(&plain_text(&self.pending));
            let held = self.context.redactor.held_back(&clean).max(citations::held_back(&clean));
            self.pending = clean.split_off(clean.len().saturating_sub(held));
            let (known, invented) = without_unknown(self.sources, &clean);
            self.invented |= invented;
            self.tell(known).await;
        })
    }
}

/// Calls the tools that the model asked for.
struct Tools;

impl Node<AgentState, RunContext, RunFailure> for Tools {
    fn run<'a>(
        &'a self,
        mut state: AgentState,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<AgentState, RunFailure>> {
        Box::pin(async move {
            if let Some(recorded) = &context.recorded {
                recorded.answer(&mut state)?;
                return Ok(state);
            }
            let calls = state.messages.last().map(|m| m.tool_calls.clone()).unwrap_or_default();
            let plans = plan(&mut state, context, calls);
            // What looks runs together; what proposes runs alone, after it.
            let trades = |p: &Plan| context.toolbox.tier(&p.call.name) == Some(Tier::Trade);
            let together: Vec<&Plan> = plans.iter().filter(|p| !trades(p)).collect();
            let mut done: Vec<(String, Called)> = Vec::new();
            for some in together.chunks(context.settings.max_parallel_tools.max(1)) {
                let running: Vec<_> = some.iter().map(|p| carried_out(&state, context, p)).collect();
                done.extend(join_all(running).await);
            }
            state.tainted |= done.iter().any(|(_, called)| called.outcome.tainted);
            for plan in plans.iter().filter(|p| trades(p)) {
                done.push(carried_out(&state, context, plan).await);
            }
            for plan in plans {
                if let Some(at) = done.iter().position(|(id, _)| *id == plan.call.id) {
                    let (_, called) = done.swap_remove(at);
                    let server = context.toolbox.server_of(&plan.call.name);
                    keep(&mut state, plan, called, server);
                }
            }
            Ok(state)
        })
    }
}

/// A call and what is known about it before it is made.
struct Plan {
    call: ToolCall,
    /// An outcome that makes the call needless.
    instead: Option<ToolOutcome>,
    /// It is the last time that it may be made.
    last_time: bool,
}

/// Limits are applied in the model's order before anything is called.
fn plan(state: &mut AgentState, context: &RunContext, calls: Vec<ToolCall>) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for call in calls {
        let same = |name: &str, arguments: &str| name == call.name && arguments == call.arguments;
        let earlier = state.run_messages().iter().flat_map(|m| &m.tool_calls).filter(|c| same(&c.name, &c.arguments));
        // The message that asks for this call is among them.
        let times = earlier.count() - plans_left(&plans, &call, state);
        let made = u32::try_from(state.calls.len() + plans.len()).unwrap_or(u32::MAX);
        let mut instead = None;
        if times > SAME_CALL_MAX {
            state.limit = Some(Limit::RepeatedCall);
            instead = Some("the same call was made too often; the run ends here");
        } else if made >= context.settings.max_tool_calls {
            state.limit = Some(Limit::ToolCalls);
            instead = Some("no more tool calls are allowed in this run");
        } else if context.is_late() {
            state.limit = Some(Limit::Deadline);
            instead = Some("time is up");
        }
        let instead = instead.map(|text| ToolOutcome::failed(ToolStatus::Denied, text));
        plans.push(Plan { call, instead, last_time: times == SAME_CALL_MAX });
    }
    plans
}

/// Equal calls of the same message that come after this one: they have not had their turn.
fn plans_left(plans: &[Plan], call: &ToolCall, state: &AgentState) -> usize {
    let message = state.messages.last().map(|m| m.tool_calls.as_slice()).unwrap_or_default();
    let rest = message.iter().skip(plans.len() + 1);
    rest.filter(|c| c.name == call.name && c.arguments == call.arguments).count()
}

async fn carried_out(state: &AgentState, context: &RunContext, plan: &Plan) -> (String, Called) {
    let call = &plan.call;
    context.events.tell("tool.started", json!({"id": call.id, "name": call.name})).await;
    let mut called = match (&plan.instead, call.name.as_str()) {
        (Some(outcome), _) => {
            Called { arguments: serde_json::Value::Null, outcome: outcome.clone(), took: Duration::ZERO, deed: false }
        }
        (None, PAGE_TOOL) => page(state, call),
        (None, name) if context.toolbox.tier(name).is_some_and(|tier| tier > state.ceiling) => {
            let text = "this tool is not allowed in this run, which may not go so far";
            let outcome = ToolOutcome::failed(ToolStatus::Denied, text);
            Called { arguments: serde_json::Value::Null, outcome, took: Duration::ZERO, deed: true }
        }
        (None, _) => {
            let within = CallContext {
                session_id: state.session_id.clone(),
                run_id: state.run_id.clone(),
                call_id: call.id.clone(),
                tainted: state.tainted,
                user_text: state.user_text(),
                outside: false,
            };
            context.toolbox.call(call, within).await
        }
    };
    if plan.last_time {
        called.outcome.text.push_str("\n(This was the same call for the third time; do not repeat it.)");
    }
    let told = json!({
        "id": call.id, "name": call.name, "status": called.outcome.status, "arguments": called.arguments,
        "preview": preview(&called.outcome.text),
        "duration_ms": millis(called.took), "tainted": called.outcome.tainted,
    });
    context.events.tell("tool.finished", told).await;
    if let Some(proposal) = called.outcome.structured.as_ref().filter(|s| s.get("approval_id").is_some()) {
        context.events.tell("approval.required", proposal.clone()).await;
    }
    (call.id.clone(), called)
}

fn page(state: &AgentState, call: &ToolCall) -> Called {
    let read = super::schema::read_arguments(&call.arguments).unwrap_or_default();
    let handle = read.get("handle").and_then(serde_json::Value::as_str).unwrap_or_default();
    let number = read.get("page").and_then(serde_json::Value::as_u64).unwrap_or(1);
    let part = state.pages.get(handle).and_then(|text| page_of(text, number));
    let outcome = match part {
        Some(text) => ToolOutcome { status: ToolStatus::Ok, text, structured: None, tainted: state.tainted },
        None => ToolOutcome::failed(ToolStatus::Error, "there is no such handle or page"),
    };
    Called { arguments: serde_json::Value::Object(read), outcome, took: Duration::ZERO, deed: false }
}

fn preview(text: &str) -> String {
    text.chars().take(PREVIEW_MAX).collect()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn keep(state: &mut AgentState, plan: Plan, called: Called, server: String) {
    let Plan { call, .. } = plan;
    let outcome = called.outcome;
    let numbered = outcome.structured.as_ref().filter(|_| call.name == SEARCH_TOOL && outcome.status == ToolStatus::Ok);
    let mut text = numbered.and_then(|found| numbered_text(state, found)).unwrap_or_else(|| outcome.text.clone());
    if text.len() > RESULT_MAX && call.name != PAGE_TOOL {
        let handle = format!("r{}", state.calls.len() + 1);
        let first = cut(text.clone(), RESULT_MAX);
        while state.pages.len() >= PAGES_MAX {
            state.pages.pop_first();
        }
        state.pages.insert(format!("{}-{handle}", state.run_id), text);
        text =
            format!("{first}\n(cut; {PAGE_TOOL} with handle \"{}-{handle}\" and page 2 gives the rest)", state.run_id);
    }
    if outcome.tainted {
        state.tainted = true;
        text = fenced(&text);
    }
    if outcome.status != ToolStatus::Ok {
        text = format!("{}: {text}", word(outcome.status));
    }
    let mut message = Msg::new(state.next_id(), Role::Tool, text);
    message.name = Some(call.name.clone());
    message.tool_call_id = Some(call.id.clone());
    state.put(message);
    state.calls.push(CallRecord {
        id: call.id,
        name: call.name,
        server,
        arguments: called.arguments,
        status: outcome.status,
        duration_ms: millis(called.took),
        tainted: outcome.tainted,
        deed: called.deed,
        preview: preview(&outcome.text),
        structured: outcome.structured,
    });
}

fn word(status: ToolStatus) -> &'static str {
    match status {
        ToolStatus::Ok => "ok",
        ToolStatus::Error => "error",
        ToolStatus::Denied => "denied",
        ToolStatus::Timeout => "timeout",
        ToolStatus::Cancelled => "cancelled",
    }
}

/// Makes the answer.
struct Summarise;

impl Node<AgentState, RunContext, RunFailure> for Summarise {
    fn run<'a>(
        &'a self,
        mut state: AgentState,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<AgentState, RunFailure>> {
        Box::pin(async move {
            repair(&mut state);
            let said = state.run_messages().last().filter(|m| m.role == Role::Assistant && m.tool_calls.is_empty());
            let said = said.cloned().filter(|m| !m.content.trim().is_empty());
            let text = said.as_ref().map(|m| m.content.clone()).unwrap_or_default();
            if let Some(limit) = state.limit {
                state.warn(limit.word());
            }
            let answer = match (state.asked_for_deeds(), state.limit) {
                (true, _) => about_deeds(&state, &text),
                (false, Some(limit)) if text.is_empty() => about_limit(&state, limit),
                (false, None) if text.is_empty() => about_limit(&state, Limit::CutStream),
                (false, _) => text.clone(),
            };
            let answer = context.redactor.clean(&answer);
            let streamed = context.streamed && !state.asked_for_deeds() && !text.is_empty();
            let mut message = said.unwrap_or_else(|| Msg::new(state.next_id(), Role::Assistant, ""));
            message.content.clone_from(&answer);
            if context.streamed && !streamed {
                context.events.tell("token", json!({"text": answer, "message_id": message.id})).await;
            }
            for source in citations::cited(&state.sources, &answer) {
                let told =
                    json!({"n": source.n, "doc_id": source.doc_id, "title": source.title, "quote": source.quote()});
                context.events.tell("citation", told).await;
            }
            context.events.tell("message", json!({"id": message.id, "role": "assistant", "content": answer})).await;
            state.put(message);
            state.answer = answer;
            Ok(state)
        })
    }
}
