//! What is held and working in one symbol, and who owns it.

use fsts_domain::{BotId, Position, Qty, Slice, Symbol, Won};
use serde::{Deserialize, Serialize};

use crate::record::FreezeReason;

/// What is held and working in one symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The instrument.
    pub symbol: Symbol,
    /// All shares of the account.
    pub total: Position,
    /// Who owns them; no entry is empty; `External` (`bot == None`) included.
    pub slices: Vec<Slice>,
    /// Shares set aside for working sells.
    pub reserved_qty: Qty,
    /// Orders that are not terminal.
    pub open_orders: u32,
    /// Why opening orders are not taken.
    pub frozen: Option<FreezeReason>,
}

impl Line {
    pub(crate) fn new(symbol: Symbol) -> Self {
        Line {
            symbol,
            total: Position::default(),
            slices: Vec::new(),
            reserved_qty: Qty::ZERO,
            open_orders: 0,
            frozen: None,
        }
    }

    /// What one owner holds.
    #[inline]
    pub fn slice(&self, bot: Option<BotId>) -> Position {
        self.slices.iter().find(|s| s.bot == bot).map_or_else(Position::default, |s| s.position)
    }

    pub(crate) fn buy(&mut self, bot: Option<BotId>, qty: Qty, amount: Won) {
        self.total.buy(qty, amount);
        match self.slices.iter_mut().find(|s| s.bot == bot) {
            Some(slice) => slice.position.buy(qty, amount),
            None => self.slices.push(Slice { bot, position: Position { qty, cost: amount } }),
        }
    }

    /// Takes shares out of the owner's slice, then out of `External`, then of the bots by name, and returns what they had
    /// cost.
    pub(crate) fn sell(&mut self, bot: Option<BotId>, qty: Qty) -> Won {
        let mut left = qty;
        let mut cost = Won::ZERO;
        self.slices.sort_by_key(|s| (s.bot != bot, s.bot));
        for slice in &mut self.slices {
            let part = left.min(slice.position.qty);
            cost += slice.position.sell(part);
            left -= part;
        }
        assert!(left.is_zero(), "invariant I6: {} sold more than is held", self.symbol);
        self.slices.retain(|s| !s.position.qty.is_zero());
        self.total.qty -= qty;
        self.total.cost -= cost;
        cost
    }

    /// Adds what shares cost more (or less) than was booked; false when their owner has none of them any more.
    pub(crate) fn correct_cost(&mut self, bot: Option<BotId>, delta: Won) -> bool {
        let Some(slice) = self.slices.iter_mut().find(|s| s.bot == bot) else { return false };
        slice.position.cost += delta;
        self.total.cost += delta;
        true
    }
}
