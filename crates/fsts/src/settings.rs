//! Settings: one TOML file and the environment, checked once at the start.
//!
//! Precedence: environment, `.env` of the working directory, the file, defaults. `fsts.example.toml` documents each key.

mod accounts;
mod backup;
mod check;
mod discord;
mod jobs;
mod lake;
mod mcp;
mod raw;
mod rows;
mod secrets;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsts_domain::{AccountNo, BotId, Symbol, Won};
use fsts_engine::{Interval, OrderStyle, RiskLimits, Sizing};
use fsts_kis::{Account, Endpoints, Environment, KeyPair};
use fsts_strategies::Params;
use secrecy::SecretString;

pub use backup::target as backup_target;
pub use discord::{Bot, DiscordChoice};
pub use secrets::AwsVariables;
pub use source::{Origin, Sources, variable_of};

use crate::exit::Failure;
use crate::logging::LogSettings;
use crate::messages::settings as say;
use crate::runtime::Ranking;
use crate::services::backup::BackupSettings;
use crate::services::jobs::JobSettings;
use crate::services::lake::LakeSettings;
use crate::services::simulations::SimulationSettings;

/// Paper or live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No real money: the mock environment or the emulator.
    Paper,
    /// The real environment.
    Live,
}

impl Mode {
    /// The name in settings, API and journal.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Paper => "paper",
            Mode::Live => "live",
        }
    }
}

/// Which hours count as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCalendarSetting {
    /// The exchange's.
    Krx,
    /// All of them.
    AlwaysOpen,
}

/// Whose time is market time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockSetting {
    /// The machine's.
    System,
    /// The emulator's, by its address on loopback.
    Url(String),
}

/// How the broker is reached.
#[derive(Debug, Clone)]
pub struct KisSettings {
    /// Where its keys stand: `kis`, or `accounts.NAME`.
    pub place: String,
    /// TR ids, page sizes and call limits.
    pub env: Environment,
    /// Checked addresses: those of `rest_url` and `ws_url`, or the broker's own.
    pub endpoints: Endpoints,
    /// Application key.
    pub app_key: Option<SecretString>,
    /// Its secret.
    pub app_secret: Option<SecretString>,
    /// Account number.
    pub account: Option<AccountNo>,
    /// HTS login id.
    pub hts_id: Option<String>,
    /// REST calls a second, where it isn't the environment's own limit.
    pub rest_rps: Option<u32>,
    /// An order without an answer after this real time is ambiguous.
    pub order_timeout: Duration,
}

impl KisSettings {
    /// Keys and account, for a command that logs in.
    ///
    /// # Errors
    /// A [`Failure`] with the exit code `config` that names the first missing setting.
    pub fn login(&self) -> Result<(KeyPair, Account), Failure> {
        let needed = |key: &str| {
            let key = format!("{}.{key}", self.place);
            Failure::config(say::needed(&key, &variable_of(&key)))
        };
        let app_key = self.app_key.clone().ok_or_else(|| needed("app_key"))?;
        let app_secret = self.app_secret.clone().ok_or_else(|| needed("app_secret"))?;
        let number = self.account.ok_or_else(|| needed("account"))?;
        let hts_id = self.hts_id.clone().ok_or_else(|| needed("hts_id"))?;
        Ok((KeyPair { app_key, app_secret }, Account { number, hts_id }))
    }
}

/// One account.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub kis: KisSettings,
}

/// One bot.
#[derive(Debug, Clone, PartialEq)]
pub struct BotSettings {
    /// Its name.
    pub id: BotId,
    /// Name of the account that it trades.
    pub account: String,
    /// Id of its strategy; known to `fsts_strategies::build` together with `params`.
    pub strategy: String,
    /// Its symbols, each once.
    pub symbols: Vec<Symbol>,
    /// Size of an entry.
    pub sizing: Sizing,
    /// Price of its orders.
    pub style: OrderStyle,
    /// Most money in positions and working buys.
    pub capital: Option<Won>,
    /// Parameters of the strategy.
    pub params: Params,
    /// Length of its bars.
    pub interval: Interval,
    /// How its symbols are ranked before the close; for bots on daily bars.
    pub ranking: Ranking,
}

/// Every setting, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the server, on loopback.
    pub listen: SocketAddr,
    /// Folder for all that is written.
    pub data_dir: PathBuf,
    /// Paper or live.
    pub mode: Mode,
    /// Secret of API writes; without it they are refused.
    pub api_token: Option<SecretString>,
    /// Open hours.
    pub session_calendar: SessionCalendarSetting,
    /// Market time.
    pub clock: ClockSetting,
    /// PostgreSQL address; without it SQLite in `data_dir`.
    pub database_url: Option<SecretString>,
    /// Channels, commands and the application that registers them.
    pub discord: DiscordChoice,
    /// Model and sessions of the assistant.
    pub assistant: crate::services::AssistantSettings,
    /// The broker.
    pub kis: KisSettings,
    /// The accounts, at least one; the first is meant when none is named.
    pub accounts: Vec<AccountSettings>,
    /// Limits of the risk gate.
    pub risk: RiskLimits,
    /// Simulation jobs.
    pub simulations: SimulationSettings,
    /// Bars at rest.
    pub lake: LakeSettings,
    /// The bots.
    pub bots: Vec<BotSettings>,
    /// Scheduled jobs.
    pub jobs: JobSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Where backups go.
    pub backup: BackupSettings,
    /// Values that settings named by reference.
    pub named: Vec<SecretString>,
    /// Symbol master: a CSV file of code, name and market.
    pub symbol_master: Option<PathBuf>,
    /// Keep a line for each decision.
    pub decision_log: bool,
    /// Free a symbol when its lost order is presumed not placed.
    pub auto_release: bool,
}

impl Settings {
    /// Reads the settings of this process: `config`, or `./fsts.toml` where it exists.
    ///
    /// # Errors
    /// A [`Failure`] with the exit code `config` and one sentence that names the setting.
    pub async fn load(config: Option<&Path>) -> Result<Settings, Failure> {
        Settings::read(&Sources::of_process(config).await?)
    }

    /// Reads the settings of some sources.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn read(sources: &Sources) -> Result<Settings, Failure> {
        check::settings(sources.extract()?)
    }

    /// Values that no text may show, wherever it goes.
    pub fn secrets(&self) -> Vec<SecretString> {
        let kis = &self.kis;
        let hooks = &self.discord.webhooks;
        let given = [&self.api_token, &self.database_url, &kis.app_key, &kis.app_secret];
        let given = given.into_iter().chain([&hooks.alarm, &hooks.trading, &hooks.simulation]).flatten().cloned();
        let bot = self.discord.bot.iter().map(|b| b.token.clone());
        let places = || self.accounts.iter().map(|a| &a.kis).chain([kis]);
        let numbers = places().filter_map(|k| k.account).flat_map(|a| [a.reveal().to_owned(), a.number().to_owned()]);
        let keys = places().flat_map(|k| [&k.app_key, &k.app_secret]).flatten().cloned();
        let others =
            self.assistant.hidden().into_iter().chain(self.backup.aws.secrets()).chain(self.named.iter().cloned());
        given.chain(bot).chain(keys).chain(numbers.map(SecretString::from)).chain(others).collect()
    }
}
