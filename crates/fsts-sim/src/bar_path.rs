//! The prints that a bar stands for: open, low, high, close.

use fsts_domain::{Bar, Price, Qty};

/// One trade of the tape.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Print {
    /// Its price.
    pub price: Price,
    /// Its shares; 0 means that the print is left out.
    pub qty: Qty,
}

/// Open, low, high and close of a bar as prints whose shares add up to its volume.
///
/// The low comes first, so that a stop and a target inside one bar end as the bar matcher has it: the stop wins.
/// With a volume of 4 and more every print has a share. Below that, prints that the bar can spare have none and are
/// to be skipped: first those which repeat open or close, then high, low, close. A bar without volume has no print.
pub fn prints_of(bar: &Bar) -> [Print; 4] {
    let (open, low, high, close) = if bar.volume >= 4 {
        let quarter = bar.volume / 4;
        (quarter, quarter, quarter, bar.volume - 3 * quarter)
    } else {
        few_shares(bar)
    };
    let print = |price, shares| Print { price, qty: Qty::new(shares).expect("invariant: shares are never negative") };
    [print(bar.open, open), print(bar.low, low), print(bar.high, high), print(bar.close, close)]
}

/// Shares of open, low, high and close where there is not one for each.
fn few_shares(bar: &Bar) -> (i64, i64, i64, i64) {
    let own = |price: Price| price != bar.open && price != bar.close;
    let mut left = bar.volume.max(0);
    let mut take = |wanted: bool| {
        let share = i64::from(wanted).min(left);
        left -= share;
        share
    };
    let open = take(true);
    let close = take(bar.close != bar.open || own(bar.low) || own(bar.high));
    let low = take(own(bar.low));
    let high = take(own(bar.high));
    (open + left, low, high, close)
}
