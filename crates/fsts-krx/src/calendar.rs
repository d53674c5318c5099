//! Which days and hours are open: closures, late days, settlement days.

use std::sync::Arc;

use fsts_domain::{Timestamp, TradingDay};

use crate::closures::{COVERED, Closures};
use crate::dated::day;
use crate::session::{SessionPart, Shift, hours_on};

/// Why the exchange is closed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedReason {
    /// Saturday or Sunday.
    Weekend,
    /// A public, substitute or temporary holiday, an election, Labour Day.
    Holiday,
    /// The last business day of the year.
    YearEnd,
}

/// What kind of day it is for the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// Trading day; late days open and close later by so many seconds.
    Open {
        /// Seconds by which everything around the opening is late.
        shift_open_s: i64,
        /// Seconds by which everything around the close is late.
        shift_close_s: i64,
    },
    /// No trading.
    Closed {
        /// Why.
        reason: ClosedReason,
    },
    /// Outside the years the calendar knows; counts as closed.
    Unknown,
}

/// The exchange's calendar, or none at all.
#[derive(Clone, Debug)]
pub enum SessionCalendar {
    /// KRX closures and late days.
    Krx(Arc<Closures>),
    /// Every day, around the clock, in Korean days; for demos and the ideal profile.
    AlwaysOpen,
}

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 86_400;
/// Longer than any run of closed days.
const CLOSED_DAYS_MAX: i32 = 30;

/// 수능: everything an hour late (`krx-rules` §3.5). In 2017 an earthquake moved the exam; both days were late.
static CSAT_DAYS: [TradingDay; 28] = [
    day(2000, 11, 15),
    day(2001, 11, 7),
    day(2002, 11, 6),
    day(2003, 11, 5),
    day(2004, 11, 17),
    day(2005, 11, 23),
    day(2006, 11, 16),
    day(2007, 11, 15),
    day(2008, 11, 13),
    day(2009, 11, 12),
    day(2010, 11, 18),
    day(2011, 11, 10),
    day(2012, 11, 8),
    day(2013, 11, 7),
    day(2014, 11, 13),
    day(2015, 11, 12),
    day(2016, 11, 17),
    day(2017, 11, 16),
    day(2017, 11, 23),
    day(2018, 11, 15),
    day(2019, 11, 14),
    day(2020, 12, 3),
    day(2021, 11, 18),
    day(2022, 11, 17),
    day(2023, 11, 16),
    day(2024, 11, 14),
    day(2025, 11, 13),
    day(2026, 11, 19),
];
/// The day after the attacks in New York: 12:00 to the usual close.
const NOON_OPENING: TradingDay = day(2001, 9, 12);

impl SessionCalendar {
    /// The exchange's own calendar, 2000 to 2027.
    pub fn krx() -> Self {
        SessionCalendar::Krx(Closures::krx())
    }

    /// Every day, around the clock.
    pub fn always_open() -> Self {
        SessionCalendar::AlwaysOpen
    }

    /// What kind of day it is.
    pub fn day_kind(&self, day: TradingDay) -> DayKind {
        let SessionCalendar::Krx(closures) = self else {
            return DayKind::Open { shift_open_s: 0, shift_close_s: 0 };
        };
        if day < COVERED.0 || day > COVERED.1 {
            return DayKind::Unknown;
        }
        match closed(closures, day) {
            Some(reason) => DayKind::Closed { reason },
            None => {
                let shift = late_by(closures, day);
                DayKind::Open { shift_open_s: shift.open_s, shift_close_s: shift.close_s }
            }
        }
    }

    /// True for a trading day.
    pub fn is_open(&self, day: TradingDay) -> bool {
        self.shift(day).is_some()
    }

    /// The first trading day after `after`, or `None` beyond the years the calendar knows.
    pub fn next_open_day(&self, after: TradingDay) -> Option<TradingDay> {
        (1..=CLOSED_DAYS_MAX).map(|days| after.plus_days(days)).find(|day| self.is_open(*day))
    }

    /// The last trading day before `before`, or `None` before the years the calendar knows.
    pub fn previous_open_day(&self, before: TradingDay) -> Option<TradingDay> {
        (1..=CLOSED_DAYS_MAX).map(|days| before.plus_days(-days)).find(|day| self.is_open(*day))
    }

