//! `fsts bench`: a benchmark workload on the engine that trades, checked for its answer before its time is told.

use fsts_domain::Won;
use fsts_lab::Report;
use fsts_lab::workload::{START, Workload, run_workload};
use fsts_lake::{DataSet, load_bench_bin, load_bench_panel};
use serde::Serialize;

use super::backtest::grouped;
use super::{BenchArgs, Context, WorkloadArg, values};
use crate::exit::Failure;
use crate::messages::backtest as say;
use crate::output;
use crate::stopwatch::Stopwatch;

/// Cash of the panel workload.
const PANEL_CASH: Won = Won::new(10_000_000_000);

/// Answers that every right engine gives: data, workload, cash, fills, final equity.
const REFERENCES: &[(&str, Workload, i64, usize, i64)] = &[
    (ONE_MILLION, Workload::W2, 100_000_000, 39_430, 54_805_687),
    (ONE_MILLION, Workload::W7, 100_000_000, 11_093, 88_442_558),
    (PANEL, Workload::W2, 10_000_000_000, 39_509, 9_879_108_634),
];
const ONE_MILLION: &str = "5ac8d4cc86f0c0d5ed22312085852ee3be2a439ca5d89afc7063c5bbcadfded6";
const PANEL: &str = "1bbbdd836b6a3214f89d2c21c91d6b22d0cdf516e8863b769903067296c72b7c";

/// Runs the command.
pub async fn run(args: BenchArgs, context: Context) -> Result<(), Failure> {
    if args.runs == 0 {
        return Err(Failure::usage(say::count_needed("--runs")));
    }
    let data = load(&args)?;
    let cash = match &args.cash {
        Some(text) => values::won("--cash", text)?,
        None if args.panel.is_some() => PANEL_CASH,
        None => START,
    };
    let workload = match args.workload {
        WorkloadArg::W2 => Workload::W2,
        WorkloadArg::W7 => Workload::W7,
    };
    let once = || run_workload(workload, &data, cash).map_err(|e| Failure::input(say::setup(&e)));
    let first = once()?;
    let checked = compare(&first, workload, cash, &data)?;
    let mut seconds = Vec::with_capacity(args.runs);
    for _ in 0..args.runs {
        let watch = Stopwatch::start();
        let report = once()?;
        seconds.push(watch.elapsed().as_secs_f64());
        if report.trace_hash != first.trace_hash {
            return Err(Failure::failed(say::runs_differ()));
        }
    }
    seconds.sort_by(f64::total_cmp);
    let measured = Measured::of(&first, (workload, checked), &seconds);
    if context.json {
        output::line(&serde_json::to_string(&measured).unwrap_or_default());
    } else {
        output::line(&measured.text(context));
    }
    Ok(())
}

fn load(args: &BenchArgs) -> Result<DataSet, Failure> {
    let path = args.data.as_deref().ok_or_else(|| Failure::usage(say::bench_data_needed()))?;
    let data = match (args.panel, args.bars) {
        (Some(_), Some(_)) => return Err(Failure::usage(say::bars_with_panel())),
        (Some(0), None) => return Err(Failure::usage(say::count_needed("--panel"))),
        (Some(symbols), None) => load_bench_panel(path, symbols),
        (None, bars) => load_bench_bin(path, bars),
    };
    data.map_err(|e| Failure::input(say::load(&e)))
}

/// Whether the answer is the known one; an unknown input has none.
fn compare(report: &Report, workload: Workload, cash: Won, data: &DataSet) -> Result<bool, Failure> {
    let hash = data.hash_hex();
    let known = REFERENCES.iter().find(|r| r.0 == hash && r.1 == workload && r.2 == cash.get());
    let Some((_, _, _, fills, won)) = known else {
        return Ok(false);
    };
    if (report.trades, report.final_equity.get()) != (*fills, *won) {
        let text = say::not_the_reference(report.trades, report.final_equity.get(), (*fills, *won));
        return Err(Failure::failed(text));
    }
    Ok(true)
}

/// Result and times of a benchmark.
#[derive(Debug, Serialize)]
struct Measured {
    workload: &'static str,
    bars: usize,
    symbols: usize,
    fills: usize,
    final_equity: i64,
    /// The answer equals the known one of this input.
    parity: Option<bool>,
    data_hash: String,
    trace_hash: String,
    runs: usize,
    seconds_median: f64,
    seconds_min: f64,
    seconds_max: f64,
    ns_per_bar: f64,
}

impl Measured {
    fn of(report: &Report, (workload, parity): (Workload, bool), sorted: &[f64]) -> Measured {
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let median = at(sorted.len() / 2);
        Measured {
            workload: match workload {
                Workload::W2 => "w2",
                Workload::W7 => "w7",
            },
            bars: report.bars,
            symbols: report.symbols,
            fills: report.trades,
            final_equity: report.final_equity.get(),
            parity: parity.then_some(true),
            data_hash: report.data_hash.clone(),
            trace_hash: report.trace_hash.clone(),
            runs: sorted.len(),
            seconds_median: median,
            seconds_min: at(0),
            seconds_max: at(sorted.len() - 1),
            ns_per_bar: (median * 1e10 / report.bars as f64).round() / 10.0,
        }
    }

    fn text(&self, context: Context) -> String {
        let label = |id: &str| say::label(id).get(context.lang).to_owned();
        let parity = if self.parity == Some(true) { "parity" } else { "parity_unknown" };
        [
            format!(
                "{} {} {} · {} {}",
                self.workload,
                grouped(self.bars as i64),
                label("bars"),
                self.symbols,
                label("symbols")
            ),
            format!("{} {}", grouped(self.fills as i64), label("trades")),
            format!("{} {} ({})", grouped(self.final_equity), label("won"), label(parity)),
            format!("{:.4} s [{:.4}..{:.4}] × {}", self.seconds_median, self.seconds_min, self.seconds_max, self.runs),
            format!("{:.1} ns/bar", self.ns_per_bar),
            format!("trace_hash {}", self.trace_hash),
        ]
        .join("\n")
    }
}
