//! `fsts data import`: files of bars into the lake.

use std::path::{Path, PathBuf};

use fsts_lake::{Batch, Conflicts, DataSet, Interval, Lake, LoadError, LoadOptions, Put};
use serde_json::{Value, json};

use super::{failure, kind_of, symbols_of};
use crate::cli::{Context, DataImportArgs, LayoutArg, values};
use crate::exit::{Exit, Failure};
use crate::messages::{backtest as backtest_say, data as say};
use crate::output;
use crate::settings::Settings;

/// Names that a column may have with us.
const NAMES: [&str; 11] =
    ["date", "time", "code", "open", "high", "low", "close", "volume", "change", "name", "market"];
const SOURCE_CHARS_MAX: usize = 60;

/// Runs the command.
pub async fn run(args: DataImportArgs, context: Context) -> Result<(), Failure> {
    let options = options(&args)?;
    let lake = Settings::load(args.config.as_deref()).await?.lake.door.writing().map_err(|e| failure(&e))?;
    let import = Import { lake, args: &args, options, context };
    // A folder that is one data set is one commit; one with several kinds or layouts is taken file by file.
    let whole = import.load(&args.path);
    let mixed = matches!(
        whole,
        Err(LoadError::MixedPriceKinds { .. } | LoadError::MixedIntervals { .. } | LoadError::Duplicate { .. })
    );
    if !mixed || !args.path.is_dir() {
        let stored = import.store(&args.path, whole).await?;
        import.show(&[stored]);
        return Ok(());
    }
    let mut results = Vec::new();
    let mut failed = Vec::new();
    for file in fsts_lake::bar_files(&args.path).map_err(|e| Failure::input(backtest_say::load(&e)))? {
        match import.store(&file, import.load(&file)).await {
            Ok(stored) => results.push(stored),
            // The place itself is broken: the next file would meet the same.
            Err(failure) if failure.exit == Exit::Database => return Err(failure),
            Err(failure) => failed.push((file, failure)),
        }
    }
    import.show(&results);
    for (file, failure) in &failed {
        output::note(&format!("{}: {}", file.display(), failure.text.get(context.lang)));
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::input(say::not_imported(failed.len()))) }
}

fn options(args: &DataImportArgs) -> Result<LoadOptions, Failure> {
    let day = |name: &str, text: &Option<String>| text.as_deref().map(|t| values::day(name, t)).transpose();
    let mut columns = Vec::with_capacity(args.columns.len());
    for pair in &args.columns {
        let known = pair.split_once('=').filter(|(ours, theirs)| NAMES.contains(ours) && !theirs.is_empty());
        let (ours, theirs) = known.ok_or_else(|| Failure::usage(say::bad_column(pair)))?;
        columns.push((ours.to_owned(), theirs.to_owned()));
    }
    Ok(LoadOptions {
        symbols: symbols_of(&args.symbols)?,
        from: day("--from", &args.from)?,
        to: day("--to", &args.to)?,
        price_kind: kind_of(args.price_kind),
        columns,
        threads: 0,
    })
}

struct Import<'a> {
    lake: Lake,
    args: &'a DataImportArgs,
    options: LoadOptions,
    context: Context,
}

/// A file that was stored.
struct Stored {
    path: PathBuf,
    data: DataSet,
    put: Put,
}

impl Import<'_> {
    fn load(&self, path: &Path) -> Result<DataSet, LoadError> {
        fsts_lake::load(path, &self.options)
    }

    async fn store(&self, path: &Path, loaded: Result<DataSet, LoadError>) -> Result<Stored, Failure> {
        let data = loaded.map_err(|e| Failure::input(backtest_say::load(&e)))?;
        let fits = match self.args.layout {
            LayoutArg::Auto => true,
            LayoutArg::Daily => data.interval == Interval::Day,
            LayoutArg::Minute => data.interval == Interval::Minute,
        };
        if !fits {
            return Err(Failure::input(say::other_layout(&path.display().to_string(), data.interval == Interval::Day)));
        }
        let source = self.source(path);
        let conflicts = Conflicts::from(self.args.on_conflict);
        let batch = Batch { data: &data, source: &source, conflicts, covered: &[] };
        let put = self.lake.put(&batch).await.map_err(|e| failure(&e))?;
        Ok(Stored { path: path.to_owned(), data, put })
    }

    /// The name of the source: as told, or the file's.
    fn source(&self, path: &Path) -> String {
        let own = || path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let text = self.args.source.clone().unwrap_or_else(own);
        text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(SOURCE_CHARS_MAX).collect()
    }

    fn show(&self, results: &[Stored]) {
        if self.context.json {
            let files: Vec<Value> = results.iter().map(Stored::json).collect();
            output::line(&json!({ "place": self.lake.place(), "files": files }).to_string());
            return;
        }
        for stored in results {
            output::line(stored.text().get(self.context.lang));
            let refused = &stored.data.report;
            if let Some(first) = refused.refused.first() {
                let place = format!("{}:{}", first.file, first.line);
                output::note(backtest_say::refused(refused.rows_refused, &place).get(self.context.lang));
            }
            for note in &refused.notes {
                let words = crate::messages::Text::new(note.korean(), note.english());
                output::note(words.get(self.context.lang));
            }
        }
    }
}

impl Stored {
    fn text(&self) -> crate::messages::Text {
        let kind = (say::interval(self.data.interval.as_str()), say::prices(self.data.price_kind.as_str()));
        let Put { added, same, replaced, kept, .. } = self.put;
        say::imported(&self.path.display().to_string(), &kind, [added, same, replaced, kept])
    }

    fn json(&self) -> Value {
        let report = &self.data.report;
        json!({
            "path": self.path.display().to_string(),
            "interval": self.data.interval,
            "price_kind": self.data.price_kind,
            "symbols": self.data.symbols.len(),
            "rows_read": report.rows_read,
            "halts_dropped": report.halts_dropped,
            "rows_refused": report.rows_refused,
            "added": self.put.added,
            "same": self.put.same,
            "replaced": self.put.replaced,
            "kept": self.put.kept,
            "files_written": self.put.files,
            "generation": self.put.generation,
            "data_hash": self.data.hash_hex(),
        })
    }
}
