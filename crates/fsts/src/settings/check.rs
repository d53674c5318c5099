//! Every rule that a setting must keep, each with its own sentence.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use fsts_domain::{AccountNo, BotId, Qty, Rate, Symbol, Won};
use fsts_engine::{Interval, OrderStyle, RiskLimits, Sizing};
use fsts_kis::{ConfigError, Endpoints, Environment, Live, Mode as _, Paper};
use fsts_strategies::Params;
use secrecy::SecretString;

use super::raw::{
    Raw, RawBot, RawCalendar, RawEnv, RawInterval, RawKis, RawLog, RawLogFormat, RawMode, RawRank, RawRisk,
    RawSimulations, RawSizing, RawStyle,
};
use super::{
    AccountSettings, BotSettings, ClockSetting, KisSettings, Mode, SessionCalendarSetting, Settings, accounts, backup,
    jobs,
};
use crate::exit::Failure;
use crate::logging::{LogFormat, LogSettings};
use crate::messages::{Text, settings as say};
use crate::runtime::{RankBy, Ranking};
use crate::services::lake::{LAKE, LakeSettings};
use crate::services::simulations::{BarsFrom, SimulationSettings};

const API_TOKEN_CHARS_MIN: usize = 16;
/// Ten years of days.
const LOG_FILES_MAX: u32 = 3_660;
/// Most simulations at once: cores are for what trades.
const SIMULATION_WORKERS_MAX: u32 = 4;
/// More ticks than a limit of 30 % spans at any price; a larger number is a mistake.
const COLLAR_TICKS_MAX: i32 = 1_000;

/// Checks everything.
pub fn settings(raw: Raw) -> Result<Settings, Failure> {
    checked(raw).map_err(Failure::config)
}

fn checked(raw: Raw) -> Result<Settings, Text> {
    let mode = match raw.mode {
        RawMode::Paper => Mode::Paper,
        RawMode::Live => Mode::Live,
    };
    let session_calendar = match raw.session_calendar {
        RawCalendar::Krx => SessionCalendarSetting::Krx,
        RawCalendar::AlwaysOpen => SessionCalendarSetting::AlwaysOpen,
    };
    let clock = clock(&raw.clock)?;
    if mode == Mode::Live && (clock != ClockSetting::System || session_calendar != SessionCalendarSetting::Krx) {
        return Err(say::live_with_emulated_time());
    }
    let kis = kis(raw.kis, mode)?;
    let accounts = accounts::accounts(raw.accounts, &kis)?;
    let bots = bots(raw.bots, &accounts)?;
    let lake = super::lake::lake(raw.lake, &raw.data_dir, &sets(&raw.simulations.sets)?)?;
    let backup = backup::backup(raw.backup, &raw.data_dir, raw.aws)?;
    Ok(Settings {
        listen: listen(&raw.listen)?,
        data_dir: raw.data_dir,
        mode,
        api_token: api_token(raw.api_token)?,
        session_calendar,
        clock,
        database_url: raw.database_url.map(SecretString::from),
        discord: super::discord::checked(raw.discord)?,
        assistant: raw.assistant,
        kis,
        accounts,
        risk: risk(&raw.risk)?,
        simulations: simulations(raw.simulations, &lake)?,
        lake,
        bots,
        jobs: jobs::jobs(raw.jobs)?,
        log: log(raw.log)?,
        backup,
        named: raw.named,
        symbol_master: raw.symbol_master,
        decision_log: raw.decision_log,
        // In live trading a person decides that a lost order was never placed.
        auto_release: raw.auto_release.unwrap_or(mode == Mode::Paper),
    })
}

fn log(raw: RawLog) -> Result<LogSettings, Text> {
    let defaults = LogSettings::default();
    let level = raw.level.filter(|l| !l.trim().is_empty()).unwrap_or(defaults.level);
    if !LogSettings::is_level(&level) {
        return Err(say::log_level());
    }
    let keep = raw.keep.unwrap_or(defaults.keep);
    if keep > LOG_FILES_MAX {
        return Err(say::log_keep(LOG_FILES_MAX));
    }
    let format = match raw.format {
        Some(RawLogFormat::Json) => LogFormat::Json,
        Some(RawLogFormat::Text) | None => LogFormat::Text,
    };
    Ok(LogSettings { level, format, keep })
}

fn listen(text: &str) -> Result<SocketAddr, Text> {
    let address: SocketAddr = text.parse().map_err(|_| say::listen())?;
    if address.ip().is_loopback() { Ok(address) } else { Err(say::listen()) }
}

fn clock(text: &str) -> Result<ClockSetting, Text> {
    if text == "system" {
        return Ok(ClockSetting::System);
    }
    let url = reqwest::Url::parse(text).map_err(|_| say::clock())?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.scheme() == "http" && loopback { Ok(ClockSetting::Url(text.to_owned())) } else { Err(say::clock()) }
}

