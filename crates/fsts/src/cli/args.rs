//! The arguments of each command. Their help is in `messages/help.rs`, in both languages.

mod data;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::messages::Lang;

pub use data::*;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "fsts", version, disable_help_subcommand = true, subcommand_required = true)]
pub struct Cli {
    #[arg(long, global = true, value_name = "ko|en")]
    pub lang: Option<LangArg>,
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// `--lang`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LangArg {
    Ko,
    En,
}

impl From<LangArg> for Lang {
    fn from(arg: LangArg) -> Lang {
        match arg {
            LangArg::Ko => Lang::Ko,
            LangArg::En => Lang::En,
        }
    }
}

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(RunArgs),
    Demo(DemoArgs),
    Backtest(BacktestArgs),
    Replay(ReplayArgs),
    Emulate(EmulateArgs),
    Reconcile(ReconcileArgs),
    Doctor(DoctorArgs),
    Healthcheck(HealthcheckArgs),
    #[command(subcommand)]
    Config(ConfigCommand),
    #[command(subcommand)]
    Discord(DiscordCommand),
    Bench(BenchArgs),
    #[command(subcommand)]
    Bots(BotsCommand),
    #[command(subcommand)]
    Jobs(JobsCommand),
    #[command(subcommand)]
    Simulate(SimulateCommand),
    Mcp(McpArgs),
    #[command(subcommand)]
    Data(Box<DataCommand>),
    #[command(subcommand)]
    Backup(BackupCommand),
}

/// `fsts mcp`.
#[derive(Debug, Args)]
pub struct McpArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}

/// `fsts simulate …`.
#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    Run(Box<SimulateRunArgs>),
    List(SimulateListArgs),
    Show(SimulateIdArgs),
    Export(SimulateExportArgs),
    Cancel(SimulateIdArgs),
}

/// Which program keeps the simulations.
#[derive(Debug, Clone, Args)]
pub struct SimulateDoor {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}

/// `fsts simulate run STRATEGY`.
#[derive(Debug, Args)]
pub struct SimulateRunArgs {
    #[command(flatten)]
    pub door: SimulateDoor,
    #[arg(value_name = "STRATEGY")]
    pub strategy: String,
    #[arg(long, value_name = "A,B|SET", value_delimiter = ',', default_value = "all")]
    pub symbols: Vec<String>,
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    #[arg(long, value_name = "WON", allow_negative_numbers = true)]
    pub cash: Option<String>,
    #[arg(long, value_name = "FILE|DIR")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "ideal|krx")]
    pub rules: Option<RulesArg>,
    #[arg(long, value_name = "traded|adjusted")]
    pub price_kind: Option<PriceKindArg>,
    #[arg(long, value_name = "SIZE")]
    pub size: Option<String>,
    #[arg(long, value_name = "STYLE")]
    pub style: Option<String>,
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    #[arg(long, value_name = "PERCENT")]
    pub stop_loss: Option<String>,
    #[arg(long, value_name = "PERCENT")]
    pub take_profit: Option<String>,
    #[arg(long, value_name = "PCT", conflicts_with = "take_profit")]
    pub trailing: Option<String>,
    #[arg(long, value_name = "PCT")]
    pub add_beyond: Option<String>,
    #[arg(long, value_enum, value_name = "day|week|month|minute")]
    pub interval: Option<SpanArg>,
    #[arg(long)]
    pub wait: bool,
}

/// `fsts simulate list`.
#[derive(Debug, Args)]
pub struct SimulateListArgs {
    #[command(flatten)]
    pub door: SimulateDoor,
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
}

/// `fsts simulate show ID` and `fsts simulate cancel ID`.
#[derive(Debug, Args)]
pub struct SimulateIdArgs {
    #[command(flatten)]
    pub door: SimulateDoor,
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `fsts simulate export ID`.
#[derive(Debug, Args)]
pub struct SimulateExportArgs {
    #[command(flatten)]
    pub door: SimulateDoor,
    #[arg(value_name = "ID")]
    pub id: String,
    #[arg(long, value_name = "csv|json", default_value = "json")]
    pub format: FormatArg,
    #[arg(long, value_name = "fills|days|equity", default_value = "fills")]
    pub part: PartArg,
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Csv,
    Json,
}

/// `--part`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartArg {
    Fills,
    Days,
    Equity,
}

/// `fsts config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    Check(ConfigCheckArgs),
}

/// `fsts discord …`.
#[derive(Debug, Subcommand)]
pub enum DiscordCommand {
    Register(RegisterArgs),
}

/// `fsts discord register`.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts jobs …`.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    List(JobsListArgs),
    Run(JobArgs),
    History(JobHistoryArgs),
    Enable(JobArgs),
    Disable(JobArgs),
}

