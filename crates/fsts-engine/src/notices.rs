//! Messages of the execution stream: provisional bookings, and which of them to believe.

use fsts_domain::{IntentId, OrderNumber, OrderState, Qty, Won};

use crate::effect::Effects;
use crate::engine::Engine;
use crate::plausible;
use crate::port::{Notice, NoticeKind};
use crate::record::FillSource;
use crate::strategy::Strategy;

/// Most notices that wait for their order's number; beyond it the inquiry alone tells.
const PARKED_MAX: usize = 256;

/// The order that a notice is about: a cancel's own order names the original.
pub(crate) fn about(notice: &Notice) -> OrderNumber {
    notice.original.filter(|n| n.value() != 0).unwrap_or(notice.number)
}

impl<S: Strategy> Engine<S> {
    /// A message of the execution stream.
    pub(crate) fn on_notice(&mut self, notice: &Notice, authoritative: bool, fx: &mut Effects) {
        match self.book.by_number(about(notice)) {
            Some(id) => self.follow_notice(id, notice, authoritative, fx),
            None => self.park(notice),
        }
        if !authoritative {
            self.ask_soon();
        }
    }

    fn follow_notice(&mut self, id: IntentId, notice: &Notice, authoritative: bool, fx: &mut Effects) {
        let Some(order) = self.book.order(id) else { return };
        if (notice.symbol, notice.side) != (self.book.line(order.symbol).symbol, order.side) {
            // Another order under our number: the inquiry tells whose it is.
            return;
        }
        match notice.kind {
            NoticeKind::Accepted => {}
            NoticeKind::Filled { qty, price } if authoritative => {
                self.fill(id, (qty, price * qty), FillSource::Simulation, fx);
            }
            NoticeKind::Filled { qty, price } => {
                let amount = price.get().checked_mul(qty.get()).map(Won::new);
                if let Some(amount) = amount.filter(|_| plausible::is_price(price)) {
                    self.fill_by_notice(id, (qty, amount), fx);
                }
            }
            NoticeKind::Cancelled if authoritative => self.close(id, OrderState::Cancelled, fx),
            NoticeKind::Refused if authoritative => self.close(id, OrderState::Refused, fx),
            NoticeKind::Cancelled | NoticeKind::Refused => {}
        }
    }

    /// Books what a notice tells, when it is certainly news. Notices carry no fill id, so an equal one may be the same
    /// again, and one that comes after an inquiry found more than the notices had told may be part of that.
    fn fill_by_notice(&mut self, id: IntentId, fill: (Qty, Won), fx: &mut Effects) {
        let Some(order) = self.book.order(id) else { return };
        if order.is_told_by_notices() && !order.noticed.contains(&fill) {
            self.fill(id, fill, FillSource::Notice, fx);
        }
    }

    /// Keeps a notice that may be about an order whose number is not known yet: the stream may be faster than the reply.
    fn park(&mut self, notice: &Notice) {
        let ix = self.book.ix(notice.symbol);
        let mut open = self.book.open_orders().iter();
        let is_awaited = open.any(|o| o.number.is_none() && Some(o.symbol) == ix && o.side == notice.side);
        if is_awaited && self.parked.len() < PARKED_MAX && !self.book.external.contains_key(&notice.number) {
            self.parked.push(notice.clone());
        }
    }

    /// Takes up the notices that came before their order's number.
    pub(crate) fn unpark(&mut self, fx: &mut Effects) {
        for notice in std::mem::take(&mut self.parked) {
            self.on_notice(&notice, false, fx);
        }
    }
}
