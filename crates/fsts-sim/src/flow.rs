//! Order flow of plausible days, from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fsts_domain::{Market, NS_PER_S, Price, Qty, Side};
use fsts_krx::{DayRules, PriceBand};

use crate::Stream;
use crate::flow::hours::{Hours, Phase};
use crate::flow::path::FairPath;

mod hours;
mod path;

/// A day to generate. The same configuration gives the same events; the day of the rules is part of the seed.
#[derive(Clone, Debug)]
pub struct FlowConfig {
    /// Seed of everything.
    pub seed: u64,
    /// Grid, limits and hours of the day.
    pub rules: DayRules,
    /// What trades; events name a symbol by its place here.
    pub symbols: Vec<FlowSymbol>,
}

/// How one symbol trades.
#[derive(Copy, Clone, Debug)]
pub struct FlowSymbol {
    /// Base price of the day; the first price is near it.
    pub base: Price,
    /// Market section, for grid and limits.
    pub market: Market,
    /// Standard deviation of a minute's return in hundredths of a percent; 5 to 20 is plausible.
    pub sigma_bps_per_min: u32,
    /// Orders a minute that take liquidity, on average over the day.
    pub trades_per_min: u32,
}

/// Something that other people do.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct FlowEvent {
    /// Nanoseconds since Korean midnight.
    pub at_ns_of_day: i64,
    /// Place of the symbol in the configuration.
    pub symbol: u32,
    /// What is done.
    pub action: FlowAction,
}

/// What other people do.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum FlowAction {
    /// A limit order, on grid and in band.
    Limit {
        /// Its side.
        side: Side,
        /// Its price.
        price: Price,
        /// Its shares.
        qty: Qty,
    },
    /// A market order; outside auctions enter it as immediate-or-cancel.
    Market {
        /// Its side.
        side: Side,
        /// Its shares.
        qty: Qty,
    },
    /// The oldest working order of the flow in this symbol is taken back, if there is one.
    CancelOldest,
}

/// Generates the order flow of one day in time order; ends with the session.
///
/// Prices follow a hidden fair value: regimes of drift that last a quarter of an hour or so, noise that returns to
/// its mean within minutes, more of everything at the open and the close. Orders are placed around the fair value
/// without looking at a book, so that replaying the events from the start rebuilds the same book.
#[derive(Debug)]
pub struct Flow {
    rules: DayRules,
    hours: Hours,
    traders: Vec<Trader>,
    agenda: BinaryHeap<Reverse<(i64, u32)>>,
}

/// The other people in one symbol.
#[derive(Debug)]
struct Trader {
    symbol: FlowSymbol,
    band: Option<PriceBand>,
    path: FairPath,
    orders: Stream,
    mean_qty: f64,
    /// Orders that may still work, as far as one can know without a book.
    working: i64,
}

/// Orders of the flow that a symbol's book holds at most, about.
const WORKING_MAX: i64 = 200;
/// What an average limit order is worth; it fixes the share counts.
const MEAN_ORDER_WON: i64 = 4_000_000;
/// Average distance of a limit order from the fair value.
const MEAN_TICKS_AWAY: f64 = 3.0;
/// Of 1,000 actions in continuous trading so many are market orders; about as many limits trade by crossing.
const MARKET_PER_MILLE: u64 = 250;
/// Of 1,000 actions so many are cancels once a book is full.
const CANCEL_PER_MILLE: u64 = 250;

impl Flow {
    /// The flow of a day; empty when the exchange is closed.
    pub fn new(config: FlowConfig) -> Self {
        Flow::starting_at(config, 0)
    }

    /// The flow of a day from a time on, without the orders placed before it; the fair value is where it would be.
    pub fn starting_at(config: FlowConfig, ns_of_day: i64) -> Self {
        let hours = Hours::of(&config.rules);
        let (year, month, day) = config.rules.day().ymd();
        let day = u64::from(year.unsigned_abs() * 10_000 + month * 100 + day);
        let seed = Stream::new(config.seed, "day", day).next_u64();
        let begin = hours.begin_ns().max(ns_of_day);
        let mut flow = Flow { rules: config.rules, hours, traders: Vec::new(), agenda: BinaryHeap::new() };
        for (index, symbol) in (0u32..).zip(config.symbols) {
            let mut trader = Trader::new(seed, index, symbol, &flow.rules, &flow.hours);
            if let Some(first) = trader.after(begin, &flow.hours) {
                flow.agenda.push(Reverse((first, index)));
            }
            flow.traders.push(trader);
        }
        flow
    }
}

