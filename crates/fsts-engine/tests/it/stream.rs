//! Nothing is sent before stream and books are in step with the broker, and a gap starts that anew.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn code(reply: Reply) -> &'static str {
    match reply {
        Reply::Blocked(blocked) => blocked.code(),
        Reply::Placed(_) => "placed",
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_ready_before_the_stream_the_orders_and_the_account() {
    let mut desk = Setup::default().closed();
    desk.start();
    desk.quote_all();
    assert_eq!(desk.engine.not_ready(), ["stream_down", "reconciling"]);
    desk.step(EventKind::Stream { up: true });
    for _ in 0..3 {
        assert_eq!(desk.engine.not_ready(), ["reconciling"]);
        assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000)), "not_ready");
        match desk.inquiries.pop() {
            Some(Inquiry::Orders) => desk.orders(&[]),
            Some(Inquiry::Account) => desk.account(),
            None => panic!("it does not ask"),
        }
    }
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    assert_eq!(desk.engine.book().cash(), won(10_000_000));
    desk.place(SAMSUNG, Side::Buy, 1, 70_000);
}

#[test]
fn without_the_stream_no_order_opens_and_a_person_may_still_sell() {
    let mut desk = Setup::default().holding(SAMSUNG, 5).open();
    desk.step(EventKind::Stream { up: false });
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000)), "not_ready");
    desk.decide(0, Target::Enter);
    assert_eq!(desk.blocked(), Some("not_ready"));
    assert!(desk.submits.is_empty());
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Sell, 5, 70_000)), "placed");
}

#[test]
fn an_order_between_its_record_and_its_sending_is_withdrawn_when_the_stream_breaks() {
    let mut desk = Desk::new();
    desk.journal_answers = false;
    desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    desk.step(EventKind::Stream { up: false });
    desk.journal_answers = true;
    desk.settle();
    assert!(desk.submits.is_empty());
}

#[test]
fn fills_during_a_gap_are_found_before_anything_is_sent() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7).filled(10, 700_000);
    desk.step(EventKind::Stream { up: false });
    desk.wait(5);
    desk.step(EventKind::Stream { up: true });
    assert_eq!(code(desk.try_place(HYNIX, Side::Buy, 1, 200_000)), "not_ready");
    desk.cash = won(10_000_000 - 700_000 - 98);
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.answer_all(&[row]);
    assert_eq!(desk.state(id), OrderState::Filled);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    assert!(!desk.engine.is_frozen(0));
}

#[test]
fn an_inquiry_from_before_the_gap_does_not_make_it_ready() {
    let mut desk = Desk::new();
    desk.step(EventKind::Command { id: 0, command: Command::Reconcile });
    assert_eq!(desk.inquiries.len(), 2);
    desk.step(EventKind::Stream { up: false });
    desk.wait(1);
    desk.step(EventKind::Stream { up: true });
    desk.inquiries.clear();
    // The answers to the questions from before the gap.
    desk.step(orders_event(desk.at.plus_s(-1), Vec::new()));
    let report = AccountReport { cash: won(10_000_000), holdings: Vec::new() };
    desk.step(EventKind::Account { asked_at: desk.at.plus_s(-1), report });
    assert_eq!(desk.engine.not_ready(), ["reconciling"]);
    desk.answer_all(&[]);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
}

#[test]
fn an_unknown_order_keeps_its_symbol_frozen_and_not_the_whole_account() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    desk.step(EventKind::Stream { up: false });
    desk.step(EventKind::Stream { up: true });
    desk.answer_all(&[]);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    assert!(desk.engine.is_frozen(0));
    desk.place(HYNIX, Side::Buy, 1, 200_000);
}

#[test]
fn a_working_order_does_not_keep_the_account_from_becoming_ready() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 69_000), 7);
    let row = desk.row(id, 7);
    desk.step(EventKind::Stream { up: false });
    desk.step(EventKind::Stream { up: true });
    desk.answer_all(&[row]);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
}

#[test]
fn a_broker_that_never_answers_is_asked_one_question_of_a_kind() {
    let mut desk = Desk::new();
    desk.placed(SAMSUNG, Side::Buy, (10, 69_000), 7);
    for _ in 0..300 {
        desk.wait(1);
    }
    assert_eq!(desk.inquiries.iter().filter(|i| **i == Inquiry::Orders).count(), 1);
    assert!(desk.inquiries.iter().filter(|i| **i == Inquiry::Account).count() <= 1);
}

#[test]
fn what_is_outstanding_is_counted() {
    let mut desk = Desk::new();
    assert_eq!(desk.engine.in_flight(), 0);
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    assert_eq!(desk.engine.in_flight(), 1, "the order's reply");
    desk.ack(id, 7);
    assert_eq!(desk.engine.in_flight(), 0);
    desk.journal_answers = false;
    desk.command(Command::Cancel { intent: id });
    assert_eq!(desk.engine.in_flight(), 2, "the batch and the cancel's answer");
    desk.journal_answers = true;
    desk.settle();
    assert_eq!(desk.engine.in_flight(), 1);
    desk.step(EventKind::CancelAnswered { intent: id, outcome: CancelOutcome::Accepted });
    assert_eq!(desk.engine.in_flight(), 0);
    desk.wait(1);
    assert_eq!(desk.engine.in_flight(), 1, "the inquiry");
}
