//! From prints to bars, and the last price of each symbol.

use fsts_domain::{Bar, Market, Price, Qty, Timestamp, TradingDay};

use crate::event::{SymbolBar, SymbolIx};

const MINUTE_NS: i64 = 60_000_000_000;

/// What the market last said about one symbol.
#[derive(Debug, Clone)]
pub(crate) struct SymbolView {
    pub market: Market,
    /// Last trade or close.
    pub last: Option<Price>,
    /// When.
    pub last_at: Timestamp,
    /// Reference price of the day's limits.
    pub base: Option<Price>,
    /// Day for which `base` holds.
    pub base_day: TradingDay,
    /// Day for which the exchange itself told `base`.
    pub told_on: Option<TradingDay>,
    /// Forward factor F(t).
    pub factor: f64,
    /// Bars being built, oldest first: the one whose grace runs and the one after it.
    forming: [Option<Forming>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Forming {
    start: i64,
    bar: Bar,
}

impl SymbolView {
    pub fn new(market: Market) -> Self {
        SymbolView {
            market,
            last: None,
            last_at: Timestamp::default(),
            base: None,
            base_day: TradingDay::default(),
            told_on: None,
            factor: 1.0,
            forming: [None; 2],
        }
    }

    /// Notes a price of a day; the first of a day makes the day's base, unless the exchange has told it.
    #[inline]
    pub fn note(&mut self, day: TradingDay, first: Price, last: Price, at: Timestamp) {
        if self.base_day != day {
            // Without a previous close (first day of the data) the first trade is the best guess there is.
            self.base = Some(self.last.unwrap_or(first));
            self.base_day = day;
        }
        self.last = Some(last);
        self.last_at = at;
    }

    /// Adds a print to the bar of a minute.
    fn form(&mut self, start: i64, (price, qty): (Price, Qty), is_newest: bool) {
        let fresh =
            Forming { start, bar: Bar { open: price, high: price, low: price, close: price, volume: qty.get() } };
        for slot in &mut self.forming {
            match slot {
                Some(forming) if forming.start == start => {
                    let bar = &mut forming.bar;
                    *bar = Bar {
                        open: bar.open,
                        high: bar.high.max(price),
                        low: bar.low.min(price),
                        close: if is_newest { price } else { bar.close },
                        volume: bar.volume.saturating_add(qty.get()),
                    };
                    return;
                }
                Some(forming) if forming.start > start => return,
                Some(_) => {}
                None => {
                    *slot = Some(fresh);
                    return;
                }
            }
        }
    }
}

/// All symbols' views and the clock that closes their bars.
#[derive(Debug)]
pub(crate) struct Views {
    pub symbols: Vec<SymbolView>,
    grace_ns: i64,
    /// Bars up to here are closed; a late print opens none of them again.
    closed_until: i64,
}

impl Views {
    pub fn new(markets: impl Iterator<Item = Market>, grace_ns: i64) -> Self {
        Views { symbols: markets.map(SymbolView::new).collect(), grace_ns, closed_until: i64::MIN }
    }

    #[inline]
    pub fn get(&self, symbol: SymbolIx) -> Option<&SymbolView> {
        self.symbols.get(symbol as usize)
    }

    #[inline]
    pub fn get_mut(&mut self, symbol: SymbolIx) -> Option<&mut SymbolView> {
        self.symbols.get_mut(symbol as usize)
    }

    /// Adds a print to its minute, and answers whether it is the newest of its symbol. An older one moves no last
    /// price; one of a minute that is closed changes no bar.
    pub fn trade(&mut self, symbol: SymbolIx, price: Price, qty: Qty, at: Timestamp) -> bool {
        let closed_until = self.closed_until;
        let Some(view) = self.symbols.get_mut(symbol as usize) else { return false };
        let is_newest = at >= view.last_at;
        if is_newest {
            view.note(at.kst_day(), price, price, at);
        }
        let start = at.ns() - at.ns().rem_euclid(MINUTE_NS);
        if start >= closed_until {
            view.form(start, (price, qty), is_newest);
        }
        is_newest
    }

    /// The oldest minute that is over at `now`, grace included, or that a third minute pushes out.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let oldest = self.symbols.iter().filter_map(|v| v.forming[0].map(|f| f.start)).min()?;
        (oldest + MINUTE_NS + self.grace_ns <= now.ns()).then(|| Timestamp::from_ns(oldest))
    }

    /// Takes the bars of one minute out, by symbol.
    pub fn take(&mut self, start: Timestamp, out: &mut Vec<SymbolBar>) {
        self.closed_until = self.closed_until.max(start.ns() + MINUTE_NS);
        for (ix, view) in self.symbols.iter_mut().enumerate() {
            if let Some(forming) = view.forming[0].filter(|f| f.start == start.ns()) {
                out.push(SymbolBar { symbol: ix as SymbolIx, bar: forming.bar });
                view.forming = [view.forming[1], None];
            }
        }
    }

    /// The end of a minute that starts at `start`.
    pub fn end_of(start: Timestamp) -> Timestamp {
        start.plus_ns(MINUTE_NS)
    }
}
