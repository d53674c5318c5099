//! `fsts discord register`: tells the service which slash commands there are; repeating it changes nothing.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Context, RegisterArgs};
use crate::exit::{Exit, Failure};
use crate::messages::settings as say;
use crate::output;
use crate::services::discord::commands::LISTED;
use crate::settings::{Bot, Settings};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs the command.
pub async fn run(args: RegisterArgs, context: Context) -> Result<(), Failure> {
    let settings = Settings::load(args.config.as_deref()).await?;
    let bot = settings.discord.bot.ok_or_else(|| {
        Failure::config(say::needed("DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN", "DISCORD_APPLICATION_ID"))
    })?;
    let failed = |reason: String| Failure::new(Exit::Failed, say::discord_refused(&reason));
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|e| failed(e.without_url().to_string()))?;
    let request = client.put(address(&bot)).header("Authorization", format!("Bot {}", bot.token.expose_secret()));
    let answer = request.json(&commands()).send().await.map_err(|e| failed(e.without_url().to_string()))?;
    if !answer.status().is_success() {
        return Err(failed(format!("status {}", answer.status().as_u16())));
    }
    if context.json {
        output::line(&json!({ "registered": LISTED.len() }).to_string());
    } else {
        output::line(say::discord_registered(LISTED.len()).get(context.lang));
    }
    Ok(())
}

fn address(bot: &Bot) -> String {
    let Bot { api_base, application, guild, .. } = bot;
    match guild {
        Some(guild) => format!("{api_base}/applications/{application}/guilds/{guild}/commands"),
        None => format!("{api_base}/applications/{application}/commands"),
    }
}

fn commands() -> Value {
    let commands = LISTED.iter().map(|c| {
        json!({ "type": 1, "name": c.name, "name_localizations": { "ko": c.name_ko },
            "description": c.about.1, "description_localizations": { "ko": c.about.0 } })
    });
    commands.collect()
}
