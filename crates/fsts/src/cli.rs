//! The commands: what the command line may say, and which function does it.

mod args;
mod backtest;
mod backup;
mod bench;
mod bots;
mod config_check;
mod crew;
mod data;
mod demo;
mod discord_register;
mod doctor;
mod emulate;
mod healthcheck;
mod help;
mod jobs;
mod mcp;
mod plan_of;
mod reconcile;
mod replay;
mod run;
mod serving;
mod simulate;
mod usage;
pub mod values;

use clap::FromArgMatches;
use clap::error::ErrorKind;

pub use args::*;
pub use backtest::identities;

use crate::exit::Failure;
use crate::messages::Lang;
use crate::output;

/// What every command knows besides its own arguments.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The reader's language.
    pub lang: Lang,
    /// Standard output is for a script: JSON only.
    pub json: bool,
}

/// Understands a command line; `None` when help or version was asked for and shown.
///
/// # Errors
/// A [`Failure`] with the exit code `usage`.
pub fn parse(arguments: &[String], lang: Lang) -> Result<Option<(Command, Context)>, Failure> {
    let mut matches = match help::command(lang).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(shown) if matches!(shown.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            output::line(shown.to_string().trim_end());
            return Ok(None);
        }
        Err(error) => return Err(usage::failure(&error)),
    };
    let cli = Cli::from_arg_matches_mut(&mut matches).map_err(|e| usage::failure(&e))?;
    let lang = cli.lang.map_or(lang, Lang::from);
    Ok(Some((cli.command, Context { lang, json: cli.json })))
}

/// Does what was asked.
///
/// # Errors
/// The [`Failure`] that ends the program.
pub async fn dispatch(command: Command, context: Context) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(args, context).await,
        Command::Demo(args) => demo::run(args, context).await,
        Command::Backtest(args) => backtest::run(args, context).await,
        Command::Replay(args) => replay::run(args, context).await,
        Command::Emulate(args) => emulate::run(args, context).await,
        Command::Reconcile(args) => reconcile::run(args, context).await,
        Command::Doctor(args) => doctor::run(args, context).await,
        Command::Healthcheck(args) => healthcheck::run(args, context).await,
        Command::Config(ConfigCommand::Check(args)) => config_check::run(args, context).await,
        Command::Discord(DiscordCommand::Register(args)) => discord_register::run(args, context).await,
        Command::Bench(args) => bench::run(args, context).await,
        Command::Simulate(command) => simulate::run(command, context).await,
        Command::Bots(command) => bots::run(command, context).await,
        Command::Jobs(command) => jobs::run(command, context).await,
        Command::Mcp(args) => mcp::run(args, context).await,
        Command::Data(command) => data::run(*command, context).await,
        Command::Backup(command) => backup::run(command, context).await,
    }
}
