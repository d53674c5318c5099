//! `fsts data collect`: bars from the broker into the lake.

use fsts_domain::Market;
use fsts_krx::Instrument;
use fsts_lake::{Days, Interval};
use serde_json::json;

use super::failure;
use crate::cli::plan_of::{Aim, connect, master};
use crate::cli::{Context, DataCollectArgs, values};
use crate::exit::{Exit, Failure};
use crate::messages::{backtest as backtest_say, data as say};
use crate::services::collect::{CollectError, Collected, Collector, Order};
use crate::settings::Settings;
use crate::{output, progress};

/// Runs the command.
pub async fn run(args: DataCollectArgs, context: Context) -> Result<(), Failure> {
    let settings = Settings::load(args.config.as_deref()).await?;
    let instruments = instruments(&args, &settings)?;
    let (time, calendar, kis) = connect(&settings, Aim::Look).await?;
    let from = values::day("--from", &args.from)?;
    let today = time.now().kst_day();
    let to = args.to.as_deref().map_or(Ok(today), |text| values::day("--to", text))?;
    if from > to {
        return Err(Failure::usage(backtest_say::days_reversed(&from.to_string(), &to.to_string())));
    }
    let lake = settings.lake.door.writing().map_err(|e| failure(&e))?;
    let order = Order { instruments, days: Days { from, to }, interval: Interval::from(args.interval) };
    let bar = progress::bar(order.instruments.len() as u64);
    let collector = Collector { kis: &kis, lake: &lake, calendar: &calendar, now: time.now() };
    let done = collector.run(&order, |step, steps| {
        bar.set_length(steps.max(1) as u64);
        bar.set_position(step as u64);
    });
    let collected = done.await.map_err(|e| match e {
        CollectError::Lake(error) => failure(&error),
        CollectError::Broker(error) => Failure::new(Exit::Broker, say::broker_gave_up(&error.to_string())),
    })?;
    bar.finish_and_clear();
    show(&collected, context);
    if collected.failed.is_empty() {
        return Ok(());
    }
    let count = collected.failed.len() as u64;
    Err(Failure::new(Exit::Broker, say::some_failed(count, &sentence(&collected))))
}

fn sentence(collected: &Collected) -> crate::messages::Text {
    let gaps = collected.gaps.iter().map(|g| u64::from(g.days)).sum();
    say::collected(collected.added, collected.asked, gaps)
}

fn show(collected: &Collected, context: Context) {
    if context.json {
        output::line(&json!(collected).to_string());
        return;
    }
    output::line(sentence(collected).get(context.lang));
    if collected.not_offered > 0 {
        output::note(say::not_offered(collected.not_offered).get(context.lang));
    }
    for (symbol, reason) in &collected.failed {
        output::note(&format!("{symbol}: {reason}"));
    }
}

/// The named symbols and sets, with names and markets where the master has them.
fn instruments(args: &DataCollectArgs, settings: &Settings) -> Result<Vec<Instrument>, Failure> {
    let mut codes: Vec<String> = Vec::new();
    for word in &args.symbols {
        match settings.simulations.sets.get(word) {
            Some(set) => codes.extend(set.iter().map(ToString::to_string)),
            None => codes.push(word.clone()),
        }
    }
    let symbols = values::symbols("--symbols", &codes)?;
    if symbols.is_empty() {
        return Err(Failure::usage(say::symbols_needed()));
    }
    let master = master(settings)?.unwrap_or_default();
    let instrument = |symbol: &fsts_domain::Symbol| {
        let known = master.iter().find(|i| i.symbol == *symbol).cloned();
        known.unwrap_or(Instrument { symbol: *symbol, name: String::new(), market: Market::Kospi })
    };
    Ok(symbols.iter().map(instrument).collect())
}
