//! Sentences and labels of `fsts backtest` and `fsts bench`.

use fsts_lab::SetupError;
use fsts_lake::LoadError;

use super::Text;

/// `--size` is no size.
pub fn bad_size(text: &str) -> Text {
    Text::new(
        format!("--size: `{text}`은(는) shares:주식수, won:금액, equity:백분율(0 초과 100 이하) 꼴이 아닙니다"),
        format!("--size: `{text}` is not shares:COUNT, won:AMOUNT or equity:PERCENT (above 0, at most 100)"),
    )
}

/// `--style` is no style.
pub fn bad_style(text: &str, ticks_max: i32) -> Text {
    Text::new(
        format!("--style: `{text}`은(는) market이나 limit:호가수(0~{ticks_max}) 꼴이 아닙니다"),
        format!("--style: `{text}` is not market or limit:TICKS (0 to {ticks_max})"),
    )
}

/// `--param` is no pair.
pub fn bad_param(text: &str) -> Text {
    Text::new(
        format!("--param: `{text}`은(는) 이름=숫자 꼴이 아닙니다"),
        format!("--param: `{text}` is not NAME=NUMBER"),
    )
}

/// `--from` after `--to`.
pub fn days_reversed(from: &str, to: &str) -> Text {
    Text::new(format!("--from {from}이(가) --to {to}보다 늦습니다"), format!("--from {from} is after --to {to}"))
}

/// No `--data`.
pub fn data_needed() -> Text {
    Text::new(
        "--data로 봉 파일이나 폴더(csv, csv.gz, parquet)를 주거나, `fsts data import`로 레이크에 넣으십시오. \
         열은 종목코드, 날짜, 시가, 고가, 저가, 종가, 거래량입니다",
        "give a file or folder of bars with --data (csv, csv.gz, parquet), or put it into the lake with `fsts data import`: \
         code, date, open, high, low, close, volume",
    )
}

/// `--interval` beside files.
pub fn interval_of_files() -> Text {
    Text::new(
        "--interval은 `--data lake`에만 씁니다. 파일은 봉의 길이를 스스로 보여 줍니다",
        "--interval is for `--data lake`: files show the length of their bars",
    )
}

/// No `--data` for a benchmark.
pub fn bench_data_needed() -> Text {
    Text::new("--data로 기준 데이터 파일(.bin)을 주십시오", "give the benchmark data file (.bin) with --data")
}

/// `--bars` beside `--panel`.
pub fn bars_with_panel() -> Text {
    Text::new(
        "--bars와 --panel은 함께 쓸 수 없습니다. 패널은 모두 돕니다",
        "--bars and --panel exclude each other: a panel is run whole",
    )
}

/// A count that must be positive.
pub fn count_needed(argument: &str) -> Text {
    Text::new(format!("{argument}: 1 이상이어야 합니다"), format!("{argument}: must be 1 or more"))
}

/// The data can't be loaded.
pub fn load(error: &LoadError) -> Text {
    Text::new(error.korean(), error.to_string())
}

/// Data and settings don't fit together.
pub fn setup(error: &SetupError) -> Text {
    let ko = match error {
        SetupError::AdjustedUnderExchangeRules => {
            "수정주가로는 거래소 규칙을 적용할 수 없습니다. `--rules ideal`을 쓰거나 실제 체결가를 주십시오".to_owned()
        }
        SetupError::NoData => "고른 기간과 종목에 봉이 없습니다".to_owned(),
        SetupError::NoCash => "시작 현금은 1원 이상이어야 합니다".to_owned(),
        SetupError::Engine(error) => format!("엔진을 만들 수 없습니다: {error}"),
    };
    Text::new(ko, error.to_string())
}

/// A file of results can't be written.
pub fn unwritable(file: &str, error: &std::io::Error) -> Text {
    Text::new(format!("{file} 파일을 쓸 수 없습니다: {error}"), format!("the file {file} can't be written: {error}"))
}

/// The books don't add up.
pub fn identity(what: &str, left: i64, right: i64) -> Text {
    super::bug(&format!("{what}: {left} != {right}"))
}

