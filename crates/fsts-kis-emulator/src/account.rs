//! An account's cash and shares, booked fill by fill.

use std::collections::BTreeMap;

use fsts_domain::{Market, Position, Price, Qty, Side, Symbol, TradingDay, Won};
use fsts_krx::DayRules;
use serde::{Deserialize, Serialize};

use crate::config::FeeRounding;

/// Commission and tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) fee: Won,
    pub(crate) tax: Won,
}

/// One execution for an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Execution {
    pub(crate) symbol: Symbol,
    pub(crate) market: Market,
    pub(crate) side: Side,
    pub(crate) qty: Qty,
    pub(crate) price: Price,
    /// What the order had executed before.
    pub(crate) order_before: Won,
}

/// A day's trades of one symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayTrades {
    pub(crate) buy_qty: Qty,
    pub(crate) sell_qty: Qty,
    pub(crate) buy_amount: Won,
    pub(crate) sell_amount: Won,
}

/// A day's trades of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayBook {
    pub(crate) by_symbol: BTreeMap<Symbol, DayTrades>,
    pub(crate) costs: Won,
    /// Executed per side and market, for charges that are cut once a day. Sides and markets are few: a list.
    amounts: Vec<(Side, Market, Won)>,
}

impl DayBook {
    /// Bought and sold amounts.
    pub(crate) fn totals(&self) -> (Won, Won) {
        let sum = |of: fn(&DayTrades) -> Won| self.by_symbol.values().map(of).sum();
        (sum(|trades| trades.buy_amount), sum(|trades| trades.sell_amount))
    }

    fn amount(&mut self, side: Side, market: Market) -> &mut Won {
        let known = self.amounts.iter().position(|(s, m, _)| (*s, *m) == (side, market));
        let index = known.unwrap_or_else(|| {
            self.amounts.push((side, market, Won::ZERO));
            self.amounts.len() - 1
        });
        &mut self.amounts.get_mut(index).expect("invariant: the entry was found or pushed").2
    }
}

/// Cash and positions of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Everything traded included: the D+2 view.
    pub(crate) cash: Won,
    pub(crate) positions: BTreeMap<Symbol, Position>,
    pub(crate) fees: Won,
    pub(crate) taxes: Won,
    pub(crate) today: DayBook,
    pub(crate) yesterday: DayBook,
    /// Net cash of trades that have not settled, by trade day, ascending.
    unsettled: Vec<(TradingDay, Won)>,
}

impl Ledger {
    pub(crate) fn with_cash(cash: Won) -> Self {
        Ledger { cash, ..Ledger::default() }
    }

    /// Books an execution and returns what it was charged.
    pub(crate) fn book(&mut self, execution: &Execution, rules: &DayRules, rounding: FeeRounding) -> Charge {
        let Execution { symbol, market, side, qty, price, order_before } = *execution;
        let amount = price * qty;
        let day_amount = self.today.amount(side, market);
        let before = match rounding {
            FeeRounding::Fill => Won::ZERO,
            FeeRounding::Order => order_before,
            FeeRounding::Day => *day_amount,
        };
        *day_amount += amount;
        // The charge on all so far less the charge on all before: cut once over the whole.
        let after = before + amount;
        let charge = Charge {
            fee: rules.commission(market, after) - rules.commission(market, before),
            tax: match side {
                Side::Buy => Won::ZERO,
                Side::Sell => rules.sell_tax(market, after) - rules.sell_tax(market, before),
            },
        };
        let costs = charge.fee + charge.tax;
        let trades = self.today.by_symbol.entry(symbol).or_default();
        let position = self.positions.entry(symbol).or_default();
        let net = match side {
            Side::Buy => {
                position.buy(qty, amount);
                trades.buy_qty += qty;
                trades.buy_amount += amount;
                -(amount + costs)
            }
            Side::Sell => {
                position.sell(qty);
                trades.sell_qty += qty;
                trades.sell_amount += amount;
                amount - costs
            }
        };
        self.today.costs += costs;
        self.cash += net;
        self.fees += charge.fee;
        self.taxes += charge.tax;
        match self.unsettled.last_mut() {
            Some((day, flow)) if *day == rules.day() => *flow += net,
            Some(_) | None => self.unsettled.push((rules.day(), net)),
        }
        charge
    }

