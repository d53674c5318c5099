//! Halt: at once, and until a person says otherwise – whatever happens to the process.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn halt(desk: &mut Desk) {
    let reply = desk.command(Command::Halt { reason: "operator".to_owned() });
    assert_eq!(reply, Reply::Done);
}

#[test]
fn the_step_after_a_halt_opens_nothing() {
    let mut desk = Desk::new();
    halt(&mut desk);
    assert_eq!(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000), Reply::Blocked(Blocked::Halted));
    desk.decide(0, Target::Enter);
    assert_eq!(desk.blocked(), Some("halted"));
    assert!(desk.submits.is_empty());
}

#[test]
fn an_order_between_its_record_and_its_sending_is_withdrawn_by_a_halt() {
    let mut desk = Desk::new();
    desk.journal_answers = false;
    desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    halt(&mut desk);
    desk.journal_answers = true;
    desk.settle();
    assert!(desk.submits.is_empty());
    assert_eq!(desk.records(|r| matches!(r, Record::Withdrawn { reason, .. } if reason == "halted")), 1);
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn a_person_may_still_sell_and_cancel_while_halted() {
    let mut desk = Setup::default().holding(SAMSUNG, 5).open();
    let buy = desk.placed(SAMSUNG, Side::Buy, (1, 69_000), 7);
    halt(&mut desk);
    desk.place(SAMSUNG, Side::Sell, 5, 70_000);
    assert_eq!(desk.command(Command::Cancel { intent: buy }), Reply::Done);
    assert_eq!((desk.submits.len(), desk.cancels.len()), (2, 1));
}

#[test]
fn a_halt_holds_across_a_restart() {
    let mut desk = Desk::new();
    halt(&mut desk);
    let mut desk = desk.crash(Setup::default());
    desk.quote_all();
    desk.connect();
    assert_eq!(desk.engine.book().halted(), Some("operator"));
    assert_eq!(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000), Reply::Blocked(Blocked::Halted));
    assert_eq!(desk.command(Command::Resume), Reply::Done);
    desk.place(SAMSUNG, Side::Buy, 1, 70_000);
}

#[test]
fn halting_twice_is_one_record() {
    let mut desk = Desk::new();
    halt(&mut desk);
    halt(&mut desk);
    assert_eq!(desk.records(|r| matches!(r, Record::Halted { .. })), 1);
    desk.command(Command::Resume);
    desk.command(Command::Resume);
    assert_eq!(desk.records(|r| matches!(r, Record::Resumed)), 1);
}
