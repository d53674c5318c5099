//! Linearly weighted moving average.

/// Mean of the last `period` values with weights 1 (oldest) to `period` (newest), as TA-Lib's `WMA`:
/// Σ i·xᵢ / (`period`·(`period`+1)/2).
///
/// Kept as two running sums, which are exact for whole numbers below 2⁵³ / `period`². The first `period - 1` updates answer
/// `None`.
///
/// ```
/// let mut wma = fsts_indicators::Wma::new(3);
/// assert_eq!([1.0, 2.0, 3.0, 9.0].map(|x| wma.update(x).map(|w| w * 6.0)), [None, None, Some(14.0), Some(35.0)]);
/// ```
#[derive(Debug, Clone)]
pub struct Wma {
    window: Vec<f64>,
    next: usize,
    seen: usize,
    sum: f64,
    weighted: f64,
}

impl Wma {
    /// An empty average over `period` values; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        Wma { window: vec![0.0; period.max(1)], next: 0, seen: 0, sum: 0.0, weighted: 0.0 }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        let period = self.window.len();
        let full = self.seen == period;
        let next = self.next;
        let old = self.window.get_mut(next).map_or(0.0, |slot| std::mem::replace(slot, value));
        if full {
            // All weights sink by one, which drops the oldest value.
            self.weighted -= self.sum;
            self.sum -= old;
        } else {
            self.seen += 1;
        }
        self.weighted += self.seen as f64 * value;
        self.sum += value;
        self.next = if next + 1 == period { 0 } else { next + 1 };
        (self.seen == period).then(|| self.weighted / (period * (period + 1) / 2) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn running_sums_equal_the_weighted_mean_of_the_window(
            values in proptest::collection::vec(1..1_000_000i64, 1..200), period in 1..60usize,
        ) {
            let mut wma = Wma::new(period);
            for (i, value) in values.iter().enumerate() {
                let got = wma.update(*value as f64);
                let want = (i + 1 >= period).then(|| {
                    let weighted: i64 = values[i + 1 - period..=i].iter().zip(1..).map(|(v, weight)| v * weight).sum();
                    weighted as f64 / (period * (period + 1) / 2) as f64
                });
                prop_assert_eq!(got, want);
            }
        }
    }
}
