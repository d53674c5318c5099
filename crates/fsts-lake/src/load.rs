//! A file or a folder of files into one data set.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use fsts_domain::{Symbol, TradingDay};

use crate::columns::Columns;
use crate::csv_file::{self, symbol_of_name};
use crate::merge::{FilePart, merge};
use crate::parquet_file::{self, Footer};
use crate::part::{Clock, Part};
use crate::price_kind::GridCheck;
use crate::{DataSet, Interval, KindReason, LoadError, Note, PriceKind};

/// Fewer minute rows than this are too few to tell a five-minute file from a quiet symbol.
const WIDTH_ROWS_MIN: u64 = 100;

/// What to load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Only these symbols; `None` is all in the data.
    pub symbols: Option<Vec<Symbol>>,
    /// The first day, inclusive.
    pub from: Option<TradingDay>,
    /// The last day, inclusive.
    pub to: Option<TradingDay>,
    /// The price kind, when the caller knows it better than the file shows.
    pub price_kind: Option<PriceKind>,
    /// Names of columns that the file calls otherwise, by ours: `("close", "Last")`. Ours are `date`, `time`, `code`, `open`,
    /// `high`, `low`, `close`, `volume`, `change`, `name` and `market`.
    pub columns: Vec<(String, String)>,
    /// How many threads decode; 0 is one a core. The result doesn't depend on it.
    pub threads: usize,
}

/// Loads a `.csv`, `.csv.gz` or `.parquet` file, or all such files of a folder (not of its sub-folders).
///
/// # Errors
/// [`LoadError`]; rows that aren't bars are no error but counted in [`DataSet::report`].
pub fn load(path: &Path, options: &LoadOptions) -> Result<DataSet, LoadError> {
    let (sources, is_folder) = list(path)?;
    let shown = path.display().to_string();
    let mut notes = Vec::new();
    let mut units = Vec::new();
    let mut first_skip = None;
    for source in &sources {
        match units_of(source, options) {
            Ok(found) => units.extend(found),
            Err(error) => first_skip = first_skip.or(Some(skip(error, is_folder, &mut notes)?)),
        }
    }
    let decoded = in_parallel(units.len(), options.threads, |index| match units.get(index) {
        Some(unit) => unit.read(options),
        None => Ok((Part::default(), false)),
    });
    let mut parts = Vec::with_capacity(decoded.len());
    for (unit, result) in units.iter().zip(decoded) {
        match result {
            Ok((part, broker_marks)) => parts.push(unit.file_part(part, broker_marks)),
            Err(error) => first_skip = first_skip.or(Some(skip(error, is_folder, &mut notes)?)),
        }
    }
    if parts.is_empty() {
        return Err(first_skip.unwrap_or(LoadError::NoFiles { path: shown }));
    }
    let interval = interval_of(&parts)?;
    let (price_kind, reason) = kind_of(&parts, interval, options)?;
    known_symbols(&parts, options, &shown)?;
    let mut data = merge(parts, interval, price_kind, &shown)?;
    let asked = options.symbols.iter().flatten();
    let empty = asked.filter(|symbol| data.symbols.binary_search_by_key(symbol, |i| &i.symbol).is_err());
    notes.extend(empty.map(|symbol| Note::SymbolWithoutRows { symbol: *symbol }));
    notes.append(&mut data.report.notes);
    data.report.notes = notes;
    data.report.price_kind_reason = Some(reason);
    Ok(data.hashed())
}

/// The `.csv`, `.csv.gz` and `.parquet` files that a load of a path reads, in order.
///
/// # Errors
/// [`LoadError::Open`] or [`LoadError::NoFiles`].
pub fn bar_files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    list(path).map(|(sources, _)| sources.into_iter().map(|source| source.path).collect())
}

/// A file to read.
pub(crate) struct Source {
    pub path: PathBuf,
    pub name: String,
}

impl Source {
    fn new(path: PathBuf) -> Self {
        Source { name: path.display().to_string(), path }
    }

    /// The symbol of a file without a code column.
    pub fn file_symbol(&self, columns: &Columns) -> Result<Option<Symbol>, LoadError> {
        match columns.code {
            Some(_) => Ok(None),
            None => match symbol_of_name(&self.path) {
                Some(symbol) => Ok(Some(symbol)),
                None => Err(LoadError::NoCode { file: self.name.clone() }),
            },
        }
    }
}

/// A piece of work for one thread.
struct Unit<'s> {
    source: &'s Source,
    kind: UnitKind,
}

enum UnitKind {
    Csv,
    RowGroup { footer: std::sync::Arc<Footer>, group: usize, first_row: u64 },
}

impl Unit<'_> {
    fn read(&self, options: &LoadOptions) -> Result<(Part, bool), LoadError> {
        match &self.kind {
            UnitKind::Csv => csv_file::read(self.source, options),
            UnitKind::RowGroup { footer, group, first_row } => {
                let part = parquet_file::read(self.source, footer, (*group, *first_row), options)?;
                Ok((part, footer.columns.broker_marks))
            }
        }
    }

    fn file_part(&self, part: Part, broker_marks: bool) -> FilePart {
        FilePart { file: self.source.name.clone(), part, broker_marks }
    }
}

