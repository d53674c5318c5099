//! What the journal says about bots: their switches, those made at run time, and what each has realized.

use fsts_domain::{BotId, Won};

use crate::book::Book;
use crate::bots::{BotDefinition, BotSwitch};

impl Book {
    /// What a bot may do; one that nobody switched runs.
    pub fn bot_switch(&self, bot: BotId) -> BotSwitch {
        match () {
            () if self.is_stopped(bot) => BotSwitch::Stopped,
            () if self.is_paused(bot) => BotSwitch::Paused,
            () => BotSwitch::Running,
        }
    }

    /// True while a bot takes no new entries but exits.
    pub fn is_paused(&self, bot: BotId) -> bool {
        !self.paused_bots.is_empty() && self.paused_bots.contains(&bot)
    }

    /// True while a bot decides nothing.
    #[inline]
    pub fn is_stopped(&self, bot: BotId) -> bool {
        !self.stopped_bots.is_empty() && self.stopped_bots.contains(&bot)
    }

    #[inline]
    pub(crate) fn is_any_stopped(&self) -> bool {
        !self.stopped_bots.is_empty()
    }

    /// Bots made at run time, in the order of their making.
    pub fn made_bots(&self) -> &[BotDefinition] {
        &self.made_bots
    }

    /// Σ (sold − cost − costs of trading) of a bot's own orders.
    pub fn bot_realized(&self, bot: BotId) -> Won {
        self.bot_realized.get(&bot).copied().unwrap_or(Won::ZERO)
    }

    pub(super) fn switch_bot(&mut self, bot: BotId, to: BotSwitch) {
        self.paused_bots.remove(&bot);
        self.stopped_bots.remove(&bot);
        match to {
            BotSwitch::Running => {}
            BotSwitch::Paused => drop(self.paused_bots.insert(bot)),
            BotSwitch::Stopped => drop(self.stopped_bots.insert(bot)),
        }
    }

    pub(super) fn add_bot(&mut self, definition: &BotDefinition) {
        self.switch_bot(definition.config.id, BotSwitch::Stopped);
        self.made_bots.push(definition.clone());
    }

    pub(super) fn forget_bot(&mut self, bot: BotId) {
        self.switch_bot(bot, BotSwitch::Running);
        self.made_bots.retain(|d| d.config.id != bot);
        self.bot_realized.remove(&bot);
        self.daily_runs.remove(&bot);
    }

    /// Books a result to the account, and to the bot whose order it was.
    pub(super) fn realize(&mut self, owner: Option<BotId>, won: Won) {
        self.realized += won;
        if let Some(bot) = owner {
            *self.bot_realized.entry(bot).or_default() += won;
        }
    }
}
