//! What an emulator run is made of, and why one can't start.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use fsts_domain::{AccountNo, Bar, Market, Price, Symbol, Timestamp, TradingDay, Won};
use fsts_krx::{FeeSchedule, Profile, RuleBook, SessionCalendar};
use serde::{Deserialize, Serialize};

/// Which of the broker's two environments is played: TR ids, limits, page sizes and refusals differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// 실전.
    Real,
    /// 모의투자.
    Mock,
}

/// How market time moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// The system's time. Start date and time of the run are not used; for real speed on another date use a speed of 1.
    Real,
    /// From the start instant on, this many market seconds a real second; nights are skipped.
    Accelerated {
        /// 60: a market minute a second. 0 counts as 1.
        speed: u32,
    },
    /// Only `POST /_emulator/step` moves it; nights are skipped.
    Stepped,
}

/// When the market is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Session {
    /// The exchange's calendar and hours.
    Krx,
    /// Around the clock, every day; for demos at night.
    AlwaysOpen,
}

/// A company of the synthetic symbol master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmuSymbol {
    /// Short code.
    pub symbol: Symbol,
    /// Korean name.
    pub name: String,
    /// Listing, for ticks, limits and taxes.
    pub market: Market,
    /// The first day's base price (기준가), where no earlier data give one.
    pub base: Price,
}

/// A bar to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayBar {
    /// UTC nanoseconds of its start.
    pub at_ns: i64,
    /// Index into [`EmulatorConfig::symbols`].
    pub symbol: usize,
    /// Prices and shares.
    pub bar: Bar,
}

/// Where the market comes from.
#[derive(Debug, Clone)]
pub enum MarketSource {
    /// A seeded order flow into a matching book; our orders rest in the same book.
    Generated,
    /// Bars turned into prints; our orders meet the prints.
    Replay(Vec<ReplayBar>),
}

/// An account of the emulated broker.
#[derive(Clone)]
pub struct EmuAccount {
    /// 8 + 2 digits.
    pub no: AccountNo,
    /// Application key; several accounts may share one.
    pub app_key: String,
    /// Its secret.
    pub app_secret: String,
    /// HTS login id, the key of the notice stream.
    pub hts_id: String,
    /// Opening cash.
    pub cash: Won,
}

impl fmt::Debug for EmuAccount {
    /// Keys are left out: a configuration may be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmuAccount").field("no", &self.no).field("cash", &self.cash).finish_non_exhaustive()
    }
}

/// On which amount commission and tax are cut to whole won. What KIS does is not known, so a run can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeRounding {
    /// Each fill on its own.
    Fill,
    /// The order's amount so far.
    Order,
    /// The day's amount so far, of one side and market.
    Day,
}

/// How many cells a stream record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordWidth {
    /// 47, 63 and 26, since 2026-09-14.
    Current,
    /// 46, 59 and 23.
    Old,
}

/// All of a run's settings. [`EmulatorConfig::new`] fills in the usual ones.
#[derive(Debug, Clone)]
pub struct EmulatorConfig {
    /// Environment to play.
    pub env: Environment,
    /// REST address; loopback only, port 0 takes a free one.
    pub listen_rest: SocketAddr,
    /// WebSocket address; loopback only, port 0 takes a free one.
    pub listen_ws: SocketAddr,
    /// How time moves.
    pub clock: ClockMode,
    /// First market day; a closed day means the next open one.
    pub start_date: TradingDay,
    /// Second of the Korean day to start at; `None`: half a minute before the opening.
    pub start_time: Option<i64>,
    /// Opening hours.
    pub session: Session,
    /// `Ideal` takes prices off the grid and outside the limits, for replays of adjusted data.
    pub profile: Profile,
    /// Seed of everything that varies.
    pub seed: u64,
    /// The companies.
    pub symbols: Vec<EmuSymbol>,
    /// The market's source.
    pub market: MarketSource,
    /// Length of a replayed bar in seconds: 60, or 86,400 for daily bars, whose prints are spread over the day.
    pub replay_interval_s: i64,
    /// The accounts.
    pub accounts: Vec<EmuAccount>,
    /// Where accounts, orders and simulated time are kept; `None`: nowhere.
    pub data_dir: Option<PathBuf>,
    /// Forget what `data_dir` keeps and start anew.
    pub fresh: bool,
    /// Commission rates.
    pub fees: FeeSchedule,
    /// Where charges are cut to won.
    pub rounding: FeeRounding,
    /// Notices are late by so many milliseconds of market time, from–to.
    pub jitter_ms: (u32, u32),
    /// In replay: a print fills no more shares than it carried.
    pub partial_fills: bool,
    /// REST calls a second and application key; `None`: the environment's (18 real, 1 mock), 0: no limit.
    pub rest_per_second: Option<u32>,
    /// Cells of stream records.
    pub record_width: RecordWidth,
}

