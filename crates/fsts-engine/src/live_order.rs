//! One order of ours in the books, and the table of states it may pass through.

use fsts_domain::{BotId, IntentId, OrderKind, OrderNumber, OrderState, Qty, Side, Timestamp, Won};
use serde::{Deserialize, Serialize};

use crate::event::SymbolIx;
use crate::intent::{Bracket, Purpose};
use crate::port::Branch;

/// An order of ours with what we know of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveOrder {
    /// Our order id.
    pub id: IntentId,
    /// Who wants it.
    pub bot: BotId,
    /// The instrument.
    pub symbol: SymbolIx,
    /// Buy or sell.
    pub side: Side,
    /// Ordered shares.
    pub qty: Qty,
    /// Limit or market.
    pub kind: OrderKind,
    /// Protective levels (simulated brokers only).
    pub bracket: Option<Bracket>,
    /// Why it exists.
    pub purpose: Purpose,
    /// Where it stands.
    pub state: OrderState,
    /// The broker's number, once known.
    pub number: Option<OrderNumber>,
    /// The broker's branch, once known.
    pub branch: Branch,
    /// Shares filled so far.
    pub filled_qty: Qty,
    /// Amount filled so far.
    pub filled_amount: Won,
    /// Commission booked so far.
    pub fee: Won,
    /// Tax booked so far.
    pub tax: Won,
    /// Shares that an inquiry or a simulated broker confirmed.
    pub confirmed_qty: Qty,
    /// Cash set aside at approval; what remains of it shrinks with the fills.
    pub reserved: Won,
    /// Market time of approval; no transmission is earlier.
    pub approved_at: Timestamp,
    /// Since when notices are ahead of the inquiry.
    pub provisional_since: Option<Timestamp>,
    /// Complete inquiries since it became ambiguous.
    pub inquiries: u32,
    /// A cancel may be under way.
    pub cancelling: bool,
    /// Shares and amount of each fill that a notice told; the same twice can't be told from one sent twice.
    #[serde(default)]
    pub noticed: Vec<(Qty, Won)>,
}

impl LiveOrder {
    /// Shares that can still fill.
    pub fn open_qty(&self) -> Qty {
        if self.state.is_terminal() { Qty::ZERO } else { self.qty.saturating_sub(self.filled_qty) }
    }

    /// Cash still set aside for the open part of a buy.
    pub fn reserved_cash(&self) -> Won {
        match self.side {
            Side::Sell => Won::ZERO,
            Side::Buy if self.filled_qty.is_zero() && !self.state.is_terminal() => self.reserved,
            Side::Buy => {
                let share = i128::from(self.reserved.get()) * i128::from(self.open_qty().get());
                Won::new((share / i128::from(self.qty.get().max(1))) as i64)
            }
        }
    }

    /// True while every booked fill was told by a notice: only then is a further notice certainly news.
    pub fn is_told_by_notices(&self) -> bool {
        self.noticed.iter().map(|(qty, _)| *qty).sum::<Qty>() == self.filled_qty
    }

    /// Shares still set aside for the open part of a sell.
    pub fn reserved_shares(&self) -> Qty {
        match self.side {
            Side::Sell => self.open_qty(),
            Side::Buy => Qty::ZERO,
        }
    }
}

/// True when an order may pass from one state to the other (I8).
pub fn may_become(from: OrderState, to: OrderState) -> bool {
    use OrderState as S;
    match from {
        S::Approved => matches!(to, S::Sending | S::Refused),
        S::Sending => matches!(to, S::Acked | S::Refused | S::Ambiguous | S::PartiallyFilled | S::Filled),
        S::Acked => matches!(to, S::PartiallyFilled | S::Filled | S::Cancelled | S::Expired | S::Refused),
        S::PartiallyFilled => matches!(to, S::PartiallyFilled | S::Filled | S::Cancelled | S::Expired),
        S::Ambiguous => matches!(to, S::Acked | S::PresumedNotPlaced | S::Disputed | S::Expired),
        S::PresumedNotPlaced => matches!(to, S::Acked | S::Disputed | S::Expired),
        S::Disputed => matches!(to, S::Acked | S::Expired),
        S::Filled | S::Cancelled | S::Expired | S::Refused => false,
    }
}
