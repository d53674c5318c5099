//! One cell of a table: numbers and instants, however the file wrote them.

use fsts_domain::{KST_OFFSET_S, NS_PER_S, Timestamp, TradingDay};

/// A number as the file has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Num {
    Empty,
    Int(i64),
    Float(f64),
    Bad,
}

impl Num {
    /// Reads a text cell; thousands separators are dropped.
    pub fn parse(text: &[u8]) -> Num {
        let text = text.trim_ascii();
        let (negative, digits) = match text.split_first() {
            None => return Num::Empty,
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            Some(_) => (false, text),
        };
        let mut value: i64 = 0;
        for byte in digits {
            value = match byte {
                b',' => value,
                b'0'..=b'9' => match value.checked_mul(10).and_then(|v| v.checked_add(i64::from(byte - b'0'))) {
                    Some(value) => value,
                    None => return Num::Float(f64::INFINITY),
                },
                _ => return Num::parse_float(text),
            };
        }
        match digits {
            [] => Num::Empty,
            _ if negative => Num::Int(-value),
            _ => Num::Int(value),
        }
    }

    fn parse_float(text: &[u8]) -> Num {
        const EMPTY: [&str; 5] = ["nan", "null", "none", "na", "n/a"];
        let text: String = text.iter().filter(|b| **b != b',').map(|b| char::from(*b)).collect();
        match text.parse::<f64>() {
            Ok(value) if value.is_nan() => Num::Empty,
            Ok(value) => Num::Float(value),
            Err(_) if EMPTY.contains(&text.to_lowercase().as_str()) => Num::Empty,
            Err(_) => Num::Bad,
        }
    }

    /// The whole number, rounded half up, and whether that changed it. `None` beyond ±10^15 or when there is none.
    pub fn whole(self) -> Option<(i64, bool)> {
        const MAX: i64 = 1_000_000_000_000_000;
        match self {
            Num::Empty | Num::Bad => None,
            Num::Int(value) => (-MAX..=MAX).contains(&value).then_some((value, false)),
            Num::Float(value) if value.is_finite() && value.abs() <= MAX as f64 => {
                let rounded = (value + 0.5).floor();
                // Float arithmetic leaves dust on whole prices; that is no fraction.
                Some((rounded as i64, (value - rounded).abs() > 1e-6))
            }
            Num::Float(_) => None,
        }
    }
}

/// The instant of Korean midnight; `None` outside 1900 to 2199, where nanoseconds would not fit.
pub(crate) fn midnight(day: TradingDay) -> Option<Timestamp> {
    (1900..2200).contains(&day.ymd().0).then(|| Timestamp::from_kst(day, 0))
}

/// An instant from a count of `per_s` units a second since 1970, as UTC or as Korean wall-clock time.
pub(crate) fn from_epoch(count: i64, per_s: i64, utc: bool) -> Option<Timestamp> {
    let local_s = if utc { 0 } else { KST_OFFSET_S };
    let ns = count.checked_mul(NS_PER_S / per_s)?.checked_sub(local_s * NS_PER_S)?;
    let at = Timestamp::from_ns(ns);
    midnight(at.kst_day()).map(|_| at)
}

/// Reads a date or a date with a time; without an offset it is Korean wall-clock time.
///
/// `2024-01-02`, `2024/01/02`, `20240102`, `2024-01-02T09:00:00`, `2024-01-02 09:00:00.5+09:00`, `202401020900`,
/// `20240102090000`, and seconds, milli-, micro- or nanoseconds since 1970 by their 10, 13, 16 or 19 digits.
pub(crate) fn parse_instant(text: &[u8]) -> Option<Timestamp> {
    let text = text.trim_ascii();
    if text.iter().all(u8::is_ascii_digit) {
        return compact_instant(text);
    }
    let separated = matches!((text.get(4), text.get(7)), (Some(a), Some(b)) if a == b && b"-/.".contains(a));
    if !separated {
        return None;
    }
    let day = midnight(date(text.get(..4)?, text.get(5..7)?, text.get(8..10)?)?)?;
    match text.get(10..)?.split_first() {
        None => Some(day),
        Some((b'T' | b' ', clock)) => {
            let clock = clock.trim_ascii_start();
            let zone = clock.iter().position(|b| matches!(b, b'Z' | b'z' | b'+' | b'-')).unwrap_or(clock.len());
            let (clock, zone) = clock.split_at(zone);
            let at = day.plus_ns(parse_time_of_day(clock)?);
            Some(at.plus_s(KST_OFFSET_S - offset_s(zone)?))
        }
        Some(_) => None,
    }
}