impl EmulatorConfig {
    /// A stepped, generated KRX run on free loopback ports, without limits, jitter or a data folder.
    pub fn new(start_date: TradingDay, symbols: Vec<EmuSymbol>, accounts: Vec<EmuAccount>) -> Self {
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        EmulatorConfig {
            env: Environment::Real,
            listen_rest: free_port,
            listen_ws: free_port,
            clock: ClockMode::Stepped,
            start_date,
            start_time: None,
            session: Session::Krx,
            profile: Profile::Krx,
            seed: 1,
            symbols,
            market: MarketSource::Generated,
            replay_interval_s: 60,
            accounts,
            data_dir: None,
            fresh: false,
            fees: FeeSchedule::KIS_BANKIS,
            rounding: FeeRounding::Order,
            jitter_ms: (0, 0),
            partial_fills: false,
            rest_per_second: Some(0),
            record_width: RecordWidth::Current,
        }
    }

    /// Calls a second that a key may make; 0: no limit.
    pub(crate) fn rest_limit(&self) -> u32 {
        self.rest_per_second.unwrap_or(match self.env {
            Environment::Real => 18,
            Environment::Mock => 1,
        })
    }

    /// The rules of the run.
    pub(crate) fn rules(&self) -> RuleBook {
        let rules = match self.profile {
            Profile::Krx => RuleBook::krx(self.fees),
            Profile::Ideal => RuleBook::ideal(self.fees),
        };
        rules.with_calendar(match self.session {
            Session::Krx => SessionCalendar::krx(),
            Session::AlwaysOpen => SessionCalendar::always_open(),
        })
    }

    /// What in the settings can't work.
    pub(crate) fn check(&self) -> Result<(), EmulatorError> {
        let fail = |what: &str| Err(EmulatorError::Config(what.to_owned()));
        if !self.listen_rest.ip().is_loopback() || !self.listen_ws.ip().is_loopback() {
            return fail("the emulator listens on loopback addresses only");
        }
        if self.symbols.is_empty() || self.accounts.is_empty() {
            return fail("at least one symbol and one account are needed");
        }
        let twice = |a: usize, b: usize| self.symbols.get(a).map(|s| s.symbol) == self.symbols.get(b).map(|s| s.symbol);
        if (0..self.symbols.len()).any(|a| (0..a).any(|b| twice(a, b))) {
            return fail("a symbol is listed twice");
        }
        if self.jitter_ms.0 > self.jitter_ms.1 {
            return fail("jitter_ms is a range from low to high");
        }
        if matches!((&self.market, self.profile), (MarketSource::Generated, Profile::Ideal)) {
            return fail("a generated market needs the exchange's rules");
        }
        if let MarketSource::Replay(bars) = &self.market {
            if bars.is_empty() {
                return fail("there are no bars to replay");
            }
            if bars.iter().any(|bar| bar.symbol >= self.symbols.len()) {
                return fail("a bar names a symbol that is not listed");
            }
            if self.replay_interval_s < 60 {
                return fail("bars to replay are of a minute or longer");
            }
        }
        Ok(())
    }

    /// The instant of the start on a trading day that opens at `open`.
    pub(crate) fn start_on(&self, day: TradingDay, open: Timestamp) -> Timestamp {
        match (self.start_time, self.session) {
            (Some(second), _) => Timestamp::from_kst(day, second),
            (None, Session::Krx) => open.plus_s(-30),
            (None, Session::AlwaysOpen) => Timestamp::from_kst(day, 9 * 3600),
        }
    }
}

/// Why the emulator can't run.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Change the settings.
    #[error("emulator settings: {0}")]
    Config(String),
    /// Choose another port or stop the program that uses it.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// See to the folder.
    #[error("emulator data in {path}: {source}")]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another emulator uses the folder; stop it or choose another folder.
    #[error("another emulator uses the data folder {0}")]
    Locked(PathBuf),
    /// Start with the settings that the folder was made with, or start fresh.
    #[error("the data folder belongs to another run ({0}); start with the same settings or fresh")]
    OtherRun(String),
}