    /// The day on which a trade is settled: two trading days later.
    pub fn settlement_day(&self, trade: TradingDay) -> Option<TradingDay> {
        self.next_open_day(self.next_open_day(trade)?)
    }

    /// The part of the day at an instant, late days included.
    pub fn part_at(&self, at: Timestamp) -> SessionPart {
        if matches!(self, SessionCalendar::AlwaysOpen) {
            return SessionPart::AlwaysOpen;
        }
        let day = at.kst_day();
        self.shift(day).map_or(SessionPart::Closed, |shift| hours_on(day).part_at(at.kst_second(), shift))
    }

    /// The first instant after `at` at which the part changes; `None` when it never does.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        if matches!(self, SessionCalendar::AlwaysOpen) {
            return None;
        }
        let now = self.part_at(at);
        let today = at.kst_day();
        [Some(today).filter(|day| self.is_open(*day)), self.next_open_day(today)].into_iter().flatten().find_map(
            |day| {
                let shift = self.shift(day)?;
                let mut changes = hours_on(day).boundaries(shift);
                let change = changes.find(|(second, part)| Timestamp::from_kst(day, *second) > at && *part != now);
                change.map(|(second, _)| Timestamp::from_kst(day, second))
            },
        )
    }

    /// The instant at which continuous trading begins: 09:00, later on a late day; midnight when always open.
    pub fn regular_open(&self, day: TradingDay) -> Option<Timestamp> {
        let shift = self.shift(day)?;
        let second = match self {
            SessionCalendar::AlwaysOpen => 0,
            SessionCalendar::Krx(_) => hours_on(day).start_of(SessionPart::Continuous, shift)?,
        };
        Some(Timestamp::from_kst(day, second))
    }

    /// The instant at which the closing auction ends: 15:30, later on a late day; the next midnight when always open.
    pub fn regular_close(&self, day: TradingDay) -> Option<Timestamp> {
        let shift = self.shift(day)?;
        let second = match self {
            SessionCalendar::AlwaysOpen => DAY_S,
            SessionCalendar::Krx(_) => hours_on(day).end_of(SessionPart::ClosingAuction, shift)?,
        };
        Some(Timestamp::from_kst(day, second))
    }

    /// The last day that a published list confirms; `None` when there is nothing to confirm.
    pub fn verified_until(&self) -> Option<TradingDay> {
        match self {
            SessionCalendar::Krx(closures) => Some(closures.verified_until()),
            SessionCalendar::AlwaysOpen => None,
        }
    }

    /// How late a trading day is; `None` on a closed or unknown day.
    pub(crate) fn shift(&self, day: TradingDay) -> Option<Shift> {
        match self.day_kind(day) {
            DayKind::Open { shift_open_s, shift_close_s } => {
                Some(Shift { open_s: shift_open_s, close_s: shift_close_s })
            }
            DayKind::Closed { .. } | DayKind::Unknown => None,
        }
    }
}

fn closed(closures: &Closures, day: TradingDay) -> Option<ClosedReason> {
    if day.weekday() >= 5 { Some(ClosedReason::Weekend) } else { closures.reason(day) }
}

fn late_by(closures: &Closures, day: TradingDay) -> Shift {
    if CSAT_DAYS.contains(&day) {
        return Shift { open_s: HOUR_S, close_s: HOUR_S };
    }
    if day == NOON_OPENING {
        return Shift { open_s: 3 * HOUR_S, close_s: 0 };
    }
    if is_first_of_year(closures, day) {
        // Opens at 10:00 and closes as usual.
        return Shift { open_s: HOUR_S, close_s: 0 };
    }
    Shift::default()
}

/// True when no earlier day of the year is open.
fn is_first_of_year(closures: &Closures, day: TradingDay) -> bool {
    let (year, month, day_of_month) = day.ymd();
    // The custom is known from 2001 on; the first session was never later than the first week.
    year >= 2001
        && month == 1
        && day_of_month <= 7
        && (1..day_of_month as i32).all(|back| closed(closures, day.plus_days(-back)).is_some())
}
