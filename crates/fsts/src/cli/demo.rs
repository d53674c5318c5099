//! `fsts demo`: emulator, engine, server and dashboard in one process, without any account or key.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use fsts_cloud::TargetSetting;
use fsts_domain::{AccountNo, TradingDay, Won};
use fsts_engine::{BotConfig, InquiryTimers, Interval, OrderStyle, RiskLimits, Sizing};
use fsts_kis::{Account, Credentials, Endpoints, Environment, KeyPair, Kis, Paper, Settings as KisClientSettings};
use fsts_kis_emulator::{
    ClockMode, EmuAccount, EmuSymbol, Emulator, EmulatorConfig, MarketSource, ReplayBar, demo_symbols,
};
use fsts_krx::{FeeSchedule, Instrument, Profile, RuleBook, SessionCalendar};
use fsts_lake::{DataSet, LoadOptions, PriceKind};
use fsts_server::views::{KisEnvironment, Mode};
use fsts_store::{DatabaseTarget, MissedPolicy, stream_of};
use fsts_strategies::Params;
use secrecy::SecretString;
use serde_json::json;

use super::serving::{Serving, Started, serve};
use super::{Context, DemoArgs};
use crate::alerts::Webhooks;
use crate::clock::MarketTime;
use crate::exit::{Exit, Failure};
use crate::logging::{self, LogPlaces, LogSettings};
use crate::messages::run as say;
use crate::output;
use crate::runtime::{BotPlan, Plan, Ranking};
use crate::services::backup::BackupSettings;
use crate::services::discord::{DiscordSettings, standin};
use crate::services::jobs::{BALANCE_SNAPSHOT, Job, JobSettings, Schedule, defaults};
use crate::services::lake::{LakeDoor, LakeSettings};
use crate::services::simulations::{BarsFrom, SimulationSettings};
use crate::services::{AssistantSettings, ServiceSettings};

/// Two market minutes a real second: bots have traded within ten seconds, and a day takes three minutes.
const SPEED: u32 = 120;
/// Daily bars have four prints a day: a day takes some seven seconds.
const SPEED_OF_DAYS: u32 = 3_600;
const PORT: u16 = 8080;
const SEED: u64 = 1;
const CASH: i64 = 100_000_000;
const ENTRY: i64 = 3_000_000;
/// Money set apart for each of the two bots; the rest is for costs and for a person.
const FENCE_PERCENT: i64 = 45;
/// Symbols of a replay: what one stream session carries comfortably on one screen.
const REPLAYED_MAX: usize = 8;

/// Runs the command.
pub async fn run(args: DemoArgs, context: Context) -> Result<(), Failure> {
    let dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from("data/demo"));
    if args.fresh {
        // Another demo's lock would still hold; a folder that isn't there is fresh already.
        let _ = std::fs::remove_dir_all(dir.join("engine"));
    }
    std::fs::create_dir_all(dir.join("engine"))
        .map_err(|e| Failure::new(Exit::Database, say::data_dir(&e.to_string())))?;
    // The terminal is for the address; what happens is on the dashboard, and in the files.
    let places = LogPlaces { terminal: false, data_dir: dir.join("engine") };
    let _logging = logging::start(&LogSettings::default(), places, Vec::new())?;
    let market = market(&args)?;
    let emulator = emulator(&args, &dir, &market).await?;
    let token = token(&dir)?;
    let plans = plans(&emulator, &dir, &market).await?;
    let listen = args.listen.unwrap_or_else(|| free_or_any(PORT));
    let stand_in = standin::open().await;
    let (channel, shown) = stand_in.map_err(|e| Failure::failed(say::server(&e.to_string())))?;
    let serving = Serving {
        listen,
        api_token: Some(SecretString::from(token.clone())),
        webhooks: Webhooks { alarm: Some(SecretString::from(channel)), ..Webhooks::default() },
        lang: context.lang,
        services: ServiceSettings {
            assistant: assistant(&token)?,
            discord: DiscordSettings { stand_in: Some(shown), ..DiscordSettings::default() },
            simulations: simulations(&args, &market),
            jobs: jobs(),
            lake: lake(&dir),
            backup: BackupSettings::default(),
        },
    };
    let ended = serve(plans, serving, move |Started { address, setup_code }| {
        let address = format!("http://{address}/#token={token}");
        if context.json {
            let line = json!({ "address": address, "mode": "paper", "token": token, "setup_code": setup_code });
            output::line(&line.to_string());
        } else {
            output::line(say::running(&address, "demo").get(context.lang));
            setup_code.iter().for_each(|code| output::line(say::setup_code(code).get(context.lang)));
        }
    })
    .await;
    let saved = emulator.stop().await.map_err(|e| Failure::new(Exit::Database, say::emulator(&e.to_string())));
    ended.and(saved)
}

