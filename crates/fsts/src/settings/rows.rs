//! The settings as lines to read: what applies, without any secret.

use fsts_engine::{OrderStyle, Sizing};
use fsts_store::MissedPolicy;

use crate::services::AssistantSettings;
use crate::services::jobs::Job;

use crate::services::simulations::{BarsFrom, SimulationSettings};

use super::{BotSettings, ClockSetting, SessionCalendarSetting, Settings};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key, or its variable where it is none of the file.
    pub key: &'static str,
    /// Its value; `set` for a secret, `None` where there is neither value nor default.
    pub value: Option<String>,
    /// The value is not to be shown.
    pub is_secret: bool,
}

impl Settings {
    /// Every setting in the order of the example file.
    pub fn rows(&self) -> Vec<Row> {
        let (kis, risk) = (&self.kis, &self.risk);
        let shown = |key, value: String| Row { key, value: Some(value), is_secret: false };
        let maybe = |key, value: Option<String>| Row { key, value, is_secret: false };
        let secret = |key, set: bool| Row { key, value: set.then(|| "set".to_owned()), is_secret: true };
        let calendar = match self.session_calendar {
            SessionCalendarSetting::Krx => "krx",
            SessionCalendarSetting::AlwaysOpen => "always-open",
        };
        let clock = match &self.clock {
            ClockSetting::System => "system",
            ClockSetting::Url(url) => url,
        };
        let own = |name: &str| self.backup.aws.0.get(name).cloned();
        let rps = kis.rest_rps.unwrap_or(kis.env.calls_per_second());
        vec![
            shown("listen", self.listen.to_string()),
            shown("data_dir", self.data_dir.display().to_string()),
            shown("mode", self.mode.name().to_owned()),
            secret("api_token", self.api_token.is_some()),
            shown("session_calendar", calendar.to_owned()),
            shown("clock", clock.to_owned()),
            maybe("symbol_master", self.symbol_master.as_ref().map(|p| p.display().to_string())),
            shown("decision_log", self.decision_log.to_string()),
            shown("auto_release", self.auto_release.to_string()),
            secret("DATABASE_URL", self.database_url.is_some()),
            secret("DISCORD_WEBHOOK_URL", self.discord.webhooks.alarm.is_some()),
            secret("DISCORD_TRADING_ALARM_WEBHOOK_URL", self.discord.webhooks.trading.is_some()),
            secret("DISCORD_SIMULATION_WEBHOOK_URL", self.discord.webhooks.simulation.is_some()),
            maybe("DISCORD_PUBLIC_KEY", self.discord.commands.public_key.map(|_| "set".to_owned())),
            maybe("DISCORD_GUILD_ID", self.discord.commands.rights.guild.clone()),
            secret("DISCORD_BOT_TOKEN", self.discord.bot.is_some()),
            shown("kis.env", kis.env.name().to_owned()),
            shown("kis.rest_url", kis.endpoints.rest().to_owned()),
            shown("kis.ws_url", kis.endpoints.ws().to_owned()),
            secret("kis.app_key", kis.app_key.is_some()),
            secret("kis.app_secret", kis.app_secret.is_some()),
            secret("kis.account", kis.account.is_some()),
            maybe("kis.hts_id", kis.hts_id.clone()),
            shown("kis.rest_rps", rps.to_string()),
            shown("kis.order_timeout_ms", kis.order_timeout.as_millis().to_string()),
            shown("accounts", self.accounts.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ")),
            shown("risk.order_won_max", risk.order_won_max.to_string()),
            shown("risk.order_qty_max", risk.order_qty_max.to_string()),
            shown("risk.orders_per_minute_max", risk.orders_per_minute_max.to_string()),
            shown("risk.orders_per_day_max", risk.orders_per_day_max.to_string()),
            shown("risk.open_orders_max", risk.open_orders_max.to_string()),
            shown("risk.stale_after_s", risk.stale_after_s.to_string()),
            maybe("simulations.data", data_of(&self.simulations)),
            shown("simulations.workers", self.simulations.workers.to_string()),
            maybe("simulations.sets", sets_of(&self.simulations)),
            maybe("documents", self.assistant.documents.as_ref().map(|p| p.display().to_string())),
            shown("mcp.offer", self.assistant.offer.name().to_owned()),
            maybe("mcp.servers", servers_of(&self.assistant)),
            secret("VECTOR_DB_URL", self.assistant.vector_db.is_some()),
            shown("lake.url", self.lake.door.to_string()),
            maybe("lake.collect", self.lake.collect.as_ref().map(|list| symbols_of(list))),
            shown("lake.intervals", self.lake.intervals.iter().map(|i| i.as_str()).collect::<Vec<_>>().join(", ")),
            shown("log.level", self.log.level.clone()),
            shown("log.format", self.log.format.name().to_owned()),
            shown("log.keep", self.log.keep.to_string()),
            maybe("backup.target", self.backup.target.as_ref().map(ToString::to_string)),
            maybe("backup.endpoint", own("AWS_ENDPOINT_URL_S3")),
            maybe("backup.region", own("AWS_REGION")),
            shown("backup.keep", self.backup.keep.to_string()),
            maybe("bots", (!self.bots.is_empty()).then(|| self.bots.iter().map(bot).collect::<Vec<_>>().join("\n"))),
            shown("jobs", self.jobs.jobs.iter().map(job).collect::<Vec<_>>().join("\n")),
        ]
    }
}

fn data_of(simulations: &SimulationSettings) -> Option<String> {
    match &simulations.from {
        BarsFrom::Files(path) => Some(path.display().to_string()),
        BarsFrom::Lake(_) => Some("lake".to_owned()),
        BarsFrom::Nowhere | BarsFrom::Generated { .. } => None,
    }
}

fn symbols_of(list: &[fsts_domain::Symbol]) -> String {
    list.iter().map(fsts_domain::Symbol::as_str).collect::<Vec<_>>().join(" ")
}

fn sets_of(simulations: &SimulationSettings) -> Option<String> {
    let set = |(name, symbols): (&String, &Vec<fsts_domain::Symbol>)| format!("{name} ({})", symbols.len());
    let sets: Vec<String> = simulations.sets.iter().map(set).collect();
    (!sets.is_empty()).then(|| sets.join(", "))
}

fn servers_of(assistant: &AssistantSettings) -> Option<String> {
    let names: Vec<&str> = assistant.servers.iter().map(|s| s.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn job(job: &Job) -> String {
    let off = if job.enabled { "" } else { ", off" };
    let missed = match job.missed {
        MissedPolicy::Run => "run",
        MissedPolicy::Skip => "skip",
    };
    format!("{}: {} {}, {missed} within {} min{off}", job.name, job.task, job.schedule, job.grace_s / 60)
}

fn bot(bot: &BotSettings) -> String {
    let symbols: Vec<&str> = bot.symbols.iter().map(fsts_domain::Symbol::as_str).collect();
    let sizing = match bot.sizing {
        Sizing::Shares(qty) => format!("shares {qty}"),
        Sizing::Notional(won) => format!("notional {won}"),
        Sizing::Equity(rate) => format!("equity_percent {}", rate.get() as f64 / 10_000_000.0),
        Sizing::EquityAtLeast(rate, least) => {
            format!("equity_percent {}, at least {least}", rate.get() as f64 / 10_000_000.0)
        }
    };
    let style = match bot.style {
        OrderStyle::Market => "market".to_owned(),
        OrderStyle::MarketableLimit { collar_ticks } => format!("limit {collar_ticks}"),
    };
    let capital = bot.capital.map(|won| format!(", capital {won}")).unwrap_or_default();
    let params: String = bot.params.0.iter().map(|(name, value)| format!(", {name} {value}")).collect();
    let of = &bot.account;
    format!("{}@{of}: {} ({}), {sizing}, {style}{capital}{params}", bot.id, bot.strategy, symbols.join(" "))
}
