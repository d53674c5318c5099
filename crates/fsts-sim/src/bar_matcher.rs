//! Our orders against stored bars.

use fsts_domain::{Bar, Price, Qty};
use fsts_krx::PriceBand;

use crate::lanes::{Lanes, Role, Room, Trigger, Working};
use crate::{SimFill, SimOrder, locked_side};

/// Where in its bar an entry was filled; it decides which prices of the bar came after it for certain.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum EntryFill {
    /// At the open: all of the bar came after.
    AtOpen,
    /// At a level inside the bar: a stop beyond that level came after, of the other prices only the close.
    Inside,
}

/// Fills open orders from the next bar of their symbol, in order of submission.
///
/// A bar costs in proportion to the open orders of its symbol, and allocates nothing.
#[derive(Debug)]
pub struct BarMatcher {
    lanes: Lanes,
    volume_share_bps: u32,
}

impl BarMatcher {
    /// A matcher for symbols `0..symbols`; it grows when an order names a higher one.
    pub fn new(symbols: usize) -> Self {
        BarMatcher { lanes: Lanes::new(symbols), volume_share_bps: 0 }
    }

    /// Caps the fills of a bar, all orders together, at a share of its volume in hundredths of a percent; 0 is no cap.
    #[must_use]
    pub fn with_volume_share(mut self, bps: u32) -> Self {
        self.volume_share_bps = bps;
        self
    }

    /// Opens an order; it meets the next bar of its symbol.
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

    /// Links a stop and a target over one position: what one fills the other loses, and the stop wins a bar that meets
    /// both. False when they are not open on one symbol.
    pub fn link(&mut self, stop_id: u64, target_id: u64) -> bool {
        self.lanes.link(stop_id, target_id)
    }

    /// Fills what the symbol's next bar meets; a bar without volume meets nothing.
    #[inline]
    pub fn on_bar(&mut self, symbol: u32, bar: &Bar, band: Option<PriceBand>, out: &mut Vec<SimFill>) {
        let Some(lane) = self.lanes.lane_mut(symbol) else {
            return;
        };
        lane.used = 0;
        if !lane.orders.is_empty() {
            self.match_bar(symbol, bar, band, out);
        }
    }

    fn match_bar(&mut self, symbol: u32, bar: &Bar, band: Option<PriceBand>, out: &mut Vec<SimFill>) {
        let room = self.room(symbol, bar, band);
        let used = if bar.volume > 0 { self.lanes.fill(symbol, &room, |o| bar_price(o, bar), out) } else { 0 };
        if let Some(lane) = self.lanes.lane_mut(symbol) {
            lane.used = used;
        }
    }

    /// Fills stops and targets that were submitted after [`BarMatcher::on_bar`] filled an entry in this same bar.
    ///
    /// A stop is watched from the entry bar on. The open was the entry's, so there is no gap: levels only.
    pub fn recheck(
        &mut self,
        symbol: u32,
        bar: &Bar,
        band: Option<PriceBand>,
        entry: EntryFill,
        out: &mut Vec<SimFill>,
    ) {
        if bar.volume <= 0 || self.open_orders(symbol) == 0 {
            return;
        }
        let room = self.room(symbol, bar, band);
        let used = self.lanes.fill(symbol, &room, |o| price_after_entry(o, bar, entry), out);
        if let Some(lane) = self.lanes.lane_mut(symbol) {
            lane.used += used;
        }
    }

    /// Number of open orders of a symbol.
    #[inline]
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

    fn room(&mut self, symbol: u32, bar: &Bar, band: Option<PriceBand>) -> Room {
        let used = self.lanes.lane_mut(symbol).map_or(0, |lane| lane.used);
        let shares = if self.volume_share_bps == 0 {
            i64::MAX
        } else {
            // Volumes are below 1e13 shares, far from where this product would leave i64.
            bar.volume.saturating_mul(i64::from(self.volume_share_bps)) / 10_000 - used
        };
        Room { shares, locked: locked_side(bar, band) }
    }
}

#[inline]
fn bar_price(order: &Working, bar: &Bar) -> Option<Price> {
    match order.trigger {
        Trigger::Now => Some(bar.open),
        Trigger::AtMost(level) if bar.open <= level => Some(bar.open),
        Trigger::AtMost(level) => (bar.low <= level).then_some(level),
        Trigger::AtLeast(level) if bar.open >= level => Some(bar.open),
        Trigger::AtLeast(level) => (bar.high >= level).then_some(level),
    }
}

fn price_after_entry(order: &Working, bar: &Bar, entry: EntryFill) -> Option<Price> {
    let (low, high) = match (order.role, entry) {
        (Role::Plain, EntryFill::AtOpen | EntryFill::Inside) => return None,
        (Role::Target, EntryFill::Inside) => (bar.close, bar.close),
        (Role::Stop, EntryFill::AtOpen | EntryFill::Inside) | (Role::Target, EntryFill::AtOpen) => (bar.low, bar.high),
    };
    match order.trigger {
        // A level outside the bar would be a price nobody traded at.
        Trigger::AtMost(level) => (low <= level).then(|| level.min(bar.high)),
        Trigger::AtLeast(level) => (high >= level).then(|| level.max(bar.low)),
        Trigger::Now => None,
    }
}