/// Simulations over the demo's own bars: its folder, or the year before its first day.
fn simulations(args: &DemoArgs, market: &DemoMarket) -> SimulationSettings {
    let from = match &args.data {
        Some(path) => BarsFrom::Files(path.clone()),
        None => BarsFrom::Generated { seed: args.seed.unwrap_or(SEED), before: market.start },
    };
    SimulationSettings { from, example: true, ..SimulationSettings::default() }
}

/// The demo collects what it trades, so that its jobs have something to do.
fn lake(dir: &Path) -> LakeSettings {
    let door = LakeDoor::new(TargetSetting::Folder(dir.join("engine").join("lake")));
    LakeSettings {
        door,
        intervals: vec![fsts_lake::Interval::Day, fsts_lake::Interval::Minute],
        ..LakeSettings::default()
    }
}

/// The default jobs, and one that fires every few seconds of a demo.
fn jobs() -> JobSettings {
    let mut jobs = defaults();
    jobs.push(Job {
        name: "snapshot-every-30-minutes".to_owned(),
        task: BALANCE_SNAPSHOT.to_owned(),
        schedule: Schedule::Every { minutes: 30 },
        missed: MissedPolicy::Run,
        // At the demo's speed some seconds of a busy machine.
        grace_s: 25 * 60,
        enabled: true,
    });
    JobSettings { jobs }
}

/// What is traded: generated companies, or bars of a folder.
struct DemoMarket {
    symbols: Vec<EmuSymbol>,
    source: MarketSource,
    start: TradingDay,
    interval_s: i64,
    /// Adjusted prices lie off the grid and outside the bands of their day.
    profile: Profile,
}

fn market(args: &DemoArgs) -> Result<DemoMarket, Failure> {
    match &args.data {
        None => {
            let start = TradingDay::from_ymd(2026, 11, 2).expect("invariant: a date of the calendar");
            Ok(DemoMarket {
                symbols: demo_symbols(),
                source: MarketSource::Generated,
                start,
                interval_s: 60,
                profile: Profile::Krx,
            })
        }
        Some(path) => {
            let wrong = |reason: String| Failure::input(say::demo_data(&reason));
            let data = fsts_lake::load(path, &LoadOptions::default()).map_err(|e| wrong(e.to_string()))?;
            replayed(&data).ok_or_else(|| wrong("no bars".to_owned()))
        }
    }
}

/// From the fullest day on, the symbols with the most bars of that day.
fn replayed(data: &DataSet) -> Option<DemoMarket> {
    let start = match data.interval {
        fsts_lake::Interval::Minute => fullest_day(data)?,
        fsts_lake::Interval::Day => data.rows.first()?.day(),
    };
    let rows = || data.rows.iter().filter(|r| r.day() >= start);
    let mut counts = vec![0usize; data.symbols.len()];
    for row in rows().filter(|r| data.interval == fsts_lake::Interval::Day || r.day() == start) {
        if let Some(count) = counts.get_mut(row.symbol as usize) {
            *count += 1;
        }
    }
    let mut chosen: Vec<u32> = (0..data.symbols.len() as u32).collect();
    chosen.sort_by_key(|ix| (std::cmp::Reverse(counts.get(*ix as usize).copied()), *ix));
    chosen.truncate(REPLAYED_MAX);
    chosen.sort_unstable();
    let place = |symbol: u32| chosen.iter().position(|ix| *ix == symbol);
    let bar = |row: &fsts_lake::Row| Some(ReplayBar { at_ns: row.at, symbol: place(row.symbol)?, bar: row.bar });
    let symbol = |ix: &u32| {
        let Instrument { symbol, name, market } = data.symbols.get(*ix as usize)?.clone();
        let base = rows().find(|r| r.symbol == *ix)?.bar.open;
        let name = if name.is_empty() { symbol.to_string() } else { name };
        Some(EmuSymbol { symbol, name, market, base })
    };
    Some(DemoMarket {
        symbols: chosen.iter().filter_map(symbol).collect(),
        source: MarketSource::Replay(rows().filter_map(bar).collect()),
        start,
        interval_s: match data.interval {
            fsts_lake::Interval::Minute => 60,
            fsts_lake::Interval::Day => 86_400,
        },
        profile: match data.price_kind {
            PriceKind::Traded => Profile::Krx,
            PriceKind::Adjusted => Profile::Ideal,
        },
    })
}

