//! An honest broker behind a bad line: what it executes is the truth; replies, notices and lists reach us as chance has it.

use fsts_domain::*;
use fsts_engine::*;
use fsts_krx::{DayRules, FeeSchedule, RuleBook};

use crate::desk::*;

/// An order as the broker has it.
#[derive(Debug, Clone)]
pub struct Held {
    pub row: OrderReport,
    /// Not in any list before this time.
    pub visible_at: Timestamp,
    pub fee: i64,
    pub tax: i64,
}

impl Held {
    pub fn is_open(&self) -> bool {
        !self.row.remaining_qty.is_zero()
    }
}

/// The broker's own books.
pub struct Exchange {
    rules: DayRules,
    pub orders: Vec<Held>,
    pub cash: i64,
    next_number: u64,
    /// Notices that are still on their way.
    pub underway: Vec<(OrderReport, i64, i64)>,
}

impl Exchange {
    pub fn new(cash: i64) -> Exchange {
        let rules = RuleBook::krx(FeeSchedule::KIS_BANKIS).on(today());
        Exchange { rules, orders: Vec::new(), cash, next_number: 1, underway: Vec::new() }
    }

    /// Takes an order and gives it a number.
    pub fn take(&mut self, what: Row, at: Timestamp, delay_s: i64) -> OrderNumber {
        let row = what.at(self.next_number, at);
        self.next_number += 1;
        self.orders.push(Held { row: row.clone(), visible_at: at.plus_s(delay_s), fee: 0, tax: 0 });
        row.number
    }

    /// Executes shares of an order at a price, and sends a notice on its way.
    pub fn execute(&mut self, index: usize, shares: i64, won: i64) {
        let Some(held) = self.orders.get_mut(index).filter(|h| h.is_open()) else { return };
        let shares = shares.min(held.row.remaining_qty.get());
        let sells = held.row.side == Side::Sell;
        let amount = held.row.filled_amount.get() + shares * won;
        held.row = held.row.clone().filled(held.row.filled_qty.get() + shares, amount);
        let fee = self.rules.commission(Market::Kospi, held.row.filled_amount).get();
        let tax = if sells { self.rules.sell_tax(Market::Kospi, held.row.filled_amount).get() } else { 0 };
        let sign = if sells { 1 } else { -1 };
        self.cash += sign * shares * won - (fee - held.fee) - (tax - held.tax);
        (held.fee, held.tax) = (fee, tax);
        self.underway.push((held.row.clone(), shares, won));
    }

    /// Cancels what is left of an order.
    pub fn cancel(&mut self, number: OrderNumber) {
        if let Some(held) = self.orders.iter_mut().find(|h| h.row.number == number) {
            held.row = held.row.clone().cancelled();
        }
    }

    /// Shares of a symbol, from its executions and what was there before.
    pub fn shares(&self, symbol: Symbol, before: i64) -> i64 {
        let signed = |h: &Held| match h.row.side {
            Side::Buy => h.row.filled_qty.get(),
            Side::Sell => -h.row.filled_qty.get(),
        };
        before + self.orders.iter().filter(|h| h.row.symbol == symbol).map(signed).sum::<i64>()
    }

    /// The list as it is at a time.
    pub fn list(&self, at: Timestamp) -> Vec<OrderReport> {
        self.orders.iter().filter(|h| h.visible_at <= at).map(|h| h.row.clone()).collect()
    }
}
