//! Korean and English texts of errors, notes and reasons.

use crate::error::list;
use crate::{KindReason, LoadError, Note, RefusalReason};

impl LoadError {
    /// The message in Korean.
    pub fn korean(&self) -> String {
        match self {
            LoadError::Open { file, source } => format!("{file} 파일을 열 수 없습니다: {source}"),
            LoadError::NoFiles { path } => format!("{path}에 .csv, .csv.gz, .parquet 파일이 없습니다"),
            LoadError::Unreadable { file, reason } => format!("{file} 파일을 읽을 수 없습니다: {reason}"),
            LoadError::MissingColumn { file, column } => format!("{file} 파일에 `{column}` 열이 없습니다"),
            LoadError::NoCode { file } => {
                format!("{file} 파일에 `code` 열이 없고 파일 이름도 종목코드가 아닙니다 (예: 005930.csv)")
            }
            LoadError::ColumnType { file, column, found } => {
                format!("{file} 파일의 `{column}` 열 형식이 {found}이라 읽을 수 없습니다")
            }
            LoadError::MixedIntervals { daily, minute } => {
                format!("{daily}은 일봉, {minute}은 분봉입니다. 따로 불러오십시오")
            }
            LoadError::BarWidth { width_s } => format!("{width_s}초 봉입니다. 일봉과 1분봉만 읽습니다"),
            LoadError::MixedPriceKinds { traded, adjusted } => {
                format!("{traded}은 실제 체결가, {adjusted}은 수정주가입니다. 따로 불러오거나 가격 종류를 지정하십시오")
            }
            LoadError::Duplicate { symbol, at, first, second } => {
                format!("{symbol} 종목의 {at} 봉이 두 번 나옵니다: {first}, {second}")
            }
            LoadError::UnknownSymbols { symbols, path } => {
                format!("{path}에 다음 종목의 봉이 없습니다: {}", list(symbols))
            }
            LoadError::Empty { path, rows_read, rows_refused, halts_dropped, rows_not_selected } => format!(
                "{path}에 쓸 봉이 없습니다: 읽은 행 {rows_read}, 거부 {rows_refused}, 거래정지 {halts_dropped}, \
                 선택 밖 {rows_not_selected}"
            ),
            LoadError::TooManyRows { max } => format!("행이 {max}개를 넘습니다. 종목이나 기간을 줄이십시오"),
        }
    }
}

impl Note {
    /// The message in English.
    pub fn english(&self) -> String {
        match self {
            Note::FileSkipped { file, column } => format!("skipped {file}: it has no column `{column}`"),
            Note::MarketAssumed { symbols } => format!("{symbols} symbols without a market count as KOSPI shares"),
            Note::MarketUnknown { text } => format!("market `{text}` is not known; its symbols count as KOSPI shares"),
            Note::SymbolWithoutRows { symbol } => format!("{symbol} has no bar in the chosen days"),
        }
    }

    /// The message in Korean.
    pub fn korean(&self) -> String {
        match self {
            Note::FileSkipped { file, column } => format!("{file} 파일은 `{column}` 열이 없어 건너뛰었습니다"),
            Note::MarketAssumed { symbols } => format!("시장 구분이 없는 {symbols}개 종목은 코스피 주식으로 봅니다"),
            Note::MarketUnknown { text } => format!("알 수 없는 시장 `{text}`의 종목은 코스피 주식으로 봅니다"),
            Note::SymbolWithoutRows { symbol } => format!("{symbol} 종목은 선택한 기간에 봉이 없습니다"),
        }
    }
}

impl KindReason {
    /// The reason in English.
    pub fn english(&self) -> String {
        match self {
            KindReason::Requested => "as requested".to_owned(),
            KindReason::FullMarketColumns => "change in won and market capitalisation are given".to_owned(),
            KindReason::BrokerMinutes => "minutes as the broker sent them".to_owned(),
            KindReason::Fractions { rows, sampled } => {
                format!("{rows} of {sampled} rows have fractions of a won")
            }
            KindReason::OffGrid { rows, sampled } => format!("{rows} of {sampled} rows are off the tick grid"),
            KindReason::OnGrid { sampled } => format!("{sampled} rows looked at are on the tick grid"),
            KindReason::Stored => "as stored in the lake".to_owned(),
            KindReason::NothingToCheck => "no row is from the years whose tick table is known".to_owned(),
        }
    }

    /// The reason in Korean.
    pub fn korean(&self) -> String {
        match self {
            KindReason::Requested => "지정한 대로".to_owned(),
            KindReason::FullMarketColumns => "원 단위 등락과 시가총액 열이 있음".to_owned(),
            KindReason::BrokerMinutes => "증권사가 보낸 분봉 그대로임".to_owned(),
            KindReason::Fractions { rows, sampled } => format!("{sampled}행 중 {rows}행에 원 미만 가격이 있음"),
            KindReason::OffGrid { rows, sampled } => format!("{sampled}행 중 {rows}행이 호가단위에 맞지 않음"),
            KindReason::OnGrid { sampled } => format!("살펴본 {sampled}행이 호가단위에 맞음"),
            KindReason::Stored => "레이크에 저장된 대로".to_owned(),
            KindReason::NothingToCheck => "호가단위를 아는 기간의 행이 없음".to_owned(),
        }
    }
}

impl RefusalReason {
    /// The reason in English.
    pub fn english(&self) -> String {
        match self {
            RefusalReason::Time => "the date or time cannot be read".to_owned(),
            RefusalReason::Code { text } => format!("`{text}` is not a symbol code"),
            RefusalReason::Empty { column } => format!("`{column}` is empty"),
            RefusalReason::NotANumber { column } => format!("`{column}` is not a number"),
            RefusalReason::OutOfRange { column } => format!("`{column}` is out of range"),
            RefusalReason::Malformed => "the line does not fit the header".to_owned(),
        }
    }

    /// The reason in Korean.
    pub fn korean(&self) -> String {
        match self {
            RefusalReason::Time => "날짜나 시각을 읽을 수 없음".to_owned(),
            RefusalReason::Code { text } => format!("`{text}`은 종목코드가 아님"),
            RefusalReason::Empty { column } => format!("`{column}` 값이 비어 있음"),
            RefusalReason::NotANumber { column } => format!("`{column}` 값이 숫자가 아님"),
            RefusalReason::OutOfRange { column } => format!("`{column}` 값이 범위를 벗어남"),
            RefusalReason::Malformed => "머리글과 맞지 않는 행".to_owned(),
        }
    }
}
