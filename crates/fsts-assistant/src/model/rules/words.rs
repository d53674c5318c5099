//! Words of a result for a person: names of fields and states in Korean and English, and numbers as people write them.

use serde_json::Value;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Nothing, or it is no number.
    None,
    /// Won.
    Won,
    /// Shares.
    Shares,
    /// Percent.
    Percent,
}

/// A field of our tools' results: its name, the Korean and the English word, what it counts.
const FIELDS: [(&str, &str, &str, Unit); 69] = [
    ("account", "계좌", "account", Unit::None),
    ("mode", "모드", "mode", Unit::None),
    ("cash", "현금", "cash", Unit::Won),
    ("orderable_cash", "주문가능금액", "orderable cash", Unit::Won),
    ("reserved_cash", "주문에 묶인 돈", "reserved for orders", Unit::Won),
    ("positions_value", "보유 평가금액", "value of holdings", Unit::Won),
    ("equity", "총자산", "total assets", Unit::Won),
    ("realized_pnl", "실현손익", "realised profit", Unit::Won),
    ("unrealized_pnl", "평가손익", "unrealised profit", Unit::Won),
    ("fees", "수수료", "fees", Unit::Won),
    ("taxes", "세금", "taxes", Unit::Won),
    ("fee", "수수료", "fee", Unit::Won),
    ("tax", "세금", "tax", Unit::Won),
    ("positions", "보유 종목", "holdings", Unit::None),
    ("symbols", "종목", "symbols", Unit::None),
    ("symbol", "종목코드", "code", Unit::None),
    ("name", "종목명", "name", Unit::None),
    ("qty", "수량", "quantity", Unit::Shares),
    ("sellable_qty", "매도가능수량", "can be sold", Unit::Shares),
    ("filled_qty", "체결수량", "filled", Unit::Shares),
    ("avg_price", "평균단가", "mean price", Unit::Won),
    ("last_price", "현재가", "last price", Unit::Won),
    ("value", "평가금액", "value", Unit::Won),
    ("orders", "주문", "orders", Unit::None),
    ("id", "번호", "id", Unit::None),
    ("side", "구분", "side", Unit::None),
    ("price", "가격", "price", Unit::Won),
    ("state", "상태", "state", Unit::None),
    ("by", "주문한 곳", "by", Unit::None),
    ("at", "시각", "time", Unit::None),
    ("trades", "체결", "executions", Unit::None),
    ("amount", "금액", "amount", Unit::Won),
    ("ready", "매매 준비됨", "ready to trade", Unit::None),
    ("not_ready_because", "준비되지 않은 까닭", "not ready because", Unit::None),
    ("halted", "주문 정지", "halted", Unit::None),
    ("halt_reason", "정지한 까닭", "reason of the halt", Unit::None),
    ("bots", "봇", "bots", Unit::None),
    ("strategy", "전략", "strategy", Unit::None),
    ("now", "지금", "now", Unit::None),
    ("date", "날짜", "date", Unit::None),
    ("weekday", "요일", "weekday", Unit::None),
    ("session", "장 상태", "session", Unit::None),
    ("next_open", "다음 개장", "next opening", Unit::None),
    ("market", "시장", "market", Unit::None),
    ("is_trading_day", "거래일", "trading day", Unit::None),
    ("open", "시가", "open", Unit::Won),
    ("close", "종가", "close", Unit::Won),
    ("next_trading_day", "다음 거래일", "next trading day", Unit::None),
    ("from", "시작일", "from", Unit::None),
    ("to", "끝일", "to", Unit::None),
    ("holidays", "휴장일", "holidays", Unit::None),
    ("reason", "까닭", "reason", Unit::None),
    ("last", "현재가", "last price", Unit::Won),
    ("change", "전일대비", "change", Unit::Won),
    ("change_percent", "등락률", "change in percent", Unit::Percent),
    ("high", "고가", "high", Unit::Won),
    ("low", "저가", "low", Unit::Won),
    ("volume", "거래량", "volume", Unit::Shares),
    ("prev_close", "전일 종가", "previous close", Unit::Won),
    ("bid", "매수호가", "bid", Unit::Won),
    ("ask", "매도호가", "ask", Unit::Won),
    ("upper_limit", "상한가", "upper limit", Unit::Won),
    ("lower_limit", "하한가", "lower limit", Unit::Won),
    ("score", "일치도", "match", Unit::None),
    ("alerts", "알림", "alerts", Unit::None),
    ("opens_at", "개장", "opening", Unit::None),
    ("closes_at", "마감", "close", Unit::None),
    ("message_ko", "내용", "message", Unit::None),
    ("message_en", "내용", "message", Unit::None),
];

