//! Broker truth against our books: adopt, book, close, freeze – never guess.

use std::collections::BTreeMap;

use fsts_domain::{IntentId, NS_PER_S, OrderNumber, OrderState, Qty, Timestamp};

use crate::effect::Effects;
use crate::engine::Engine;
use crate::live_order::LiveOrder;
use crate::plausible;
use crate::port::{Complete, Inquiry, OrderReport};
use crate::record::{AckedBy, FillSource, FreezeReason, Record};
use crate::strategy::Strategy;

/// An order shows up at the broker at most this long after it was sent.
const DELAY_MAX_S: i64 = 180;
/// Broker times are whole seconds and clocks differ a little.
const SKEW_S: i64 = 3;
/// Complete inquiries before an order may be presumed not placed.
const PRESUME_INQUIRIES_MIN: u32 = 3;
/// The last of them at least this long after sending.
const PRESUME_AFTER_S: i64 = 60;
/// Notices may be this far ahead of the inquiry before the books are corrected.
const PROVISIONAL_MAX_S: i64 = 30;
/// From here on an ambiguous order is asked for less often.
const AMBIGUOUS_LATE_S: i64 = 150;
/// A cancel that does not work is repeated this often for a target that waits for it.
const CANCELS_MAX: u32 = 5;

/// The rows that are orders, each number once; `None` when one number tells two stories, as a page that moved does.
fn distinct(orders: &Complete<OrderReport>) -> Option<Vec<&OrderReport>> {
    let mut seen: BTreeMap<OrderNumber, &OrderReport> = BTreeMap::new();
    let mut rows = Vec::with_capacity(orders.rows().len());
    for row in orders.rows().iter().filter(|r| r.original.is_none()) {
        match seen.insert(row.number, row) {
            None => rows.push(row),
            Some(same) if same == row => {}
            Some(_) => return None,
        }
    }
    Some(rows)
}

impl<S: Strategy> Engine<S> {
    /// The whole day's orders as the broker has them.
    pub(crate) fn on_orders(&mut self, asked_at: Timestamp, orders: &Complete<OrderReport>, fx: &mut Effects) {
        let round = std::mem::take(&mut self.sync.orders_asked).then_some(self.sync.orders_round);
        if self.is_of_yesterday(asked_at) {
            self.sync.due = Some(self.now);
            return;
        }
        let Some(rows) = distinct(orders) else { return self.on_inquiry_failed(Inquiry::Orders) };
        self.sync.failures = 0;
        self.adopt(&rows, fx);
        // Ours first: what a person sold may be what one of our orders bought.
        let (ours, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| self.book.by_number(r.number).is_some());
        for row in ours {
            if let Some(id) = self.book.by_number(row.number) {
                self.follow_report(id, row, round, fx);
            }
        }
        for row in others {
            self.note_external(row, fx);
        }
        self.forget_notices();
        self.judge_ambiguous(asked_at, round, fx);
        self.end_round(round, fx);
    }

    /// An answer to a question of the day before: its numbers mean other orders today.
    pub(crate) fn is_of_yesterday(&self, asked_at: Timestamp) -> bool {
        self.book.day().is_some_and(|today| asked_at.kst_day() < today)
    }

    /// Binds rows to orders whose number we don't know: exactly one match adopts, several need a person.
    fn adopt(&mut self, rows: &[&OrderReport], fx: &mut Effects) {
        let mut matches: BTreeMap<IntentId, Vec<&OrderReport>> = BTreeMap::new();
        let mut claims: BTreeMap<OrderNumber, u32> = BTreeMap::new();
        for order in self.book.open_orders().iter().filter(|o| o.state.is_unresolved()) {
            let found: Vec<_> = rows.iter().filter(|r| self.is_candidate(order, r)).copied().collect();
            found.iter().for_each(|r| *claims.entry(r.number).or_default() += 1);
            matches.insert(order.id, found);
        }
        for (id, found) in matches {
            let Some(state) = self.book.order(id).map(|o| o.state) else { continue };
            let candidates: Vec<OrderNumber> = found.iter().map(|r| r.number).collect();
            if let Some(watch) = self.ambiguous.get_mut(&id) {
                watch.candidates.clone_from(&candidates);
            }
            match found.as_slice() {
                [] => {}
                _ if state == OrderState::Disputed => {}
                [row] if claims.get(&row.number) == Some(&1) => self.bind(id, row, fx),
                _ => self.emit(Record::Disputed { id, candidates }, fx),
            }
        }
    }

