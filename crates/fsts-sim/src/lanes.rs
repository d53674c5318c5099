//! The open orders of every symbol in order of submission, and the one loop that fills them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use fsts_domain::{Price, Qty, Side};

use crate::{SimFill, SimKind, SimOrder};

/// The price movement that fills an order; side and kind folded into what a price is compared with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trigger {
    /// At once.
    Now,
    /// A price at or below the level.
    AtMost(Price),
    /// A price at or above the level.
    AtLeast(Price),
}

/// What an order is to the order it is linked with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Plain,
    Stop,
    Target,
}

/// An open order.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Working {
    pub(crate) id: u64,
    pub(crate) side: Side,
    pub(crate) role: Role,
    pub(crate) trigger: Trigger,
    /// True once a print was compared with it; a limit then fills at its own price.
    pub(crate) seen: bool,
    left: Qty,
    twin: Option<u64>,
}

impl Working {
    fn new(order: &SimOrder) -> Self {
        let below = |level| match order.side {
            Side::Buy => Trigger::AtMost(level),
            Side::Sell => Trigger::AtLeast(level),
        };
        let above = |level| match order.side {
            Side::Buy => Trigger::AtLeast(level),
            Side::Sell => Trigger::AtMost(level),
        };
        let (role, trigger) = match order.kind {
            SimKind::Limit(level) => (Role::Plain, below(level)),
            SimKind::Market => (Role::Plain, Trigger::Now),
            SimKind::Stop(level) => (Role::Stop, above(level)),
            SimKind::Target(level) => (Role::Target, below(level)),
        };
        Working { id: order.id, side: order.side, role, trigger, seen: false, left: order.qty, twin: None }
    }
}

/// The open orders of one symbol.
#[derive(Default, Debug)]
pub(crate) struct Lane {
    pub(crate) orders: Vec<Working>,
    /// Shares filled in the current bar, for the cap on our share of its volume.
    pub(crate) used: i64,
}

/// How much may be filled now, and for whom not.
pub(crate) struct Room {
    /// Shares left for our orders together.
    pub(crate) shares: i64,
    /// The side that gets no fill although the price is there.
    pub(crate) locked: Option<Side>,
}

/// All lanes, with the way from an order's id to its lane.
#[derive(Default, Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    symbols: SymbolOfId,
}

type SymbolOfId = HashMap<u64, u32, BuildHasherDefault<IdHasher>>;

impl Lanes {
    pub(crate) fn new(symbols: usize) -> Self {
        Lanes { lanes: std::iter::repeat_with(Lane::default).take(symbols).collect(), symbols: HashMap::default() }
    }

    #[inline]
    pub(crate) fn lane_mut(&mut self, symbol: u32) -> Option<&mut Lane> {
        self.lanes.get_mut(symbol as usize)
    }