fn api_token(token: Option<String>) -> Result<Option<SecretString>, Text> {
    let token = token.filter(|t| !t.is_empty());
    if token.as_ref().is_some_and(|t| t.chars().count() < API_TOKEN_CHARS_MIN) {
        return Err(say::api_token(API_TOKEN_CHARS_MIN));
    }
    Ok(token.map(SecretString::from))
}

fn kis(raw: RawKis, mode: Mode) -> Result<KisSettings, Text> {
    let env = match raw.env {
        RawEnv::Mock => Environment::Mock,
        RawEnv::Real => Environment::Real,
    };
    let filled = |text: Option<String>| text.filter(|t| !t.is_empty());
    let (rest_url, ws_url) = (filled(raw.rest_url), filled(raw.ws_url));
    let broker = Endpoints::broker(env);
    let rest = rest_url.as_deref().unwrap_or(broker.rest());
    let ws = ws_url.as_deref().unwrap_or(broker.ws());
    let endpoints = Endpoints::new(rest, ws).map_err(|e| match e {
        ConfigError::Endpoint { setting, .. } => say::endpoint(setting),
        ConfigError::Mismatch { .. } | ConfigError::Credential { .. } => say::half_loopback(),
    })?;
    match mode {
        Mode::Paper => Paper::check(env, &endpoints).map_err(|_| say::paper_with_real())?,
        Mode::Live => Live::check(env, &endpoints).map_err(|_| say::live_with_mock())?,
    }
    let other = match env {
        Environment::Real => Environment::Mock,
        Environment::Mock => Environment::Real,
    };
    if endpoints.rest() == Endpoints::broker(other).rest() {
        return Err(say::foreign_host());
    }
    let account = account(filled(raw.account))?;
    let hts_id = hts_id(filled(raw.hts_id))?;
    if raw.rest_rps == Some(0) {
        return Err(say::not_positive("kis.rest_rps"));
    }
    if raw.order_timeout_ms == 0 {
        return Err(say::not_positive("kis.order_timeout_ms"));
    }
    Ok(KisSettings {
        place: "kis".to_owned(),
        env,
        endpoints,
        app_key: filled(raw.app_key).map(SecretString::from),
        app_secret: filled(raw.app_secret).map(SecretString::from),
        account,
        hts_id,
        rest_rps: raw.rest_rps,
        order_timeout: Duration::from_millis(raw.order_timeout_ms),
    })
}

/// An account number, when there is one.
pub fn account(text: Option<String>) -> Result<Option<AccountNo>, Text> {
    text.map(|text| text.parse::<AccountNo>().map_err(|_| say::account())).transpose()
}

/// A login id that isn't the account number.
pub fn hts_id(id: Option<String>) -> Result<Option<String>, Text> {
    if id.as_ref().is_some_and(|id| id.parse::<AccountNo>().is_ok()) { Err(say::hts_id()) } else { Ok(id) }
}

fn risk(raw: &RawRisk) -> Result<RiskLimits, Text> {
    let numbers = [
        ("risk.order_won_max", raw.order_won_max),
        ("risk.order_qty_max", raw.order_qty_max),
        ("risk.orders_per_minute_max", i64::from(raw.orders_per_minute_max)),
        ("risk.orders_per_day_max", i64::from(raw.orders_per_day_max)),
        ("risk.open_orders_max", i64::from(raw.open_orders_max)),
        ("risk.stale_after_s", raw.stale_after_s),
    ];
    if let Some((key, _)) = numbers.iter().find(|(_, number)| *number < 1) {
        return Err(say::not_positive(key));
    }
    Ok(RiskLimits {
        order_won_max: Won::new(raw.order_won_max),
        order_qty_max: Qty::new(raw.order_qty_max).map_err(|_| say::not_positive("risk.order_qty_max"))?,
        orders_per_minute_max: raw.orders_per_minute_max,
        orders_per_day_max: raw.orders_per_day_max,
        open_orders_max: raw.open_orders_max,
        stale_after_s: raw.stale_after_s,
    })
}

