//! One run: a wish in words of the engine, folded over its bars by the runner that `fsts backtest` uses.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use fsts_domain::{Rate, TradingDay, Won};
use fsts_engine::{OrderStyle, Sizing, Strategy};
use fsts_krx::{FeeSchedule, Profile, RuleBook};
use fsts_lab::{Report, Runner, Setup, SetupError};
use fsts_lake::{DataSet, Interval, PriceKind};
use fsts_server::simulations::{LevelWish, RulesWord, SimulationError, SimulationWish};
use fsts_strategies::{Adding, Exits, Params, Protected, StrategyError};

use crate::cli::values;

/// A strategy as simulations and backtests run it.
pub type Rule = Protected<Box<dyn Strategy + Send>>;

/// What a run is told besides its data; what is not told is decided by the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Exchange rules or none.
    pub rules: Option<Profile>,
    /// Cash at the start.
    pub cash: Won,
    /// Size of an entry.
    pub size: Option<Sizing>,
    /// Price of an order.
    pub style: Option<OrderStyle>,
}

impl Terms {
    /// The setup of a run: exchange rules need prices as they were traded.
    pub fn setup(&self, data: &DataSet) -> Setup {
        let rules = self.rules.unwrap_or(match data.price_kind {
            PriceKind::Traded => Profile::Krx,
            PriceKind::Adjusted => Profile::Ideal,
        });
        let book = match rules {
            Profile::Krx => RuleBook::krx(FeeSchedule::KIS_BANKIS),
            Profile::Ideal => RuleBook::ideal(FeeSchedule::KIS_BANKIS),
        };
        let setup = Setup::new(book, self.cash);
        Setup { sizing: self.size.unwrap_or(setup.sizing), style: self.style.unwrap_or(setup.style), ..setup }
    }
}

/// Stop-loss and take-profit from percentages; 0 switches one off.
pub fn exits(stop_pct: Option<f64>, target_pct: Option<f64>) -> Exits {
    let rate = |percent: f64| Rate::per_billion((percent * 10_000_000.0).round() as i64);
    Exits { stop: stop_pct.map(rate), target: target_pct.map(rate), trail: None }
}

/// How far a run is, and whether it is still wanted.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU32,
    total: AtomicU32,
    cancelled: AtomicBool,
    stopped: AtomicBool,
}

impl Progress {
    /// Days done and days of all.
    pub fn days(&self) -> (u32, u32) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// The length of the run is known.
    pub fn begin(&self, total: u32) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Somebody ends it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// The program ends.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Why the run is to end now.
    pub fn unwanted(&self) -> Option<Cut> {
        if self.cancelled.load(Ordering::Relaxed) {
            Some(Cut::Cancelled)
        } else if self.stopped.load(Ordering::Relaxed) {
            Some(Cut::Stopped)
        } else {
            None
        }
    }
}

/// Why a run ended before its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Somebody cancelled it.
    Cancelled,
    /// The program ends.
    Stopped,
}

/// A wish that strategies and sizes can be made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    strategy: String,
    params: Params,
    exits: Exits,
    /// Least distance of a close from the mean cost at which more is bought.
    adds: Option<Rate>,
    terms: Terms,
}

impl Trial {
    /// The trial of a wish.
    ///
    /// # Errors
    /// [`SimulationError::Refused`] with the code of what can't be used.
    pub fn of(wish: &SimulationWish) -> Result<Trial, SimulationError> {
        let refused = |code| SimulationError::Refused { code, values: Vec::new() };
        let size = wish.size.as_deref().map(values::size).transpose().map_err(|_| refused("bad_size"))?;
        let style = wish.style.as_deref().map(values::style).transpose();
        let style = style.map_err(|_| SimulationError::Refused {
            code: "bad_style",
            values: vec![("limit", values::COLLAR_TICKS_MAX.to_string())],
        })?;
        let percent = |level: LevelWish| if level.used { level.ratio } else { 0.0 };
        let rate = |level: LevelWish| Rate::per_billion((percent(level) * 10_000_000.0).round() as i64);
        let trail = wish.take_profit.filter(|level| level.used && level.trailing).map(rate);
        let levels = exits(wish.stop_loss.map(percent), wish.take_profit.map(percent));
        let trial = Trial {
            strategy: wish.strategy.clone(),
            params: Params(wish.params.clone()),
            exits: Exits { trail, ..levels },
            adds: wish.add_to_holding.filter(|level| level.used).map(rate),
            terms: Terms {
                rules: wish.rules.map(|rules| match rules {
                    RulesWord::Ideal => Profile::Ideal,
                    RulesWord::Krx => Profile::Krx,
                }),
                cash: Won::new(wish.cash),
                size,
                style,
            },
        };
        trial.rule(fsts_engine::Interval::Day).map_err(|error| unusable(&error))?;
        Ok(trial)
    }

    fn rule(&self, interval: fsts_engine::Interval) -> Result<Rule, StrategyError> {
        let build = || fsts_strategies::build(&self.strategy, &self.params, interval);
        let inner: Box<dyn Strategy + Send> = match self.adds {
            None => build()?,
            Some(gap) => Box::new(Adding::new(build()?, build()?, gap)),
        };
        Ok(Protected::new(inner, self.exits))
    }

    /// Folds the data; the outer result is that of the setup, the inner one tells a run that was cut.
    ///
    /// # Errors
    /// [`SetupError`] when wish and data don't fit together.
    pub fn fold(&self, data: &DataSet, progress: &Progress) -> Result<Result<Report, Cut>, SetupError> {
        let interval = match data.interval {
            Interval::Day => fsts_engine::Interval::Day,
            Interval::Minute => fsts_engine::Interval::Minute,
        };
        // The wish was checked when it was taken, and the interval is not what it was checked for.
        let Ok(rule) = self.rule(interval) else { return Err(SetupError::NoData) };
        let setup = Setup { daily_rows: true, ..self.terms.setup(data) };
        let mut runner = Runner::new(data, &setup, rule)?;
        let (mut row, mut day, mut done) = (0, TradingDay::default(), 0u32);
        for slice in data.slices() {
            if let Some(cut) = progress.unwanted() {
                return Ok(Err(cut));
            }
            let begun = slice.first().map_or(day, fsts_lake::Row::day);
            if begun != day {
                progress.done.store(done, Ordering::Relaxed);
                (day, done) = (begun, done + 1);
            }
            runner.slice(slice, row);
            row += slice.len();
        }
        progress.done.store(done, Ordering::Relaxed);
        Ok(Ok(runner.finish()))
    }
}

fn unusable(error: &StrategyError) -> SimulationError {
    let (code, values) = match error {
        StrategyError::UnknownStrategy { id, known } => {
            ("unknown_strategy", vec![("name", id.clone()), ("known", known.clone())])
        }
        StrategyError::UnknownParameter { name, known, .. } => {
            ("unknown_param", vec![("name", name.clone()), ("known", known.clone())])
        }
        StrategyError::OutOfRange { name, min, max, value } => (
            "param_out_of_range",
            vec![
                ("name", (*name).to_owned()),
                ("min", min.to_string()),
                ("max", max.to_string()),
                ("value", value.to_string()),
            ],
        ),
        StrategyError::FastNotFaster { fast, slow } => {
            ("fast_not_faster", vec![("fast", fast.to_string()), ("slow", slow.to_string())])
        }
    };
    SimulationError::Refused { code, values }
}
