//! The broker's answers: order states, fills, cancels, and when the broker is asked.

use fsts_domain::{BotId, IntentId, OrderState, Qty, Side, Won};

use crate::config::Context;
use crate::effect::Effects;
use crate::engine::{AmbiguousWatch, Engine};
use crate::port::{CancelOutcome, Inquiry, SubmitOutcome};
use crate::record::{AckedBy, FillSource, FreezeReason, Record};
use crate::strategy::Strategy;

/// A failed inquiry is repeated after 3, 6, 12 … seconds, at most after this.
const RETRY_S_MAX: i64 = 60;

impl<S: Strategy> Engine<S> {
    /// The one answer to an order's one transmission. Only the first counts.
    pub(crate) fn on_submitted(&mut self, id: IntentId, outcome: &SubmitOutcome, fx: &mut Effects) {
        let Some(order) = self.book.order(id).filter(|o| o.number.is_none()) else { return };
        let (symbol, is_first) = (order.symbol, order.state == OrderState::Sending);
        match outcome {
            SubmitOutcome::Acked { number, .. } if self.is_taken(*number) => {
                if is_first {
                    let reason = format!("the reply names {number}, which is another order");
                    self.doubt(id, reason, fx);
                }
            }
            SubmitOutcome::Acked { number, branch, .. } => {
                self.ambiguous.remove(&id);
                self.emit(Record::Acked { id, number: *number, branch: *branch, by: AckedBy::Reply }, fx);
                self.unpark(fx);
                self.take_up_goals(symbol, fx);
            }
            // A refusal proves nothing about an order that somebody else said may exist.
            SubmitOutcome::Refused { .. } | SubmitOutcome::Ambiguous { .. } if !is_first => {}
            SubmitOutcome::Refused { code, message } => {
                let (code, message) = (code.clone(), message.clone());
                self.emit(Record::Refused { id, code, message }, fx);
                self.take_up_goals(symbol, fx);
            }
            SubmitOutcome::Ambiguous { reason } => self.doubt(id, reason.clone(), fx),
        }
    }

    /// True when a number belongs to another order of ours or to nobody's.
    pub(crate) fn is_taken(&self, number: fsts_domain::OrderNumber) -> bool {
        self.book.by_number(number).is_some() || self.book.external.contains_key(&number)
    }

    fn doubt(&mut self, id: IntentId, reason: String, fx: &mut Effects) {
        self.emit(Record::Ambiguous { id, reason }, fx);
        let sent = self.book.order(id).map_or(self.now, |o| o.approved_at);
        self.watch_ambiguous(id, self.sync.stream_up && self.sync.up_since <= sent);
    }

    /// A cancel's answer proves nothing about the remainder; the notice or the inquiry does.
    pub(crate) fn on_cancel_answered(&mut self, id: IntentId, outcome: &CancelOutcome) {
        if self.book.order(id).is_none() {
            return;
        }
        if let Some(watch) = self.cancels.get_mut(&id) {
            watch.settled_by = Some(self.sync.orders_round + 1);
        }
        match outcome {
            CancelOutcome::Accepted | CancelOutcome::Refused { .. } | CancelOutcome::Unknown { .. } => self.ask_soon(),
        }
    }

    /// Books shares to an order, with the commission and tax that its cumulative amount adds.
    pub(crate) fn fill(&mut self, id: IntentId, (qty, amount): (Qty, Won), source: FillSource, fx: &mut Effects) {
        let Some(order) = self.book.order(id) else { return };
        if qty.is_zero() || qty > order.open_qty() || order.state.is_unresolved() {
            // More than was ordered can't be true; the inquiry will tell what is.
            self.ask_soon();
            return;
        }
        let (symbol, side, bot) = (order.symbol, order.side, order.bot);
        if side == Side::Sell && qty > self.book.line(symbol).total.qty {
            self.freeze(symbol, FreezeReason::Correction, fx);
            return;
        }
        let (fee, tax) = self.costs(symbol, side, order.filled_amount + amount, (order.fee, order.tax));
        self.emit(Record::Filled { id, qty, amount, fee, tax, source }, fx);
        self.revalue_trade(symbol, side, qty);
        match side {
            Side::Buy if bot != BotId::MANUAL => self.protect_entry(bot, symbol, fx),
            Side::Buy | Side::Sell => {}
        }
        if self.book.order(id).is_none_or(|o| o.open_qty().is_zero()) {
            self.cancels.remove(&id);
            self.take_up_goals(symbol, fx);
        }
    }

    /// What commission and tax on a cumulative amount add to what is booked already.
    pub(crate) fn costs(&self, symbol: u32, side: Side, cumulative: Won, booked: (Won, Won)) -> (Won, Won) {
        let market = self.views.get(symbol).map_or(fsts_domain::Market::Kospi, |v| v.market);
        let fee = self.rules.commission(market, cumulative) - booked.0;
        let tax = match side {
            Side::Buy => Won::ZERO,
            Side::Sell => self.rules.sell_tax(market, cumulative) - booked.1,
        };
        (fee, tax)
    }

