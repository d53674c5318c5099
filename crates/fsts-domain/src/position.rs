//! What is held: cost, quantity, and who owns which part.

use serde::{Deserialize, Serialize};

use crate::{BotId, Qty, Won};

/// Shares of one symbol held by one owner, with their total cost (fees not included).
///
/// Sells take cost out in proportion, cut to whole won, the last sell taking the rest, so that
/// `cost` is zero exactly when `qty` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Shares held.
    pub qty: Qty,
    /// What they cost.
    pub cost: Won,
}

impl Position {
    /// Adds bought shares.
    pub fn buy(&mut self, qty: Qty, amount: Won) {
        self.qty += qty;
        self.cost += amount;
    }

    /// Takes sold shares out and returns what they had cost.
    ///
    /// # Panics
    /// When more is sold than held: the caller must have checked (I6).
    pub fn sell(&mut self, qty: Qty) -> Won {
        assert!(qty <= self.qty, "invariant I6: sold {qty} of {} shares", self.qty);
        let cost = if qty == self.qty {
            self.cost
        } else {
            Won::new((i128::from(self.cost.get()) * i128::from(qty.get()) / i128::from(self.qty.get())) as i64)
        };
        self.qty -= qty;
        self.cost -= cost;
        cost
    }
}

/// The part of a symbol's position that one bot owns; `None` is `External` (a person, or from before).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Owner.
    pub bot: Option<BotId>,
    /// What it owns.
    pub position: Position,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn selling_all_returns_exactly_what_was_paid(
            buys in proptest::collection::vec((1..1000i64, 1..1_000_000i64), 1..8),
            cuts in proptest::collection::vec(1..500i64, 0..8),
        ) {
            let mut position = Position::default();
            let mut paid = Won::ZERO;
            for (qty, price) in buys {
                position.buy(Qty::new(qty).unwrap(), Won::new(qty * price));
                paid += Won::new(qty * price);
            }
            let mut returned = Won::ZERO;
            for cut in cuts {
                let qty = Qty::new(cut).unwrap();
                if qty < position.qty {
                    returned += position.sell(qty);
                }
            }
            returned += position.sell(position.qty);
            prop_assert_eq!(returned, paid);
            prop_assert_eq!(position, Position::default());
        }
    }
}
