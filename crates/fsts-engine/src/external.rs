//! Broker orders that are none of ours: a person's, or one from before our first run.

use fsts_domain::{IntentId, Qty, Side, Symbol};

use crate::book::ExternalOrder;
use crate::effect::Effects;
use crate::engine::Engine;
use crate::plausible;
use crate::port::OrderReport;
use crate::record::{FreezeReason, Record};
use crate::strategy::Strategy;

impl<S: Strategy> Engine<S> {
    /// Books what an order by hand filled since the last list.
    pub(crate) fn note_external(&mut self, row: &OrderReport, fx: &mut Effects) {
        if self.may_be_ours(row) || !plausible::is_report(row) {
            return;
        }
        if !self.book.external.contains_key(&row.number) {
            let (number, symbol, side, qty) = (row.number, row.symbol, row.side, row.qty);
            self.emit(Record::ExternalOrder { number, symbol, side, qty }, fx);
        }
        let seen = self.book.external.get(&row.number).copied().unwrap_or_default();
        self.book_external(row, seen, fx);
    }

    /// True while the row may turn out to be an order of ours whose number we don't know.
    fn may_be_ours(&self, row: &OrderReport) -> bool {
        let mut open = self.book.open_orders().iter().filter(|o| o.number.is_none());
        open.any(|o| match o.state.is_unresolved() {
            true => self.is_candidate(o, row),
            // Its reply is on the way; whatever looks like it waits.
            false => self.book.line(o.symbol).symbol == row.symbol && o.side == row.side,
        })
    }

    /// Books to the cumulative of a row, of which `seen` is booked. False when nothing was booked.
    fn book_external(&mut self, row: &OrderReport, seen: ExternalOrder, fx: &mut Effects) -> bool {
        let qty = row.filled_qty.saturating_sub(seen.qty);
        let amount = row.filled_amount - seen.amount;
        if qty.is_zero() || !plausible::is_execution(qty, amount) {
            return false;
        }
        let line = self.book.ix(row.symbol).map(|ix| self.book.line(ix));
        let (held, nobodys) = line.map_or((Qty::ZERO, Qty::ZERO), |l| (l.total.qty, l.slice(None).qty));
        let sells = row.side == Side::Sell && self.book.is_opened();
        if sells && qty > held {
            self.freeze_symbol(row.symbol, FreezeReason::Correction, fx);
            return false;
        }
        let ix = self.book.ix(row.symbol).unwrap_or(u32::MAX);
        let (fee, tax) = self.costs(ix, row.side, row.filled_amount, (seen.fee, seen.tax));
        let (number, symbol, side) = (row.number, row.symbol, row.side);
        self.emit(Record::ExternalFilled { number, symbol, side, qty, amount, fee, tax }, fx);
        self.revalue();
        if sells && qty > nobodys {
            // A person sold what bots own: they lose it in order, and a person has to look at it.
            self.freeze_symbol(symbol, FreezeReason::Correction, fx);
        }
        true
    }

    /// An order of ours that has ended: what the broker adds to it later is booked to nobody, and a person is asked.
    pub(crate) fn follow_closed(&mut self, id: IntentId, row: &OrderReport, fx: &mut Effects) {
        let Some(order) = self.book.closed_orders().iter().find(|o| o.id == id) else { return };
        let since = self.book.external.get(&row.number).copied().unwrap_or_default();
        let booked = ExternalOrder {
            qty: order.filled_qty + since.qty,
            amount: order.filled_amount + since.amount,
            fee: order.fee + since.fee,
            tax: order.tax + since.tax,
        };
        if row.filled_qty == booked.qty {
            return;
        }
        let symbol = order.symbol;
        let truthful = self.is_about(order, row) && plausible::is_report(row);
        if !truthful || row.filled_qty < booked.qty || self.book_external(row, booked, fx) {
            self.freeze(symbol, FreezeReason::Correction, fx);
        }
    }

    /// Freezes a symbol that the book may not know yet; said once.
    pub(crate) fn freeze_symbol(&mut self, symbol: Symbol, reason: FreezeReason, fx: &mut Effects) {
        match self.book.ix(symbol) {
            Some(ix) => self.freeze(ix, reason, fx),
            None => self.emit(Record::Frozen { symbol, reason }, fx),
        }
    }
}
