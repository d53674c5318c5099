//! Simple moving average.

/// Mean of the last `period` values, kept as a running sum.
///
/// For whole numbers below 2⁵³ / `period` the sum is exact, so two averages can be compared without rounding by
/// [`Sma::sum`]. The first `period - 1` updates answer `None`.
///
/// ```
/// let mut sma = fsts_indicators::Sma::new(2);
/// assert_eq!(sma.update(1.0), None);
/// assert_eq!(sma.update(3.0), Some(2.0));
/// assert_eq!(sma.update(5.0), Some(4.0));
/// ```
#[derive(Debug, Clone)]
pub struct Sma {
    window: Vec<f64>,
    next: usize,
    /// Values until the first answer.
    missing: usize,
    sum: f64,
    divisor: f64,
}

impl Sma {
    /// An empty average over `period` values; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        let period = period.max(1);
        Sma { window: vec![0.0; period], next: 0, missing: period, sum: 0.0, divisor: period as f64 }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if let Some(slot) = self.window.get_mut(self.next) {
            // Add first, drop after: the order in which a batch of the same values would round.
            self.sum += value;
            self.sum -= std::mem::replace(slot, value);
        }
        self.next += 1;
        if self.next == self.window.len() {
            self.next = 0;
        }
        self.missing = self.missing.saturating_sub(1);
        self.sum().map(|sum| sum / self.divisor)
    }

    /// The running sum, once `period` values have come.
    #[inline]
    pub fn sum(&self) -> Option<f64> {
        (self.missing == 0).then_some(self.sum)
    }

    /// The number of values averaged.
    pub fn period(&self) -> usize {
        self.window.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_running_average_equals_the_mean_of_its_window(
            values in proptest::collection::vec(1..1_000_000i64, 1..200), period in 1..40usize,
        ) {
            let mut sma = Sma::new(period);
            for (i, value) in values.iter().enumerate() {
                let got = sma.update(*value as f64);
                let want = (i + 1 >= period)
                    .then(|| values[i + 1 - period..=i].iter().sum::<i64>() as f64 / period as f64);
                prop_assert_eq!(got, want);
            }
        }
    }
}
