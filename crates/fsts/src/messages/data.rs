//! Sentences of `fsts data` and of the job that collects.

use fsts_lake::{LakeError, SqlError};

use super::Text;

/// The lake.
pub fn lake(error: &LakeError) -> Text {
    let advice = match error {
        LakeError::Conflict { .. } => (
            " (`--on-conflict keep`는 레이크의 것을, `replace`는 새것을 남깁니다)",
            " (`--on-conflict keep` keeps the lake's, `replace` takes the new ones)",
        ),
        _ => ("", ""),
    };
    Text::new(format!("{}{}", error.korean(), advice.0), format!("{error}{}", advice.1))
}

/// A statement.
pub fn sql(error: &SqlError) -> Text {
    Text::new(error.korean(), error.to_string())
}

/// `--columns` is no pair.
pub fn bad_column(pair: &str) -> Text {
    Text::new(
        format!("--columns: `{pair}`은(는) 이름=열 꼴이 아닙니다. 이름: {COLUMNS}"),
        format!("--columns: `{pair}` is not NAME=COLUMN; names: {COLUMNS}"),
    )
}

/// The names that `--columns` takes.
pub const COLUMNS: &str = "date, time, code, open, high, low, close, volume, change, name, market";

/// `--layout` says other bars than the file has.
pub fn other_layout(file: &str, is_daily: bool) -> Text {
    if is_daily {
        Text::new(
            format!("{file}: 일봉입니다. --layout minute와 맞지 않습니다"),
            format!("{file}: daily bars, not minutes"),
        )
    } else {
        Text::new(
            format!("{file}: 분봉입니다. --layout daily와 맞지 않습니다"),
            format!("{file}: minute bars, not daily"),
        )
    }
}

/// One file was stored.
pub fn imported(file: &str, kind: &(Text, Text), counts: [u64; 4]) -> Text {
    let [added, same, replaced, kept] = counts;
    let (interval, prices) = kind;
    Text::new(
        format!(
            "{file}: {} {}, 새 봉 {added}개, 이미 있는 봉 {same}개, 바꾼 봉 {replaced}개, 두고 온 봉 {kept}개",
            interval.ko, prices.ko
        ),
        format!(
            "{file}: {}, {}: {added} new bars, {same} known, {replaced} replaced, {kept} left out",
            interval.en, prices.en
        ),
    )
}

/// Files that were not stored.
pub fn not_imported(count: usize) -> Text {
    Text::new(format!("파일 {count}개를 저장하지 못했습니다"), format!("{count} files were not stored"))
}

/// The length of bars.
pub fn interval(name: &str) -> Text {
    match name {
        "day" => Text::new("일봉", "daily"),
        _ => Text::new("분봉", "minutes"),
    }
}

/// The kind of prices.
pub fn prices(name: &str) -> Text {
    match name {
        "traded" => Text::new("실제 체결가", "traded"),
        _ => Text::new("수정주가", "adjusted"),
    }
}

/// An empty list.
pub fn empty(place: &str) -> Text {
    Text::new(
        format!("{place}에 봉이 없습니다. `fsts data import`나 `fsts data collect`로 넣으십시오"),
        format!("no bars in {place}; fill it with `fsts data import` or `fsts data collect`"),
    )
}

/// No gap.
pub fn no_gaps() -> Text {
    Text::new("빠진 거래일이 없습니다", "no trading day is missing")
}

/// Headings of the catalogue.
pub fn catalog_headings() -> [Text; 9] {
    [
        ("종목", "symbol"),
        ("이름", "name"),
        ("봉", "bars"),
        ("가격", "prices"),
        ("첫날", "first day"),
        ("마지막 날", "last day"),
        ("개수", "rows"),
        ("빠진 날", "missing days"),
        ("출처", "source"),
    ]
    .map(|(ko, en)| Text::new(ko, en))
}

/// Headings of the gaps.
pub fn gap_headings() -> [Text; 5] {
    [("종목", "symbol"), ("가격", "prices"), ("부터", "from"), ("까지", "to"), ("거래일", "trading days")]
        .map(|(ko, en)| Text::new(ko, en))
}

/// `--symbols` is missing.
pub fn symbols_needed() -> Text {
    Text::new("--symbols로 종목코드나 종목 묶음을 주십시오", "name symbols or sets of symbols with --symbols")
}

/// What a collection stored.
pub fn collected(added: u64, symbols: usize, gaps: u64) -> Text {
    Text::new(
        format!("{symbols}개 종목의 새 봉 {added}개를 저장했습니다. 빠진 거래일 {gaps}일"),
        format!("stored {added} new bars of {symbols} symbols; {gaps} trading days missing"),
    )
}

/// Past minutes in the mock environment.
pub fn not_offered(days: usize) -> Text {
    Text::new(
        format!("모의투자 환경은 지난 날의 분봉을 주지 않습니다. {days}일을 건너뛰었습니다"),
        format!("the mock environment does not offer minutes of past days; {days} days were left out"),
    )
}

/// Some symbols failed.
pub fn some_failed(count: u64, what: &Text) -> Text {
    Text::new(format!("{}. {count}개 종목은 실패했습니다", what.ko), format!("{}; {count} symbols failed", what.en))
}

/// Symbol after symbol failed.
pub fn broker_gave_up(reason: &str) -> Text {
    Text::new(
        format!("증권사에서 봉을 받지 못해 멈췄습니다. 받은 것은 저장했습니다: {reason}"),
        format!("the broker gave no bars, so it stopped; what came is stored: {reason}"),
    )
}

/// An answer that was cut.
pub fn cut(rows: usize) -> Text {
    Text::new(
        format!("{rows}행에서 잘랐습니다. --limit로 늘릴 수 있습니다"),
        format!("cut at {rows} rows; --limit allows more"),
    )
}
