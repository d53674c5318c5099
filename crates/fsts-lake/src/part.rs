//! Records of one file, or of one piece of it, turned into bars.

use std::collections::HashMap;

use fsts_domain::{Bar, Market, NS_PER_S, Price, Symbol, Timestamp};

use crate::cell::Num;
use crate::columns::Columns;
use crate::load::LoadOptions;
use crate::price_kind::GridCheck;
use crate::report::{REFUSED_KEPT_MAX, RefusalReason};

const PRICE_MAX: i64 = 1_000_000_000_000;

/// One record as the file has it.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub line: u64,
    pub at: Option<Timestamp>,
    pub code: Option<&'a [u8]>,
    pub ohlc: [Num; 4],
    pub volume: Num,
    pub change: Num,
    pub name: Option<&'a str>,
    pub market: Option<&'a str>,
}

/// A bar with its line; the symbol is an index into [`Part::symbols`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartRow {
    pub at: i64,
    pub symbol: u32,
    pub line: u32,
    pub bar: Bar,
}

/// What a part says about a symbol; name and market are those of the latest row.
#[derive(Debug)]
pub(crate) struct Seen {
    pub symbol: Symbol,
    pub wanted: bool,
    pub has_rows: bool,
    pub name: String,
    pub market: Option<String>,
    pub latest: i64,
}

/// Everything read from a part.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub symbols: Vec<Seen>,
    pub rows: Vec<PartRow>,
    /// Parallel to `rows`, or empty when the file has no change in won.
    pub base: Vec<i64>,
    /// The file gives the change in won, which only the exchange's own full-market tables do.
    pub has_change: bool,
    pub rows_read: u64,
    pub not_selected: u64,
    pub halts: u64,
    pub widened: u64,
    pub rounded: u64,
    pub refused_count: u64,
    pub refused: Vec<(u64, RefusalReason)>,
    pub clock: Clock,
    pub grid: GridCheck,
}

/// The clock times of all rows, from which the interval is read.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Clock {
    first: Option<(i64, i32)>,
    pub same_time: bool,
    pub several_days: bool,
    /// Greatest common divisor of the seconds of the day; 0 when all are midnight.
    pub step_s: i64,
    /// Some time has a fraction of a second.
    pub below_second: bool,
}

impl Clock {
    /// Takes one more instant in.
    pub fn note(&mut self, at: Timestamp) {
        let (second, day) = (at.kst_second(), at.kst_day().epoch_days());
        match self.first {
            None => (self.first, self.same_time) = (Some((second, day)), true),
            Some((first_second, first_day)) => {
                self.same_time &= first_second == second;
                self.several_days |= first_day != day;
            }
        }
        self.below_second |= at.ns() % NS_PER_S != 0;
        if self.step_s != 60 || second % 60 != 0 {
            self.step_s = gcd(self.step_s, second);
        }
    }

    /// Both clocks as one.
    pub fn with(self, other: Clock) -> Clock {
        match (self.first, other.first) {
            (None, _) => other,
            (_, None) => self,
            (Some(a), Some(b)) => Clock {
                first: Some(a),
                same_time: self.same_time && other.same_time && a.0 == b.0,
                several_days: self.several_days || other.several_days || a.1 != b.1,
                step_s: gcd(self.step_s, other.step_s),
                below_second: self.below_second || other.below_second,
            },
        }
    }

    /// No instant was read.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Daily bars all have one clock time: none, or the close.
    pub fn is_daily(&self) -> bool {
        self.same_time && (self.step_s == 0 || self.several_days)
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Builds a [`Part`] record by record.
pub(crate) struct PartBuilder<'o> {
    options: &'o LoadOptions,
    wanted: Option<std::collections::HashSet<Symbol>>,
    file_symbol: Option<Symbol>,
    by_code: HashMap<Symbol, u32>,
    /// Files are often grouped by symbol, so the last code is likely the next.
    last_code: Vec<u8>,
    last_index: u32,
    part: Part,
}

impl<'o> PartBuilder<'o> {
    /// `file_symbol` names the symbol of a file without a code column.
    pub fn new(options: &'o LoadOptions, file_symbol: Option<Symbol>, columns: &Columns) -> Self {
        PartBuilder {
            options,
            wanted: options.symbols.as_ref().map(|symbols| symbols.iter().copied().collect()),
            file_symbol,
            by_code: HashMap::new(),
            last_code: Vec::new(),
            last_index: 0,
            part: Part { has_change: columns.change.is_some(), ..Part::default() },
        }
    }

    /// Takes a record: it becomes a bar, a halt, or a refusal.
    pub fn push(&mut self, record: &Record<'_>) {
        self.part.rows_read += 1;
        if let Err(reason) = self.take(record) {
            self.refuse_counted(record.line, reason);
        }
    }

    /// Refuses a line that is not even a record.
    pub fn refuse(&mut self, line: u64, reason: RefusalReason) {
        self.part.rows_read += 1;
        self.refuse_counted(line, reason);
    }

    /// What was built.
    pub fn finish(mut self) -> Part {
        if !self.part.base.is_empty() {
            self.part.base.resize(self.part.rows.len(), 0);
        }
        self.part
    }

