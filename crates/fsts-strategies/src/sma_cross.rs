//! `sma_cross`: in when the fast average crosses above the slow one, out when it crosses below.

use fsts_engine::{BarView, Decision, INDICATORS_MAX, Interval, Needs, Strategy, Target};
use fsts_indicators::Sma;

use crate::{CatalogueEntry, Parameter, StrategyError};

pub(crate) const ENTRY: CatalogueEntry = CatalogueEntry {
    id: "sma_cross",
    name_ko: "이동평균 교차",
    name_en: "moving-average cross",
    about_ko: "짧은 이동평균이 긴 이동평균을 뚫고 오르면 사고, 내려가면 팝니다.",
    about_en: "Buys when the fast average crosses above the slow one, sells when it crosses below.",
    parameters: &[
        Parameter {
            name: "fast",
            ko: "짧은 평균의 봉 수",
            en: "bars of the fast mean",
            integer: true,
            min: 1.0,
            max: 500.0,
            default: 10.0,
        },
        Parameter {
            name: "slow",
            ko: "긴 평균의 봉 수",
            en: "bars of the slow mean",
            integer: true,
            min: 2.0,
            max: 1000.0,
            default: 30.0,
        },
    ],
};

/// Two simple moving averages of the close. The state is "fast strictly above slow"; the first comparison sets it and
/// trades nothing, a change of it is a cross. Averages of whole won are compared exactly, as sums.
#[derive(Debug)]
pub struct SmaCross {
    fast: usize,
    slow: usize,
    interval: Interval,
    symbols: Vec<State>,
}

#[derive(Debug)]
struct State {
    fast: Sma,
    slow: Sma,
    above: Option<bool>,
}

impl SmaCross {
    /// The rule with its two periods.
    ///
    /// # Errors
    /// [`StrategyError::FastNotFaster`] unless `fast < slow`.
    pub fn new(fast: usize, slow: usize, interval: Interval) -> Result<Self, StrategyError> {
        if fast >= slow {
            return Err(StrategyError::FastNotFaster { fast, slow });
        }
        Ok(SmaCross { fast, slow, interval, symbols: Vec::new() })
    }

    #[inline]
    fn decide(&mut self, view: &BarView) -> Decision {
        let slot = view.slot as usize;
        while self.symbols.len() <= slot {
            self.symbols.push(State { fast: Sma::new(self.fast), slow: Sma::new(self.slow), above: None });
        }
        let none =
            Decision { slot: view.slot, target: None, signal: "warming_up", indicators: [f64::NAN; INDICATORS_MAX] };
        let Some(state) = self.symbols.get_mut(slot) else { return none };
        let close = view.close().0;
        let (fast, slow) = (state.fast.update(close), state.slow.update(close));
        let (Some(fast), Some(slow)) = (fast, slow) else { return none };
        let (Some(fast_sum), Some(slow_sum)) = (state.fast.sum(), state.slow.sum()) else { return none };
        let above = fast_sum * self.slow as f64 > slow_sum * self.fast as f64;
        let before = state.above.replace(above);
        let held = !view.held.is_zero();
        let (target, signal) = match before {
            Some(false) if above && !held => (Some(Target::Enter), "buy"),
            // An exit that could not be placed is wanted again at every bar below.
            Some(_) if !above && held => (Some(Target::Exit), "sell"),
            _ => (None, "hold"),
        };
        Decision { target, signal, indicators: [fast, slow, f64::NAN, f64::NAN], ..none }
    }
}

impl Strategy for SmaCross {
    fn needs(&self) -> Needs {
        Needs {
            interval: self.interval,
            warm_up: self.slow as u32,
            indicators: &["sma_fast", "sma_slow"],
            protection: None,
        }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        for view in bars {
            let decision = self.decide(view);
            out.push(decision);
        }
    }

    fn reset(&mut self) {
        self.symbols.clear();
    }
}
