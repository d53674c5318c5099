//! Ids of simulations: `YYYYMMDD_HHMMSS_mmmm_<16 hex>`, Korean time with four digits of milliseconds, as the old program
//! made them.

use fsts_domain::Timestamp;

/// An id for a wish of an instant.
///
/// # Errors
/// When the system has no randomness.
pub fn new(at: Timestamp) -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes)?;
    Ok(of(at, bytes))
}

fn of(at: Timestamp, bytes: [u8; 8]) -> String {
    let ((year, month, day), second) = (at.kst_day().ymd(), at.kst_second());
    let millis = at.ns().rem_euclid(1_000_000_000) / 1_000_000;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let random: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{year:04}{month:02}{day:02}_{hour:02}{minute:02}{second:02}_{millis:04}_{random}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_korean_time_and_sixteen_digits() {
        let at = Timestamp::from_kst("2026-11-20".parse().unwrap(), 9 * 3600 + 3).plus_ns(120_000_000);
        assert_eq!(of(at, [1, 35, 69, 103, 137, 171, 205, 239]), "20261120_090003_0120_0123456789abcdef");
        assert!(of(at.plus_ns(1_000_000), [0; 8]) > of(at, [255; 8]), "later ids are greater");
    }
}
