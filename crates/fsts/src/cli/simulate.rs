//! `fsts simulate …`: simulation jobs of a running server, or run by the command itself where there is none.

mod door;

use comfy_table::{CellAlignment, Table, presets};
use fsts_server::simulations::csv::Part;
use serde_json::{Value, json};

use self::door::Door;
use super::{Context, FormatArg, PartArg, PriceKindArg, RulesArg, SimulateCommand, SimulateExportArgs, SpanArg};
use super::{SimulateRunArgs, backtest, values};
use crate::exit::Failure;
use crate::messages::backtest::{label, unwritable};
use crate::messages::{Lang, simulations as say};
use crate::output;

/// Runs the command.
pub async fn run(command: SimulateCommand, context: Context) -> Result<(), Failure> {
    match command {
        SimulateCommand::Run(args) => start(*args, context).await,
        SimulateCommand::List(args) => {
            let list = Door::open(&args.door, None, context.lang).await?.list(args.limit).await?;
            if context.json {
                output::line(&list.to_string());
            } else {
                output::line(&rows(&list));
            }
            Ok(())
        }
        SimulateCommand::Show(args) => {
            let detail = Door::open(&args.door, None, context.lang).await?.one(&args.id).await?;
            show(&detail, context);
            Ok(())
        }
        SimulateCommand::Export(args) => export(args, context).await,
        SimulateCommand::Cancel(args) => {
            let row = Door::open(&args.door, None, context.lang).await?.cancel(&args.id).await?;
            if context.json {
                output::line(&row.to_string());
            } else {
                output::line(&rows(&json!({ "simulations": [row] })));
            }
            Ok(())
        }
    }
}

async fn start(args: SimulateRunArgs, context: Context) -> Result<(), Failure> {
    let wish = wish(&args)?;
    let door = Door::open(&args.door, args.data.as_deref(), context.lang).await?;
    let id = door.submit(&wish).await?;
    // What the command runs itself ends with the command.
    if !args.wait && door.is_elsewhere() {
        let text = if context.json {
            json!({ "id": id }).to_string()
        } else {
            say::accepted(&id).get(context.lang).to_owned()
        };
        output::line(&text);
        return Ok(());
    }
    let detail = door.wait(&id).await?;
    door.close().await;
    if detail["report"].is_null() {
        let state = detail["state"].as_str().unwrap_or_default();
        let reason = detail["error"]["message"].as_str().unwrap_or("-");
        return Err(Failure::input(say::ended(state, reason)));
    }
    show(&detail, context);
    Ok(())
}

/// The wish as the API takes it.
fn wish(args: &SimulateRunArgs) -> Result<Value, Failure> {
    let level = |argument: &str, text: &Option<String>| -> Result<Value, Failure> {
        let Some(text) = text else { return Ok(Value::Null) };
        let ratio = values::percent(argument, text)?;
        Ok(json!({ "use": ratio > 0.0, "ratio": ratio }))
    };
    let day = |argument: &str, text: &Option<String>| -> Result<Option<String>, Failure> {
        text.as_deref().map(|t| values::day(argument, t).map(|day| day.to_string())).transpose()
    };
    let cash = args.cash.as_deref().map(|text| values::won("--cash", text)).transpose()?;
    let single = args.symbols.len() == 1 && args.symbols.iter().all(|s| s.parse::<fsts_domain::Symbol>().is_ok());
    Ok(json!({
        "kind": if single { "single" } else { "bulk" },
        "strategy": args.strategy,
        "params": values::params(&args.params)?.0,
        "symbols": args.symbols,
        "from": day("--from", &args.from)?,
        "to": day("--to", &args.to)?,
        "cash": cash,
        "size": args.size,
        "style": args.style,
        "rules": args.rules.map(|rules| match rules {
            RulesArg::Ideal => "ideal",
            RulesArg::Krx => "krx",
        }),
        "price_kind": args.price_kind.map(|kind| match kind {
            PriceKindArg::Traded => "traded",
            PriceKindArg::Adjusted => "adjusted",
        }),
        "stop_loss": level("--stop-loss", &args.stop_loss)?,
        "take_profit": match &args.trailing {
            None => level("--take-profit", &args.take_profit)?,
            Some(text) => {
                json!({ "use": true, "ratio": values::percent("--trailing", text)?, "trailing": true })
            }
        },
        "add_to_holding": level("--add-beyond", &args.add_beyond)?,
        "interval": args.interval.map(|interval| match interval {
            SpanArg::Day => "day",
            SpanArg::Week => "week",
            SpanArg::Month => "month",
            SpanArg::Minute => "minute",
        }),
    }))
}

async fn export(args: SimulateExportArgs, context: Context) -> Result<(), Failure> {
    let door = Door::open(&args.door, None, context.lang).await?;
    let part = match (args.format, args.part) {
        (FormatArg::Json, _) => None,
        (FormatArg::Csv, PartArg::Fills) => Some(Part::Fills),
        (FormatArg::Csv, PartArg::Days) => Some(Part::Days),
        (FormatArg::Csv, PartArg::Equity) => Some(Part::Equity),
    };
    let text = door.export(&args.id, part).await?;
    match &args.out {
        None => output::line(text.trim_end()),
        Some(path) => {
            std::fs::write(path, text).map_err(|e| Failure::failed(unwritable(&path.display().to_string(), &e)))?;
        }
    }
    Ok(())
}

fn rows(list: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in list["simulations"].as_array().into_iter().flatten() {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let percent = row["summary"]["return_pct"].as_f64().map(|p| format!("{p:+.2} %")).unwrap_or_default();
        let days = format!("{}/{}", row["done_days"], row["total_days"]);
        let error = row["error"]["message"].as_str().unwrap_or_default().to_owned();
        table.add_row(vec![text("id"), text("state"), text("strategy"), days, percent, error]);
    }
    table.trim_fmt()
}

fn show(detail: &Value, context: Context) {
    if context.json {
        output::line(&detail.to_string());
    } else {
        output::line(&figures(detail, context.lang));
    }
}

fn figures(detail: &Value, lang: Lang) -> String {
    let report = &detail["report"];
    if report.is_null() {
        return rows(&json!({ "simulations": [detail] }));
    }
    let won = |field: &str| report[field].as_i64().map_or_else(String::new, backtest::grouped);
    let percent = |field: &str| report[field].as_f64().map_or_else(|| "–".to_owned(), |p| format!("{p:.2} %"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let period = format!("{} – {}", text(&report["from"]), text(&report["to"]));
    for (name, value) in [
        ("strategy", text(&detail["strategy"])),
        ("period", period),
        ("symbols", won("symbols")),
        ("trades", won("trades")),
        ("buys", won("buys")),
        ("sells", won("sells")),
        ("fees", won("fees")),
        ("taxes", won("taxes")),
        ("start", won("start_equity")),
        ("cash", won("cash")),
        ("holdings", won("holdings_value")),
        ("final", won("final_equity")),
        ("return", percent("return_pct")),
        ("drawdown", percent("mdd_pct")),
        ("win_rate", percent("win_rate_pct")),
    ] {
        table.add_row(vec![label(name).get(lang).to_owned(), value]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut lines = vec![text(&detail["id"]), table.trim_fmt()];
    let warning = label("warning").get(lang).to_owned();
    let warnings = report["warnings"].as_array().into_iter().flatten();
    lines.extend(warnings.map(|w| format!("{warning}: {}", text(&w["message"]))));
    lines.push(format!("trace_hash {}", text(&report["trace_hash"])));
    lines.join("\n")
}
