//! The strategy port: closed bars in, wanted positions out.

use std::fmt;

use fsts_domain::{Bar, Qty, Rate, Won};
use serde::{Deserialize, Serialize};

/// A raw price times the forward factor known at that time: the number that indicators read.
///
/// The factor is 1 at the start of a series and changes only forward, so an old value never changes when a split
/// comes, and no future leaks in. It does not mix with [`Price`](fsts_domain::Price): orders and rules read raw won.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Signal(pub f64);

/// Length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// One minute.
    Minute,
    /// One regular session.
    Day,
}

/// When protective levels are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// At the close of each bar: a bar backtest and a live run see the same.
    Close,
    /// At every trade; within a bar in a backtest, the stop first.
    Intrabar,
}

/// Levels relative to the mean entry price at which a position is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    /// Loss that closes, e.g. 3 % = `Rate::per_billion(30_000_000)`.
    pub stop: Option<Rate>,
    /// Gain that closes.
    pub target: Option<Rate>,
    /// Gain from which the highest close since the entry is followed; a close that lies below that by as much closes. Looked
    /// at when bars close, whatever `watch` says.
    pub trail: Option<Rate>,
    /// When the other levels are looked at.
    pub watch: Watch,
}

impl fmt::Debug for Protection {
    /// What isn't used isn't shown: the text is part of the trace hash of a run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Protection");
        shown.field("stop", &self.stop).field("target", &self.target);
        if let Some(trail) = &self.trail {
            shown.field("trail", trail);
        }
        shown.field("watch", &self.watch).finish()
    }
}

/// What a strategy needs to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// Length of its bars.
    pub interval: Interval,
    /// Bars before its first decision.
    pub warm_up: u32,
    /// Names of the values in [`Decision::indicators`], in order; at most [`INDICATORS_MAX`].
    pub indicators: &'static [&'static str],
    /// Protective levels that the engine watches for it.
    pub protection: Option<Protection>,
}

/// Most indicator values that a decision shows.
pub const INDICATORS_MAX: usize = 4;

/// One symbol's closed bar as a strategy sees it.
#[derive(Debug, Clone, Copy)]
pub struct BarView {
    /// Place of the symbol in the bot's universe, 0-based.
    pub slot: u32,
    /// The raw bar.
    pub bar: Bar,
    /// Forward factor F(t).
    pub factor: f64,
    /// Shares that the bot holds.
    pub held: Qty,
    /// What they cost.
    pub cost: Won,
}

impl BarView {
    /// The close as a signal.
    #[inline]
    pub fn close(&self) -> Signal {
        Signal(self.bar.close.get() as f64 * self.factor)
    }
}

/// What a strategy wants of one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Be in, by the bot's sizing; no effect when already in.
    Enter,
    /// One more entry by the bot's sizing, whatever is held already.
    Add,
    /// Be out.
    Exit,
    /// Hold exactly this many.
    Shares(Qty),
}

/// One decision: a strategy makes one for each bar, also when it wants nothing.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    /// Whose bar it answers.
    pub slot: u32,
    /// What is wanted; `None` leaves things as they are.
    pub target: Option<Target>,
    /// A word for the log: `buy`, `sell`, `hold`, `warming_up` …
    pub signal: &'static str,
    /// The values the decision rests on; NaN where not yet defined.
    pub indicators: [f64; INDICATORS_MAX],
}

/// A trading rule. It sees closed bars in time order and nothing else: no clock, no I/O, no randomness.
pub trait Strategy {
    /// What it needs; constant over its life.
    fn needs(&self) -> Needs;

    /// All its symbols' bars of one instant, by symbol. Pushes one decision for each bar, in the same order.
    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>);

    /// Forgets every bar that it has seen.
    fn reset(&mut self);
}

impl Strategy for Box<dyn Strategy + Send> {
    fn needs(&self) -> Needs {
        (**self).needs()
    }
    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        (**self).on_slice(bars, out);
    }
    fn reset(&mut self) {
        (**self).reset();
    }
}
