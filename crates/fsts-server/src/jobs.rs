//! Scheduled jobs: what runs when, what it came to, and a person's hand on it.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use fsts_domain::{TradingDay, Won};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::IdempotencyKey;
use crate::input::{Asked, Body, Reader};
use crate::messages::Language;
use crate::problem::{Problem, ProblemView};
use crate::views::Ns;

/// Most runs of one answer.
const RUNS_MAX: u32 = 500;
/// Most snapshots of one answer.
const SNAPSHOTS_MAX: u32 = 10_000;
/// Longest name of a job.
const NAME_MAX: usize = 64;

/// The scheduler as the server sees it. Texts come in the language that is asked for.
pub trait Jobs: Send + Sync + 'static {
    /// All jobs by name.
    fn list(&self, language: Language) -> BoxFuture<'_, Result<Vec<JobView>, JobsError>>;
    /// The last runs of a job, newest first.
    fn history(
        &self,
        name: String,
        limit: u32,
        language: Language,
    ) -> BoxFuture<'_, Result<Vec<JobRunView>, JobsError>>;
    /// Begins a run now, and gives its id; the same key again gives the same id.
    fn run(&self, name: String, key: String) -> BoxFuture<'_, Result<String, JobsError>>;
    /// Switches a job on or off.
    fn enable(&self, name: String, enabled: bool) -> BoxFuture<'_, Result<(), JobsError>>;
    /// What account and bots were worth, newest day first.
    fn snapshots(&self, limit: u32) -> BoxFuture<'_, Result<Vec<SnapshotView>, JobsError>>;
}

/// Why the scheduler did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobsError {
    /// Ask for another name.
    #[error("there is no such job")]
    Unknown,
    /// Nothing in this program does what the job is to run.
    #[error("the job's task is not there")]
    NoTask,
    /// Wait for the run that goes on.
    #[error("a run of the job goes on")]
    Busy,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The database failed; the cause for the log.
    #[error("{0}")]
    Failed(String),
}

/// What kind of schedule a job has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// At a time of trading days.
    At,
    /// Minutes before the close of trading days; moves with a late close.
    BeforeClose,
    /// Minutes after the close of trading days; moves with a late close.
    AfterClose,
    /// A cron expression, in Korean time.
    Cron,
    /// Every so many minutes of the session.
    Every,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcomeWord {
    /// Not yet known.
    Running,
    /// Done.
    Ok,
    /// The task failed; the message says why.
    Failed,
    /// Due while the run before it went on.
    Skipped,
    /// Due while nothing ran, and too late afterwards.
    Missed,
    /// The program ended under it.
    Cut,
}

/// A run of a job, or what stands in its place. Instants are market time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRunView {
    /// Names the run.
    pub run_id: String,
    /// When it was due.
    pub due_ns: Ns,
    /// When it began.
    pub started_ns: Ns,
    /// When it ended; null while it goes on.
    pub ended_ns: Option<Ns>,
    /// What it came to.
    pub outcome: RunOutcomeWord,
    /// What it did or why it failed, in the reader's language.
    pub message: Option<String>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// Its name.
    pub name: String,
    /// What it does, in the reader's language.
    pub title: String,
    /// When it runs, in the reader's language.
    pub schedule: String,
    /// What kind of schedule that is.
    pub kind: ScheduleKind,
    /// The task that it runs.
    pub task: String,
    /// Whether it runs by its schedule.
    pub enabled: bool,
    /// Why an enabled job does not run: `no_such_task`, or null.
    pub problem: Option<String>,
    /// When it is due next; null when it is not.
    pub next_ns: Option<Ns>,
    /// Whether a run goes on.
    pub running: bool,
    /// Its newest run.
    pub last: Option<JobRunView>,
}

/// All jobs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobsView {
    /// By name.
    pub jobs: Vec<JobView>,
}

/// Runs of a job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobRunsView {
    /// Newest first.
    pub runs: Vec<JobRunView>,
}

/// A run that began.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobBegunView {
    /// Names the run in the history.
    pub run_id: String,
}

/// Whether a job runs by its schedule.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobSwitchedView {
    /// The job.
    pub name: String,
    /// On or off.
    pub enabled: bool,
}

/// What the account or a bot was worth on a day. Returns are decimal text, percent of `base`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotView {
    /// The day in Korea.
    #[schema(value_type = String, example = "2026-11-20")]
    pub day: TradingDay,
    /// The bot, or `account`.
    pub owner: String,
    /// When it was taken, market time.
    pub at_ns: Ns,
    /// What the return is measured on: the account's equity less all its profit.
    #[schema(value_type = i64)]
    pub base: Won,
    /// Equity of the account; holdings of a bot at last prices.
    #[schema(value_type = i64)]
    pub value: Won,
    /// Profit of what was sold, after costs.
    #[schema(value_type = i64)]
    pub realized_pnl: Won,
    /// Profit of what is held.
    #[schema(value_type = i64)]
    pub unrealized_pnl: Won,
    /// Both profits in percent of `base`, four places.
    #[schema(example = "1.2345")]
    pub return_pct: String,
    /// The same rounded to half a percent, as rankings show it.
    #[schema(example = "1.0")]
    pub return_pct_rounded: String,
}

