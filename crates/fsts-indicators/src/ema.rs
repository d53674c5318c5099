//! Exponential moving average.

/// How an average begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// The mean of the first `period` values stands for the value before.
    Mean,
    /// What is missing before the first value is left out of the weights.
    Adjusted,
}

/// Exponential moving average with α = 2 / (`period` + 1).
///
/// [`Ema::new`] is TA-Lib's `EMA`: the first answer is the mean of the first `period` values, then
/// eₜ = eₜ₋₁ + α·(xₜ − eₜ₋₁); the first `period - 1` updates answer `None`.
///
/// [`Ema::adjusted`] is pandas' `ewm(span=period, adjust=True).mean()`, which the former program used:
/// eₜ = Σ (1−α)ⁱ·xₜ₋ᵢ / Σ (1−α)ⁱ over all values seen; it answers from the first update. Both agree after some four periods.
///
/// ```
/// let mut ema = fsts_indicators::Ema::new(3);
/// assert_eq!([1.0, 2.0, 3.0, 5.0].map(|x| ema.update(x)), [None, None, Some(2.0), Some(3.5)]);
/// let mut ema = fsts_indicators::Ema::adjusted(3);
/// assert_eq!([3.0, 6.0].map(|x| ema.update(x)), [Some(3.0), Some(5.0)]);
/// ```
#[derive(Debug, Clone)]
pub struct Ema {
    start: Start,
    period: u32,
    alpha: f64,
    seen: u32,
    /// The sum of the first values, then the average; the weighted sum when adjusted.
    value: f64,
    weight: f64,
}

impl Ema {
    /// An empty average that begins with a mean; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        Ema::of(period, Start::Mean)
    }

    /// An empty average whose weights are adjusted for what came before the first value; a period of 0 counts as 1.
    pub fn adjusted(period: usize) -> Self {
        Ema::of(period, Start::Adjusted)
    }

    fn of(period: usize, start: Start) -> Self {
        let period = u32::try_from(period.max(1)).unwrap_or(u32::MAX);
        Ema { start, period, alpha: 2.0 / (f64::from(period) + 1.0), seen: 0, value: 0.0, weight: 0.0 }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if self.start == Start::Adjusted {
            self.value = value + (1.0 - self.alpha) * self.value;
            self.weight = 1.0 + (1.0 - self.alpha) * self.weight;
            return Some(self.value / self.weight);
        }
        if self.seen >= self.period {
            self.value += self.alpha * (value - self.value);
            return Some(self.value);
        }
        self.seen += 1;
        self.value += value;
        (self.seen == self.period).then(|| {
            self.value /= f64::from(self.period);
            self.value
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_streamed_average_is_the_weighted_sum_over_its_whole_past(
            values in proptest::collection::vec(1_000..200_000i64, 1..120), period in 1..40usize,
        ) {
            let values: Vec<f64> = values.into_iter().map(|v| v as f64).collect();
            let keep = 1.0 - 2.0 / (period as f64 + 1.0);
            let (mut plain, mut adjusted) = (Ema::new(period), Ema::adjusted(period));
            for t in 0..values.len() {
                let past = &values[..=t];
                let weights: Vec<f64> = (0..=t).rev().map(|age| keep.powi(age as i32)).collect();
                let sum: f64 = past.iter().zip(&weights).map(|(x, w)| x * w).sum();
                let want = sum / weights.iter().sum::<f64>();
                prop_assert!((adjusted.update(values[t]).unwrap() - want).abs() < 1e-6);

                // In closed form: the mean of the first values decays, each later one enters with 1 - keep.
                let got = plain.update(values[t]);
                prop_assert_eq!(got.is_some(), t + 1 >= period);
                let Some(got) = got else { continue };
                let later = &values[period..=t];
                let seed = values[..period].iter().sum::<f64>() / period as f64;
                let entered: f64 = later.iter().rev().enumerate().map(|(age, x)| (1.0 - keep) * keep.powi(age as i32) * x).sum();
                let want = seed * keep.powi(later.len() as i32) + entered;
                prop_assert!((got - want).abs() < 1e-6, "{} {}", got, want);
            }
        }
    }

    #[test]
    fn a_published_worked_example_gives_its_values() {
        // The worked example of StockCharts' ChartSchool, "Moving Averages": 10-day EMA of these closes.
        let closes = [
            22.27, 22.19, 22.08, 22.17, 22.18, 22.13, 22.23, 22.43, 22.24, 22.29, 22.15, 22.39, 22.38, 22.61, 23.36,
            24.05, 23.75, 23.83, 23.95, 23.63,
        ];
        let published = [22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34];
        let mut ema = Ema::new(10);
        let values: Vec<f64> = closes.iter().filter_map(|c| ema.update(*c)).collect();
        assert_eq!(values.len(), published.len());
        for (got, want) in values.iter().zip(published) {
            assert!((got - want).abs() < 0.0051, "{values:?}");
        }
    }
}
