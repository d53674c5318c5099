//! The benchmark generator's binary layout: six columns one after another, 48 bytes a bar, little endian.

use std::path::Path;

use fsts_domain::{Bar, Market, Price, Symbol};
use fsts_krx::Instrument;

use crate::part::Clock;
use crate::{DataSet, Interval, LoadError, PriceKind, Row};

const BAR_BYTES: usize = 48;

/// Loads one series as symbol `B00000`; `bars` takes only the first so many.
///
/// # Errors
/// [`LoadError::Open`], or [`LoadError::Unreadable`] when the size is no multiple of 48 bytes, `bars` is more than
/// the file has, or a number is no whole price ≥ 1.
pub fn load_bench_bin(path: &Path, bars: Option<usize>) -> Result<DataSet, LoadError> {
    read(path, 1, bars)
}

/// Loads a panel of `symbols` series of equal length as `B00000`, `B00001` and so on.
///
/// # Errors
/// As [`load_bench_bin`], and when the size is no multiple of `48 * symbols`.
pub fn load_bench_panel(path: &Path, symbols: usize) -> Result<DataSet, LoadError> {
    read(path, symbols, None)
}

fn read(path: &Path, symbols: usize, bars: Option<usize>) -> Result<DataSet, LoadError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| LoadError::Open { file: file.clone(), source: e })?;
    let unreadable = |reason: String| LoadError::Unreadable { file: file.clone(), reason };
    let block_bytes = bytes.len() / symbols.max(1);
    if bytes.is_empty() || symbols == 0 || !bytes.len().is_multiple_of(BAR_BYTES * symbols) {
        let size = bytes.len();
        return Err(unreadable(format!("{size} bytes are not {symbols} series of 48 bytes a bar")));
    }
    let held = block_bytes / BAR_BYTES;
    let wanted = bars.unwrap_or(held);
    if wanted > held || wanted == 0 {
        return Err(unreadable(format!("{wanted} bars are asked and {held} are there")));
    }
    let mut instruments = Vec::with_capacity(symbols);
    let mut rows = Vec::with_capacity(symbols * wanted);
    for (index, block) in bytes.chunks_exact(block_bytes).enumerate() {
        let symbol: Symbol =
            format!("B{index:05}").parse().map_err(|_| unreadable("at most 100000 series fit a panel".to_owned()))?;
        instruments.push(Instrument { symbol, name: "bench".to_owned(), market: Market::Kospi });
        let series = Series { block, bars: held };
        for bar in 0..wanted {
            let row = series.row(bar, index as u32).ok_or_else(|| unreadable(format!("bar {bar} of {symbol}")))?;
            rows.push(row);
        }
    }
    let mut clock = Clock::default();
    rows.iter().for_each(|row| clock.note(fsts_domain::Timestamp::from_ns(row.at)));
    let interval = if clock.is_daily() { Interval::Day } else { Interval::Minute };
    let mut data = DataSet::from_rows(instruments, rows, interval, PriceKind::Traded);
    data.report.files.push(file);
    Ok(data)
}

struct Series<'a> {
    block: &'a [u8],
    bars: usize,
}

impl Series<'_> {
    fn row(&self, bar: usize, symbol: u32) -> Option<Row> {
        let at = i64::from_le_bytes(self.cell(0, bar)?);
        let price = |column| Price::new(self.whole(column, bar)?).ok();
        let (open, high, low, close) = (price(1)?, price(2)?, price(3)?, price(4)?);
        let bar = Bar::enclosing(open, high, low, close, self.whole(5, bar)?);
        Some(Row { at, symbol, bar })
    }

    fn cell(&self, column: usize, bar: usize) -> Option<[u8; 8]> {
        let start = (column * self.bars + bar) * 8;
        self.block.get(start..start + 8)?.try_into().ok()
    }

    fn whole(&self, column: usize, bar: usize) -> Option<i64> {
        let number = f64::from_le_bytes(self.cell(column, bar)?);
        ((0.0..=1e15).contains(&number) && number.fract() == 0.0).then_some(number as i64)
    }
}
