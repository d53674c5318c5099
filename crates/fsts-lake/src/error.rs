//! Why a load gives no data set.

use fsts_domain::{Symbol, Timestamp};

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line of a text file (the header is 1), row of a Parquet file (the first is 1).
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why a load gives no data set. `Display` is English, [`LoadError::korean`] Korean.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The path does not exist or can't be opened; correct the path or its rights.
    #[error("cannot open {file}: {source}")]
    Open {
        /// The path.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Neither a `.csv`, `.csv.gz` or `.parquet` file nor a folder with one.
    #[error("{path} is or holds no .csv, .csv.gz or .parquet file")]
    NoFiles {
        /// The path.
        path: String,
    },
    /// The file is damaged or of another format.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the decoder said.
        reason: String,
    },
    /// A column that every bar needs is not in the header.
    #[error("{file} has no column `{column}`")]
    MissingColumn {
        /// The file.
        file: String,
        /// The first missing column.
        column: &'static str,
    },
    /// No code column, and the file is not named by a code.
    #[error("{file} has no column `code` and is not named by a code, as in 005930.csv")]
    NoCode {
        /// The file.
        file: String,
    },
    /// A column has a type that can't hold its values.
    #[error("{file}: column `{column}` has type {found}")]
    ColumnType {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// Daily and minute files in one folder; load one of them.
    #[error("{daily} holds daily bars and {minute} minute bars; load them apart")]
    MixedIntervals {
        /// A file of daily bars.
        daily: String,
        /// A file of minute bars.
        minute: String,
    },
    /// Bars of five minutes, ten seconds and the like are not read yet.
    #[error("bars are {width_s} s wide; only days and minutes are read")]
    BarWidth {
        /// The widest width that fits all time stamps, seconds.
        width_s: i64,
    },
    /// Traded and adjusted files in one folder; load one of them or say the kind.
    #[error("{traded} holds traded prices and {adjusted} adjusted ones; load them apart or name the price kind")]
    MixedPriceKinds {
        /// A file of traded prices.
        traded: String,
        /// A file of adjusted prices.
        adjusted: String,
    },
    /// Two rows for one symbol at one instant; remove one.
    #[error("{symbol} at {at} is given twice: {first} and {second}")]
    Duplicate {
        /// The symbol.
        symbol: Symbol,
        /// The instant.
        at: Timestamp,
        /// The first row.
        first: Place,
        /// The second row.
        second: Place,
    },
    /// Asked symbols that no file holds; correct the list.
    #[error("no bars of {} in {path}", list(symbols))]
    UnknownSymbols {
        /// The symbols.
        symbols: Vec<Symbol>,
        /// The path.
        path: String,
    },
    /// No bar is left after selection, halts and refusals.
    #[error(
        "no bars left in {path}: {rows_read} rows read, {rows_refused} refused, {halts_dropped} halts, \
         {rows_not_selected} not selected"
    )]
    Empty {
        /// The path.
        path: String,
        /// Rows found.
        rows_read: u64,
        /// Rows not readable as a bar.
        rows_refused: u64,
        /// Rows with open 0 or volume 0.
        halts_dropped: u64,
        /// Rows outside the asked symbols or days.
        rows_not_selected: u64,
    },
    /// More rows than one run can index (4.29 billion); load fewer.
    #[error("more than {max} rows; select fewer symbols or days")]
    TooManyRows {
        /// The limit.
        max: u64,
    },
}

pub(crate) fn list(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
}
