//! Tick sizes by day and market: the grid that order prices must lie on.

use fsts_domain::{Market, TradingDay};

use crate::dated::{Confidence, Dated, Provenance, day, in_force, provenance};

/// A price band: from `start` won on, up to the next band's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Band {
    start: i64,
    tick: i64,
    /// `price * magic >> shift` is `price / tick` for every price below [`EXACT_BELOW`]: see [`Band::of`].
    magic: u64,
    shift: u32,
}

/// 2^31 won; a division by multiplication is exact below it.
const EXACT_BELOW: i64 = 1 << 31;
/// Every band that any table has starts at a whole thousand of won …
const CELL_WON: i64 = 1_000;
/// … and not later than at 500,000, so this many cells of a thousand find the band of any price.
const CELLS: usize = 512;
/// A power of two, so that the compiler sees that a masked index is in range.
const BANDS: usize = 8;

impl Band {
    /// A multiply and a shift instead of a division: for a price below 2^31 and a tick d, the quotient is exact
    /// with shift = 31 + ceil(log2 d) and magic = ceil(2^shift / d), and the product stays below 2^64.
    const fn of(start: i64, tick: i64) -> Band {
        let divisor = tick as u64;
        let shift = 31 + divisor.next_power_of_two().trailing_zeros();
        Band { start, tick, magic: (1u64 << shift).div_ceil(divisor), shift }
    }

    #[inline]
    fn ticks_in(&self, price: i64) -> i64 {
        if (0..EXACT_BELOW).contains(&price) {
            ((price as u64 * self.magic) >> self.shift) as i64
        } else {
            price / self.tick
        }
    }

    #[inline]
    fn floor(&self, price: i64) -> i64 {
        self.ticks_in(price) * self.tick
    }
}

/// Price bands with their ticks. A band's start belongs to it, and every start lies on both neighbours' grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TickTable {
    /// Ascending by start; the last band is repeated to fill up.
    bands: [Band; BANDS],
    /// Band number of each thousand won: a look-up has no branch to mispredict where prices cross bands.
    cells: [u8; CELLS],
}

impl TickTable {
    #[inline]
    fn band(&self, price: i64) -> &Band {
        const LAST_CELL_WON: i64 = CELLS as i64 * CELL_WON - 1;
        let cell = (price.clamp(0, LAST_CELL_WON) / CELL_WON) as usize;
        &self.bands[self.cells[cell] as usize % BANDS]
    }

    /// The tick of the band that `price` lies in.
    #[inline]
    pub(crate) fn tick(&self, price: i64) -> i64 {
        self.band(price).tick
    }

    /// The lowest grid price.
    #[inline]
    fn lowest(&self) -> i64 {
        self.bands[0].tick
    }

    /// The nearest grid price at or below `price`; the lowest grid price when there is none.
    #[inline]
    pub(crate) fn round_down(&self, price: i64) -> i64 {
        self.band(price).floor(price).max(self.lowest())
    }

    /// The nearest grid price at or above `price`.
    #[inline]
    pub(crate) fn round_up(&self, price: i64) -> i64 {
        let band = self.band(price);
        let below = band.floor(price);
        // The next multiple is at most the next band's start, which is on that band's grid too.
        if below == price { price } else { below.saturating_add(band.tick) }
    }

    /// True for a price that an order may carry.
    #[inline]
    pub(crate) fn on_grid(&self, price: i64) -> bool {
        self.band(price).floor(price) == price
    }

    /// `price` cut to the tick of the band that `base` lies in.
    #[inline]
    pub(crate) fn cut_to_tick_of(&self, base: i64, price: i64) -> i64 {
        self.band(base).floor(price)
    }

    /// `n` grid prices above the grid price `price`.
    pub(crate) fn up(&self, price: i64, n: i64) -> i64 {
        let (mut price, mut left) = (price, n);
        for next in &self.bands {
            if next.start <= price {
                continue;
            }
            let tick = self.tick(price);
            let room = (next.start - price) / tick;
            if left <= room {
                return price + left * tick;
            }
            (price, left) = (next.start, left - room);
        }
        price.saturating_add(left * self.tick(price))
    }

    /// `n` grid prices below the grid price `price`, stopping at the lowest one.
    pub(crate) fn down(&self, price: i64, n: i64) -> i64 {
        let (mut price, mut left) = (price, n);
        for band in self.bands.iter().rev() {
            if band.start >= price {
                continue;
            }
            let room = (price - band.start) / band.tick;
            if left <= room {
                return (price - left * band.tick).max(self.lowest());
            }
            (price, left) = (band.start, left - room);
        }
        self.lowest()
    }
}

