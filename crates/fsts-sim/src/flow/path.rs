//! The hidden fair value that the orders of a symbol gather around.

use fsts_domain::NS_PER_S;
use fsts_krx::DayRules;

use crate::Stream;
use crate::flow::FlowSymbol;
use crate::flow::hours::Hours;

/// A path of log prices on a grid of seconds: regimes of drift plus noise that returns to its mean.
#[derive(Debug)]
pub(crate) struct FairPath {
    stream: Stream,
    base: f64,
    log_low: f64,
    log_high: f64,
    sigma_per_min: f64,
    /// Log distance from the base that regimes have led to.
    trend: f64,
    /// Log distance from the trend.
    noise: f64,
    /// -1, 0 or 1.
    drift: f64,
    regime_ends_s: i64,
    now_s: i64,
}

/// Minutes in which the noise forgets 63 % of itself.
const NOISE_MEMORY_MIN: f64 = 4.0;
/// Drift of a regime in standard deviations of a minute, per minute: RSI passes 70 within a quarter of an hour.
const DRIFT: f64 = 0.7;
/// Spread of the noise, likewise.
const NOISE: f64 = 0.8;
/// Movements below the tick can't be seen; a minute moves by so many ticks at least.
const TICKS_PER_MIN: f64 = 1.25;

impl FairPath {
    pub(crate) fn new(stream: Stream, symbol: &FlowSymbol, rules: &DayRules, begin_ns: i64) -> Self {
        let band = rules.band(symbol.market, symbol.base);
        let tick = rules.tick(symbol.market, symbol.base);
        let base = symbol.base.get() as f64;
        // Stay a little inside the limits; a day locked at one is a scenario of its own.
        let room = |limit: f64| libm::log(limit / base) * 0.95;
        FairPath {
            stream,
            base,
            log_low: band.map_or(-0.3, |band| room(band.lower.get() as f64)),
            log_high: band.map_or(0.26, |band| room(band.upper.get() as f64)),
            sigma_per_min: (f64::from(symbol.sigma_bps_per_min) / 10_000.0).max(TICKS_PER_MIN * tick as f64 / base),
            trend: 0.0,
            noise: 0.0,
            drift: 0.0,
            regime_ends_s: 0,
            now_s: begin_ns / NS_PER_S,
        }
    }

    /// Fair value in won and the direction of the regime, -1 to 1. Times must not go back.
    pub(crate) fn at(&mut self, ns: i64, hours: &Hours) -> (f64, f64) {
        let target_s = ns / NS_PER_S;
        while self.now_s < target_s {
            self.now_s += 1;
            self.second(hours.intensity(self.now_s * NS_PER_S));
        }
        (self.base * libm::exp(self.log()), self.drift)
    }

    fn second(&mut self, intensity: f64) {
        if self.now_s >= self.regime_ends_s {
            self.regime_ends_s = self.now_s + self.stream.between(6 * 60, 20 * 60);
            self.drift = self.next_drift();
        }
        // Busy minutes are also wilder, less than in proportion.
        let sigma = self.sigma_per_min * intensity.sqrt().min(2.0);
        self.trend += self.drift * DRIFT * self.sigma_per_min / 60.0;
        let kept = 1.0 - 1.0 / (NOISE_MEMORY_MIN * 60.0);
        self.noise = self.noise * kept + NOISE * sigma / 60f64.sqrt() * self.stream.normal();
        self.trend = self.trend.clamp(self.log_low, self.log_high);
    }

    fn log(&self) -> f64 {
        (self.trend + self.noise).clamp(self.log_low, self.log_high)
    }

    /// Mostly another direction than now; the further from the base, the rather back to it.
    fn next_drift(&mut self) -> f64 {
        let reach = if self.trend < 0.0 { self.log_low } else { self.log_high };
        let away = (self.trend / reach).abs().min(1.0);
        let back = -self.trend.signum();
        let draw = self.stream.unit();
        if draw < away {
            back
        } else if self.drift != 0.0 && draw < 0.5 + away / 2.0 {
            -self.drift
        } else {
            // In thirds: up, down, nowhere.
            self.stream.between(-1, 1) as f64
        }
    }
}
