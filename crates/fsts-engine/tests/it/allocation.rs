//! A bar costs no allocation: `step` reuses its buffers, whatever the strategy and the protection it asks for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::cell::Cell;

use fsts_domain::*;
use fsts_engine::*;
use fsts_krx::{FeeSchedule, RuleBook};

use crate::desk::*;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; every call goes to the system's unchanged")]
// SAFETY: both methods pass their arguments on to `System`, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|c| c.set(c.get() + 1));
        // SAFETY: the caller's layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from `alloc` above, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

/// Decides on every bar; buys once and holds.
struct Watcher;

impl Strategy for Watcher {
    fn needs(&self) -> Needs {
        let stop = Some(Rate::per_billion(900_000_000));
        let protection = Some(Protection { stop, target: None, trail: None, watch: Watch::Close });
        Needs { interval: Interval::Minute, warm_up: 0, indicators: &[], protection }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        for view in bars {
            // What it holds is wanted again at each bar.
            let target = Some(Target::Shares(qty(5)));
            out.push(Decision { slot: view.slot, target, signal: "hold", indicators: [0.0; INDICATORS_MAX] });
        }
    }

    fn reset(&mut self) {}
}

/// Runs minutes of two symbols through the engine, orders answered inline, and tells what the last part allocated.
fn allocations_of_quiet_bars(warm_up: i64, measured: i64) -> u64 {
    let config = EngineConfig::simulated(universe());
    let symbols = config.universe.iter().map(|i| i.symbol).collect();
    let (sizing, style) = (Sizing::Shares(qty(5)), OrderStyle::Market);
    let bot = BotConfig { id: bot("alpha"), symbols, sizing, style, capital: None };
    let mut engine = Engine::new(config, RuleBook::ideal(FeeSchedule::NONE), vec![(bot, Watcher)]).unwrap();
    let mut fx = Effects::default();
    let start = half_past_nine();
    let report = AccountReport { cash: won(100_000_000), holdings: Vec::new() };
    step(&mut engine, &mut fx, start, EventKind::Account { asked_at: start, report });
    let mut before = 0;
    for minute in 0..warm_up + measured {
        if minute == warm_up {
            before = allocations();
        }
        let close = price(70_000 + minute % 7);
        let bar = Bar { open: close, high: close, low: close, close, volume: 1 };
        let bars = [SymbolBar { symbol: 0, bar }, SymbolBar { symbol: 1, bar }];
        step(&mut engine, &mut fx, start.plus_s(60 * (minute % 300)), EventKind::Slice(Cow::Borrowed(&bars)));
    }
    assert_eq!((engine.book().line(0).total.qty, engine.book().line(1).total.qty), (qty(5), qty(5)));
    allocations() - before
}

fn step(engine: &mut Engine<Watcher>, fx: &mut Effects, at: Timestamp, kind: EventKind<'_>) {
    engine.step(&Event { seq: 0, at, recv: at, kind }, fx);
    while let Some(batch) = fx.batch.take() {
        fx.entries.clear();
        engine.step(&Event { seq: 0, at, recv: at, kind: EventKind::Committed { batch } }, fx);
        while let Some(order) = fx.submits.pop() {
            let (id, order) = (order.get().id(), order.get());
            let (symbol, side, order_qty) = (order.symbol(), order.side(), order.qty());
            let (number, branch) = (OrderNumber::from_value(id.0), Branch::default());
            let outcome = SubmitOutcome::Acked { number, branch, at };
            engine.step(&Event { seq: 0, at, recv: at, kind: EventKind::Submitted { intent: id, outcome } }, fx);
            let kind = NoticeKind::Filled { qty: order_qty, price: price(70_000) };
            let notice = Notice { number, original: None, branch, symbol, side, order_qty, kind };
            let kind = EventKind::Notice { notice, authoritative: true };
            engine.step(&Event { seq: 0, at, recv: at, kind }, fx);
        }
    }
}

#[test]
fn a_bar_without_an_order_allocates_nothing() {
    assert_eq!(allocations_of_quiet_bars(10, 10_000), 0);
}

#[test]
fn the_counter_counts() {
    let before = allocations();
    let boxed = std::hint::black_box(Box::new(1));
    assert_eq!((*boxed, allocations() - before), (1, 1));
}
