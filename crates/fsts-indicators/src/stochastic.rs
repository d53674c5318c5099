//! Stochastic oscillator.

use std::collections::VecDeque;

use crate::{Ema, Sma};

/// One value of a [`Stochastic`], both in 0..=100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticValue {
    /// Smoothed place of the close within the range.
    pub k: f64,
    /// Average of `k`.
    pub d: f64,
}

/// What smooths %K and %D.
#[derive(Debug, Clone)]
enum Smooth {
    Simple(Sma),
    Exponential(Ema),
}

impl Smooth {
    fn update(&mut self, value: f64) -> Option<f64> {
        match self {
            Smooth::Simple(average) => average.update(value),
            Smooth::Exponential(average) => average.update(value),
        }
    }
}

/// Where the close lies between the lowest low and the highest high of `period` bars, smoothed twice.
///
/// rawₜ = 100·(closeₜ − lowest) / (highest − lowest), 0 where the range is empty; k is a mean of raw, d a mean of k.
/// [`Stochastic::new`] is TA-Lib's `STOCH` with simple means; the first `period + smooth_k + smooth_d - 3` updates answer
/// `None`. [`Stochastic::exponential`] smooths by pandas' `ewm(adjust=True)`, as the former program did; its first
/// `period - 1` updates answer `None`.
///
/// ```
/// let mut stochastic = fsts_indicators::Stochastic::new(2, 1, 1);
/// assert_eq!(stochastic.update(12.0, 10.0, 11.0), None);
/// assert_eq!(stochastic.update(14.0, 11.0, 13.0).map(|v| (v.k, v.d)), Some((75.0, 75.0)));
/// ```
#[derive(Debug, Clone)]
pub struct Stochastic {
    highest: Extreme,
    lowest: Extreme,
    k: Smooth,
    d: Smooth,
}

impl Stochastic {
    /// Smoothed by simple means; periods of 0 count as 1.
    pub fn new(period: usize, smooth_k: usize, smooth_d: usize) -> Self {
        let smooth = |period| Smooth::Simple(Sma::new(period));
        Stochastic {
            highest: Extreme::new(period),
            lowest: Extreme::new(period),
            k: smooth(smooth_k),
            d: smooth(smooth_d),
        }
    }

    /// Smoothed by exponential means; periods of 0 count as 1.
    pub fn exponential(period: usize, smooth_k: usize, smooth_d: usize) -> Self {
        let smooth = |period| Smooth::Exponential(Ema::adjusted(period));
        Stochastic { k: smooth(smooth_k), d: smooth(smooth_d), ..Stochastic::new(period, 1, 1) }
    }

    /// Takes one bar.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> Option<StochasticValue> {
        let highest = self.highest.update(high);
        // The lowest is the highest of the mirrored values.
        let lowest = self.lowest.update(-low).map(|mirrored| -mirrored);
        let (highest, lowest) = (highest?, lowest?);
        let range = highest - lowest;
        let raw = if range > 0.0 { 100.0 * (close - lowest) / range } else { 0.0 };
        let k = self.k.update(raw)?;
        let d = self.d.update(k)?;
        Some(StochasticValue { k, d })
    }
}

/// The largest of the last `period` values: candidates in falling order, each with its number.
#[derive(Debug, Clone)]
struct Extreme {
    period: u64,
    seen: u64,
    candidates: VecDeque<(u64, f64)>,
}

impl Extreme {
    fn new(period: usize) -> Self {
        Extreme { period: period.max(1) as u64, seen: 0, candidates: VecDeque::new() }
    }

    fn update(&mut self, value: f64) -> Option<f64> {
        self.seen += 1;
        while self.candidates.back().is_some_and(|(_, smaller)| *smaller <= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.seen, value));
        if self.candidates.front().is_some_and(|(number, _)| number + self.period <= self.seen) {
            self.candidates.pop_front();
        }
        let (_, largest) = self.candidates.front()?;
        (self.seen >= self.period).then_some(*largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn streaming_equals_the_batch_over_the_window(
            bars in proptest::collection::vec((1_000..2_000i64, 0..50i64, 0..50i64), 1..120),
            period in 1..20usize, smooth_k in 1..5usize, smooth_d in 1..5usize,
        ) {
            let bars: Vec<(f64, f64, f64)> =
                bars.into_iter().map(|(close, up, down)| ((close + up) as f64, (close - down) as f64, close as f64)).collect();
            let raw: Vec<f64> = bars.windows(period).map(|window| {
                let highest = window.iter().map(|b| b.0).fold(f64::MIN, f64::max);
                let lowest = window.iter().map(|b| b.1).fold(f64::MAX, f64::min);
                let close = window[period - 1].2;
                if highest > lowest { 100.0 * (close - lowest) / (highest - lowest) } else { 0.0 }
            }).collect();
            let mean = |values: &[f64], n: usize| -> Vec<f64> {
                values.windows(n).map(|w| w.iter().sum::<f64>() / n as f64).collect()
            };
            let k = mean(&raw, smooth_k);
            let d = mean(&k, smooth_d);
            let mut stream = Stochastic::new(period, smooth_k, smooth_d);
            let got: Vec<StochasticValue> = bars.iter().filter_map(|b| stream.update(b.0, b.1, b.2)).collect();
            prop_assert_eq!(got.len(), d.len());
            for ((got, k), d) in got.iter().zip(k.iter().skip(smooth_d - 1)).zip(&d) {
                prop_assert!((got.k - k).abs() < 1e-9 && (got.d - d).abs() < 1e-9, "{:?} {} {}", got, k, d);
                prop_assert!((-1e-9..=100.0 + 1e-9).contains(&got.k));
            }
        }
    }

    #[test]
    fn the_exponential_one_weighs_by_age_from_its_first_range_on() {
        let mut stream = Stochastic::exponential(1, 3, 1);
        let raw =
            [(10.0, 0.0, 10.0), (10.0, 0.0, 0.0), (10.0, 0.0, 5.0)].map(|b| stream.update(b.0, b.1, b.2).unwrap().k);
        // α = 1/2: weights 1, 1/2, 1/4.
        assert_eq!(raw, [100.0, 50.0 / 1.5, (50.0 + 0.0 + 25.0) / 1.75]);
    }
}
