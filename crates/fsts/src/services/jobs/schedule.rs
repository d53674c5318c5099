//! When a job is due: words of the trading day on the exchange's calendar, or a cron expression in Korean time.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use fsts_domain::{NS_PER_S, Timestamp, TradingDay};
use fsts_krx::SessionCalendar;
use jiff::civil::DateTime;

/// Further than from any day to the next trading day.
const DAYS_MAX: i32 = 40;
/// A moment before or after the close stays on its day, late days included.
const AROUND_CLOSE_MAX: i64 = 7 * 60;
/// Minutes between two instants of a session.
const EVERY_MAX: i64 = 7 * 60;

/// When a job is due. Times are Korean.
///
/// ```text
/// at 15:10 on trading days         by the clock, also on days that open or close late
/// 10 minutes before the close      moves with a late close
/// 30 minutes after the close
/// every 30 minutes in session      from the opening on, the close not included
/// cron 30 3 * * *                  minute hour day month weekday, closed days too
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// At a second of each trading day.
    At {
        /// Seconds since midnight.
        second: i64,
    },
    /// Before the end of the closing auction.
    BeforeClose {
        /// So many minutes.
        minutes: i64,
    },
    /// After it.
    AfterClose {
        /// So many minutes.
        minutes: i64,
    },
    /// From the opening on, again and again.
    Every {
        /// Minutes from one instant to the next.
        minutes: i64,
    },
    /// A cron expression.
    Cron(Box<CronRule>),
}

/// A cron expression with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct CronRule {
    text: String,
    cron: Cron,
}

/// Nothing that a schedule could mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a schedule")]
pub struct NotASchedule;

impl Schedule {
    /// The first due instant after `after`; `None` beyond the years that the calendar knows, or when there is none.
    pub fn next(&self, after: Timestamp, calendar: &SessionCalendar) -> Option<Timestamp> {
        if let Schedule::Cron(rule) = self {
            return rule.next(after);
        }
        // Minutes after an always-open day's close are on the next day.
        let first = after.kst_day().plus_days(-1);
        let days = (0..=DAYS_MAX).map(|n| first.plus_days(n)).filter(|day| calendar.is_open(*day));
        days.filter_map(|day| self.on(day, after, calendar)).find(|due| *due > after)
    }

    /// The first due instant of a trading day after `after`, or its only one.
    fn on(&self, day: TradingDay, after: Timestamp, calendar: &SessionCalendar) -> Option<Timestamp> {
        match self {
            Schedule::At { second } => Some(Timestamp::from_kst(day, *second)),
            Schedule::BeforeClose { minutes } => Some(calendar.regular_close(day)?.plus_s(-minutes * 60)),
            Schedule::AfterClose { minutes } => Some(calendar.regular_close(day)?.plus_s(minutes * 60)),
            Schedule::Every { minutes } => {
                let (open, close) = (calendar.regular_open(day)?, calendar.regular_close(day)?);
                let step_ns = minutes * 60 * NS_PER_S;
                let passed = if after < open { 0 } else { after.since(open) / step_ns + 1 };
                Some(open.plus_ns(passed * step_ns)).filter(|due| *due < close)
            }
            Schedule::Cron(_) => None,
        }
    }
}

impl CronRule {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let (year, month, day) = after.kst_day().ymd();
        let second = after.kst_second();
        let (hour, minute) = ((second / 3600) as i8, (second / 60 % 60) as i8);
        let at = DateTime::new(i16::try_from(year).ok()?, month as i8, day as i8, hour, minute, (second % 60) as i8, 0);
        let next = self.cron.find_next_occurrence(&at.ok()?, false).ok()?;
        let day = TradingDay::from_ymd(next.year().into(), next.month() as u32, next.day() as u32)?;
        let second = i64::from(next.hour()) * 3600 + i64::from(next.minute()) * 60 + i64::from(next.second());
        Some(Timestamp::from_kst(day, second))
    }

    /// The expression.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Schedule {
    type Err = NotASchedule;
    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["at", time, "on", "trading", "days"] => Ok(Schedule::At { second: time_of_day(time)? }),
            [count, unit, "before", "the", "close"] => {
                Ok(Schedule::BeforeClose { minutes: minutes(count, unit, 0, AROUND_CLOSE_MAX)? })
            }
            [count, unit, "after", "the", "close"] => {
                Ok(Schedule::AfterClose { minutes: minutes(count, unit, 0, AROUND_CLOSE_MAX)? })
            }
            ["every", count, unit, "in", "session"] => {
                Ok(Schedule::Every { minutes: minutes(count, unit, 1, EVERY_MAX)? })
            }
            ["cron", fields @ ..] => {
                let text = fields.join(" ");
                let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
                let cron = parser.parse(&text).map_err(|_| NotASchedule)?;
                Ok(Schedule::Cron(Box::new(CronRule { text, cron })))
            }
            _ => Err(NotASchedule),
        }
    }
}

