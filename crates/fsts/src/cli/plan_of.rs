//! From settings to the plan of a run.

use std::sync::Arc;

use fsts_domain::{Market, Symbol};
use fsts_engine::{BotConfig, InquiryTimers};
use fsts_kis::{Armed, Credentials, Environment, Kis, Live, Paper, Settings as KisClientSettings};
use fsts_krx::{FeeSchedule, Instrument, RuleBook, SessionCalendar};
use fsts_server::views::{KisEnvironment, Mode as ViewMode};
use fsts_store::{ChainError, DatabaseTarget, LeaseError, StoreError, stream_of};
use secrecy::ExposeSecret;

use crate::clock::MarketTime;
use crate::exit::{Exit, Failure};
use crate::messages::run as say;
use crate::runtime::recovery::RecoveryError;
use crate::runtime::{BotPlan, Plan, StartError, fault::Fault};
use crate::services::simulations::{Listing, Listings};
use crate::settings::{
    AccountSettings, BotSettings, ClockSetting, KisSettings, Mode, SessionCalendarSetting, Settings,
};

/// Registrations that a stream session takes besides the notices.
const STREAMED_MAX: usize = 40;
/// The mock's budget is one call a second; it is asked less often.
const MOCK_AMBIGUOUS_S: i64 = 5;

/// What a plan is for.
#[derive(Debug, Clone, Copy)]
pub enum Aim<'a> {
    /// Trading; in live mode only with the last four digits of each account that a person typed, comma between them.
    Trade(Option<&'a str>),
    /// Looking at books and account: no order can leave.
    Look,
}

/// Makes the plans of a run, one for each account. Nothing is sent to the broker yet.
///
/// # Errors
/// A [`Failure`] that names what is missing or does not fit.
pub async fn plans(settings: &Settings, aim: Aim<'_>) -> Result<Vec<Plan>, Failure> {
    let time = market_time(settings).await?;
    settings.accounts.iter().map(|account| plan_of((settings, account), &time, aim)).collect()
}

/// Makes the plan of one account: the first, unless one is named.
///
/// # Errors
/// As [`plans`].
pub async fn plan(settings: &Settings, name: Option<&str>, aim: Aim<'_>) -> Result<Plan, Failure> {
    let named = settings.accounts.iter().find(|a| name.is_none_or(|name| a.name == name));
    let account = named.ok_or_else(|| Failure::config(say::no_such_account(name.unwrap_or_default())))?;
    plan_of((settings, account), &market_time(settings).await?, aim)
}

async fn market_time(settings: &Settings) -> Result<MarketTime, Failure> {
    match &settings.clock {
        ClockSetting::System => Ok(MarketTime::system()),
        ClockSetting::Url(url) => {
            MarketTime::following(url.clone()).await.map_err(|e| Failure::new(Exit::Broker, say::clock(&e)))
        }
    }
}

fn plan_of(
    (settings, AccountSettings { name, kis: broker }): (&Settings, &AccountSettings),
    time: &MarketTime,
    aim: Aim<'_>,
) -> Result<Plan, Failure> {
    let (_, account) = broker.login()?;
    let kis = client((settings, broker), time, aim)?;
    let bots = || settings.bots.iter().filter(|bot| bot.account == *name);
    let rulebook = RuleBook::krx(FeeSchedule::KIS_BANKIS);
    let rulebook = match settings.session_calendar {
        SessionCalendarSetting::Krx => rulebook,
        SessionCalendarSetting::AlwaysOpen => rulebook.with_calendar(SessionCalendar::always_open()),
    };
    let url = settings.database_url.as_ref().map(|u| u.expose_secret());
    let target = DatabaseTarget::from_settings(url, &settings.data_dir).map_err(|e| database(&e))?;
    let timers = match broker.env {
        Environment::Real => InquiryTimers::default(),
        Environment::Mock => InquiryTimers { ambiguous_s: MOCK_AMBIGUOUS_S, ..InquiryTimers::default() },
    };
    Ok(Plan {
        data_dir: settings.data_dir.clone(),
        target,
        key: name.clone(),
        stream: stream_of(&account.number, broker.env.name()),
        account: account.number,
        mode: match settings.mode {
            Mode::Paper => ViewMode::Paper,
            Mode::Live => ViewMode::Live,
        },
        kis_env: match broker.env {
            Environment::Real => KisEnvironment::Real,
            Environment::Mock => KisEnvironment::Mock,
        },
        kis,
        loopback: broker.endpoints.is_loopback(),
        time: time.clone(),
        lake: settings.lake.door.clone(),
        rulebook,
        universe: universe(master(settings)?, bots())?,
        bots: bots().map(bot).collect(),
        limits: settings.risk,
        timers,
        auto_release: settings.auto_release,
        decision_log: settings.decision_log,
        fault: std::env::var("FSTS_FAULT").ok().and_then(|text| Fault::parse(&text)).map(Arc::new),
    })
}

