//! The settings as written, before anything is checked; the defaults stand here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fsts_engine::RiskLimits;
use serde::Deserialize;

use super::mcp::RawMcp;
use super::secrets::AwsVariables;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Raw {
    pub listen: String,
    pub data_dir: PathBuf,
    pub mode: RawMode,
    pub api_token: Option<String>,
    pub session_calendar: RawCalendar,
    pub clock: String,
    pub symbol_master: Option<PathBuf>,
    pub decision_log: bool,
    pub auto_release: Option<bool>,
    pub kis: RawKis,
    pub accounts: Vec<RawAccount>,
    pub risk: RawRisk,
    pub simulations: RawSimulations,
    pub documents: Option<PathBuf>,
    pub mcp: RawMcp,
    pub lake: RawLake,
    pub bots: Vec<RawBot>,
    pub jobs: Vec<RawJob>,
    pub backup: RawBackup,
    pub log: RawLog,
    /// From `DATABASE_URL`; not a key of the file.
    #[serde(skip)]
    pub database_url: Option<String>,
    /// From the variables `DISCORD_…`; no keys of the file.
    #[serde(skip)]
    pub discord: BTreeMap<&'static str, String>,
    /// From the variables of the model; not a key of the file.
    #[serde(skip)]
    pub assistant: crate::services::AssistantSettings,
    /// The variables `AWS_…`; no keys of the file.
    #[serde(skip)]
    pub aws: AwsVariables,
    /// Values that were named by reference.
    #[serde(skip)]
    pub named: Vec<secrecy::SecretString>,
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            listen: "127.0.0.1:8080".to_owned(),
            data_dir: PathBuf::from("data"),
            mode: RawMode::Paper,
            api_token: None,
            session_calendar: RawCalendar::Krx,
            clock: "system".to_owned(),
            symbol_master: None,
            decision_log: true,
            auto_release: None,
            kis: RawKis::default(),
            accounts: Vec::new(),
            risk: RawRisk::default(),
            simulations: RawSimulations::default(),
            documents: None,
            mcp: RawMcp::default(),
            lake: RawLake::default(),
            bots: Vec::new(),
            jobs: Vec::new(),
            backup: RawBackup::default(),
            log: RawLog::default(),
            database_url: None,
            discord: BTreeMap::new(),
            assistant: crate::services::AssistantSettings::default(),
            aws: AwsVariables::default(),
            named: Vec::new(),
        }
    }
}

/// `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawMode {
    Paper,
    Live,
}

/// `session_calendar`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawCalendar {
    Krx,
    AlwaysOpen,
}

/// `kis.env`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawEnv {
    #[default]
    Mock,
    Real,
}

/// `[kis]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawKis {
    pub env: RawEnv,
    pub rest_url: Option<String>,
    pub ws_url: Option<String>,
    pub app_key: Option<String>,
    pub app_secret: Option<String>,
    pub account: Option<String>,
    pub hts_id: Option<String>,
    pub rest_rps: Option<u32>,
    pub order_timeout_ms: u64,
}

impl Default for RawKis {
    fn default() -> Self {
        RawKis {
            env: RawEnv::default(),
            rest_url: None,
            ws_url: None,
            app_key: None,
            app_secret: None,
            account: None,
            hts_id: None,
            rest_rps: None,
            order_timeout_ms: 10_000,
        }
    }
}

/// One of `[[accounts]]`; what isn't here is as in `[kis]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAccount {
    pub name: String,
    pub app_key: Option<String>,
    pub app_secret: Option<String>,
    pub account: Option<String>,
    pub hts_id: Option<String>,
    pub rest_rps: Option<u32>,
}

/// `[risk]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawRisk {
    pub order_won_max: i64,
    pub order_qty_max: i64,
    pub orders_per_minute_max: u32,
    pub orders_per_day_max: u32,
    pub open_orders_max: u32,
    pub stale_after_s: i64,
}

impl Default for RawRisk {
    fn default() -> Self {
        let limits = RiskLimits::default();
        RawRisk {
            order_won_max: limits.order_won_max.get(),
            order_qty_max: limits.order_qty_max.get(),
            orders_per_minute_max: limits.orders_per_minute_max,
            orders_per_day_max: limits.orders_per_day_max,
            open_orders_max: limits.open_orders_max,
            stale_after_s: limits.stale_after_s,
        }
    }
}

/// `[simulations]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawSimulations {
    pub data: Option<PathBuf>,
    pub workers: Option<u32>,
    pub sets: BTreeMap<String, Vec<String>>,
}

/// `[lake]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawLake {
    pub url: Option<String>,
    pub collect: Option<Vec<String>>,
    pub intervals: Option<Vec<RawInterval>>,
}

/// `[backup]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawBackup {
    pub target: Option<String>,
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub keep: u32,
}

impl Default for RawBackup {
    fn default() -> Self {
        RawBackup { target: None, endpoint: None, region: None, keep: crate::services::backup::KEEP }
    }
}

/// `[log]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawLog {
    pub level: Option<String>,
    pub format: Option<RawLogFormat>,
    pub keep: Option<u32>,
}

/// `log.format`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawLogFormat {
    Text,
    Json,
}

/// One of `[[bots]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBot {
    pub id: String,
    pub account: Option<String>,
    pub strategy: String,
    pub symbols: Vec<String>,
    pub sizing: RawSizing,
    #[serde(default)]
    pub style: RawStyle,
    pub capital: Option<i64>,
    #[serde(default)]
    pub params: BTreeMap<String, f64>,
    #[serde(default)]
    pub interval: RawInterval,
    pub rank: Option<RawRank>,
    pub top: Option<u32>,
}

/// `interval` of a bot, and one of `lake.intervals`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawInterval {
    #[default]
    Minute,
    Day,
}

/// `rank` of a bot.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawRank {
    Listed,
    Value,
    Volume,
    Change,
}

/// One of `[[jobs]]`; what a default job of that name has need not be said again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawJob {
    pub name: String,
    pub task: Option<String>,
    pub schedule: Option<String>,
    pub enabled: Option<bool>,
    pub missed: Option<RawMissed>,
    pub grace_min: Option<i64>,
}

/// `missed`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawMissed {
    Run,
    Skip,
}

/// `sizing`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawSizing {
    Shares(i64),
    Notional(i64),
    EquityPercent(f64),
}

/// `style`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawStyle {
    Market,
    MarketableLimit { collar_ticks: i32 },
}

impl Default for RawStyle {
    fn default() -> Self {
        RawStyle::MarketableLimit { collar_ticks: 3 }
    }
}
