//! What the server needs of the assistant; implemented where its tools and sessions are put together.

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::mpsc;

use super::views::{ApprovalView, ChatView, CheckpointView, ConversationView, QueryView, SessionDetailView};
use crate::messages::Language;

/// Who said something in a request. Other roles are not taken from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The person.
    User,
    /// The assistant, in an earlier turn that the client kept.
    Assistant,
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// By whom.
    pub by: Speaker,
    /// What.
    pub text: String,
}

/// What to do while the session has a run already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBusy {
    /// Refuse.
    #[default]
    Refuse,
    /// Wait for its end.
    Queue,
    /// Cancel it.
    Interrupt,
}

/// The most that a tool may do in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ceiling {
    /// Look.
    Read,
    /// Compute without touching an account.
    Simulate,
    /// Propose an order, which a person must approve.
    #[default]
    Trade,
}

/// A question to the assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAsk {
    /// The session to go on with; a new one without.
    pub session_id: Option<String>,
    /// Refuse an unknown session instead of starting it.
    pub must_exist: bool,
    /// What was said, oldest first; the last one is the question.
    pub said: Vec<Said>,
    /// Language of the reader.
    pub language: Language,
    /// Whether tools may be used.
    pub tools: bool,
    /// The most that one may do.
    pub ceiling: Ceiling,
    /// What to do while the session is busy.
    pub on_busy: OnBusy,
    /// Tell tokens as they come.
    pub streamed: bool,
    /// Go on when nobody waits for the answer any more.
    pub detach: bool,
    /// Longest time for the run, seconds; the set limit stays the upper one.
    pub timeout_s: Option<u64>,
    /// Warnings about the request itself; they go out with the answer.
    pub warnings: Vec<String>,
}

/// A question to the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryAsk {
    /// In a person's words.
    pub query: String,
    /// Arguments of the search besides the query, as the tool takes them.
    pub filter: serde_json::Map<String, Value>,
    /// Whether a model writes an answer.
    pub generate: bool,
    /// The session to go on with.
    pub session_id: Option<String>,
    /// Language of the reader.
    pub language: Language,
}

/// Something that a run tells while it goes on.
#[derive(Debug)]
pub enum ChatSignal {
    /// An event with its number, which rises by one.
    Event {
        /// Number in the run, from 1.
        id: u64,
        /// Its kind, such as `token`.
        name: &'static str,
        /// Its values.
        data: Value,
    },
    /// The end; nothing comes after it.
    Ended {
        /// Number in the run.
        id: u64,
        /// What it came to.
        end: Result<Box<ChatView>, ChatRefusal>,
    },
}

/// A run that was started. Dropping it cancels the run unless it is detached.
#[derive(Debug)]
pub struct ChatRun {
    /// What it tells.
    pub signals: mpsc::Receiver<ChatSignal>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatRefusal {
    /// No language model is set up.
    NotConfigured,
    /// The session has a run already.
    SessionBusy,
    /// There is no such session.
    UnknownSession,
    /// There is no such checkpoint.
    UnknownCheckpoint,
    /// The run was cancelled.
    Cancelled,
    /// The token budget is used up.
    BudgetExceeded,
    /// The model refused or gave nothing usable; the kind of failure.
    ModelFailed(&'static str),
    /// The model can't be reached, or is asked too often.
    ModelUnavailable,
    /// The model did not answer in time.
    ModelTimeout,
    /// Sessions could not be read or written.
    StoreFailed,
}

/// Why a proposal was not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalRefusal {
    /// There is none with that id.
    Unknown,
    /// Somebody decided already.
    Decided,
    /// Its time is over.
    Expired,
    /// The hash is that of another proposal.
    WrongHash,
    /// The rows could not be read or written.
    StoreFailed,
}

/// What became of an approved proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is an order now.
    Submitted {
        /// Our order id.
        order_id: String,
    },
    /// The gate refused it.
    Refused {
        /// Its code.
        code: String,
    },
    /// Nobody knows; the order list tells.
    Unknown {
        /// Code of what went wrong.
        code: String,
    },
}

/// The assistant as the server sees it.
pub trait AssistantPort: Send + Sync + 'static {
    /// Starts a run.
    fn chat(&self, ask: ChatAsk) -> BoxFuture<'_, Result<ChatRun, ChatRefusal>>;
    /// Searches the documents, and answers from them when asked to.
    fn query(&self, ask: QueryAsk) -> BoxFuture<'_, Result<QueryView, ChatRefusal>>;
    /// Sessions, last used first.
    fn sessions(&self) -> BoxFuture<'_, Result<Vec<ConversationView>, ChatRefusal>>;
    /// One session with what was said in it.
    fn session(&self, id: String) -> BoxFuture<'_, Result<SessionDetailView, ChatRefusal>>;
    /// Forgets a session; false when there was none.
    fn forget(&self, id: String) -> BoxFuture<'_, Result<bool, ChatRefusal>>;
    /// The checkpoints of a session, newest first.
    fn history(&self, id: String) -> BoxFuture<'_, Result<Vec<CheckpointView>, ChatRefusal>>;
    /// Copies a session as it was at a checkpoint into a new one; the old one stays as it is.
    fn fork(&self, id: String, checkpoint: String) -> BoxFuture<'_, Result<SessionDetailView, ChatRefusal>>;
    /// Goes on with the run that the last end of the program cut off.
    fn resume(&self, id: String, language: Language) -> BoxFuture<'_, Result<ChatRun, ChatRefusal>>;
    /// Cancels the run of a session; false when there is none.
    fn cancel(&self, id: String) -> BoxFuture<'_, Result<bool, ChatRefusal>>;
    /// Proposals, newest first; of one state or of all.
    fn approvals(&self, state: Option<String>) -> BoxFuture<'_, Result<Vec<ApprovalView>, ApprovalRefusal>>;
    /// One proposal.
    fn approval(&self, id: String) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>>;
    /// Takes a proposal for sending; exactly one caller ever gets it.
    fn claim(&self, id: String, hash: String, by: String) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>>;
    /// Records what became of a claimed proposal.
    fn settle(&self, id: String, settled: Settled) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>>;
    /// Turns a proposal down.
    fn reject(&self, id: String, by: String, reason: String) -> BoxFuture<'_, Result<ApprovalView, ApprovalRefusal>>;
    /// The state of its parts, without asking a paid model.
    fn health(&self) -> Value;
}
