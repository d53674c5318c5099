//! A run again, from one of its checkpoints, with the recorded answers of model and tools: the same messages come out.
//! What the clock decided – a deadline – is not replayed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsts_store::CheckpointRow;
use futures_util::future::BoxFuture;

use super::events::EventSink;
use super::nodes::{AgentGraph, RunContext};
use super::redact::Redactor;
use super::run::RunFailure;
use super::state::{AgentState, CallRecord};
use super::tools::Toolbox;
use crate::graph::Observer;
use crate::message::{Msg, Role, Usage};
use crate::model::{ChatModel, LlmSettings, ModelError, ModelErrorKind, ModelReply, ModelRequest, TokenSink};
use crate::sessions::deserialize_state;

/// A replay takes no time worth limiting.
const LONGEST: Duration = Duration::from_secs(3_600);

/// What tools answered, by call.
#[derive(Debug, Clone, Default)]
pub struct RecordedTools {
    results: BTreeMap<String, (Msg, CallRecord)>,
    /// The states after the steps in which tools were called, by the id of each call.
    after: BTreeMap<String, AgentState>,
}

impl RecordedTools {
    /// Puts the recorded results of the calls that the last message asks for.
    pub(super) fn answer(&self, state: &mut AgentState) -> Result<(), RunFailure> {
        let calls = state.messages.last().map(|m| m.tool_calls.clone()).unwrap_or_default();
        for call in calls {
            let recorded = self.results.get(&call.id).zip(self.after.get(&call.id));
            let ((message, record), after) = recorded.ok_or_else(|| broken("a call has no recorded result"))?;
            state.put(message.clone());
            state.calls.push(record.clone());
            state.tainted = after.tainted;
            state.limit = after.limit;
            state.pages.clone_from(&after.pages);
            state.sources.clone_from(&after.sources);
        }
        Ok(())
    }
}

/// Answers what it answered then, in order.
struct RecordedModel(Mutex<VecDeque<ModelReply>>);

impl ChatModel for RecordedModel {
    fn name(&self) -> Option<&str> {
        None
    }

    fn provider(&self) -> &'static str {
        "recorded"
    }

    fn chat<'a>(
        &'a self,
        _request: &'a ModelRequest,
        _sink: &'a mut dyn TokenSink,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let missing = || ModelError::new(ModelErrorKind::Unavailable);
        Box::pin(std::future::ready(next.ok_or_else(missing)))
    }
}

fn broken(reason: &str) -> RunFailure {
    RunFailure::Broken(reason.to_owned())
}

/// Runs on from the checkpoint of step `from`, with what `steps`, all of one run, have recorded.
///
/// # Errors
/// [`RunFailure::UnknownSession`] when there is no such step; [`RunFailure::Broken`] when the record has a gap.
pub(super) async fn replay(
    graph: &AgentGraph,
    settings: &LlmSettings,
    mut steps: Vec<CheckpointRow>,
    from: i64,
) -> Result<AgentState, RunFailure> {
    steps.sort_by_key(|row| row.step);
    let start = steps.iter().find(|row| row.step == from).ok_or(RunFailure::UnknownSession)?;
    let state = deserialize_state(&start.state).map_err(|place| broken(&place))?;
    let (model, tools) = recording(&state, steps.iter().filter(|row| row.step > from))?;
    let context = RunContext {
        model: Arc::new(model),
        toolbox: Toolbox::new(Vec::new(), Redactor::default(), settings.tool_timeout),
        redactor: Redactor::default(),
        settings: settings.clone(),
        events: EventSink::channel(1).0,
        streamed: false,
        deadline: crate::clock::now() + LONGEST,
        now_text: String::new(),
        recorded: Some(tools),
    };
    let next = start.next.clone();
    graph.run(state, Some(&next), &context, &mut Unseen).await.map_err(|e| match e {
        crate::graph::RunError::Node(failure) => failure,
        other => broken(&other.to_string()),
    })
}

/// What the later steps say about the answers of model and tools.
fn recording<'a>(
    start: &AgentState,
    later: impl Iterator<Item = &'a CheckpointRow>,
) -> Result<(RecordedModel, RecordedTools), RunFailure> {
    let (mut replies, mut tools) = (VecDeque::new(), RecordedTools::default());
    let mut before = start.clone();
    for row in later {
        let after = deserialize_state(&row.state).map_err(|place| broken(&place))?;
        match row.node.as_str() {
            "supervisor" if after.llm_calls > before.llm_calls => replies.push_back(reply(&before, &after)),
            "tools" => {
                for record in after.calls.iter().skip(before.calls.len()) {
                    let result = after.messages.iter().find(|m| m.tool_call_id.as_deref() == Some(&record.id));
                    let result = result.ok_or_else(|| broken("a recorded call has no result"))?;
                    tools.results.insert(record.id.clone(), (result.clone(), record.clone()));
                    tools.after.insert(record.id.clone(), after.clone());
                }
            }
            _ => {}
        }
        before = after;
    }
    Ok((RecordedModel(Mutex::new(replies)), tools))
}

/// The model's answer is what a step of the supervisor added.
fn reply(before: &AgentState, after: &AgentState) -> ModelReply {
    let known = |m: &Msg| before.messages.iter().any(|b| b.id == m.id);
    let said = after.messages.last().filter(|m| m.role == Role::Assistant && !known(m));
    ModelReply {
        text: said.map(|m| m.content.clone()).unwrap_or_default(),
        calls: said.map(|m| m.tool_calls.clone()).unwrap_or_default(),
        usage: Some(Usage {
            prompt_tokens: after.usage.prompt_tokens.saturating_sub(before.usage.prompt_tokens),
            completion_tokens: after.usage.completion_tokens.saturating_sub(before.usage.completion_tokens),
            estimated: after.usage.estimated,
        }),
        partial: said.is_some_and(|m| m.partial),
    }
}

/// A replay keeps nothing.
struct Unseen;

impl Observer<AgentState> for Unseen {
    fn started<'a>(&'a mut self, _node: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn finished<'a>(&'a mut self, _: &'static str, _: &'static str, _: &'a AgentState) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}
