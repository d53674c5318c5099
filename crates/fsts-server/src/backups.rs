//! Backups: which there are, one more now, and whether one still reads back.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::IdempotencyKey;
use crate::input::Body;
use crate::jobs::{self, JobBegunView};
use crate::problem::{Problem, ProblemView};
use crate::views::Ns;

/// The job whose run makes a backup; so its outcome is in that job's history and its failure is told.
const JOB: &str = "backup";
/// Longest name of a backup.
const ID_MAX: usize = 64;

/// Where backups are, as the server sees it.
pub trait Backups: Send + Sync + 'static {
    /// Where they are, without any key.
    fn target(&self) -> String;
    /// All of them, the newest first.
    fn list(&self) -> BoxFuture<'_, Result<Vec<BackupView>, BackupsError>>;
    /// Reads one back and proves it.
    fn verify(&self, id: String) -> BoxFuture<'_, Result<BackupVerifiedView, BackupsError>>;
}

/// Why a backup could not be listed or proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackupsError {
    /// Ask for another one.
    #[error("there is no such backup")]
    Unknown,
    /// Try again when it has ended.
    #[error("something else is under way in the target")]
    Busy,
    /// Don't rely on it.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// The target or the database failed; the cause for the log.
    #[error("{0}")]
    Failed(String),
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// Its name; later ones sort after earlier ones.
    pub id: String,
    /// When it was made, real time.
    pub created_ns: Ns,
    /// Bytes of its files; the target takes less, because equal pieces are kept once.
    pub bytes: u64,
    /// Number of its files.
    pub files: u64,
    /// When it was last read back and held, real time; null when it never was.
    pub verified_ns: Option<Ns>,
}

/// All backups.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BackupsView {
    /// Where they are.
    pub target: String,
    /// The newest first.
    pub backups: Vec<BackupView>,
}

/// A backup that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupVerifiedView {
    /// The backup.
    pub id: String,
    /// Files that were read.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Records of all journals in it, each proven by its chain.
    pub records: u64,
}

/// The backup in the path.
pub(crate) struct OfBackup(String);

impl<S: Send + Sync> FromRequestParts<S> for OfBackup {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, state).await.map(|Path(id)| id).unwrap_or_default();
        // It becomes the name of an object.
        let fits = (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits { Ok(OfBackup(id)) } else { Err(problem(&id, BackupsError::Unknown)) }
    }
}

fn port(app: &App) -> Result<&dyn Backups, Problem> {
    app.services.backups.as_deref().ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "backups_off"))
}

fn problem(id: &str, error: BackupsError) -> Problem {
    match error {
        BackupsError::Unknown => Problem::new(StatusCode::NOT_FOUND, "backup_not_found").with("id", id),
        BackupsError::Busy => Problem::new(StatusCode::CONFLICT, "backup_busy"),
        BackupsError::Damaged(what) => {
            tracing::error!(%what, id, "a backup is damaged");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "backup_damaged").with("id", id).with("what", what)
        }
        BackupsError::Failed(reason) => {
            tracing::error!(%reason, "the backups could not be used");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "backups_failed")
        }
    }
}

/// All backups, the newest first.
#[utoipa::path(get, path = "/api/v1/backups", tag = "backups",
    responses((status = 200, body = BackupsView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<BackupsView>, Problem> {
    let port = port(&app)?;
    let backups = port.list().await.map_err(|e| problem("", e))?;
    Ok(Json(BackupsView { target: port.target(), backups }))
}

/// Makes a backup now, as a run of the job `backup`; the job's history tells what became of it.
#[utoipa::path(post, path = "/api/v1/backups", tag = "backups", security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 202, body = JobBegunView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn create(
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<(StatusCode, Json<JobBegunView>), Problem> {
    body.only(&[])?;
    port(&app)?;
    let run_id = jobs::begin(&app, JOB, key).await?;
    Ok((StatusCode::ACCEPTED, Json(JobBegunView { run_id })))
}

/// Reads a backup back: every piece by its hash, and the journals in it by their chains. May take minutes.
#[utoipa::path(post, path = "/api/v1/backups/{id}/verify", tag = "backups", security(("token" = [])),
    params(("id" = String, Path, description = "the backup"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = BackupVerifiedView), (status = "4XX", body = ProblemView),
        (status = "5XX", body = ProblemView)))]
pub(crate) async fn verify(
    State(app): State<App>,
    OfBackup(id): OfBackup,
    body: Body,
) -> Result<Json<BackupVerifiedView>, Problem> {
    body.only(&[])?;
    port(&app)?.verify(id.clone()).await.map(Json).map_err(|e| problem(&id, e))
}
