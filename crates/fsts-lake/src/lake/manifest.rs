//! The list of what counts: every partition's file and every series.

use std::collections::BTreeMap;

use fsts_domain::{Market, Symbol, TradingDay};
use serde::{Deserialize, Serialize};

use super::LakeError;
use crate::{Interval, PriceKind};

const FORMAT: u32 = 1;
/// Names of sources that a series remembers.
const SOURCES_MAX: usize = 8;

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Days {
    /// First day.
    pub from: TradingDay,
    /// Last day.
    pub to: TradingDay,
}

impl Days {
    /// True when the day is one of them.
    pub fn contains(&self, day: TradingDay) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

/// The bars of one symbol, interval and price kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Length of the bars.
    pub interval: Interval,
    /// Their prices.
    pub price_kind: PriceKind,
    /// The instrument.
    pub symbol: Symbol,
    /// Its name of late; empty when no source had one.
    pub name: String,
    /// Its market of late.
    pub market: Market,
    /// Day of the first bar; `None` when the source was asked and had none.
    pub first: Option<TradingDay>,
    /// Day of the last bar.
    pub last: Option<TradingDay>,
    /// Bars.
    pub rows: u64,
    /// Days with a bar.
    pub days: u64,
    /// Where they are from, at most eight names.
    pub sources: Vec<String>,
    /// Days that a source answered completely: a day without a bar in here is a day without trading.
    pub covered: Vec<Days>,
}

impl Series {
    /// A series without anything.
    pub(super) fn new(interval: Interval, price_kind: PriceKind, symbol: Symbol) -> Series {
        Series {
            interval,
            price_kind,
            symbol,
            name: String::new(),
            market: Market::Kospi,
            first: None,
            last: None,
            rows: 0,
            days: 0,
            sources: Vec::new(),
            covered: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> (&'static str, &'static str, Symbol) {
        (self.interval.as_str(), self.price_kind.as_str(), self.symbol)
    }

    /// Remembers a source.
    pub(super) fn note_source(&mut self, source: &str) {
        if !source.is_empty() && self.sources.len() < SOURCES_MAX && !self.sources.iter().any(|s| s == source) {
            self.sources.push(source.to_owned());
            self.sources.sort();
        }
    }

    /// Remembers that days were answered; neighbours and overlaps become one.
    pub(super) fn cover(&mut self, days: Days) {
        self.covered.push(days);
        self.covered.sort();
        let mut joined: Vec<Days> = Vec::with_capacity(self.covered.len());
        for next in self.covered.drain(..) {
            match joined.last_mut() {
                Some(last) if next.from <= last.to.plus_days(1) => last.to = last.to.max(next.to),
                Some(_) | None => joined.push(next),
            }
        }
        self.covered = joined;
    }

    /// True when the source answered for every day of a span.
    pub fn covers(&self, days: Days) -> bool {
        self.covered.iter().any(|known| known.from <= days.from && days.to <= known.to)
    }
}

/// A partition's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Name below the lake.
    pub object: String,
    /// Its rows.
    pub rows: u64,
}

/// A file that an earlier manifest named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Superseded {
    /// The generation that no longer names it.
    pub since: u64,
    pub object: String,
}

/// Everything that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u32,
    pub generation: u64,
    /// By folder.
    pub parts: BTreeMap<String, Part>,
    /// By interval, price kind and symbol.
    pub series: Vec<Series>,
    /// Kept for readers of earlier manifests, then removed.
    pub superseded: Vec<Superseded>,
}

impl Default for Manifest {
    fn default() -> Self {
        Manifest { format: FORMAT, generation: 0, parts: BTreeMap::new(), series: Vec::new(), superseded: Vec::new() }
    }
}

impl Manifest {
    pub fn parse(bytes: &[u8], object: &str) -> Result<Manifest, LakeError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let damaged = |e: serde_json::Error| LakeError::Damaged { object: object.to_owned(), reason: e.to_string() };
        let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
        if head.format > FORMAT {
            return Err(LakeError::Newer { format: head.format });
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("invariant: keys are texts and no part fails")
    }

    /// The place of a series in the list, or where it belongs.
    pub fn find(&self, series: &Series) -> Result<usize, usize> {
        self.series.binary_search_by_key(&series.key(), Series::key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covered_days_that_touch_become_one_span() {
        let mut series = Series::new(Interval::Day, PriceKind::Traded, "005930".parse().unwrap());
        let days = |from: i32, to: i32| {
            let day = TradingDay::from_epoch_days;
            Days { from: day(from), to: day(to) }
        };
        for (from, to) in [(10, 12), (20, 25), (13, 14), (24, 30), (16, 16)] {
            series.cover(days(from, to));
        }
        assert_eq!(series.covered, [days(10, 14), days(16, 16), days(20, 30)]);
        assert!(series.covers(days(11, 14)) && !series.covers(days(14, 16)));
    }

    #[test]
    fn a_manifest_of_a_newer_program_is_refused_by_its_format() {
        let refused = Manifest::parse(br#"{"format": 2, "unknown": 1}"#, "m").unwrap_err();
        assert!(matches!(refused, LakeError::Newer { format: 2 }), "{refused}");
        assert!(matches!(Manifest::parse(b"{", "m").unwrap_err(), LakeError::Damaged { .. }));
    }
}
