//! What a load read, left out and concluded.

use fsts_domain::Symbol;
use serde::Serialize;

/// How many refused rows are kept with their place; all are counted.
pub(crate) const REFUSED_KEPT_MAX: usize = 100;

/// What a load read, left out and concluded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    /// Files that gave rows.
    pub files: Vec<String>,
    /// Data rows found in those files, before any selection.
    pub rows_read: u64,
    /// Rows outside the asked symbols or days.
    pub rows_not_selected: u64,
    /// Rows with open 0 or volume 0: the symbol did not trade, so there is no bar.
    pub halts_dropped: u64,
    /// Bars whose high or low did not enclose open and close and was widened.
    pub rows_widened: u64,
    /// Rows with a fraction of a won, rounded half up.
    pub rows_rounded: u64,
    /// Rows that could not be read as a bar.
    pub rows_refused: u64,
    /// The first 100 of them.
    pub refused: Vec<Refused>,
    /// Why the price kind is what it is.
    pub price_kind_reason: Option<KindReason>,
    /// What a person should know before trusting a run over these rows.
    pub notes: Vec<Note>,
}

/// A row that could not be read as a bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// Line of a text file (the header is 1), row of a Parquet file (the first is 1).
    pub line: u64,
    /// What is wrong with it.
    pub reason: RefusalReason,
}

/// Why a row is not a bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RefusalReason {
    /// The date or time is missing, malformed or outside 1900 to 2199.
    Time,
    /// The code is not six letters or digits.
    Code {
        /// The cell.
        text: String,
    },
    /// The cell is empty.
    Empty {
        /// The column.
        column: &'static str,
    },
    /// The cell is not a number.
    NotANumber {
        /// The column.
        column: &'static str,
    },
    /// A price below one won or above 10^12, or a volume below zero or above 10^15.
    OutOfRange {
        /// The column.
        column: &'static str,
    },
    /// The line has another number of fields than the header, or isn't UTF-8.
    Malformed,
}

/// Why prices are held to be traded or adjusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KindReason {
    /// The caller said so.
    Requested,
    /// Change in won and market capitalisation are the exchange's own full-market columns.
    FullMarketColumns,
    /// Cumulative turnover or a source column mark minutes as the broker sent them.
    BrokerMinutes,
    /// Traded prices have no fraction of a won.
    Fractions {
        /// Rows with one.
        rows: u64,
        /// Rows looked at.
        sampled: u64,
    },
    /// Too many prices are off the tick grid of their day.
    OffGrid {
        /// Rows off the grid.
        rows: u64,
        /// Rows looked at.
        sampled: u64,
    },
    /// Prices are on the tick grid of their day.
    OnGrid {
        /// Rows looked at.
        sampled: u64,
    },
    /// The lake says so.
    Stored,
    /// No row falls in the years whose tick table is known; adjusted is the careful reading.
    NothingToCheck,
}

/// Something a person should know before trusting a run over these rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Note {
    /// A file of the folder is no bar file.
    FileSkipped {
        /// The file.
        file: String,
        /// The column it lacks.
        column: String,
    },
    /// No market is given for some symbols; they count as KOSPI shares (ETN by their `Q`).
    MarketAssumed {
        /// How many.
        symbols: u64,
    },
    /// A market section we don't know; its symbols count as KOSPI shares.
    MarketUnknown {
        /// The cell.
        text: String,
    },
    /// An asked symbol is in the data but has no bar in the asked days.
    SymbolWithoutRows {
        /// The symbol.
        symbol: Symbol,
    },
}
