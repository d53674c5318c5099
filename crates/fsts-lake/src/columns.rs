//! Which column of a header holds what.

use crate::LoadError;

/// Names of a column in order of preference, lower case; the first is the name used in messages.
type Names = &'static [&'static str];

const TIME: Names = &["ts", "timestamp", "datetime", "date", "time", "일자", "날짜"];
const TIME_OF_DAY: Names = &["time", "시간"];
const CODE: Names = &["code", "symbol", "ticker", "종목코드"];
const OHLC: [Names; 4] = [&["open", "시가"], &["high", "고가"], &["low", "저가"], &["close", "종가"]];
const VOLUME: Names = &["volume", "거래량"];
const CHANGE: Names = &["change", "changes"];
const CAPITALISATION: Names = &["marcap", "market_cap"];
const NAME: Names = &["name", "종목명"];
const MARKET: Names = &["market", "시장구분"];
const BROKER_MARKS: [Names; 2] = [&["cum_amount"], &["src"]];

/// Column indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub time: usize,
    /// The clock time, when `time` is only the date.
    pub time_of_day: Option<usize>,
    pub code: Option<usize>,
    pub ohlc: [usize; 4],
    pub volume: usize,
    /// Change in won against the base price. Only full-market files have that; elsewhere `change` is a fraction.
    pub change: Option<usize>,
    pub name: Option<usize>,
    pub market: Option<usize>,
    /// The file has marks of a broker's minute answer.
    pub broker_marks: bool,
}

impl Columns {
    /// Every column that is read, in no order.
    pub fn all(&self) -> Vec<usize> {
        let optional = [self.time_of_day, self.code, self.change, self.name, self.market];
        let needed = [self.time, self.volume].into_iter().chain(self.ohlc);
        needed.chain(optional.into_iter().flatten()).collect()
    }

    /// Finds the columns, whatever their case and order. `called` are pairs of our name and the file's.
    pub fn find<S: AsRef<str>>(file: &str, header: &[S], called: &[(String, String)]) -> Result<Columns, LoadError> {
        let header: Vec<String> = header.iter().map(|h| normal(h.as_ref())).collect();
        let place = |name: &str| header.iter().position(|h| h == name);
        let find = |names: Names| {
            let theirs = called.iter().find(|(ours, _)| names.contains(&normal(ours).as_str()));
            match theirs {
                Some((_, theirs)) => place(&normal(theirs)),
                None => names.iter().find_map(|name| place(name)),
            }
        };
        let need = |names: Names| match (find(names), names.first()) {
            (Some(index), _) => Ok(index),
            (None, column) => {
                Err(LoadError::MissingColumn { file: file.to_owned(), column: column.copied().unwrap_or_default() })
            }
        };
        // `time` alone is the clock time when the caller names a date beside it.
        let day = called.iter().find(|(ours, _)| TIME.contains(&normal(ours).as_str()) && normal(ours) != "time");
        let time = match day {
            Some((_, theirs)) => place(&normal(theirs)),
            None => find(TIME),
        };
        let time = time.ok_or_else(|| LoadError::MissingColumn { file: file.to_owned(), column: "date" })?;
        let is_named_date = day.is_some_and(|(ours, _)| normal(ours) == "date");
        let date_only = is_named_date || header.get(time).is_some_and(|h| h == "date" || h == "일자" || h == "날짜");
        let [open, high, low, close] = OHLC;
        Ok(Columns {
            time,
            time_of_day: if date_only { find(TIME_OF_DAY) } else { None },
            ohlc: [need(open)?, need(high)?, need(low)?, need(close)?],
            volume: need(VOLUME)?,
            code: find(CODE),
            change: if find(CAPITALISATION).is_some() { find(CHANGE) } else { None },
            name: find(NAME),
            market: find(MARKET),
            broker_marks: BROKER_MARKS.iter().any(|names| find(names).is_some()),
        })
    }
}

fn normal(header: &str) -> String {
    header.trim_start_matches('\u{feff}').trim().trim_matches('"').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_match_in_any_case_and_order() {
        let header = ["Symbol", "VOLUME", "Close", "low", "high", "Open", "Timestamp"];
        let columns = Columns::find("f", &header, &[]).unwrap();
        assert_eq!((columns.time, columns.code, columns.ohlc, columns.volume), (6, Some(0), [5, 4, 3, 2], 1));
    }

    #[test]
    fn a_caller_may_name_any_column() {
        let header = ["Tag", "Uhr", "WKN", "O", "H", "L", "Last", "Stück", "Close"];
        let pairs = [
            ("date", "tag"),
            ("time", "Uhr"),
            ("code", "WKN"),
            ("open", "O"),
            ("high", "H"),
            ("low", "L"),
            ("close", "Last"),
            ("volume", "stück"),
        ];
        let called = pairs.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
        let columns = Columns::find("f", &header, &called).unwrap();
        assert_eq!((columns.time, columns.time_of_day, columns.code), (0, Some(1), Some(2)));
        assert_eq!((columns.ohlc, columns.volume), ([3, 4, 5, 6], 7));
    }

    #[test]
    fn change_is_won_only_beside_a_market_capitalisation() {
        let plain = ["date", "open", "high", "low", "close", "volume", "change"];
        assert_eq!(Columns::find("f", &plain, &[]).unwrap().change, None);
        let full = ["date", "open", "high", "low", "close", "volume", "change", "marcap"];
        assert_eq!(Columns::find("f", &full, &[]).unwrap().change, Some(6));
    }

    #[test]
    fn the_first_missing_column_is_named() {
        let error = Columns::find("f.csv", &["date", "open", "high", "low"], &[]).unwrap_err();
        assert_eq!(error.to_string(), "f.csv has no column `close`");
    }
}
