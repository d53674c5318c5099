//! Daily bars that lead up to the first day of a generated market.

use fsts_domain::{Bar, Price, Qty, TradingDay};
use fsts_krx::{DayRules, FeeSchedule, RuleBook, SessionCalendar};
use fsts_sim::Stream;

use crate::board::{ChartBar, Quote};
use crate::config::EmuSymbol;
use crate::symbols::demo_symbols;

/// Days of history: warm-up for slow averages, and two and a half pages of the daily chart.
const DAYS: usize = 250;

/// The demo's companies with the days before `before`, as an emulator of this seed begins with them; oldest first.
pub fn demo_history(seed: u64, before: TradingDay) -> Vec<(EmuSymbol, Vec<(TradingDay, Bar)>)> {
    let book = RuleBook::krx(FeeSchedule::NONE);
    let rules = book.on(before);
    let days = |(index, symbol): (u64, EmuSymbol)| {
        let mut dice = Stream::new(seed, "history", index);
        let days = invented(&Quote::new(&symbol), before, book.calendar(), &rules, &mut dice);
        (symbol, days.into_iter().map(|(day, chart)| (day, chart.bar)).collect())
    };
    (0..).zip(demo_symbols()).map(days).collect()
}

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
