//! Numbers and times as the broker writes them.

use fsts_domain::Timestamp;

/// `HHMMSS` in Korea.
pub(crate) fn hhmmss(at: Timestamp) -> String {
    let s = at.kst_second();
    format!("{:02}{:02}{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// A quotient with two decimals, cut; `0.00` for a divisor of zero.
pub(crate) fn ratio(number: i64, divisor: i64) -> String {
    decimal(i128::from(number) * 100, i128::from(divisor), 2)
}

/// A quotient in percent with two decimals, cut.
pub(crate) fn percent(number: i64, divisor: i64) -> String {
    decimal(i128::from(number) * 10_000, i128::from(divisor), 2)
}

/// An average price with four decimals, cut.
pub(crate) fn average(amount: i64, qty: i64) -> String {
    decimal(i128::from(amount) * 10_000, i128::from(qty), 4)
}

fn decimal(scaled: i128, divisor: i128, places: usize) -> String {
    let value = if divisor == 0 { 0 } else { scaled / divisor };
    let unit = 10i128.pow(places as u32);
    let minus = if value < 0 { "-" } else { "" };
    let value = value.abs();
    format!("{minus}{}.{:0places$}", value / unit, value % unit)
}

/// The broker's sign digit: 1 upper limit, 2 up, 3 flat, 4 lower limit, 5 down.
pub(crate) fn sign(difference: i64, at_upper: bool, at_lower: bool) -> &'static str {
    match difference.signum() {
        1 if at_upper => "1",
        1 => "2",
        -1 if at_lower => "4",
        -1 => "5",
        _ => "3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_cut_and_carry_their_sign() {
        assert_eq!(ratio(10, 4), "2.50");
        assert_eq!(percent(-1, 300), "-0.33");
        assert_eq!(percent(-1, 30_000), "0.00");
        assert_eq!(average(406_321, 3), "135440.3333");
        assert_eq!(ratio(1, 0), "0.00");
        assert_eq!((sign(5, true, false), sign(-5, false, false), sign(0, true, true)), ("1", "5", "3"));
    }
}
