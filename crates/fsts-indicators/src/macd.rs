//! Moving average convergence and divergence.

use crate::Ema;

/// One value of a [`Macd`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MacdValue {
    /// Fast less slow average.
    pub macd: f64,
    /// Average of `macd`.
    pub signal: f64,
    /// `macd` less `signal`.
    pub histogram: f64,
}

/// The difference of a fast and a slow [`Ema`], and an [`Ema`] of that difference.
///
/// [`Macd::new`] is TA-Lib's `MACD`: both averages begin at the slow one's first answer, so the fast one's first mean is that of
/// the `fast` values before it; the first `slow + signal - 2` updates answer `None`. [`Macd::adjusted`] takes all three averages
/// as pandas' `ewm(adjust=True)` and answers from the first update.
///
/// ```
/// let mut macd = fsts_indicators::Macd::new(1, 2, 1);
/// assert_eq!(macd.update(10.0), None);
/// assert_eq!(macd.update(14.0).map(|v| (v.macd, v.signal, v.histogram)), Some((2.0, 2.0, 0.0)));
/// ```
#[derive(Debug, Clone)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    /// Values that the fast average lets pass so that both begin together.
    early: usize,
}

impl Macd {
    /// An empty indicator; periods of 0 count as 1, and the shorter of the first two is the fast one.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Self {
        let (fast, slow) = (fast.min(slow).max(1), fast.max(slow).max(1));
        Macd { fast: Ema::new(fast), slow: Ema::new(slow), signal: Ema::new(signal), early: slow - fast }
    }

    /// The same with averages whose weights are adjusted for what came before the first value.
    pub fn adjusted(fast: usize, slow: usize, signal: usize) -> Self {
        let (fast, slow) = (fast.min(slow), fast.max(slow));
        Macd { fast: Ema::adjusted(fast), slow: Ema::adjusted(slow), signal: Ema::adjusted(signal), early: 0 }
    }

    /// Takes one value.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<MacdValue> {
        let fast = if self.early == 0 {
            self.fast.update(value)
        } else {
            self.early -= 1;
            None
        };
        let slow = self.slow.update(value);
        let macd = fast? - slow?;
        let signal = self.signal.update(macd)?;
        Some(MacdValue { macd, signal, histogram: macd - signal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// TA-Lib's way on a whole series: means of the first values, then the recursion.
    fn ema(values: &[f64], period: usize) -> Vec<f64> {
        let mut last = values[..period].iter().sum::<f64>() / period as f64;
        let mut averages = vec![last];
        for value in &values[period..] {
            let alpha = 2.0 / (period as f64 + 1.0);
            last = alpha * value + (1.0 - alpha) * last;
            averages.push(last);
        }
        averages
    }

    proptest! {
        #[test]
        fn streaming_equals_the_batch_over_the_whole_series(
            values in proptest::collection::vec(1_000..200_000i64, 60..160),
            fast in 1..12usize, more in 1..15usize, signal in 1..12usize,
        ) {
            let values: Vec<f64> = values.into_iter().map(|v| v as f64).collect();
            let slow = fast + more;
            let pairs = ema(&values[more..], fast).into_iter().zip(ema(&values, slow));
            let macd: Vec<f64> = pairs.map(|(fast, slow)| fast - slow).collect();
            let signals = ema(&macd, signal);
            let mut stream = Macd::new(fast, slow, signal);
            let got: Vec<MacdValue> = values.iter().filter_map(|v| stream.update(*v)).collect();
            prop_assert_eq!(got.len(), values.len() + 2 - slow - signal);
            prop_assert_eq!(got.len(), signals.len());
            for ((got, macd), signal) in got.iter().zip(&macd[signal - 1..]).zip(&signals) {
                prop_assert!((got.macd - macd).abs() < 1e-6 && (got.signal - signal).abs() < 1e-6);
                prop_assert_eq!(got.histogram, got.macd - got.signal);
            }
        }
    }

    #[test]
    fn an_adjusted_one_answers_at_once_and_ends_where_the_other_does() {
        let values: Vec<f64> = (0..400).map(|n| 1_000.0 + f64::from(n % 37) * 10.0).collect();
        let (mut plain, mut adjusted) = (Macd::new(12, 26, 9), Macd::adjusted(12, 26, 9));
        let first = adjusted.clone().update(values[0]).unwrap();
        assert_eq!((first.macd, first.signal), (0.0, 0.0));
        let last = values.iter().map(|v| (plain.update(*v), adjusted.update(*v))).last().unwrap();
        assert!((last.0.unwrap().signal - last.1.unwrap().signal).abs() < 1e-6, "{last:?}");
    }
}
