//! Every kind of alert has words in both languages, and they say what happened.

use std::collections::BTreeSet;

use super::*;

fn symbol() -> Symbol {
    "005930".parse().unwrap()
}

fn name(_: Symbol) -> String {
    "삼성전자".to_owned()
}

fn order(qty: i64, filled: i64) -> OrderFacts {
    let (qty, filled) = (Qty::new(qty).unwrap(), Qty::new(filled).unwrap());
    OrderFacts { id: IntentId(7), symbol: symbol(), side: Side::Buy, qty, filled }
}

/// One of each kind with its texts; the table that a reader may check by eye.
fn table_of_orders() -> Vec<(Fact, &'static str, &'static str)> {
    let (order, ten) = (order(10, 4), Qty::new(10).unwrap());
    let symbol = symbol();
    let part = Fact::Filled { order, qty: Qty::new(4).unwrap(), amount: Won::new(286_000) };
    let words = || "주문가능금액을 초과".to_owned();
    vec![
        (
            part,
            "삼성전자 005930 매수 4주 체결 · 71,500원 (누적 4/10주)",
            "삼성전자 005930 buy 4 sh filled · KRW 71,500 (4/10 in all)",
        ),
        (
            Fact::OutsideFilled { symbol, side: Side::Sell, qty: ten, amount: Won::new(715_001) },
            "직접 낸 주문: 삼성전자 005930 매도 10주 체결 · 평균 71,500원",
            "order from outside: 삼성전자 005930 sell 10 sh filled · KRW 71,500 on average",
        ),
        (
            Fact::Refused { order, code: "APBK0952".to_owned(), message: words() },
            "삼성전자 005930 매수 10주 주문 거부 · 주문가능금액을 초과 (APBK0952)",
            "삼성전자 005930 buy 10 sh refused · 주문가능금액을 초과 (APBK0952)",
        ),
        (
            Fact::Withdrawn { order, reason: "halted".to_owned() },
            "삼성전자 005930 매수 10주 보내지 않음 · 거래 정지 중",
            "삼성전자 005930 buy 10 sh not sent · trading is halted",
        ),
        (Fact::Ambiguous { order }, "접수 여부 불명", "outcome unknown"),
        (
            Fact::Adopted { order, by: FoundBy::Inquiry, after_presumption: true },
            "삼성전자 005930 매수 10주 접수 확인 · 미접수로 판단했던 주문, 주문 조회로 확인됨",
            "was presumed not placed, found by the order inquiry",
        ),
        (Fact::Disputed { order, candidates: 2 }, "증권사 주문 2건이 일치", "2 broker orders match"),
        (Fact::Presumed { order }, "미접수로 판단", "presumed not placed"),
        (
            Fact::Ended { order, state: OrderState::Cancelled },
            "삼성전자 005930 매수 잔량 6주 취소 (체결 4/10주)",
            "삼성전자 005930 buy remainder of 6 sh cancelled (filled 4/10)",
        ),
    ]
}

/// The same for facts about a symbol, the account or the program.
fn table_of_account() -> Vec<(Fact, &'static str, &'static str)> {
    let (order, symbol) = (order(10, 4), symbol());
    let bot: BotId = "sma".parse().unwrap();
    vec![
        (Fact::Frozen { symbol, reason: FreezeReason::QuantityMismatch }, "신규 진입 제한", "frozen"),
        (Fact::Unfrozen { symbol }, "거래 제한 해제", "trades again"),
        (Fact::Unexplained { amount: Won::new(-1_234) }, "차이 -1,234원", "KRW -1,234"),
        (Fact::Halted { reason: "점검".to_owned() }, "거래 정지: 신규 진입 없음 · 점검", "trading halted"),
        (Fact::Resumed, "거래 재개", "trading resumed"),
        (Fact::BotSwitched { bot, to: BotSwitch::Paused }, "봇 sma", "bot sma"),
        (
            Fact::BotMade { bot, strategy: "sma_cross".to_owned() },
            "봇 sma 추가 · 전략 sma_cross, 정지 상태",
            "bot sma made · sma_cross, stopped",
        ),
        (Fact::BotDeleted { bot }, "봇 sma 삭제", "bot sma deleted"),
        (
            Fact::DailyRun { bot, symbols: 3 },
            "봇 sma 장 마감 전 판단 · 3종목",
            "bot sma decides before the close · 3 symbols",
        ),
        (
            Fact::AccountOpened { cash: Won::new(10_000_000), holdings: 3 },
            "계좌 기록 시작 · 예수금 10,000,000원, 보유 3종목",
            "account opened · cash KRW 10,000,000, 3 holdings",
        ),
        (Fact::StartedUnresolved { orders: vec![order; 5] }, "주문 5건", "and 2 more"),
        (Fact::Skipped { count: 9_800 }, "9,800건을 생략", "9,800 left out"),
        (Fact::JournalStalled, "저널 응답 없음", "does not answer"),
        (Fact::JournalRecovered, "저널 응답 회복", "answers again"),
        (Fact::JournalFailed, "저널 저장 실패", "the journal failed"),
    ]
}

fn table() -> Vec<(Fact, &'static str, &'static str)> {
    table_of_orders().into_iter().chain(table_of_account()).collect()
}

#[test]
fn every_kind_says_what_happened_in_both_languages() {
    for (fact, ko, en) in table() {
        let text = fact.text(&name);
        assert!(text.ko.contains(ko), "{}: {}", fact.kind(), text.ko);
        assert!(text.en.contains(en), "{}: {}", fact.kind(), text.en);
        assert!(text.ko.chars().any(|c| ('가'..='힣').contains(&c)), "{}", text.ko);
        assert!(text.ko.chars().count() < 300 && text.en.chars().count() < 300, "{}", fact.kind());
    }
}

#[test]
fn the_table_above_leaves_no_kind_out() {
    let shown: BTreeSet<&str> = table().iter().map(|(fact, _, _)| fact.kind()).collect();
    let source = include_str!("../messages.rs");
    let arms = source.lines().filter(|line| line.trim_start().starts_with("Fact::") && line.contains("=> \""));
    let kinds: BTreeSet<&str> = arms.filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(shown, kinds);
}

#[test]
fn an_order_that_fills_at_once_needs_no_sum() {
    let fact = Fact::Filled { order: order(10, 10), qty: Qty::new(10).unwrap(), amount: Won::new(715_000) };
    assert_eq!(fact.text(&name).ko, "삼성전자 005930 매수 10주 체결 · 71,500원");
    assert_eq!(fact.text(&|s| s.to_string()).ko, "005930 매수 10주 체결 · 71,500원");
}

#[test]
fn no_alert_carries_an_account_number() {
    let message = "계좌 12345678-01 의 예수금 부족".to_owned();
    let fact = Fact::Refused { order: order(10, 0), code: "X".to_owned(), message };
    let text = fact.text(&name);
    assert!(!text.ko.contains("12345678") && !text.en.contains("12345678"), "{text:?}");
}
