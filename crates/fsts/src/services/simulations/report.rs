//! The report of a run in the shape that screens read.

use std::collections::BTreeMap;

use fsts_domain::{Position, Price, Qty, Side, Won};
use fsts_lab::{Cause, DayRow, FillRow, Report};
use fsts_lake::{DataSet, Interval};
use fsts_server::simulations::{
    CauseView, CausesView, FailedSymbolView, SimulationDayView, SimulationFillView, SimulationReportView,
    SimulationSummaryView, SimulationSymbolView,
};
use fsts_server::views::ReasonView;

/// Fewer sells say little.
const SELLS_MIN: usize = 30;
const DAYS_A_YEAR: i32 = 365;
/// Best sells without which there should still be a gain.
const BEST: usize = 3;

/// The report of a run; `chosen_today` when its symbols were named by a set and not by hand.
pub fn view(
    report: &Report,
    data: &DataSet,
    failed_symbols: Vec<FailedSymbolView>,
    chosen_today: bool,
) -> SimulationReportView {
    let (fills, per_symbol) = told(report, data);
    let sells = fills.iter().filter(|f| f.side == Side::Sell).count();
    let last = report.days.last();
    let start = report.start_equity;
    SimulationReportView {
        trace_hash: report.trace_hash.clone(),
        data_hash: report.data_hash.clone(),
        rules: report.rules.to_owned(),
        price_kind: report.price_kind.to_owned(),
        interval: match data.interval {
            Interval::Day => "day",
            Interval::Minute => "minute",
        }
        .to_owned(),
        from: report.from.clone(),
        to: report.to.clone(),
        symbols: report.symbols,
        bars: report.bars,
        start_equity: start,
        final_equity: report.final_equity,
        cash: report.cash,
        holdings_value: report.holdings_value,
        return_pct: report.metrics.total_return_pct,
        realized_pnl: last.map_or(Won::ZERO, |d| d.realized_total),
        unrealized_pnl: last.map_or(Won::ZERO, |d| d.unrealized),
        fees: report.fees,
        taxes: report.taxes,
        trades: report.trades,
        buys: fills.len() - sells,
        sells,
        win_rate_pct: report.metrics.win_rate_pct,
        mdd_pct: report.metrics.max_drawdown_pct,
        cagr_pct: report.metrics.cagr_pct,
        sharpe: report.metrics.sharpe,
        causes: causes(&fills),
        warnings: warnings(report, data, &fills, chosen_today),
        equity: report.curve.iter().map(|(at, won)| ((*at).into(), *won)).collect(),
        days: report.days.iter().map(|day| day_view(day, start)).collect(),
        fills,
        per_symbol,
        failed_symbols,
    }
}

/// The figures of a list's row.
pub fn summary(report: &SimulationReportView) -> SimulationSummaryView {
    SimulationSummaryView {
        final_equity: report.final_equity,
        return_pct: report.return_pct,
        mdd_pct: report.mdd_pct,
        trades: report.trades,
    }
}

fn percent(part: Won, of: Won) -> f64 {
    part.get() as f64 / of.get() as f64 * 100.0
}

fn day_view(day: &DayRow, start: Won) -> SimulationDayView {
    SimulationDayView {
        day: day.day,
        buys: day.buys,
        sells: day.sells,
        fees: day.fees,
        taxes: day.taxes,
        realized: day.realized,
        realized_total: day.realized_total,
        realized_pct: percent(day.realized_total, start),
        unrealized: day.unrealized,
        cash: day.cash,
        holdings: day.holdings,
        equity: day.equity,
        return_pct: percent(day.equity - start, start),
    }
}

/// One instrument's fold.
#[derive(Default)]
struct Tally {
    held: Position,
    bars: usize,
    buys: usize,
    sells: usize,
    realized: Won,
    fees: Won,
    taxes: Won,
    last: Option<Price>,
}