fn list(path: &Path) -> Result<(Vec<Source>, bool), LoadError> {
    let cannot = |e| LoadError::Open { file: path.display().to_string(), source: e };
    let is_folder = std::fs::metadata(path).map_err(cannot)?.is_dir();
    let mut files = Vec::new();
    if is_folder {
        for entry in std::fs::read_dir(path).map_err(cannot)? {
            files.push(entry.map_err(cannot)?.path());
        }
        files.retain(|file| is_bar_file(file) && file.is_file());
        files.sort_unstable();
    } else if is_bar_file(path) {
        files.push(path.to_owned());
    }
    if files.is_empty() {
        return Err(LoadError::NoFiles { path: path.display().to_string() });
    }
    Ok((files.into_iter().map(Source::new).collect(), is_folder))
}

fn is_bar_file(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    !name.starts_with('.') && [".csv", ".csv.gz", ".parquet"].iter().any(|end| name.ends_with(end))
}

fn units_of<'s>(source: &'s Source, options: &LoadOptions) -> Result<Vec<Unit<'s>>, LoadError> {
    if !source.name.to_lowercase().ends_with(".parquet") {
        return Ok(vec![Unit { source, kind: UnitKind::Csv }]);
    }
    let footer = std::sync::Arc::new(Footer::read(source, options)?);
    let mut first_row = 0;
    let mut units = Vec::new();
    for (group, rows) in footer.row_groups().into_iter().enumerate() {
        units.push(Unit { source, kind: UnitKind::RowGroup { footer: footer.clone(), group, first_row } });
        first_row += rows;
    }
    Ok(units)
}

/// A folder may hold lists and notes beside its bars; a named file must be what it was named for.
fn skip(error: LoadError, is_folder: bool, notes: &mut Vec<Note>) -> Result<LoadError, LoadError> {
    let (file, column) = match &error {
        LoadError::MissingColumn { file, column } => (file.clone(), (*column).to_owned()),
        LoadError::NoCode { file } => (file.clone(), "code".to_owned()),
        _ => return Err(error),
    };
    if !is_folder {
        return Err(error);
    }
    notes.push(Note::FileSkipped { file, column });
    Ok(error)
}

/// Runs `work` for 0..count on several threads; the results come back in order.
fn in_parallel<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    if threads.min(count) <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, work(index)));
        }
    };
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(count)).map(|_| scope.spawn(take)).collect();
        let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.flat_map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The interval of all files; a file's row groups are judged together.
fn interval_of(parts: &[FilePart]) -> Result<Interval, LoadError> {
    let mut daily = None;
    let mut minute: Option<(&str, Clock, u64)> = None;
    for file in parts.chunk_by(|a, b| a.file == b.file) {
        let clock = file.iter().fold(Clock::default(), |clock, p| clock.with(p.part.clock));
        let rows: u64 = file.iter().map(|p| p.part.rows_read).sum();
        let Some(name) = file.first().map(|p| p.file.as_str()).filter(|_| !clock.is_empty()) else {
            continue;
        };
        if clock.is_daily() {
            daily = daily.or(Some(name));
        } else {
            minute = Some(minute.map_or((name, clock, rows), |(n, c, r)| (n, c.with(clock), r + rows)));
        }
    }
    match (daily, minute) {
        (Some(daily), Some((minute, ..))) => {
            Err(LoadError::MixedIntervals { daily: daily.to_owned(), minute: minute.to_owned() })
        }
        (None, Some((_, clock, rows))) => {
            let width_s = if clock.below_second { 0 } else { clock.step_s };
            let too_few_to_tell = rows < WIDTH_ROWS_MIN || clock.same_time;
            let is_minute = width_s == 60 || (width_s % 60 == 0 && width_s > 0 && too_few_to_tell);
            if is_minute { Ok(Interval::Minute) } else { Err(LoadError::BarWidth { width_s }) }
        }
        (_, None) => Ok(Interval::Day),
    }
}

/// The price kind of all files: what the caller says, what columns show, what the prices speak for.
fn kind_of(
    parts: &[FilePart],
    interval: Interval,
    options: &LoadOptions,
) -> Result<(PriceKind, KindReason), LoadError> {
    if let Some(kind) = options.price_kind {
        return Ok((kind, KindReason::Requested));
    }
    let mut by_columns = None;
    let mut by_prices: Option<(&str, GridCheck)> = None;
    for FilePart { file, part, broker_marks } in parts {
        if part.has_change {
            by_columns = by_columns.or(Some((file, KindReason::FullMarketColumns)));
        } else if *broker_marks && interval == Interval::Minute {
            by_columns = by_columns.or(Some((file, KindReason::BrokerMinutes)));
        } else {
            let check = by_prices.map_or_else(|| part.grid.clone(), |(_, check)| check.with(&part.grid));
            by_prices = Some((file, check));
        }
    }
    match (by_columns, by_prices.map(|(file, check)| (file, check.verdict()))) {
        (Some((traded, _)), Some((adjusted, (PriceKind::Adjusted, _)))) => {
            Err(LoadError::MixedPriceKinds { traded: traded.clone(), adjusted: adjusted.to_owned() })
        }
        (Some((_, reason)), _) => Ok((PriceKind::Traded, reason)),
        (None, Some((_, verdict))) => Ok(verdict),
        (None, None) => Ok((PriceKind::Adjusted, KindReason::NothingToCheck)),
    }
}

fn known_symbols(parts: &[FilePart], options: &LoadOptions, path: &str) -> Result<(), LoadError> {
    let Some(asked) = &options.symbols else { return Ok(()) };
    let known = |symbol: &Symbol| parts.iter().any(|p| p.part.symbols.iter().any(|seen| seen.symbol == *symbol));
    let unknown: Vec<Symbol> = asked.iter().copied().filter(|symbol| !known(symbol)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(LoadError::UnknownSymbols { symbols: unknown, path: path.to_owned() })
}
