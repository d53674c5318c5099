//! The rows of a run and their content hash.

use fsts_domain::{Bar, Timestamp, TradingDay};
use fsts_krx::Instrument;
use serde::{Deserialize, Serialize};

use crate::LoadReport;

/// Whether prices are as traded on their day or adjusted for later splits and distributions.
///
/// Adjusted prices are off the tick grid and outside the bands of their day, so they can't run under exchange rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceKind {
    /// 실제 체결가.
    Traded,
    /// 수정주가.
    Adjusted,
}

impl PriceKind {
    /// The name in reports and options.
    pub const fn as_str(self) -> &'static str {
        match self {
            PriceKind::Traded => "traded",
            PriceKind::Adjusted => "adjusted",
        }
    }
}

/// How long a bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// One trading day.
    Day,
    /// One minute, stamped with its start.
    Minute,
}

impl Interval {
    /// The name in options and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Interval::Day => "day",
            Interval::Minute => "minute",
        }
    }
}

/// One bar of one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Row {
    /// UTC nanoseconds: a minute bar's start, a daily bar's regular close.
    pub at: i64,
    /// Index into [`DataSet::symbols`]; smaller means the smaller code.
    pub symbol: u32,
    /// The prices and the volume.
    pub bar: Bar,
}

impl Row {
    /// The Korean day of the bar.
    pub fn day(&self) -> TradingDay {
        Timestamp::from_ns(self.at).kst_day()
    }
}

/// Sorted bars of some instruments.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// The instruments that have at least one row, by code.
    pub symbols: Vec<Instrument>,
    /// Sorted by (instant, symbol); no two rows share both.
    pub rows: Vec<Row>,
    /// The same for every row.
    pub interval: Interval,
    /// The same for every row.
    pub price_kind: PriceKind,
    /// BLAKE3 over interval, symbol codes, rows and base prices; names and markets are not in it.
    pub hash: [u8; 32],
    /// What was read, left out and concluded.
    pub report: LoadReport,
    /// The exchange's base price of each row in won, 0 where unknown; empty when no file carries it.
    pub base_prices: Vec<i64>,
}

impl DataSet {
    /// A data set of rows made in memory. `symbols` must be in code order; rows are sorted
    /// here, and no two may share instant and symbol.
    pub fn from_rows(symbols: Vec<Instrument>, mut rows: Vec<Row>, interval: Interval, price_kind: PriceKind) -> Self {
        if !rows.is_sorted_by_key(|r| (r.at, r.symbol)) {
            rows.sort_by_key(|r| (r.at, r.symbol));
        }
        let report = LoadReport { rows_read: rows.len() as u64, ..LoadReport::default() };
        DataSet { symbols, rows, interval, price_kind, hash: [0; 32], report, base_prices: Vec::new() }.hashed()
    }

    /// The rows of one instant at a time, in order; each slice is in symbol order and never empty.
    pub fn slices(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunk_by(|a, b| a.at == b.at)
    }

    /// The hash as 64 hexadecimal digits.
    pub fn hash_hex(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }

    /// The first and the last day, or `None` without rows.
    pub fn span(&self) -> Option<(TradingDay, TradingDay)> {
        Some((self.rows.first()?.day(), self.rows.last()?.day()))
    }

    pub(crate) fn hashed(mut self) -> Self {
        self.hash = content_hash(&self);
        self
    }
}

/// Rows are hashed as little-endian integers with the code's index, so the memory layout of [`Row`] is not in it.
fn content_hash(data: &DataSet) -> [u8; 32] {
    const ROWS_AT_ONCE: usize = 4096;
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"fsts dataset 1\n");
    hasher.update(match data.interval {
        Interval::Day => b"day\n",
        Interval::Minute => b"minute\n",
    });
    hasher.update(&(data.symbols.len() as u64).to_le_bytes());
    for instrument in &data.symbols {
        hasher.update(format!("{:7}", instrument.symbol).as_bytes());
    }
    hasher.update(&(data.rows.len() as u64).to_le_bytes());
    let mut bytes = Vec::with_capacity(ROWS_AT_ONCE * 52);
    for rows in data.rows.chunks(ROWS_AT_ONCE) {
        bytes.clear();
        for row in rows {
            bytes.extend_from_slice(&row.at.to_le_bytes());
            bytes.extend_from_slice(&row.symbol.to_le_bytes());
            let bar = &row.bar;
            for number in [bar.open.get(), bar.high.get(), bar.low.get(), bar.close.get(), bar.volume] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        hasher.update(&bytes);
    }
    for base in &data.base_prices {
        hasher.update(&base.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}
