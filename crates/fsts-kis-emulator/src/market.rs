//! Where prints come from and where our orders meet them: a generated market with a book, or a replay of bars.

use fsts_domain::{OrderKind, Price, Qty, Side, Timestamp, TradingDay};
use fsts_krx::{DayRules, SessionPart};

use crate::board::{Board, ChartBar, Print, synthetic_depth};
use crate::orders::Condition;

pub(crate) mod generated;
pub(crate) mod history;
pub(crate) mod replay;

use generated::Generated;
use replay::Replay;

/// An order as the market takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) id: u64,
    pub(crate) symbol: usize,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) condition: Condition,
    pub(crate) qty: Qty,
}

/// What happened in the market, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A trade for the tape.
    Print(Print),
    /// One of our orders traded.
    Fill { id: u64, qty: Qty, price: Price },
    /// The market dropped what was left of one of our orders.
    Dropped { id: u64 },
    /// The symbol's book looks different now.
    Book { symbol: usize },
}

/// The hours of a day, as the market needs them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hours {
    pub(crate) day: TradingDay,
    pub(crate) open: Timestamp,
    pub(crate) close: Timestamp,
    /// What lies before this instant (included) has happened already.
    pub(crate) resume_after: Timestamp,
    /// True when there are no auctions and no closing time.
    pub(crate) always_open: bool,
}

/// One of the two sources.
#[derive(Debug)]
pub(crate) enum Market {
    Generated(Box<Generated>),
    Replay(Box<Replay>),
}

impl Market {
    /// When the market next does something by itself.
    pub(crate) fn next_at(&mut self) -> Option<Timestamp> {
        match self {
            Market::Generated(market) => market.next_at(),
            Market::Replay(market) => market.next_at(),
        }
    }

    /// Does all that is due at `now`.
    pub(crate) fn run(&mut self, now: Timestamp, out: &mut Vec<Happening>) {
        match self {
            Market::Generated(market) => market.run(now, out),
            Market::Replay(market) => market.run(now, out),
        }
    }

    /// Begins a trading day; the board has its base prices already.
    pub(crate) fn begin_day(&mut self, hours: &Hours, board: &Board, rules: &DayRules) {
        match self {
            Market::Generated(market) => market.begin_day(hours, board, rules),
            Market::Replay(market) => market.begin_day(hours, board),
        }
    }

    /// The prints of the day from before it was entered, for the board.
    pub(crate) fn take_passed(&mut self) -> Vec<Print> {
        match self {
            // What a generated day had before is on the kept board, or nobody saw it.
            Market::Generated(_) => Vec::new(),
            Market::Replay(market) => market.take_passed(),
        }
    }

    /// Tells the market which part of the session has begun; an auction that ends trades now.
    pub(crate) fn enter(&mut self, part: SessionPart, now: Timestamp, out: &mut Vec<Happening>) {
        match self {
            Market::Generated(market) => market.enter(part, now, out),
            Market::Replay(_) => {}
        }
    }

    /// Takes an order in.
    pub(crate) fn submit(&mut self, order: &Incoming, now: Timestamp, out: &mut Vec<Happening>) {
        match self {
            Market::Generated(market) => market.submit(order, now, out),
            Market::Replay(market) => market.submit(order),
        }
    }

    /// Takes an order out; false when it does not work (any more).
    pub(crate) fn cancel(&mut self, id: u64, symbol: usize) -> bool {
        match self {
            Market::Generated(market) => market.cancel(id, symbol),
            Market::Replay(market) => market.cancel(id),
        }
    }

    /// Makes an order smaller; it keeps its place where it can.
    pub(crate) fn reduce(&mut self, order: &Incoming, now: Timestamp, out: &mut Vec<Happening>) {
        match self {
            Market::Generated(market) => market.reduce(order),
            Market::Replay(market) => {
                market.cancel(order.id);
                self.submit(order, now, out);
            }
        }
    }

    /// The ten best levels of a side, best first.
    pub(crate) fn depth(&self, symbol: usize, side: Side, board: &Board, rules: &DayRules) -> Vec<(Price, Qty)> {
        match self {
            Market::Generated(market) => market.depth(symbol, side),
            Market::Replay(_) => synthetic_depth(board.get(symbol), rules, side),
        }
    }

    /// Price and shares an auction would trade now.
    pub(crate) fn indicative(&self, symbol: usize) -> Option<(Price, Qty)> {
        match self {
            Market::Generated(market) => market.indicative(symbol),
            Market::Replay(_) => None,
        }
    }

    /// The first trading day on or after `from` that the source has something for, among days the calendar opens.
    pub(crate) fn day_from(&self, from: TradingDay, is_open: impl Fn(TradingDay) -> bool) -> Option<TradingDay> {
        match self {
            // Longer than any run of closed days.
            Market::Generated(_) => (0..40).map(|days| from.plus_days(days)).find(|day| is_open(*day)),
            Market::Replay(market) => market.days().find(|day| *day >= from && is_open(*day)),
        }
    }

    /// A symbol's minutes of a day that is not on the board, when the source has bars of minutes.
    pub(crate) fn minutes_of(&self, day: TradingDay, symbol: usize) -> Vec<(i64, ChartBar)> {
        match self {
            Market::Generated(_) => Vec::new(),
            Market::Replay(market) => market.minutes_of(day, symbol),
        }
    }

    /// A symbol's first price of the day, when the source knows it beforehand.
    pub(crate) fn first_price(&self, day: TradingDay, symbol: usize) -> Option<Price> {
        match self {
            Market::Generated(_) => None,
            Market::Replay(market) => market.first_price(day, symbol),
        }
    }
}
