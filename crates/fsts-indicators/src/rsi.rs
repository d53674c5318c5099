//! Relative strength index with Wilder's smoothing.

use crate::Sma;

/// RSI in 0..=100: the first `period` changes are averaged, later ones smoothed by 1/`period`.
///
/// The first `period` updates answer `None`; without any change it answers 0.
///
/// ```
/// let mut rsi = fsts_indicators::Rsi::new(2);
/// assert_eq!(rsi.update(10.0), None);
/// assert_eq!(rsi.update(11.0), None);
/// assert_eq!(rsi.update(12.0), Some(100.0));
/// ```
#[derive(Debug, Clone)]
pub struct Rsi {
    period: f64,
    previous: Option<f64>,
    changes: u32,
    gain: f64,
    loss: f64,
}

impl Rsi {
    /// An empty index over `period` changes; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        Rsi { period: period.max(1) as f64, previous: None, changes: 0, gain: 0.0, loss: 0.0 }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        let change = value - self.previous.replace(value)?;
        let (up, down) = (change.max(0.0), (-change).max(0.0));
        if f64::from(self.changes) < self.period {
            self.changes += 1;
            self.gain += up / self.period;
            self.loss += down / self.period;
        } else {
            self.gain = (self.gain * (self.period - 1.0) + up) / self.period;
            self.loss = (self.loss * (self.period - 1.0) + down) / self.period;
        }
        (f64::from(self.changes) >= self.period).then(|| {
            let sum = self.gain + self.loss;
            if sum > 0.0 { 100.0 * self.gain / sum } else { 0.0 }
        })
    }
}

/// RSI in 0..=100 over simple means of the last `period` changes (Cutler's), as the former program took it.
///
/// 100·Σ gains / (Σ gains + Σ losses). The first `period` updates answer `None`; without any change it answers 0.
///
/// ```
/// let mut rsi = fsts_indicators::SimpleRsi::new(2);
/// assert_eq!([10.0, 13.0, 12.0, 12.0].map(|x| rsi.update(x)), [None, None, Some(75.0), Some(0.0)]);
/// ```
#[derive(Debug, Clone)]
pub struct SimpleRsi {
    gains: Sma,
    losses: Sma,
    previous: Option<f64>,
}

impl SimpleRsi {
    /// An empty index over `period` changes; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        SimpleRsi { gains: Sma::new(period), losses: Sma::new(period), previous: None }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        let change = value - self.previous.replace(value)?;
        let gain = self.gains.update(change.max(0.0));
        let loss = self.losses.update((-change).max(0.0));
        let (gain, sum) = (gain?, gain? + loss?);
        Some(if sum > 0.0 { 100.0 * gain / sum } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn simple_means_equal_the_batch_over_the_window(
            values in proptest::collection::vec(1_000..1_020i64, 1..120), period in 1..30usize,
        ) {
            let mut rsi = SimpleRsi::new(period);
            for (t, value) in values.iter().enumerate() {
                let got = rsi.update(*value as f64);
                prop_assert_eq!(got.is_some(), t >= period);
                let Some(got) = got else { continue };
                let changes: Vec<i64> = (t + 1 - period..=t).map(|i| values[i] - values[i - 1]).collect();
                let gains: i64 = changes.iter().filter(|c| **c > 0).sum();
                let all: i64 = changes.iter().map(|c| c.abs()).sum();
                let want = if all > 0 { 100.0 * gains as f64 / all as f64 } else { 0.0 };
                prop_assert!((got - want).abs() < 1e-9, "{} {}", got, want);
            }
        }
    }

    #[test]
    fn a_published_worked_example_gives_its_values() {
        // The worked example of StockCharts' ChartSchool, "Relative Strength Index": closes, and RSI(14) from the 15th on.
        let closes = [
            44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
            45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521,
        ];
        let mut rsi = Rsi::new(14);
        let values: Vec<f64> = closes.iter().filter_map(|c| rsi.update(*c)).collect();
        let published = [70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26];
        assert_eq!(values.len(), published.len());
        for (got, want) in values.iter().zip(published) {
            assert!((got - want).abs() < 0.01, "{values:?}");
        }
    }

    #[test]
    fn a_flat_series_has_no_strength() {
        let mut rsi = Rsi::new(3);
        assert_eq!((0..10).filter_map(|_| rsi.update(5.0)).last(), Some(0.0));
    }
}