    pub(crate) fn submit(&mut self, order: &SimOrder) {
        if order.qty.is_zero() {
            return;
        }
        let index = order.symbol as usize;
        if index >= self.lanes.len() {
            self.lanes.resize_with(index + 1, Lane::default);
        }
        let known = self.symbols.insert(order.id, order.symbol);
        assert!(known.is_none(), "invariant: order {} is not open twice", order.id);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.orders.push(Working::new(order));
        }
    }

    pub(crate) fn cancel(&mut self, id: u64) -> bool {
        let Some(symbol) = self.symbols.remove(&id) else {
            return false;
        };
        if let Some(lane) = self.lane_mut(symbol) {
            lane.orders.retain(|order| order.id != id);
            lane.orders.iter_mut().filter(|order| order.twin == Some(id)).for_each(|order| order.twin = None);
        }
        true
    }

    /// True when both are open on one symbol and are linked now.
    pub(crate) fn link(&mut self, one: u64, other: u64) -> bool {
        let Some(&symbol) = self.symbols.get(&one) else {
            return false;
        };
        if one == other || self.symbols.get(&other) != Some(&symbol) {
            return false;
        }
        let Some(lane) = self.lane_mut(symbol) else {
            return false;
        };
        for order in &mut lane.orders {
            if order.id == one {
                order.twin = Some(other);
            } else if order.id == other {
                order.twin = Some(one);
            }
        }
        true
    }

    pub(crate) fn remaining(&self, id: u64) -> Option<Qty> {
        let lane = self.lanes.get(*self.symbols.get(&id)? as usize)?;
        lane.orders.iter().find(|order| order.id == id).map(|order| order.left)
    }

    #[inline]
    pub(crate) fn open_orders(&self, symbol: u32) -> usize {
        self.lanes.get(symbol as usize).map_or(0, |lane| lane.orders.len())
    }

    pub(crate) fn expire_all(&mut self, symbol: u32, out: &mut Vec<u64>) {
        let Some(lane) = self.lanes.get_mut(symbol as usize) else {
            return;
        };
        for order in lane.orders.drain(..) {
            self.symbols.remove(&order.id);
            out.push(order.id);
        }
    }

    /// Fills the symbol's orders in order of submission; `price_of` says at what price an order is met, if it is.
    ///
    /// Returns the shares filled. A linked target waits while its stop is met: of two levels inside one bar nobody
    /// knows which came first, and the pessimistic reading is the one a backtest may claim.
    pub(crate) fn fill(
        &mut self,
        symbol: u32,
        room: &Room,
        price_of: impl Fn(&Working) -> Option<Price>,
        out: &mut Vec<SimFill>,
    ) -> i64 {
        let Some(lane) = self.lanes.get_mut(symbol as usize) else {
            return 0;
        };
        let mut used = 0;
        let mut any_done = false;
        for index in 0..lane.orders.len() {
            // Most orders are not met by most bars: look before copying.
            let Some((price, order)) =
                lane.orders.get(index).and_then(|order| price_of(order).map(|price| (price, *order)))
            else {
                continue;
            };
            if order.left.is_zero() || stop_comes_first(&lane.orders, &order, &price_of) {
                continue;
            }
            let shares = order.left.get().min(room.shares - used);
            let shares = if room.locked == Some(order.side) { 0 } else { shares.max(0) };
            let qty = Qty::new(shares).expect("invariant: the shares of a fill were clamped at zero");
            let left = order.left.saturating_sub(qty);
            used += shares;
            shrink(&mut lane.orders, order.id, left, order.role == Role::Stop);
            if qty.is_zero() {
                continue;
            }
            if let Some(twin) = order.twin {
                any_done |= shrink(&mut lane.orders, twin, left, false);
            }
            any_done |= left.is_zero();
            out.push(SimFill { id: order.id, symbol, qty, price, closes: left.is_zero() });
        }
        if any_done {
            let symbols = &mut self.symbols;
            lane.orders.retain(|order| {
                let open = !order.left.is_zero();
                if !open {
                    symbols.remove(&order.id);
                }
                open
            });
        }
        used
    }
}

fn stop_comes_first(orders: &[Working], order: &Working, price_of: &impl Fn(&Working) -> Option<Price>) -> bool {
    let (Role::Target, Some(twin)) = (order.role, order.twin) else {
        return false;
    };
    orders.iter().any(|other| other.id == twin && other.role == Role::Stop && price_of(other).is_some())
}

/// Sets what is left of an order, at most what it had; true when nothing is. A stop that was met is a market order now.
fn shrink(orders: &mut [Working], id: u64, left: Qty, stop_met: bool) -> bool {
    let Some(order) = orders.iter_mut().find(|order| order.id == id) else {
        return false;
    };
    order.left = order.left.min(left);
    if stop_met {
        order.trigger = Trigger::Now;
    }
    order.left.is_zero()
}

/// One multiplication: ids are small counters of our own making, so nobody can aim at collisions.
#[derive(Default, Clone, Copy)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
