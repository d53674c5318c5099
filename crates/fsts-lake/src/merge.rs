//! The parts of all files as one sorted data set without duplicates.

use std::collections::{BTreeMap, BTreeSet};

use fsts_domain::{Market, Symbol, Timestamp, TradingDay};
use fsts_krx::{Instrument, SessionCalendar};

use crate::part::{Part, PartRow, Seen, market};
use crate::report::REFUSED_KEPT_MAX;
use crate::{DataSet, Interval, LoadError, LoadReport, Note, Place, PriceKind, Refused, Row};

const CLOSE_S: i64 = 15 * 3600 + 30 * 60;

/// A part and where it is from.
pub(crate) struct FilePart {
    pub file: String,
    pub part: Part,
    pub broker_marks: bool,
}

/// Joins the parts; the hash is left to the caller.
pub(crate) fn merge(
    mut parts: Vec<FilePart>,
    interval: Interval,
    price_kind: PriceKind,
    path: &str,
) -> Result<DataSet, LoadError> {
    let mut report = report_of(&mut parts);
    let symbols = instruments(&parts, &mut report.notes);
    let joined = Joined::new(parts, &symbols, interval);
    if joined.rows.is_empty() {
        return Err(LoadError::Empty {
            path: path.to_owned(),
            rows_read: report.rows_read,
            rows_refused: report.rows_refused,
            halts_dropped: report.halts_dropped,
            rows_not_selected: report.rows_not_selected,
        });
    }
    let order = joined.order()?;
    if let Some((first, second)) = order.iter().zip(order.iter().skip(1)).find(|(a, b)| (a.0, a.1) == (b.0, b.1)) {
        let symbol = symbols.get(first.1 as usize).map(|i| i.symbol);
        return Err(LoadError::Duplicate {
            symbol: symbol.expect("invariant: rows index the symbol table"),
            at: Timestamp::from_ns(first.0),
            first: joined.place(first.2),
            second: joined.place(second.2),
        });
    }
    let (rows, base_prices) = joined.sorted(&order);
    Ok(DataSet { symbols, rows, interval, price_kind, hash: [0; 32], report, base_prices })
}

fn report_of(parts: &mut [FilePart]) -> LoadReport {
    let mut report = LoadReport::default();
    for FilePart { file, part, .. } in parts {
        if report.files.last() != Some(file) {
            report.files.push(file.clone());
        }
        report.rows_read += part.rows_read;
        report.rows_not_selected += part.not_selected;
        report.halts_dropped += part.halts;
        report.rows_widened += part.widened;
        report.rows_rounded += part.rounded;
        report.rows_refused += part.refused_count;
        let room = REFUSED_KEPT_MAX.saturating_sub(report.refused.len());
        let refused = std::mem::take(&mut part.refused).into_iter().take(room);
        report.refused.extend(refused.map(|(line, reason)| Refused { file: file.clone(), line, reason }));
    }
    report
}

/// The instruments with rows, by code; name and market are those of the latest row.
fn instruments(parts: &[FilePart], notes: &mut Vec<Note>) -> Vec<Instrument> {
    let mut latest: BTreeMap<Symbol, &Seen> = BTreeMap::new();
    for seen in parts.iter().flat_map(|p| &p.part.symbols).filter(|seen| seen.has_rows) {
        let known = latest.entry(seen.symbol).or_insert(seen);
        if known.latest < seen.latest {
            *known = seen;
        }
    }
    let mut assumed = 0;
    let mut unknown = BTreeSet::new();
    let mut instrument = |seen: &Seen| {
        let known = market(seen.market.as_deref(), Some(seen.symbol));
        if known.is_none() {
            match seen.market.as_deref().filter(|text| !text.is_empty()) {
                Some(text) => _ = unknown.insert(text.to_owned()),
                None => assumed += 1,
            }
        }
        Instrument { symbol: seen.symbol, name: seen.name.clone(), market: known.unwrap_or(Market::Kospi) }
    };
    let instruments = latest.values().map(|seen| instrument(seen)).collect();
    if assumed > 0 {
        notes.push(Note::MarketAssumed { symbols: assumed });
    }
    notes.extend(unknown.into_iter().map(|text| Note::MarketUnknown { text }));
    instruments
}

