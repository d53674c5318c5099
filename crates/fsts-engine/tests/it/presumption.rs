//! When an order without trace may be believed not placed – by the full rule only – and what a late arrival does.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn lost(desk: &mut Desk) -> IntentId {
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    id
}

fn ours(desk: &Desk) -> OrderReport {
    Row::of(SAMSUNG, Side::Buy, 10, 70_000).at(7, desk.at)
}

/// Lets time pass and answers every question with "no such order".
fn search(desk: &mut Desk, seconds: i64) {
    for _ in 0..seconds {
        desk.answer_all(&[]);
        desk.wait(1);
    }
    desk.answer_all(&[]);
}

#[test]
fn an_order_is_presumed_not_placed_after_three_complete_lists_the_last_a_minute_after_sending() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    search(&mut desk, 59);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    search(&mut desk, 4);
    assert_eq!(desk.state(id), OrderState::PresumedNotPlaced);
}

#[test]
fn two_lists_are_not_enough_however_late() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    for expected in [OrderState::Ambiguous, OrderState::Ambiguous, OrderState::PresumedNotPlaced] {
        desk.wait(100);
        desk.next_orders(&[]);
        assert_eq!(desk.state(id), expected);
    }
}

#[test]
fn a_list_that_was_asked_for_before_the_minute_is_over_proves_nothing() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let asked = desk.at.plus_s(59);
    for _ in 0..5 {
        desk.wait(50);
        desk.inquiries.clear();
        desk.step(orders_event(asked, Vec::new()));
    }
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}

#[test]
fn a_list_that_was_on_its_way_before_the_order_became_unknown_is_not_counted() {
    let mut desk = Desk::new();
    desk.step(EventKind::Command { id: 0, command: Command::Reconcile });
    assert!(desk.inquiries.contains(&Inquiry::Orders));
    let id = lost(&mut desk);
    desk.wait(100);
    for expected in [OrderState::Ambiguous, OrderState::Ambiguous, OrderState::Ambiguous, OrderState::PresumedNotPlaced]
    {
        desk.next_orders(&[]);
        assert_eq!(desk.state(id), expected);
    }
}

#[test]
fn a_gap_in_the_stream_leaves_the_order_unknown() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    desk.wait(10);
    desk.step(EventKind::Stream { up: false });
    desk.step(EventKind::Stream { up: true });
    search(&mut desk, 400);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    assert!(desk.engine.is_frozen(0));
}

#[test]
fn a_gap_between_sending_and_the_lost_reply_counts_too() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.wait(1);
    desk.step(EventKind::Stream { up: false });
    desk.step(EventKind::Stream { up: true });
    desk.wait(1);
    desk.lose_reply(id);
    search(&mut desk, 400);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}

#[test]
fn a_presumed_order_stays_frozen_and_reserved_until_a_person_releases_it() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let early = desk.command(Command::Release { symbol: symbol(SAMSUNG) });
    assert_eq!(early, Reply::NotPossible("order_still_unknown"));
    search(&mut desk, 500);
    assert_eq!(desk.state(id), OrderState::PresumedNotPlaced);
    assert!(desk.engine.is_frozen(0));
    assert_eq!(desk.engine.book().reserved(), desk.order(id).reserved);
    assert_eq!(desk.command(Command::Release { symbol: symbol(SAMSUNG) }), Reply::Done);
    assert!(!desk.engine.is_frozen(0));
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn a_late_arrival_is_adopted_also_after_the_presumption() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let row = ours(&desk);
    search(&mut desk, 100);
    assert_eq!(desk.state(id), OrderState::PresumedNotPlaced);
    desk.next_orders(&[row.filled(10, 700_000)]);
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Filled, 10));
    assert!(!desk.engine.is_frozen(0));
}

fn releasing() -> Desk {
    let config = EngineConfig { auto_release: true, ..EngineConfig::connected(universe()) };
    Setup { config, ..Setup::default() }.open()
}

#[test]
fn a_late_arrival_is_adopted_also_where_presumed_orders_are_released_automatically() {
    let mut desk = releasing();
    let id = lost(&mut desk);
    let row = ours(&desk);
    search(&mut desk, 120);
    desk.next_orders(&[row.filled(10, 700_000)]);
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Filled, 10));
    assert_eq!(desk.records(|r| matches!(r, Record::ExternalFilled { .. })), 0);
}

#[test]
fn automatic_release_waits_until_no_order_can_turn_up_any_more() {
    let mut desk = releasing();
    let id = lost(&mut desk);
    search(&mut desk, 179);
    assert_eq!(desk.state(id), OrderState::PresumedNotPlaced);
    search(&mut desk, 60);
    assert!(desk.engine.book().order_of_day(id).is_none());
    assert!(!desk.engine.is_frozen(0));
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn what_turns_up_after_a_release_is_booked_as_external() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let row = ours(&desk);
    search(&mut desk, 100);
    desk.command(Command::Release { symbol: symbol(SAMSUNG) });
    desk.step(EventKind::Command { id: 0, command: Command::Reconcile });
    desk.next_orders(&[row.filled(10, 700_000)]);
    assert!(desk.engine.book().order_of_day(id).is_none());
    assert_eq!(desk.slice(0, None), 10);
    assert_eq!(desk.records(|r| matches!(r, Record::ExternalFilled { .. })), 1);
}

#[test]
fn the_list_after_the_close_is_final_for_an_unknown_order() {
    let mut desk = Setup { at: Timestamp::from_kst(today(), 15 * 3600 + 1_500), ..Setup::default() }.open();
    let id = lost(&mut desk);
    desk.step(EventKind::Stream { up: false });
    desk.step(EventKind::Stream { up: true });
    search(&mut desk, 290);
    assert_eq!(desk.state(id), OrderState::Ambiguous, "the market is still open");
    search(&mut desk, 30);
    assert!(desk.engine.book().order_of_day(id).is_none());
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
    assert!(!desk.engine.is_frozen(0));
}

#[test]
fn after_the_close_a_disputed_order_still_waits_for_a_person_and_a_young_one_for_its_time() {
    let mut desk = Setup { at: Timestamp::from_kst(today(), 15 * 3600 + 1_500), ..Setup::default() }.open();
    let disputed = lost(&mut desk);
    let rows = [ours(&desk), OrderReport { number: number(8), ..ours(&desk) }];
    desk.orders(&rows);
    desk.wait(250);
    desk.quote_all();
    let young = desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.lose_reply(young);
    for _ in 0..120 {
        desk.wait(1);
        desk.answer_all(&rows);
    }
    assert_eq!(desk.state(disputed), OrderState::Disputed);
    assert!(desk.state(young).is_unresolved(), "its list could still be too early");
}
