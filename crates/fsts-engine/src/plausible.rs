//! Bounds on the broker's and the market's words: they are untrusted, and none of them may make a sum overflow.

use std::collections::BTreeSet;

use fsts_domain::{Price, Qty, Won};

use crate::port::{AccountReport, OrderReport};

/// Far above any price that was ever quoted in won.
const PRICE_MAX: i64 = 100_000_000;
/// Far above what one account holds or orders of one symbol.
const SHARES_MAX: i64 = 1_000_000_000;
/// Far above what one account holds, in won, either way.
const CASH_MAX: i64 = 1_000_000_000_000_000;

/// A price that can be one.
pub(crate) fn is_price(price: Price) -> bool {
    price.get() <= PRICE_MAX
}

/// Shares and an amount that some price explains.
pub(crate) fn is_execution(qty: Qty, amount: Won) -> bool {
    let (shares, won) = (i128::from(qty.get()), i128::from(amount.get()));
    shares <= i128::from(SHARES_MAX) && won >= shares && won <= shares * i128::from(PRICE_MAX)
}

/// A row whose numbers fit each other.
pub(crate) fn is_report(row: &OrderReport) -> bool {
    row.qty.get() <= SHARES_MAX && row.filled_qty <= row.qty && is_execution(row.filled_qty, row.filled_amount)
}

/// Nothing of the order is left, and its parts say where it went.
pub(crate) fn is_accounted_for(row: &OrderReport) -> bool {
    let parts = [row.filled_qty, row.cancelled_qty, row.refused_qty];
    row.remaining_qty.is_zero() && parts.iter().map(|q| i128::from(q.get())).sum::<i128>() >= i128::from(row.qty.get())
}

/// An account that names each symbol once, with numbers that can be true.
pub(crate) fn is_account(report: &AccountReport) -> bool {
    let mut symbols = BTreeSet::new();
    let cash = report.cash.get();
    let sound = |won: Won| (0..=CASH_MAX).contains(&won.get());
    (-CASH_MAX..=CASH_MAX).contains(&cash)
        && report.holdings.iter().all(|h| symbols.insert(h.symbol) && h.qty.get() <= SHARES_MAX && sound(h.cost))
}
