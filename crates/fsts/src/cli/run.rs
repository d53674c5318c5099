//! `fsts run`: trades an account until it is stopped.

use super::plan_of::{Aim, listings, plans};
use super::serving::{Serving, Started, serve};
use super::{Context, RunArgs};
use crate::exit::Failure;
use crate::logging::{self, LogPlaces};
use crate::messages::run as say;
use crate::output;
use crate::services::ServiceSettings;
use crate::services::simulations::SimulationSettings;
use crate::settings::Settings;

/// Runs the command.
pub async fn run(args: RunArgs, context: Context) -> Result<(), Failure> {
    let settings = Settings::load(args.config.as_deref()).await?;
    let places = LogPlaces { terminal: true, data_dir: settings.data_dir.clone() };
    // Until the run has ended and said so.
    let _logging = logging::start(&settings.log, places, settings.secrets())?;
    let plans = plans(&settings, Aim::Trade(args.arm_live.as_deref())).await?;
    let serving = Serving {
        listen: settings.listen,
        api_token: settings.api_token.clone(),
        webhooks: settings.discord.webhooks.clone(),
        lang: context.lang,
        services: ServiceSettings {
            assistant: settings.assistant.clone().hiding(settings.secrets()),
            discord: settings.discord.commands.clone(),
            simulations: SimulationSettings { listings: listings(&settings)?, ..settings.simulations.clone() },
            jobs: settings.jobs.clone(),
            lake: settings.lake.clone(),
            backup: settings.backup.clone(),
        },
    };
    let mode = settings.mode.name();
    serve(plans, serving, move |Started { address, setup_code }| {
        let address = format!("http://{address}");
        if context.json {
            let line = serde_json::json!({ "address": address, "mode": mode, "setup_code": setup_code });
            output::line(&line.to_string());
        } else {
            output::line(say::running(&address, mode).get(context.lang));
            setup_code.iter().for_each(|code| output::line(say::setup_code(code).get(context.lang)));
        }
    })
    .await
}
