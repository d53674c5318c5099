//! Why a call failed, named by what the caller has to do.

/// A setting that makes calling the broker impossible or dangerous.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A base URL that is not one, or not a safe one.
    #[error("{setting} is not usable: {why}")]
    Endpoint {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Keys, environment and address do not belong together.
    #[error("{why}")]
    Mismatch {
        /// Which of them, and what to change.
        why: &'static str,
    },
    /// An app key, secret or HTS id that cannot be right.
    #[error("{setting} {why}")]
    Credential {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it, never its value.
        why: &'static str,
    },
}

/// Why a read, or the login, did not succeed. An order has no such error: see `SubmitOutcome`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KisError {
    /// Nothing is wrong with the request: ask again later.
    #[error("{call}: {reason}; it can be asked again in {after_ms} ms")]
    Retry {
        /// Which call.
        call: &'static str,
        /// How long to wait, real time.
        after_ms: u64,
        /// What was seen.
        reason: String,
    },
    /// The broker counts more calls than it allows, although the budget was kept.
    #[error("{call}: the broker's call rate is exceeded; lower the configured rate")]
    RateLimited {
        /// Which call.
        call: &'static str,
    },
    /// The token was refused twice: key, secret and environment have to be looked at.
    #[error("{call}: the broker refuses the access token ({code})")]
    Reauthenticate {
        /// Which call.
        call: &'static str,
        /// The broker's code.
        code: String,
    },
    /// The broker understood and said no; asking again changes nothing.
    #[error("{call}: refused by the broker: {code} {message}")]
    Refused {
        /// Which call.
        call: &'static str,
        /// The broker's code.
        code: String,
        /// The broker's words.
        message: String,
    },
    /// The set-up is wrong: keys, environment, account or a call that the environment lacks.
    #[error("{what}")]
    Config {
        /// What to look at.
        what: String,
    },
    /// The answer could not be understood; nothing of it was used.
    #[error("{call}: the answer could not be read: {what}")]
    Decode {
        /// Which call.
        call: &'static str,
        /// What was wrong with it.
        what: String,
    },
}

impl From<ConfigError> for KisError {
    fn from(error: ConfigError) -> Self {
        KisError::Config { what: error.to_string() }
    }
}
