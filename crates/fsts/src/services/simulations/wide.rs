//! Weeks and months made of daily bars.

use std::collections::BTreeMap;

use fsts_domain::{Bar, TradingDay};
use fsts_lake::{DataSet, Interval, Row};

/// How long a bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Monday to Sunday.
    Week,
    /// First to last.
    Month,
}

impl Span {
    /// A number that all days of a span share and no others.
    fn of(self, day: TradingDay) -> i64 {
        match self {
            // The epoch was a Thursday.
            Span::Week => (i64::from(day.epoch_days()) + 3).div_euclid(7),
            Span::Month => {
                let (year, month, _) = day.ymd();
                i64::from(year) * 12 + i64::from(month)
            }
        }
    }
}

/// One bar a span and symbol, stamped like the last day of the span on which anything traded, so that all symbols' bars of a
/// span are of one instant. Data of minutes stay as they are.
pub fn widened(data: DataSet, span: Span) -> DataSet {
    if data.interval != Interval::Day {
        return data;
    }
    let mut ends: BTreeMap<i64, i64> = BTreeMap::new();
    let mut bars: BTreeMap<(i64, u32), Bar> = BTreeMap::new();
    // Rows are in the order of time.
    for row in &data.rows {
        let of = span.of(row.day());
        ends.insert(of, row.at);
        let wider = |bar: &mut Bar| {
            let (high, low) = (bar.high.max(row.bar.high), bar.low.min(row.bar.low));
            let volume = bar.volume.saturating_add(row.bar.volume);
            *bar = Bar { open: bar.open, high, low, close: row.bar.close, volume };
        };
        bars.entry((of, row.symbol)).and_modify(wider).or_insert(row.bar);
    }
    let row = |((of, symbol), bar): ((i64, u32), Bar)| Some(Row { at: *ends.get(&of)?, symbol, bar });
    let rows = bars.into_iter().filter_map(row).collect();
    DataSet::from_rows(data.symbols, rows, Interval::Day, data.price_kind)
}

#[cfg(test)]
mod tests {
    use fsts_domain::{Market, Price, Timestamp};
    use fsts_krx::Instrument;
    use fsts_lake::PriceKind;

    use super::*;

    fn data(days: &[(&str, u32, [i64; 4])]) -> DataSet {
        let price = |won: i64| Price::new(won).unwrap();
        let row = |(day, symbol, [o, h, l, c]): &(&str, u32, [i64; 4])| Row {
            at: Timestamp::from_kst(day.parse().unwrap(), 55_800).ns(),
            symbol: *symbol,
            bar: Bar { open: price(*o), high: price(*h), low: price(*l), close: price(*c), volume: 10 },
        };
        let instrument =
            |code: &str| Instrument { symbol: code.parse().unwrap(), name: code.to_owned(), market: Market::Kospi };
        let symbols = vec![instrument("000660"), instrument("005930")];
        DataSet::from_rows(symbols, days.iter().map(row).collect(), Interval::Day, PriceKind::Traded)
    }

    #[test]
    fn days_become_weeks_and_months_that_end_together() {
        let days = data(&[
            ("2026-10-29", 0, [10, 12, 9, 11]),
            ("2026-10-29", 1, [50, 55, 45, 52]),
            ("2026-10-30", 0, [11, 15, 10, 14]),
            ("2026-11-02", 0, [14, 14, 7, 8]),
            ("2026-11-02", 1, [52, 53, 51, 51]),
        ]);
        let shown = |data: &DataSet| -> Vec<(String, u32, [i64; 4], i64)> {
            let ohlc = |b: &Bar| [b.open.get(), b.high.get(), b.low.get(), b.close.get()];
            data.rows.iter().map(|r| (r.day().to_string(), r.symbol, ohlc(&r.bar), r.bar.volume)).collect()
        };
        let expected = vec![
            ("2026-10-30".to_owned(), 0, [10, 15, 9, 14], 20),
            ("2026-10-30".to_owned(), 1, [50, 55, 45, 52], 10),
            ("2026-11-02".to_owned(), 0, [14, 14, 7, 8], 10),
            ("2026-11-02".to_owned(), 1, [52, 53, 51, 51], 10),
        ];
        assert_eq!(shown(&widened(days.clone(), Span::Week)), expected, "a Friday and a Monday are of two weeks");
        assert_eq!(shown(&widened(days, Span::Month)), expected, "and here of two months");
        let sunday_apart = data(&[("2026-11-02", 0, [1, 1, 1, 1]), ("2026-11-06", 0, [2, 2, 2, 2])]);
        assert_eq!(widened(sunday_apart, Span::Week).rows.len(), 1);
    }
}