impl Iterator for Flow {
    type Item = FlowEvent;

    fn next(&mut self) -> Option<FlowEvent> {
        let Reverse((at_ns_of_day, symbol)) = self.agenda.pop()?;
        let trader = self.traders.get_mut(symbol as usize)?;
        let action = trader.act(at_ns_of_day, &self.rules, &self.hours);
        if let Some(following) = trader.after(at_ns_of_day, &self.hours) {
            self.agenda.push(Reverse((following, symbol)));
        }
        Some(FlowEvent { at_ns_of_day, symbol, action })
    }
}

impl Trader {
    fn new(seed: u64, index: u32, symbol: FlowSymbol, rules: &DayRules, hours: &Hours) -> Self {
        let band = rules.band(symbol.market, symbol.base);
        Trader {
            symbol,
            band,
            path: FairPath::new(Stream::new(seed, "path", u64::from(index)), &symbol, rules, hours.begin_ns()),
            orders: Stream::new(seed, "orders", u64::from(index)),
            mean_qty: (MEAN_ORDER_WON / symbol.base.get()).max(2) as f64,
            working: 0,
        }
    }

    /// The time of the next action after `ns`; `None` after the session.
    fn after(&mut self, ns: i64, hours: &Hours) -> Option<i64> {
        let market_orders_per_s = f64::from(self.symbol.trades_per_min.max(1)) / 60.0 * hours.intensity(ns);
        let mean_s = MARKET_PER_MILLE as f64 / 1_000.0 / market_orders_per_s;
        let wait_ns = (self.orders.exponential(mean_s) * NS_PER_S as f64) as i64;
        hours.open_at_or_after(ns.saturating_add(wait_ns.max(1)))
    }

    fn act(&mut self, ns: i64, rules: &DayRules, hours: &Hours) -> FlowAction {
        let (fair, drift) = self.path.at(ns, hours);
        let draw = self.orders.below(1_000);
        let auction = hours.phase(ns) == Phase::Auction;
        if self.working > WORKING_MAX && draw < CANCEL_PER_MILLE {
            self.working -= 1;
            return FlowAction::CancelOldest;
        }
        if !auction && draw >= 1_000 - MARKET_PER_MILLE {
            // Drift shows in who is impatient.
            let side = if self.orders.unit() < 0.5 + 0.15 * drift { Side::Buy } else { Side::Sell };
            self.working -= 1;
            return FlowAction::Market { side, qty: self.qty(0.5) };
        }
        let side = if self.orders.chance(500) { Side::Buy } else { Side::Sell };
        // Cancels count the orders that trade at once, too; without the allowance they would empty the book.
        self.working += i64::from(self.orders.chance(800));
        FlowAction::Limit { side, price: self.limit(side, fair, auction, rules), qty: self.qty(1.0) }
    }

    /// A grid price on the side's own side of the fair value, or a little beyond it in an auction.
    fn limit(&mut self, side: Side, fair: f64, auction: bool, rules: &DayRules) -> Price {
        let market = self.symbol.market;
        let fair = Price::new((fair as i64).max(1)).expect("invariant: cut at one won");
        let distance = self.orders.exponential(MEAN_TICKS_AWAY) as i32 - if auction { 2 } else { 0 };
        let near = match side {
            Side::Buy => rules.round_down(market, fair),
            Side::Sell => rules.round_up(market, fair),
        };
        match side {
            Side::Buy => rules.ticks_away(market, near, -distance, self.band).get(),
            Side::Sell => rules.ticks_away(market, near, distance, self.band).get(),
        }
    }

    fn qty(&mut self, scale: f64) -> Qty {
        let shares = 1 + self.orders.exponential(self.mean_qty * scale) as i64;
        Qty::new(shares).expect("invariant: an order has a share")
    }
}
