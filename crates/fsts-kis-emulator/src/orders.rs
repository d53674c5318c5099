//! Orders as the broker keeps them: one row each, numbered anew every day.

use fsts_domain::{AccountNo, OrderKind, OrderNumber, Price, Qty, Side, Symbol, Timestamp, TradingDay, Won};
use serde::{Deserialize, Serialize};

use crate::account::Charge;

/// The branch every order of the emulator is placed through.
pub(crate) const BRANCH: &str = "06010";
/// Order numbers of a day begin here, so that they look like the broker's.
const FIRST_NUMBER: u64 = 1_000_001;

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// A new order.
    New,
    /// The order that a revision left behind: it works in place of its original.
    Revise,
    /// A cancellation; it never works.
    Cancel,
}

/// Time in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    /// Until the end of the session.
    Day,
    /// 즉시체결 잔량취소.
    Ioc,
    /// 전량체결 또는 취소.
    Fok,
}

/// The broker's order type codes that are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Division([u8; 2]);

impl Division {
    /// The type of a code (`ORD_DVSN`): whether it has a price, and its time in force.
    pub(crate) fn parse(code: &str) -> Option<(Self, bool, Condition)> {
        let (priced, condition) = match code {
            "00" => (true, Condition::Day),
            "01" => (false, Condition::Day),
            "11" => (true, Condition::Ioc),
            "12" => (true, Condition::Fok),
            "13" => (false, Condition::Ioc),
            "14" => (false, Condition::Fok),
            _ => return None,
        };
        let bytes: [u8; 2] = code.as_bytes().try_into().ok()?;
        Some((Division(bytes), priced, condition))
    }

    pub(crate) fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: order type codes are ASCII digits")
    }

    /// The name the order list shows.
    pub(crate) fn name(&self) -> &'static str {
        match &self.0 {
            b"00" => "지정가",
            b"01" => "시장가",
            b"11" => "IOC지정가",
            b"12" => "FOK지정가",
            b"13" => "IOC시장가",
            _ => "FOK시장가",
        }
    }
}

/// One row of the order list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Unique for ever; the name of the order in the market.
    pub(crate) id: u64,
    /// Unique within the day.
    pub(crate) number: OrderNumber,
    pub(crate) original: Option<OrderNumber>,
    pub(crate) action: Action,
    pub(crate) day: TradingDay,
    pub(crate) at: Timestamp,
    #[serde(with = "account_digits")]
    pub(crate) account: AccountNo,
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) division: Division,
    pub(crate) condition: Condition,
    pub(crate) qty: Qty,
    pub(crate) filled_qty: Qty,
    pub(crate) filled_amount: Won,
    /// Cancelled, revised away or expired.
    pub(crate) cancelled_qty: Qty,
    /// True when the session's end took the rest.
    pub(crate) expired: bool,
    pub(crate) charge: Charge,
}

impl Order {
    /// Shares that can still trade.
    pub(crate) fn remaining(&self) -> Qty {
        match self.action {
            Action::New | Action::Revise => self.qty.saturating_sub(self.filled_qty + self.cancelled_qty),
            Action::Cancel => Qty::ZERO,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.remaining().is_zero()
    }

    /// The price asked for; 0 for a market order.
    pub(crate) fn price_won(&self) -> i64 {
        match self.kind {
            OrderKind::Limit(price) => price.get(),
            OrderKind::Market => 0,
        }
    }

    /// One word for where the order stands, for the truth that tests compare with.
    pub(crate) fn state(&self) -> &'static str {
        match (self.action, self.is_open(), self.filled_qty.is_zero()) {
            (Action::Cancel, _, _) => "cancel_request",
            (Action::New | Action::Revise, true, true) => "acked",
            (Action::New | Action::Revise, true, false) => "partially_filled",
            (Action::New | Action::Revise, false, _) if self.filled_qty == self.qty => "filled",
            (Action::New | Action::Revise, false, _) if self.expired => "expired",
            (Action::New | Action::Revise, false, _) => "cancelled",
        }
    }

    /// Enters an execution.
    pub(crate) fn fill(&mut self, qty: Qty, price: Price, charge: Charge) {
        self.filled_qty += qty;
        self.filled_amount += price * qty;
        self.charge.fee += charge.fee;
        self.charge.tax += charge.tax;
    }
}

/// What a new row is made of.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) original: Option<OrderNumber>,
    pub(crate) action: Action,
    pub(crate) account: AccountNo,
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) division: Division,
    pub(crate) condition: Condition,
    pub(crate) qty: Qty,
}

/// All rows: today's, and those of the days before.
#[derive(Debug, Default)]
pub(crate) struct OrderList {
    today: Vec<Order>,
    past: Vec<Order>,
    /// Orders numbered today.
    numbered: u64,
    /// Rows ever made.
    made: u64,
}

impl OrderList {
    /// The list as it was kept.
    pub(crate) fn restored(today: Vec<Order>, past: Vec<Order>, made: u64) -> Self {
        let numbered = today.len() as u64;
        OrderList { today, past, numbered, made }
    }

    /// Enters a row and returns its id.
    pub(crate) fn add(&mut self, draft: Draft, day: TradingDay, at: Timestamp) -> u64 {
        self.made += 1;
        let number = OrderNumber::from_value(FIRST_NUMBER + self.numbered);
        self.numbered += 1;
        let Draft { original, action, account, symbol, side, kind, division, condition, qty } = draft;
        self.today.push(Order {
            id: self.made,
            number,
            original,
            action,
            day,
            at,
            account,
            symbol,
            side,
            kind,
            division,
            condition,
            qty,
            filled_qty: Qty::ZERO,
            filled_amount: Won::ZERO,
            cancelled_qty: Qty::ZERO,
            expired: false,
            charge: Charge::default(),
        });
        self.made
    }

    /// Today's row of an id.
    pub(crate) fn get(&self, id: u64) -> Option<&Order> {
        let index = self.today.binary_search_by_key(&id, |order| order.id).ok()?;
        self.today.get(index)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Order> {
        let index = self.today.binary_search_by_key(&id, |order| order.id).ok()?;
        self.today.get_mut(index)
    }

    /// Today's row of a number.
    pub(crate) fn numbered(&self, account: AccountNo, number: OrderNumber) -> Option<&Order> {
        self.today.iter().find(|order| order.number == number && order.account == account)
    }

    /// Today's rows, oldest first.
    pub(crate) fn today(&self) -> &[Order] {
        &self.today
    }

    /// Today's orders that still work, oldest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Order> {
        self.today.iter().filter(|order| order.is_open())
    }

    /// Every row, oldest first.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.past.iter().chain(&self.today)
    }

    /// Rows ever made.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// Puts today's rows with the past ones; numbers begin anew.
    pub(crate) fn begin_day(&mut self) {
        self.past.append(&mut self.today);
        self.numbered = 0;
    }
}

/// An account number as ten digits: its own form hides them.
mod account_digits {
    use fsts_domain::AccountNo;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(account: &AccountNo, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(account.reveal())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountNo, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
