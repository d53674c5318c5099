//! `rsi_reversion`: in when RSI is oversold, out when it is overbought, with stop-loss and take-profit.

use fsts_domain::Rate;
use fsts_engine::{BarView, Decision, INDICATORS_MAX, Interval, Needs, Protection, Strategy, Target, Watch};
use fsts_indicators::Rsi;

use crate::params::Values;
use crate::{CatalogueEntry, Parameter};

pub(crate) const ENTRY: CatalogueEntry = CatalogueEntry {
    id: "rsi_reversion",
    name_ko: "RSI 되돌림",
    name_en: "RSI mean reversion",
    about_ko: "RSI가 과매도로 내려가면 사고 과매수로 올라가면 팔며, 손절과 익절을 함께 씁니다.",
    about_en: "Buys when RSI is oversold, sells when it is overbought, with stop-loss and take-profit.",
    parameters: &[
        Parameter {
            name: "period",
            ko: "RSI의 봉 수",
            en: "bars of the RSI",
            integer: true,
            min: 2.0,
            max: 250.0,
            default: 14.0,
        },
        Parameter {
            name: "oversold",
            ko: "이 값보다 낮으면 매수",
            en: "buys below this value",
            integer: false,
            min: 1.0,
            max: 50.0,
            default: 30.0,
        },
        Parameter {
            name: "overbought",
            ko: "이 값보다 높으면 매도",
            en: "sells above this value",
            integer: false,
            min: 50.0,
            max: 99.0,
            default: 70.0,
        },
        Parameter {
            name: "stop_loss_pct",
            ko: "손절 %, 0이면 끔",
            en: "stop-loss, per cent; 0 is off",
            integer: false,
            min: 0.0,
            max: 50.0,
            default: 3.0,
        },
        Parameter {
            name: "take_profit_pct",
            ko: "익절 %, 0이면 끔",
            en: "take-profit, per cent; 0 is off",
            integer: false,
            min: 0.0,
            max: 500.0,
            default: 6.0,
        },
        Parameter {
            name: "intrabar",
            ko: "1이면 체결마다, 0이면 종가에 손절·익절을 봄",
            en: "levels watched at every trade (1) or at the close (0)",
            integer: true,
            min: 0.0,
            max: 1.0,
            default: 0.0,
        },
    ],
};

/// RSI against two thresholds. Stop-loss and take-profit are per cent of the mean entry price, 0 switches one off; they
/// are looked at when a bar closes, or at every trade with `intrabar = 1`.
#[derive(Debug)]
pub struct RsiReversion {
    period: usize,
    oversold: f64,
    overbought: f64,
    protection: Option<Protection>,
    interval: Interval,
    symbols: Vec<Rsi>,
}

impl RsiReversion {
    pub(crate) fn new(values: &Values, interval: Interval) -> Self {
        let rate = |name: &str| {
            let per_billion = (values.get(name) * 10_000_000.0).round() as i64;
            (per_billion > 0).then(|| Rate::per_billion(per_billion))
        };
        let (stop, target) = (rate("stop_loss_pct"), rate("take_profit_pct"));
        let watch = if values.get("intrabar") >= 1.0 { Watch::Intrabar } else { Watch::Close };
        RsiReversion {
            period: values.whole("period"),
            oversold: values.get("oversold"),
            overbought: values.get("overbought"),
            protection: (stop.is_some() || target.is_some()).then_some(Protection { stop, target, trail: None, watch }),
            interval,
            symbols: Vec::new(),
        }
    }

    fn decide(&mut self, view: &BarView) -> Decision {
        let slot = view.slot as usize;
        while self.symbols.len() <= slot {
            self.symbols.push(Rsi::new(self.period));
        }
        let none =
            Decision { slot: view.slot, target: None, signal: "warming_up", indicators: [f64::NAN; INDICATORS_MAX] };
        let rsi = self.symbols.get_mut(slot).and_then(|r| r.update(view.close().0));
        let Some(rsi) = rsi else { return none };
        let held = !view.held.is_zero();
        let (target, signal) = if !held && rsi < self.oversold {
            (Some(Target::Enter), "buy")
        } else if held && rsi > self.overbought {
            (Some(Target::Exit), "sell")
        } else {
            (None, "hold")
        };
        Decision { target, signal, indicators: [rsi, f64::NAN, f64::NAN, f64::NAN], ..none }
    }
}

impl Strategy for RsiReversion {
    fn needs(&self) -> Needs {
        Needs {
            interval: self.interval,
            warm_up: self.period as u32 + 1,
            indicators: &["rsi"],
            protection: self.protection,
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
