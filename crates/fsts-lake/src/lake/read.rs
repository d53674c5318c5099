//! Bars out of the lake: the same data set that a load of the imported files gives.

use std::collections::BTreeMap;

use fsts_domain::{Symbol, TradingDay};
use fsts_krx::Instrument;

use super::manifest::{Manifest, Series};
use super::partition::Wanted;
use super::rows::{Rows, slot_of};
use super::{Lake, LakeError, READS_MAX, partition_of};
use crate::merge::Closes;
use crate::{DataSet, Interval, KindReason, LoadError, LoadReport, Note, PriceKind, Row};

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeQuery {
    /// Length of the bars.
    pub interval: Interval,
    /// Kind of prices; without it the one that has all the symbols, traded before adjusted.
    pub price_kind: Option<PriceKind>,
    /// Only these; `None` is all.
    pub symbols: Option<Vec<Symbol>>,
    /// The first day, inclusive.
    pub from: Option<TradingDay>,
    /// The last day, inclusive.
    pub to: Option<TradingDay>,
}

impl LakeQuery {
    /// All bars of a length.
    pub fn all(interval: Interval) -> LakeQuery {
        LakeQuery { interval, price_kind: None, symbols: None, from: None, to: None }
    }
}

impl Lake {
    /// The bars of a query.
    ///
    /// # Errors
    /// [`LakeError::Rows`] when a symbol is not in the lake or nothing is left; otherwise as the place and its files behave.
    pub async fn read(&self, query: &LakeQuery) -> Result<DataSet, LakeError> {
        for _ in 0..READS_MAX {
            let manifest = self.manifest().await?;
            let (kind, symbols) = self.chosen(&manifest, query)?;
            if let Some(parts) = self.parts(&manifest, query, (kind, &symbols)).await? {
                return self.data_set(parts, query, kind);
            }
        }
        Err(LakeError::Contended)
    }

    /// True when the lake has bars of all these symbols, or of any where none are named.
    ///
    /// # Errors
    /// As [`Lake::catalog`].
    pub async fn has(&self, query: &LakeQuery) -> Result<bool, LakeError> {
        let manifest = self.manifest().await?;
        Ok(self.chosen(&manifest, query).is_ok_and(|(_, symbols)| !symbols.is_empty()))
    }

    /// The price kind of a query, and the stored symbols that it names, in order.
    pub(super) fn chosen(&self, manifest: &Manifest, query: &LakeQuery) -> Result<(PriceKind, Vec<Symbol>), LakeError> {
        let held = |kind: PriceKind| -> Vec<Symbol> {
            let of_kind = |s: &&Series| s.interval == query.interval && s.price_kind == kind && s.rows > 0;
            let wanted = |s: &Symbol| query.symbols.as_ref().is_none_or(|list| list.contains(s));
            manifest.series.iter().filter(of_kind).map(|s| s.symbol).filter(wanted).collect()
        };
        let (kind, symbols) = match query.price_kind {
            Some(kind) => (kind, held(kind)),
            None => {
                let (traded, adjusted) = (held(PriceKind::Traded), held(PriceKind::Adjusted));
                let traded_has_all = query.symbols.is_none() && !traded.is_empty();
                if traded_has_all || (query.symbols.is_some() && traded.len() >= adjusted.len()) {
                    (PriceKind::Traded, traded)
                } else {
                    (PriceKind::Adjusted, adjusted)
                }
            }
        };
        let missing = |s: &&Symbol| symbols.binary_search(s).is_err();
        let unknown: Vec<Symbol> = query.symbols.iter().flatten().filter(missing).copied().collect();
        if unknown.is_empty() {
            return Ok((kind, symbols));
        }
        Err(LoadError::UnknownSymbols { symbols: unknown, path: self.shown.to_string() }.into())
    }

    /// The wanted rows of all partitions; `None` when a file went meanwhile.
    pub(super) async fn parts(
        &self,
        manifest: &Manifest,
        query: &LakeQuery,
        (kind, symbols): (PriceKind, &[Symbol]),
    ) -> Result<Option<Vec<Rows>>, LakeError> {
        let interval = query.interval;
        let slots = (
            query.from.map_or(i64::MIN, |day| slot_of(interval, day)),
            query.to.map_or(i64::MAX, |day| slot_of(interval, day.plus_days(1)) - 1),
        );
        let wanted = Wanted { symbols: query.symbols.as_ref().map(|_| symbols), slots };
        let (first, last) = self.span(manifest, query, (kind, symbols));
        // Names of partitions sort by time.
        let (first, last) = (partition_of(interval, kind, first), partition_of(interval, kind, last));
        let mut parts = Vec::new();
        if first > last {
            return Ok(Some(parts));
        }
        for (_, part) in manifest.parts.range(first..=last) {
            match self.part(interval, part, wanted).await? {
                Some(rows) => parts.push(rows),
                None => return Ok(None),
            }
        }
        Ok(Some(parts))
    }