    /// Keeps holdings at last prices: bought shares count at the last price, not at what they cost.
    pub(crate) fn revalue_trade(&mut self, symbol: u32, side: Side, qty: Qty) {
        let Some(price) = self.views.get(symbol).and_then(|v| v.last) else {
            // Without a price a position counts at its cost, which a sale takes out in proportion.
            return self.revalue();
        };
        match side {
            Side::Buy => self.holdings_value += price * qty,
            Side::Sell => self.holdings_value -= price * qty,
        }
    }

    /// Ends an order with what it filled, and lets what waited for it go on.
    pub(crate) fn close(&mut self, id: IntentId, state: OrderState, fx: &mut Effects) {
        let Some(order) = self.book.order(id) else { return };
        let symbol = order.symbol;
        if order.state == OrderState::Filled {
            return;
        }
        self.ambiguous.remove(&id);
        self.cancels.remove(&id);
        self.emit(Record::Closed { id, state }, fx);
        self.take_up_goals(symbol, fx);
    }

    /// Takes no opening order of a symbol from now on; said once.
    pub(crate) fn freeze(&mut self, symbol: u32, reason: FreezeReason, fx: &mut Effects) {
        let line = self.book.line(symbol);
        if line.frozen.is_none() {
            let symbol = line.symbol;
            self.emit(Record::Frozen { symbol, reason }, fx);
        }
    }

    /// Starts asking for an order whose outcome nobody knows.
    pub(crate) fn watch_ambiguous(&mut self, id: IntentId, stream_unbroken: bool) {
        let since = self.book.order(id).map_or(self.now, |o| o.approved_at);
        let watch = AmbiguousWatch {
            since,
            next: self.now,
            counts_from: self.sync.orders_round + 1,
            complete_inquiries: 0,
            stream_unbroken,
            candidates: Vec::new(),
        };
        self.ambiguous.insert(id, watch);
        self.sync.due = Some(self.now);
    }

    /// Asks for orders after the debounce time.
    pub(crate) fn ask_soon(&mut self) {
        let at = self.now.plus_s(self.config.timers.debounce_s);
        self.sync.due = Some(self.sync.due.map_or(at, |due| due.min(at)));
    }

    /// Asks for orders and account as soon as nothing of the kind is under way; cash is compared as well.
    pub(crate) fn reconcile_now(&mut self) {
        self.sync.due = Some(self.now);
        self.sync.account_due = Some(self.now);
        self.sync.cash_wanted = true;
    }

    /// Sends the questions that are due; one of a kind at a time.
    pub(crate) fn ask_when_due(&mut self, fx: &mut Effects) {
        if self.book.open_orders().iter().any(|o| o.number.is_some()) {
            let at = self.now.plus_s(self.config.timers.open_s);
            self.sync.due.get_or_insert(at);
        }
        if let Some(next) = self.ambiguous.values().map(|w| w.next).min() {
            self.sync.due = Some(self.sync.due.map_or(next, |due| due.min(next)));
        }
        if self.sync.due.is_some_and(|due| due <= self.now) && !self.sync.orders_asked {
            self.sync.orders_asked = true;
            self.sync.orders_round += 1;
            self.sync.due = None;
            fx.inquiries.push(Inquiry::Orders);
        }
        if self.sync.account_due.is_some_and(|due| due <= self.now) && !self.sync.account_asked {
            self.sync.account_asked = true;
            self.sync.account_due = None;
            self.sync.account_outdated = false;
            self.sync.bookings_asked = self.sync.bookings;
            fx.inquiries.push(Inquiry::Account);
        }
    }

    /// A failed read changes nothing that we know (I19); it is repeated, ever less often.
    pub(crate) fn on_inquiry_failed(&mut self, inquiry: Inquiry) {
        let doubled = self.config.timers.ambiguous_s.max(1) << self.sync.failures.min(5);
        self.sync.failures += 1;
        let again = self.now.plus_s(doubled.min(RETRY_S_MAX));
        match inquiry {
            Inquiry::Orders => {
                self.sync.orders_asked = false;
                self.sync.due = Some(again);
                self.ambiguous.values_mut().for_each(|w| w.next = w.next.max(again));
            }
            Inquiry::Account => {
                self.sync.account_asked = false;
                self.sync.account_due = Some(again);
            }
        }
    }

    /// The stream came up: read everything before anything is sent. It went down: nothing opening is sent.
    pub(crate) fn on_stream(&mut self, up: bool) {
        self.sync.stream_up = up;
        for watch in self.ambiguous.values_mut() {
            watch.stream_unbroken = false;
        }
        if up {
            self.sync.up_since = self.now;
        }
        self.read_anew();
    }

    /// What was read or asked before counts no more: orders, then account, then orders again.
    pub(crate) fn read_anew(&mut self) {
        self.sync.orders_read = false;
        self.sync.account_read = false;
        self.sync.held = None;
        self.sync.unexplained = None;
        self.sync.account_outdated = true;
        self.sync.valid_from = self.sync.orders_round + 1;
        self.sync.cash_wanted = true;
        if self.sync.stream_up {
            // The account follows when the orders are known.
            self.sync.due = Some(self.now);
            self.sync.account_due = None;
        }
    }

    /// True for a broker over the network.
    pub(crate) fn is_connected(&self) -> bool {
        self.config.context == Context::Connected
    }
}
