//! The price board: what each symbol traded today, minute by minute, and on the days before.

use std::collections::BTreeMap;

use fsts_domain::{Bar, Market, Price, Qty, Side, Symbol, Timestamp, TradingDay, Won};
use fsts_krx::{DayRules, PriceBand};
use serde::{Deserialize, Serialize};

use crate::config::EmuSymbol;

/// Days of history that the daily chart keeps.
const DAYS_MAX: usize = 400;

/// Days whose minutes are kept, in memory only: the real service keeps a year.
const MINUTE_DAYS_MAX: usize = 10;

/// One trade on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Print {
    /// Index of the symbol.
    pub(crate) symbol: usize,
    pub(crate) at: Timestamp,
    pub(crate) price: Price,
    pub(crate) qty: Qty,
    /// The side that took; unknown in auctions and replays of bars.
    pub(crate) taker: Option<Side>,
}

/// A bar of the chart and what was turned over in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChartBar {
    pub(crate) bar: Bar,
    pub(crate) amount: Won,
}

/// Today's figures of a symbol; zero and `None` before its first trade.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Today {
    pub(crate) day: Option<ChartBar>,
    pub(crate) open_at: i64,
    pub(crate) high_at: i64,
    pub(crate) low_at: i64,
    pub(crate) buy_trades: i64,
    pub(crate) sell_trades: i64,
    pub(crate) buy_volume: i64,
    pub(crate) sell_volume: i64,
    /// Second of the day of the minute's start, and its bar; ascending.
    pub(crate) minutes: Vec<(i64, ChartBar)>,
}

impl Today {
    pub(crate) fn volume(&self) -> i64 {
        self.day.map_or(0, |day| day.bar.volume)
    }

    pub(crate) fn amount(&self) -> Won {
        self.day.map_or(Won::ZERO, |day| day.amount)
    }
}

/// A symbol on the board.
#[derive(Debug, Clone)]
pub(crate) struct Quote {
    pub(crate) symbol: Symbol,
    pub(crate) name: String,
    pub(crate) market: Market,
    pub(crate) base: Price,
    pub(crate) last: Price,
    pub(crate) band: Option<PriceBand>,
    pub(crate) today: Today,
    /// Earlier days, ascending.
    pub(crate) days: Vec<(TradingDay, ChartBar)>,
    /// Minutes of the last days before today.
    pub(crate) past: BTreeMap<TradingDay, Vec<(i64, ChartBar)>>,
}

/// The part of a quote that is kept on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct QuoteImage {
    pub(crate) symbol: Symbol,
    base: Price,
    last: Price,
    today: Today,
    days: Vec<(TradingDay, ChartBar)>,
}

impl Quote {
    pub(crate) fn new(symbol: &EmuSymbol) -> Self {
        Quote {
            symbol: symbol.symbol,
            name: symbol.name.clone(),
            market: symbol.market,
            base: symbol.base,
            last: symbol.base,
            band: None,
            today: Today::default(),
            days: Vec::new(),
            past: BTreeMap::new(),
        }
    }

    pub(crate) fn image(&self) -> QuoteImage {
        QuoteImage {
            symbol: self.symbol,
            base: self.base,
            last: self.last,
            today: self.today.clone(),
            days: self.days.clone(),
        }
    }

    pub(crate) fn restore(&mut self, image: QuoteImage) {
        self.base = image.base;
        self.last = image.last;
        self.today = image.today;
        self.days = image.days;
    }

    /// Enters a trade.
    pub(crate) fn trade(&mut self, print: &Print) {
        let second = print.at.kst_second();
        let amount = print.price * print.qty;
        self.last = print.price;
        let today = &mut self.today;
        match today.day.as_mut() {
            None => {
                today.day = Some(first(print, amount));
                (today.open_at, today.high_at, today.low_at) = (second, second, second);
            }
            Some(day) => {
                if print.price > day.bar.high {
                    today.high_at = second;
                }
                if print.price < day.bar.low {
                    today.low_at = second;
                }
                widen(day, print, amount);
            }
        }
        match print.taker {
            Some(Side::Buy) => {
                today.buy_trades += 1;
                today.buy_volume += print.qty.get();
            }
            Some(Side::Sell) => {
                today.sell_trades += 1;
                today.sell_volume += print.qty.get();
            }
            None => {}
        }
        let minute = second / 60 * 60;
        match today.minutes.last_mut() {
            Some((start, bar)) if *start == minute => widen(bar, print, amount),
            Some(_) | None => today.minutes.push((minute, first(print, amount))),
        }
    }

    /// Begins a day: yesterday goes into the history, its close is the new base.
    pub(crate) fn begin_day(&mut self, yesterday: Option<TradingDay>, rules: &DayRules) {
        let today = std::mem::take(&mut self.today);
        if let (Some(day), Some(bar)) = (yesterday, today.day) {
            self.days.push((day, bar));
            let surplus = self.days.len().saturating_sub(DAYS_MAX);
            self.days.drain(..surplus);
            self.past.insert(day, today.minutes);
            while self.past.len() > MINUTE_DAYS_MAX {
                self.past.pop_first();
            }
        }
        self.set_base(self.last, rules);
    }

