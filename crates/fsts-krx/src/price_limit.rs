//! Daily price limits, and the price that is proven to obey grid and limits.

use fsts_domain::{Market, Price, TradingDay};
use serde::Serialize;

use crate::dated::{Confidence, Dated, Provenance, day, in_force, provenance};
use crate::tick_size::TickTable;

/// The lowest and the highest price of a day, both on the grid.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PriceBand {
    /// 하한가.
    pub lower: Price,
    /// 상한가.
    pub upper: Price,
}

impl PriceBand {
    /// True from the lower to the upper limit, both included.
    #[inline]
    pub fn contains(self, price: Price) -> bool {
        self.lower <= price && price <= self.upper
    }
}

/// A limit price in won, on the tick grid of its day and inside its price band.
///
/// Only [`DayRules`](crate::DayRules) makes one, by `limit_price` (which never rounds) or by `ticks_away`.
/// Under the ideal profile there is no grid and no band, and any price passes.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize)]
#[serde(transparent)]
pub struct LimitPrice(Price);

impl LimitPrice {
    /// The caller has shown that `price` is on grid and in band.
    #[inline]
    pub(crate) const fn proven(price: Price) -> Self {
        LimitPrice(price)
    }

    /// The price itself.
    #[inline]
    pub const fn get(self) -> Price {
        self.0
    }
}

/// Why a price can't be an order's price. Nothing is rounded silently: a rounded price is another order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Ask for one of the two neighbours instead.
    #[error("price {price} is off the tick grid; the nearest prices are {below} and {above}")]
    OffTick {
        /// The price asked for.
        price: Price,
        /// Nearest grid price below.
        below: Price,
        /// Nearest grid price above.
        above: Price,
    },
    /// Stay inside the day's limits.
    #[error("price {price} is outside the day's limits {lower} to {upper}")]
    OutOfBand {
        /// The price asked for.
        price: Price,
        /// 하한가.
        lower: Price,
        /// 상한가.
        upper: Price,
    },
}

static MAIN_BOARD: [Dated<i64>; 1] = [row(day(2015, 6, 15), 30, Confidence::High, "press 2015-06-15; full market")];
static KONEX: [Dated<i64>; 1] = [row(day(2013, 7, 1), 15, Confidence::High, "full market 2020-2026")];

const fn row(from: TradingDay, rule: i64, confidence: Confidence, source: &'static str) -> Dated<i64> {
    Dated { from, rule, confidence, source }
}

/// The limit in percent of the base price; 0 where there is none.
pub(crate) fn percent_on(market: Market, day: TradingDay) -> i64 {
    match market {
        Market::Kospi | Market::Kosdaq | Market::Etf | Market::Etn => *in_force(&MAIN_BOARD, day),
        Market::Konex => *in_force(&KONEX, day),
        Market::Elw => 0,
    }
}

/// Where the limits come from.
pub(crate) fn sources() -> impl Iterator<Item = Provenance> {
    provenance("limits of KOSPI and KOSDAQ", &MAIN_BOARD).chain(provenance("limits of KONEX", &KONEX))
}

/// The band of `percent` around `base`: the width is cut to the tick of the base first (`krx-rules` §2.2).
#[inline]
pub(crate) fn band(table: &TickTable, base: Price, percent: i64) -> PriceBand {
    let base = base.get();
    let width = table.cut_to_tick_of(base, base.saturating_mul(percent) / 100);
    // A base below the width exists only for percentages of 100 and more; the grid's lowest price then bounds it.
    PriceBand {
        lower: price(table.round_up((base - width).max(1))),
        upper: price(table.round_down(base.saturating_add(width))),
    }
}

#[inline]
pub(crate) fn price(won: i64) -> Price {
    Price::new(won).expect("invariant: a grid price is at least one tick")
}
