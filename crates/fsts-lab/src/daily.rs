//! The books of a run day by day, explained to the won by its fills.

use std::collections::BTreeMap;

use fsts_domain::{Position, Side, TradingDay, Won};
use serde::Serialize;

use crate::report::FillRow;

/// Cash and holdings as a day left them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayMark {
    pub day: TradingDay,
    pub cash: Won,
    pub holdings: Won,
}

/// One trading day of a run.
///
/// A cost is what a buy paid, its commission included; what a sell made is its amount less the mean cost of its shares,
/// its commission and its tax. So starting cash + realised + unrealised = equity on every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayRow {
    /// The day.
    pub day: TradingDay,
    /// Buys of the day.
    pub buys: u32,
    /// Sells of the day.
    pub sells: u32,
    /// Commissions of the day, won.
    pub fees: Won,
    /// Taxes of the day, won.
    pub taxes: Won,
    /// What the day's sells made, won.
    pub realized: Won,
    /// Σ `realized` up to this day, won.
    pub realized_total: Won,
    /// Holdings at their last prices less what they cost, won.
    pub unrealized: Won,
    /// Cash at the end of the day, won.
    pub cash: Won,
    /// Holdings at their last prices, won.
    pub holdings: Won,
    /// Cash and holdings, won.
    pub equity: Won,
}

/// The rows of a run from its fills and the marks of its days, both in time order.
pub(crate) fn rows(fills: &[FillRow], marks: &[DayMark]) -> Vec<DayRow> {
    let mut held: BTreeMap<u32, Position> = BTreeMap::new();
    let (mut total, mut cost) = (Won::ZERO, Won::ZERO);
    let mut left = fills.iter().peekable();
    let mut rows = Vec::with_capacity(marks.len());
    for mark in marks {
        let (mut buys, mut sells) = (0, 0);
        let (mut fees, mut taxes, mut realized) = (Won::ZERO, Won::ZERO, Won::ZERO);
        while let Some(fill) = left.next_if(|fill| fill.at.kst_day() <= mark.day) {
            let position = held.entry(fill.symbol).or_default();
            match fill.side {
                Side::Buy => {
                    buys += 1;
                    position.buy(fill.qty, fill.amount + fill.fee);
                    cost += fill.amount + fill.fee;
                }
                Side::Sell => {
                    sells += 1;
                    let sold = position.sell(fill.qty);
                    cost -= sold;
                    realized += fill.amount - sold - fill.fee - fill.tax;
                }
            }
            fees += fill.fee;
            taxes += fill.tax;
        }
        total += realized;
        rows.push(DayRow {
            day: mark.day,
            buys,
            sells,
            fees,
            taxes,
            realized,
            realized_total: total,
            unrealized: mark.holdings - cost,
            cash: mark.cash,
            holdings: mark.holdings,
            equity: mark.cash + mark.holdings,
        });
    }
    rows
}
