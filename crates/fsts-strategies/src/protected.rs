//! Stop-loss and take-profit that a person sets beside a strategy, whatever the strategy itself has.

use fsts_domain::Rate;
use fsts_engine::{BarView, Decision, Needs, Protection, Strategy, Watch};

/// What a person wants of the two levels: `None` leaves the strategy's own, a rate of 0 switches the level off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exits {
    /// Loss against the mean entry price that closes.
    pub stop: Option<Rate>,
    /// Gain that closes.
    pub target: Option<Rate>,
    /// Gain from which the highest close is followed, and how far below it closes; then `target` is none.
    pub trail: Option<Rate>,
}

/// A strategy whose protective levels are those that a person has set.
#[derive(Debug)]
pub struct Protected<S> {
    inner: S,
    exits: Exits,
}

impl<S: Strategy> Protected<S> {
    /// The strategy under these levels.
    pub fn new(inner: S, exits: Exits) -> Self {
        Protected { inner, exits }
    }

    fn protection(&self, own: Option<Protection>) -> Option<Protection> {
        let chosen = |set: Option<Rate>, own: Option<Rate>| match set {
            None => own,
            Some(rate) if rate.get() > 0 => Some(rate),
            Some(_) => None,
        };
        let stop = chosen(self.exits.stop, own.and_then(|p| p.stop));
        let target = chosen(self.exits.target, own.and_then(|p| p.target));
        let watch = own.map_or(Watch::Close, |p| p.watch);
        let trail = self.exits.trail.filter(|rate| rate.get() > 0);
        let target = target.filter(|_| trail.is_none());
        let is_any = stop.is_some() || target.is_some() || trail.is_some();
        is_any.then_some(Protection { stop, target, trail, watch })
    }
}

impl<S: Strategy> Strategy for Protected<S> {
    fn needs(&self) -> Needs {
        let needs = self.inner.needs();
        Needs { protection: self.protection(needs.protection), ..needs }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        self.inner.on_slice(bars, out);
    }

    fn reset(&mut self) {
        self.inner.reset();
    }
}

#[cfg(test)]
mod tests {
    use fsts_engine::Interval;

    use super::*;
    use crate::{Params, build};

    fn levels(id: &str, stop: Option<i64>, target: Option<i64>) -> Option<(Option<i64>, Option<i64>)> {
        let rate = |percent: i64| Rate::per_billion(percent * 10_000_000);
        let inner = build(id, &Params::default(), Interval::Day).unwrap();
        let exits = Exits { stop: stop.map(rate), target: target.map(rate), trail: None };
        let protection = Protected::new(inner, exits).needs().protection?;
        let percent = |rate: Option<Rate>| rate.map(|r| r.get() / 10_000_000);
        Some((percent(protection.stop), percent(protection.target)))
    }

    #[test]
    fn a_level_that_is_not_set_stays_the_strategys_own() {
        assert_eq!(levels("rsi_reversion", None, None), Some((Some(3), Some(6))));
        assert_eq!(levels("rsi_reversion", Some(5), None), Some((Some(5), Some(6))));
        assert_eq!(levels("sma_cross", None, None), None);
    }

    #[test]
    fn a_level_of_zero_is_off_and_both_off_is_no_protection() {
        assert_eq!(levels("rsi_reversion", Some(0), Some(7)), Some((None, Some(7))));
        assert_eq!(levels("rsi_reversion", Some(0), Some(0)), None);
        assert_eq!(levels("sma_cross", Some(5), Some(0)), Some((Some(5), None)));
    }
}
