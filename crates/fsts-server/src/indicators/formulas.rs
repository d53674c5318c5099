//! The indicators by name: which parameters each takes, and what it makes of a bar.

use std::collections::BTreeMap;

use fsts_domain::Bar;
use fsts_indicators::{Bollinger, Ema, Macd, Mfi, Rsi, SimpleRsi, Sma, Stochastic, Wma};

use super::{IndicatorAsked, numbers};
use crate::problem::Problem;

/// The names that are known.
pub(super) const KNOWN: [&str; 9] = ["ma", "sma", "ema", "wma", "rsi", "macd", "stochastic", "mfi", "bollinger"];
const PERIOD_MAX: u32 = 1_000;
const WIDTH_MAX: f64 = 10.0;

/// An indicator with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameters {
    kind: Kind,
    /// As the former program took it.
    former: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ma { period: u32 },
    Ema { period: u32 },
    Wma { period: u32 },
    Rsi { period: u32 },
    Macd { fast: u32, slow: u32, signal: u32 },
    Stochastic { period: u32, smooth_k: u32, smooth_d: u32 },
    Mfi { period: u32 },
    Bollinger { period: u32, width: f64 },
}

impl Parameters {
    /// The parameters of a request; `None` for an unknown name.
    pub fn of(name: &str, asked: &IndicatorAsked) -> Result<Option<Parameters>, Problem> {
        let period = |otherwise| within("period", asked.period, otherwise, 1);
        let kind = match name {
            "ma" | "sma" => Kind::Ma { period: period(20)? },
            "ema" => Kind::Ema { period: period(20)? },
            "wma" => Kind::Wma { period: period(20)? },
            "rsi" => Kind::Rsi { period: within("period", asked.period, 14, 2)? },
            "macd" => {
                let kind = Kind::Macd {
                    fast: within("fast", asked.fast, 12, 1)?,
                    slow: within("slow", asked.slow, 26, 2)?,
                    signal: within("signal", asked.signal, 9, 1)?,
                };
                if let Kind::Macd { fast, slow, .. } = kind
                    && fast >= slow
                {
                    return Err(Problem::bad("fast_not_faster").with("fast", fast).with("slow", slow));
                }
                kind
            }
            "stochastic" => Kind::Stochastic {
                period: period(14)?,
                smooth_k: within("smooth_k", asked.smooth_k, 3, 1)?,
                smooth_d: within("smooth_d", asked.smooth_d, 3, 1)?,
            },
            "mfi" => Kind::Mfi { period: period(14)? },
            "bollinger" => {
                Kind::Bollinger { period: within("period", asked.period, 20, 2)?, width: width(asked.width)? }
            }
            _ => return Ok(None),
        };
        let former = match asked.variant.as_deref() {
            None | Some("standard") => false,
            Some("former") => true,
            Some(_) => {
                return Err(Problem::bad("not_among").with("field", "variant").with("known", "standard, former"));
            }
        };
        Ok(Some(Parameters { kind, former }))
    }

    /// The longest stretch of bars that it looks at.
    pub fn longest(&self) -> u32 {
        match self.kind {
            Kind::Ma { period }
            | Kind::Ema { period }
            | Kind::Wma { period }
            | Kind::Rsi { period }
            | Kind::Mfi { period }
            | Kind::Bollinger { period, .. } => period,
            Kind::Macd { slow, signal, .. } => slow + signal,
            Kind::Stochastic { period, smooth_k, smooth_d } => period + smooth_k + smooth_d,
        }
    }

    /// The parameters by their names.
    pub fn shown(&self) -> BTreeMap<String, f64> {
        let named = |pairs: &[(&str, f64)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        match self.kind {
            Kind::Ma { period }
            | Kind::Ema { period }
            | Kind::Wma { period }
            | Kind::Rsi { period }
            | Kind::Mfi { period } => named(&[("period", f64::from(period))]),
            Kind::Macd { fast, slow, signal } => {
                named(&[("fast", f64::from(fast)), ("slow", f64::from(slow)), ("signal", f64::from(signal))])
            }
            Kind::Stochastic { period, smooth_k, smooth_d } => named(&[
                ("period", f64::from(period)),
                ("smooth_k", f64::from(smooth_k)),
                ("smooth_d", f64::from(smooth_d)),
            ]),
            Kind::Bollinger { period, width } => named(&[("period", f64::from(period)), ("width", width)]),
        }
    }

    /// `standard` or `former`.
    pub fn variant(&self) -> &'static str {
        if self.former { "former" } else { "standard" }
    }

