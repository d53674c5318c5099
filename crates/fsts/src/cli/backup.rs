//! `fsts backup`: copies of database and data, made, listed, proven and put back. None of it needs a running program.

use comfy_table::{Table, presets};
use fsts_cloud::{BackupError, Backups};
use fsts_server::BackupsView;
use fsts_store::{DatabaseTarget, Store};
use secrecy::ExposeSecret;
use serde_json::json;

use super::plan_of::database;
use super::{BackupCommand, BackupDoor, BackupRestoreArgs, Context};
use crate::alerts::grouped;
use crate::clock::real_now;
use crate::exit::{Exit, Failure};
use crate::messages::{Lang, backup as say};
use crate::output;
use crate::services::backup::{Vault, records, view};
use crate::settings::{Settings, backup_target};

/// Runs the command.
pub async fn run(command: BackupCommand, context: Context) -> Result<(), Failure> {
    match command {
        BackupCommand::Create(door) => create(&vault(&door).await?, context).await,
        BackupCommand::List(door) => list(&vault(&door).await?, context).await,
        BackupCommand::Verify(args) => {
            let verified = vault(&args.door).await?.verify(args.id.as_deref()).await.map_err(failure)?;
            show(&verified, context, || say::verified(&verified.id, verified.files, verified.records));
            Ok(())
        }
        BackupCommand::Restore(args) => restore(args, context).await,
    }
}

/// The backups that settings or the command line name.
async fn vault(door: &BackupDoor) -> Result<Vault, Failure> {
    let settings = Settings::load(door.config.as_deref()).await?;
    let mut backup = settings.backup.clone();
    if let Some(text) = &door.target {
        backup.target = Some(backup_target(text, &settings.data_dir).map_err(Failure::config)?);
    }
    let url = settings.database_url.as_ref().map(|url| url.expose_secret());
    let target = DatabaseTarget::from_settings(url, &settings.data_dir).map_err(|e| database(&e))?;
    Vault::of(&backup, target, settings.data_dir).ok_or_else(|| Failure::config(say::no_target()))
}

async fn create(vault: &Vault, context: Context) -> Result<(), Failure> {
    let info = vault.create().await.map_err(failure)?;
    let text = say::made(&info.id, info.files, info.bytes, &info.target);
    show(&view(info), context, || text);
    Ok(())
}

async fn list(vault: &Vault, context: Context) -> Result<(), Failure> {
    let backups = vault.open().map_err(failure)?;
    let infos = backups.list().await.map_err(failure)?;
    let listed = BackupsView { target: backups.target().to_owned(), backups: infos.into_iter().map(view).collect() };
    if context.json {
        output::line(&serde_json::to_string(&listed).unwrap_or_default());
    } else if listed.backups.is_empty() {
        output::line(say::none(&listed.target).get(context.lang));
    } else {
        output::line(&table(&listed, context.lang));
    }
    Ok(())
}

fn table(listed: &BackupsView, lang: Lang) -> String {
    let second = |at: fsts_domain::Timestamp| at.to_string().chars().take(19).collect::<String>();
    let number = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(say::headings().map(|h| h.get(lang).to_owned()));
    for backup in &listed.backups {
        let verified = backup.verified_ns.map(|at| second(at.timestamp()));
        table.add_row(vec![
            backup.id.clone(),
            second(backup.created_ns.timestamp()),
            number(backup.files),
            number(backup.bytes),
            verified.unwrap_or_else(|| say::never().get(lang).to_owned()),
        ]);
    }
    table.trim_fmt()
}

async fn restore(args: BackupRestoreArgs, context: Context) -> Result<(), Failure> {
    let vault = vault(&args.door).await?;
    let into = vault.source();
    if let Some(holder) = Store::worker_on(&into.database).await.map_err(|e| database(&e))? {
        return Err(Failure::new(Exit::Held, say::in_use(&holder)));
    }
    let backups = vault.open().map_err(failure)?;
    // Nothing is moved for a backup that isn't there.
    let found = backups.find(args.id.as_deref()).await.map_err(failure)?;
    let mark = match args.force {
        true => Some(Backups::set_aside(into, real_now()).await.map_err(failure)?),
        false => None,
    };
    let report = backups.restore(Some(&found.id), into).await.map_err(failure)?;
    let records = records(&report.journals);
    let told = json!({
        "id": report.id, "files": report.files, "bytes": report.bytes, "records": records, "aside": mark,
    });
    show(&told, context, || say::restored(&report.id, report.files, records));
    if let (Some(mark), false) = (mark, context.json) {
        output::line(say::aside(&mark).get(context.lang));
    }
    Ok(())
}

fn show(answer: &impl serde::Serialize, context: Context, words: impl FnOnce() -> crate::messages::Text) {
    match serde_json::to_string(answer) {
        Ok(json) if context.json => output::line(&json),
        Ok(_) | Err(_) => output::line(words().get(context.lang)),
    }
}

fn failure(error: BackupError) -> Failure {
    let exit = match &error {
        BackupError::NotFound { .. } | BackupError::NotEmpty { .. } | BackupError::OtherDatabase => Exit::Input,
        BackupError::Chain(_) | BackupError::Store(_) => Exit::Database,
        BackupError::Target { .. }
        | BackupError::Busy { .. }
        | BackupError::Damaged { .. }
        | BackupError::Newer { .. }
        | BackupError::File { .. } => Exit::Backup,
    };
    Failure::new(exit, say::problem(&error))
}
