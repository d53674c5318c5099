//! Trades: `H0STCNT0`.

use fsts_domain::{Price, Qty, Symbol, Timestamp, TradingDay};

use super::{Cells, Frame, FrameError, all_or_nothing};
use crate::wire::stream::trade as cell;

/// The broker's market class of a trade (`장구분코드`), since 2026-09-14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarketClass {
    /// Not in the record, or not a known value.
    Unknown,
    /// 1, before the regular session.
    Pre,
    /// 2, the regular session.
    Regular,
    /// 3, the after-market.
    After,
    /// 4 or 5, at a close.
    Close,
}

/// One execution on the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRecord {
    /// The instrument.
    pub symbol: Symbol,
    /// The exchange's time, whole seconds.
    pub at: Timestamp,
    /// The price, not necessarily on the tick grid.
    pub price: Price,
    /// Shares of this execution.
    pub qty: Qty,
    /// Shares of the day so far.
    pub cum_volume: i64,
    /// Best offer after it.
    pub ask1: Option<Price>,
    /// Best bid after it.
    pub bid1: Option<Price>,
    /// The market class.
    pub market_class: MarketClass,
    /// True in continuous trading (`시간구분코드` 0); false in an auction.
    pub continuous: bool,
}

/// Hands every trade of a plain `H0STCNT0` frame to `take`, in the frame's order.
///
/// # Errors
/// [`FrameError`] when the frame is not readable to its last record; then nothing was handed out.
pub fn each_trade(frame: &Frame<'_>, take: impl FnMut(TradeRecord)) -> Result<(), FrameError> {
    all_or_nothing::<{ cell::WIDTH }, _>(frame, cell::WIDTH_MIN, read, take)
}

fn read(cells: &Cells<'_, { cell::WIDTH }>) -> Result<TradeRecord, FrameError> {
    let symbol = Symbol::from_bytes(cells.bytes(cell::MKSC_SHRN_ISCD));
    let day = day(cells, cell::BSOP_DATE)?;
    Ok(TradeRecord {
        symbol: symbol.map_err(|_| cells.unreadable(cell::MKSC_SHRN_ISCD))?,
        at: Timestamp::from_kst(day, cells.second_of_day(cell::STCK_CNTG_HOUR)?),
        price: cells.price(cell::STCK_PRPR)?,
        qty: cells.qty(cell::CNTG_VOL)?,
        cum_volume: cells.whole(cell::ACML_VOL)?,
        ask1: cells.price_or_none(cell::ASKP1)?,
        bid1: cells.price_or_none(cell::BIDP1)?,
        market_class: match cells.bytes(cell::MARKET_CLS_CODE) {
            b"1" => MarketClass::Pre,
            b"2" => MarketClass::Regular,
            b"3" => MarketClass::After,
            b"4" | b"5" => MarketClass::Close,
            _ => MarketClass::Unknown,
        },
        continuous: matches!(cells.bytes(cell::HOUR_CLS_CODE), b"0" | b""),
    })
}

fn day<const N: usize>(cells: &Cells<'_, N>, cell: usize) -> Result<TradingDay, FrameError> {
    let number = cells.whole(cell)?;
    let part = |value: i64| u32::try_from(value).unwrap_or(0);
    i32::try_from(number / 10_000)
        .ok()
        .and_then(|year| TradingDay::from_ymd(year, part(number / 100 % 100), part(number % 100)))
        .ok_or(cells.unreadable(cell))
}
