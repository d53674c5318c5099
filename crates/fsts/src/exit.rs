//! How the program ends: exit codes and the one sentence that goes with them (`docs/book/en/src/exit-codes.md`).

use crate::messages::Text;

/// An exit code. Scripts rely on the numbers; add, don't renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Something unexpected.
    Failed = 1,
    /// The command line is not understood.
    Usage = 2,
    /// A setting is wrong or missing.
    Config = 3,
    /// Data, symbol, strategy or day is unknown or unusable.
    Input = 4,
    /// The database can't be opened, written, or its journal doesn't verify.
    Database = 5,
    /// Another engine holds the account.
    Held = 6,
    /// The broker refuses the login or can't be reached.
    Broker = 7,
    /// `reconcile` or `replay` found a difference.
    Differs = 8,
    /// The place of backups can't be used, or a backup is damaged.
    Backup = 9,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The name in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Exit::Failed => "failed",
            Exit::Usage => "usage",
            Exit::Config => "config",
            Exit::Input => "input",
            Exit::Database => "database",
            Exit::Held => "held",
            Exit::Broker => "broker",
            Exit::Differs => "differs",
            Exit::Backup => "backup",
        }
    }
}

/// Why a command ended early: what the shell is told, and what the person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// One sentence.
    pub text: Text,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, text: Text) -> Self {
        Failure { exit, text }
    }

    /// A wrong command line.
    pub fn usage(text: Text) -> Self {
        Failure::new(Exit::Usage, text)
    }

    /// A wrong setting.
    pub fn config(text: Text) -> Self {
        Failure::new(Exit::Config, text)
    }

    /// Unusable data, symbol, strategy or day.
    pub fn input(text: Text) -> Self {
        Failure::new(Exit::Input, text)
    }

    /// Something unexpected.
    pub fn failed(text: Text) -> Self {
        Failure::new(Exit::Failed, text)
    }
}