    fn refuse_counted(&mut self, line: u64, reason: RefusalReason) {
        self.part.refused_count += 1;
        if self.part.refused.len() < REFUSED_KEPT_MAX {
            self.part.refused.push((line, reason));
        }
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), RefusalReason> {
        let at = record.at.ok_or(RefusalReason::Time)?;
        self.part.clock.note(at);
        let symbol = self.symbol(record.code)?;
        let day = at.kst_day();
        let in_days = self.options.from.is_none_or(|from| from <= day) && self.options.to.is_none_or(|to| day <= to);
        let selected = in_days && self.seen(symbol).is_some_and(|seen| seen.wanted);
        let outcome = read_bar(record);
        if let Ok(Reading::Traded { bar, fraction, .. }) = &outcome {
            self.part.grid.note(at, bar, *fraction, market(record.market, self.seen(symbol).map(|s| s.symbol)));
        }
        if !selected {
            self.part.not_selected += 1;
            return Ok(());
        }
        match outcome? {
            Reading::Halt => self.part.halts += 1,
            Reading::Traded { bar, fraction, widened } => {
                self.part.rounded += u64::from(fraction);
                self.part.widened += u64::from(widened);
                self.describe(symbol, at, record);
                if let Some((change, _)) = record.change.whole() {
                    self.part.base.resize(self.part.rows.len(), 0);
                    self.part.base.push((bar.close.get() - change).max(0));
                }
                let line = u32::try_from(record.line).unwrap_or(u32::MAX);
                self.part.rows.push(PartRow { at: at.ns(), symbol, line, bar });
            }
        }
        Ok(())
    }

    fn seen(&self, index: u32) -> Option<&Seen> {
        self.part.symbols.get(index as usize)
    }

    fn symbol(&mut self, code: Option<&[u8]>) -> Result<u32, RefusalReason> {
        let symbol = match (code, self.file_symbol) {
            (Some(code), _) => {
                let code = code.trim_ascii();
                if !self.last_code.is_empty() && code == self.last_code {
                    return Ok(self.last_index);
                }
                Symbol::from_bytes(code).map_err(|_| RefusalReason::Code {
                    text: String::from_utf8_lossy(code).chars().take(20).collect(),
                })?
            }
            (None, Some(symbol)) => symbol,
            (None, None) => return Err(RefusalReason::Empty { column: "code" }),
        };
        let next = self.part.symbols.len() as u32;
        let index = *self.by_code.entry(symbol).or_insert(next);
        if index == next {
            let wanted = self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&symbol));
            let (name, market) = (String::new(), None);
            self.part.symbols.push(Seen { symbol, wanted, has_rows: false, name, market, latest: i64::MIN });
        }
        self.last_code.clear();
        self.last_code.extend_from_slice(symbol.as_str().as_bytes());
        self.last_index = index;
        Ok(index)
    }

    fn describe(&mut self, symbol: u32, at: Timestamp, record: &Record<'_>) {
        let Some(seen) = self.part.symbols.get_mut(symbol as usize) else {
            return;
        };
        seen.has_rows = true;
        if at.ns() < seen.latest {
            return;
        }
        seen.latest = at.ns();
        if let Some(name) = record.name.filter(|name| *name != seen.name) {
            name.clone_into(&mut seen.name);
        }
        if record.market.is_some() && record.market != seen.market.as_deref() {
            seen.market = record.market.map(str::to_owned);
        }
    }
}

enum Reading {
    Halt,
    Traded { bar: Bar, fraction: bool, widened: bool },
}

fn read_bar(record: &Record<'_>) -> Result<Reading, RefusalReason> {
    let (volume, _) = whole(record.volume, "volume")?;
    let [open, high, low, close] = record.ohlc;
    if volume == 0 || matches!(open, Num::Int(0)) || open == Num::Float(0.0) {
        return Ok(Reading::Halt);
    }
    if volume < 0 {
        return Err(RefusalReason::OutOfRange { column: "volume" });
    }
    let mut fraction = false;
    let mut price = |cell: Num, column: &'static str| -> Result<Price, RefusalReason> {
        let (won, rounded) = whole(cell, column)?;
        fraction |= rounded;
        let price = Price::new(won).ok().filter(|price| price.get() <= PRICE_MAX);
        price.ok_or(RefusalReason::OutOfRange { column })
    };
    let (open, high) = (price(open, "open")?, price(high, "high")?);
    let (low, close) = (price(low, "low")?, price(close, "close")?);
    let bar = Bar::enclosing(open, high, low, close, volume);
    Ok(Reading::Traded { bar, fraction, widened: (bar.high, bar.low) != (high, low) })
}

fn whole(num: Num, column: &'static str) -> Result<(i64, bool), RefusalReason> {
    num.whole().ok_or(match num {
        Num::Empty => RefusalReason::Empty { column },
        Num::Bad => RefusalReason::NotANumber { column },
        Num::Int(_) | Num::Float(_) => RefusalReason::OutOfRange { column },
    })
}

/// The market section of a cell; `None` when it isn't known. An ETN tells itself by its code.
pub(crate) fn market(cell: Option<&str>, symbol: Option<Symbol>) -> Option<Market> {
    match cell.map(str::trim) {
        Some("KOSPI" | "코스피" | "유가증권") => Some(Market::Kospi),
        Some("KOSDAQ" | "KOSDAQ GLOBAL" | "코스닥" | "코스닥 글로벌") => Some(Market::Kosdaq),
        Some("KONEX" | "코넥스") => Some(Market::Konex),
        Some("ETF") => Some(Market::Etf),
        Some("ETN") => Some(Market::Etn),
        Some("ELW") => Some(Market::Elw),
        _ if symbol.is_some_and(|s| s.as_str().len() == 7) => Some(Market::Etn),
        _ => None,
    }
}