impl Tally {
    /// Books a fill; a sell answers what it made after the costs of both sides.
    fn book(&mut self, fill: &FillRow) -> Option<Won> {
        self.fees += fill.fee;
        self.taxes += fill.tax;
        match fill.side {
            Side::Buy => {
                self.buys += 1;
                self.held.buy(fill.qty, fill.amount + fill.fee);
                None
            }
            Side::Sell => {
                self.sells += 1;
                let made = fill.amount - self.held.sell(fill.qty) - fill.fee - fill.tax;
                self.realized += made;
                Some(made)
            }
        }
    }
}

fn told(report: &Report, data: &DataSet) -> (Vec<SimulationFillView>, Vec<SimulationSymbolView>) {
    let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
    for row in &data.rows {
        let tally = tallies.entry(row.symbol).or_default();
        tally.bars += 1;
        tally.last = Some(row.bar.close);
    }
    let mut fills = Vec::with_capacity(report.fills.len());
    for fill in &report.fills {
        let Some(instrument) = data.symbols.get(fill.symbol as usize) else { continue };
        let realized = tallies.entry(fill.symbol).or_default().book(fill);
        fills.push(SimulationFillView {
            at_ns: fill.at.into(),
            symbol: instrument.symbol,
            name: instrument.name.clone(),
            side: fill.side,
            qty: fill.qty,
            price: fill.amount.get() as f64 / fill.qty.get().max(1) as f64,
            amount: fill.amount,
            fee: fill.fee,
            tax: fill.tax,
            reason: match fill.cause {
                Cause::Signal => CauseView::Signal,
                Cause::StopLoss => CauseView::StopLoss,
                Cause::TakeProfit => CauseView::TakeProfit,
            },
            realized,
        });
    }
    let row = |(symbol, tally): (u32, Tally)| {
        let instrument = data.symbols.get(symbol as usize)?;
        let value = tally.last.filter(|_| tally.held.qty > Qty::ZERO).map_or(Won::ZERO, |p| p * tally.held.qty);
        Some(SimulationSymbolView {
            symbol: instrument.symbol,
            name: instrument.name.clone(),
            bars: tally.bars,
            buys: tally.buys,
            sells: tally.sells,
            qty: tally.held.qty,
            realized: tally.realized,
            unrealized: value - tally.held.cost,
            fees: tally.fees,
            taxes: tally.taxes,
        })
    };
    (fills, tallies.into_iter().filter_map(row).collect())
}

fn causes(fills: &[SimulationFillView]) -> CausesView {
    let mut causes = CausesView::default();
    for fill in fills {
        let Some(made) = fill.realized else { continue };
        let (count, sum) = match fill.reason {
            CauseView::Signal => (&mut causes.signal_sells, &mut causes.signal_pnl),
            CauseView::StopLoss => (&mut causes.stop_losses, &mut causes.stop_loss_pnl),
            CauseView::TakeProfit => (&mut causes.take_profits, &mut causes.take_profit_pnl),
        };
        *count += 1;
        *sum += made;
    }
    causes
}

fn warnings(report: &Report, data: &DataSet, fills: &[SimulationFillView], chosen_today: bool) -> Vec<ReasonView> {
    let mut codes: Vec<&str> = report.warnings.clone();
    let mut made: Vec<Won> = fills.iter().filter_map(|f| f.realized).collect();
    if made.len() < SELLS_MIN {
        codes.push("few_trades");
    }
    if data.span().is_some_and(|(from, to)| to.epoch_days() - from.epoch_days() < DAYS_A_YEAR) {
        codes.push("short_period");
    }
    made.sort_unstable();
    let all: Won = made.iter().copied().sum();
    let best: Won = made.iter().rev().take(BEST).copied().sum();
    if made.len() > BEST && all > Won::ZERO && all <= best {
        codes.push("hinges_on_few");
    }
    if chosen_today {
        codes.push("survivorship");
    }
    codes.into_iter().map(ReasonView::of).collect()
}