    /// Sets base price and limits of the day.
    pub(crate) fn set_base(&mut self, base: Price, rules: &DayRules) {
        self.base = base;
        self.last = base;
        self.band = rules.band(self.market, base);
    }

    /// The close before today, else the base price.
    pub(crate) fn previous_close(&self) -> Price {
        self.days.last().map_or(self.base, |(_, day)| day.bar.close)
    }
}

fn first(print: &Print, amount: Won) -> ChartBar {
    let price = print.price;
    ChartBar { bar: Bar { open: price, high: price, low: price, close: price, volume: print.qty.get() }, amount }
}

fn widen(chart: &mut ChartBar, print: &Print, amount: Won) {
    chart.bar.high = chart.bar.high.max(print.price);
    chart.bar.low = chart.bar.low.min(print.price);
    chart.bar.close = print.price;
    chart.bar.volume += print.qty.get();
    chart.amount += amount;
}

/// All symbols, by index.
#[derive(Debug)]
pub(crate) struct Board {
    quotes: Vec<Quote>,
}

impl Board {
    pub(crate) fn new(symbols: &[EmuSymbol]) -> Self {
        Board { quotes: symbols.iter().map(Quote::new).collect() }
    }

    pub(crate) fn get(&self, index: usize) -> &Quote {
        self.quotes.get(index).expect("invariant: symbol indices come from the board")
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> &mut Quote {
        self.quotes.get_mut(index).expect("invariant: symbol indices come from the board")
    }

    pub(crate) fn all(&self) -> &[Quote] {
        &self.quotes
    }

    pub(crate) fn all_mut(&mut self) -> &mut [Quote] {
        &mut self.quotes
    }

    /// The index of a code.
    pub(crate) fn find(&self, code: &str) -> Option<usize> {
        self.quotes.iter().position(|quote| quote.symbol.as_str() == code)
    }

    pub(crate) fn index_of(&self, symbol: Symbol) -> Option<usize> {
        self.quotes.iter().position(|quote| quote.symbol == symbol)
    }
}

/// Ten levels a side around the last price, for markets that have prints but no book.
pub(crate) fn synthetic_depth(quote: &Quote, rules: &DayRules, side: Side) -> Vec<(Price, Qty)> {
    let (market, last) = (quote.market, quote.last);
    // The last price is the best bid; asks begin a tick above.
    let levels = (0..10).map(|level| match side {
        Side::Buy => rules.ticks_away(market, last, -level, quote.band).get(),
        Side::Sell => rules.ticks_away(market, last, level + 1, quote.band).get(),
    });
    let mut depth: Vec<(Price, Qty)> = Vec::with_capacity(10);
    for price in levels {
        if depth.last().is_some_and(|(worse, _)| *worse == price) {
            // The limit is reached: there is nothing beyond.
            break;
        }
        let shares = 100 + (price.get() / 7 + depth.len() as i64 * 37) % 900;
        depth.push((price, Qty::new(shares).unwrap_or_default()));
    }
    if side == Side::Sell && quote.band.is_some_and(|band| last >= band.upper) {
        depth.clear();
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::demo_symbols;
    use fsts_krx::{FeeSchedule, RuleBook};

    #[test]
    fn prints_build_the_day_the_minutes_and_the_next_base() {
        let day: TradingDay = "2026-11-20".parse().unwrap();
        let rules = RuleBook::krx(FeeSchedule::NONE).on(day);
        let mut quote = Quote::new(&demo_symbols()[0]);
        quote.begin_day(None, &rules);
        for (second, won, shares) in [(2, 71_300, 10), (40, 71_100, 5), (62, 71_500, 1)] {
            let print = Print {
                symbol: 0,
                at: Timestamp::from_kst(day, 9 * 3600 + second),
                price: Price::new(won).unwrap(),
                qty: Qty::new(shares).unwrap(),
                taker: Some(Side::Buy),
            };
            quote.trade(&print);
        }
        let bar = quote.today.day.unwrap();
        assert_eq!((bar.bar.open.get(), bar.bar.high.get(), bar.bar.low.get()), (71_300, 71_500, 71_100));
        assert_eq!((bar.bar.volume, bar.amount.get()), (16, 713_000 + 355_500 + 71_500));
        assert_eq!(quote.today.minutes.len(), 2);
        quote.begin_day(Some(day), &rules);
        assert_eq!((quote.base.get(), quote.days.len(), quote.today.volume()), (71_500, 1, 0));
        assert_eq!(quote.band.unwrap().upper.get(), 92_900);
    }

    #[test]
    fn a_synthetic_book_ends_at_the_price_limit() {
        let rules = RuleBook::krx(FeeSchedule::NONE).on("2026-11-20".parse().unwrap());
        let mut quote = Quote::new(&demo_symbols()[0]);
        quote.begin_day(None, &rules);
        assert_eq!(synthetic_depth(&quote, &rules, Side::Sell).len(), 10);
        quote.last = quote.band.unwrap().upper;
        assert!(synthetic_depth(&quote, &rules, Side::Sell).is_empty());
        quote.last = rules.ticks_away(quote.market, quote.last, -2, quote.band).get();
        assert_eq!(synthetic_depth(&quote, &rules, Side::Sell).len(), 2);
    }
}
