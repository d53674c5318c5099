//! The whole truth about accounts and orders, for tests to compare with.

use std::collections::BTreeMap;

use fsts_domain::{OrderNumber, Position, Qty, Side, Symbol, Timestamp, TradingDay, Won};
use serde::Serialize;

use crate::exchange::{Account, Exchange};
use crate::orders::Order;

/// An account as the emulated broker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountTruth {
    /// Ten digits.
    pub account: String,
    /// Cash, all trades included (D+2).
    pub cash: Won,
    /// Cash that is not held back for working orders.
    pub available: Won,
    /// Commissions since the start.
    pub fees: Won,
    /// Taxes since the start.
    pub taxes: Won,
    /// What is held; symbols that were sold out are left out.
    pub positions: BTreeMap<Symbol, Position>,
    /// Every order, oldest first, those of earlier days included.
    pub orders: Vec<OrderTruth>,
}

/// An order as the emulated broker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderTruth {
    /// Number, unique within its day.
    pub number: OrderNumber,
    /// The order that this one revises or cancels.
    pub original: Option<OrderNumber>,
    /// Trading day.
    pub day: TradingDay,
    /// Symbol.
    pub symbol: Symbol,
    /// Side.
    pub side: Side,
    /// Limit price in won; 0 for a market order.
    pub price: i64,
    /// Shares ordered.
    pub qty: Qty,
    /// Shares executed.
    pub filled_qty: Qty,
    /// Won executed.
    pub filled_amount: Won,
    /// Shares cancelled, revised away or expired.
    pub cancelled_qty: Qty,
    /// Commission charged.
    pub fee: Won,
    /// Tax charged.
    pub tax: Won,
    /// `acked`, `partially_filled`, `filled`, `cancelled`, `expired` or `cancel_request`.
    pub state: &'static str,
    /// UTC nanoseconds of its acceptance, as text: they exceed 2⁵³.
    #[serde(serialize_with = "as_text")]
    pub at_ns: i64,
}

fn as_text<S: serde::Serializer>(ns: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(ns)
}

impl Exchange {
    /// Every account.
    pub(crate) fn truth(&self) -> Vec<AccountTruth> {
        self.accounts.iter().map(|account| self.account_truth(account)).collect()
    }

    fn account_truth(&self, account: &Account) -> AccountTruth {
        let ledger = &account.ledger;
        let held = ledger.positions.iter().filter(|(_, position)| !position.qty.is_zero());
        AccountTruth {
            account: account.no.reveal().to_owned(),
            cash: ledger.cash,
            available: self.available(account.no),
            fees: ledger.fees,
            taxes: ledger.taxes,
            positions: held.map(|(symbol, position)| (*symbol, *position)).collect(),
            orders: self.orders.all().filter(|order| order.account == account.no).map(order_truth).collect(),
        }
    }

    /// Every order of every account, oldest first.
    pub(crate) fn order_log(&self) -> Vec<OrderTruth> {
        self.orders.all().map(order_truth).collect()
    }
}

fn order_truth(order: &Order) -> OrderTruth {
    let at: Timestamp = order.at;
    OrderTruth {
        number: order.number,
        original: order.original,
        day: order.day,
        symbol: order.symbol,
        side: order.side,
        price: order.price_won(),
        qty: order.qty,
        filled_qty: order.filled_qty,
        filled_amount: order.filled_amount,
        cancelled_qty: order.cancelled_qty,
        fee: order.charge.fee,
        tax: order.charge.tax,
        state: order.state(),
        at_ns: at.ns(),
    }
}
