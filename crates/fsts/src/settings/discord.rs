//! The variables `DISCORD_…`, by the names that they had in the former program's `.env` and those of its bot.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::alerts::Webhooks;
use crate::messages::{Text, settings as say};
use crate::services::discord::DiscordSettings;
use crate::services::discord::rights::{Rights, is_id, public_key, user_ids};

/// Where commands are registered, unless a test says otherwise.
const API_BASE: &str = "https://discord.com/api/v10";

/// All variables.
pub const VARIABLES: [&str; 11] = [
    "DISCORD_WEBHOOK_URL",
    "DISCORD_TRADING_ALARM_WEBHOOK_URL",
    "DISCORD_SIMULATION_WEBHOOK_URL",
    "DISCORD_PUBLIC_KEY",
    "DISCORD_APPLICATION_ID",
    "DISCORD_GUILD_ID",
    "DISCORD_BOT_TOKEN",
    "DISCORD_OWNER_USER_IDS",
    "DISCORD_TRADER_USER_IDS",
    "DISCORD_VIEWER_USER_IDS",
    "DISCORD_API_BASE",
];

/// Discord as it is set up.
#[derive(Debug, Clone)]
pub struct DiscordChoice {
    /// Channels.
    pub webhooks: Webhooks,
    /// Slash commands.
    pub commands: DiscordSettings,
    /// The application that registers them.
    pub bot: Option<Bot>,
}

/// What registering commands needs.
#[derive(Debug, Clone)]
pub struct Bot {
    /// The application.
    pub application: String,
    /// Its secret.
    pub token: SecretString,
    /// The server whose commands are set; all servers where absent.
    pub guild: Option<String>,
    /// Address of the service.
    pub api_base: String,
}

/// Checks the variables that are set.
///
/// # Errors
/// A sentence that names the variable, never its value.
pub fn checked(mut set: BTreeMap<&'static str, String>) -> Result<DiscordChoice, Text> {
    let mut take = |name: &str| set.remove(name);
    let webhooks = Webhooks {
        alarm: take("DISCORD_WEBHOOK_URL").map(SecretString::from),
        trading: take("DISCORD_TRADING_ALARM_WEBHOOK_URL").map(SecretString::from),
        simulation: take("DISCORD_SIMULATION_WEBHOOK_URL").map(SecretString::from),
    };
    let key =
        take("DISCORD_PUBLIC_KEY").map(|text| public_key(&text).ok_or_else(|| say::discord("DISCORD_PUBLIC_KEY")));
    let mut id = |name: &'static str| match take(name) {
        Some(text) if !is_id(text.trim()) => Err(say::discord(name)),
        other => Ok(other.map(|text| text.trim().to_owned())),
    };
    let (application, guild) = (id("DISCORD_APPLICATION_ID")?, id("DISCORD_GUILD_ID")?);
    let mut people = |name: &'static str| match take(name) {
        Some(text) => user_ids(&text).ok_or_else(|| say::discord(name)),
        None => Ok(Vec::new()),
    };
    let rights = Rights {
        guild: guild.clone(),
        owners: people("DISCORD_OWNER_USER_IDS")?,
        traders: people("DISCORD_TRADER_USER_IDS")?,
        viewers: people("DISCORD_VIEWER_USER_IDS")?,
    };
    let api_base = take("DISCORD_API_BASE").unwrap_or_else(|| API_BASE.to_owned());
    let token = take("DISCORD_BOT_TOKEN").map(SecretString::from);
    let bot = application.zip(token).map(|(application, token)| Bot {
        application,
        token,
        guild,
        api_base: api_base.trim_end_matches('/').to_owned(),
    });
    let has_webhook = webhooks.alarm.is_some();
    let commands = DiscordSettings { public_key: key.transpose()?, rights, stand_in: None, has_webhook };
    Ok(DiscordChoice { webhooks, commands, bot })
}
