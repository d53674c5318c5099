//! What must hold to the won before any figure is shown.

use std::collections::BTreeMap;

use fsts_domain::{Price, Qty, Side, Won};
use fsts_lab::Report;
use fsts_lake::DataSet;

use crate::exit::Failure;
use crate::messages::backtest::identity;

/// Compares cash, shares and equity with the sums of the fills, which are kept apart from the books.
///
/// # Errors
/// A [`Failure`] that says `bug`.
pub fn check(report: &Report, data: &DataSet) -> Result<(), Failure> {
    let sums = Sums::of(report)?;
    let flows = &report.flows;
    let equal = |what: &str, left: Won, right: Won| {
        let failure = || Failure::failed(identity(what, left.get(), right.get()));
        if left == right { Ok(()) } else { Err(failure()) }
    };
    equal("bought", flows.bought, sums.bought)?;
    equal("sold", flows.sold, sums.sold)?;
    equal("fees", report.fees, sums.fees)?;
    equal("taxes", report.taxes, sums.taxes)?;
    equal("adjusted", flows.adjusted, Won::ZERO)?;
    let cash = report.start_equity - sums.bought + sums.sold - sums.fees - sums.taxes;
    equal("cash = start - bought + sold - fees - taxes", report.cash, cash)?;
    equal("holdings at their last prices", report.holdings_value, sums.value(data))?;
    equal("final equity = cash + holdings", report.final_equity, report.cash + report.holdings_value)
}

/// Totals of the fills.
#[derive(Default)]
struct Sums {
    bought: Won,
    sold: Won,
    fees: Won,
    taxes: Won,
    shares: BTreeMap<u32, Qty>,
}

impl Sums {
    fn of(report: &Report) -> Result<Sums, Failure> {
        let mut sums = Sums::default();
        for fill in &report.fills {
            let shares = sums.shares.entry(fill.symbol).or_default();
            match fill.side {
                Side::Buy => {
                    sums.bought += fill.amount;
                    *shares += fill.qty;
                }
                Side::Sell => {
                    sums.sold += fill.amount;
                    let short = || Failure::failed(identity("shares held and sold", shares.get(), fill.qty.get()));
                    *shares = shares.checked_sub(fill.qty).ok_or_else(short)?;
                }
            }
            sums.fees += fill.fee;
            sums.taxes += fill.tax;
        }
        Ok(sums)
    }

    /// Shares bought and not sold, at the last close of each symbol.
    fn value(&self, data: &DataSet) -> Won {
        let mut last: BTreeMap<u32, Price> = BTreeMap::new();
        let mut missing = self.shares.iter().filter(|(_, qty)| !qty.is_zero()).count();
        for row in data.rows.iter().rev() {
            if missing == 0 {
                break;
            }
            let held = self.shares.get(&row.symbol).is_some_and(|qty| !qty.is_zero());
            if held && !last.contains_key(&row.symbol) {
                last.insert(row.symbol, row.bar.close);
                missing -= 1;
            }
        }
        let value = |(symbol, qty): (&u32, &Qty)| last.get(symbol).map_or(Won::ZERO, |price| *price * *qty);
        self.shares.iter().map(value).sum()
    }
}