/// A warning of the report, by its code.
pub fn warning(code: &str) -> Text {
    match code {
        "adjusted_prices" => Text::new(
            "수정주가입니다. 호가단위와 가격제한 검사를 끕니다. 체결가가 실제와 다르고, 과거 주식수와 비용도 다릅니다",
            "prices are adjusted: grid and price-limit checks are off, and fills, share counts and costs differ from what they were",
        ),
        "before_earliest_rule" => Text::new(
            "규칙표의 첫 행보다 이른 날이 있어, 그 날들에는 첫 행의 규칙을 씁니다",
            "some days are before the earliest rule row; they use that row",
        ),
        "ideal_rules" => Text::new(
            "ideal 규칙입니다. 호가단위와 가격제한 없이 체결합니다",
            "ideal rules: fills ignore the tick grid and the price limits",
        ),
        other => Text::new(other, other),
    }
}

/// Nothing happened, perhaps because the strategy never had enough bars.
pub fn no_fills(warm_up: u32, longest: usize) -> Text {
    Text::new(
        format!("체결이 없습니다. 전략은 봉 {warm_up}개가 쌓인 뒤 판단하며, 가장 긴 종목의 봉은 {longest}개입니다"),
        format!("no fill; the strategy decides after {warm_up} bars, and the longest series has {longest}"),
    )
}

/// Rows left out.
pub fn refused(count: u64, first: &str) -> Text {
    Text::new(
        format!("읽지 못한 행이 {count}개 있습니다. 첫 행: {first}"),
        format!("{count} rows could not be read; the first: {first}"),
    )
}

/// The answer differs from the one every right engine gives.
pub fn not_the_reference(fills: usize, won: i64, expected: (usize, i64)) -> Text {
    let (expected_fills, expected_won) = expected;
    super::bug(&format!("{fills} fills and {won} won, where {expected_fills} fills and {expected_won} won are right"))
}

/// Two runs that differ.
pub fn runs_differ() -> Text {
    super::bug("two runs over the same data differ")
}

/// Labels of the report.
pub fn label(id: &str) -> Text {
    let found = LABELS.iter().find(|row| row.0 == id);
    found.map_or_else(|| Text::new(id, id), |row| Text::new(row.1, row.2))
}

const LABELS: &[(&str, &str, &str)] = &[
    ("strategy", "전략", "strategy"),
    ("data", "데이터", "data"),
    ("period", "기간", "period"),
    ("rules", "규칙", "rules"),
    ("prices", "가격", "prices"),
    ("traded", "실제 체결가", "traded"),
    ("adjusted", "수정주가", "adjusted"),
    ("symbols", "종목", "symbols"),
    ("bars", "봉", "bars"),
    ("trades", "체결", "fills"),
    ("buys", "매수", "buys"),
    ("sells", "매도", "sells"),
    ("bought", "매수 금액", "bought"),
    ("sold", "매도 금액", "sold"),
    ("costs", "비용", "costs"),
    ("fees", "수수료", "fees"),
    ("taxes", "세금", "taxes"),
    ("start", "시작 자산", "starting equity"),
    ("cash", "현금", "cash"),
    ("holdings", "보유 주식", "holdings"),
    ("final", "최종 자산", "final equity"),
    ("return", "총수익률", "total return"),
    ("cagr", "연복리수익률", "growth a year"),
    ("drawdown", "최대 낙폭", "largest fall"),
    ("sharpe", "샤프 지수", "Sharpe ratio"),
    ("win_rate", "이익 매도 비율", "sells with a gain"),
    ("rows_read", "읽은 행", "rows read"),
    ("halts", "거래정지(봉 없음)", "halts (no bar)"),
    ("rounded", "원 단위로 반올림", "rounded to won"),
    ("widened", "고가·저가 보정", "high or low widened"),
    ("refused", "읽지 못한 행", "rows refused"),
    ("warning", "경고", "warning"),
    ("note", "참고", "note"),
    ("trace", "trace_hash", "trace_hash"),
    ("won", "원", "won"),
    ("parity", "알려진 답과 같음", "the known answer"),
    ("parity_unknown", "이 입력의 알려진 답은 없음", "no known answer for this input"),
];
