//! A market of stored bars: each becomes up to four prints, and our orders meet the prints.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use fsts_domain::{OrderKind, Price, Qty, Side, Timestamp, TradingDay};
use fsts_sim::{PrintMatcher, SimFill, SimKind, SimOrder, locked_side, prints_of};

use crate::board::{Board, ChartBar, Print};
use crate::config::ReplayBar;
use crate::market::{Happening, Hours, Incoming};
use crate::orders::Condition;

/// Seconds after a bar's start at which its first print comes. Later than the minute's boundary and the second after
/// it, at which bars are closed: an order that a closed bar gives rise to meets the next bar's open.
const FIRST_PRINT_S: i64 = 2;
const DAY_S: i64 = 86_400;
const MINUTE_S: i64 = 60;

/// A print to come.
#[derive(Debug, Clone, Copy)]
struct TapePrint {
    print: Print,
    first_of_bar: bool,
    /// The side that gets nothing while the bar is locked at a limit.
    locked: Option<Side>,
}

/// Bars of many days, the prints of the current one, and our orders.
#[derive(Debug)]
pub(crate) struct Replay {
    /// By start, then by symbol.
    bars: Vec<ReplayBar>,
    days: BTreeMap<TradingDay, Range<usize>>,
    interval_s: i64,
    partial_fills: bool,
    tape: VecDeque<TapePrint>,
    /// Prints of the day from before it was entered.
    passed: Vec<Print>,
    matcher: PrintMatcher,
    /// Our orders that must not outlive the next print of their symbol.
    immediate: Vec<(u64, usize)>,
}

impl Replay {
    pub(crate) fn new(mut bars: Vec<ReplayBar>, interval_s: i64, partial_fills: bool) -> Self {
        bars.sort_by_key(|bar| (bar.at_ns, bar.symbol));
        let mut days: BTreeMap<TradingDay, Range<usize>> = BTreeMap::new();
        for (index, bar) in bars.iter().enumerate() {
            let day = Timestamp::from_ns(bar.at_ns).kst_day();
            days.entry(day).or_insert(index..index).end = index + 1;
        }
        Replay {
            bars,
            days,
            interval_s,
            partial_fills,
            tape: VecDeque::new(),
            passed: Vec::new(),
            matcher: PrintMatcher::new(0),
            immediate: Vec::new(),
        }
    }

