//! `fsts data`: bars at rest – put in, listed, fetched from the broker, asked by SQL.

mod collect;
mod import;
mod query;

use std::path::Path;

use comfy_table::{Table, presets};
use fsts_domain::Symbol;
use fsts_krx::SessionCalendar;
use fsts_lake::{Interval, Lake, LakeError, LakeQuery, PriceKind, Series, missing_days};
use serde_json::json;

use super::{Context, DataCatalogArgs, DataCommand, PriceKindArg, values};
use crate::exit::{Exit, Failure};
use crate::messages::{Lang, data as say};
use crate::output;
use crate::settings::Settings;

/// Runs the command.
pub async fn run(command: DataCommand, context: Context) -> Result<(), Failure> {
    match command {
        DataCommand::Import(args) => import::run(args, context).await,
        DataCommand::Catalog(args) => catalog(args, context).await,
        DataCommand::Gaps(args) => gaps(args, context).await,
        DataCommand::Collect(args) => collect::run(args, context).await,
        DataCommand::Query(args) => query::run(args, context).await,
    }
}

/// The failure of a lake: its place is a database, what is in it is input.
fn failure(error: &LakeError) -> Failure {
    let exit = match error {
        LakeError::Place { .. } | LakeError::Damaged { .. } | LakeError::Newer { .. } | LakeError::Contended => {
            Exit::Database
        }
        LakeError::Conflict { .. } | LakeError::Rows(_) => Exit::Input,
    };
    Failure::new(exit, say::lake(error))
}

async fn reading(config: Option<&Path>) -> Result<Lake, Failure> {
    Settings::load(config).await?.lake.door.reading().map_err(|e| failure(&e))
}

fn kind_of(arg: Option<PriceKindArg>) -> Option<PriceKind> {
    arg.map(|kind| match kind {
        PriceKindArg::Traded => PriceKind::Traded,
        PriceKindArg::Adjusted => PriceKind::Adjusted,
    })
}

fn symbols_of(argument: &Option<Vec<String>>) -> Result<Option<Vec<Symbol>>, Failure> {
    argument.as_deref().map(|texts| values::symbols("--symbols", texts)).transpose()
}

/// A table with headings in the reader's language.
fn table(headings: impl IntoIterator<Item = crate::messages::Text>, lang: Lang) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(headings.into_iter().map(|h| h.get(lang).to_owned()));
    table
}

async fn catalog(args: DataCatalogArgs, context: Context) -> Result<(), Failure> {
    let lake = reading(args.config.as_deref()).await?;
    let symbols = symbols_of(&args.symbols)?;
    let (interval, kind) = (args.interval.map(Interval::from), kind_of(args.price_kind));
    let mut series = lake.catalog().await.map_err(|e| failure(&e))?;
    series.retain(|s| {
        interval.is_none_or(|i| s.interval == i)
            && kind.is_none_or(|k| s.price_kind == k)
            && symbols.as_ref().is_none_or(|list| list.binary_search(&s.symbol).is_ok())
    });
    let missing = missing_days(&series, &SessionCalendar::krx());
    if context.json {
        let line = |(s, missing): (&Series, &u64)| {
            let mut line = json!(s);
            line["missing_days"] = json!(missing);
            line
        };
        let lines: Vec<_> = series.iter().zip(&missing).map(line).collect();
        output::line(&json!({ "place": lake.place(), "series": lines }).to_string());
        return Ok(());
    }
    if series.is_empty() {
        output::line(say::empty(lake.place()).get(context.lang));
        return Ok(());
    }
    let mut shown = table(say::catalog_headings(), context.lang);
    for (s, missing) in series.iter().zip(&missing) {
        let day = |day: Option<fsts_domain::TradingDay>| day.map(|d| d.to_string()).unwrap_or_default();
        shown.add_row(vec![
            s.symbol.to_string(),
            s.name.clone(),
            say::interval(s.interval.as_str()).get(context.lang).to_owned(),
            say::prices(s.price_kind.as_str()).get(context.lang).to_owned(),
            day(s.first),
            day(s.last),
            s.rows.to_string(),
            missing.to_string(),
            s.sources.join(" "),
        ]);
    }
    output::line(&shown.trim_fmt());
    Ok(())
}

async fn gaps(args: DataCatalogArgs, context: Context) -> Result<(), Failure> {
    let lake = reading(args.config.as_deref()).await?;
    let query = LakeQuery {
        symbols: symbols_of(&args.symbols)?,
        price_kind: kind_of(args.price_kind),
        ..LakeQuery::all(args.interval.map_or(Interval::Day, Interval::from))
    };
    let gaps = lake.gaps(&query, &SessionCalendar::krx()).await.map_err(|e| failure(&e))?;
    if context.json {
        output::line(&json!({ "interval": query.interval, "gaps": gaps }).to_string());
        return Ok(());
    }
    if gaps.is_empty() {
        output::line(say::no_gaps().get(context.lang));
        return Ok(());
    }
    let mut shown = table(say::gap_headings(), context.lang);
    for gap in &gaps {
        let prices = say::prices(gap.price_kind.as_str()).get(context.lang).to_owned();
        let (from, to) = (gap.from.to_string(), gap.to.to_string());
        shown.add_row(vec![gap.symbol.to_string(), prices, from, to, gap.days.to_string()]);
    }
    output::line(&shown.trim_fmt());
    Ok(())
}