fn time_of_day(text: &str) -> Result<i64, NotASchedule> {
    let (hour, minute) = text.split_once(':').ok_or(NotASchedule)?;
    let number = |text: &str, max: i64| {
        let whole = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|n| whole && *n <= max).ok_or(NotASchedule)
    };
    Ok(number(hour, 23)? * 3600 + number(minute, 59)? * 60)
}

fn minutes(count: &str, unit: &str, min: i64, max: i64) -> Result<i64, NotASchedule> {
    let count = count.parse::<i64>().map_err(|_| NotASchedule)?;
    let fits = (min..=max).contains(&count) && matches!(unit, "minute" | "minutes");
    if fits { Ok(count) } else { Err(NotASchedule) }
}

impl fmt::Display for Schedule {
    /// The text that reads back as the same schedule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::At { second } => write!(f, "at {:02}:{:02} on trading days", second / 3600, second / 60 % 60),
            Schedule::BeforeClose { minutes } => write!(f, "{minutes} minutes before the close"),
            Schedule::AfterClose { minutes } => write!(f, "{minutes} minutes after the close"),
            Schedule::Every { minutes } => write!(f, "every {minutes} minutes in session"),
            Schedule::Cron(rule) => write!(f, "cron {}", rule.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(text: &str) -> Schedule {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    /// `2026-11-20 15:10` in Korea.
    fn kst(text: &str) -> Timestamp {
        let (day, time) = text.split_once(' ').unwrap();
        Timestamp::from_kst(day.parse().unwrap(), time_of_day(time).unwrap())
    }

    /// 2026-11-19 is the day of the CSAT: everything an hour late. 2026-11-20 is a Friday. 2026-12-31 is the year-end closure,
    /// 2027-01-04 opens at 10:00. 2026-09-24 to 26 is 추석. 2026-02-16 to 18 is 설.
    #[test]
    fn due_instants_follow_the_exchanges_calendar() {
        let cases = [
            ("at 15:10 on trading days", "2026-11-20 15:09", "2026-11-20 15:10"),
            ("at 15:10 on trading days", "2026-11-20 15:10", "2026-11-23 15:10"),
            ("at 15:10 on trading days", "2026-11-21 00:00", "2026-11-23 15:10"),
            ("at 15:10 on trading days", "2026-02-13 16:00", "2026-02-19 15:10"),
            ("at 15:10 on trading days", "2026-09-23 16:00", "2026-09-28 15:10"),
            ("at 15:10 on trading days", "2026-12-30 16:00", "2027-01-04 15:10"),
            ("at 15:10 on trading days", "2026-11-18 15:10", "2026-11-19 15:10"),
            ("at 0:00 on trading days", "2026-11-20 15:10", "2026-11-23 00:00"),
            ("10 minutes before the close", "2026-11-18 15:00", "2026-11-18 15:20"),
            ("10 minutes before the close", "2026-11-18 15:20", "2026-11-19 16:20"),
            ("10 minutes before the close", "2026-11-19 16:20", "2026-11-20 15:20"),
            ("0 minutes before the close", "2026-11-20 15:00", "2026-11-20 15:30"),
            ("30 minutes after the close", "2026-11-20 15:00", "2026-11-20 16:00"),
            ("30 minutes after the close", "2026-11-20 16:00", "2026-11-23 16:00"),
            ("every 30 minutes in session", "2026-11-20 08:00", "2026-11-20 09:00"),
            ("every 30 minutes in session", "2026-11-20 09:00", "2026-11-20 09:30"),
            ("every 30 minutes in session", "2026-11-20 14:59", "2026-11-20 15:00"),
            ("every 30 minutes in session", "2026-11-20 15:00", "2026-11-23 09:00"),
            ("every 30 minutes in session", "2026-11-19 08:00", "2026-11-19 10:00"),
            ("every 60 minutes in session", "2026-12-30 16:00", "2027-01-04 10:00"),
            ("cron 30 3 * * *", "2026-11-20 03:30", "2026-11-21 03:30"),
            ("cron 30 3 * * *", "2026-11-20 03:29", "2026-11-20 03:30"),
            ("cron 0 9 * * 1", "2026-11-20 10:00", "2026-11-23 09:00"),
            ("cron 0 0 1 1 *", "2026-11-20 10:00", "2027-01-01 00:00"),
            ("cron */5 * * * *", "2026-12-31 23:56", "2027-01-01 00:00"),
        ];
        let calendar = SessionCalendar::krx();
        for (text, after, due) in cases {
            assert_eq!(schedule(text).next(kst(after), &calendar), Some(kst(due)), "{text} after {after}");
        }
    }

    #[test]
    fn an_always_open_market_closes_at_midnight() {
        let calendar = SessionCalendar::always_open();
        let cases = [
            ("at 15:10 on trading days", "2026-11-21 00:00", "2026-11-21 15:10"),
            ("10 minutes before the close", "2026-11-21 23:49", "2026-11-21 23:50"),
            ("10 minutes after the close", "2026-11-21 00:00", "2026-11-21 00:10"),
            ("every 60 minutes in session", "2026-11-21 23:30", "2026-11-22 00:00"),
        ];
        for (text, after, due) in cases {
            assert_eq!(schedule(text).next(kst(after), &calendar), Some(kst(due)), "{text} after {after}");
        }
    }

    #[test]
    fn beyond_the_known_years_nothing_is_due() {
        let after = kst("2027-12-31 16:00");
        for text in ["at 15:10 on trading days", "10 minutes before the close", "every 1 minutes in session"] {
            assert_eq!(schedule(text).next(after, &SessionCalendar::krx()), None, "{text}");
        }
        assert_eq!(schedule("cron 0 0 30 2 *").next(after, &SessionCalendar::krx()), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let wrong = [
            "",
            "at",
            "at 24:00 on trading days",
            "at 15:60 on trading days",
            "at +5:00 on trading days",
            "at 1510 on trading days",
            "at 15:10",
            "-1 minutes before the close",
            "421 minutes after the close",
            "1.5 minutes before the close",
            "10 hours before the close",
            "every 0 minutes in session",
            "every 99999999999999999999 minutes in session",
            "cron",
            "cron 1 2 3",
            "cron 99 * * * *",
            "cron 0 0 3 * * *",
        ];
        for text in wrong {
            assert_eq!(text.parse::<Schedule>(), Err(NotASchedule), "{text}");
        }
    }

    fn any_schedule() -> impl Strategy<Value = String> {
        prop_oneof![
            (0..24, 0..60).prop_map(|(h, m)| format!("at {h}:{m:02} on trading days")),
            (0..=AROUND_CLOSE_MAX).prop_map(|n| format!("{n} minutes before the close")),
            (0..=AROUND_CLOSE_MAX).prop_map(|n| format!("{n} minutes after the close")),
            (1..=EVERY_MAX).prop_map(|n| format!("every {n} minutes in session")),
            (0..60, 0..24).prop_map(|(m, h)| format!("cron {m} {h} * * *")),
        ]
    }

    proptest! {
        /// The next instant is later, on a trading day where the schedule says so, and nothing lies between: asked from any
        /// moment before it, the answer is the same.
        #[test]
        fn the_next_instant_is_the_first(
            text in any_schedule(),
            second in 1_475_000_000i64..1_798_000_000,
            part in 0.0f64..1.0,
            open in any::<bool>(),
        ) {
            let calendar = if open { SessionCalendar::always_open() } else { SessionCalendar::krx() };
            let after = Timestamp::from_ns(second * NS_PER_S + 7);
            let rule = schedule(&text);
            prop_assert_eq!(&schedule(&rule.to_string()), &rule);
            let Some(due) = rule.next(after, &calendar) else {
                return Err(TestCaseError::fail("within the known years something is due"));
            };
            prop_assert!(due > after);
            let between = after.plus_ns((due.since(after) as f64 * part) as i64);
            if between < due {
                prop_assert_eq!(rule.next(between, &calendar), Some(due));
            }
            if !open && !matches!(rule, Schedule::Cron(_)) {
                prop_assert!(calendar.is_open(due.kst_day()), "{} on a closed day", due);
            }
            if !matches!(rule, Schedule::Every { .. }) && open {
                prop_assert!(due.since(after) <= 2 * 86_400 * NS_PER_S);
            }
        }
    }
}