    /// The days there are bars of.
    pub(crate) fn days(&self) -> impl Iterator<Item = TradingDay> + '_ {
        self.days.keys().copied()
    }

    fn bars_of(&self, day: TradingDay) -> &[ReplayBar] {
        self.days.get(&day).and_then(|range| self.bars.get(range.clone())).unwrap_or_default()
    }

    pub(crate) fn first_price(&self, day: TradingDay, symbol: usize) -> Option<Price> {
        self.bars_of(day).iter().find(|bar| bar.symbol == symbol && bar.bar.volume > 0).map(|bar| bar.bar.open)
    }

    /// The daily bars of a symbol before `day`, for the history on the board.
    pub(crate) fn history(&self, symbol: usize, before: TradingDay) -> Vec<(TradingDay, ChartBar)> {
        let mut history: Vec<(TradingDay, ChartBar)> = Vec::new();
        for day in self.days().take_while(|day| *day < before) {
            for bar in self.bars_of(day).iter().filter(|bar| bar.symbol == symbol && bar.bar.volume > 0) {
                let amount = bar.bar.close * Qty::new(bar.bar.volume).unwrap_or_default();
                match history.last_mut() {
                    Some((last, chart)) if *last == day => {
                        chart.bar.high = chart.bar.high.max(bar.bar.high);
                        chart.bar.low = chart.bar.low.min(bar.bar.low);
                        chart.bar.close = bar.bar.close;
                        chart.bar.volume += bar.bar.volume;
                        chart.amount += amount;
                    }
                    Some(_) | None => history.push((day, ChartBar { bar: bar.bar, amount })),
                }
            }
        }
        history
    }

    /// The minutes of a symbol on a day before today's.
    pub(crate) fn minutes_of(&self, day: TradingDay, symbol: usize) -> Vec<(i64, ChartBar)> {
        if self.interval_s != MINUTE_S {
            return Vec::new();
        }
        let of_symbol = self.bars_of(day).iter().filter(|bar| bar.symbol == symbol && bar.bar.volume > 0);
        of_symbol
            .map(|bar| {
                let amount = bar.bar.close * Qty::new(bar.bar.volume).unwrap_or_default();
                (Timestamp::from_ns(bar.at_ns).kst_second(), ChartBar { bar: bar.bar, amount })
            })
            .collect()
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.tape.front().map(|next| next.print.at)
    }

    pub(crate) fn begin_day(&mut self, hours: &Hours, board: &Board) {
        let mut tape: Vec<TapePrint> = Vec::new();
        for bar in self.bars_of(hours.day) {
            self.push_prints(bar, hours, board, &mut tape);
        }
        // Stable: prints of one instant and symbol keep their order within the bar.
        tape.sort_by_key(|next| (next.print.at, next.print.symbol));
        let ahead = tape.partition_point(|next| next.print.at <= hours.resume_after);
        self.tape = tape.split_off(ahead).into();
        self.passed = tape.into_iter().map(|next| next.print).collect();
        self.matcher = PrintMatcher::new(board.all().len());
        self.immediate.clear();
    }

    /// The prints of the day that came before it was entered: the board shows them, orders don't meet them.
    pub(crate) fn take_passed(&mut self) -> Vec<Print> {
        std::mem::take(&mut self.passed)
    }

    fn push_prints(&self, bar: &ReplayBar, hours: &Hours, board: &Board, tape: &mut Vec<TapePrint>) {
        let Some(offsets) = self.offsets(bar, hours) else {
            return;
        };
        let locked = locked_side(&bar.bar, board.get(bar.symbol).band);
        let mut first_of_bar = true;
        for (print, at) in prints_of(&bar.bar).into_iter().zip(offsets) {
            if print.qty.is_zero() {
                continue;
            }
            match tape.last_mut() {
                // An auction is one trade at one price.
                Some(last) if !first_of_bar && last.print.at == at && last.print.price == print.price => {
                    last.print.qty += print.qty;
                }
                Some(_) | None => {
                    let print = Print { symbol: bar.symbol, at, price: print.price, qty: print.qty, taker: None };
                    tape.push(TapePrint { print, first_of_bar, locked });
                }
            }
            first_of_bar = false;
        }
    }

    /// The instants of open, low, high and close; `None` for a bar outside the session.
    fn offsets(&self, bar: &ReplayBar, hours: &Hours) -> Option<[Timestamp; 4]> {
        let start = Timestamp::from_ns(bar.at_ns);
        if self.interval_s >= DAY_S && !hours.always_open {
            let quarter = hours.close.since(hours.open) / 4;
            let open = hours.open;
            return Some([open.plus_s(FIRST_PRINT_S), open.plus_ns(quarter), open.plus_ns(2 * quarter), hours.close]);
        }
        if !hours.always_open && (start < hours.open || start > hours.close) {
            return None;
        }
        if !hours.always_open && start == hours.close {
            return Some([start; 4]);
        }
        let third = self.interval_s / 3;
        Some([FIRST_PRINT_S, third, 2 * third, self.interval_s - 2].map(|offset| start.plus_s(offset)))
    }

    pub(crate) fn run(&mut self, now: Timestamp, out: &mut Vec<Happening>) {
        let mut fills: Vec<SimFill> = Vec::new();
        while let Some(next) = self.tape.front().copied().filter(|next| next.print.at <= now) {
            self.tape.pop_front();
            let Print { symbol, price, qty, .. } = next.print;
            let index = symbol as u32;
            if next.first_of_bar {
                self.matcher.set_locked(index, next.locked);
            }
            let available = self.partial_fills.then_some(qty);
            fills.clear();
            self.matcher.on_print(index, price, available, next.first_of_bar, &mut fills);
            out.extend(fills.iter().map(|fill| Happening::Fill { id: fill.id, qty: fill.qty, price: fill.price }));
            out.push(Happening::Print(next.print));
            out.push(Happening::Book { symbol });
            let matcher = &mut self.matcher;
            self.immediate.retain(|(id, of)| {
                let kept = *of != symbol;
                if !kept && matcher.cancel(*id) {
                    out.push(Happening::Dropped { id: *id });
                }
                kept
            });
        }
    }

    pub(crate) fn submit(&mut self, order: &Incoming) {
        let kind = match order.kind {
            OrderKind::Limit(price) => SimKind::Limit(price),
            OrderKind::Market => SimKind::Market,
        };
        self.matcher.submit(SimOrder {
            id: order.id,
            symbol: order.symbol as u32,
            side: order.side,
            kind,
            qty: order.qty,
        });
        match order.condition {
            Condition::Day => {}
            // Prints have no book behind them: "at once" is the next print.
            Condition::Ioc | Condition::Fok => self.immediate.push((order.id, order.symbol)),
        }
    }

    pub(crate) fn cancel(&mut self, id: u64) -> bool {
        self.matcher.cancel(id)
    }
}
