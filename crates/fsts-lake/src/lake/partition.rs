//! A partition's file: Parquet with names that other tools, and our own loader, read as bars.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use fsts_domain::{Bar, Market, Price, Symbol};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::rows::{About, LakeRow, Rows, Slot};
use crate::Interval;
use crate::part::market as market_of;

/// A chart of one symbol decodes two of these, a backtest of all of them all.
const GROUP_ROWS: usize = 32_768;
const BATCH_ROWS: usize = 8_192;
const PRICES: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Which rows of a partition are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// In order; `None` is all.
    pub symbols: Option<&'a [Symbol]>,
    /// First and last slot.
    pub slots: (Slot, Slot),
}

impl Wanted<'_> {
    /// Everything.
    pub const ALL: Wanted<'static> = Wanted { symbols: None, slots: (Slot::MIN, Slot::MAX) };

    fn symbol(&self, symbol: &Symbol) -> bool {
        self.symbols.is_none_or(|list| list.binary_search(symbol).is_ok())
    }

    /// Whether a row group with codes from `first` to `last` may hold any of it.
    fn overlaps(&self, first: &[u8], last: &[u8]) -> bool {
        self.symbols.is_none_or(|list| {
            let at = list.partition_point(|s| s.as_str().as_bytes() < first);
            list.get(at).is_some_and(|s| s.as_str().as_bytes() <= last)
        })
    }
}

/// The word of a market in files.
pub const fn market_word(market: Market) -> &'static str {
    match market {
        Market::Kospi => "KOSPI",
        Market::Kosdaq => "KOSDAQ",
        Market::Konex => "KONEX",
        Market::Etf => "ETF",
        Market::Etn => "ETN",
        Market::Elw => "ELW",
    }
}

/// Rows as a file; the same rows give the same bytes.
pub(super) fn encode(interval: Interval, rows: &Rows) -> Result<Vec<u8>, String> {
    let failed = |e: &dyn std::fmt::Display| e.to_string();
    let batch = batch(interval, rows).map_err(|e| failed(&e))?;
    let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by("fsts".to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(|e| failed(&e))?;
    writer.write(&batch).map_err(|e| failed(&e))?;
    writer.close().map_err(|e| failed(&e))?;
    Ok(bytes)
}

fn batch(interval: Interval, rows: &Rows) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let all = &rows.rows;
    let time: (&str, ArrayRef) = match interval {
        Interval::Day => ("date", Arc::new(Date32Array::from_iter_values(all.iter().map(|r| r.slot as i32)))),
        Interval::Minute => {
            let instants = TimestampNanosecondArray::from_iter_values(all.iter().map(|r| r.slot));
            ("ts", Arc::new(instants.with_timezone("UTC")))
        }
    };
    let number =
        |of: fn(&Bar) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(all.iter().map(|r| of(&r.bar)))) };
    let text = |of: fn(&About) -> &str| -> ArrayRef {
        let cell = |row: &LakeRow| rows.abouts.get(row.about as usize).map_or("", of);
        Arc::new(StringArray::from_iter_values(all.iter().map(cell)))
    };
    let codes: ArrayRef = Arc::new(StringArray::from_iter_values(all.iter().map(|r| r.symbol.to_string())));
    let base: ArrayRef = Arc::new(all.iter().map(|r| Some(r.base).filter(|b| *b > 0)).collect::<Int64Array>());
    RecordBatch::try_from_iter_with_nullable([
        (time.0, time.1, false),
        ("code", codes, false),
        ("open", number(|b| b.open.get()), false),
        ("high", number(|b| b.high.get()), false),
        ("low", number(|b| b.low.get()), false),
        ("close", number(|b| b.close.get()), false),
        ("volume", number(|b| b.volume), false),
        ("base_price", base, true),
        ("name", text(|a| &a.name), false),
        ("market", text(|a| market_word(a.market)), false),
        ("source", text(|a| &a.source), false),
    ])
}

/// The wanted rows of a file.
pub(super) fn decode(interval: Interval, bytes: bytes::Bytes, wanted: Wanted<'_>) -> Result<Rows, String> {
    // The decoder asserts on some damaged pages instead of returning an error.
    std::panic::catch_unwind(AssertUnwindSafe(|| decoded(interval, bytes, wanted)))
        .unwrap_or_else(|_| Err("the pages can't be decoded".to_owned()))
}

