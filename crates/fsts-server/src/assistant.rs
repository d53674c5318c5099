//! The assistant's endpoints: a question in, an answer or a stream of events out; sessions besides.

mod ask;
mod port;
mod stream;
pub mod views;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

pub use ask::{ChatRequest, ForkRequest, MessageRequest, QueryRequest};
use ask::{chat_ask, query_ask, wants_stream};
pub use port::{
    ApprovalRefusal, AssistantPort, Ceiling, ChatAsk, ChatRefusal, ChatRun, ChatSignal, OnBusy, QueryAsk, Said,
    Settled, Speaker,
};
use views::{
    CancelledView, ChatView, ConversationView, HistoryView, OldAnswerView, QueryView, SessionDetailView, SessionsView,
};

use crate::app::App;
use crate::input::{Body, Reader};
use crate::problem::{Problem, ProblemView};

/// The assistant, or a word that it is off.
pub(crate) fn port(app: &App) -> Result<Arc<dyn AssistantPort>, Problem> {
    app.services.assistant.clone().ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "assistant_off"))
}

impl From<ChatRefusal> for Problem {
    fn from(refusal: ChatRefusal) -> Self {
        let (status, code) = match refusal {
            ChatRefusal::NotConfigured => (StatusCode::SERVICE_UNAVAILABLE, "llm_not_configured"),
            ChatRefusal::SessionBusy => (StatusCode::CONFLICT, "session_busy"),
            ChatRefusal::UnknownSession => (StatusCode::NOT_FOUND, "session_not_found"),
            ChatRefusal::UnknownCheckpoint => (StatusCode::NOT_FOUND, "checkpoint_not_found"),
            ChatRefusal::Cancelled => (StatusCode::CONFLICT, "run_cancelled"),
            ChatRefusal::BudgetExceeded => (StatusCode::TOO_MANY_REQUESTS, "budget_exceeded"),
            ChatRefusal::ModelFailed(kind) => {
                return Problem::new(StatusCode::BAD_GATEWAY, "llm_error").with("kind", kind);
            }
            ChatRefusal::ModelUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "llm_unavailable"),
            ChatRefusal::ModelTimeout => (StatusCode::GATEWAY_TIMEOUT, "llm_timeout"),
            ChatRefusal::StoreFailed => (StatusCode::SERVICE_UNAVAILABLE, "archive_failed"),
        };
        Problem::new(status, code)
    }
}

/// Waits for the end of a run. When the client goes away this future is dropped, and the run with it.
async fn ended(mut run: ChatRun) -> Result<ChatView, Problem> {
    while let Some(signal) = run.signals.recv().await {
        if let ChatSignal::Ended { end, .. } = signal {
            return end.map(|view| *view).map_err(Problem::from);
        }
    }
    Err(ChatRefusal::Cancelled.into())
}

/// Asks the assistant; `stream` or `Accept: text/event-stream` gives events instead of one answer.
#[utoipa::path(post, path = "/agent_chat", tag = "assistant", request_body = ChatRequest, security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = ChatView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn agent_chat(
    State(app): State<App>,
    Reader(language): Reader,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let streamed = wants_stream(&headers, &body);
    let mut ask = chat_ask(&body, language, true)?;
    ask.streamed = streamed;
    let language = ask.language;
    let run = port(&app)?.chat(ask).await?;
    if streamed {
        return Ok(stream::events(run, language, app.stopping));
    }
    Ok(Json(ended(run).await?).into_response())
}

/// Asks the assistant (a name of the old program); the answer is also in `response`.
#[utoipa::path(post, path = "/predict/supervisor", tag = "old names", request_body = ChatRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = ChatView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn predict_supervisor(
    State(app): State<App>,
    Reader(language): Reader,
    body: Body,
) -> Result<Json<ChatView>, Problem> {
    let ask = chat_ask(&body, language, true)?;
    let mut view = ended(port(&app)?.chat(ask).await?).await?;
    view.response = Some(view.answer.clone());
    Ok(Json(view))
}

/// Asks the assistant with its tools (a name of the old program).
#[utoipa::path(post, path = "/predict/agent", tag = "old names", request_body = ChatRequest, security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = OldAnswerView), (status = "4XX", body = ProblemView),
        (status = "5XX", body = ProblemView)))]
pub(crate) async fn predict_agent(
    State(app): State<App>,
    Reader(language): Reader,
    body: Body,
) -> Result<Json<OldAnswerView>, Problem> {
    old_answer(&app, chat_ask(&body, language, true)?).await
}