/// `fsts jobs list`.
#[derive(Debug, Args)]
pub struct JobsListArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts jobs run|enable|disable NAME`.
#[derive(Debug, Args)]
pub struct JobArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts jobs history NAME`.
#[derive(Debug, Args)]
pub struct JobHistoryArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts backup …`.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    Create(BackupDoor),
    List(BackupDoor),
    Verify(BackupVerifyArgs),
    Restore(BackupRestoreArgs),
}

/// Where backups are.
#[derive(Debug, Args)]
pub struct BackupDoor {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, value_name = "DIR|s3://…")]
    pub target: Option<String>,
}

/// `fsts backup verify`.
#[derive(Debug, Args)]
pub struct BackupVerifyArgs {
    #[arg(value_name = "BACKUP")]
    pub id: Option<String>,
    #[command(flatten)]
    pub door: BackupDoor,
}

/// `fsts backup restore`.
#[derive(Debug, Args)]
pub struct BackupRestoreArgs {
    #[arg(value_name = "BACKUP")]
    pub id: Option<String>,
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub door: BackupDoor,
}

/// `fsts run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Live trading begins only when the account's last four digits are given here.
    #[arg(long, value_name = "DIGITS")]
    pub arm_live: Option<String>,
}

/// Length of a bar of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SpanArg {
    Day,
    Week,
    Month,
    Minute,
}

/// `fsts demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[arg(long)]
    pub fresh: bool,
    #[arg(long, value_name = "N")]
    pub speed: Option<u32>,
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `fsts backtest STRATEGY`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    #[arg(value_name = "STRATEGY")]
    pub strategy: String,
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Option<Vec<String>>,
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    #[arg(long, value_name = "WON", allow_negative_numbers = true)]
    pub cash: Option<String>,
    #[arg(long, value_name = "FILE|DIR|lake")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "day|minute")]
    pub interval: Option<IntervalArg>,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, value_name = "ideal|krx")]
    pub rules: Option<RulesArg>,
    #[arg(long, value_name = "traded|adjusted")]
    pub price_kind: Option<PriceKindArg>,
    #[arg(long, value_name = "SIZE")]
    pub size: Option<String>,
    #[arg(long, value_name = "STYLE")]
    pub style: Option<String>,
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    #[arg(long, value_name = "PERCENT")]
    pub stop_loss: Option<String>,
    #[arg(long, value_name = "PERCENT")]
    pub take_profit: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    #[arg(long, value_name = "FILE.ndjson")]
    pub decisions: Option<PathBuf>,
    #[arg(long, value_name = "FILE.csv")]
    pub fills: Option<PathBuf>,
}

/// `--rules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesArg {
    Ideal,
    Krx,
}

/// `--price-kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PriceKindArg {
    Traded,
    Adjusted,
}

/// `fsts replay DAY`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[arg(value_name = "DAY")]
    pub day: String,
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts emulate`.
#[derive(Debug, Args)]
pub struct EmulateArgs {
    #[arg(long, value_name = "real|accelerated|stepped", default_value = "accelerated")]
    pub clock: ClockArg,
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub speed: u32,
    #[arg(long, value_name = "DAY")]
    pub start_date: Option<String>,
    #[arg(long, value_name = "krx|always-open", default_value = "krx")]
    pub session: SessionArg,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[arg(long, value_name = "real|mock", default_value = "mock")]
    pub env: EnvArg,
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen_ws: std::net::SocketAddr,
    #[arg(long, value_name = "WON", default_value = "100000000", allow_negative_numbers = true)]
    pub cash: String,
    #[arg(long, value_name = "N")]
    pub rps: Option<u32>,
    #[arg(long, value_name = "FROM-TO", default_value = "0-0")]
    pub jitter_ms: String,
    #[arg(long)]
    pub partial_fills: bool,
    #[arg(long, value_name = "ACCOUNT", default_value = "5000000101")]
    pub account: String,
    #[arg(long, value_name = "FILE|DIR")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Option<Vec<String>>,
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[arg(long)]
    pub fresh: bool,
}

/// `--clock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockArg {
    Real,
    Accelerated,
    Stepped,
}

/// `--session`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SessionArg {
    Krx,
    AlwaysOpen,
}

/// `--env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EnvArg {
    Real,
    Mock,
}

/// `fsts reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Not only alive: orders may leave.
    #[arg(long)]
    pub ready: bool,
}

/// `fsts bots …`.
#[derive(Debug, Subcommand)]
pub enum BotsCommand {
    List(BotsArgs),
    Start(BotArgs),
    Pause(BotArgs),
    Stop(BotArgs),
}

/// Which running program.
#[derive(Debug, Args)]
pub struct BotsArgs {
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}

/// One bot of a running program.
#[derive(Debug, Args)]
pub struct BotArgs {
    #[arg(value_name = "BOT")]
    pub id: String,
    #[command(flatten)]
    pub server: BotsArgs,
}

/// `fsts config check`.
#[derive(Debug, Args)]
pub struct ConfigCheckArgs {
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts bench w2|w7`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[arg(value_name = "w2|w7")]
    pub workload: WorkloadArg,
    #[arg(long, value_name = "N")]
    pub bars: Option<usize>,
    #[arg(long, value_name = "FILE.bin")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub runs: usize,
    #[arg(long, value_name = "WON", allow_negative_numbers = true)]
    pub cash: Option<String>,
    #[arg(long, value_name = "SYMBOLS")]
    pub panel: Option<usize>,
}

/// A workload of `bench`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WorkloadArg {
    W2,
    W7,
}
