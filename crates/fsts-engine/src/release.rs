//! After the commit: the gate's switches once more, and then the one maker of [`Journaled`].

use crate::effect::{Condition, Effects};
use crate::engine::{Engine, PendingBatch};
use crate::intent::{CancelIntent, Intent, Journaled, RiskApproved};
use crate::record::Record;
use crate::risk;
use crate::strategy::{Interval, Strategy};

impl<S: Strategy> Engine<S> {
    /// A batch is durable: its orders may leave, unless something changed meanwhile.
    pub(crate) fn on_committed(&mut self, batch: u64, fx: &mut Effects) {
        if self.pending.front().is_none_or(|p| p.batch != batch) {
            return;
        }
        let Some(done) = self.pending.pop_front() else { return };
        let late = self.recv.since(done.recv) > self.config.journal_timeout_ns;
        let recovered = self.journal_stalled && self.pending.is_empty();
        if recovered {
            self.journal_stalled = false;
            fx.conditions.push(Condition::JournalRecovered);
        }
        for approved in done.intents {
            self.release(approved, late, fx);
        }
        if !self.journal_failed {
            fx.cancels.extend(done.cancels.into_iter().map(Journaled::<CancelIntent>::by_release));
        }
        if recovered {
            self.take_up_all_goals(fx);
        }
    }

    fn release(&mut self, approved: RiskApproved<Intent>, late: bool, fx: &mut Effects) {
        let id = approved.get().id();
        let veto = if late { Some("late_commit") } else { self.veto(approved.get()) };
        match veto {
            None => fx.submits.push(Journaled::by_release(approved)),
            Some(reason) => self.emit(Record::Withdrawn { id, reason: reason.to_owned() }, fx),
        }
    }

    /// What forbids an approved order now: a halt, a closed session, a stale price, a symbol that froze.
    fn veto(&self, intent: &Intent) -> Option<&'static str> {
        let symbol = self.book.ix(intent.symbol())?;
        let interval =
            self.bots.iter().find(|b| b.config.id == intent.bot()).map_or(Interval::Minute, |b| b.needs.interval);
        let Some(venue) = self.trading_context(symbol, interval) else { return Some("no_price") };
        let view = self.gate_view(intent, symbol, &venue);
        risk::check_state(intent, &self.book, &view).err().map(|blocked| blocked.code())
    }

    /// A batch will never be durable: nothing that waits may leave, and nothing leaves until a restart.
    pub(crate) fn on_commit_failed(&mut self, reason: &str, fx: &mut Effects) {
        if !std::mem::replace(&mut self.journal_failed, true) {
            fx.conditions.push(Condition::JournalFailed(reason.to_owned()));
        }
        let failed: Vec<PendingBatch> = self.pending.drain(..).collect();
        for approved in failed.into_iter().flat_map(|p| p.intents) {
            let id = approved.get().id();
            self.emit(Record::Withdrawn { id, reason: "journal_failed".to_owned() }, fx);
        }
    }

    /// No answer for too long: stop sending, say so once, keep booking.
    pub(crate) fn watch_journal(&mut self, fx: &mut Effects) {
        let Some(oldest) = self.pending.front() else { return };
        if !self.journal_stalled
            && !self.journal_failed
            && self.recv.since(oldest.recv) > self.config.journal_timeout_ns
        {
            self.journal_stalled = true;
            fx.conditions.push(Condition::JournalStalled);
        }
    }
}