    fn bind(&mut self, id: IntentId, row: &OrderReport, fx: &mut Effects) {
        self.ambiguous.remove(&id);
        self.emit(Record::Acked { id, number: row.number, branch: row.branch, by: AckedBy::Inquiry }, fx);
    }

    /// Same fingerprint, a number that is nobody's yet, and a time that fits the sending.
    pub(crate) fn is_candidate(&self, order: &LiveOrder, row: &OrderReport) -> bool {
        let symbol = self.book.line(order.symbol).symbol;
        let same = (row.symbol, row.side, row.kind, row.qty) == (symbol, order.side, order.kind, order.qty);
        let earliest = order.approved_at.plus_s(-SKEW_S);
        let latest = order.approved_at.plus_s(DELAY_MAX_S);
        same && !self.is_taken(row.number) && row.ordered_at >= earliest && row.ordered_at <= latest
    }

    /// A person says which of its candidates a disputed order is. The next inquiry books it.
    pub(crate) fn bind_by_hand(&mut self, id: IntentId, number: OrderNumber, fx: &mut Effects) -> bool {
        let disputed = self.book.order(id).is_some_and(|o| o.state == OrderState::Disputed);
        let offered = self.ambiguous.get(&id).is_some_and(|w| w.candidates.contains(&number));
        if !disputed || !offered || self.is_taken(number) {
            return false;
        }
        self.ambiguous.remove(&id);
        self.emit(Record::Acked { id, number, branch: Default::default(), by: AckedBy::Operator }, fx);
        self.sync.due = Some(self.now);
        true
    }

    /// One of our orders in the broker's list: book to the cumulative, then close what is over.
    fn follow_report(&mut self, id: IntentId, row: &OrderReport, round: Option<u64>, fx: &mut Effects) {
        let Some(order) = self.book.order(id) else { return self.follow_closed(id, row, fx) };
        let (symbol, booked, amount, confirmed) =
            (order.symbol, order.filled_qty, order.filled_amount, order.confirmed_qty);
        if !self.is_about(order, row) || !plausible::is_report(row) {
            self.freeze(symbol, FreezeReason::Correction, fx);
            return;
        }
        if row.filled_qty > booked {
            let missing = (row.filled_qty - booked, row.filled_amount - amount);
            if !plausible::is_execution(missing.0, missing.1) {
                return self.lagging(id, fx);
            }
            self.fill(id, missing, FillSource::Inquiry, fx);
            if self.book.order(id).is_some_and(|o| o.filled_qty != row.filled_qty) {
                return;
            }
        } else if row.filled_qty < booked {
            return self.lagging(id, fx);
        } else if confirmed < booked || row.filled_amount != amount {
            let amount_delta = row.filled_amount - amount;
            self.emit(Record::Confirmed { id, qty: row.filled_qty, amount_delta }, fx);
        }
        self.lagging.remove(&id);
        self.end_by_report(id, row, fx);
        self.note_remainder(id, round, fx);
    }

    /// True when a row and an order of the same number are the same order.
    pub(crate) fn is_about(&self, order: &LiveOrder, row: &OrderReport) -> bool {
        let symbol = self.book.line(order.symbol).symbol;
        (row.symbol, row.side, row.qty) == (symbol, order.side, order.qty)
    }

    /// Closes an order of which nothing is left. While the market is open, the parts must say where it went.
    fn end_by_report(&mut self, id: IntentId, row: &OrderReport, fx: &mut Effects) {
        let Some(order) = self.book.order(id).filter(|o| !o.state.is_terminal()) else { return };
        let in_session = self.part.is_regular();
        if !row.remaining_qty.is_zero() || (in_session && !plausible::is_accounted_for(row)) {
            return;
        }
        let state = if row.filled_qty.is_zero() && row.refused_qty == row.qty {
            OrderState::Refused
        } else if !row.cancelled_qty.is_zero() && (in_session || order.cancelling) {
            OrderState::Cancelled
        } else {
            OrderState::Expired
        };
        self.close(id, state, fx);
    }

    /// A cancel was answered, and the order still works: it may be cancelled again.
    fn note_remainder(&mut self, id: IntentId, round: Option<u64>, fx: &mut Effects) {
        let Some(order) = self.book.order(id).filter(|o| o.cancelling && !o.open_qty().is_zero()) else { return };
        let symbol = order.symbol;
        let watch = self.cancels.entry(id).or_default();
        let settled = watch.settled_by.is_some_and(|from| round.is_some_and(|n| n >= from));
        // Without a try of this run, the cancel was of a run before.
        if settled || watch.tries == 0 {
            watch.remainder_shown = true;
            if watch.tries < CANCELS_MAX {
                self.take_up_goals(symbol, fx);
            }
        }
    }

