//! Days of the exchange without a bar.

use std::collections::{BTreeMap, BTreeSet};

use fsts_domain::{Symbol, TradingDay};
use fsts_krx::SessionCalendar;

use super::manifest::{Days, Series};
use super::{Lake, LakeError, LakeQuery};
use crate::{LoadError, PriceKind};

/// Trading days in a row without a bar, between the first and the last bar of a series.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Gap {
    /// The instrument.
    pub symbol: Symbol,
    /// Kind of prices.
    pub price_kind: PriceKind,
    /// First missing day.
    pub from: TradingDay,
    /// Last missing day.
    pub to: TradingDay,
    /// Trading days missing.
    pub days: u32,
}

impl Lake {
    /// The gaps of the series of a query. Days that a source answered completely are no gaps: the symbol did not trade.
    ///
    /// # Errors
    /// As [`Lake::read`].
    pub async fn gaps(&self, query: &LakeQuery, calendar: &SessionCalendar) -> Result<Vec<Gap>, LakeError> {
        let mut gaps = Vec::new();
        for kind in [PriceKind::Traded, PriceKind::Adjusted] {
            if query.price_kind.is_some_and(|only| only != kind) {
                continue;
            }
            let query = LakeQuery { price_kind: Some(kind), ..query.clone() };
            let series = self.catalog().await?;
            let series = series.iter().filter(|s| s.interval == query.interval && s.price_kind == kind);
            let series: BTreeMap<Symbol, &Series> = series.map(|s| (s.symbol, s)).collect();
            let known: Option<Vec<Symbol>> =
                query.symbols.as_ref().map(|list| list.iter().filter(|s| series.contains_key(s)).copied().collect());
            if series.is_empty() || known.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let data = match self.read(&LakeQuery { symbols: known, ..query }).await {
                Ok(data) => data,
                Err(LakeError::Rows(LoadError::Empty { .. } | LoadError::UnknownSymbols { .. })) => continue,
                Err(error) => return Err(error),
            };
            let mut days: BTreeMap<u32, BTreeSet<TradingDay>> = BTreeMap::new();
            for row in &data.rows {
                days.entry(row.symbol).or_default().insert(row.day());
            }
            for (index, days) in days {
                let Some(symbol) = data.symbols.get(index as usize).map(|i| i.symbol) else { continue };
                let answered = series.get(&symbol).map(|s| s.covered.as_slice()).unwrap_or_default();
                gaps.extend(between(&days, answered, calendar).map(|(from, to, days)| Gap {
                    symbol,
                    price_kind: kind,
                    from,
                    to,
                    days,
                }));
            }
        }
        Ok(gaps)
    }
}

/// For each series, the trading days between its first and its last without a bar; halts are among them.
pub fn missing_days(series: &[Series], calendar: &SessionCalendar) -> Vec<u64> {
    let first = series.iter().filter_map(|s| s.first).min().unwrap_or_default();
    let last = series.iter().filter_map(|s| s.last).max().unwrap_or_default();
    // Open days before each day since the first: asked once, not once a series.
    let mut open_before = vec![0u64];
    for day in first.epoch_days()..=last.epoch_days() {
        let so_far = open_before.last().copied().unwrap_or_default();
        open_before.push(so_far + u64::from(calendar.is_open(TradingDay::from_epoch_days(day))));
    }
    let before = |day: i32| {
        let at = usize::try_from(day - first.epoch_days()).unwrap_or_default();
        open_before.get(at).copied().unwrap_or_default()
    };
    let missing = |s: &Series| {
        let (Some(from), Some(to)) = (s.first, s.last) else { return 0 };
        (before(to.epoch_days() + 1) - before(from.epoch_days())).saturating_sub(s.days)
    };
    series.iter().map(missing).collect()
}

/// The stretches of open days without a bar.
fn between<'a>(
    days: &'a BTreeSet<TradingDay>,
    answered: &'a [Days],
    calendar: &'a SessionCalendar,
) -> impl Iterator<Item = (TradingDay, TradingDay, u32)> + 'a {
    days.iter().zip(days.iter().skip(1)).filter_map(move |(before, after)| {
        let between = (before.epoch_days() + 1..after.epoch_days()).map(TradingDay::from_epoch_days);
        let missing = between.filter(|day| calendar.is_open(*day) && !answered.iter().any(|a| a.contains(*day)));
        let missing: Vec<TradingDay> = missing.collect();
        Some((*missing.first()?, *missing.last()?, missing.len() as u32))
    })
}
