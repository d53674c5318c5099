//! When a bar is locked at a price limit.

use fsts_domain::{Bar, Side};
use fsts_krx::PriceBand;

/// The side that gets no fill in this bar because the price is locked at a limit for the whole of it.
///
/// At a locked upper limit every seller has a queue of buyers before us; a backtest that buys there invents shares.
#[inline]
pub fn locked_side(bar: &Bar, band: Option<PriceBand>) -> Option<Side> {
    let band = band?;
    if bar.high != bar.low {
        None
    } else if bar.high == band.upper {
        Some(Side::Buy)
    } else if bar.low == band.lower {
        Some(Side::Sell)
    } else {
        None
    }
}
