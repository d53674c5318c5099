//! `rsi_bollinger`: in below the lower band when oversold, out above the upper band or when overbought (workload W7).

use fsts_domain::Rate;
use fsts_engine::{BarView, Decision, INDICATORS_MAX, Interval, Needs, Protection, Strategy, Target, Watch};
use fsts_indicators::{Bollinger, Rsi};

use crate::CatalogueEntry;

pub(crate) const ENTRY: CatalogueEntry = CatalogueEntry {
    id: "rsi_bollinger",
    name_ko: "RSI·볼린저 되돌림",
    name_en: "RSI and Bollinger reversion",
    about_ko: "RSI(14)가 30 아래이고 종가가 볼린저(20, 2) 하단 아래이면 사고, 상단 위이거나 RSI가 70 위이면 팝니다.",
    about_en: "Buys below the lower Bollinger band (20, 2) with RSI(14) under 30, sells above the upper band or with RSI over 70.",
    parameters: &[],
};

const RSI_PERIOD: usize = 14;
const BAND_PERIOD: usize = 20;
const BAND_WIDTH: f64 = 2.0;
const STOP_LOSS: Rate = Rate::per_billion(20_000_000);
const TAKE_PROFIT: Rate = Rate::per_billion(40_000_000);

/// RSI(14) and Bollinger(20, 2) with a stop of 2 % and a target of 4 %, both watched within the bar.
#[derive(Debug)]
pub struct RsiBollinger {
    interval: Interval,
    symbols: Vec<(Rsi, Bollinger)>,
}

impl RsiBollinger {
    /// The rule on bars of an interval.
    pub fn new(interval: Interval) -> Self {
        RsiBollinger { interval, symbols: Vec::new() }
    }

    #[inline]
    fn decide(&mut self, view: &BarView) -> Decision {
        let slot = view.slot as usize;
        while self.symbols.len() <= slot {
            self.symbols.push((Rsi::new(RSI_PERIOD), Bollinger::new(BAND_PERIOD, BAND_WIDTH)));
        }
        let none =
            Decision { slot: view.slot, target: None, signal: "warming_up", indicators: [f64::NAN; INDICATORS_MAX] };
        let Some((rsi, bands)) = self.symbols.get_mut(slot) else { return none };
        let close = view.close().0;
        let (rsi, bands) = (rsi.update(close), bands.update(close));
        let (Some(rsi), Some(bands)) = (rsi, bands) else { return none };
        let held = !view.held.is_zero();
        let (target, signal) = if !held && close < bands.lower && rsi < 30.0 {
            (Some(Target::Enter), "buy")
        } else if held && (close > bands.upper || rsi > 70.0) {
            (Some(Target::Exit), "sell")
        } else {
            (None, "hold")
        };
        Decision { target, signal, indicators: [rsi, bands.lower, bands.middle, bands.upper], ..none }
    }
}

impl Strategy for RsiBollinger {
    fn needs(&self) -> Needs {
        let (stop, target) = (Some(STOP_LOSS), Some(TAKE_PROFIT));
        let protection = Protection { stop, target, trail: None, watch: Watch::Intrabar };
        Needs {
            interval: self.interval,
            warm_up: BAND_PERIOD as u32,
            indicators: &["rsi", "lower", "middle", "upper"],
            protection: Some(protection),
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
