//! Working orders by rank and arrival, with constant-time removal from the middle of a queue.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use fsts_domain::{Price, Qty, Side};

use crate::book::OrderId;
use crate::lanes::IdHasher;

/// What stands ahead: market orders, then prices.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Rank {
    Market,
    At(Price),
}

impl Rank {
    /// True when an order of this rank and side may trade at `price`.
    pub(crate) fn accepts(self, side: Side, price: Price) -> bool {
        match (self, side) {
            (Rank::Market, Side::Buy | Side::Sell) => true,
            (Rank::At(limit), Side::Buy) => price <= limit,
            (Rank::At(limit), Side::Sell) => price >= limit,
        }
    }
}

/// The first order of a side.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Front {
    pub(crate) id: OrderId,
    pub(crate) rank: Rank,
    pub(crate) qty: Qty,
    /// Order of arrival in the book.
    pub(crate) arrival: u64,
}

/// Both sides' working orders. Orders live in one slab; each level is a doubly linked list through it.
#[derive(Default, Debug)]
pub(crate) struct Queues {
    slab: Vec<Slot>,
    free: Vec<u32>,
    slot_of: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    bids: SideQueues,
    asks: SideQueues,
    arrivals: u64,
}

#[derive(Copy, Clone, Debug)]
struct Slot {
    id: OrderId,
    side: Side,
    rank: Rank,
    qty: Qty,
    arrival: u64,
    previous: u32,
    next: u32,
}

/// Ends a list.
const NONE: u32 = u32::MAX;

#[derive(Default, Debug)]
struct SideQueues {
    market: Level,
    levels: BTreeMap<Price, Level>,
}

#[derive(Copy, Clone, Debug)]
struct Level {
    head: u32,
    tail: u32,
    qty: Qty,
}

impl Default for Level {
    fn default() -> Self {
        Level { head: NONE, tail: NONE, qty: Qty::ZERO }
    }
}

impl Queues {
    pub(crate) fn len(&self) -> usize {
        self.slot_of.len()
    }

    pub(crate) fn push(&mut self, id: OrderId, side: Side, rank: Rank, qty: Qty) {
        let level = self.side(side).level(rank);
        let (tail, at) = (level.tail, self.free.pop());
        let slot = Slot { id, side, rank, qty, arrival: self.arrivals, previous: tail, next: NONE };
        self.arrivals += 1;
        let at = match at {
            Some(at) => {
                *self.slot_mut(at) = slot;
                at
            }
            None => {
                self.slab.push(slot);
                u32::try_from(self.slab.len() - 1).expect("invariant: a book holds fewer than 4e9 orders")
            }
        };
        if tail != NONE {
            self.slot_mut(tail).next = at;
        }
        let level = self.side_mut(side).level_mut(rank);
        level.tail = at;
        level.qty += qty;
        if level.head == NONE {
            level.head = at;
        }
        self.slot_of.insert(id.0, at);
    }

    pub(crate) fn remaining(&self, id: OrderId) -> Option<Qty> {
        self.slot_of.get(&id.0).map(|at| self.slot(*at).qty)
    }

    /// Takes an order out and returns its shares.
    pub(crate) fn remove(&mut self, id: OrderId) -> Option<Qty> {
        let at = self.slot_of.remove(&id.0)?;
        let slot = *self.slot(at);
        if slot.previous != NONE {
            self.slot_mut(slot.previous).next = slot.next;
        }
        if slot.next != NONE {
            self.slot_mut(slot.next).previous = slot.previous;
        }
        let side = self.side_mut(slot.side);
        let level = side.level_mut(slot.rank);
        level.qty -= slot.qty;
        if level.head == at {
            level.head = slot.next;
        }
        if level.tail == at {
            level.tail = slot.previous;
        }
        if let (Rank::At(price), NONE) = (slot.rank, level.head) {
            side.levels.remove(&price);
        }
        self.free.push(at);
        Some(slot.qty)
    }

