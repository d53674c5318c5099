//! Bots at run time: made, started, paused, stopped and deleted by commands, each of them a record.

use std::collections::{BTreeMap, VecDeque};

use fsts_domain::{BotId, Qty, Timestamp, Won};
use serde::{Deserialize, Serialize};

use crate::book::Book;
use crate::config::{BotConfig, Context};
use crate::effect::{Effects, Reply};
use crate::engine::{Bot, ConfigError, Engine};
use crate::event::SymbolBar;
use crate::record::Record;
use crate::strategy::{BarView, Interval, Strategy, Target};

/// Most bots of one account: each is asked at every slice.
pub const BOTS_MAX: usize = 64;
/// Closed slices that are kept for strategies that come later: more than the minutes of a session.
const KEPT_SLICES: usize = 600;

/// What a bot may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotSwitch {
    /// It enters and exits.
    #[default]
    Running,
    /// No new entries; exits go on.
    Paused,
    /// It decides nothing and its working orders are cancelled; what it holds stays.
    Stopped,
}

/// A bot that was made at run time, with all that is needed to make it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotDefinition {
    /// Its symbols and money.
    pub config: BotConfig,
    /// Id of its strategy.
    pub strategy: String,
    /// Parameters of the strategy; missing ones have their defaults.
    pub params: BTreeMap<String, f64>,
}

/// Makes strategies for bots that are made at run time; the error is for a person.
pub type StrategyMaker<S> = Box<dyn Fn(&BotDefinition) -> Result<S, String> + Send>;

/// A bot as screens see it.
#[derive(Debug, Clone, Copy)]
pub struct BotInfo<'e> {
    /// Its symbols and money.
    pub config: &'e BotConfig,
    /// What it may do.
    pub switch: BotSwitch,
    /// Its strategy needs more bars.
    pub warming_up: bool,
    /// When it decided last, and its word.
    pub last_decision: Option<(Timestamp, &'static str)>,
    /// How it was made, when that was at run time.
    pub made: Option<&'e BotDefinition>,
}

/// Slices of late, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Recent(VecDeque<Vec<SymbolBar>>);

impl Recent {
    pub fn keep(&mut self, bars: &[SymbolBar]) {
        let mut slice = if self.0.len() == KEPT_SLICES { self.0.pop_front().unwrap_or_default() } else { Vec::new() };
        slice.clear();
        slice.extend_from_slice(bars);
        self.0.push_back(slice);
    }
}

impl<S: Strategy> Engine<S> {
    /// Lets bots be made at run time. To be called before [`raise_bots`](Self::raise_bots).
    pub fn set_strategy_maker(&mut self, maker: StrategyMaker<S>) {
        self.maker = Some(maker);
    }

    /// Makes the bots that the recovered book knows; to be called after `restore` and `replay`, before the first event.
    ///
    /// # Errors
    /// [`ConfigError`] when one of them fits no longer: its strategy is gone, or its name or symbols are.
    pub fn raise_bots(&mut self) -> Result<(), ConfigError> {
        for definition in self.book.made_bots().to_vec() {
            let id = definition.config.id;
            if self.bots.iter().any(|b| b.config.id == id) {
                return Err(ConfigError::DuplicateBot(id));
            }
            let bot = self.make(&definition).map_err(|unfit| match unfit {
                Unfit::Strategy(reason) => ConfigError::Strategy { bot: id, reason },
                Unfit::Config(error) => error,
            })?;
            self.bots.push(bot);
        }
        Ok(())
    }

