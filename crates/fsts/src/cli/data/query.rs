//! `fsts data query`: SQL over the lake.

use fsts_lake::{Interval, LakeQuery, SqlCell, SqlError, SqlQuery, SqlTable};
use serde_json::json;

use super::{failure, kind_of, reading, symbols_of, table};
use crate::cli::{Context, DataQueryArgs, values};
use crate::exit::Failure;
use crate::messages::{Text, data as say};
use crate::output;

/// Runs the command.
pub async fn run(args: DataQueryArgs, context: Context) -> Result<(), Failure> {
    let day = |name: &str, text: &Option<String>| text.as_deref().map(|t| values::day(name, t)).transpose();
    let bars = LakeQuery {
        // Both lengths are there under names of their own.
        interval: Interval::Day,
        price_kind: kind_of(args.price_kind),
        symbols: symbols_of(&args.symbols)?,
        from: day("--from", &args.from)?,
        to: day("--to", &args.to)?,
    };
    let lake = reading(args.config.as_deref()).await?;
    let query = SqlQuery { sql: &args.sql, bars, rows_max: args.limit };
    let answer = lake.query(&query).await.map_err(|e| match &e {
        SqlError::Lake(error) => failure(error),
        SqlError::NotARead | SqlError::TooMuch { .. } | SqlError::Sql(_) => Failure::input(say::sql(&e)),
    })?;
    if context.json {
        output::line(&json!(answer).to_string());
    } else if args.csv {
        output::line(csv(&answer).trim_end());
    } else {
        let mut shown = table(answer.columns.iter().map(|c| Text::new(c, c)), context.lang);
        for row in &answer.rows {
            shown.add_row(row.iter().map(text).collect::<Vec<_>>());
        }
        output::line(&shown.trim_fmt());
    }
    if answer.truncated && !context.json {
        output::note(say::cut(answer.rows.len()).get(context.lang));
    }
    Ok(())
}

fn text(cell: &SqlCell) -> String {
    match cell {
        SqlCell::Nothing => String::new(),
        SqlCell::Whole(number) => number.to_string(),
        SqlCell::Real(number) => number.to_string(),
        SqlCell::Text(text) => text.clone(),
    }
}

fn csv(answer: &SqlTable) -> String {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let mut lines = vec![answer.columns.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(",")];
    lines.extend(answer.rows.iter().map(|row| row.iter().map(|c| quoted(&text(c))).collect::<Vec<_>>().join(",")));
    lines.join("\n")
}
