//! `fsts backtest`: a strategy over stored bars.

mod identities;
mod table;

use std::io::{BufWriter, Write};
use std::path::Path;

use fsts_engine::{DecisionLine, Strategy};
use fsts_krx::Profile;
use fsts_lab::{Report, Runner, Setup};
use fsts_lake::{DataSet, Interval, LakeError, LoadOptions, PriceKind};
use fsts_strategies::{Exits, Params, Protected, StrategyError};

pub use identities::check as identities;
pub use table::grouped;

use super::{BacktestArgs, Context, PriceKindArg, RulesArg, values};
use crate::exit::Failure;
use crate::messages::backtest as say;
use crate::messages::data as data_say;
use crate::messages::settings::strategy as strategy_text;
use crate::services::lake::{LAKE, Wanted};
use crate::services::simulations::{Terms, exits};
use crate::settings::Settings;
use crate::{output, progress};

const CASH_DEFAULT: &str = "10000000";
/// Slices between two looks at the progress bar.
const SLICES_PER_TICK: u64 = 64;

/// Runs the command.
pub async fn run(args: BacktestArgs, context: Context) -> Result<(), Failure> {
    let params = values::params(&args.params)?;
    let known = |e: StrategyError| Failure::input(strategy_text(&e));
    // A wrong name should not be told only after a long load; the interval is known later.
    let rule = fsts_strategies::build(&args.strategy, &params, fsts_engine::Interval::Day).map_err(known)?;
    let options = what_to_load(&args)?;
    let terms = terms(&args)?;
    let exits = exits(
        args.stop_loss.as_deref().map(|t| values::percent("--stop-loss", t)).transpose()?,
        args.take_profit.as_deref().map(|t| values::percent("--take-profit", t)).transpose()?,
    );
    let data = bars(&args, &options).await?;
    let setup = Setup { decision_log: args.decisions.is_some(), ..terms.setup(&data) };
    let report = fold(&args, (&params, exits), &data, &setup)?;
    identities::check(&report, &data)?;
    if let Some(file) = &args.fills {
        write_fills(file, &report, &data)
            .map_err(|e| Failure::failed(say::unwritable(&file.display().to_string(), &e)))?;
    }
    let shown = table::Shown { strategy: &args.strategy, report: &report, data: &data, warm_up: rule.needs().warm_up };
    output::line(&if context.json { shown.json() } else { shown.text(context.lang) });
    Ok(())
}

fn what_to_load(args: &BacktestArgs) -> Result<LoadOptions, Failure> {
    let day = |name: &str, text: &Option<String>| text.as_deref().map(|t| values::day(name, t)).transpose();
    let (from, to) = (day("--from", &args.from)?, day("--to", &args.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Failure::usage(say::days_reversed(&from.to_string(), &to.to_string())));
    }
    Ok(LoadOptions {
        symbols: args.symbols.as_deref().map(|s| values::symbols("--symbols", s)).transpose()?,
        from,
        to,
        price_kind: args.price_kind.map(|kind| match kind {
            PriceKindArg::Traded => PriceKind::Traded,
            PriceKindArg::Adjusted => PriceKind::Adjusted,
        }),
        threads: args.threads,
        ..LoadOptions::default()
    })
}

/// The bars of files, or those at rest: asked for, or because nothing else is and they have the symbols.
async fn bars(args: &BacktestArgs, options: &LoadOptions) -> Result<DataSet, Failure> {
    if let Some(path) = args.data.as_ref().filter(|path| path.as_os_str() != LAKE) {
        if args.interval.is_some() {
            return Err(Failure::usage(say::interval_of_files()));
        }
        return fsts_lake::load(path, options).map_err(|e| Failure::input(say::load(&e)));
    }
    let door = Settings::load(args.config.as_deref()).await?.lake.door;
    let LoadOptions { symbols, from, to, price_kind, .. } = options.clone();
    let interval = args.interval.map(Interval::from);
    let wanted = Wanted { symbols, from, to, price_kind, interval };
    let failed = |e: &LakeError| Failure::input(data_say::lake(e));
    if args.data.is_none() && !door.has(&wanted).await.map_err(|e| failed(&e))? {
        return Err(Failure::usage(say::data_needed()));
    }
    door.read(&wanted).await.map_err(|e| failed(&e))
}

/// What the arguments say of the run itself.
fn terms(args: &BacktestArgs) -> Result<Terms, Failure> {
    Ok(Terms {
        rules: args.rules.map(|rules| match rules {
            RulesArg::Krx => Profile::Krx,
            RulesArg::Ideal => Profile::Ideal,
        }),
        cash: values::won("--cash", args.cash.as_deref().unwrap_or(CASH_DEFAULT))?,
        size: args.size.as_deref().map(values::size).transpose()?,
        style: args.style.as_deref().map(values::style).transpose()?,
    })
}

fn fold(
    args: &BacktestArgs,
    (params, exits): (&Params, Exits),
    data: &DataSet,
    setup: &Setup,
) -> Result<Report, Failure> {
    let interval = match data.interval {
        Interval::Day => fsts_engine::Interval::Day,
        Interval::Minute => fsts_engine::Interval::Minute,
    };
    let strategy =
        fsts_strategies::build(&args.strategy, params, interval).map_err(|e| Failure::input(strategy_text(&e)))?;
    let strategy = Protected::new(strategy, exits);
    let mut log = args.decisions.as_deref().map(Log::create).transpose()?;
    let mut runner = Runner::new(data, setup, strategy).map_err(|e| Failure::input(say::setup(&e)))?;
    let bar = progress::bar(data.rows.len() as u64);
    let mut row = 0;
    for (n, slice) in data.slices().enumerate() {
        runner.slice(slice, row);
        row += slice.len();
        if let Some(log) = &mut log {
            runner.decisions().try_for_each(|line| log.add(&line))?;
        }
        if (n as u64).is_multiple_of(SLICES_PER_TICK) {
            bar.set_position(row as u64);
        }
    }
    bar.finish_and_clear();
    log.map_or(Ok(()), Log::finish)?;
    Ok(runner.finish())
}

/// The decision log: one JSON object a line.
struct Log {
    name: String,
    file: BufWriter<std::fs::File>,
}

impl Log {
    fn create(path: &Path) -> Result<Log, Failure> {
        let name = path.display().to_string();
        let file = std::fs::File::create(path).map_err(|e| Failure::failed(say::unwritable(&name, &e)))?;
        Ok(Log { name, file: BufWriter::new(file) })
    }

    fn add(&mut self, line: &DecisionLine) -> Result<(), Failure> {
        let wrong = |e: std::io::Error| Failure::failed(say::unwritable(&self.name, &e));
        serde_json::to_writer(&mut self.file, line).map_err(|e| wrong(e.into()))?;
        self.file.write_all(b"\n").map_err(wrong)
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|e| Failure::failed(say::unwritable(&self.name, &e)))
    }
}

fn write_fills(path: &Path, report: &Report, data: &DataSet) -> std::io::Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "at,code,side,qty,amount,fee,tax")?;
    for fill in &report.fills {
        let code = data.symbols.get(fill.symbol as usize).map_or("", |i| i.symbol.as_str());
        let side = match fill.side {
            fsts_domain::Side::Buy => "buy",
            fsts_domain::Side::Sell => "sell",
        };
        writeln!(file, "{},{code},{side},{},{},{},{}", fill.at, fill.qty, fill.amount, fill.fee, fill.tax)?;
    }
    file.flush()
}
