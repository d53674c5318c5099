//! Texts about indicators and bars of the past.

use super::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Text] = &[
    Text { code: "unknown_indicator",
        ko: ("없는 지표예요", "`{name}` 지표는 없어요. 쓸 수 있는 지표: {known}"),
        en: ("no such indicator", "There is no indicator `{name}`. Known: {known}") },
    Text { code: "market_data_off",
        ko: ("과거 봉이 꺼져 있어요", "이 서버는 과거 봉을 주지 않아요."),
        en: ("past bars are off", "This server gives no past bars.") },
    Text { code: "no_past_bars",
        ko: ("봉이 없어요", "{symbol}의 봉이 저장되어 있지 않고 증권사에도 없어요."),
        en: ("no bars", "Bars of {symbol} are neither stored nor with the broker.") },
    Text { code: "broker_gave_no_bars",
        ko: ("증권사에서 봉을 받지 못했어요", "{symbol}의 봉이 저장되어 있지 않고 증권사도 주지 않았어요. 조금 뒤 다시 해 보세요."),
        en: ("the broker gave no bars", "Bars of {symbol} are not stored and the broker did not give them. Try again later.") },
    Text { code: "stored_bars_failed",
        ko: ("저장된 봉을 읽지 못했어요", "데이터 레이크를 읽지 못했어요. 기록을 확인해 주세요."),
        en: ("stored bars failed", "The data lake could not be read. See the log.") },
    Text { code: "span_too_long",
        ko: ("기간이 너무 길어요", "기간은 {limit}일까지예요."),
        en: ("the span is too long", "The span may be {limit} days at most.") },
];
