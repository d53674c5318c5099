//! Bars from a row group of a Parquet file.

use std::fs::File;
use std::panic::AssertUnwindSafe;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, TimeUnit};
use fsts_domain::{Timestamp, TradingDay};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::LoadError;
use crate::cell::{Num, from_epoch, midnight};
use crate::columns::Columns;
use crate::csv_file::LastInstant;
use crate::load::{LoadOptions, Source};
use crate::part::{Part, PartBuilder, Record};

const BATCH_ROWS: usize = 8192;

/// The footer of a file, read once for all its row groups.
pub(crate) struct Footer {
    metadata: ArrowReaderMetadata,
    pub columns: Columns,
}

impl Footer {
    /// Reads the footer and finds the columns.
    pub fn read(source: &Source, load: &LoadOptions) -> Result<Footer, LoadError> {
        let file = open(source)?;
        // The writer's own Arrow schema may name dictionaries and views; the Parquet schema says all we need.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata =
            guarded(source, || ArrowReaderMetadata::load(&file, options).map_err(|e| unreadable(source, &e)))?;
        let names: Vec<&str> = metadata.schema().fields().iter().map(|f| f.name().as_str()).collect();
        let columns = Columns::find(&source.name, &names, &load.columns)?;
        source.file_symbol(&columns)?;
        Ok(Footer { metadata, columns })
    }

    /// The number of rows in each row group.
    pub fn row_groups(&self) -> Vec<u64> {
        self.metadata.metadata().row_groups().iter().map(|g| g.num_rows().max(0) as u64).collect()
    }
}

/// Reads one row group; `first_row` rows of the file come before it.
pub(crate) fn read(
    source: &Source,
    footer: &Footer,
    place: (usize, u64),
    options: &LoadOptions,
) -> Result<Part, LoadError> {
    guarded(source, || read_group(source, footer, place, options))
}

/// The decoder asserts on some damaged pages instead of returning an error; a bad file must not end a running engine.
fn guarded<T>(source: &Source, decode: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    std::panic::catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(unreadable(source, &"the file is damaged")))
}

fn read_group(
    source: &Source,
    footer: &Footer,
    (group, first_row): (usize, u64),
    options: &LoadOptions,
) -> Result<Part, LoadError> {
    let columns = &footer.columns;
    let mut kept = columns.all();
    kept.sort_unstable();
    kept.dedup();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open(source)?, footer.metadata.clone());
    let mask = ProjectionMask::roots(builder.parquet_schema(), kept.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_row_groups(vec![group])
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| unreadable(source, &e))?;
    let mut rows = PartBuilder::new(options, source.file_symbol(columns)?, columns);
    let mut line = first_row;
    for batch in reader {
        let batch = batch.map_err(|e| unreadable(source, &e))?;
        let cells = Batch::new(&batch, &kept, columns).map_err(|(column, found)| LoadError::ColumnType {
            file: source.name.clone(),
            column,
            found,
        })?;
        for row in 0..batch.num_rows() {
            line += 1;
            rows.push(&cells.record(row, line));
        }
    }
    Ok(rows.finish())
}

fn open(source: &Source) -> Result<File, LoadError> {
    File::open(&source.path).map_err(|e| LoadError::Open { file: source.name.clone(), source: e })
}

fn unreadable(source: &Source, error: &dyn std::fmt::Display) -> LoadError {
    LoadError::Unreadable { file: source.name.clone(), reason: error.to_string() }
}

/// The columns of a batch in the forms a record needs.
struct Batch<'a> {
    at: Vec<Option<Timestamp>>,
    code: Option<&'a StringArray>,
    ohlc: [Vec<Num>; 4],
    volume: Vec<Num>,
    change: Vec<Num>,
    name: Option<&'a StringArray>,
    market: Option<&'a StringArray>,
}

/// A column's name and the type it can't be read from.
type Mistyped = (String, String);

impl<'a> Batch<'a> {
    fn new(batch: &'a RecordBatch, kept: &[usize], columns: &Columns) -> Result<Self, Mistyped> {
        let schema = batch.schema();
        let position = |index: usize| kept.iter().position(|k| *k == index).unwrap_or_default();
        let column = |index: usize| batch.column(position(index));
        let mistyped = |index: usize| {
            let field = schema.field(position(index));
            (field.name().clone(), field.data_type().to_string())
        };
        let numbers = |index: usize| nums(column(index)).ok_or_else(|| mistyped(index));
        let text = |index: Option<usize>| match index {
            Some(index) => column(index).as_string_opt::<i32>().ok_or_else(|| mistyped(index)).map(Some),
            None => Ok(None),
        };
        let [open, high, low, close] = columns.ohlc;
        let clock = columns.time_of_day.map(&column);
        Ok(Batch {
            at: instants(column(columns.time), clock).ok_or_else(|| mistyped(columns.time))?,
            code: text(columns.code)?,
            ohlc: [numbers(open)?, numbers(high)?, numbers(low)?, numbers(close)?],
            volume: numbers(columns.volume)?,
            change: columns.change.map_or(Ok(Vec::new()), numbers)?,
            // A name or market of another type is not worth refusing the file for.
            name: text(columns.name).unwrap_or_default(),
            market: text(columns.market).unwrap_or_default(),
        })
    }

