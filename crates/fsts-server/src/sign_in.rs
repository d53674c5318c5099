//! Who is at the dashboard: the first user, passwords, sessions. Everything that must survive a restart is in the store.

mod limiter;
mod password;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fsts_domain::Timestamp;
use fsts_store::{SessionRow, Store, StoreError};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use limiter::Limiter;

/// An unused session ends after so long.
pub(crate) const IDLE_S: i64 = 30 * 60;
/// Every session ends after so long.
pub(crate) const SESSION_S: i64 = 12 * 3600;
/// Use is noted this often at most: not every read is to be a write.
const NOTED_EVERY_S: i64 = 60;
/// Shortest password in characters, longest in bytes.
pub(crate) const PASSWORD_MIN: usize = 10;
const PASSWORD_MAX: usize = 256;
const NAME_MAX: usize = 64;
/// Passwords hashed at once: each takes 19 MiB.
const HASHED_AT_ONCE: usize = 2;

/// Real time, in which sessions live; market time may run faster.
pub type RealTime = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why somebody isn't let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wait before the next attempt.
    #[error("too many attempts; wait {wait_s} s")]
    TooMany {
        /// Seconds to wait.
        wait_s: i64,
    },
    /// Look at the terminal for the code.
    #[error("the set-up code is wrong")]
    WrongCode,
    /// Sign in instead.
    #[error("there is a user already")]
    UserExists,
    /// Try again; which of both was wrong isn't told.
    #[error("the user or the password is wrong")]
    WrongPassword,
    /// Take another name.
    #[error("a name has 1 to 64 visible characters")]
    BadName,
    /// Take a longer password.
    #[error("a password has 10 characters or more")]
    WeakPassword,
    /// See the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random bits, or a thread died.
    #[error("sign-in failed: {0}")]
    Failed(String),
}

/// A session that was just opened.
pub(crate) struct Opened {
    /// For the cookie.
    pub token: SecretString,
    /// As a request with that cookie would be seen.
    pub signed: Signed,
}

/// Somebody with a session.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    /// Who.
    pub user: String,
    /// What the writes of this session carry.
    pub csrf: String,
    /// When it ends at the latest.
    pub ends: Timestamp,
    token_hash: String,
}

/// Users and sessions of one database.
pub struct SignIn {
    store: Store,
    now: RealTime,
    has_user: AtomicBool,
    code: SecretString,
    limiter: Mutex<Limiter>,
    hashing: Semaphore,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("has_user", &self.has_user).finish_non_exhaustive()
    }
}

impl SignIn {
    /// Users and sessions of `store`; each start without a user draws a new set-up code.
    ///
    /// # Errors
    /// [`SignInError::Store`] when the database fails, [`SignInError::Failed`] without random bits.
    pub async fn open(store: Store, now: RealTime) -> Result<SignIn, SignInError> {
        let has_user = AtomicBool::new(store.has_user().await?);
        let code = password::setup_code().map_err(SignInError::Failed)?;
        let (limiter, hashing) = (Mutex::default(), Semaphore::new(HASHED_AT_ONCE));
        Ok(SignIn { store, now, has_user, code, limiter, hashing })
    }

    /// The code by which the first user is made, while there is none. For the operator's terminal and nothing else.
    pub fn setup_code(&self) -> Option<&SecretString> {
        (!self.has_user()).then_some(&self.code)
    }

    /// Whether there is a user; from then on nothing of the account is told to strangers.
    pub fn has_user(&self) -> bool {
        self.has_user.load(Ordering::Acquire)
    }

