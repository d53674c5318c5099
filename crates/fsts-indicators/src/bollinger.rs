//! Bollinger bands with the population deviation.

/// Lower band, mean and upper band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// Mean − width × deviation.
    pub lower: f64,
    /// Mean.
    pub middle: f64,
    /// Mean + width × deviation.
    pub upper: f64,
}

/// Mean of the last `period` values ± `width` population deviations, by running sums.
///
/// Sums are taken relative to the first value, so that the squares of large prices cancel little.
/// The first `period - 1` updates answer `None`.
///
/// ```
/// let mut bands = fsts_indicators::Bollinger::new(2, 2.0);
/// assert_eq!(bands.update(10.0), None);
/// assert_eq!(bands.update(12.0).map(|b| (b.lower, b.middle, b.upper)), Some((9.0, 11.0, 13.0)));
/// ```
#[derive(Debug, Clone)]
pub struct Bollinger {
    window: Vec<f64>,
    next: usize,
    seen: usize,
    width: f64,
    base: Option<f64>,
    sum: f64,
    squares: f64,
}

impl Bollinger {
    /// Empty bands over `period` values; a period of 0 counts as 1.
    pub fn new(period: usize, width: f64) -> Self {
        Bollinger { window: vec![0.0; period.max(1)], next: 0, seen: 0, width, base: None, sum: 0.0, squares: 0.0 }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<Bands> {
        let period = self.window.len();
        let base = *self.base.get_or_insert(value);
        let x = value - base;
        self.sum += x;
        self.squares += x * x;
        let next = self.next;
        if let Some(slot) = self.window.get_mut(next) {
            let old = std::mem::replace(slot, x);
            if self.seen == period {
                self.sum -= old;
                self.squares -= old * old;
            }
        }
        self.next = if next + 1 == period { 0 } else { next + 1 };
        self.seen = (self.seen + 1).min(period);
        if self.seen < period {
            return None;
        }
        let mean = self.sum / period as f64;
        let deviation = (self.squares / period as f64 - mean * mean).max(0.0).sqrt();
        let reach = self.width * deviation;
        Some(Bands { lower: base + (mean - reach), middle: base + mean, upper: base + (mean + reach) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bands_enclose_the_mean_and_follow_the_two_pass_deviation(
            values in proptest::collection::vec(1_000..200_000i64, 20..120),
        ) {
            let mut bands = Bollinger::new(20, 2.0);
            for (i, value) in values.iter().enumerate() {
                let Some(got) = bands.update(*value as f64) else { continue };
                let window: Vec<f64> = values[i - 19..=i].iter().map(|v| *v as f64).collect();
                let mean = window.iter().sum::<f64>() / 20.0;
                let deviation = (window.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20.0).sqrt();
                prop_assert!((got.middle - mean).abs() < 1e-6);
                prop_assert!((got.upper - got.middle - 2.0 * deviation).abs() < 1e-3);
                prop_assert!(got.lower <= got.middle && got.middle <= got.upper);
            }
        }
    }
}
