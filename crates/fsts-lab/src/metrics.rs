//! Figures of a run. Floats live here; nothing of them flows back into a decision.

use fsts_domain::{Timestamp, Won};
use serde::Serialize;

const TRADING_DAYS_A_YEAR: f64 = 252.0;
const WEEKS_A_YEAR: f64 = 52.0;
const MONTHS_A_YEAR: f64 = 12.0;
const DAYS_A_YEAR: f64 = 365.25;

/// Figures of an equity curve and its round trips.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metrics {
    /// Final over starting equity − 1, per cent.
    pub total_return_pct: f64,
    /// Compound growth a year, per cent; `None` for less than 30 days.
    pub cagr_pct: Option<f64>,
    /// Largest fall from a peak, per cent (positive), at the closes of the curve.
    pub max_drawdown_pct: f64,
    /// Mean over deviation of daily returns, a year, without a risk-free rate; `None` with fewer than two days.
    pub sharpe: Option<f64>,
    /// Sells that made money after their own costs, per cent of all sells.
    pub win_rate_pct: Option<f64>,
    /// Sells.
    pub round_trips: u64,
    /// Points of the curve.
    pub days: usize,
}

impl Metrics {
    /// Figures of a curve of (instant, equity), of the starting equity and of each sell's profit.
    pub fn of(start: Won, curve: &[(Timestamp, Won)], profits: &[Won]) -> Metrics {
        let end = curve.last().map_or(start, |(_, e)| *e).get() as f64;
        let growth = end / start.get() as f64;
        let years = match (curve.first(), curve.last()) {
            (Some(a), Some(b)) => f64::from(b.0.kst_day().epoch_days() - a.0.kst_day().epoch_days()) / DAYS_A_YEAR,
            _ => 0.0,
        };
        let closes = daily(curve);
        let wins = profits.iter().filter(|p| **p > Won::ZERO).count() as f64;
        Metrics {
            total_return_pct: (growth - 1.0) * 100.0,
            cagr_pct: (years * DAYS_A_YEAR >= 30.0 && growth > 0.0)
                .then(|| (libm::pow(growth, 1.0 / years) - 1.0) * 100.0),
            max_drawdown_pct: max_drawdown(start, curve) * 100.0,
            sharpe: sharpe(&daily_returns(start, &closes), periods_a_year(closes.len(), years)),
            win_rate_pct: (!profits.is_empty()).then(|| wins / profits.len() as f64 * 100.0),
            round_trips: profits.len() as u64,
            days: closes.len(),
        }
    }
}

fn max_drawdown(start: Won, curve: &[(Timestamp, Won)]) -> f64 {
    let mut peak = start.get() as f64;
    let mut worst = 0.0f64;
    for (_, equity) in curve {
        let equity = equity.get() as f64;
        peak = peak.max(equity);
        // Mostly no new low: a product says so for a fraction of what a quotient costs.
        if peak - equity > worst * peak {
            worst = (peak - equity) / peak;
        }
    }
    worst
}

/// The last point of each day.
fn daily(curve: &[(Timestamp, Won)]) -> Vec<Won> {
    let mut days: Vec<(i32, Won)> = Vec::new();
    for (at, equity) in curve {
        let day = at.kst_day().epoch_days();
        match days.last_mut() {
            Some(last) if last.0 == day => last.1 = *equity,
            _ => days.push((day, *equity)),
        }
    }
    days.into_iter().map(|(_, e)| e).collect()
}

fn daily_returns(start: Won, closes: &[Won]) -> Vec<f64> {
    let mut before = start.get() as f64;
    let step = |equity: Won| {
        let now = equity.get() as f64;
        now / std::mem::replace(&mut before, now) - 1.0
    };
    closes.iter().copied().map(step).collect()
}

/// How many points of a curve make a year: bars may be of days, weeks or months.
fn periods_a_year(points: usize, years: f64) -> f64 {
    match points as f64 / years {
        often if often < 20.0 => MONTHS_A_YEAR,
        often if often < 80.0 => WEEKS_A_YEAR,
        _ => TRADING_DAYS_A_YEAR,
    }
}

fn sharpe(returns: &[f64], periods_a_year: f64) -> Option<f64> {
    let n = returns.len() as f64;
    if returns.len() < 2 {
        return None;
    }
    let mean = returns.iter().sum::<f64>() / n;
    let variance = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / (n - 1.0);
    (variance > 0.0).then(|| mean / libm::sqrt(variance) * libm::sqrt(periods_a_year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fsts_domain::TradingDay;

    #[test]
    fn a_year_has_as_many_points_as_its_bars_are_long() {
        for (points, years, periods) in [(492, 2.0, 252.0), (104, 2.0, 52.0), (24, 2.0, 12.0), (3, 0.0, 252.0)] {
            assert_eq!(periods_a_year(points, years), periods, "{points} points in {years} years");
        }
    }

    #[test]
    fn figures_of_a_small_curve_are_those_done_by_hand() {
        let day: TradingDay = "2024-01-02".parse().unwrap();
        let point = |n: i32, won: i64| (Timestamp::from_kst(day.plus_days(n), 0), Won::new(won));
        let curve = [point(0, 110), point(1, 99), point(366, 121)];
        let metrics = Metrics::of(Won::new(100), &curve, &[Won::new(5), Won::new(-1)]);
        assert!((metrics.total_return_pct - 21.0).abs() < 1e-9);
        assert!((metrics.max_drawdown_pct - 10.0).abs() < 1e-9);
        assert!((metrics.cagr_pct.unwrap() - 20.95).abs() < 0.02);
        assert_eq!((metrics.win_rate_pct, metrics.round_trips, metrics.days), (Some(50.0), 2, 3));
    }
}