/// Clock, trading days and broker of the first account, for a command that neither trades nor keeps books.
///
/// # Errors
/// A [`Failure`] that names what is missing or does not fit.
pub async fn connect(settings: &Settings, aim: Aim<'_>) -> Result<(MarketTime, SessionCalendar, Kis), Failure> {
    let time = market_time(settings).await?;
    let broker = settings.accounts.first().map_or(&settings.kis, |account| &account.kis);
    let kis = client((settings, broker), &time, aim)?;
    let calendar = match settings.session_calendar {
        SessionCalendarSetting::Krx => SessionCalendar::krx(),
        SessionCalendarSetting::AlwaysOpen => SessionCalendar::always_open(),
    };
    Ok((time, calendar, kis))
}

fn client((settings, broker): (&Settings, &KisSettings), time: &MarketTime, aim: Aim<'_>) -> Result<Kis, Failure> {
    let (keys, account) = broker.login()?;
    let (env, endpoints) = (broker.env, broker.endpoints.clone());
    // On a clock that stands still a budget by market time would never be free again.
    let calls_per_second = if time.speed() == 0.0 { Some(0) } else { broker.rest_rps };
    let order_timeout = broker.order_timeout;
    let client = KisClientSettings {
        calls_per_second,
        order_timeout,
        ..KisClientSettings::new(settings.data_dir.join("token"))
    };
    let wrong = |e: fsts_kis::ConfigError| Failure::config(say::wrong_bots(&e.to_string()));
    let made = match settings.mode {
        Mode::Paper => {
            let credentials = Credentials::<Paper>::new(env, endpoints, keys, account).map_err(wrong)?;
            Kis::paper(credentials, client, time.clock())
        }
        Mode::Live => {
            let suffix: String = account.number.number().chars().skip(4).collect();
            let credentials = Credentials::<Live>::new(env, endpoints, keys, account).map_err(wrong)?;
            match aim {
                Aim::Look => Kis::looking(credentials, client, time.clock()),
                Aim::Trade(typed) if typed.is_some_and(|t| t.split(',').any(|one| one.trim() == suffix)) => {
                    Kis::live(credentials, client, time.clock(), Armed::by_operator())
                }
                Aim::Trade(_) => return Err(Failure::config(say::not_armed())),
            }
        }
    };
    made.map_err(|e| Failure::new(Exit::Broker, say::broker(&e.to_string())))
}

fn bot(settings: &BotSettings) -> BotPlan {
    BotPlan {
        config: BotConfig {
            id: settings.id,
            symbols: settings.symbols.clone(),
            sizing: settings.sizing,
            style: settings.style,
            capital: settings.capital,
        },
        strategy: settings.strategy.clone(),
        params: settings.params.clone(),
        interval: settings.interval,
        ranking: settings.ranking,
    }
}

/// The symbol master of the settings; `None` where none is named.
///
/// # Errors
/// A [`Failure`] when it can't be read.
pub fn master(settings: &Settings) -> Result<Option<Vec<Instrument>>, Failure> {
    let Some(path) = &settings.symbol_master else { return Ok(None) };
    let shown = path.display().to_string();
    let wrong = |e: String| Failure::config(say::symbol_master(&shown, &e));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    parse_master(&text).map(Some).map_err(wrong)
}

/// What the symbol master says of industries and themes: its fourth cell, and its fifth with `;` between themes.
///
/// # Errors
/// A [`Failure`] when the master can't be read.
pub fn listings(settings: &Settings) -> Result<Listings, Failure> {
    let Some(path) = &settings.symbol_master else { return Ok(Listings::new()) };
    let shown = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|e| Failure::config(say::symbol_master(&shown, &e.to_string())))?;
    Ok(text.lines().filter_map(listing).collect())
}

fn listing(line: &str) -> Option<(Symbol, Listing)> {
    let mut cells = line.trim_start_matches('\u{feff}').split(',').map(str::trim);
    let symbol = cells.next()?.parse().ok()?;
    let market = cells.nth(1).and_then(market_of).map(fsts_lake::market_word);
    let industry = cells.next().filter(|text| !text.is_empty()).map(str::to_owned);
    let themes = cells.next().unwrap_or_default().split(';').map(str::trim).filter(|text| !text.is_empty());
    Some((symbol, Listing { market, industry, themes: themes.map(str::to_owned).collect() }))
}

