//! Bars from a CSV file, plain or gzipped.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;
use fsts_domain::{Symbol, Timestamp};

use crate::cell::{Num, parse_instant, parse_time_of_day};
use crate::columns::Columns;
use crate::load::{LoadOptions, Source};
use crate::part::{Part, PartBuilder, Record};
use crate::{LoadError, RefusalReason};

/// Reads a whole file.
pub(crate) fn read(source: &Source, options: &LoadOptions) -> Result<(Part, bool), LoadError> {
    let bytes = open(&source.path).map_err(|e| LoadError::Open { file: source.name.clone(), source: e })?;
    let unreadable = |e: csv::Error| LoadError::Unreadable { file: source.name.clone(), reason: e.to_string() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 17).from_reader(bytes);
    let header: Vec<String> =
        reader.byte_headers().map_err(unreadable)?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect();
    let columns = Columns::find(&source.name, &header, &options.columns)?;
    let symbol = source.file_symbol(&columns)?;
    let part = read_records(reader, &columns, PartBuilder::new(options, symbol, &columns)).map_err(unreadable)?;
    Ok((part, columns.broker_marks))
}

fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(1 << 17, File::open(path)?);
    let zipped = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    Ok(if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn read_records<R: Read>(
    mut reader: csv::Reader<R>,
    columns: &Columns,
    mut builder: PartBuilder<'_>,
) -> Result<Part, csv::Error> {
    let mut cells = ByteRecord::new();
    let mut clock = LastInstant::default();
    while reader.read_byte_record(&mut cells)? {
        let line = cells.position().map_or(0, csv::Position::line);
        match record(&cells, columns, line, &mut clock) {
            Some(record) => builder.push(&record),
            None => builder.refuse(line, RefusalReason::Malformed),
        }
    }
    Ok(builder.finish())
}

fn record<'a>(cells: &'a ByteRecord, columns: &Columns, line: u64, clock: &mut LastInstant) -> Option<Record<'a>> {
    let [open, high, low, close] = columns.ohlc;
    let optional = |index: Option<usize>| index.and_then(|i| cells.get(i));
    let text = |index: Option<usize>| optional(index).and_then(|b| std::str::from_utf8(b).ok()).map(str::trim);
    let price = |index: usize| cells.get(index).map(Num::parse);
    let time_of_day = optional(columns.time_of_day);
    let code = match columns.code {
        Some(index) => Some(cells.get(index)?),
        None => None,
    };
    Some(Record {
        line,
        at: clock.read(cells.get(columns.time)?, time_of_day),
        code,
        ohlc: [price(open)?, price(high)?, price(low)?, price(close)?],
        volume: price(columns.volume)?,
        change: optional(columns.change).map_or(Num::Empty, Num::parse),
        name: text(columns.name),
        market: text(columns.market),
    })
}

/// The last time cell and its instant: full-market files repeat it for thousands of rows.
#[derive(Default)]
pub(crate) struct LastInstant {
    text: Vec<u8>,
    at: Option<Timestamp>,
}

impl LastInstant {
    /// The instant of a date or date-time cell, with the clock time of another cell where the file has one.
    pub fn read(&mut self, text: &[u8], time_of_day: Option<&[u8]>) -> Option<Timestamp> {
        if self.at.is_none() || self.text != text {
            self.at = parse_instant(text);
            self.text.clear();
            self.text.extend_from_slice(text);
        }
        match time_of_day {
            Some(clock) => Some(self.at?.plus_ns(parse_time_of_day(clock)?)),
            None => self.at,
        }
    }
}

/// The code that a file is named by: `005930.csv`, `069500_D.csv.gz`.
pub(crate) fn symbol_of_name(path: &Path) -> Option<Symbol> {
    let name = path.file_name()?.to_str()?;
    name.split(['.', '_']).next()?.parse().ok()
}
