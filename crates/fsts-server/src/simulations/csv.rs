//! A result as tables for a spreadsheet: a heading line, commas, texts in quotation marks.

use std::fmt::Write;

use fsts_domain::Side;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::report::SimulationReportView;
use super::views::PriceChangeView;

/// A table of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Executions.
    Fills,
    /// Days.
    Days,
    /// The equity line.
    Equity,
}

impl Part {
    /// The word in addresses and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Fills => "fills",
            Part::Days => "days",
            Part::Equity => "equity",
        }
    }
}

/// One table of a result.
pub fn table(report: &SimulationReportView, part: Part) -> String {
    match part {
        Part::Fills => fills(report),
        Part::Days => days(report),
        Part::Equity => equity(report),
    }
}

fn fills(report: &SimulationReportView) -> String {
    let mut text = "at,symbol,name,side,qty,price,amount,fee,tax,reason,realized\n".to_owned();
    for fill in &report.fills {
        let side = match fill.side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        };
        let realized = fill.realized.map(|won| won.to_string()).unwrap_or_default();
        let (at, name) = (fill.at_ns.timestamp(), quoted(&fill.name));
        let (symbol, qty, price, amount) = (fill.symbol, fill.qty, fill.price, fill.amount);
        let (fee, tax, reason) = (fill.fee, fill.tax, fill.reason.name());
        // Writing into a text does not fail.
        let _ = writeln!(text, "{at},{symbol},{name},{side},{qty},{price},{amount},{fee},{tax},{reason},{realized}");
    }
    text
}

fn days(report: &SimulationReportView) -> String {
    let mut text = "day,buys,sells,fees,taxes,realized,realized_total,realized_pct,unrealized,cash,holdings,equity,\
                    return_pct\n"
        .to_owned();
    for d in &report.days {
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{:.4},{},{},{},{},{:.4}",
            d.day,
            d.buys,
            d.sells,
            d.fees,
            d.taxes,
            d.realized,
            d.realized_total,
            d.realized_pct,
            d.unrealized,
            d.cash,
            d.holdings,
            d.equity,
            d.return_pct
        );
    }
    text
}

fn equity(report: &SimulationReportView) -> String {
    let mut text = "at,equity\n".to_owned();
    for (at, won) in &report.equity {
        let _ = writeln!(text, "{},{won}", at.timestamp());
    }
    text
}

/// Closes against those before.
pub fn price_changes(rows: &[PriceChangeView]) -> String {
    let mut text = "symbol,name,day,close,prev_close,change_pct,market,industry,themes\n".to_owned();
    for row in rows {
        let name = quoted(&row.name);
        let PriceChangeView { symbol, day, close, prev_close, change_pct, .. } = row;
        let market = row.market.as_deref().unwrap_or_default();
        let (industry, themes) = (quoted(row.industry.as_deref().unwrap_or_default()), quoted(&row.themes.join(";")));
        let _ =
            writeln!(text, "{symbol},{name},{day},{close},{prev_close},{change_pct:.4},{market},{industry},{themes}");
    }
    text
}

/// A text that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    let text = text.replace('"', "\"\"").replace(['\r', '\n'], " ");
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{text}\"")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_is_neither_a_formula_nor_the_end_of_its_cell() {
        assert_eq!(quoted("삼성전자"), "\"삼성전자\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("a\",b\nc"), "\"a\"\",b c\"");
    }
}
