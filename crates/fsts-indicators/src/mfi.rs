//! Money flow index.

/// Share of rising money flow in 0..=100 over `period` changes, as TA-Lib's `MFI`.
///
/// The typical price is (high + low + close) / 3 and its flow is price × volume; a flow counts as rising or falling by the typical
/// price against the bar before, and as neither when that did not move: 100·rising / (rising + falling), 0 where nothing flowed.
/// The first `period` updates answer `None`.
///
/// ```
/// let mut mfi = fsts_indicators::Mfi::new(2);
/// assert_eq!(mfi.update(10.0, 10.0, 10.0, 5.0), None);
/// assert_eq!(mfi.update(12.0, 12.0, 12.0, 5.0), None);
/// assert_eq!(mfi.update(4.0, 4.0, 4.0, 5.0), Some(75.0));
/// ```
#[derive(Debug, Clone)]
pub struct Mfi {
    /// Flows of the last changes: rising ones positive, falling ones negative.
    window: Vec<f64>,
    next: usize,
    seen: usize,
    previous: Option<f64>,
    rising: f64,
    falling: f64,
}

impl Mfi {
    /// An empty index over `period` changes; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        Mfi { window: vec![0.0; period.max(1)], next: 0, seen: 0, previous: None, rising: 0.0, falling: 0.0 }
    }

    /// Takes one bar.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64, volume: f64) -> Option<f64> {
        // Three times the typical price: whole for whole prices, so that the running sums stay exact; the factor cancels.
        let price = high + low + close;
        let before = self.previous.replace(price)?;
        let flow = if price > before {
            price * volume
        } else if price < before {
            -price * volume
        } else {
            0.0
        };
        self.enter(flow, 1.0);
        let next = self.next;
        let old = self.window.get_mut(next).map_or(0.0, |slot| std::mem::replace(slot, flow));
        self.enter(old, -1.0);
        self.next = if next + 1 == self.window.len() { 0 } else { next + 1 };
        self.seen = (self.seen + 1).min(self.window.len());
        (self.seen == self.window.len()).then(|| {
            let all = self.rising + self.falling;
            if all > 0.0 { 100.0 * self.rising / all } else { 0.0 }
        })
    }

    fn enter(&mut self, flow: f64, sign: f64) {
        if flow > 0.0 {
            self.rising += sign * flow;
        } else {
            self.falling -= sign * flow;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn streaming_equals_the_batch_over_the_window(
            bars in proptest::collection::vec((1_000..1_010i64, 0..5i64, 0..5i64, 0..100_000i64), 1..120),
            period in 1..20usize,
        ) {
            let bars: Vec<(i64, i64, i64, i64)> =
                bars.into_iter().map(|(close, up, down, volume)| (close + up, close - down, close, volume)).collect();
            let flow = |t: usize| {
                let typical = |b: (i64, i64, i64, i64)| b.0 + b.1 + b.2;
                let (now, before) = (typical(bars[t]), typical(bars[t - 1]));
                (now - before).signum() * now * bars[t].3
            };
            let mut mfi = Mfi::new(period);
            for (t, bar) in bars.iter().enumerate() {
                let got = mfi.update(bar.0 as f64, bar.1 as f64, bar.2 as f64, bar.3 as f64);
                let want = (t >= period).then(|| {
                    let flows: Vec<i64> = (t + 1 - period..=t).map(flow).collect();
                    let rising: i64 = flows.iter().filter(|f| **f > 0).sum();
                    let all: i64 = flows.iter().map(|f| f.abs()).sum();
                    if all > 0 { 100.0 * rising as f64 / all as f64 } else { 0.0 }
                });
                prop_assert_eq!(got, want);
            }
        }
    }
}