/// Sort key of a row: instant, symbol, index into the joined rows.
type Key = (i64, u32, u32);

/// All rows one file after another, with symbols counted over all files.
struct Joined {
    rows: Vec<PartRow>,
    /// Parallel to `rows`, or empty.
    base: Vec<i64>,
    /// The index behind each part's last row, and its file.
    ends: Vec<(usize, String)>,
}

impl Joined {
    fn new(parts: Vec<FilePart>, symbols: &[Instrument], interval: Interval) -> Self {
        let count = parts.iter().map(|p| p.part.rows.len()).sum();
        let has_base = parts.iter().any(|p| !p.part.base.is_empty());
        let mut joined = Joined { rows: Vec::with_capacity(count), base: Vec::new(), ends: Vec::new() };
        let mut closes = Closes::new();
        for FilePart { file, part, .. } in parts {
            let rank =
                |seen: &Seen| symbols.binary_search_by_key(&seen.symbol, |i| i.symbol).unwrap_or_default() as u32;
            let ranks: Vec<u32> = part.symbols.iter().map(rank).collect();
            joined.rows.extend(part.rows.into_iter().map(|row| PartRow {
                at: match interval {
                    Interval::Day => closes.of(row.at),
                    Interval::Minute => row.at,
                },
                symbol: ranks.get(row.symbol as usize).copied().unwrap_or_default(),
                ..row
            }));
            if has_base {
                joined.base.extend(part.base);
                joined.base.resize(joined.rows.len(), 0);
            }
            joined.ends.push((joined.rows.len(), file));
        }
        joined
    }

    fn order(&self) -> Result<Vec<Key>, LoadError> {
        if self.rows.len() > u32::MAX as usize {
            return Err(LoadError::TooManyRows { max: u64::from(u32::MAX) });
        }
        let keys = self.rows.iter().enumerate().map(|(index, row)| (row.at, row.symbol, index as u32));
        let mut order: Vec<Key> = keys.collect();
        if !order.is_sorted() {
            order.sort_unstable();
        }
        Ok(order)
    }

    fn sorted(&self, order: &[Key]) -> (Vec<Row>, Vec<i64>) {
        let indices = order.iter().map(|key| key.2 as usize);
        let pick = |index: usize| self.rows.get(index).map(|r| Row { at: r.at, symbol: r.symbol, bar: r.bar });
        let rows = indices.clone().filter_map(pick).collect();
        let base = indices.filter_map(|index| self.base.get(index).copied()).collect();
        (rows, base)
    }

    fn place(&self, index: u32) -> Place {
        let index = index as usize;
        let part = self.ends.partition_point(|(end, _)| *end <= index);
        let file = self.ends.get(part).map(|(_, file)| file.clone()).unwrap_or_default();
        Place { file, line: self.rows.get(index).map_or(0, |row| u64::from(row.line)) }
    }
}

/// The regular close of days, asked from the calendar once a day.
pub(crate) struct Closes {
    calendar: SessionCalendar,
    known: BTreeMap<TradingDay, i64>,
    last: (TradingDay, i64),
}

impl Closes {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Closes { calendar: SessionCalendar::krx(), known: BTreeMap::new(), last: (TradingDay::default(), 0) }
    }

    /// The close of the day of an instant.
    pub fn of(&mut self, at: i64) -> i64 {
        let day = Timestamp::from_ns(at).kst_day();
        if self.last.0 != day || self.last.1 == 0 {
            let calendar = &self.calendar;
            let close = self.known.entry(day).or_insert_with(|| {
                // Rows on days the calendar calls closed (old Saturdays, foreign data) still need an instant.
                calendar.regular_close(day).unwrap_or(Timestamp::from_kst(day, CLOSE_S)).ns()
            });
            self.last = (day, *close);
        }
        self.last.1
    }
}
