//! Call auctions: one price at which the most shares change hands.

use std::collections::BTreeSet;

use fsts_domain::{Price, Qty, Side};

use crate::book::queue::{Front, Rank};
use crate::book::{Book, BookEvent};

/// Shares an order gets in the first of three rounds at a price limit (in force since 2023-01).
const FIRST_ROUND: i64 = 100;

/// What each side would give at a price.
#[derive(Copy, Clone)]
struct Cross {
    price: Price,
    bought: Qty,
    sold: Qty,
}

impl Cross {
    fn matched(&self) -> Qty {
        self.bought.min(self.sold)
    }

    fn surplus(&self) -> Qty {
        self.bought.max(self.sold) - self.matched()
    }
}

impl Book {
    /// The price and the shares of an auction that would end now; `None` when nothing would trade.
    ///
    /// Most shares first, then the smallest surplus, then the nearest to the last price, then the lower price.
    pub fn indicative(&self) -> Option<(Price, Qty)> {
        let distance = |cross: &Cross| self.last.map_or(0, |last| (cross.price.get() - last.get()).abs());
        let best = self
            .crosses()
            .into_iter()
            .min_by_key(|cross| (std::cmp::Reverse(cross.matched()), cross.surplus(), distance(cross), cross.price))?;
        (!best.matched().is_zero()).then(|| (best.price, best.matched()))
    }

    /// Trades all that an auction matches, at its one price; the rest works on. Returns that price and its shares.
    ///
    /// In each pair the order that arrived later is the taker.
    pub fn uncross(&mut self, out: &mut Vec<BookEvent>) -> Option<(Price, Qty)> {
        let (price, total) = self.indicative()?;
        let bids = self.allocate(Side::Buy, price, total);
        let asks = self.allocate(Side::Sell, price, total);
        self.pair(price, bids, asks, out);
        self.last = Some(price);
        Some((price, total))
    }

    /// Both sides' shares at every price that an order names (and at the last price, for market orders alone).
    fn crosses(&self) -> Vec<Cross> {
        let named = |side| self.queues.levels(side).map(|(price, _)| price);
        let mut prices: BTreeSet<Price> = named(Side::Buy).chain(named(Side::Sell)).collect();
        if prices.is_empty() {
            prices.extend(self.last);
        }
        let mut sold = self.queues.waiting_at_market(Side::Sell);
        let mut bought: Qty = self.queues.levels(Side::Buy).map(|(_, qty)| qty).sum();
        bought += self.queues.waiting_at_market(Side::Buy);
        // Upwards: sellers join at their price, buyers drop out above theirs.
        let mut asks = self.queues.levels(Side::Sell).peekable();
        let mut bids: Vec<(Price, Qty)> = self.queues.levels(Side::Buy).collect();
        let mut crosses = Vec::with_capacity(prices.len());
        for price in prices {
            while let Some((_, qty)) = asks.next_if(|(ask, _)| *ask <= price) {
                sold += qty;
            }
            while let Some((_, qty)) = bids.pop_if(|(bid, _)| *bid < price) {
                bought -= qty;
            }
            crosses.push(Cross { price, bought, sold });
        }
        crosses
    }

    /// Who of a side trades how much, in priority order, `total` in all.
    fn allocate(&self, side: Side, price: Price, total: Qty) -> Vec<(Front, Qty)> {
        let mut left = total;
        let mut shares = Vec::new();
        let prices = self.queues.levels(side).map(|(level, _)| Rank::At(level));
        for rank in std::iter::once(Rank::Market).chain(prices) {
            if left.is_zero() || !rank.accepts(side, price) {
                break;
            }
            let queue = self.queues.queue(side, rank);
            let given = if rank == Rank::At(price) && self.is_limit_of(side, price) {
                in_rounds(&queue, left)
            } else {
                in_time(&queue, left)
            };
            left -= given.iter().copied().sum();
            shares.extend(queue.into_iter().zip(given).filter(|(_, qty)| !qty.is_zero()));
        }
        shares
    }

    /// True at the upper limit for buyers and at the lower one for sellers: there they count as simultaneous.
    fn is_limit_of(&self, side: Side, price: Price) -> bool {
        self.band.is_some_and(|band| match side {
            Side::Buy => price == band.upper,
            Side::Sell => price == band.lower,
        })
    }

    fn pair(&mut self, price: Price, bids: Vec<(Front, Qty)>, asks: Vec<(Front, Qty)>, out: &mut Vec<BookEvent>) {
        for (order, qty) in bids.iter().chain(&asks) {
            self.queues.take(order, *qty);
        }
        let mut asks = asks.into_iter();
        let mut ask = asks.next();
        for (bid, mut wanted) in bids {
            while let Some((seller, offered)) = ask.as_mut().filter(|_| !wanted.is_zero()) {
                let qty = wanted.min(*offered);
                let bid_first = bid.arrival < seller.arrival;
                let (maker, taker) = if bid_first { (bid.id, seller.id) } else { (seller.id, bid.id) };
                let maker_side = if bid_first { Side::Buy } else { Side::Sell };
                out.push(BookEvent::Trade { maker, taker, maker_side, price, qty });
                wanted -= qty;
                *offered -= qty;
                if offered.is_zero() {
                    ask = asks.next();
                }
            }
        }
    }
}

fn in_time(queue: &[Front], total: Qty) -> Vec<Qty> {
    let mut left = total;
    let give = |order: &Front| {
        let qty = order.qty.min(left);
        left -= qty;
        qty
    };
    queue.iter().map(give).collect()
}

/// Three rounds: 100 shares each, half of what each still wants, the rest; the largest orders first.
fn in_rounds(queue: &[Front], total: Qty) -> Vec<Qty> {
    let mut order: Vec<usize> = (0..queue.len()).collect();
    order.sort_by_key(|index| queue.get(*index).map(|front| (std::cmp::Reverse(front.qty), front.arrival)));
    let mut given = vec![Qty::ZERO; queue.len()];
    let mut left = total;
    for round in 0..3 {
        for &index in &order {
            let (Some(front), Some(got)) = (queue.get(index), given.get_mut(index)) else {
                continue;
            };
            let wants = front.qty.saturating_sub(*got).get();
            let share = match round {
                0 => wants.min(FIRST_ROUND),
                1 => wants - wants / 2,
                _ => wants,
            };
            let share = Qty::new(share).expect("invariant: a share of a quantity is not negative").min(left);
            *got += share;
            left -= share;
        }
    }
    given
}
