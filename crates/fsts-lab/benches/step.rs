//! What one step of the engine costs: a quiet bar, a slice of many symbols, and a round trip of orders.

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fsts_domain::{Bar, BotId, Market, Price, Qty, Symbol, Timestamp, TradingDay, Won};
use fsts_engine::{
    AccountReport, BarView, BotConfig, Decision, Effects, Engine, EngineConfig, Event, EventKind, INDICATORS_MAX,
    Needs, OrderStyle, Sizing, Strategy, SymbolBar, Target,
};
use fsts_krx::{Instrument, RuleBook};
use fsts_lab::Setup;
use fsts_lab::workload::{START, Workload, run_workload, sma, w2_runner};
use fsts_lake::{DataSet, Interval, PriceKind, Row};

const BARS: usize = 10_000;
const MINUTES_A_DAY: usize = 381;

/// Minutes of a seeded walk, 381 a day, as the benchmark generator stamps them.
fn walk(symbols: usize, bars: usize) -> DataSet {
    let instruments = (0..symbols).map(instrument).collect();
    let mut state = 42u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let first: TradingDay = "2024-01-02".parse().expect("invariant: a date");
    let mut rows = Vec::with_capacity(symbols * bars);
    let mut last = vec![50_000i64; symbols];
    for n in 0..bars {
        let day = first.plus_days((n / MINUTES_A_DAY) as i32);
        let at = Timestamp::from_kst(day, 9 * 3600 + (n % MINUTES_A_DAY) as i64 * 60).ns();
        for (symbol, last) in last.iter_mut().enumerate() {
            let open = *last;
            let close = (open + draw(401) as i64 - 200).clamp(10_000, 200_000);
            *last = close;
            let price = |won: i64| Price::new(won).expect("invariant: a positive price");
            let bar = Bar::enclosing(
                price(open),
                price(open.max(close) + 50),
                price(open.min(close) - 50),
                price(close),
                1_000,
            );
            rows.push(Row { at, symbol: symbol as u32, bar });
        }
    }
    DataSet::from_rows(instruments, rows, Interval::Minute, PriceKind::Traded)
}

fn instrument(n: usize) -> Instrument {
    let symbol: Symbol = format!("B{n:05}").parse().expect("invariant: six letters or digits");
    Instrument { symbol, name: "bench".to_owned(), market: Market::Kospi }
}

fn engine_over<S: Strategy>(data: &DataSet, strategy: S) -> Engine<S> {
    let id: BotId = "bench".parse().expect("invariant: a bot name");
    let bot = BotConfig {
        id,
        symbols: data.symbols.iter().map(|i| i.symbol).collect(),
        sizing: Sizing::Shares(Qty::new(10).expect("invariant: a positive quantity")),
        style: OrderStyle::Market,
        capital: None,
    };
    let config = EngineConfig::simulated(data.symbols.clone());
    Engine::new(config, RuleBook::ideal_won(), vec![(bot, strategy)]).expect("invariant: bot and universe fit")
}

fn event(seq: u64, at: Timestamp, kind: EventKind<'_>) -> Event<'_> {
    Event { seq, at, recv: at, kind }
}

/// `Engine::step` alone, over bars that cause no order: without cash every entry is blocked at the gate.
fn quiet(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    for symbols in [1, 100] {
        let data = walk(symbols, BARS);
        let slices: Vec<(Timestamp, Vec<SymbolBar>)> = data
            .slices()
            .map(|slice| {
                let at = Timestamp::from_ns(slice.first().map_or(0, |row| row.at));
                (at, slice.iter().map(|row| SymbolBar { symbol: row.symbol, bar: row.bar }).collect())
            })
            .collect();
        group.throughput(Throughput::Elements(data.rows.len() as u64));
        group.sample_size(20);
        group.bench_function(format!("bars of {symbols} symbols, no order"), |b| {
            let start = || {
                let mut engine = engine_over(&data, Never);
                let at = slices.first().map_or(Timestamp::default(), |s| s.0);
                let report = AccountReport { cash: START, holdings: Vec::new() };
                let mut fx = Effects::default();
                engine.step(&event(1, at, EventKind::Account { asked_at: at, report }), &mut fx);
                fx.clear();
                (engine, fx)
            };
            let fold = |(mut engine, mut fx): (Engine<Never>, Effects)| {
                for (n, (at, bars)) in slices.iter().enumerate() {
                    engine.step(&event(n as u64 + 2, *at, EventKind::Slice(Cow::Borrowed(bars))), &mut fx);
                    fx.clear();
                }
                engine.equity()
            };
            b.iter_batched(start, |state| black_box(fold(state)), BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// Sees every bar and wants nothing.
struct Never;

impl Strategy for Never {
    fn needs(&self) -> Needs {
        Needs { interval: fsts_engine::Interval::Minute, warm_up: 0, indicators: &[], protection: None }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        out.extend(bars.iter().map(|view| decision(view, None)));
    }

    fn reset(&mut self) {}
}

/// In at one bar and out at the next: an order for every bar.
struct Flip;

impl Strategy for Flip {
    fn needs(&self) -> Needs {
        Never.needs()
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        let target = |view: &BarView| if view.held.is_zero() { Target::Enter } else { Target::Exit };
        out.extend(bars.iter().map(|view| decision(view, Some(target(view)))));
    }

    fn reset(&mut self) {}
}

fn decision(view: &BarView, target: Option<Target>) -> Decision {
    Decision { slot: view.slot, target, signal: "bench", indicators: [f64::NAN; INDICATORS_MAX] }
}

/// Whole runs: bars through the runner without orders, the two workloads, and nothing but orders.
fn runs(c: &mut Criterion) {
    let data = walk(1, BARS);
    let setup = Setup::bench(START);
    let mut group = c.benchmark_group("run");
    group.throughput(Throughput::Elements(BARS as u64));
    group.sample_size(20);
    let whole = |runner: Result<fsts_lab::Report, fsts_lab::SetupError>| runner.map_or(Won::ZERO, |r| r.final_equity);
    group.bench_function("no order", |b| b.iter(|| black_box(whole(fsts_lab::run(&data, &setup, Never, |_| {})))));
    group.bench_function("an order a bar", |b| b.iter(|| black_box(whole(fsts_lab::run(&data, &setup, Flip, |_| {})))));
    group.bench_function("sma_cross without cash", |b| {
        let poor = Setup::bench(Won::new(1));
        b.iter(|| black_box(whole(fsts_lab::run(&data, &poor, sma(), |_| {}))));
    });
    for workload in [Workload::W2, Workload::W7] {
        group.bench_function(format!("{workload:?}"), |b| {
            b.iter(|| black_box(whole(run_workload(workload, &data, START))))
        });
    }
    group.bench_function("an order a bar, a thousand symbols", |b| {
        let wide = walk(1_000, BARS / 1_000);
        b.iter(|| black_box(whole(fsts_lab::run(&wide, &setup, Flip, |_| {}))));
    });
    group.bench_function("W2, a hundred symbols", |b| {
        let panel = walk(100, BARS / 100);
        b.iter(|| {
            let mut runner = w2_runner(&panel, &setup).expect("invariant: the walk has bars");
            let mut row = 0;
            for slice in panel.slices() {
                runner.slice(slice, row);
                row += slice.len();
            }
            black_box(runner.engine().equity())
        });
    });
    group.finish();
}

criterion_group!(benches, quiet, runs);
criterion_main!(benches);
