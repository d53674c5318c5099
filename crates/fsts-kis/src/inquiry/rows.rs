//! Rows of the broker's answers as words of the domain.

use fsts_domain::{Bar, OrderKind, OrderNumber, Side, Symbol, Timestamp, TradingDay};
use fsts_engine::{Branch, Complete, Holding, OrderReport, PageWalk};

use crate::call::Call;
use crate::error::KisError;
use crate::wire::inquiry::{DailyOrderRow, HoldingRow};
use crate::wire::order::MARKET;
use crate::wire::quote::{DailyBarRow, MinuteBarRow};
use crate::wire::{Text, Unreadable};

/// An order is known by day, branch and number; venue splits of one order would be an error to look at.
pub(super) fn order_key(row: &DailyOrderRow) -> (String, String, String) {
    let text = |cell: &Text| cell.trimmed().to_owned();
    (text(&row.ord_dt), text(&row.ord_gno_brno), text(&row.odno))
}

pub(super) fn order_report(row: &DailyOrderRow) -> Result<OrderReport, Unreadable> {
    let original = match row.orgn_odno.trimmed() {
        zeros if zeros.bytes().all(|b| b == b'0') => None,
        number => Some(number.parse::<OrderNumber>().map_err(|_| Unreadable("an order number"))?),
    };
    let price = row.ord_unpr.price()?;
    Ok(OrderReport {
        number: row.odno.trimmed().parse().map_err(|_| Unreadable("an order number"))?,
        original,
        branch: Branch::from(row.ord_gno_brno.trimmed()),
        symbol: symbol(&row.pdno)?,
        side: match row.sll_buy_dvsn_cd.trimmed() {
            "01" => Side::Sell,
            "02" => Side::Buy,
            _ => return Err(Unreadable("a side")),
        },
        // Kinds that only a person places have a price or none; matching looks at the price anyway.
        kind: match (row.ord_dvsn_cd.trimmed(), price) {
            (MARKET, _) | (_, None) => OrderKind::Market,
            (_, Some(price)) => OrderKind::Limit(price),
        },
        qty: row.ord_qty.qty()?,
        ordered_at: ordered_at(row)?,
        filled_qty: row.tot_ccld_qty.qty()?,
        filled_amount: row.tot_ccld_amt.won()?,
        cancelled_qty: row.cncl_cfrm_qty.qty()?,
        refused_qty: row.rjct_qty.qty()?,
        remaining_qty: row.rmn_qty.qty()?,
    })
}

fn ordered_at(row: &DailyOrderRow) -> Result<Timestamp, Unreadable> {
    let day: TradingDay = row.ord_dt.trimmed().parse().map_err(|_| Unreadable("a date"))?;
    second_of_day(&row.ord_tmd).map(|second| Timestamp::from_kst(day, second))
}

/// HHMMSS as second of the day.
pub(crate) fn second_of_day(text: &Text) -> Result<i64, Unreadable> {
    let number = text.whole()?;
    let (h, m, s) = (number / 10_000, number / 100 % 100, number % 100);
    let in_range = text.trimmed().len() == 6 && (0..24).contains(&h) && m < 60 && s < 60;
    if in_range { Ok(h * 3600 + m * 60 + s) } else { Err(Unreadable("a time")) }
}

pub(super) fn holding(row: &HoldingRow) -> Result<Holding, Unreadable> {
    Ok(Holding {
        symbol: symbol(&row.pdno)?,
        qty: row.hldg_qty.qty()?,
        sellable: row.ord_psbl_qty.qty()?,
        cost: row.pchs_amt.won()?,
    })
}

/// A bar, or `None` for a day without trading: open or volume 0.
pub(super) fn daily_bar(row: &DailyBarRow) -> Result<Option<Bar>, Unreadable> {
    bar([&row.stck_oprc, &row.stck_hgpr, &row.stck_lwpr, &row.stck_clpr], &row.acml_vol)
}

/// Start and bar of a minute; no bar for a minute without trading.
pub(super) fn minute_bar(row: &MinuteBarRow) -> Result<(Timestamp, Option<Bar>), Unreadable> {
    let day: TradingDay = row.stck_bsop_date.trimmed().parse().map_err(|_| Unreadable("a date"))?;
    let second = second_of_day(&row.stck_cntg_hour)?;
    let bar = bar([&row.stck_oprc, &row.stck_hgpr, &row.stck_lwpr, &row.stck_prpr], &row.cntg_vol)?;
    Ok((Timestamp::from_kst(day, second), bar))
}

fn bar([open, high, low, close]: [&Text; 4], volume: &Text) -> Result<Option<Bar>, Unreadable> {
    let volume = volume.whole()?;
    match (open.price()?, high.price()?, low.price()?, close.price()?) {
        (Some(open), Some(high), Some(low), Some(close)) if volume > 0 => {
            Ok(Some(Bar::enclosing(open, high, low, close, volume)))
        }
        _ => Ok(None),
    }
}

fn symbol(text: &Text) -> Result<Symbol, Unreadable> {
    text.trimmed().parse().map_err(|_| Unreadable("a symbol"))
}

/// A number that decides something must be there: empty would read as 0.
pub(super) fn required(call: Call, text: &Text) -> Result<&Text, KisError> {
    if text.is_empty() {
        return Err(KisError::Decode { call: call.name(), what: "a number is missing".to_owned() });
    }
    Ok(text)
}

pub(super) fn in_call(call: Call) -> impl Fn(Unreadable) -> KisError {
    move |unreadable| KisError::Decode { call: call.name(), what: unreadable.to_string() }
}

pub(super) fn convert<T, U>(
    call: Call,
    rows: Complete<T>,
    each: impl Fn(&T) -> Result<U, Unreadable>,
) -> Result<Complete<U>, KisError> {
    let converted: Result<Vec<U>, Unreadable> = rows.rows().iter().map(each).collect();
    // Still complete: as many rows as the walk that ended with the last page.
    converted.map(|rows| PageWalk::new().last(rows)).map_err(in_call(call))
}
