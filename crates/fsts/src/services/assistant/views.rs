//! From the assistant's own shapes to those of the API.

use fsts_assistant::agent::citations::cited;
use fsts_assistant::agent::run::status_of;
use fsts_assistant::agent::{AgentState, Source};
use fsts_assistant::message::{Msg, Role};
use fsts_assistant::sessions::deserialize_state;
use fsts_domain::Timestamp;
use fsts_server::assistant::views::{
    ApprovalView, ChatMessageView, ChatView, CheckpointView, CitationView, ConversationView, ProposedOrderView,
    ToolCallView, UsageView,
};
use fsts_server::views::OrderTypeWord;
use fsts_store::{CheckpointRow, ConversationRow, PENDING, ProposalRow};

use super::proposals::ProposalBody;

/// Characters of a title.
const TITLE_MAX: usize = 60;

/// A run's answer. `approvals` are the proposals that it made.
pub fn chat(state: &AgentState, approvals: Vec<ApprovalView>, model: Option<String>) -> ChatView {
    let call = |c: &fsts_assistant::agent::CallRecord| ToolCallView {
        id: c.id.clone(),
        name: c.name.clone(),
        server: if c.server.is_empty() { "built-in".to_owned() } else { c.server.clone() },
        arguments: c.arguments.clone(),
        status: serde_json::to_value(c.status).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
        duration_ms: c.duration_ms,
        tainted: c.tainted,
        preview: c.preview.clone(),
    };
    ChatView {
        session_id: state.session_id.clone(),
        run_id: state.run_id.clone(),
        status: status_of(state).to_owned(),
        answer: state.answer.clone(),
        messages: state.run_messages().iter().map(message).collect(),
        tool_calls: state.calls.iter().map(call).collect(),
        citations: citations(state),
        approvals,
        usage: usage(state),
        warnings: state.warnings.clone(),
        model,
        response: None,
    }
}

/// The sources that the answer names.
pub fn citations(state: &AgentState) -> Vec<CitationView> {
    let view = |source: &Source| CitationView {
        n: source.n,
        doc_id: source.doc_id.clone(),
        title: source.title.clone(),
        url: None,
        published_at: None,
        quote: source.quote(),
    };
    cited(&state.sources, &state.answer).into_iter().map(view).collect()
}

/// What a run cost.
pub fn usage(state: &AgentState) -> UsageView {
    UsageView {
        prompt_tokens: state.usage.prompt_tokens,
        completion_tokens: state.usage.completion_tokens,
        estimated: state.usage.estimated,
        llm_calls: state.llm_calls,
        tool_calls: u32::try_from(state.calls.len()).unwrap_or(u32::MAX),
    }
}

/// A message.
pub fn message(message: &Msg) -> ChatMessageView {
    ChatMessageView {
        id: message.id.clone(),
        role: message.role.word().to_owned(),
        content: message.content.clone(),
        name: message.name.clone(),
        tool_call_id: message.tool_call_id.clone(),
    }
}

/// A conversation; one that can't be read has no title.
pub fn session(row: &ConversationRow, busy: bool) -> ConversationView {
    let state = deserialize_state(&row.state).ok();
    let first = state.as_ref().and_then(|s| s.messages.iter().find(|m| m.role == Role::User));
    let cut = state.as_ref().is_some_and(|s| !s.next.is_empty());
    ConversationView {
        id: row.id.clone(),
        title: first.map(|m| m.content.chars().take(TITLE_MAX).collect()).unwrap_or_default(),
        created_ns: row.created.into(),
        updated_ns: row.updated.into(),
        messages_count: state.as_ref().map_or(0, |s| s.messages.len() as u64),
        state: match (busy, cut) {
            (true, _) => "running",
            (false, true) => "cut",
            (false, false) => "idle",
        }
        .to_owned(),
    }
}

/// A checkpoint.
pub fn checkpoint(row: CheckpointRow) -> CheckpointView {
    CheckpointView {
        id: format!("{}:{}", row.run_id, row.step),
        run_id: row.run_id,
        step: u64::try_from(row.step).unwrap_or_default(),
        node: row.node,
        next: row.next,
        at_ns: row.at.into(),
        hash: row.hash,
    }
}

/// A proposal; `None` when its row can't be read.
pub fn approval(row: ProposalRow, now: Timestamp) -> Option<ApprovalView> {
    let body: ProposalBody = serde_json::from_str(&row.body).ok()?;
    let (summary_ko, summary_en) = body.summary();
    let over = row.state == PENDING && row.expires <= now;
    let some = |text: String| Some(text).filter(|t| !t.is_empty());
    Some(ApprovalView {
        approval_id: row.id,
        hash: row.hash,
        kind: "order".to_owned(),
        state: if over { "expired".to_owned() } else { row.state },
        summary_ko,
        summary_en,
        order: ProposedOrderView {
            symbol: body.symbol,
            name: body.name,
            side: body.side,
            kind: if body.order_type == "limit" { OrderTypeWord::Limit } else { OrderTypeWord::Market },
            qty: body.qty,
            price: body.price,
        },
        account: body.account,
        amount: body.amount,
        last_price: body.last_price,
        reason: body.reason,
        flags: body.flags,
        tainted: row.tainted,
        confirmation: body.confirmation,
        created_ns: row.created.into(),
        expires_ns: row.expires.into(),
        decided_ns: row.decided.map(Into::into),
        order_id: some(row.order_id),
        outcome: some(row.outcome),
    })
}