    /// Begins a day on which trades of days before `unsettled_from` have settled.
    pub(crate) fn begin_day(&mut self, unsettled_from: TradingDay) {
        self.yesterday = std::mem::take(&mut self.today);
        self.unsettled.retain(|(day, _)| *day >= unsettled_from);
        let yesterday = &self.yesterday;
        self.positions.retain(|symbol, position| {
            // Symbols that were sold out stay listed with no shares for a while.
            !position.qty.is_zero() || yesterday.by_symbol.contains_key(symbol)
        });
    }

    /// Cash that has settled today (예수금).
    pub(crate) fn settled(&self) -> Won {
        self.cash - self.unsettled.iter().map(|(_, flow)| *flow).sum::<Won>()
    }

    /// Cash after tomorrow's settlement: trades of `today` are still out.
    pub(crate) fn settled_tomorrow(&self, today: TradingDay) -> Won {
        let out = self.unsettled.iter().filter(|(day, _)| *day >= today);
        self.cash - out.map(|(_, flow)| *flow).sum::<Won>()
    }

    /// Shares held.
    pub(crate) fn held(&self, symbol: Symbol) -> Qty {
        self.positions.get(&symbol).map_or(Qty::ZERO, |position| position.qty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fsts_krx::{FeeSchedule, RuleBook};

    fn rules() -> DayRules {
        RuleBook::krx(FeeSchedule::KIS_BANKIS).on("2026-11-20".parse().unwrap())
    }

    fn execution(side: Side, shares: i64, won: i64, before: i64) -> Execution {
        Execution {
            symbol: "005930".parse().unwrap(),
            market: Market::Kospi,
            side,
            qty: Qty::new(shares).unwrap(),
            price: Price::new(won).unwrap(),
            order_before: Won::new(before),
        }
    }

    #[test]
    fn charges_are_cut_per_fill_per_order_or_per_day() {
        // 3 × 9,999 won at 0.0140527 %: 1.405 each, 4.215 together.
        for (rounding, fees) in [(FeeRounding::Fill, 3), (FeeRounding::Order, 4), (FeeRounding::Day, 4)] {
            let mut ledger = Ledger::with_cash(Won::new(100_000));
            for before in [0, 9_999, 19_998] {
                ledger.book(&execution(Side::Buy, 1, 9_999, before), &rules(), rounding);
            }
            assert_eq!((ledger.fees.get(), ledger.cash.get()), (fees, 100_000 - 29_997 - fees), "{rounding:?}");
        }
        let mut ledger = Ledger::with_cash(Won::new(100_000));
        for _ in 0..3 {
            ledger.book(&execution(Side::Buy, 1, 9_999, 0), &rules(), FeeRounding::Day);
        }
        assert_eq!(ledger.fees.get(), 4, "three orders of one day are cut once");
    }

    #[test]
    fn a_sale_is_taxed_and_its_cash_settles_two_days_later() {
        let mut ledger = Ledger::with_cash(Won::new(1_000_000));
        ledger.book(&execution(Side::Buy, 10, 10_000, 0), &rules(), FeeRounding::Order);
        let charge = ledger.book(&execution(Side::Sell, 10, 11_000, 0), &rules(), FeeRounding::Order);
        assert_eq!((charge.fee.get(), charge.tax.get()), (15, 55 + 165));
        let cash = 1_000_000 - 100_000 - 14 + 110_000 - 15 - 220;
        assert_eq!((ledger.cash.get(), ledger.settled().get()), (cash, 1_000_000));
        assert_eq!(ledger.held("005930".parse().unwrap()), Qty::ZERO);
        ledger.begin_day("2026-11-20".parse().unwrap());
        assert_eq!((ledger.settled().get(), ledger.positions.len()), (1_000_000, 1));
        ledger.begin_day("2026-11-23".parse().unwrap());
        assert_eq!((ledger.settled().get(), ledger.positions.len()), (cash, 0));
    }
}
