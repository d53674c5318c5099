//! When a generated day trades, and how busily.

use fsts_domain::NS_PER_S;
use fsts_krx::{DayRules, SessionPart};

/// What a moment is to the order flow.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Closed,
    Auction,
    Continuous,
}

/// The regular session of a day: stretches of one phase, in nanoseconds since Korean midnight.
#[derive(Debug)]
pub(crate) struct Hours {
    stretches: Vec<(i64, i64, Phase)>,
    /// An always-open day has no open and no close to be busy at.
    level: bool,
}

const MINUTE_NS: i64 = 60 * NS_PER_S;
const MINUTES_PER_DAY: i64 = 1_440;

impl Hours {
    /// Reads the hours out of the rules; parts of the day begin and end on whole minutes.
    pub(crate) fn of(rules: &DayRules) -> Self {
        let mut stretches: Vec<(i64, i64, Phase)> = Vec::new();
        let mut level = false;
        for minute in 0..MINUTES_PER_DAY {
            let part = rules.part_at(minute * 60);
            level |= part == SessionPart::AlwaysOpen;
            let phase = match part {
                SessionPart::OpeningAuction | SessionPart::ClosingAuction => Phase::Auction,
                SessionPart::Continuous | SessionPart::AlwaysOpen => Phase::Continuous,
                SessionPart::Closed | SessionPart::PreOpen | SessionPart::PostClose | SessionPart::AfterMarket => {
                    continue;
                }
            };
            let (from, to) = (minute * MINUTE_NS, (minute + 1) * MINUTE_NS);
            match stretches.last_mut() {
                Some(last) if last.1 == from && last.2 == phase => last.1 = to,
                Some(_) | None => stretches.push((from, to, phase)),
            }
        }
        Hours { stretches, level }
    }

    /// The first moment with orders; 0 on a closed day.
    pub(crate) fn begin_ns(&self) -> i64 {
        self.stretches.first().map_or(0, |stretch| stretch.0)
    }

    pub(crate) fn phase(&self, ns: i64) -> Phase {
        let found = self.stretches.iter().find(|stretch| (stretch.0..stretch.1).contains(&ns));
        found.map_or(Phase::Closed, |stretch| stretch.2)
    }

    /// `ns`, or the next moment with orders after it.
    pub(crate) fn open_at_or_after(&self, ns: i64) -> Option<i64> {
        self.stretches.iter().find(|stretch| ns < stretch.1).map(|stretch| stretch.0.max(ns))
    }

    /// Activity as a multiple of the day's average: high at the open, higher than noon at the close.
    pub(crate) fn intensity(&self, ns: i64) -> f64 {
        let mut continuous = self.stretches.iter().filter(|stretch| stretch.2 == Phase::Continuous);
        let (true, Some(&(open, close, _))) = (!self.level, continuous.next()) else {
            return 1.0;
        };
        let at = (ns - open) as f64 / (close - open) as f64;
        if !(0.0..=1.0).contains(&at) {
            return 0.5;
        }
        0.65 + 4.0 * libm::exp(-at / 0.05) + 1.5 * libm::exp((at - 1.0) / 0.1)
    }
}
