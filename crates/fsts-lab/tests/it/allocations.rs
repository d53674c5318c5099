//! No allocation per bar, and a cost per order that doesn't depend on how many there were before.

use fsts_domain::{Bar, Market, Price, Symbol, Timestamp, TradingDay, Won};
use fsts_engine::{BarView, Decision, INDICATORS_MAX, Needs, Strategy, Target};
use fsts_krx::Instrument;
use fsts_lab::workload::{START, sma};
use fsts_lab::{Runner, Setup};
use fsts_lake::{DataSet, Interval, PriceKind, Row};

use crate::counting::allocations;

const MINUTES_A_DAY: usize = 381;
/// Bars after which every buffer has the size it needs.
const SETTLED: usize = 2 * MINUTES_A_DAY;

/// Minutes of one symbol whose price rises for ever: means never cross.
fn rising(bars: usize) -> DataSet {
    let first: TradingDay = "2024-01-02".parse().unwrap();
    let row = |n: usize| {
        let day = first.plus_days((n / MINUTES_A_DAY) as i32);
        let at = Timestamp::from_kst(day, 9 * 3600 + (n % MINUTES_A_DAY) as i64 * 60).ns();
        let price = |won: i64| Price::new(won).unwrap();
        let open = 10_000 + n as i64;
        let bar =
            Bar { open: price(open), high: price(open + 2), low: price(open), close: price(open + 1), volume: 10 };
        Row { at, symbol: 0, bar }
    };
    let symbol: Symbol = "005930".parse().unwrap();
    let instrument = Instrument { symbol, name: "rising".to_owned(), market: Market::Kospi };
    DataSet::from_rows(vec![instrument], (0..bars).map(row).collect(), Interval::Minute, PriceKind::Traded)
}

/// In at one bar and out at the next.
struct Flip;

impl Strategy for Flip {
    fn needs(&self) -> Needs {
        Needs { interval: fsts_engine::Interval::Minute, warm_up: 0, indicators: &[], protection: None }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        let target = |view: &BarView| if view.held.is_zero() { Target::Enter } else { Target::Exit };
        out.extend(bars.iter().map(|view| Decision {
            slot: view.slot,
            target: Some(target(view)),
            signal: "flip",
            indicators: [f64::NAN; INDICATORS_MAX],
        }));
    }

    fn reset(&mut self) {}
}

/// What a run over `bars` bars allocated after the first [`SETTLED`] ones, and its fills.
fn cost<S: Strategy>(bars: usize, strategy: S, setup: &Setup) -> (u64, usize) {
    let data = rising(SETTLED + bars);
    let mut runner = Runner::new(&data, setup, strategy).unwrap();
    let mut slices = data.slices().enumerate();
    let mut feed = |runner: &mut Runner<'_, S>, count: usize| {
        for (row, slice) in slices.by_ref().take(count) {
            runner.slice(slice, row);
        }
    };
    feed(&mut runner, SETTLED);
    let counted = allocations(|| feed(&mut runner, bars));
    let fills = runner.finish().trades;
    (counted, fills)
}

#[test]
fn a_bar_without_an_order_allocates_nothing() {
    // Five days within, so that days are part of the promise.
    for bars in [MINUTES_A_DAY, 5 * MINUTES_A_DAY, 20 * MINUTES_A_DAY] {
        assert_eq!(cost(bars, sma(), &Setup::bench(START)), (0, 0), "{bars} bars");
    }
}

#[test]
fn a_signal_that_the_gate_blocks_allocates_nothing() {
    let without_cash = Setup::bench(Won::new(1));
    assert_eq!(cost(5 * MINUTES_A_DAY, Flip, &without_cash), (0, 0));
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8; 100]))), 1);
}

#[test]
fn the_hundredth_day_of_orders_allocates_no_more_than_the_first() {
    let per_order = |days: usize| {
        let (allocated, fills) = cost(days * MINUTES_A_DAY, Flip, &Setup::bench(Won::new(1_000_000_000_000)));
        assert!(fills >= days * MINUTES_A_DAY, "{fills} fills in {days} days");
        allocated as f64 / (days * MINUTES_A_DAY) as f64
    };
    let (few, many) = (per_order(5), per_order(100));
    assert!(few > 0.0 && many <= few * 1.05, "{few} allocations an order on 5 days, {many} on 100");
    assert!(many < 20.0, "{many} allocations an order");
}
