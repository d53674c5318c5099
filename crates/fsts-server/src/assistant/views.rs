//! The JSON shapes of the assistant's answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::views::{Ns, OrderTypeWord};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatMessageView {
    /// Its id, unique in the session.
    pub id: String,
    /// `user`, `assistant` or `tool`.
    pub role: String,
    /// Its text.
    pub content: String,
    /// The tool that it is a result of.
    pub name: Option<String>,
    /// The call that it is a result of.
    pub tool_call_id: Option<String>,
}

/// A tool call of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolCallView {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Where the tool lives; `built-in` for our own.
    pub server: String,
    /// What it was called with.
    #[schema(value_type = Object)]
    pub arguments: Value,
    /// `ok`, `error`, `denied`, `timeout` or `cancelled`.
    pub status: String,
    /// How long it took.
    pub duration_ms: u64,
    /// The result holds text of strangers.
    pub tainted: bool,
    /// The beginning of the result.
    pub preview: String,
}

/// A source of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CitationView {
    /// Its number in the answer.
    pub n: u32,
    /// The document.
    pub doc_id: String,
    /// Its title.
    pub title: String,
    /// Where it was published.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: Option<String>,
    /// Words of it.
    pub quote: String,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct UsageView {
    /// Tokens sent.
    pub prompt_tokens: u64,
    /// Tokens received.
    pub completion_tokens: u64,
    /// Whether a part of these is an estimate.
    pub estimated: bool,
    /// Requests to the model.
    pub llm_calls: u32,
    /// Tool calls.
    pub tool_calls: u32,
}

/// An answer of the assistant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatView {
    /// The session.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// `completed`, `needs_approval` or `partial`.
    pub status: String,
    /// The text of the last assistant message.
    pub answer: String,
    /// The new messages.
    pub messages: Vec<ChatMessageView>,
    /// The tool calls of the run.
    pub tool_calls: Vec<ToolCallView>,
    /// Sources that the answer names.
    pub citations: Vec<CitationView>,
    /// Proposals that the run made; a person decides them.
    pub approvals: Vec<ApprovalView>,
    /// What it cost.
    pub usage: UsageView,
    /// What the reader should know about the answer.
    pub warnings: Vec<String>,
    /// The model; null when fixed rules answered.
    pub model: Option<String>,
    /// The answer again, for the old page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

/// An answer for the old chat page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OldAnswerView {
    /// The answer.
    pub response: String,
}

/// An answer from documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryView {
    /// The answer; empty when only a search was asked for.
    pub answer: String,
    /// Sources that the answer names.
    pub citations: Vec<CitationView>,
    /// What was found, as the search tool gives it.
    #[schema(value_type = Vec<Object>)]
    pub documents: Vec<Value>,
    /// `completed` or `partial`.
    pub status: String,
    /// What it cost.
    pub usage: UsageView,
    /// What the reader should know about the answer.
    pub warnings: Vec<String>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationView {
    /// Its id.
    pub id: String,
    /// The beginning of its first question.
    pub title: String,
    /// When it began.
    pub created_ns: Ns,
    /// When it was used last.
    pub updated_ns: Ns,
    /// Messages in it.
    pub messages_count: u64,
    /// `idle`, `running`, or `cut` when the program ended in the middle of a run.
    pub state: String,
}

/// Conversations, last used first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionsView {
    /// The conversations.
    pub sessions: Vec<ConversationView>,
}

/// A conversation with what was said in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionDetailView {
    /// The conversation.
    #[serde(flatten)]
    pub session: ConversationView,
    /// What was said, oldest first.
    pub messages: Vec<ChatMessageView>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// A stored step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointView {
    /// Its id, for a fork.
    pub id: String,
    /// The run.
    pub run_id: String,
    /// The step, from 0.
    pub step: u64,
    /// The node that made it.
    pub node: String,
    /// The node that comes next.
    pub next: String,
    /// When.
    pub at_ns: Ns,
    /// Digest of the state.
    pub hash: String,
}

/// The checkpoints of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// Newest first.
    pub checkpoints: Vec<CheckpointView>,
}

/// Whether a run was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelledView {
    /// True when there was one.
    pub cancelled: bool,
}

/// The order that a proposal would become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposedOrderView {
    /// The instrument.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// `buy` or `sell`.
    pub side: String,
    /// Limit or market.
    #[serde(rename = "type")]
    pub kind: OrderTypeWord,
    /// Shares.
    pub qty: i64,
    /// Limit price, won; null for a market order.
    pub price: Option<i64>,
}

/// An order that somebody has to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Its id.
    pub approval_id: String,
    /// Digest of exactly what is approved; it goes back with the approval.
    pub hash: String,
    /// `order`.
    pub kind: String,
    /// `pending_approval`, `approved`, `submitted`, `refused`, `unknown`, `rejected` or `expired`.
    pub state: String,
    /// In words, Korean.
    pub summary_ko: String,
    /// In words, English.
    pub summary_en: String,
    /// The order.
    pub order: ProposedOrderView,
    /// Paper or live account.
    pub account: String,
    /// Estimated amount, won; null while no price is known.
    pub amount: Option<i64>,
    /// Last price when it was proposed, won.
    pub last_price: Option<i64>,
    /// Why, in the model's words.
    pub reason: String,
    /// What to look at before approving.
    pub flags: Vec<String>,
    /// Text of strangers was read before it was proposed.
    pub tainted: bool,
    /// What has to be typed as `second_factor`; null when nothing has.
    pub confirmation: Option<String>,
    /// When it was proposed.
    pub created_ns: Ns,
    /// When it can't be approved any more.
    pub expires_ns: Ns,
    /// When it was decided.
    pub decided_ns: Option<Ns>,
    /// The order that it became.
    pub order_id: Option<String>,
    /// Why it did not become one.
    pub outcome: Option<String>,
}

/// Proposals, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalsView {
    /// The proposals.
    pub approvals: Vec<ApprovalView>,
}
