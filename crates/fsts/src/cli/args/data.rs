//! The arguments of `fsts data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use fsts_lake::{Conflicts, Interval};

use super::PriceKindArg;

/// `fsts data …`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    Import(DataImportArgs),
    Catalog(DataCatalogArgs),
    Gaps(DataCatalogArgs),
    Collect(DataCollectArgs),
    Query(DataQueryArgs),
}

/// `fsts data import PATH`.
#[derive(Debug, Args)]
pub struct DataImportArgs {
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    #[arg(long, value_name = "auto|daily|minute", default_value = "auto")]
    pub layout: LayoutArg,
    #[arg(long, value_name = "traded|adjusted")]
    pub price_kind: Option<PriceKindArg>,
    #[arg(long, value_name = "NAME=COLUMN", value_delimiter = ',')]
    pub columns: Vec<String>,
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Option<Vec<String>>,
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    #[arg(long, value_name = "refuse|keep|replace", default_value = "refuse")]
    pub on_conflict: ConflictArg,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts data catalog` and `fsts data gaps`.
#[derive(Debug, Args)]
pub struct DataCatalogArgs {
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Option<Vec<String>>,
    #[arg(long, value_name = "day|minute")]
    pub interval: Option<IntervalArg>,
    #[arg(long, value_name = "traded|adjusted")]
    pub price_kind: Option<PriceKindArg>,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts data collect`.
#[derive(Debug, Args)]
pub struct DataCollectArgs {
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Vec<String>,
    #[arg(long, value_name = "DAY")]
    pub from: String,
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    #[arg(long, value_name = "day|minute", default_value = "day")]
    pub interval: IntervalArg,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `fsts data query SQL`.
#[derive(Debug, Args)]
pub struct DataQueryArgs {
    #[arg(value_name = "SQL")]
    pub sql: String,
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Option<Vec<String>>,
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    #[arg(long, value_name = "traded|adjusted")]
    pub price_kind: Option<PriceKindArg>,
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
    #[arg(long)]
    pub csv: bool,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `--layout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    Auto,
    Daily,
    Minute,
}

/// `--interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IntervalArg {
    Day,
    Minute,
}

impl From<IntervalArg> for Interval {
    fn from(arg: IntervalArg) -> Interval {
        match arg {
            IntervalArg::Day => Interval::Day,
            IntervalArg::Minute => Interval::Minute,
        }
    }
}

/// `--on-conflict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConflictArg {
    Refuse,
    Keep,
    Replace,
}

impl From<ConflictArg> for Conflicts {
    fn from(arg: ConflictArg) -> Conflicts {
        match arg {
            ConflictArg::Refuse => Conflicts::Refuse,
            ConflictArg::Keep => Conflicts::Keep,
            ConflictArg::Replace => Conflicts::Replace,
        }
    }
}