/// A table from its lowest tick and, for each further band, where it starts and its tick.
const fn table<const N: usize>(lowest: i64, further: [(i64, i64); N]) -> TickTable {
    let mut bands = [Band::of(0, lowest); BANDS];
    let mut i = 1;
    while i < BANDS {
        bands[i] = if i <= N { Band::of(further[i - 1].0, further[i - 1].1) } else { bands[i - 1] };
        assert!(bands[i].start % CELL_WON == 0 && bands[i].start < CELLS as i64 * CELL_WON);
        i += 1;
    }
    let mut cells = [0; CELLS];
    let mut cell = 0;
    while cell < CELLS {
        let mut band = 0;
        while band < N && bands[band + 1].start <= cell as i64 * CELL_WON {
            band += 1;
        }
        cells[cell] = band as u8;
        cell += 1;
    }
    TickTable { bands, cells }
}

const SHARES_2023: TickTable =
    table(1, [(2_000, 5), (5_000, 10), (20_000, 50), (50_000, 100), (200_000, 500), (500_000, 1_000)]);
const KOSPI_2010: TickTable =
    table(1, [(1_000, 5), (5_000, 10), (10_000, 50), (50_000, 100), (100_000, 500), (500_000, 1_000)]);
const KOSDAQ_2010: TickTable = table(1, [(1_000, 5), (5_000, 10), (10_000, 50), (50_000, 100)]);
const FIVE: TickTable = table(5, []);
const ETP_2023: TickTable = table(1, [(2_000, 5)]);

static KOSPI: [Dated<TickTable>; 2] = [
    row(day(2010, 10, 4), KOSPI_2010, Confidence::High, "press 2010-07-30; ten large names 1998-2018"),
    row(day(2023, 1, 25), SHARES_2023, Confidence::High, "press 2023-01-17; full market 2023-2026"),
];
static KOSDAQ: [Dated<TickTable>; 2] = [
    row(day(2010, 10, 4), KOSDAQ_2010, Confidence::High, "press 2003-05-29, 2010-07-30; full market 2020-2022"),
    row(day(2023, 1, 25), SHARES_2023, Confidence::High, "press 2023-01-17; full market 2023-2026"),
];
static ETP: [Dated<TickTable>; 2] = [
    row(day(2010, 10, 4), FIVE, Confidence::High, "press 2023-10-05: 5 won at every price before the change"),
    row(day(2023, 12, 18), ETP_2023, Confidence::Low, "press 2023-10-05; papers name 8 and 18 December"),
];
static ELW: [Dated<TickTable>; 1] = [row(day(2010, 10, 4), FIVE, Confidence::Medium, "one source")];

const fn row(from: TradingDay, rule: TickTable, confidence: Confidence, source: &'static str) -> Dated<TickTable> {
    Dated { from, rule, confidence, source }
}

/// The table in force in `market` on `day`.
pub(crate) fn table_on(market: Market, day: TradingDay) -> &'static TickTable {
    match market {
        Market::Kospi => in_force(&KOSPI, day),
        Market::Kosdaq | Market::Konex => in_force(&KOSDAQ, day),
        Market::Etf | Market::Etn => in_force(&ETP, day),
        Market::Elw => in_force(&ELW, day),
    }
}

/// Where the tables come from.
pub(crate) fn sources() -> impl Iterator<Item = Provenance> {
    let shares = provenance("ticks of KOSPI", &KOSPI).chain(provenance("ticks of KOSDAQ and KONEX", &KOSDAQ));
    shares.chain(provenance("ticks of ETF and ETN", &ETP)).chain(provenance("ticks of ELW", &ELW))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn every_table() -> impl Iterator<Item = &'static TickTable> {
        [&KOSPI[..], &KOSDAQ, &ETP, &ELW].into_iter().flatten().map(|row| &row.rule)
    }

    #[test]
    fn every_band_starts_on_the_grid_of_the_band_below() {
        for table in every_table() {
            for pair in table.bands.windows(2) {
                assert_eq!(pair[1].start % pair[0].tick, 0, "{pair:?}");
                assert_eq!(pair[1].start % pair[1].tick, 0, "{pair:?}");
            }
        }
    }

    #[test]
    fn rows_are_in_order_of_their_days() {
        for rows in [&KOSPI[..], &KOSDAQ, &ETP, &ELW] {
            assert!(rows.is_sorted_by_key(|row| row.from));
        }
    }

    #[test]
    fn the_quotient_is_exact_at_the_end_of_its_range() {
        for tick in [1, 5, 10, 50, 100, 500, 1_000] {
            let band = Band::of(0, tick);
            for price in (EXACT_BELOW - 2 * tick..EXACT_BELOW + 2 * tick).chain([i64::MAX]) {
                assert_eq!(band.ticks_in(price), price / tick, "{price} / {tick}");
            }
        }
    }

    proptest! {
        #[test]
        fn multiplying_by_the_magic_number_is_dividing(price in 0..EXACT_BELOW, tick in 1..=1_000i64) {
            prop_assert_eq!(Band::of(0, tick).ticks_in(price), price / tick);
        }

        #[test]
        fn a_cell_names_the_last_band_that_has_begun(price in 1..1_000_000i64) {
            for table in every_table() {
                let searched = table.bands.iter().rev().find(|band| band.start <= price);
                prop_assert_eq!(Some(table.tick(price)), searched.map(|band| band.tick));
            }
        }
    }
}
