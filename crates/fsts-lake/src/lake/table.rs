//! Stored rows as they are, for those who need more than a data set keeps.

use fsts_domain::{Timestamp, TradingDay};

use super::rows::{Rows, Slot};
use super::{Lake, LakeError, LakeQuery, READS_MAX};
use crate::{Interval, LoadError};

/// Rows of a query, partition by partition.
pub(crate) struct LakeTable {
    interval: Interval,
    parts: Vec<Rows>,
}

impl LakeTable {
    /// Length of the bars.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.parts.iter().map(|p| p.rows.len()).sum()
    }

    /// The rows.
    pub fn parts(&self) -> &[Rows] {
        &self.parts
    }

    /// A slot as a Korean day or minute.
    pub fn shown(&self, slot: Slot) -> String {
        match self.interval {
            Interval::Day => TradingDay::from_epoch_days(slot as i32).to_string(),
            Interval::Minute => Timestamp::from_ns(slot).to_string().chars().take(19).collect(),
        }
    }
}

impl Lake {
    /// The stored rows of a query; symbols that the lake doesn't have are left out. `None` when they are more than `most`.
    pub(crate) async fn table(&self, query: &LakeQuery, most: usize) -> Result<Option<LakeTable>, LakeError> {
        let interval = query.interval;
        for _ in 0..READS_MAX {
            let manifest = self.manifest().await?;
            let (kind, symbols) = match self.chosen(&manifest, query) {
                Ok(chosen) => chosen,
                Err(LakeError::Rows(LoadError::UnknownSymbols { symbols: unknown, .. })) => {
                    let known = query.symbols.iter().flatten().filter(|s| !unknown.contains(s)).copied().collect();
                    self.chosen(&manifest, &LakeQuery { symbols: Some(known), ..query.clone() })?
                }
                Err(error) => return Err(error),
            };
            if symbols.is_empty() {
                return Ok(Some(LakeTable { interval, parts: Vec::new() }));
            }
            if query.symbols.is_none() && query.from.is_none() && query.to.is_none() {
                // The whole of it is counted before it is read.
                let held = manifest.series.iter().filter(|s| s.interval == interval && s.price_kind == kind);
                if held.map(|s| s.rows).sum::<u64>() > most as u64 {
                    return Ok(None);
                }
            }
            if let Some(parts) = self.parts(&manifest, query, (kind, &symbols)).await? {
                let table = LakeTable { interval, parts };
                return Ok((table.rows() <= most).then_some(table));
            }
        }
        Err(LakeError::Contended)
    }
}