/// Snapshots.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SnapshotsView {
    /// Newest day first, the account before its bots.
    pub snapshots: Vec<SnapshotView>,
}

/// How many rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LimitAsked {
    /// At most so many, the newest.
    limit: Option<u32>,
}

/// The job in the path.
pub(crate) struct OfJob(String);

impl<S: Send + Sync> FromRequestParts<S> for OfJob {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await.map(|Path(name)| name).unwrap_or_default();
        if (1..=NAME_MAX).contains(&name.len()) { Ok(OfJob(name)) } else { Err(problem(&name, JobsError::Unknown)) }
    }
}

fn port(app: &App) -> Result<&dyn Jobs, Problem> {
    app.services.jobs.as_deref().ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "jobs_off"))
}

fn problem(name: &str, error: JobsError) -> Problem {
    match error {
        JobsError::Unknown => Problem::new(StatusCode::NOT_FOUND, "job_not_found").with("name", name),
        JobsError::NoTask => Problem::new(StatusCode::CONFLICT, "job_without_task").with("name", name),
        JobsError::Busy => Problem::new(StatusCode::CONFLICT, "job_running").with("name", name),
        JobsError::KeyReused => Problem::new(StatusCode::CONFLICT, "key_reused"),
        JobsError::Failed(reason) => {
            tracing::error!(%reason, job = ?name, "the scheduler's records could not be used");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "jobs_failed")
        }
    }
}

/// Scheduled jobs with their next and last runs.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs",
    responses((status = 200, body = JobsView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn list(State(app): State<App>, Reader(language): Reader) -> Result<Json<JobsView>, Problem> {
    let jobs = port(&app)?.list(language).await.map_err(|e| problem("", e))?;
    Ok(Json(JobsView { jobs }))
}

/// The last runs of a job, newest first.
#[utoipa::path(get, path = "/api/v1/jobs/{name}/history", tag = "jobs",
    params(("name" = String, Path, description = "the job"), LimitAsked),
    responses((status = 200, body = JobRunsView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn history(
    State(app): State<App>,
    OfJob(name): OfJob,
    Asked(asked): Asked<LimitAsked>,
    Reader(language): Reader,
) -> Result<Json<JobRunsView>, Problem> {
    let limit = asked.limit.unwrap_or(50).min(RUNS_MAX);
    let runs = port(&app)?.history(name.clone(), limit, language).await.map_err(|e| problem(&name, e))?;
    Ok(Json(JobRunsView { runs }))
}

/// Runs a job now, whether it is on or off.
#[utoipa::path(post, path = "/api/v1/jobs/{name}/run", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "the job"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 202, body = JobBegunView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn run(
    State(app): State<App>,
    OfJob(name): OfJob,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<JobBegunView>), Problem> {
    body.only(&[])?;
    let run_id = begin(&app, &name, key).await?;
    Ok((StatusCode::ACCEPTED, Json(JobBegunView { run_id })))
}

/// Begins a run of a job and gives its id.
pub(crate) async fn begin(app: &App, name: &str, key: String) -> Result<String, Problem> {
    port(app)?.run(name.to_owned(), key).await.map_err(|e| problem(name, e))
}

/// Lets a job run by its schedule.
#[utoipa::path(post, path = "/api/v1/jobs/{name}/enable", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "the job"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = JobSwitchedView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn enable(
    State(app): State<App>,
    OfJob(name): OfJob,
    body: Body,
) -> Result<Json<JobSwitchedView>, Problem> {
    body.only(&[])?;
    switch(&app, name, true).await
}

/// Stops running a job by its schedule; a run that goes on ends by itself.
#[utoipa::path(post, path = "/api/v1/jobs/{name}/disable", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "the job"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = JobSwitchedView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn disable(
    State(app): State<App>,
    OfJob(name): OfJob,
    body: Body,
) -> Result<Json<JobSwitchedView>, Problem> {
    body.only(&[])?;
    switch(&app, name, false).await
}

async fn switch(app: &App, name: String, enabled: bool) -> Result<Json<JobSwitchedView>, Problem> {
    port(app)?.enable(name.clone(), enabled).await.map_err(|e| problem(&name, e))?;
    Ok(Json(JobSwitchedView { name, enabled }))
}

/// What the account and its bots were worth on each day.
#[utoipa::path(get, path = "/api/v1/snapshots", tag = "account", params(LimitAsked),
    responses((status = 200, body = SnapshotsView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn snapshots(
    State(app): State<App>,
    Asked(asked): Asked<LimitAsked>,
) -> Result<Json<SnapshotsView>, Problem> {
    let limit = asked.limit.unwrap_or(200).min(SNAPSHOTS_MAX);
    let snapshots = port(&app)?.snapshots(limit).await.map_err(|e| problem("", e))?;
    Ok(Json(SnapshotsView { snapshots }))
}