/// The day with the most bars; the earliest of several.
fn fullest_day(data: &DataSet) -> Option<TradingDay> {
    let mut days: BTreeMap<TradingDay, usize> = BTreeMap::new();
    for row in &data.rows {
        *days.entry(row.day()).or_default() += 1;
    }
    days.into_iter().max_by_key(|(day, bars)| (*bars, std::cmp::Reverse(*day))).map(|(day, _)| day)
}

/// Number and name of the demo's accounts. Their strategies differ, so that they now and then want opposite things.
const ACCOUNTS: [(&str, &str); 2] = [("main", "5000000101"), ("second", "5000000201")];

fn number(text: &str) -> AccountNo {
    text.parse().expect("invariant: ten digits")
}

/// Keys of an account: the broker gives each key one stream.
fn key_of(name: &str) -> (String, String) {
    match name {
        "main" => ("demo-key".to_owned(), "demo-secret".to_owned()),
        other => (format!("demo-key-{other}"), format!("demo-secret-{other}")),
    }
}

async fn emulator(args: &DemoArgs, dir: &Path, market: &DemoMarket) -> Result<Emulator, Failure> {
    let account = |(name, no): &(&str, &str)| {
        let (app_key, app_secret) = key_of(name);
        EmuAccount { no: number(no), app_key, app_secret, hts_id: hts_id(name), cash: Won::new(CASH) }
    };
    let accounts: Vec<EmuAccount> = ACCOUNTS.iter().map(account).collect();
    let usual_speed = if market.interval_s > 60 { SPEED_OF_DAYS } else { SPEED };
    let config = EmulatorConfig {
        env: fsts_kis_emulator::Environment::Mock,
        clock: ClockMode::Accelerated { speed: args.speed.unwrap_or(usual_speed).max(1) },
        seed: args.seed.unwrap_or(SEED),
        market: market.source.clone(),
        replay_interval_s: market.interval_s,
        profile: market.profile,
        data_dir: Some(dir.join("emulator")),
        fresh: args.fresh,
        ..EmulatorConfig::new(market.start, market.symbols.clone(), accounts)
    };
    fsts_kis_emulator::start(config).await.map_err(|e| Failure::new(Exit::Broker, say::emulator(&e.to_string())))
}

/// Notices of an account arrive under its owner's name.
fn hts_id(name: &str) -> String {
    if name == "main" { "demo".to_owned() } else { format!("demo-{name}") }
}

async fn plans(emulator: &Emulator, dir: &Path, market: &DemoMarket) -> Result<Vec<Plan>, Failure> {
    let clock = format!("{}/_emulator/clock", emulator.rest_url());
    let time = MarketTime::following(clock).await.map_err(|e| Failure::new(Exit::Broker, say::clock(&e)))?;
    ACCOUNTS.iter().map(|account| plan(emulator, dir, (market, &time), *account)).collect()
}

