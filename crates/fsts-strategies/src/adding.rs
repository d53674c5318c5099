//! Buying more of what is held, when a person wants that: at a further buy signal, far enough from the mean cost.

use fsts_domain::{Qty, Rate, Won};
use fsts_engine::{BarView, Decision, Needs, Strategy, Target};

type AnyStrategy = Box<dyn Strategy + Send>;

const BILLION: i128 = 1_000_000_000;

/// A strategy that adds to what is held. Rules are silent while they hold; a second one that never holds anything tells where
/// the rule would buy.
pub struct Adding {
    inner: AnyStrategy,
    never_in: AnyStrategy,
    /// Least distance of the close from the mean cost.
    gap: Rate,
    views: Vec<BarView>,
    signals: Vec<Decision>,
}

impl Adding {
    /// Two strategies of the same rule and parameters, and the least distance between close and mean cost.
    pub fn new(inner: AnyStrategy, never_in: AnyStrategy, gap: Rate) -> Self {
        Adding { inner, never_in, gap, views: Vec::new(), signals: Vec::new() }
    }

    fn is_far(&self, view: &BarView) -> bool {
        let cost = i128::from(Won::get(view.cost));
        let value = i128::from((view.bar.close * view.held).get());
        (value - cost).abs() * BILLION > cost * i128::from(self.gap.get())
    }
}

impl Strategy for Adding {
    fn needs(&self) -> Needs {
        self.inner.needs()
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        let before = out.len();
        self.inner.on_slice(bars, out);
        self.views.clear();
        self.views.extend(bars.iter().map(|view| BarView { held: Qty::ZERO, cost: Won::ZERO, ..*view }));
        self.signals.clear();
        self.never_in.on_slice(&self.views, &mut self.signals);
        for ((view, decision), signal) in bars.iter().zip(out.iter_mut().skip(before)).zip(&self.signals) {
            let wants_more = decision.target.is_none() && signal.target == Some(Target::Enter);
            if wants_more && !view.held.is_zero() && self.is_far(view) {
                *decision = Decision { target: Some(Target::Add), signal: "add", ..*decision };
            }
        }
    }

    fn reset(&mut self) {
        self.inner.reset();
        self.never_in.reset();
    }
}

#[cfg(test)]
mod tests {
    use fsts_domain::{Bar, Price};
    use fsts_engine::{INDICATORS_MAX, Interval};

    use super::*;

    /// Buys at every bar while it holds nothing.
    struct Buyer;

    impl Strategy for Buyer {
        fn needs(&self) -> Needs {
            Needs { interval: Interval::Day, warm_up: 0, indicators: &[], protection: None }
        }
        fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
            out.extend(bars.iter().map(|view| Decision {
                slot: view.slot,
                target: view.held.is_zero().then_some(Target::Enter),
                signal: "hold",
                indicators: [f64::NAN; INDICATORS_MAX],
            }));
        }
        fn reset(&mut self) {}
    }

    fn decides(held: i64, mean: i64, close: i64) -> Option<Target> {
        let p = Price::new(close).unwrap();
        let bar = Bar { open: p, high: p, low: p, close: p, volume: 1 };
        let (held, cost) = (Qty::new(held).unwrap(), Won::new(held * mean));
        let view = BarView { slot: 0, bar, factor: 1.0, held, cost };
        let mut adding = Adding::new(Box::new(Buyer), Box::new(Buyer), Rate::per_billion(30_000_000));
        let mut out = Vec::new();
        adding.on_slice(&[view], &mut out);
        out[0].target
    }

    #[test]
    fn more_is_bought_only_far_from_the_mean_cost() {
        assert_eq!(decides(0, 0, 10_000), Some(Target::Enter), "a first entry is the rule's own");
        assert_eq!(decides(10, 10_000, 10_300), None, "three per cent is not more than three");
        assert_eq!(decides(10, 10_000, 10_301), Some(Target::Add));
        assert_eq!(decides(10, 10_000, 9_699), Some(Target::Add), "below as well as above");
        assert_eq!(decides(10, 10_000, 9_700), None);
    }
}
