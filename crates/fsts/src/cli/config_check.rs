//! `fsts config check`: is every setting understood, which value applies, and where does it come from.

use comfy_table::{Table, presets};
use serde_json::json;

use super::{ConfigCheckArgs, Context};
use crate::exit::Failure;
use crate::messages::settings as say;
use crate::output;
use crate::settings::{Origin, Settings, Sources};

/// Runs the command.
pub async fn run(args: ConfigCheckArgs, context: Context) -> Result<(), Failure> {
    let sources = Sources::of_process(args.config.as_deref()).await?;
    let settings = Settings::read(&sources)?;
    let rows = settings.rows();
    if context.json {
        let keys = rows.iter().map(|row| {
            let from = origin_code(&sources.origin_of(row));
            let reference = sources.reference_of(row);
            // Whatever it names, a value that was kept elsewhere is not shown here.
            let value = if reference.is_some() { Some("set") } else { row.value.as_deref() };
            json!({ "key": row.key, "value": value, "from": from, "reference": reference })
        });
        output::line(&json!({ "ok": true, "settings": keys.collect::<Vec<_>>() }).to_string());
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in &rows {
        let value = match (row.is_secret, row.value.as_deref()) {
            _ if sources.reference_of(row).is_some() => {
                let reference = sources.reference_of(row).unwrap_or_default();
                format!("{} ({reference})", say::set().get(context.lang))
            }
            (true, Some(_)) => say::set().get(context.lang).to_owned(),
            (_, None) => say::not_set().get(context.lang).to_owned(),
            (false, Some(value)) => value.to_owned(),
        };
        table.add_row(vec![
            row.key.to_owned(),
            value,
            say::origin(&sources.origin_of(row)).get(context.lang).to_owned(),
        ]);
    }
    output::line(&table.trim_fmt());
    output::line(say::fine().get(context.lang));
    Ok(())
}

fn origin_code(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(name) | Origin::Variable(name) => name.clone(),
        Origin::DotEnv(name) => format!(".env {name}"),
    }
}