fn plan(
    emulator: &Emulator,
    dir: &Path,
    (market, time): (&DemoMarket, &MarketTime),
    (name, no): (&'static str, &str),
) -> Result<Plan, Failure> {
    let broker = |reason: String| Failure::new(Exit::Broker, say::broker(&reason));
    let endpoints = Endpoints::new(&emulator.rest_url(), &emulator.ws_url()).map_err(|e| broker(e.to_string()))?;
    let (app_key, app_secret) = key_of(name);
    let keys = KeyPair { app_key: SecretString::from(app_key), app_secret: SecretString::from(app_secret) };
    let owner = Account { number: number(no), hts_id: hts_id(name) };
    let credentials =
        Credentials::<Paper>::new(Environment::Mock, endpoints, keys, owner).map_err(|e| broker(e.to_string()))?;
    let engine = dir.join("engine");
    let client = KisClientSettings { calls_per_second: Some(0), ..KisClientSettings::new(engine.join("token")) };
    let kis = Kis::paper(credentials, client, time.clock()).map_err(|e| broker(e.to_string()))?;
    let instrument = |s: &EmuSymbol| Instrument { symbol: s.symbol, name: s.name.clone(), market: s.market };
    let mut universe: Vec<Instrument> = market.symbols.iter().map(instrument).collect();
    universe.sort_by_key(|i| i.symbol);
    Ok(Plan {
        target: DatabaseTarget::Sqlite(engine.join("fsts.db")),
        data_dir: engine,
        key: name.to_owned(),
        stream: stream_of(&number(no), "demo"),
        account: number(no),
        mode: Mode::Paper,
        kis_env: KisEnvironment::Mock,
        kis,
        loopback: true,
        time: time.clone(),
        lake: lake(dir).door,
        rulebook: match market.profile {
            Profile::Krx => RuleBook::krx(FeeSchedule::KIS_BANKIS),
            Profile::Ideal => RuleBook::ideal(FeeSchedule::KIS_BANKIS).with_calendar(SessionCalendar::krx()),
        },
        bots: bots(name, &universe),
        universe,
        limits: RiskLimits { stale_after_s: 900, ..RiskLimits::default() },
        timers: InquiryTimers::default(),
        auto_release: true,
        decision_log: true,
        fault: None,
    })
}

/// Two bots that share every third symbol, with parameters that trade every few minutes of the market.
fn bots(account: &str, universe: &[Instrument]) -> Vec<BotPlan> {
    let bot = |id: &str, strategy: &str, odd: bool, params: &[(&str, f64)]| BotPlan {
        config: BotConfig {
            id: id.parse().expect("invariant: a well-formed constant"),
            symbols: universe
                .iter()
                .enumerate()
                .filter(|(n, _)| n % 3 == 0 || (n % 2 == 1) == odd)
                .map(|(_, i)| i.symbol)
                .collect(),
            sizing: Sizing::Notional(Won::new(ENTRY)),
            style: OrderStyle::MarketableLimit { collar_ticks: 5 },
            capital: Some(Won::new(CASH / 100 * FENCE_PERCENT)),
        },
        strategy: strategy.to_owned(),
        params: Params(params.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()),
        interval: Interval::Minute,
        ranking: Ranking::default(),
    };
    if account != "main" {
        return vec![
            bot("sma-slow", "sma_cross", true, &[("fast", 5.0), ("slow", 13.0)]),
            bot("rsi-quick", "rsi_reversion", false, &[("period", 4.0), ("oversold", 35.0), ("overbought", 65.0)]),
        ];
    }
    vec![
        bot("sma", "sma_cross", false, &[("fast", 3.0), ("slow", 8.0)]),
        bot("rsi", "rsi_reversion", true, &[("period", 5.0), ("oversold", 40.0), ("overbought", 60.0)]),
    ]
}

/// The model that the environment names, or fixed rules: the demo needs no key.
fn assistant(token: &str) -> Result<AssistantSettings, Failure> {
    let settings = AssistantSettings::from_variables(|name| std::env::var(name).ok())?;
    Ok(settings.or_rules().hiding([SecretString::from(token.to_owned())]))
}

/// The demo's own secret for writes, kept so that an open page goes on working after a restart.
fn token(dir: &Path) -> Result<String, Failure> {
    let path = dir.join("engine").join("api-token");
    if let Ok(token) = std::fs::read_to_string(&path)
        && token.len() == 32
    {
        return Ok(token);
    }
    let wrong = |e: String| Failure::new(Exit::Database, say::data_dir(&e));
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| wrong(e.to_string()))?;
    let token: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create(true).truncate(true), 0o600);
    let mut file = options.open(&path).map_err(|e| wrong(e.to_string()))?;
    std::io::Write::write_all(&mut file, token.as_bytes()).map_err(|e| wrong(e.to_string()))?;
    Ok(token)
}

/// The usual port, or any free one when it is taken.
fn free_or_any(port: u16) -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match std::net::TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}