    /// The inquiry knows less than the books: ask again, and after a while say that something is wrong.
    fn lagging(&mut self, id: IntentId, fx: &mut Effects) {
        let Some(order) = self.book.order(id) else { return };
        let (symbol, told) = (order.symbol, order.provisional_since);
        let seen = *self.lagging.entry(id).or_insert(self.now);
        let since = told.map_or(seen, |told| told.min(seen));
        if self.now.since(since) > PROVISIONAL_MAX_S * NS_PER_S {
            self.freeze(symbol, FreezeReason::Correction, fx);
        } else {
            self.ask_soon();
        }
    }

    /// Drops the notices that were waiting for a number and are told by the list, or wait for nothing any more.
    fn forget_notices(&mut self) {
        if self.parked.is_empty() {
            return;
        }
        let awaited = self.book.open_orders().iter().any(|o| o.number.is_none());
        let book = &self.book;
        self.parked.retain(|notice| {
            let number = crate::notices::about(notice);
            awaited && book.by_number(number).is_none() && !book.external.contains_key(&number)
        });
    }

    /// Counts a complete inquiry against every order it did not show (`reliability.md` §4.3).
    fn judge_ambiguous(&mut self, asked_at: Timestamp, round: Option<u64>, fx: &mut Effects) {
        let ids: Vec<IntentId> = self.ambiguous.keys().copied().collect();
        for id in ids {
            let Some(order) = self.book.order(id).filter(|o| o.state.is_unresolved()) else {
                self.ambiguous.remove(&id);
                continue;
            };
            let state = order.state;
            let timers = self.config.timers;
            let Some(watch) = self.ambiguous.get_mut(&id) else { continue };
            watch.complete_inquiries += u32::from(round.is_some_and(|n| n >= watch.counts_from));
            let late = self.now.since(watch.since) > AMBIGUOUS_LATE_S * NS_PER_S;
            watch.next = self.now.plus_s(if late { timers.ambiguous_late_s } else { timers.ambiguous_s });
            let asked_after = asked_at.since(watch.since);
            let counted = watch.complete_inquiries >= PRESUME_INQUIRIES_MIN;
            let provable = counted && watch.stream_unbroken && asked_after >= PRESUME_AFTER_S * NS_PER_S;
            if provable && state == OrderState::Ambiguous {
                self.emit(Record::Presumed { id }, fx);
            }
            // Not before the time is over in which it could still turn up and be adopted.
            let over = counted && asked_after > DELAY_MAX_S * NS_PER_S;
            let presumed = self.book.order(id).is_some_and(|o| o.state == OrderState::PresumedNotPlaced);
            let released = self.config.auto_release && presumed && over;
            // After the close nothing turns up any more: a list that is asked for then is final.
            let is_final = asked_after > DELAY_MAX_S * NS_PER_S && self.is_after_close(asked_at);
            if released || (is_final && state != OrderState::Disputed) {
                self.close(id, OrderState::Expired, fx);
            }
        }
    }

    fn is_after_close(&self, at: Timestamp) -> bool {
        self.rulebook.calendar().regular_close(at.kst_day()).is_some_and(|close| at >= close)
    }

    /// The day is over: whatever was still open is not any more. What its last inquiry has not settled is checked by
    /// the account before its symbol trades again.
    pub(crate) fn expire_leftovers(&mut self, fx: &mut Effects) {
        let left: Vec<(IntentId, u32, OrderState, Qty)> =
            self.book.open_orders().iter().map(|o| (o.id, o.symbol, o.state, o.filled_qty)).collect();
        for (id, symbol, state, filled) in left {
            self.freeze(symbol, FreezeReason::QuantityMismatch, fx);
            match state {
                OrderState::Filled => {
                    self.emit(Record::Confirmed { id, qty: filled, amount_delta: fsts_domain::Won::ZERO }, fx);
                }
                OrderState::Approved | OrderState::Sending => {
                    self.emit(Record::Ambiguous { id, reason: "the day ended before an answer".to_owned() }, fx);
                    self.emit(Record::Closed { id, state: OrderState::Expired }, fx);
                }
                OrderState::Acked
                | OrderState::PartiallyFilled
                | OrderState::Ambiguous
                | OrderState::PresumedNotPlaced
                | OrderState::Disputed => self.emit(Record::Closed { id, state: OrderState::Expired }, fx),
                OrderState::Cancelled | OrderState::Expired | OrderState::Refused => {}
            }
        }
        self.ambiguous.clear();
        self.cancels.clear();
        self.lagging.clear();
        self.parked.clear();
        self.goals.clear();
    }
}