fn sets(raw: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<Symbol>>, Text> {
    let mut sets = BTreeMap::new();
    for (name, codes) in raw {
        let wrong = |code: &str| say::set_symbol(name, code);
        let symbols: Result<Vec<Symbol>, Text> = codes.iter().map(|c| c.parse().map_err(|_| wrong(c))).collect();
        sets.insert(name.clone(), symbols?);
    }
    Ok(sets)
}

fn simulations(raw: RawSimulations, lake: &LakeSettings) -> Result<SimulationSettings, Text> {
    let defaults = SimulationSettings::default();
    let sets = sets(&raw.sets)?;
    let workers = raw.workers.unwrap_or(defaults.workers as u32);
    if !(1..=SIMULATION_WORKERS_MAX).contains(&workers) {
        return Err(say::simulation_workers(SIMULATION_WORKERS_MAX));
    }
    let from = match raw.data.filter(|p| !p.as_os_str().is_empty()) {
        Some(path) if path.as_os_str() != LAKE => BarsFrom::Files(path),
        Some(_) | None => BarsFrom::Lake(lake.door.clone()),
    };
    Ok(SimulationSettings { from, sets, workers: workers as usize, ..SimulationSettings::default() })
}

fn bots(raw: Vec<RawBot>, accounts: &[AccountSettings]) -> Result<Vec<BotSettings>, Text> {
    let mut bots: Vec<BotSettings> = Vec::with_capacity(raw.len());
    for raw in raw {
        let bot = bot(raw, accounts)?;
        if bots.iter().any(|b| b.id == bot.id) {
            return Err(say::bot_twice(bot.id.as_str()));
        }
        bots.push(bot);
    }
    Ok(bots)
}

fn bot(raw: RawBot, accounts: &[AccountSettings]) -> Result<BotSettings, Text> {
    let account = match raw.account {
        Some(name) if accounts.iter().any(|a| a.name == name) => name,
        Some(name) => return Err(say::bot_account(&raw.id, &name)),
        None => accounts.first().map_or_else(String::new, |a| a.name.clone()),
    };
    let id: BotId = raw.id.parse().map_err(|_| say::bot_id(&raw.id))?;
    if id == BotId::MANUAL {
        return Err(say::bot_id(&raw.id));
    }
    let mut symbols: Vec<Symbol> = Vec::with_capacity(raw.symbols.len());
    for code in &raw.symbols {
        match code.parse() {
            Ok(symbol) if !symbols.contains(&symbol) => symbols.push(symbol),
            Ok(_) | Err(_) => return Err(say::bot_symbol(&raw.id, code)),
        }
    }
    if symbols.is_empty() {
        return Err(say::bot_without_symbols(&raw.id));
    }
    let params = Params(raw.params);
    let (interval, ranking) = ranking(&raw.id, (raw.interval, raw.rank, raw.top))?;
    fsts_strategies::build(&raw.strategy, &params, interval)
        .map_err(|e| say::bot_strategy(&raw.id, &say::strategy(&e)))?;
    if raw.capital.is_some_and(|won| won < 1) {
        return Err(say::not_positive(&format!("bots.{}.capital", raw.id)));
    }
    Ok(BotSettings {
        id,
        account,
        strategy: raw.strategy,
        symbols,
        sizing: sizing(raw.sizing).ok_or_else(|| say::bot_sizing(&raw.id))?,
        style: style(raw.style).ok_or_else(|| say::bot_style(&raw.id, COLLAR_TICKS_MAX))?,
        capital: raw.capital.map(Won::new),
        params,
        interval,
        ranking,
    })
}

/// Bars of a bot, and the order in which one on daily bars takes its symbols before the close.
fn ranking(
    bot: &str,
    (interval, rank, top): (RawInterval, Option<RawRank>, Option<u32>),
) -> Result<(Interval, Ranking), Text> {
    if interval == RawInterval::Minute {
        let unused = rank.is_some() || top.is_some();
        return if unused { Err(say::bot_rank_on_minutes(bot)) } else { Ok((Interval::Minute, Ranking::default())) };
    }
    let by = match rank {
        None | Some(RawRank::Listed) => RankBy::Listed,
        Some(RawRank::Value) => RankBy::Value,
        Some(RawRank::Volume) => RankBy::Volume,
        Some(RawRank::Change) => RankBy::Change,
    };
    match top {
        Some(0) => Err(say::not_positive(&format!("bots.{bot}.top"))),
        Some(top) => Ok((Interval::Day, Ranking { by, top: Some(top as usize) })),
        None => Ok((Interval::Day, Ranking { by, top: None })),
    }
}

/// The size, or `None` when it buys nothing.
pub fn sizing(raw: RawSizing) -> Option<Sizing> {
    match raw {
        RawSizing::Shares(shares) => Qty::new(shares).ok().filter(|q| !q.is_zero()).map(Sizing::Shares),
        RawSizing::Notional(won) => (won > 0).then(|| Sizing::Notional(Won::new(won))),
        RawSizing::EquityPercent(percent) if percent > 0.0 && percent <= 100.0 => {
            Some(Sizing::Equity(Rate::per_billion((percent * 10_000_000.0).round() as i64)))
        }
        RawSizing::EquityPercent(_) => None,
    }
}

/// The style, or `None` when its collar is outside any price limit.
pub fn style(raw: RawStyle) -> Option<OrderStyle> {
    match raw {
        RawStyle::Market => Some(OrderStyle::Market),
        RawStyle::MarketableLimit { collar_ticks } => {
            (0..=COLLAR_TICKS_MAX).contains(&collar_ticks).then_some(OrderStyle::MarketableLimit { collar_ticks })
        }
    }
}