    /// All bots: those of the configuration, then those made at run time, in the order of their making.
    pub fn bots(&self) -> impl Iterator<Item = BotInfo<'_>> {
        self.bots.iter().map(|b| BotInfo {
            config: &b.config,
            switch: self.book.bot_switch(b.config.id),
            warming_up: b.seen < b.needs.warm_up,
            last_decision: b.last_decision,
            made: self.book.made_bots().iter().find(|d| d.config.id == b.config.id),
        })
    }

    fn make(&self, definition: &BotDefinition) -> Result<Bot<S>, Unfit> {
        let Some(maker) = &self.maker else { return Err(Unfit::Strategy("no strategy can be made here".to_owned())) };
        let strategy = maker(definition).map_err(Unfit::Strategy)?;
        make_bot(&self.book, definition.config.clone(), strategy).map_err(Unfit::Config)
    }

    /// Makes a bot. It begins stopped, with a strategy that has seen the bars of late.
    pub(crate) fn create_bot(&mut self, definition: &BotDefinition, fx: &mut Effects) -> Reply {
        if self.bots.iter().any(|b| b.config.id == definition.config.id) {
            return Reply::NotPossible("bot_exists");
        }
        if self.bots.len() >= BOTS_MAX {
            return Reply::NotPossible("too_many_bots");
        }
        let mut bot = match self.make(definition) {
            Ok(bot) => bot,
            Err(Unfit::Strategy(reason)) => return Reply::Unfit(reason),
            Err(Unfit::Config(ConfigError::UnknownSymbol { .. })) => return Reply::NotPossible("unknown_symbol"),
            Err(Unfit::Config(error)) => return Reply::Unfit(error.to_string()),
        };
        for slice in &self.recent.0 {
            bot.see(slice);
        }
        self.bots.push(bot);
        self.emit(Record::BotMade(Box::new(definition.clone())), fx);
        Reply::Done
    }

    /// Deletes a bot that was made at run time, holds nothing and has no order.
    pub(crate) fn delete_bot(&mut self, id: BotId, fx: &mut Effects) -> Reply {
        let Some(at) = self.bots.iter().position(|b| b.config.id == id) else {
            return Reply::NotPossible("unknown_bot");
        };
        if !self.book.made_bots().iter().any(|d| d.config.id == id) {
            return Reply::NotPossible("bot_of_settings");
        }
        if self.book.open_orders().iter().any(|o| o.bot == id) {
            return Reply::NotPossible("bot_has_orders");
        }
        if self.book.lines().iter().any(|l| !l.slice(Some(id)).qty.is_zero()) {
            return Reply::NotPossible("bot_holds");
        }
        self.emit(Record::BotDeleted { bot: id }, fx);
        self.bots.remove(at);
        self.goals.retain(|g| g.bot != at);
        self.goals.iter_mut().filter(|g| g.bot > at).for_each(|g| g.bot -= 1);
        Reply::Done
    }

    /// Starts, pauses or stops a bot.
    pub(crate) fn switch_bot(&mut self, bot: BotId, to: BotSwitch, fx: &mut Effects) -> Reply {
        let Some(at) = self.bots.iter().position(|b| b.config.id == bot) else {
            return Reply::NotPossible("unknown_bot");
        };
        if self.book.bot_switch(bot) != to {
            self.emit(Record::BotSwitched { bot, to }, fx);
        }
        match to {
            BotSwitch::Running => {}
            BotSwitch::Paused => self.goals.retain(|g| g.bot != at || g.target == Target::Exit),
            BotSwitch::Stopped => self.goals.retain(|g| g.bot != at),
        }
        Reply::Done
    }

    /// Cancels what stopped bots have working, also what was on its way when they were stopped.
    pub(crate) fn sweep_stopped(&mut self, fx: &mut Effects) {
        if !self.book.is_any_stopped() {
            return;
        }
        let open = self.book.open_orders().iter();
        let left = open.filter(|o| o.number.is_some() && !o.open_qty().is_zero() && self.book.is_stopped(o.bot));
        let ids: Vec<_> = left.map(|o| o.id).collect();
        ids.into_iter().for_each(|id| self.request_cancel(id, fx));
    }

    /// Σ of what bots may still spend of the money set apart for them. A stopped bot spends nothing.
    pub(crate) fn fenced(&self) -> Won {
        let active = self.bots.iter().filter(|b| !self.book.is_stopped(b.config.id));
        active.filter_map(|b| self.fence_left(&b.config)).map(Won::max_zero).sum()
    }

    /// What a bot may still spend: its ring-fence less what it has in use and what it has lost.
    pub(crate) fn fence_left(&self, config: &BotConfig) -> Option<Won> {
        let fence = config.capital?;
        let lost = self.book.bot_realized(config.id).min(Won::ZERO);
        Some(fence + lost - self.capital_used(config.id))
    }

    /// False for a bot on daily bars that is connected to a broker: it decides when it is run, not on minutes.
    pub(crate) fn takes_slices(&self, bot: usize) -> bool {
        let is_simulated = self.config.context == Context::Simulated;
        is_simulated || self.bots.get(bot).is_some_and(|b| b.needs.interval == Interval::Minute)
    }

    /// False for a bot that is stopped.
    pub(crate) fn decides(&self, bot: usize) -> bool {
        self.bots.get(bot).is_some_and(|b| !self.book.is_stopped(b.config.id))
    }
}

/// Why a definition makes no bot.
enum Unfit {
    Strategy(String),
    Config(ConfigError),
}

impl<S: Strategy> Bot<S> {
    /// Shows a past slice; nothing is decided and nothing is held.
    pub(crate) fn see(&mut self, bars: &[SymbolBar]) {
        self.views.clear();
        self.decisions.clear();
        for SymbolBar { symbol, bar } in bars {
            let Some(slot) = self.slots.get(*symbol as usize).copied().flatten() else { continue };
            let (held, cost) = (Qty::ZERO, Won::ZERO);
            self.views.push(BarView { slot, bar: *bar, factor: 1.0, held, cost });
        }
        if !self.views.is_empty() {
            self.strategy.on_slice(&self.views, &mut self.decisions);
            self.decisions.clear();
            self.seen = self.seen.saturating_add(1);
        }
    }
}

pub(crate) fn make_bot<S: Strategy>(book: &Book, config: BotConfig, strategy: S) -> Result<Bot<S>, ConfigError> {
    if config.id == BotId::MANUAL {
        return Err(ConfigError::ReservedBot);
    }
    let mut slots = vec![None; book.lines().len()];
    let mut symbols = Vec::with_capacity(config.symbols.len());
    for symbol in &config.symbols {
        let unknown = || ConfigError::UnknownSymbol { bot: config.id, symbol: *symbol };
        let ix = book.ix(*symbol).ok_or_else(unknown)?;
        if let Some(slot @ None) = slots.get_mut(ix as usize) {
            *slot = Some(symbols.len() as u32);
            symbols.push(ix);
        }
    }
    let (views, decisions) = (Vec::with_capacity(symbols.len()), Vec::with_capacity(symbols.len()));
    let protective = Vec::with_capacity(symbols.len());
    let (needs, peaks) = (strategy.needs(), vec![None; symbols.len()]);
    let (seen, last_decision) = (0, None);
    Ok(Bot { needs, config, strategy, slots, symbols, views, decisions, protective, peaks, seen, last_decision })
}
