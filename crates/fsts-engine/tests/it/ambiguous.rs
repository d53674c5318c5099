//! While nobody knows whether the broker has an order: no new risk, the worst case set aside, reducing still works.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn blocked(reply: &Reply) -> &'static str {
    match reply {
        Reply::Blocked(blocked) => blocked.code(),
        other => panic!("not blocked: {other:?}"),
    }
}

/// A desk with a buy of 10 whose reply got lost.
fn with_lost_buy() -> (Desk, IntentId) {
    let mut desk = Setup::default().holding(SAMSUNG, 20).open();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    (desk, id)
}

#[test]
fn an_order_without_reply_freezes_its_symbol_and_no_other() {
    let (mut desk, _) = with_lost_buy();
    assert!(desk.engine.is_frozen(0));
    assert_eq!(blocked(&desk.try_place(SAMSUNG, Side::Buy, 1, 70_000)), "frozen");
    assert!(!desk.engine.is_frozen(1));
    desk.place(HYNIX, Side::Buy, 1, 200_000);
}

#[test]
fn an_order_without_reply_reserves_its_full_amount_and_fee() {
    let (desk, id) = with_lost_buy();
    let fee = 98;
    assert_eq!(desk.order(id).reserved_cash(), won(700_000 + fee));
    assert_eq!(desk.engine.book().orderable(), won(10_000_000 - 700_000 - fee));
}

#[test]
fn an_order_without_reply_is_never_sent_again() {
    let (mut desk, id) = with_lost_buy();
    for _ in 0..300 {
        desk.wait(1);
        desk.answer_all(&[]);
    }
    assert_eq!(desk.submits.iter().filter(|s| s.get().id() == id).count(), 1);
}

#[test]
fn a_second_answer_of_any_kind_does_not_disturb_an_unknown_order() {
    let (mut desk, id) = with_lost_buy();
    desk.lose_reply(id);
    desk.refuse(id);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    desk.ack(id, 7);
    assert_eq!(desk.state(id), OrderState::Acked);
    desk.refuse(id);
    assert_eq!(desk.state(id), OrderState::Acked);
}

#[test]
fn a_stop_loss_still_works_on_a_frozen_symbol() {
    let mut desk = Setup::default().protected(Watch::Intrabar).open();
    desk.decide(0, Target::Enter);
    let entry = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[entry.filled(10, 700_000)]);
    let lost = desk.place(SAMSUNG, Side::Buy, 5, 70_000);
    desk.lose_reply(lost);
    desk.print(0, 67_000);
    let stop = desk.submits.last().unwrap().get();
    assert_eq!((stop.side(), stop.qty(), stop.purpose()), (Side::Sell, qty(10), Purpose::Protection));
}

#[test]
fn an_unknown_sell_counts_as_sold_and_the_rest_can_still_be_sold() {
    let mut desk = Setup::default().holding(SAMSUNG, 20).open();
    let lost = desk.place(SAMSUNG, Side::Sell, 12, 70_000);
    desk.lose_reply(lost);
    let too_many = desk.try_place(SAMSUNG, Side::Sell, 9, 70_000);
    assert_eq!(too_many, Reply::Blocked(Blocked::Shares { wanted: qty(9), sellable: qty(8) }));
    desk.place(SAMSUNG, Side::Sell, 8, 70_000);
    assert_eq!(blocked(&desk.try_place(SAMSUNG, Side::Sell, 1, 70_000)), "unresolved");
}

#[test]
fn a_stop_loss_sells_what_an_unknown_sell_leaves() {
    let mut desk = Setup::default().protected(Watch::Intrabar).open();
    desk.decide(0, Target::Shares(qty(20)));
    let entry = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[entry.clone().filled(20, 1_400_000)]);
    desk.decide(0, Target::Shares(qty(14)));
    desk.lose_reply(IntentId(2));
    desk.print(0, 67_000);
    let stop = desk.submits.last().unwrap().get();
    assert_eq!((stop.side(), stop.qty(), stop.purpose()), (Side::Sell, qty(14), Purpose::Protection));
    // Nothing is left to protect, so nothing more is sold.
    let sent = desk.submits.len();
    desk.ack(IntentId(3), 9);
    desk.print(0, 66_000);
    assert_eq!(desk.submits.len(), sent);
}

#[test]
fn a_strategy_sells_nothing_more_while_its_sell_is_unknown() {
    let mut desk = Desk::new();
    desk.decide(0, Target::Shares(qty(20)));
    let entry = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[entry.filled(20, 1_400_000)]);
    desk.decide(0, Target::Shares(qty(14)));
    desk.lose_reply(IntentId(2));
    desk.decide(0, Target::Exit);
    assert_eq!(desk.submits.len(), 2);
    assert_eq!(desk.blocked(), Some("unresolved"));
}

#[test]
fn the_broker_is_asked_at_once_then_every_3_seconds_and_after_150_every_15() {
    let mut desk = Setup::default().open();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    assert_eq!(desk.inquiries, [Inquiry::Orders], "at once");
    // With a gap in the stream nothing is ever presumed, so it goes on asking.
    desk.step(EventKind::Stream { up: false });
    desk.connect();
    let mut asked = Vec::new();
    for second in 1..=240 {
        desk.wait(1);
        if !desk.inquiries.is_empty() {
            asked.push(second);
            desk.answer_all(&[]);
        }
    }
    let early = asked.iter().filter(|s| **s <= 150).count();
    let late = asked.iter().filter(|s| **s > 150).count();
    assert!((49..=51).contains(&early), "{asked:?}");
    assert!((5..=7).contains(&late), "{asked:?}");
}

#[test]
fn a_failing_inquiry_is_not_repeated_in_a_storm() {
    let (mut desk, _) = with_lost_buy();
    let mut failures = 0;
    for _ in 0..60 {
        while desk.inquiries.pop().is_some() {
            failures += 1;
            assert!(failures <= 20, "an inquiry every 3 seconds at most");
            desk.step(EventKind::InquiryFailed { inquiry: Inquiry::Orders, reason: "time-out".to_owned() });
        }
        desk.wait(1);
    }
    assert!(failures >= 3, "but it goes on asking");
}

#[test]
fn a_failed_inquiry_changes_nothing() {
    let (mut desk, id) = with_lost_buy();
    let (records, book) = (desk.entries.len(), desk.engine.book().clone());
    for inquiry in [Inquiry::Orders, Inquiry::Account] {
        desk.step(EventKind::InquiryFailed { inquiry, reason: "page 2 failed".to_owned() });
    }
    assert_eq!(desk.entries.len(), records);
    assert_eq!(desk.engine.book(), &book);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}