    /// The indicator, empty.
    pub fn formula(&self) -> Formula {
        let n = |period: u32| period as usize;
        match (self.kind, self.former) {
            (Kind::Ma { period }, _) => Formula::Ma(Sma::new(n(period))),
            (Kind::Ema { period }, false) => Formula::Ema(Ema::new(n(period))),
            (Kind::Ema { period }, true) => Formula::Ema(Ema::adjusted(n(period))),
            (Kind::Wma { period }, _) => Formula::Wma(Wma::new(n(period))),
            (Kind::Rsi { period }, false) => Formula::Rsi(Rsi::new(n(period))),
            (Kind::Rsi { period }, true) => Formula::SimpleRsi(SimpleRsi::new(n(period))),
            (Kind::Macd { fast, slow, signal }, false) => Formula::Macd(Macd::new(n(fast), n(slow), n(signal))),
            (Kind::Macd { fast, slow, signal }, true) => Formula::Macd(Macd::adjusted(n(fast), n(slow), n(signal))),
            (Kind::Stochastic { period, smooth_k, smooth_d }, false) => {
                Formula::Stochastic(Stochastic::new(n(period), n(smooth_k), n(smooth_d)))
            }
            (Kind::Stochastic { period, smooth_k, smooth_d }, true) => {
                Formula::Stochastic(Stochastic::exponential(n(period), n(smooth_k), n(smooth_d)))
            }
            (Kind::Mfi { period }, _) => Formula::Mfi(Mfi::new(n(period))),
            (Kind::Bollinger { period, width }, _) => Formula::Bollinger(Bollinger::new(n(period), width)),
        }
    }
}

fn within(name: &'static str, asked: Option<u32>, otherwise: u32, min: u32) -> Result<u32, Problem> {
    let value = asked.unwrap_or(otherwise);
    if (min..=PERIOD_MAX).contains(&value) {
        return Ok(value);
    }
    let problem = Problem::bad("param_out_of_range").with("name", name).with("min", min);
    Err(problem.with("max", PERIOD_MAX).with("value", value))
}

fn width(asked: Option<f64>) -> Result<f64, Problem> {
    let value = asked.unwrap_or(2.0);
    if value > 0.0 && value <= WIDTH_MAX {
        return Ok(value);
    }
    let problem = Problem::bad("param_out_of_range").with("name", "width").with("min", 0);
    Err(problem.with("max", WIDTH_MAX).with("value", value))
}

/// A running indicator.
#[derive(Debug, Clone)]
pub(super) enum Formula {
    Ma(Sma),
    Ema(Ema),
    Wma(Wma),
    Rsi(Rsi),
    SimpleRsi(SimpleRsi),
    Macd(Macd),
    Stochastic(Stochastic),
    Mfi(Mfi),
    Bollinger(Bollinger),
}

impl Formula {
    /// Takes a bar; the values of its lines once it is warm.
    pub fn update(&mut self, bar: &Bar) -> Option<BTreeMap<String, f64>> {
        let (high, low, close, volume) = numbers(bar);
        let lines = match self {
            Formula::Ma(average) => vec![("ma", average.update(close)?)],
            Formula::Ema(average) => vec![("ema", average.update(close)?)],
            Formula::Wma(average) => vec![("wma", average.update(close)?)],
            Formula::Rsi(index) => vec![("rsi", index.update(close)?)],
            Formula::SimpleRsi(index) => vec![("rsi", index.update(close)?)],
            Formula::Macd(macd) => {
                let v = macd.update(close)?;
                vec![("macd", v.macd), ("signal", v.signal), ("histogram", v.histogram)]
            }
            Formula::Stochastic(stochastic) => {
                let v = stochastic.update(high, low, close)?;
                vec![("k", v.k), ("d", v.d)]
            }
            Formula::Mfi(mfi) => vec![("mfi", mfi.update(high, low, close, volume)?)],
            Formula::Bollinger(bands) => {
                let v = bands.update(close)?;
                vec![("lower", v.lower), ("middle", v.middle), ("upper", v.upper)]
            }
        };
        Some(lines.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}
