//! Typed queries over the read models.

use std::collections::BTreeMap;

use fsts_domain::{
    BotId, IntentId, OrderKind, OrderNumber, OrderState, Position, Price, Qty, Side, Symbol, Timestamp, Won,
};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::chain::{signed, unsigned};
use crate::rows::{from_word, from_word_or_null, parse, ranged, word};
use crate::{Store, StoreError};

/// How recent the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AsOf {
    /// Last journal record that they show; 0 before the first.
    pub seq: u64,
    /// Market time of that record.
    pub at: Timestamp,
}

/// An order as the screens show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// Our order id.
    pub id: IntentId,
    /// The instrument.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// Ordered shares.
    pub qty: Qty,
    /// Where it stands.
    pub state: OrderState,
    /// The broker's number, once known.
    pub order_number: Option<OrderNumber>,
    /// Shares filled so far.
    pub filled_qty: Qty,
    /// Amount filled so far.
    pub filled_amount: Won,
    /// Who wanted it.
    pub bot: BotId,
    /// The broker's or the gate's last words about it.
    pub reason: Option<String>,
    /// When it passed the risk gate.
    pub created: Timestamp,
    /// When a record last changed it.
    pub updated: Timestamp,
}

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillRow {
    /// The journal record that booked it.
    pub id: u64,
    /// Our order, or `None` for a hand-made trade.
    pub order_id: Option<IntentId>,
    /// The broker's number, when it was known at the time.
    pub order_number: Option<OrderNumber>,
    /// The instrument.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Amount per share, cut to whole won; `amount` is the exact figure.
    pub price: Price,
    /// Amount.
    pub amount: Won,
    /// Commission.
    pub fee: Won,
    /// Tax.
    pub tax: Won,
    /// Whose order it was; `None` is `External`.
    pub bot: Option<BotId>,
    /// Market time of the record.
    pub at: Timestamp,
}

/// What one owner holds of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionRow {
    /// The instrument.
    pub symbol: Symbol,
    /// The owner; `None` is `External`.
    pub owner: Option<BotId>,
    /// Shares and their cost.
    pub position: Position,
}

/// The account's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountRow {
    /// Cash.
    pub cash: Won,
    /// Cash set aside for working buys.
    pub reserved: Won,
    /// Realized profit after costs.
    pub realized: Won,
    /// Cash at the account's opening.
    pub start: Won,
    /// Σ bought amounts.
    pub bought: Won,
    /// Σ sold amounts.
    pub sold: Won,
    /// Σ commissions.
    pub fees: Won,
    /// Σ taxes.
    pub taxes: Won,
    /// Σ explicit adjustments.
    pub adjusted: Won,
    /// How recent this is.
    pub as_of: AsOf,
}

/// Which orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only open (`true`) or only ended (`false`) ones.
    pub open: Option<bool>,
    /// Only of this instrument.
    pub symbol: Option<Symbol>,
    /// At most so many, the newest.
    pub limit: u32,
}

const ORDERS: &str = "SELECT id, symbol, side, kind, qty, price, state, order_number, filled_qty, filled_amount, bot, \
                      reason, created_ns, updated_ns FROM orders WHERE stream = $1";
const FILLS: &str = "SELECT id, order_id, order_number, symbol, side, qty, price, amount, fee, tax, bot, at_ns \
                     FROM fills WHERE stream = $1";

impl Store {
    /// Orders, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row cannot be read.
    pub async fn orders(&self, stream: &str, filter: OrderFilter) -> Result<Vec<OrderRow>, StoreError> {
        // Constants rather than a parameter, so that the partial index of open orders is used.
        let open = match filter.open {
            Some(true) => "AND is_open = 1",
            Some(false) => "AND is_open = 0",
            None => "",
        };
        let sql = format!("{ORDERS} {open} AND ($2 = '' OR symbol = $2) ORDER BY id DESC LIMIT $3");
        let symbol = filter.symbol.map(|s| word(&s)).unwrap_or_default();
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(stream).bind(symbol).bind(i64::from(filter.limit));
        rows.fetch_all(self.pool()).await?.iter().map(order_row).collect()
    }

    /// One order.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn order(&self, stream: &str, id: IntentId) -> Result<Option<OrderRow>, StoreError> {
        let sql = format!("{ORDERS} AND id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(stream).bind(signed(id.0));
        row.fetch_optional(self.pool()).await?.as_ref().map(order_row).transpose()
    }

