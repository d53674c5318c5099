//! Order books: `H0STASP0`.

use fsts_domain::{Price, Qty, Symbol, Timestamp, TradingDay};

use super::{Cells, Frame, FrameError, all_or_nothing};
use crate::wire::stream::book as cell;

/// The last cell that is read, plus one.
const CELLS: usize = cell::ACML_VOL + 1;

/// One price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// The price; `None` when the level is empty, as seven of ten are in an auction.
    pub price: Option<Price>,
    /// Shares waiting.
    pub qty: Qty,
}

/// The ten best levels of each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookRecord {
    /// The instrument.
    pub symbol: Symbol,
    /// The exchange's time, whole seconds.
    pub at: Timestamp,
    /// Offers, best first.
    pub asks: [Level; cell::LEVELS],
    /// Bids, best first.
    pub bids: [Level; cell::LEVELS],
    /// Expected price and quantity; in an auction only, outside the broker's cells are meaningless.
    pub expected: Option<(Price, Qty)>,
    /// Shares of the day so far.
    pub cum_volume: i64,
    /// True in continuous trading; false in an auction.
    pub continuous: bool,
}

/// Hands every book of a plain `H0STASP0` frame to `take`. The record carries no date, so `day` gives it.
///
/// # Errors
/// [`FrameError`] when the frame is not readable to its last record; then nothing was handed out.
pub fn each_book(frame: &Frame<'_>, day: TradingDay, take: impl FnMut(BookRecord)) -> Result<(), FrameError> {
    all_or_nothing::<CELLS, _>(frame, cell::WIDTH_MIN, |cells| read(cells, day), take)
}

fn read(cells: &Cells<'_, CELLS>, day: TradingDay) -> Result<BookRecord, FrameError> {
    let symbol = Symbol::from_bytes(cells.bytes(cell::MKSC_SHRN_ISCD));
    let continuous = cells.bytes(cell::HOUR_CLS_CODE) == b"0";
    let expected = cells.price_or_none(cell::ANTC_CNPR)?.filter(|_| !continuous);
    let expected_qty = cells.qty(cell::ANTC_CNQN)?;
    Ok(BookRecord {
        symbol: symbol.map_err(|_| cells.unreadable(cell::MKSC_SHRN_ISCD))?,
        at: Timestamp::from_kst(day, cells.second_of_day(cell::BSOP_HOUR)?),
        asks: levels(cells, cell::ASKP1, cell::ASKP_RSQN1)?,
        bids: levels(cells, cell::BIDP1, cell::BIDP_RSQN1)?,
        expected: expected.map(|price| (price, expected_qty)),
        cum_volume: cells.whole(cell::ACML_VOL)?,
        continuous,
    })
}

fn levels(cells: &Cells<'_, CELLS>, price: usize, qty: usize) -> Result<[Level; cell::LEVELS], FrameError> {
    let mut levels = [Level::default(); cell::LEVELS];
    for (depth, level) in levels.iter_mut().enumerate() {
        *level = Level { price: cells.price_or_none(price + depth)?, qty: cells.qty(qty + depth)? };
    }
    Ok(levels)
}