/// The bots' symbols, and the rest of a short symbol master, so that orders by hand are possible there too.
fn universe<'s>(
    master: Option<Vec<Instrument>>,
    bots: impl Iterator<Item = &'s BotSettings>,
) -> Result<Vec<Instrument>, Failure> {
    let mut universe: Vec<Instrument> = Vec::new();
    for bot in bots {
        for symbol in &bot.symbols {
            let instrument = match &master {
                Some(master) => master.iter().find(|i| i.symbol == *symbol).cloned(),
                None => Some(Instrument { symbol: *symbol, name: symbol.to_string(), market: Market::Kospi }),
            };
            let unknown = || Failure::config(say::unknown_symbol(bot.id.as_str(), symbol.as_str()));
            let instrument = instrument.ok_or_else(unknown)?;
            if !universe.iter().any(|i| i.symbol == *symbol) {
                universe.push(instrument);
            }
        }
    }
    for instrument in master.into_iter().flatten() {
        if universe.len() < STREAMED_MAX && !universe.iter().any(|i| i.symbol == instrument.symbol) {
            universe.push(instrument);
        }
    }
    universe.sort_by_key(|i| i.symbol);
    if universe.is_empty() { Err(Failure::config(say::no_symbols())) } else { Ok(universe) }
}

/// Lines of `code,name,market`; a first line that is a heading is left out.
fn parse_master(text: &str) -> Result<Vec<Instrument>, String> {
    let mut instruments = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let mut cells = line.trim_start_matches('\u{feff}').split(',').map(str::trim);
        let (code, name, market) =
            (cells.next().unwrap_or(""), cells.next().unwrap_or(""), cells.next().unwrap_or("KOSPI"));
        match code.parse::<Symbol>() {
            Ok(symbol) => {
                let market = market_of(market).ok_or_else(|| format!("line {}: `{market}` is not a market", n + 1))?;
                instruments.push(Instrument { symbol, name: name.to_owned(), market });
            }
            Err(_) if n == 0 => {}
            Err(error) => return Err(format!("line {}: {error}", n + 1)),
        }
    }
    Ok(instruments)
}

fn market_of(text: &str) -> Option<Market> {
    match text.to_ascii_uppercase().as_str() {
        "KOSPI" | "" => Some(Market::Kospi),
        "KOSDAQ" | "KOSDAQ GLOBAL" => Some(Market::Kosdaq),
        "KONEX" => Some(Market::Konex),
        "ETF" => Some(Market::Etf),
        "ETN" => Some(Market::Etn),
        "ELW" => Some(Market::Elw),
        _ => None,
    }
}

/// The failure of a database.
pub fn database(error: &StoreError) -> Failure {
    Failure::new(Exit::Database, say::database(&error.to_string()))
}

/// The failure of a start.
pub fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Store(error) | StartError::Chain(ChainError::Store(error)) => database(&error),
        StartError::Lease(LeaseError::Held { holder }) => Failure::new(Exit::Held, say::held(&holder)),
        StartError::Lease(error) => Failure::new(Exit::Database, say::database(&error.to_string())),
        StartError::Chain(error) => Failure::new(Exit::Database, say::journal_damaged(&error.to_string())),
        StartError::Recovery(RecoveryError::Store(error)) => database(&error),
        StartError::Recovery(error) => Failure::config(say::wrong_bots(&error.to_string())),
        StartError::DataDir(error) => Failure::new(Exit::Database, say::data_dir(&error.to_string())),
        StartError::HalfRestored(folder) => Failure::new(Exit::Database, crate::messages::backup::incomplete(&folder)),
        StartError::TooManySymbols(error) => Failure::config(say::too_many_symbols(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_master_is_read_with_or_without_heading() {
        let with = parse_master("code,name,market\n005930,삼성전자,KOSPI\n0Z1010,가온전자,KOSDAQ\n").unwrap();
        let without = parse_master("\u{feff}005930,삼성전자,KOSPI\n0Z1010,가온전자,KOSDAQ").unwrap();
        assert_eq!(with.len(), 2);
        let shown = |list: &[Instrument]| format!("{list:?}");
        assert_eq!(shown(&with), shown(&without));
        assert!(parse_master("005930,a,KOSPI\nnonsense,b,KOSPI").is_err());
        assert!(parse_master("005930,a,NYSE").is_err());
    }

    #[test]
    fn a_symbol_master_may_tell_industry_and_themes() {
        let line = "005930,삼성전자,KOSPI,전기전자,반도체; AI";
        assert_eq!(parse_master(line).unwrap()[0].name, "삼성전자");
        let (symbol, told) = listing(line).unwrap();
        assert_eq!(
            (symbol.as_str(), told.market, told.industry.as_deref()),
            ("005930", Some("KOSPI"), Some("전기전자"))
        );
        assert_eq!(told.themes, ["반도체", "AI"]);
        assert_eq!(
            listing("005930,삼성전자,KOSDAQ").unwrap().1,
            Listing { market: Some("KOSDAQ"), ..Listing::default() }
        );
        assert_eq!(listing("code,name,market"), None);
    }
}
