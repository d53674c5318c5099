//! The parts of a trading day on KRX and their hours, by day.

use fsts_domain::{OrderKind, TradingDay};
use serde::{Deserialize, Serialize};

use crate::dated::{Confidence, Dated, day, in_force};

/// A part of the day at which the market is. Where two run at once, the one that takes ordinary orders.
///
/// The off-hours single-price auction (16:00–18:00 until 2026-09-11) counts as [`SessionPart::Closed`]: nothing of
/// ours trades there. From 2019-04-29 the opening auction covers the whole pre-open trade, so `PreOpen` is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionPart {
    /// Nothing trades.
    Closed,
    /// 장전 시간외종가: trades at yesterday's close.
    PreOpen,
    /// 시가 단일가.
    OpeningAuction,
    /// 접속매매.
    Continuous,
    /// 종가 단일가.
    ClosingAuction,
    /// 장후 시간외종가: trades at today's close.
    PostClose,
    /// 애프터마켓, from 2026-09-14.
    AfterMarket,
    /// No session times: the ideal profile and the always-open calendar.
    AlwaysOpen,
}

impl SessionPart {
    /// True for the parts from which official prices and daily bars come.
    pub const fn is_regular(self) -> bool {
        match self {
            SessionPart::OpeningAuction
            | SessionPart::Continuous
            | SessionPart::ClosingAuction
            | SessionPart::AlwaysOpen => true,
            SessionPart::Closed | SessionPart::PreOpen | SessionPart::PostClose | SessionPart::AfterMarket => false,
        }
    }

    /// True when ordinary limit and market orders are taken. The other parts have order codes of their own.
    pub const fn accepts(self, kind: OrderKind) -> bool {
        match kind {
            OrderKind::Limit(_) | OrderKind::Market => self.is_regular(),
        }
    }
}

/// Which end of the day a boundary moves with on a late day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MovesWith {
    Open,
    Close,
    Nothing,
}

/// At this second of the day (KST) this part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Boundary {
    second: i64,
    part: SessionPart,
    moves_with: MovesWith,
}

/// The boundaries of an era's day, ascending; before the first the market is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    boundaries: &'static [Boundary],
}

/// By how many seconds a day opens and closes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shift {
    pub(crate) open_s: i64,
    pub(crate) close_s: i64,
}

impl Hours {
    /// Second and part of each boundary on a day that is late by `shift`.
    pub(crate) fn boundaries(self, shift: Shift) -> impl DoubleEndedIterator<Item = (i64, SessionPart)> + Clone {
        self.boundaries.iter().map(move |boundary| {
            let late_s = match boundary.moves_with {
                MovesWith::Open => shift.open_s,
                MovesWith::Close => shift.close_s,
                MovesWith::Nothing => 0,
            };
            (boundary.second + late_s, boundary.part)
        })
    }

    /// The part that `second` of the day belongs to.
    pub(crate) fn part_at(self, second: i64, shift: Shift) -> SessionPart {
        let begun = self.boundaries(shift).rev().find(|(start, _)| *start <= second);
        begun.map_or(SessionPart::Closed, |(_, part)| part)
    }

    /// The second at which `part` begins, if the day has it.
    pub(crate) fn start_of(self, part: SessionPart, shift: Shift) -> Option<i64> {
        self.boundaries(shift).find(|(_, begins)| *begins == part).map(|(start, _)| start)
    }

    /// The second at which `part` ends, if the day has it.
    pub(crate) fn end_of(self, part: SessionPart, shift: Shift) -> Option<i64> {
        self.boundaries(shift).skip_while(|(_, begins)| *begins != part).nth(1).map(|(end, _)| end)
    }
}

const fn at(hour: i64, minute: i64, part: SessionPart, moves_with: MovesWith) -> Boundary {
    Boundary { second: hour * 3600 + minute * 60, part, moves_with }
}

use MovesWith::{Close, Nothing, Open};
use SessionPart::{AfterMarket, Closed, ClosingAuction, Continuous, OpeningAuction, PostClose, PreOpen};

const HOURS_2016: Hours = Hours {
    boundaries: &[
        at(7, 30, PreOpen, Open),
        at(8, 0, OpeningAuction, Open),
        at(9, 0, Continuous, Open),
        at(15, 20, ClosingAuction, Close),
        at(15, 30, Closed, Close),
        at(15, 40, PostClose, Close),
        at(16, 0, Closed, Close),
    ],
};
const HOURS_2019: Hours = Hours {
    boundaries: &[
        at(8, 30, OpeningAuction, Open),
        at(9, 0, Continuous, Open),
        at(15, 20, ClosingAuction, Close),
        at(15, 30, Closed, Close),
        at(15, 40, PostClose, Close),
        at(16, 0, Closed, Close),
    ],
};
const HOURS_2026: Hours = Hours {
    boundaries: &[
        at(8, 20, OpeningAuction, Open),
        at(9, 0, Continuous, Open),
        at(15, 20, ClosingAuction, Close),
        at(15, 30, Closed, Close),
        at(15, 40, PostClose, Close),
        // That a CSAT day's after-market begins late and ends as usual is an assumption; nothing is published.
        at(16, 0, AfterMarket, Close),
        at(20, 0, Closed, Nothing),
    ],
};

pub(crate) static HOURS: [Dated<Hours>; 3] = [
    row(day(2016, 8, 1), HOURS_2016, Confidence::High, "press 2016"),
    row(day(2019, 4, 29), HOURS_2019, Confidence::High, "press 2019-04-29"),
    row(day(2026, 9, 14), HOURS_2026, Confidence::Medium, "broker notices 2026-09; 08:20 from one source"),
];

const fn row(from: TradingDay, rule: Hours, confidence: Confidence, source: &'static str) -> Dated<Hours> {
    Dated { from, rule, confidence, source }
}

/// The hours in force on `day`.
pub(crate) fn hours_on(day: TradingDay) -> Hours {
    *in_force(&HOURS, day)
}
