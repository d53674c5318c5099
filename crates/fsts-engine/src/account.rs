//! Cash and holdings as the broker has them, against the books.

use std::collections::BTreeMap;

use fsts_domain::{Qty, Symbol, Timestamp, Won};

use crate::effect::Effects;
use crate::engine::Engine;
use crate::plausible;
use crate::port::{AccountReport, Inquiry};
use crate::record::{AdjustmentKind, FreezeReason, Record};
use crate::strategy::Strategy;

impl<S: Strategy> Engine<S> {
    /// The account as it was a moment ago. A list of orders that is asked for now proves that nothing moved meanwhile.
    pub(crate) fn on_account(&mut self, asked_at: Timestamp, report: &AccountReport, fx: &mut Effects) {
        if !self.is_connected() {
            // A simulated broker is the truth at once.
            return self.take_account(report, fx);
        }
        if !std::mem::take(&mut self.sync.account_asked) {
            return;
        }
        if std::mem::take(&mut self.sync.account_outdated) || self.is_of_yesterday(asked_at) {
            self.sync.account_due = Some(self.now);
            return;
        }
        if !plausible::is_account(report) {
            return self.on_inquiry_failed(Inquiry::Account);
        }
        self.sync.failures = 0;
        self.sync.held = Some((report.clone(), self.sync.orders_round + 1));
        self.sync.due = Some(self.now);
    }

    /// What a complete list of orders settles besides the orders.
    pub(crate) fn end_round(&mut self, round: Option<u64>, fx: &mut Effects) {
        let Some(round) = round else { return };
        if self.sync.stream_up && !self.sync.orders_read && round >= self.sync.valid_from {
            self.sync.orders_read = true;
            self.sync.account_due = Some(self.now);
        }
        if let Some((report, _)) = self.sync.held.take_if(|(_, needed)| round >= *needed) {
            if self.sync.bookings == self.sync.bookings_asked {
                self.take_account(&report, fx);
            } else {
                self.sync.account_due = Some(self.now);
            }
        }
        let is_news = self.sync.account_read && self.sync.bookings != self.sync.bookings_compared;
        if is_news && !self.is_anything_moving() {
            let at = self.now.plus_s(self.config.timers.open_s);
            self.sync.account_due.get_or_insert(at);
        }
    }

    fn take_account(&mut self, report: &AccountReport, fx: &mut Effects) {
        if self.book.is_opened() {
            self.compare_holdings(report, fx);
            self.compare_cash(report.cash, fx);
        } else {
            let held = report.holdings.iter().filter(|h| !h.qty.is_zero());
            let holdings = held.map(|h| (h.symbol, h.qty, h.cost)).collect();
            self.emit(Record::AccountOpened { cash: report.cash, holdings }, fx);
            self.revalue();
            self.sync.cash_wanted = false;
        }
        self.sync.bookings_compared = self.sync.bookings;
        if self.sync.stream_up && self.sync.orders_read && !self.sync.account_read {
            self.sync.account_read = true;
            self.take_up_all_goals(fx);
        }
    }

    /// True while an order of the symbol could make books and broker differ for a moment.
    fn is_moving(&self, symbol: u32) -> bool {
        let moving = |o: &&crate::LiveOrder| o.number.is_none() || o.confirmed_qty != o.filled_qty;
        self.book.line(symbol).open_orders > 0
            && self.book.open_orders().iter().filter(|o| o.symbol == symbol).any(|o| moving(&o))
    }

    fn is_anything_moving(&self) -> bool {
        !self.parked.is_empty() || (0..self.book.lines().len()).any(|ix| self.is_moving(ix as u32))
    }

    /// Another quantity than ours freezes the symbol; it is never traded or booked to fit (I20).
    fn compare_holdings(&mut self, report: &AccountReport, fx: &mut Effects) {
        let mut theirs: BTreeMap<Symbol, Qty> = report.holdings.iter().map(|h| (h.symbol, h.qty)).collect();
        let mut differs = false;
        for ix in 0..self.book.lines().len() as u32 {
            let line = self.book.line(ix);
            let (symbol, ours, frozen) = (line.symbol, line.total.qty, line.frozen);
            let held = theirs.remove(&symbol).unwrap_or_default();
            if self.is_moving(ix) {
                continue;
            }
            differs |= held != ours;
            if held != ours {
                self.freeze(ix, FreezeReason::QuantityMismatch, fx);
            } else if frozen == Some(FreezeReason::QuantityMismatch) {
                self.emit(Record::Unfrozen { symbol }, fx);
            }
        }
        for symbol in theirs.into_keys() {
            differs = true;
            self.emit(Record::Frozen { symbol, reason: FreezeReason::QuantityMismatch }, fx);
        }
        if differs {
            self.sync.account_due = Some(self.now.plus_s(self.config.timers.open_s));
        }
    }

    /// Cash differences are booked, never hidden: small ones are rounding of costs; others must be seen twice, since a
    /// balance may lag behind its orders, and are booked as unknown, which alerts.
    fn compare_cash(&mut self, cash: Won, fx: &mut Effects) {
        if !self.sync.cash_wanted && self.is_connected() {
            return;
        }
        if self.is_anything_moving() {
            let at = self.now.plus_s(self.config.timers.open_s);
            self.sync.account_due.get_or_insert(at);
            return;
        }
        let amount = cash - self.book.cash();
        // The broker cuts fee, tax and rural tax per fill, per order or per day: under a won each, each time.
        let orders = self.book.closed_orders().len() + self.book.open_orders().len() + self.book.external.len();
        let roundings = 3 * (orders as i64 * 8 + 3);
        let is_rounding = amount.get().abs() <= roundings;
        if amount != Won::ZERO && !is_rounding && self.sync.unexplained.replace(amount) != Some(amount) {
            self.sync.account_due = Some(self.now.plus_s(self.config.timers.ambiguous_s));
            return;
        }
        (self.sync.unexplained, self.sync.cash_wanted) = (None, false);
        if amount != Won::ZERO {
            let kind = if is_rounding { AdjustmentKind::Cost } else { AdjustmentKind::Unknown };
            self.emit(Record::Adjusted { kind, amount }, fx);
        }
    }
}
