//! Rows of a partition in memory, and what is said about an instrument beside its numbers.

use std::collections::HashMap;

use fsts_domain::{Bar, Market, Symbol, Timestamp, TradingDay};

use crate::{DataSet, Interval};

/// Place of a bar in its series: days since 1970 for daily bars, UTC nanoseconds for minutes.
pub(crate) type Slot = i64;

/// The day of a slot.
pub(super) fn day_of(interval: Interval, slot: Slot) -> TradingDay {
    match interval {
        Interval::Day => TradingDay::from_epoch_days(slot as i32),
        Interval::Minute => Timestamp::from_ns(slot).kst_day(),
    }
}

/// The first slot of a day.
pub(super) fn slot_of(interval: Interval, day: TradingDay) -> Slot {
    match interval {
        Interval::Day => i64::from(day.epoch_days()),
        Interval::Minute => Timestamp::from_kst(day, 0).ns(),
    }
}

/// What a source says about an instrument.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct About {
    pub name: String,
    pub market: Market,
    pub source: String,
}

/// One bar with the index of what is said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LakeRow {
    pub symbol: Symbol,
    pub slot: Slot,
    pub bar: Bar,
    /// The exchange's base price, won; 0 where unknown.
    pub base: i64,
    pub about: u32,
}

impl LakeRow {
    pub fn key(&self) -> (Symbol, Slot) {
        (self.symbol, self.slot)
    }

    /// The same prices.
    pub fn says_the_same(&self, other: &LakeRow) -> bool {
        self.bar == other.bar && (self.base == other.base || other.base == 0)
    }
}

/// Rows with the sayings that they index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub abouts: Vec<About>,
    index: HashMap<About, u32>,
    /// By symbol and slot.
    pub rows: Vec<LakeRow>,
}

impl Rows {
    /// The index of a saying.
    pub fn about(&mut self, about: About) -> u32 {
        let next = self.abouts.len() as u32;
        let index = *self.index.entry(about.clone()).or_insert(next);
        if index == next {
            self.abouts.push(about);
        }
        index
    }

    /// Takes a row of other rows in.
    pub fn adopt(&mut self, row: &LakeRow, abouts: &[About]) {
        let about = abouts.get(row.about as usize).cloned();
        let about = about.map_or(u32::MAX, |about| self.about(about));
        self.rows.push(LakeRow { about, ..*row });
    }

    /// The rows without those of some symbols (in order), and how many went.
    pub fn without(&self, symbols: &[Symbol]) -> (Rows, u64) {
        let mut rest = self.clone();
        rest.rows.retain(|row| symbols.binary_search(&row.symbol).is_err());
        let gone = self.rows.len() - rest.rows.len();
        (rest, gone as u64)
    }

    /// The rows of a data set, by symbol and slot.
    pub fn of(data: &DataSet, source: &str) -> Rows {
        let mut rows = Rows::default();
        let abouts: Vec<u32> = data
            .symbols
            .iter()
            .map(|i| rows.about(About { name: i.name.clone(), market: i.market, source: source.to_owned() }))
            .collect();
        rows.rows.reserve(data.rows.len());
        for (index, row) in data.rows.iter().enumerate() {
            let symbol = row.symbol as usize;
            let (Some(instrument), Some(about)) = (data.symbols.get(symbol), abouts.get(symbol)) else { continue };
            let slot = match data.interval {
                Interval::Day => i64::from(row.day().epoch_days()),
                Interval::Minute => row.at,
            };
            let base = data.base_prices.get(index).copied().unwrap_or_default();
            rows.rows.push(LakeRow { symbol: instrument.symbol, slot, bar: row.bar, base, about: *about });
        }
        rows.rows.sort_by_key(LakeRow::key);
        rows
    }
}
