//! Cancel, confirmed, and only then what was wanted instead.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

/// A bot's working buy of 10 that the broker has as number 7.
fn working() -> (Desk, OrderReport) {
    let mut desk = Desk::new();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    (desk, row)
}

fn answered(desk: &mut Desk, outcome: CancelOutcome) {
    desk.step(EventKind::CancelAnswered { intent: IntentId(1), outcome });
}

fn last_sent(desk: &Desk) -> (Side, i64) {
    let intent = desk.submits.last().unwrap().get();
    (intent.side(), intent.qty().get())
}

#[test]
fn a_cancel_names_the_original_number_and_leaves_after_its_record() {
    let (mut desk, _) = working();
    desk.journal_answers = false;
    assert_eq!(desk.command(Command::Cancel { intent: IntentId(1) }), Reply::Done);
    assert!(desk.cancels.is_empty());
    desk.journal_answers = true;
    desk.settle();
    assert_eq!(desk.cancels, [IntentId(1)]);
}

#[test]
fn a_cancel_that_is_under_way_is_not_sent_again() {
    let (mut desk, row) = working();
    for _ in 0..3 {
        desk.command(Command::Cancel { intent: IntentId(1) });
        desk.next_orders(std::slice::from_ref(&row));
    }
    assert_eq!(desk.cancels.len(), 1);
}

#[test]
fn a_cancel_may_be_repeated_after_an_inquiry_shows_a_remainder() {
    let (mut desk, row) = working();
    desk.command(Command::Cancel { intent: IntentId(1) });
    answered(&mut desk, CancelOutcome::Unknown { reason: "time-out".to_owned() });
    desk.command(Command::Cancel { intent: IntentId(1) });
    assert_eq!(desk.cancels.len(), 1, "not before the inquiry");
    desk.next_orders(&[row]);
    desk.command(Command::Cancel { intent: IntentId(1) });
    assert_eq!(desk.cancels.len(), 2);
}

#[test]
fn an_answer_to_a_cancel_ends_nothing_by_itself() {
    let (mut desk, row) = working();
    desk.command(Command::Cancel { intent: IntentId(1) });
    answered(&mut desk, CancelOutcome::Accepted);
    assert_eq!(desk.state(IntentId(1)), OrderState::Acked);
    desk.next_orders(&[row.cancelled()]);
    assert_eq!(desk.state(IntentId(1)), OrderState::Cancelled);
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn a_partial_fill_then_a_cancel_keeps_the_filled_part() {
    let (mut desk, row) = working();
    desk.notice(&row, 3, 70_000);
    desk.command(Command::Cancel { intent: IntentId(1) });
    desk.next_orders(&[row.filled(4, 280_000).cancelled()]);
    let order = desk.order(IntentId(1));
    assert_eq!((order.state, order.filled_qty, desk.held(0)), (OrderState::Cancelled, qty(4), 4));
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn an_order_without_number_can_not_be_cancelled() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    assert_eq!(desk.command(Command::Cancel { intent: id }), Reply::NotPossible("no_order_number_yet"));
    assert_eq!(desk.command(Command::Cancel { intent: IntentId(99) }), Reply::NotPossible("not_open"));
}

#[test]
fn an_exit_cancels_the_bots_unfilled_buy() {
    let (mut desk, row) = working();
    desk.decide(0, Target::Exit);
    assert_eq!(desk.cancels, [IntentId(1)]);
    assert_eq!(desk.blocked(), Some("awaiting_cancel"));
    desk.next_orders(&[row.cancelled()]);
    assert_eq!(desk.submits.len(), 1, "nothing was bought, nothing is sold");
}

#[test]
fn the_goal_follows_the_confirmed_cancel_with_what_was_filled_meanwhile() {
    let (mut desk, row) = working();
    desk.notice(&row, 3, 70_000);
    desk.decide(0, Target::Exit);
    assert_eq!(desk.submits.len(), 1, "first the cancel");
    desk.next_orders(&[row.clone().filled(5, 350_000)]);
    assert_eq!(desk.submits.len(), 1, "not before the end of the buy");
    desk.next_orders(&[row.filled(5, 350_000).cancelled()]);
    assert_eq!(last_sent(&desk), (Side::Sell, 5));
}

#[test]
fn a_target_below_what_is_working_cancels_first_and_orders_less() {
    let (mut desk, row) = working();
    desk.decide(0, Target::Shares(qty(4)));
    assert_eq!(desk.cancels, [IntentId(1)]);
    desk.next_orders(&[row.filled(1, 70_000).cancelled()]);
    assert_eq!(last_sent(&desk), (Side::Buy, 3));
}

#[test]
fn an_exit_while_the_buy_has_no_number_yet_cancels_it_once_it_has_one() {
    let mut desk = Desk::new();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.decide(0, Target::Exit);
    assert!(desk.cancels.is_empty());
    desk.ack(IntentId(1), 7);
    assert_eq!(desk.cancels, [IntentId(1)]);
    desk.next_orders(&[row.filled(2, 140_000).cancelled()]);
    assert_eq!(last_sent(&desk), (Side::Sell, 2));
}

#[test]
fn a_refused_cancel_is_tried_again_for_a_waiting_goal_a_few_times_only() {
    let (mut desk, row) = working();
    desk.notice(&row, 3, 70_000);
    desk.decide(0, Target::Exit);
    for _ in 0..20 {
        answered(&mut desk, CancelOutcome::Refused { code: "APBK0000".to_owned(), message: "거부".to_owned() });
        desk.next_orders(&[row.clone().filled(3, 210_000)]);
    }
    assert!((2..=6).contains(&desk.cancels.len()), "{} cancels", desk.cancels.len());
}

#[test]
fn a_cancel_by_hand_does_not_forget_what_other_symbols_wait_for() {
    let (mut desk, row) = working();
    desk.notice(&row, 3, 70_000);
    desk.decide(0, Target::Exit);
    desk.decide(1, Target::Enter);
    desk.ack(IntentId(2), 8);
    desk.command(Command::Cancel { intent: IntentId(2) });
    desk.next_orders(&[row.filled(3, 210_000).cancelled()]);
    assert_eq!(last_sent(&desk), (Side::Sell, 3));
}

#[test]
fn a_cancel_by_hand_never_forgets_an_exit() {
    let (mut desk, row) = working();
    desk.notice(&row, 3, 70_000);
    desk.decide(0, Target::Exit);
    desk.command(Command::Cancel { intent: IntentId(1) });
    desk.next_orders(&[row.filled(3, 210_000).cancelled()]);
    assert_eq!(last_sent(&desk), (Side::Sell, 3));
}

#[test]
fn a_cancel_by_hand_ends_a_waiting_entry() {
    let (mut desk, row) = working();
    desk.decide(0, Target::Shares(qty(4)));
    desk.command(Command::Cancel { intent: IntentId(1) });
    desk.next_orders(&[row.cancelled()]);
    assert_eq!(desk.submits.len(), 1);
}

#[test]
fn an_exit_that_waits_survives_a_moment_in_which_nothing_may_be_sent() {
    let (mut desk, row) = working();
    desk.notice(&row, 3, 70_000);
    desk.decide(0, Target::Exit);
    desk.step(EventKind::Stream { up: false });
    desk.step(EventKind::Stream { up: true });
    desk.holdings.insert(symbol(SAMSUNG), qty(3));
    desk.cash = won(10_000_000 - 210_000 - 29);
    desk.answer_all(&[row.filled(3, 210_000).cancelled()]);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    assert_eq!(last_sent(&desk), (Side::Sell, 3));
}
