//! Daily bars that lead up to the first day of a generated market.

use fsts_domain::{Bar, Price, Qty, TradingDay};
use fsts_krx::{DayRules, SessionCalendar};
use fsts_sim::Stream;

use crate::board::{ChartBar, Quote};

/// Days of history: warm-up for slow averages, and two and a half pages of the daily chart.
const DAYS: usize = 250;

/// A walk back in time from the base price, which is the last bar's close.
pub(crate) fn invented(
    quote: &Quote,
    before: TradingDay,
    calendar: &SessionCalendar,
    rules: &DayRules,
    dice: &mut Stream,
) -> Vec<(TradingDay, ChartBar)> {
    let mut history = Vec::with_capacity(DAYS);
    let (mut close, mut day) = (quote.base, before);
    let near = |price: Price, per_mille: i64| {
        let won = (price.get() * (1_000 + per_mille) / 1_000).max(1);
        rules.round_down(quote.market, Price::new(won).unwrap_or(price))
    };
    for _ in 0..DAYS {
        let Some(earlier) = calendar.previous_open_day(day) else {
            break;
        };
        day = earlier;
        let previous = near(close, dice.between(-25, 25));
        let open = near(previous, dice.between(-8, 8));
        let high = near(open.max(close), dice.between(0, 15));
        let low = near(open.min(close), -dice.between(0, 15));
        let shares = dice.between(100, 400) * 100_000_000 / close.get().max(1);
        let bar = Bar::enclosing(open, high, low, close, shares);
        history.push((day, ChartBar { bar, amount: close * Qty::new(shares).unwrap_or_default() }));
        close = previous;
    }
    history.reverse();
    history
}