    /// Makes the first user and signs them in.
    pub(crate) async fn set_up(&self, code: &str, name: &str, password: SecretString) -> Result<Opened, SignInError> {
        if self.has_user() {
            return Err(SignInError::UserExists);
        }
        self.admit()?;
        let (given, held) = (password::bare_code(code), password::bare_code(self.code.expose_secret()));
        if !bool::from(given.as_bytes().ct_eq(held.as_bytes())) {
            return Err(SignInError::WrongCode);
        }
        let visible = !name.is_empty() && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        if !visible || name.chars().count() > NAME_MAX {
            return Err(SignInError::BadName);
        }
        let given = password.expose_secret();
        if given.chars().count() < PASSWORD_MIN || given.len() > PASSWORD_MAX {
            return Err(SignInError::WeakPassword);
        }
        let hashed = self.blocking(move || password::hash(&password)).await?.map_err(SignInError::Failed)?;
        let made = self.store.create_first_user(name, &hashed, (self.now)()).await?;
        self.has_user.store(true, Ordering::Release);
        if !made {
            return Err(SignInError::UserExists);
        }
        self.open_session(name).await
    }

    /// Opens a session for the right password.
    pub(crate) async fn log_in(&self, name: &str, password: SecretString) -> Result<Opened, SignInError> {
        self.admit()?;
        if password.expose_secret().len() > PASSWORD_MAX {
            return Err(SignInError::WrongPassword);
        }
        let hashed = self.store.password_of(name).await?;
        let right = self.blocking(move || password::verify(&password, hashed.as_deref())).await?;
        if !right {
            return Err(SignInError::WrongPassword);
        }
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner).forgive();
        self.open_session(name).await
    }

    /// Ends a session.
    pub(crate) async fn log_out(&self, signed: &Signed) -> Result<(), SignInError> {
        Ok(self.store.end_session(&signed.token_hash).await?)
    }

    /// Whose session a token opens; an ended one is nobody's. Only use by a person keeps it alive.
    pub(crate) async fn who(&self, token: &str, in_use: bool) -> Result<Option<Signed>, SignInError> {
        let token_hash = password::token_hash(token);
        let Some(session) = self.living(&token_hash).await? else {
            return Ok(None);
        };
        let now = (self.now)();
        if in_use && now.since(session.seen) >= NOTED_EVERY_S * 1_000_000_000 {
            self.store.touch_session(&token_hash, now).await?;
        }
        let csrf = password::csrf_of(token);
        Ok(Some(Signed { user: session.user, csrf, ends: session.ends, token_hash }))
    }

    /// Whether a session that was opened goes on.
    pub(crate) async fn goes_on(&self, signed: &Signed) -> Result<bool, SignInError> {
        Ok(self.living(&signed.token_hash).await?.is_some())
    }

    async fn living(&self, token_hash: &str) -> Result<Option<SessionRow>, SignInError> {
        let Some(session) = self.store.session(token_hash).await? else {
            return Ok(None);
        };
        let now = (self.now)();
        if now < session.ends && now < session.seen.plus_s(IDLE_S) {
            return Ok(Some(session));
        }
        self.store.end_session(token_hash).await?;
        Ok(None)
    }

    async fn open_session(&self, user: &str) -> Result<Opened, SignInError> {
        let token = password::token().map_err(SignInError::Failed)?;
        let token_hash = password::token_hash(token.expose_secret());
        let now = (self.now)();
        let session = SessionRow { user: user.to_owned(), created: now, seen: now, ends: now.plus_s(SESSION_S) };
        self.store.open_session(&token_hash, &session).await?;
        let csrf = password::csrf_of(token.expose_secret());
        let signed = Signed { user: session.user, csrf, ends: session.ends, token_hash };
        Ok(Opened { token, signed })
    }

    fn admit(&self) -> Result<(), SignInError> {
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.admit((self.now)()).map_err(|wait_s| SignInError::TooMany { wait_s })
    }

    /// Argon2 is slow on purpose: it runs beside the server's own threads.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, SignInError> {
        let failed = |e: &dyn std::fmt::Display| SignInError::Failed(e.to_string());
        let _place = self.hashing.acquire().await.map_err(|e| failed(&e))?;
        tokio::task::spawn_blocking(work).await.map_err(|e| failed(&e))
    }
}