/// Nanoseconds since midnight from `9:00`, `09:00:00`, `09:00:00.25`, `0900` or `090000`.
pub(crate) fn parse_time_of_day(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let (clock, fraction) = match text.iter().position(|b| *b == b'.') {
        Some(dot) => (text.get(..dot)?, text.get(dot + 1..)?),
        None => (text, &[][..]),
    };
    let (h, m, s) = if clock.contains(&b':') {
        let mut parts = clock.split(|b| *b == b':');
        let hms = (number(parts.next()?)?, number(parts.next()?)?, parts.next().map_or(Some(0), number)?);
        if parts.next().is_some() {
            return None;
        }
        hms
    } else {
        let value = number(clock)?;
        match clock.len() {
            3 | 4 => (value / 100, value % 100, 0),
            5 | 6 => (value / 10_000, value / 100 % 100, value % 100),
            _ => return None,
        }
    };
    let mut ns = 0;
    let mut unit = NS_PER_S / 10;
    for digit in fraction {
        ns += i64::from(digit.is_ascii_digit().then(|| digit - b'0')?) * unit;
        unit /= 10;
    }
    (h < 24 && m < 60 && s < 60).then_some((h * 3600 + m * 60 + s) * NS_PER_S + ns)
}

fn compact_instant(digits: &[u8]) -> Option<Timestamp> {
    let value = number(digits);
    match digits.len() {
        8 => midnight(compact_date(digits)?),
        12 | 14 => Some(midnight(compact_date(digits.get(..8)?)?)?.plus_ns(parse_time_of_day(digits.get(8..)?)?)),
        10 => from_epoch(value?, 1, true),
        13 => from_epoch(value?, 1_000, true),
        16 => from_epoch(value?, 1_000_000, true),
        19 => from_epoch(value?, NS_PER_S, true),
        _ => None,
    }
}

fn compact_date(digits: &[u8]) -> Option<TradingDay> {
    date(digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?)
}

fn date(year: &[u8], month: &[u8], day: &[u8]) -> Option<TradingDay> {
    TradingDay::from_ymd(number(year)? as i32, number(month)? as u32, number(day)? as u32)
}

/// Seconds east of UTC; Korea when nothing is said.
fn offset_s(zone: &[u8]) -> Option<i64> {
    match zone.split_first() {
        None => Some(KST_OFFSET_S),
        Some((b'Z' | b'z', [])) => Some(0),
        Some((sign @ (b'+' | b'-'), rest)) => {
            let digits: Vec<u8> = rest.iter().copied().filter(|b| *b != b':').collect();
            let seconds = match digits.len() {
                2 => number(&digits)? * 3600,
                4 => number(&digits)? / 100 * 3600 + number(&digits)? % 100 * 60,
                _ => return None,
            };
            Some(if *sign == b'+' { seconds } else { -seconds })
        }
        Some(_) => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    digits.iter().try_fold(0i64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse_instant(text.as_bytes()).map(|at| at.to_string())
    }

    #[test]
    fn instants_are_korean_time_unless_an_offset_says_otherwise() {
        for text in [
            "2024-01-02 09:01",
            "2024-01-02T09:01:00",
            "2024/01/02 09:01:00.000",
            "2024-01-02T00:01:00Z",
            "2024-01-02 00:01:00+00:00",
            "2024-01-01T19:01:00-0500",
            "202401020901",
            "20240102090100",
            "1704153660",
            "1704153660000",
            "1704153660000000000",
        ] {
            assert_eq!(shown(text).as_deref(), Some("2024-01-02 09:01:00.000"), "{text}");
        }
        assert_eq!(shown("20240102"), shown("2024-01-02"));
    }

    #[test]
    fn malformed_and_far_instants_are_none() {
        for text in
            ["", "2024", "2024-13-01", "2023-02-29", "2024-01-02x", "2024-01-02 25:00", "9999-01-01", "-1", "날짜"]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_with_separators_and_rounded_half_up() {
        let whole = |text: &str| Num::parse(text.as_bytes()).whole();
        assert_eq!(whole("1,234,567"), Some((1_234_567, false)));
        assert_eq!(whole("25200.0"), Some((25_200, false)));
        assert_eq!(whole("25200.5"), Some((25_201, true)));
        assert_eq!(whole("25200.49"), Some((25_200, true)));
        assert_eq!(whole("-12"), Some((-12, false)));
        assert_eq!(whole("99999999999999999999"), None);
        assert_eq!(Num::parse(b"inf").whole(), None);
        assert_eq!((Num::parse(b" "), Num::parse(b"NaN"), Num::parse(b"abc")), (Num::Empty, Num::Empty, Num::Bad));
    }
}