    fn record(&self, row: usize, line: u64) -> Record<'_> {
        let num = |cells: &Vec<Num>| cells.get(row).copied().unwrap_or(Num::Empty);
        let [open, high, low, close] = &self.ohlc;
        Record {
            line,
            at: self.at.get(row).copied().flatten(),
            code: self.code.map(|codes| text_at(codes, row).unwrap_or_default().as_bytes()),
            ohlc: [num(open), num(high), num(low), num(close)],
            volume: num(&self.volume),
            change: num(&self.change),
            name: self.name.and_then(|names| text_at(names, row)),
            market: self.market.and_then(|markets| text_at(markets, row)),
        }
    }
}

fn text_at(texts: &StringArray, row: usize) -> Option<&str> {
    (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row))
}

fn convert<T, U>(array: &ArrayRef, of: impl Fn(Option<T::Native>) -> U) -> Option<Vec<U>>
where
    T: ArrowPrimitiveType,
{
    array.as_primitive_opt::<T>().map(|cells| cells.iter().map(of).collect())
}

/// A whole column as numbers; `None` when the type holds none.
fn nums(array: &ArrayRef) -> Option<Vec<Num>> {
    fn int<N: TryInto<i64>>(cell: Option<N>) -> Num {
        cell.map_or(Num::Empty, |v| v.try_into().map_or(Num::Float(f64::INFINITY), Num::Int))
    }
    fn float<N: Into<f64>>(cell: Option<N>) -> Num {
        cell.map_or(Num::Empty, |v| match v.into() {
            v if v.is_nan() => Num::Empty,
            v => Num::Float(v),
        })
    }
    match array.data_type() {
        DataType::Int8 => convert::<Int8Type, _>(array, int),
        DataType::Int16 => convert::<Int16Type, _>(array, int),
        DataType::Int32 => convert::<Int32Type, _>(array, int),
        DataType::Int64 => convert::<Int64Type, _>(array, int),
        DataType::UInt8 => convert::<UInt8Type, _>(array, int),
        DataType::UInt16 => convert::<UInt16Type, _>(array, int),
        DataType::UInt32 => convert::<UInt32Type, _>(array, int),
        DataType::UInt64 => convert::<UInt64Type, _>(array, int),
        DataType::Float32 => convert::<Float32Type, _>(array, float),
        DataType::Float64 => convert::<Float64Type, _>(array, float),
        DataType::Decimal128(_, scale) => {
            let unit = 10f64.powi(i32::from(*scale));
            convert::<Decimal128Type, _>(array, |cell| cell.map_or(Num::Empty, |v| Num::Float(v as f64 / unit)))
        }
        DataType::Utf8 => {
            let texts = array.as_string_opt::<i32>()?;
            Some(texts.iter().map(|cell| cell.map_or(Num::Empty, |t| Num::parse(t.as_bytes()))).collect())
        }
        _ => None,
    }
}

/// A whole column as instants; `None` when the type holds none.
fn instants(array: &ArrayRef, clock: Option<&ArrayRef>) -> Option<Vec<Option<Timestamp>>> {
    match array.data_type() {
        DataType::Date32 if clock.is_none() => {
            convert::<Date32Type, _>(array, |cell| midnight(TradingDay::from_epoch_days(cell?)))
        }
        DataType::Timestamp(unit, zone) => {
            let utc = zone.is_some();
            let at = |per_s: i64| move |cell: Option<i64>| from_epoch(cell?, per_s, utc);
            match unit {
                TimeUnit::Second => convert::<TimestampSecondType, _>(array, at(1)),
                TimeUnit::Millisecond => convert::<TimestampMillisecondType, _>(array, at(1_000)),
                TimeUnit::Microsecond => convert::<TimestampMicrosecondType, _>(array, at(1_000_000)),
                TimeUnit::Nanosecond => convert::<TimestampNanosecondType, _>(array, at(1_000_000_000)),
            }
        }
        _ => {
            let clocks = clock.map(|clock| texts(clock, 6));
            let days = texts(array, 0)?;
            let clocks = match clocks {
                Some(clocks) => Some(clocks?),
                None => None,
            };
            let mut last = LastInstant::default();
            let read = |(row, day): (usize, String)| {
                let clock = clocks.as_ref().and_then(|c| c.get(row));
                last.read(day.as_bytes(), clock.map(String::as_bytes))
            };
            Some(days.into_iter().enumerate().map(read).collect())
        }
    }
}

/// Text or whole numbers as text, padded with zeros to `width`: `90000` is nine o'clock.
fn texts(array: &ArrayRef, width: usize) -> Option<Vec<String>> {
    let number = |cell: Option<i64>| cell.map(|v| format!("{v:0width$}")).unwrap_or_default();
    match array.data_type() {
        DataType::Utf8 => {
            let cells = array.as_string_opt::<i32>()?;
            Some(cells.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
        }
        DataType::Int64 => convert::<Int64Type, _>(array, number),
        DataType::Int32 => convert::<Int32Type, _>(array, |cell| number(cell.map(i64::from))),
        _ => None,
    }
}