/// States, sides and the like.
const VALUES: [(&str, &str, &str); 40] = [
    ("buy", "매수", "buy"),
    ("sell", "매도", "sell"),
    ("paper", "모의", "paper"),
    ("live", "실전", "live"),
    ("true", "예", "yes"),
    ("false", "아니요", "no"),
    ("approved", "위험 검사 통과", "passed the gate"),
    ("sending", "보내는 중", "being sent"),
    ("acked", "접수", "accepted"),
    ("partially_filled", "일부 체결", "partly filled"),
    ("filled", "체결", "filled"),
    ("cancelled", "취소", "cancelled"),
    ("expired", "기한 지남", "expired"),
    ("refused", "거부", "refused"),
    ("ambiguous", "결과 불명", "outcome unknown"),
    ("presumed_not_placed", "접수되지 않은 것으로 봄", "presumed not placed"),
    ("disputed", "확인 필요", "disputed"),
    ("running", "실행 중", "running"),
    ("warming_up", "준비 중", "warming up"),
    ("paused", "진입 멈춤", "paused"),
    ("stopped", "멈춤", "stopped"),
    ("closed", "장 마감", "closed"),
    ("pre_open", "장전 시간외", "before the opening"),
    ("opening_auction", "시가 단일가", "opening auction"),
    ("continuous", "정규장", "continuous trading"),
    ("closing_auction", "종가 단일가", "closing auction"),
    ("post_close", "장후 시간외", "after the close"),
    ("after_market", "애프터마켓", "after market"),
    ("always_open", "항상 열림", "always open"),
    ("External", "직접 매매", "by hand elsewhere"),
    ("manual", "수동", "by hand"),
    ("Holiday", "공휴일", "holiday"),
    ("YearEnd", "연말 휴장", "last day of the year"),
    ("월", "월", "Monday"),
    ("화", "화", "Tuesday"),
    ("수", "수", "Wednesday"),
    ("목", "목", "Thursday"),
    ("금", "금", "Friday"),
    ("토", "토", "Saturday"),
    ("일", "일", "Sunday"),
];

/// A reader's word for a field.
pub(super) fn field(name: &str, korean: bool) -> &str {
    let found = FIELDS.iter().find(|row| row.0 == name);
    found.map_or(name, |row| if korean { row.1 } else { row.2 })
}

/// A reader's form of a field's value.
pub(super) fn value(name: &str, value: &Value, korean: bool) -> String {
    let unit = FIELDS.iter().find(|row| row.0 == name).map_or(Unit::None, |row| row.3);
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (value.as_i64(), unit) {
        (Some(number), Unit::Won) if korean => format!("{}원", grouped(number)),
        (Some(number), Unit::Won) => format!("KRW {}", grouped(number)),
        (Some(number), Unit::Shares) if korean => format!("{}주", grouped(number)),
        (Some(number), Unit::Shares) => format!("{} sh", grouped(number)),
        (_, Unit::Percent) => format!("{text}%"),
        (Some(number), Unit::None) => grouped(number),
        (None, _) => instant(&text).unwrap_or_else(|| word(text, korean)),
    }
}

fn word(text: String, korean: bool) -> String {
    let found = VALUES.iter().find(|row| row.0 == text);
    found.map_or(text, |row| if korean { row.1 } else { row.2 }.to_owned())
}

/// `2026-11-23T09:00:00+09:00` is read as `2026-11-23 09:00:00`; every time of ours is Korean.
fn instant(text: &str) -> Option<String> {
    let bare = text.strip_suffix("+09:00")?;
    let (day, time) = bare.split_once('T')?;
    (day.len() == 10 && time.len() == 8).then(|| format!("{day} {time}"))
}

fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_shares_states_and_times_are_written_as_people_do() {
        for (name, given, ko, en) in [
            ("cash", json!(100_000_000), "100,000,000원", "KRW 100,000,000"),
            ("realized_pnl", json!(-1_234), "-1,234원", "KRW -1,234"),
            ("qty", json!(1_500), "1,500주", "1,500 sh"),
            ("state", json!("partially_filled"), "일부 체결", "partly filled"),
            ("side", json!("sell"), "매도", "sell"),
            ("halted", json!(false), "아니요", "no"),
            ("change_percent", json!("-1.25"), "-1.25%", "-1.25%"),
            ("now", json!("2026-11-23T09:01:00+09:00"), "2026-11-23 09:01:00", "2026-11-23 09:01:00"),
            ("name", json!("가온전자"), "가온전자", "가온전자"),
        ] {
            assert_eq!((value(name, &given, true).as_str(), value(name, &given, false).as_str()), (ko, en));
        }
        assert_eq!((field("orderable_cash", true), field("orderable_cash", false)), ("주문가능금액", "orderable cash"));
    }
}
