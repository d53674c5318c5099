//! Our orders against a tape of prints.

use fsts_domain::{Price, Qty, Side};

use crate::lanes::{Lanes, Room, Trigger, Working};
use crate::{SimFill, SimOrder};

/// Fills open orders from the prints of their symbol, in order of submission.
///
/// Over the prints of a bar ([`crate::prints_of`]) it fills as [`crate::BarMatcher`] does from the bar itself.
#[derive(Debug)]
pub struct PrintMatcher {
    lanes: Lanes,
    locked: Vec<Option<Side>>,
}

impl PrintMatcher {
    /// A matcher for symbols `0..symbols`; it grows when an order names a higher one.
    pub fn new(symbols: usize) -> Self {
        PrintMatcher { lanes: Lanes::new(symbols), locked: vec![None; symbols] }
    }

    /// Opens an order; it meets the next print of its symbol.
    ///
    /// # Panics
    /// When an order with this id is open.
    pub fn submit(&mut self, order: SimOrder) {
        self.lanes.submit(&order);
    }

    /// Drops an open order; its linked order stays. False when it is not open.
    pub fn cancel(&mut self, id: u64) -> bool {
        self.lanes.cancel(id)
    }

    /// Links a stop and a target: what one fills the other loses. False when they are not open on one symbol.
    pub fn link(&mut self, stop_id: u64, target_id: u64) -> bool {
        self.lanes.link(stop_id, target_id)
    }

    /// Says which side gets no fills from now on, because the price is locked at a limit ([`crate::locked_side`]).
    pub fn set_locked(&mut self, symbol: u32, side: Option<Side>) {
        let index = symbol as usize;
        if index >= self.locked.len() {
            self.locked.resize(index + 1, None);
        }
        if let Some(locked) = self.locked.get_mut(index) {
            *locked = side;
        }
    }

    /// Fills what a print meets, with `qty_available` shares for all our orders together (`None`: as many as asked).
    ///
    /// An order fills at the print's price when this is the first print it sees or the first of a bar (a gap), else at
    /// its own level: the price passed through it.
    pub fn on_print(
        &mut self,
        symbol: u32,
        price: Price,
        qty_available: Option<Qty>,
        first_of_bar: bool,
        out: &mut Vec<SimFill>,
    ) {
        let room = Room {
            shares: qty_available.map_or(i64::MAX, Qty::get),
            locked: self.locked.get(symbol as usize).copied().flatten(),
        };
        self.lanes.fill(symbol, &room, |order| print_price(order, price, first_of_bar), out);
        if let Some(lane) = self.lanes.lane_mut(symbol) {
            lane.orders.iter_mut().for_each(|order| order.seen = true);
        }
    }

    /// Number of open orders of a symbol.
    pub fn open_orders(&self, symbol: u32) -> usize {
        self.lanes.open_orders(symbol)
    }

    /// Shares of an open order that are not filled yet.
    pub fn remaining(&self, id: u64) -> Option<Qty> {
        self.lanes.remaining(id)
    }

    /// Drops the symbol's open orders and appends their ids to `out`, in order of submission.
    pub fn expire_all(&mut self, symbol: u32, out: &mut Vec<u64>) {
        self.lanes.expire_all(symbol, out);
    }
}

fn print_price(order: &Working, print: Price, first_of_bar: bool) -> Option<Price> {
    let at = |level| if first_of_bar || !order.seen { print } else { level };
    match order.trigger {
        Trigger::Now => Some(print),
        Trigger::AtMost(level) => (print <= level).then(|| at(level)),
        Trigger::AtLeast(level) => (print >= level).then(|| at(level)),
    }
}