    /// The first and the last day that the query can have a bar on.
    fn span(
        &self,
        manifest: &Manifest,
        query: &LakeQuery,
        (kind, symbols): (PriceKind, &[Symbol]),
    ) -> (TradingDay, TradingDay) {
        let of_query = |s: &&Series| {
            s.interval == query.interval && s.price_kind == kind && symbols.binary_search(&s.symbol).is_ok()
        };
        let series = || manifest.series.iter().filter(of_query);
        let first = series().filter_map(|s| s.first).min().unwrap_or_default();
        let last = series().filter_map(|s| s.last).max().unwrap_or_default();
        (query.from.map_or(first, |from| from.max(first)), query.to.map_or(last, |to| to.min(last)))
    }

    fn data_set(&self, parts: Vec<Rows>, query: &LakeQuery, kind: PriceKind) -> Result<DataSet, LakeError> {
        let mut latest: BTreeMap<Symbol, (i64, &str, fsts_domain::Market)> = BTreeMap::new();
        for part in &parts {
            for row in &part.rows {
                let Some(about) = part.abouts.get(row.about as usize) else { continue };
                let known = latest.entry(row.symbol).or_insert((i64::MIN, "", about.market));
                if known.0 <= row.slot {
                    *known = (row.slot, &about.name, about.market);
                }
            }
        }
        let symbols: Vec<Instrument> = latest
            .iter()
            .map(|(symbol, (_, name, market))| Instrument {
                symbol: *symbol,
                name: (*name).to_owned(),
                market: *market,
            })
            .collect();
        let mut closes = Closes::new();
        let mut rows: Vec<(Row, i64)> = Vec::with_capacity(parts.iter().map(|p| p.rows.len()).sum());
        let mut last = (None, 0);
        for row in parts.iter().flat_map(|p| &p.rows) {
            if last.0 != Some(row.symbol) {
                let index = symbols.binary_search_by_key(&row.symbol, |i| i.symbol).unwrap_or_default();
                last = (Some(row.symbol), index as u32);
            }
            let at = match query.interval {
                Interval::Day => {
                    closes.of(fsts_domain::Timestamp::from_kst(TradingDay::from_epoch_days(row.slot as i32), 0).ns())
                }
                Interval::Minute => row.slot,
            };
            rows.push((Row { at, symbol: last.1, bar: row.bar }, row.base));
        }
        let report = self.report(rows.len() as u64, query, &symbols);
        if rows.is_empty() {
            let path = self.shown.to_string();
            let counts = LoadReport::default();
            return Err(LoadError::Empty {
                path,
                rows_read: counts.rows_read,
                rows_refused: 0,
                halts_dropped: 0,
                rows_not_selected: 0,
            }
            .into());
        }
        rows.sort_unstable_by_key(|(row, _)| (row.at, row.symbol));
        let has_base = rows.iter().any(|(_, base)| *base > 0);
        let base_prices = if has_base { rows.iter().map(|(_, base)| *base).collect() } else { Vec::new() };
        let rows = rows.into_iter().map(|(row, _)| row).collect();
        let (interval, hash) = (query.interval, [0; 32]);
        Ok(DataSet { symbols, rows, interval, price_kind: kind, hash, report, base_prices }.hashed())
    }

    fn report(&self, rows_read: u64, query: &LakeQuery, symbols: &[Instrument]) -> LoadReport {
        let has_rows = |symbol: &&Symbol| symbols.binary_search_by_key(*symbol, |i| i.symbol).is_ok();
        let empty = query.symbols.iter().flatten().filter(|s| !has_rows(s));
        LoadReport {
            files: vec![self.shown.to_string()],
            rows_read,
            price_kind_reason: Some(query.price_kind.map_or(KindReason::Stored, |_| KindReason::Requested)),
            notes: empty.map(|symbol| Note::SymbolWithoutRows { symbol: *symbol }).collect(),
            ..LoadReport::default()
        }
    }
}