/// Asks the assistant without tools (a name of the old program).
#[utoipa::path(post, path = "/predict/langchain", tag = "old names", request_body = ChatRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = OldAnswerView), (status = "4XX", body = ProblemView),
        (status = "5XX", body = ProblemView)))]
pub(crate) async fn predict_langchain(
    State(app): State<App>,
    Reader(language): Reader,
    body: Body,
) -> Result<Json<OldAnswerView>, Problem> {
    old_answer(&app, chat_ask(&body, language, false)?).await
}

async fn old_answer(app: &App, ask: ChatAsk) -> Result<Json<OldAnswerView>, Problem> {
    let view = ended(port(app)?.chat(ask).await?).await?;
    Ok(Json(OldAnswerView { response: view.answer }))
}

/// Searches the documents and answers from them.
#[utoipa::path(post, path = "/api/v1/llm/query", tag = "assistant", request_body = QueryRequest,
    security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = QueryView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn query(
    State(app): State<App>,
    Reader(language): Reader,
    body: Body,
) -> Result<Json<QueryView>, Problem> {
    let ask = query_ask(&body, language)?;
    Ok(Json(port(&app)?.query(ask).await?))
}

/// Conversations, last used first.
#[utoipa::path(get, path = "/api/v1/llm/sessions", tag = "assistant",
    responses((status = 200, body = SessionsView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn sessions(State(app): State<App>) -> Result<Json<SessionsView>, Problem> {
    let sessions: Vec<ConversationView> = port(&app)?.sessions().await?;
    Ok(Json(SessionsView { sessions }))
}

/// A conversation.
#[utoipa::path(get, path = "/api/v1/llm/sessions/{id}", tag = "assistant",
    params(("id" = String, Path, description = "the session")),
    responses((status = 200, body = SessionDetailView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn session(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<SessionDetailView>, Problem> {
    Ok(Json(port(&app)?.session(id).await?))
}

/// Forgets a conversation.
#[utoipa::path(delete, path = "/api/v1/llm/sessions/{id}", tag = "assistant", security(("token" = [])),
    params(("id" = String, Path, description = "the session"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 204), (status = "4XX", body = ProblemView)))]
pub(crate) async fn forget(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    match port(&app)?.forget(id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ChatRefusal::UnknownSession.into()),
    }
}

/// The checkpoints of a conversation.
#[utoipa::path(get, path = "/api/v1/llm/sessions/{id}/history", tag = "assistant",
    params(("id" = String, Path, description = "the session")),
    responses((status = 200, body = HistoryView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn history(State(app): State<App>, Path(id): Path<String>) -> Result<Json<HistoryView>, Problem> {
    Ok(Json(HistoryView { checkpoints: port(&app)?.history(id).await? }))
}

/// Copies a conversation as it was at a checkpoint into a new one, which can be resumed or asked.
#[utoipa::path(post, path = "/api/v1/llm/sessions/{id}/fork", tag = "assistant", request_body = ForkRequest,
    security(("token" = [])),
    params(("id" = String, Path, description = "the session"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 201, body = SessionDetailView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn fork(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<SessionDetailView>), Problem> {
    body.only(&["checkpoint_id"])?;
    let port = port(&app)?;
    let checkpoint = body.get("checkpoint_id").and_then(serde_json::Value::as_str);
    let checkpoint = checkpoint.ok_or_else(|| Problem::bad("bad_question").with("field", "checkpoint_id"))?;
    Ok((StatusCode::CREATED, Json(port.fork(id, checkpoint.to_owned()).await?)))
}

/// Goes on with a run that was cut off.
#[utoipa::path(post, path = "/api/v1/llm/sessions/{id}/resume", tag = "assistant", security(("token" = [])),
    params(("id" = String, Path, description = "the session"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = ChatView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn resume(
    State(app): State<App>,
    Reader(language): Reader,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<ChatView>, Problem> {
    body.only(&["answer"])?;
    let run = port(&app)?.resume(id, language).await?;
    Ok(Json(ended(run).await?))
}

/// Cancels the run of a conversation.
#[utoipa::path(post, path = "/api/v1/llm/sessions/{id}/cancel", tag = "assistant", security(("token" = [])),
    params(("id" = String, Path, description = "the session"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = CancelledView), (status = "4XX", body = ProblemView)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<CancelledView>, Problem> {
    body.only(&[])?;
    Ok(Json(CancelledView { cancelled: port(&app)?.cancel(id).await? }))
}