    /// Executions, newest first; of one instrument or of all.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn fills(&self, stream: &str, symbol: Option<Symbol>, limit: u32) -> Result<Vec<FillRow>, StoreError> {
        let sql = format!("{FILLS} AND ($2 = '' OR symbol = $2) ORDER BY id DESC LIMIT $3");
        let symbol = symbol.map(|s| word(&s)).unwrap_or_default();
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(stream).bind(symbol).bind(i64::from(limit));
        rows.fetch_all(self.pool()).await?.iter().map(fill_row).collect()
    }

    /// How many orders are in each state, by its word.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn orders_by_state(&self, stream: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT state, COUNT(*) AS orders FROM orders WHERE stream = $1 GROUP BY state ORDER BY state";
        let rows = sqlx::query(sql).bind(stream).fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok((row.try_get("state")?, crate::chain::unsigned(row, "orders")?))).collect()
    }

    /// How many executions there are.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn fill_count(&self, stream: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS fills FROM fills WHERE stream = $1").bind(stream);
        crate::chain::unsigned(&row.fetch_one(self.pool()).await?, "fills")
    }

    /// What is held, by symbol and owner.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn positions(&self, stream: &str) -> Result<Vec<PositionRow>, StoreError> {
        let sql = "SELECT symbol, owner, qty, cost FROM positions WHERE stream = $1 ORDER BY symbol, owner";
        let rows = sqlx::query(sql).bind(stream).fetch_all(self.pool()).await?;
        let position = |row: &AnyRow| {
            Ok(PositionRow {
                symbol: from_word(row, "symbol")?,
                owner: owner(row, "owner")?,
                position: Position { qty: ranged(row, "qty")?, cost: won(row, "cost")? },
            })
        };
        rows.iter().map(position).collect()
    }

    /// The account's figures, or `None` before the first record.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn account(&self, stream: &str) -> Result<Option<AccountRow>, StoreError> {
        let rows = sqlx::query("SELECT key, value FROM account WHERE stream = $1").bind(stream);
        let mut figures: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows.fetch_all(self.pool()).await? {
            figures.insert(row.try_get("key")?, row.try_get("value")?);
        }
        if figures.is_empty() {
            return Ok(None);
        }
        let figure = |key: &str| {
            let missing = || StoreError::Damaged { what: format!("the account's {key} is missing") };
            figures.get(key).copied().ok_or_else(missing)
        };
        let seq = u64::try_from(figure("seq")?).unwrap_or_default();
        Ok(Some(AccountRow {
            cash: Won::new(figure("cash")?),
            reserved: Won::new(figure("reserved")?),
            realized: Won::new(figure("realized")?),
            start: Won::new(figure("start")?),
            bought: Won::new(figure("bought")?),
            sold: Won::new(figure("sold")?),
            fees: Won::new(figure("fees")?),
            taxes: Won::new(figure("taxes")?),
            adjusted: Won::new(figure("adjusted")?),
            as_of: AsOf { seq, at: Timestamp::from_ns(figure("at_ns")?) },
        }))
    }

    /// How recent the rows are.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn as_of(&self, stream: &str) -> Result<AsOf, StoreError> {
        Ok(self.account(stream).await?.map(|account| account.as_of).unwrap_or_default())
    }
}

fn won(row: &AnyRow, column: &str) -> Result<Won, StoreError> {
    Ok(Won::new(row.try_get(column)?))
}

fn at(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_ns(row.try_get(column)?))
}

fn owner(row: &AnyRow, column: &str) -> Result<Option<BotId>, StoreError> {
    let text: String = row.try_get(column)?;
    if text.is_empty() { Ok(None) } else { parse(column, text).map(Some) }
}

fn order_row(row: &AnyRow) -> Result<OrderRow, StoreError> {
    let kind: String = row.try_get("kind")?;
    let kind = if kind == "market" { OrderKind::Market } else { OrderKind::Limit(ranged(row, "price")?) };
    Ok(OrderRow {
        id: IntentId(unsigned(row, "id")?),
        symbol: from_word(row, "symbol")?,
        side: from_word(row, "side")?,
        kind,
        qty: ranged(row, "qty")?,
        state: from_word(row, "state")?,
        order_number: from_word_or_null(row, "order_number")?,
        filled_qty: ranged(row, "filled_qty")?,
        filled_amount: won(row, "filled_amount")?,
        bot: from_word(row, "bot")?,
        reason: row.try_get("reason")?,
        created: at(row, "created_ns")?,
        updated: at(row, "updated_ns")?,
    })
}

fn fill_row(row: &AnyRow) -> Result<FillRow, StoreError> {
    let order_id: Option<i64> = row.try_get("order_id")?;
    Ok(FillRow {
        id: unsigned(row, "id")?,
        order_id: order_id.map(|id| IntentId(id.unsigned_abs())),
        order_number: from_word_or_null(row, "order_number")?,
        symbol: from_word(row, "symbol")?,
        side: from_word(row, "side")?,
        qty: ranged(row, "qty")?,
        price: ranged(row, "price")?,
        amount: won(row, "amount")?,
        fee: won(row, "fee")?,
        tax: won(row, "tax")?,
        bot: owner(row, "bot")?,
        at: at(row, "at_ns")?,
    })
}