    /// Cuts an order to `qty` in its place; false when it is not larger than that.
    pub(crate) fn reduce(&mut self, id: OrderId, qty: Qty) -> bool {
        let Some(&at) = self.slot_of.get(&id.0) else {
            return false;
        };
        let slot = self.slot_mut(at);
        if slot.qty <= qty {
            return false;
        }
        let (side, rank, less) = (slot.side, slot.rank, slot.qty - qty);
        slot.qty = qty;
        self.side_mut(side).level_mut(rank).qty -= less;
        true
    }

    /// The order that trades first on a side.
    pub(crate) fn front(&self, side: Side) -> Option<Front> {
        let queues = self.side(side);
        let head = if queues.market.head == NONE {
            self.best_level(side).map_or(NONE, |(_, level)| level.head)
        } else {
            queues.market.head
        };
        (head != NONE).then(|| {
            let slot = self.slot(head);
            Front { id: slot.id, rank: slot.rank, qty: slot.qty, arrival: slot.arrival }
        })
    }

    /// Takes `qty` shares, at most all, from the first order of a side.
    pub(crate) fn take_front(&mut self, side: Side, qty: Qty) {
        let Some(front) = self.front(side) else { return };
        self.take(&front, qty);
    }

    /// Takes `qty` shares, at most all, from an order.
    pub(crate) fn take(&mut self, order: &Front, qty: Qty) {
        if qty >= order.qty {
            self.remove(order.id);
        } else {
            self.reduce(order.id, order.qty - qty);
        }
    }

    pub(crate) fn best(&self, side: Side) -> Option<Rank> {
        self.front(side).map(|front| front.rank)
    }

    /// Prices of a side with their shares, best first.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.levels.iter().rev()), None),
            Side::Sell => (None, Some(self.asks.levels.iter())),
        };
        bids.into_iter().flatten().chain(asks.into_iter().flatten()).map(|(price, level)| (*price, level.qty))
    }

    /// Shares of the market orders that wait on a side.
    pub(crate) fn waiting_at_market(&self, side: Side) -> Qty {
        self.side(side).market.qty
    }

    /// The orders of one rank, oldest first.
    pub(crate) fn queue(&self, side: Side, rank: Rank) -> Vec<Front> {
        let mut orders = Vec::new();
        let mut at = self.side(side).level(rank).head;
        while at != NONE {
            let slot = self.slot(at);
            orders.push(Front { id: slot.id, rank, qty: slot.qty, arrival: slot.arrival });
            at = slot.next;
        }
        orders
    }

    /// All working orders by arrival.
    pub(crate) fn oldest_first(&self) -> Vec<OrderId> {
        let mut orders: Vec<(u64, OrderId)> = Vec::with_capacity(self.len());
        for side in [Side::Buy, Side::Sell] {
            let prices = self.levels(side).map(|(price, _)| Rank::At(price));
            for rank in std::iter::once(Rank::Market).chain(prices) {
                orders.extend(self.queue(side, rank).iter().map(|order| (order.arrival, order.id)));
            }
        }
        orders.sort_unstable();
        orders.into_iter().map(|(_, id)| id).collect()
    }

    fn best_level(&self, side: Side) -> Option<(&Price, &Level)> {
        match side {
            Side::Buy => self.bids.levels.last_key_value(),
            Side::Sell => self.asks.levels.first_key_value(),
        }
    }

    fn side(&self, side: Side) -> &SideQueues {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut SideQueues {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn slot(&self, at: u32) -> &Slot {
        self.slab.get(at as usize).expect("invariant: a listed slot is in the slab")
    }

    fn slot_mut(&mut self, at: u32) -> &mut Slot {
        self.slab.get_mut(at as usize).expect("invariant: a listed slot is in the slab")
    }
}

impl SideQueues {
    /// The level of a rank as it is, empty when there is none.
    fn level(&self, rank: Rank) -> Level {
        match rank {
            Rank::Market => self.market,
            Rank::At(price) => self.levels.get(&price).copied().unwrap_or_default(),
        }
    }

    /// The level of a rank, made when there is none.
    fn level_mut(&mut self, rank: Rank) -> &mut Level {
        match rank {
            Rank::Market => &mut self.market,
            Rank::At(price) => self.levels.entry(price).or_default(),
        }
    }
}
