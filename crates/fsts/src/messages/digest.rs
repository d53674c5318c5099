//! A day in one message.

use std::fmt::Write as _;

use super::Text;
use crate::alerts::grouped;
use crate::services::jobs::Day;

/// Bots that are named one by one; a message has an end.
const BOTS_MAX: usize = 10;

fn signed(won: fsts_domain::Won) -> String {
    if won.get() > 0 { format!("+{}", grouped(won.get())) } else { grouped(won.get()) }
}

/// What an account is worth, what it traded, and what its bots made.
pub fn day(of: &Day) -> Text {
    let (change, percent) = (signed(of.change.0), &of.change.1);
    let (bought, sold) = &of.traded;
    let [equity, cash, bought_won, sold_won, fees, taxes] =
        [of.equity, of.cash, bought.amount, sold.amount, of.costs.0, of.costs.1].map(|won| grouped(won.get()));
    let (realized, unrealized) = (signed(of.profit.0), signed(of.profit.1));
    let (day, held, buys, sells) = (of.day, of.held, bought.count, sold.count);
    let mut ko = format!(
        "📊 {day} 하루 요약 · 평가금액 {equity}원 (오늘 {change}원, {percent}%) · 예수금 {cash}원, 보유 {held}종목 · \
         매수 체결 {buys}건 {bought_won}원, 매도 체결 {sells}건 {sold_won}원 · 수수료 {fees}원, 세금 {taxes}원 · \
         누적 실현 손익 {realized}원, 평가 손익 {unrealized}원"
    );
    let mut en = format!(
        "📊 {day} in short · equity KRW {equity} (today {change}, {percent} %) · cash KRW {cash}, {held} symbols held · \
         {buys} buy fills KRW {bought_won}, {sells} sell fills KRW {sold_won} · commissions KRW {fees}, taxes KRW {taxes} · \
         profit since the start: realised KRW {realized}, unrealised KRW {unrealized}"
    );
    for (bot, realized, unrealized) in of.bots.iter().take(BOTS_MAX) {
        let (realized, unrealized) = (signed(*realized), signed(*unrealized));
        // Writing into a text can't fail.
        let _ = write!(ko, " · 봇 {bot} 실현 {realized}원, 평가 {unrealized}원");
        let _ = write!(en, " · bot {bot} realised {realized}, unrealised {unrealized}");
    }
    if of.open_orders > 0 {
        let _ = write!(ko, " · 미체결 {}건", of.open_orders);
        let _ = write!(en, " · {} orders working", of.open_orders);
    }
    if of.halted {
        ko.push_str(" · ⛔ 거래 정지 중");
        en.push_str(" · ⛔ trading is halted");
    }
    Text::new(ko, en)
}

/// The message with its account in front, where there are several.
pub fn labelled(text: Text, label: Option<&str>) -> Text {
    match label {
        Some(label) => Text::new(format!("[{label}] {}", text.ko), format!("[{label}] {}", text.en)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use fsts_domain::Won;

    use super::*;
    use crate::services::jobs::Traded;

    #[test]
    fn a_day_is_told_in_both_languages_with_its_signs() {
        let told = day(&Day {
            day: "2026-11-20".parse().unwrap(),
            equity: Won::new(10_012_345),
            change: (Won::new(12_345), "0.12".to_owned()),
            cash: Won::new(9_000_000),
            held: 1,
            traded: (Traded { count: 2, amount: Won::new(1_500_000) }, Traded { count: 1, amount: Won::new(500_000) }),
            costs: (Won::new(280), Won::new(900)),
            profit: (Won::new(-3_000), Won::new(15_345)),
            bots: vec![("sma".to_owned(), Won::new(-3_000), Won::new(15_345))],
            open_orders: 1,
            halted: false,
        });
        for part in [
            "10,012,345원 (오늘 +12,345원, 0.12%)",
            "매수 체결 2건 1,500,000원",
            "실현 손익 -3,000원",
            "봇 sma",
            "미체결 1건",
        ] {
            assert!(told.ko.contains(part), "{part}: {}", told.ko);
        }
        for part in
            ["KRW 10,012,345 (today +12,345, 0.12 %)", "1 sell fills KRW 500,000", "realised KRW -3,000", "bot sma"]
        {
            assert!(told.en.contains(part), "{part}: {}", told.en);
        }
        assert!(!told.ko.contains("정지") && !told.en.contains("halted"));
    }
}
