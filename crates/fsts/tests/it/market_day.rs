//! One day of minute bars for tests: a seeded walk on the exchange's tick grid, as a file and as a broker.

use std::path::{Path, PathBuf};

use fsts_domain::{Bar, Market, Price, Timestamp, TradingDay};
use fsts_kis_emulator::{EmuSymbol, EmulatorConfig, Environment, MarketSource, ReplayBar, demo_symbols};
use fsts_krx::{DayRules, FeeSchedule, PriceBand, RuleBook};
use fsts_sim::Stream;

use crate::rig::account;

pub const CASH: i64 = 100_000_000;
/// 09:00 … 15:19 and the closing auction at 15:30.
pub const BARS: usize = 381;
const OPEN_S: i64 = 9 * 3600;
const AUCTION_MINUTE: i64 = 390;
/// This symbol trades in some minutes only, some of them a share or two.
const THIN: usize = 5;
/// This symbol jumps to its upper limit and stays there for a while.
const LOCKED: usize = 4;
const LOCKED_MINUTES: std::ops::Range<i64> = 200..232;

/// The bars of a day.
pub struct MarketDay {
    pub day: TradingDay,
    pub symbols: Vec<EmuSymbol>,
    pub bars: Vec<ReplayBar>,
}

impl MarketDay {
    /// The day of a seed, which is printed so that a failure can be repeated.
    pub fn generate(seed: u64) -> MarketDay {
        println!("market day of seed {seed}");
        let day: TradingDay = "2026-11-20".parse().unwrap();
        let rules = RuleBook::krx(FeeSchedule::KIS_BANKIS).on(day);
        let mut symbols = demo_symbols();
        symbols.truncate(6);
        symbols.sort_by_key(|s| s.symbol);
        let mut bars = Vec::new();
        for (ix, symbol) in symbols.iter_mut().enumerate() {
            // Without a day before, the first trade is the base price of the day.
            let walk = Walk::new(seed, ix, symbol, rules);
            let minutes = (0..380).chain([AUCTION_MINUTE]);
            let start = |minute: i64| Timestamp::from_kst(day, OPEN_S + minute * 60).ns();
            let made = walk.bars(minutes).into_iter();
            bars.extend(made.map(|(minute, bar)| ReplayBar { at_ns: start(minute), symbol: ix, bar }));
        }
        bars.sort_by_key(|b| (b.at_ns, b.symbol));
        MarketDay { day, symbols, bars }
    }

    /// The settings of a broker that replays the day on a stepped clock.
    pub fn config(&self) -> EmulatorConfig {
        EmulatorConfig {
            env: Environment::Mock,
            market: MarketSource::Replay(self.bars.clone()),
            ..EmulatorConfig::new(self.day, self.symbols.clone(), vec![account(CASH)])
        }
    }

    /// Writes the day as the file that a backtest reads.
    pub fn write_csv(&self, dir: &Path) -> PathBuf {
        let mut text = "ts,code,name,market,open,high,low,close,volume\n".to_owned();
        for row in &self.bars {
            let (symbol, bar) = (&self.symbols[row.symbol], &row.bar);
            let second = Timestamp::from_ns(row.at_ns).kst_second();
            let market = format!("{:?}", symbol.market).to_uppercase();
            text += &format!("{} {:02}:{:02}:00,", self.day, second / 3600, second / 60 % 60);
            text += &format!("{},{},{market},", symbol.symbol, symbol.name);
            text += &format!("{},{},{},{},{}\n", bar.open, bar.high, bar.low, bar.close, bar.volume);
        }
        let path = dir.join("day.csv");
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// One symbol's way through the day.
struct Walk {
    ix: usize,
    rules: DayRules,
    market: Market,
    band: Option<PriceBand>,
    dice: Stream,
    last: Price,
    /// Ticks a move leans to; it turns every half hour or so.
    lean: i64,
}

impl Walk {
    fn new(seed: u64, ix: usize, symbol: &mut EmuSymbol, rules: DayRules) -> Walk {
        let band = rules.band(symbol.market, symbol.base);
        let dice = Stream::new(seed, "equality", ix as u64);
        Walk { ix, rules, market: symbol.market, band, dice, last: symbol.base, lean: 1 }
    }

    fn bars(mut self, minutes: impl Iterator<Item = i64>) -> Vec<(i64, Bar)> {
        minutes.filter_map(|minute| Some((minute, self.bar(minute)?))).collect()
    }

    fn bar(&mut self, minute: i64) -> Option<Bar> {
        if self.ix == LOCKED && LOCKED_MINUTES.contains(&minute) {
            self.last = self.band?.upper;
            return Some(flat(self.last, 40 + minute));
        }
        if self.ix == LOCKED && (LOCKED_MINUTES.start - 40..LOCKED_MINUTES.start).contains(&minute) {
            self.lean = -1;
        } else if self.dice.chance(35) {
            self.lean = self.dice.between(-1, 1);
        }
        // The first trade of the day is at the base price; later opens may be far off, beyond an order's collar.
        let gap = if self.dice.chance(60) { self.dice.between(-8, 8) } else { self.dice.between(-1, 1) };
        let open = if minute == 0 { self.last } else { self.moved(gap) };
        self.last = open;
        if minute == AUCTION_MINUTE {
            return Some(flat(open, self.dice.between(10, 3_000)));
        }
        if self.ix == THIN && minute > 0 && self.dice.chance(300) {
            return self.dice.chance(300).then(|| flat(open, self.dice.between(1, 3)));
        }
        let (mut high, mut low) = (open, open);
        for _ in 0..6 {
            let ticks = self.dice.between(-2, 2) + if self.dice.chance(300) { self.lean } else { 0 };
            self.last = self.moved(ticks);
            (high, low) = (high.max(self.last), low.min(self.last));
        }
        Some(Bar { open, high, low, close: self.last, volume: self.dice.between(4, 900) })
    }

    fn moved(&self, ticks: i64) -> Price {
        self.rules.ticks_away(self.market, self.last, ticks as i32, self.band).get()
    }
}

fn flat(price: Price, volume: i64) -> Bar {
    Bar { open: price, high: price, low: price, close: price, volume }
}
