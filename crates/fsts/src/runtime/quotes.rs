//! The day of each symbol so far, and its last minute bars, for charts and quotes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsts_domain::{Bar, Price, Symbol, Timestamp, TradingDay, Won};
use fsts_krx::PriceBand;
use fsts_server::views::{BarView, QuoteTickView, QuoteView};

/// Minute bars kept in memory; older ones are in the store.
const BARS_MAX: usize = 2_000;
const MINUTE_S: i64 = 60;

/// One symbol.
#[derive(Debug, Clone, Default)]
struct Day {
    day: TradingDay,
    name: String,
    bar: Option<Bar>,
    bid: Option<Price>,
    ask: Option<Price>,
    base: Option<Price>,
    band: Option<PriceBand>,
    at: Timestamp,
    bars: VecDeque<BarView>,
}

/// Quotes that the engine's thread writes and screens read.
#[derive(Debug, Clone, Default)]
pub struct Quotes(Arc<Mutex<BTreeMap<Symbol, Day>>>);

impl Quotes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Symbol, Day>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names a symbol.
    pub fn name(&self, symbol: Symbol, name: String) {
        self.lock().entry(symbol).or_default().name = name;
    }

    /// The day's reference price and limits.
    pub fn base(&self, symbol: Symbol, base: Option<Price>, band: Option<PriceBand>) {
        let mut days = self.lock();
        let day = days.entry(symbol).or_default();
        day.base = base.or(day.base);
        day.band = band.or(day.band);
    }

    /// A trade.
    pub fn trade(&self, record: &fsts_kis::decode::TradeRecord) -> QuoteTickView {
        let mut days = self.lock();
        let day = days.entry(record.symbol).or_default();
        if day.day != record.at.kst_day() {
            day.day = record.at.kst_day();
            day.bar = None;
        }
        let price = record.price;
        let before = day.bar.unwrap_or(Bar { open: price, high: price, low: price, close: price, volume: 0 });
        let widened =
            Bar::enclosing(before.open, before.high.max(price), before.low.min(price), price, record.cum_volume);
        day.bar = Some(widened);
        day.bid = record.bid1;
        day.ask = record.ask1;
        day.at = record.at;
        grow(&mut day.bars, record.at, price, record.qty.get());
        let (bid, ask, at_ns) = (day.bid, day.ask, record.at.into());
        QuoteTickView { symbol: record.symbol, last: price, bid, ask, volume: record.cum_volume, at_ns }
    }

    /// Best prices of a book.
    pub fn book(&self, symbol: Symbol, bid: Option<Price>, ask: Option<Price>) {
        let mut days = self.lock();
        let day = days.entry(symbol).or_default();
        day.bid = bid;
        day.ask = ask;
    }

    /// The day of a symbol so far.
    pub fn quote(&self, symbol: Symbol) -> Option<QuoteView> {
        let days = self.lock();
        let day = days.get(&symbol)?;
        let bar = day.bar.or_else(|| day.base.map(|p| Bar { open: p, high: p, low: p, close: p, volume: 0 }))?;
        Some(QuoteView {
            symbol,
            name: day.name.clone(),
            last: bar.close,
            bid: day.bid,
            ask: day.ask,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            volume: bar.volume,
            prev_close: day.base,
            change: day.base.map(|b| Won::new(bar.close.get() - b.get())),
            upper_limit: day.band.map(|b| b.upper),
            lower_limit: day.band.map(|b| b.lower),
            at_ns: day.at.into(),
        })
    }

    /// Adds a bar that a tape or the store remembers.
    pub fn remember(&self, symbol: Symbol, start: Timestamp, bar: &Bar) {
        let mut days = self.lock();
        let bars = &mut days.entry(symbol).or_default().bars;
        let t = start.ns() / fsts_domain::NS_PER_S;
        if bars.back().is_none_or(|last| last.t < t) {
            let view = BarView {
                t,
                o: bar.open.get(),
                h: bar.high.get(),
                l: bar.low.get(),
                c: bar.close.get(),
                v: bar.volume,
            };
            bars.push_back(view);
        }
    }

    /// The last minute bars of a symbol, oldest first, the forming one included.
    pub fn bars(&self, symbol: Symbol, limit: usize) -> Vec<BarView> {
        let days = self.lock();
        let Some(day) = days.get(&symbol) else { return Vec::new() };
        let skip = day.bars.len().saturating_sub(limit);
        day.bars.iter().skip(skip).copied().collect()
    }
}

fn grow(bars: &mut VecDeque<BarView>, at: Timestamp, price: Price, qty: i64) {
    let second = at.ns().div_euclid(fsts_domain::NS_PER_S);
    let t = second - second.rem_euclid(MINUTE_S);
    let p = price.get();
    match bars.back_mut() {
        Some(last) if last.t == t => {
            last.h = last.h.max(p);
            last.l = last.l.min(p);
            last.c = p;
            last.v += qty;
        }
        Some(last) if last.t > t => {}
        Some(_) | None => {
            bars.push_back(BarView { t, o: p, h: p, l: p, c: p, v: qty });
            if bars.len() > BARS_MAX {
                bars.pop_front();
            }
        }
    }
}