fn decoded(interval: Interval, bytes: bytes::Bytes, wanted: Wanted<'_>) -> Result<Rows, String> {
    let failed = |e: &dyn std::fmt::Display| e.to_string();
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(|e| failed(&e))?;
    let groups = groups(&metadata, wanted);
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
    let reader = builder.with_row_groups(groups).with_batch_size(BATCH_ROWS).build().map_err(|e| failed(&e))?;
    let mut rows = Rows::default();
    for batch in reader {
        let batch = batch.map_err(|e| failed(&e))?;
        take(interval, &batch, wanted, &mut rows)?;
    }
    Ok(rows)
}

/// The row groups whose codes may be wanted.
fn groups(metadata: &ArrowReaderMetadata, wanted: Wanted<'_>) -> Vec<usize> {
    let footer = metadata.metadata();
    let code = footer.file_metadata().schema_descr().columns().iter().position(|c| c.name() == "code");
    let may_hold = |group: usize| {
        let bounds = || {
            let statistics = footer.row_groups().get(group)?.columns().get(code?)?.statistics()?;
            Some(wanted.overlaps(statistics.min_bytes_opt()?, statistics.max_bytes_opt()?))
        };
        bounds().unwrap_or(true)
    };
    (0..footer.num_row_groups()).filter(|group| may_hold(*group)).collect()
}

fn take(interval: Interval, batch: &RecordBatch, wanted: Wanted<'_>, rows: &mut Rows) -> Result<(), String> {
    let missing = |name: &str| format!("column `{name}` is missing or of another type");
    let numbers = |name: &str| {
        batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or_else(|| missing(name))
    };
    let texts =
        |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>()).ok_or_else(|| missing(name));
    let slots = slots(interval, batch).ok_or_else(|| missing("date or ts"))?;
    let columns = PRICES.map(numbers);
    let [Ok(open), Ok(high), Ok(low), Ok(close), Ok(volume)] = columns else {
        return Err(missing("open, high, low, close or volume"));
    };
    let (codes, base) = (texts("code")?, numbers("base_price")?);
    let (names, markets, sources) = (texts("name")?, texts("market")?, texts("source")?);
    let mut last: Option<(usize, Symbol, u32)> = None;
    for (row, slot) in slots.into_iter().enumerate() {
        let told_before = last.filter(|(before, ..)| {
            [codes, names, markets, sources].iter().all(|texts| texts.value(*before) == texts.value(row))
        });
        let (symbol, about) = match told_before {
            Some((_, symbol, about)) => (symbol, about),
            None => {
                let symbol: Symbol = codes.value(row).parse().map_err(|_| "a code is none".to_owned())?;
                let market = market_of(Some(markets.value(row)), Some(symbol)).unwrap_or(Market::Kospi);
                let (name, source) = (names.value(row).to_owned(), sources.value(row).to_owned());
                (symbol, rows.about(About { name, market, source }))
            }
        };
        last = Some((row, symbol, about));
        if !(wanted.slots.0..=wanted.slots.1).contains(&slot) || !wanted.symbol(&symbol) {
            continue;
        }
        let price = |cells: &Int64Array| Price::new(cells.value(row)).map_err(|_| "a price is none".to_owned());
        let bar = Bar {
            open: price(open)?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
            volume: volume.value(row),
        };
        let base = if base.is_valid(row) { base.value(row) } else { 0 };
        rows.rows.push(LakeRow { symbol, slot, bar, base, about });
    }
    Ok(())
}

fn slots(interval: Interval, batch: &RecordBatch) -> Option<Vec<Slot>> {
    match interval {
        Interval::Day => {
            let days = batch.column_by_name("date")?.as_primitive_opt::<Date32Type>()?;
            Some(days.values().iter().map(|day| i64::from(*day)).collect())
        }
        Interval::Minute => {
            let instants = batch.column_by_name("ts")?.as_primitive_opt::<TimestampNanosecondType>()?;
            Some(instants.values().to_vec())
        }
    }
}
