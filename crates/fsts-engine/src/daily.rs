//! The run before the close: a bot on daily bars decides once a day, on the day's bar as it stands, and trades at once.
//!
//! Everything that it looks at comes with the command – the ranked symbols, their closed days, their forming bars – so
//! that a replay of the tape decides the same. The record of the run and its orders are one batch: after a crash either
//! both are there or neither, and a day has one run.

use fsts_domain::{Bar, BotId, Price, Symbol, Timestamp, TradingDay};
use fsts_krx::SessionPart;
use serde::{Deserialize, Serialize};

use crate::book::Book;
use crate::effect::{Effects, Reply};
use crate::engine::Engine;
use crate::event::{SymbolBar, SymbolIx};
use crate::plausible;
use crate::record::Record;
use crate::strategy::{Interval, Strategy};

/// Most symbols of one run: an index of the exchange and some.
pub const RANKED_MAX: usize = 400;
/// Most closed days of one symbol.
pub const PAST_MAX: usize = 1_200;

/// What a bot is to decide on before the close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyRun {
    /// The bot, whose strategy is one of daily bars.
    pub bot: BotId,
    /// When the first of the forming bars was asked for, market time.
    pub taken_at: Timestamp,
    /// Its symbols, the best first: buys are placed in this order until the bot's money is used up.
    pub ranked: Vec<RankedDay>,
}

/// One symbol of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankedDay {
    /// The instrument.
    pub symbol: Symbol,
    /// Its closed days, oldest first.
    pub past: Vec<Bar>,
    /// Today from the opening to now.
    pub forming: Bar,
}

impl RankedDay {
    /// The day that was so many trading days before today; 0 is none.
    fn ago(&self, days: usize) -> Option<Bar> {
        self.past.len().checked_sub(days).and_then(|at| self.past.get(at)).copied()
    }
}

impl Book {
    /// The day of a bot's last run before the close.
    pub fn ran_on(&self, bot: BotId) -> Option<TradingDay> {
        self.daily_runs.get(&bot).copied()
    }
}

impl<S: Strategy> Engine<S> {
    /// Lets a bot decide on the day as it stands, once a day.
    pub(crate) fn run_daily(&mut self, run: &DailyRun, fx: &mut Effects) -> Reply {
        let Some(bot) = self.bots.iter().position(|b| b.config.id == run.bot) else {
            return Reply::NotPossible("unknown_bot");
        };
        let day = self.now.kst_day();
        if let Some(refused) = self.refuses_run(bot, run, day) {
            return Reply::NotPossible(refused);
        }
        let symbols = run.ranked.iter().map(|r| r.symbol).collect();
        self.emit(Record::DailyRun { bot: run.bot, day, symbols }, fx);
        self.part = self.rulebook.part_at(self.now);
        let ranked: Vec<(SymbolIx, &RankedDay)> =
            run.ranked.iter().filter_map(|r| Some((self.book.ix(r.symbol)?, r))).collect();
        self.show_past(bot, &ranked);
        let mut bars = Vec::with_capacity(ranked.len());
        for (symbol, of_day) in &ranked {
            self.take_quote(*symbol, &of_day.forming, run.taken_at);
            bars.push(SymbolBar { symbol: *symbol, bar: of_day.forming });
        }
        self.decide_as(bot, self.now, &bars, fx);
        self.hand_over_lines(fx);
        Reply::Done
    }

    fn refuses_run(&self, bot: usize, run: &DailyRun, day: TradingDay) -> Option<&'static str> {
        let fits = run.ranked.len() <= RANKED_MAX && run.ranked.iter().all(|r| r.past.len() <= PAST_MAX);
        let is_price = |price: Price| plausible::is_price(price);
        match () {
            () if self.bots.get(bot).is_none_or(|b| b.needs.interval != Interval::Day) => Some("not_on_daily_bars"),
            () if !self.decides(bot) => Some("bot_stopped"),
            () if self.book.ran_on(run.bot).is_some_and(|ran| ran >= day) => Some("already_run"),
            // The day's one run is kept for a moment in which it can trade.
            () if !self.ready() || self.journal_stalled || self.journal_failed => Some("not_ready"),
            () if self.book.halted().is_some() => Some("halted"),
            () if !self.is_in_session() => Some("session_closed"),
            // A ranking without a symbol would use up the day's run and decide nothing.
            () if run.ranked.is_empty() => Some("bad_run"),
            () if !fits || !run.ranked.iter().all(|r| is_price(r.forming.close)) => Some("bad_run"),
            () => None,
        }
    }

    /// True while the market takes orders and matches them at once.
    fn is_in_session(&self) -> bool {
        matches!(self.rulebook.part_at(self.now), SessionPart::Continuous | SessionPart::AlwaysOpen)
    }

    /// Shows the strategy the closed days, as if it had seen nothing before.
    fn show_past(&mut self, bot: usize, ranked: &[(SymbolIx, &RankedDay)]) {
        let Some(bot) = self.bots.get_mut(bot) else { return };
        bot.strategy.reset();
        bot.seen = 0;
        let longest = ranked.iter().map(|(_, r)| r.past.len()).max().unwrap_or(0);
        let mut slice = Vec::with_capacity(ranked.len());
        for days in (1..=longest).rev() {
            slice.clear();
            let of_day = ranked.iter().filter_map(|(symbol, r)| Some(SymbolBar { symbol: *symbol, bar: r.ago(days)? }));
            slice.extend(of_day);
            bot.see(&slice);
        }
    }

    /// A symbol that isn't streamed has its last price from the quote; one that is knows better.
    fn take_quote(&mut self, symbol: SymbolIx, forming: &Bar, taken_at: Timestamp) {
        if self.last_price(symbol).is_none_or(|(_, at)| at < taken_at) {
            self.mark(symbol, (forming.open, forming.close), (taken_at, taken_at.kst_day()));
        }
    }
}
