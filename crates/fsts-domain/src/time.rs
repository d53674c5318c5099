//! Instants in UTC and trading days in Korea.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use crate::ParseError;

/// Nanoseconds in a second.
pub const NS_PER_S: i64 = 1_000_000_000;
/// Korea is nine hours ahead of UTC; no daylight saving in the period we trade.
pub const KST_OFFSET_S: i64 = 9 * 3600;
const S_PER_DAY: i64 = 86_400;

/// An instant: UTC nanoseconds since 1970. It always comes in with an event; this crate has no clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant from UTC nanoseconds.
    #[inline]
    pub const fn from_ns(ns: i64) -> Self {
        Timestamp(ns)
    }

    /// UTC nanoseconds.
    #[inline]
    pub const fn ns(self) -> i64 {
        self.0
    }

    /// The instant of a Korean wall-clock time on a day.
    #[inline]
    pub const fn from_kst(day: TradingDay, second_of_day: i64) -> Self {
        Timestamp((day.0 as i64 * S_PER_DAY + second_of_day - KST_OFFSET_S) * NS_PER_S)
    }

    /// The Korean calendar day of the instant.
    #[inline]
    pub const fn kst_day(self) -> TradingDay {
        TradingDay((self.0 + KST_OFFSET_S * NS_PER_S).div_euclid(S_PER_DAY * NS_PER_S) as i32)
    }

    /// Seconds since Korean midnight, 0 to 86,399.
    #[inline]
    pub const fn kst_second(self) -> i64 {
        (self.0 + KST_OFFSET_S * NS_PER_S).rem_euclid(S_PER_DAY * NS_PER_S) / NS_PER_S
    }

    /// The instant `seconds` later (earlier when negative).
    #[inline]
    pub const fn plus_s(self, seconds: i64) -> Self {
        Timestamp(self.0 + seconds * NS_PER_S)
    }

    /// The instant `ns` later (earlier when negative).
    #[inline]
    pub const fn plus_ns(self, ns: i64) -> Self {
        Timestamp(self.0 + ns)
    }

    /// Nanoseconds from `earlier` to `self`.
    #[inline]
    pub const fn since(self, earlier: Timestamp) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Timestamp {
    /// Korean wall-clock time, `2026-11-20 09:00:03.120`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.kst_second();
        let ms = self.0.rem_euclid(NS_PER_S) / 1_000_000;
        write!(f, "{} {:02}:{:02}:{:02}.{ms:03}", self.kst_day(), s / 3600, s / 60 % 60, s % 60)
    }
}
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A calendar day in Korea, as days since 1970-01-01. Whether the market opens on it is the calendar's knowledge.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct TradingDay(i32);

impl TradingDay {
    /// The day from days since 1970-01-01.
    #[inline]
    pub const fn from_epoch_days(days: i32) -> Self {
        TradingDay(days)
    }

    /// Days since 1970-01-01.
    #[inline]
    pub const fn epoch_days(self) -> i32 {
        self.0
    }

    /// The day of a date of the Gregorian calendar, or `None` when there is no such date.
    pub const fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        if year < 1600 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        // Days from civil: years run from March so that the leap day is the last of a year.
        let y = if month <= 2 { year - 1 } else { year } as i64;
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let m = month as i64;
        let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + day as i64 - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        Some(TradingDay((era * 146_097 + doe - 719_468) as i32))
    }

    /// Year, month 1–12 and day 1–31.
    pub const fn ymd(self) -> (i32, u32, u32) {
        let z = self.0 as i64 + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
        let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
        let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
        (year as i32, month, day)
    }

    /// Day of the week: 0 Monday … 6 Sunday.
    pub const fn weekday(self) -> u32 {
        (self.0 as i64 + 3).rem_euclid(7) as u32
    }

    /// The calendar day `days` later.
    pub const fn plus_days(self, days: i32) -> Self {
        TradingDay(self.0 + days)
    }

    /// `YYYYMMDD`, as the broker writes dates.
    pub fn compact(self) -> String {
        let (y, m, d) = self.ymd();
        format!("{y:04}{m:02}{d:02}")
    }
}

const fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for TradingDay {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::Day(text.chars().take(20).collect());
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u32 = digits.parse().map_err(|_| bad())?;
        TradingDay::from_ymd((number / 10_000) as i32, number / 100 % 100, number % 100).ok_or_else(bad)
    }
}
impl TryFrom<String> for TradingDay {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}
impl Serialize for TradingDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl fmt::Display for TradingDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}
impl fmt::Debug for TradingDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_dates_have_known_weekdays() {
        for (text, weekday) in [("1970-01-01", 3), ("2024-02-29", 3), ("20261122", 6)] {
            assert_eq!(text.parse::<TradingDay>().unwrap().weekday(), weekday, "{text}");
        }
        assert!("2023-02-29".parse::<TradingDay>().is_err());
    }

    #[test]
    fn a_korean_morning_is_the_day_before_midnight_in_utc() {
        let day: TradingDay = "2026-11-20".parse().unwrap();
        let open = Timestamp::from_kst(day, 9 * 3600);
        assert_eq!(open.ns() / NS_PER_S % 86_400, 0);
        assert_eq!((open.kst_day(), open.kst_second()), (day, 9 * 3600));
        assert_eq!(open.to_string(), "2026-11-20 09:00:00.000");
    }

    proptest! {
        #[test]
        fn every_day_survives_a_round_trip(days in -100_000i32..100_000) {
            let day = TradingDay::from_epoch_days(days);
            let (y, m, d) = day.ymd();
            prop_assert_eq!(TradingDay::from_ymd(y, m, d), Some(day));
            prop_assert_eq!(day.to_string().parse::<TradingDay>().unwrap(), day);
        }
    }
}
