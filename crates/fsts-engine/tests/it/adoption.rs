//! Which broker order an unknown one of ours is: one match is adopted, several are for a person, none is no proof.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn lost(desk: &mut Desk) -> IntentId {
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    id
}

fn ours() -> Row {
    Row::of(SAMSUNG, Side::Buy, 10, 70_000)
}

#[test]
fn exactly_one_match_is_adopted_and_its_fills_are_booked() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    desk.orders(&[ours().at(7, desk.at).filled(4, 279_000)]);
    let order = desk.order(id);
    assert_eq!((order.state, order.number), (OrderState::PartiallyFilled, Some(number(7))));
    assert_eq!(order.branch.as_str(), "06010");
    assert_eq!(order.filled_amount, won(279_000));
    assert!(!desk.engine.is_frozen(0));
    let adopted = |r: &Record| matches!(r, Record::Acked { by: AckedBy::Inquiry, .. });
    assert_eq!(desk.records(adopted), 1);
}

#[test]
fn an_order_that_was_filled_before_the_first_question_is_adopted_too() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    desk.orders(&[ours().at(7, desk.at).filled(10, 700_000)]);
    assert_eq!(desk.state(id), OrderState::Filled);
    assert_eq!(desk.held(0), 10);
}

#[test]
fn no_field_of_the_fingerprint_may_differ() {
    let other = [
        Row::of(HYNIX, Side::Buy, 10, 70_000),
        Row::of(SAMSUNG, Side::Sell, 10, 70_000),
        Row::of(SAMSUNG, Side::Buy, 11, 70_000),
        Row::of(SAMSUNG, Side::Buy, 10, 69_900),
        Row { kind: OrderKind::Market, ..ours() },
    ];
    for row in other {
        let mut desk = Setup::default().holding(SAMSUNG, 20).open();
        let id = lost(&mut desk);
        desk.orders(&[row.at(7, desk.at)]);
        assert_eq!(desk.state(id), OrderState::Ambiguous);
    }
}

#[test]
fn nothing_outside_the_time_window_is_adopted() {
    for (seconds, adopted) in [(-4, false), (-3, true), (180, true), (181, false)] {
        let mut desk = Desk::new();
        let sent = desk.at;
        let id = lost(&mut desk);
        desk.wait(200);
        desk.orders(&[ours().at(7, sent.plus_s(seconds))]);
        assert_eq!(desk.order(id).number.is_some(), adopted, "{seconds} s after sending");
    }
}

#[test]
fn a_revision_or_a_cancel_is_no_candidate() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    desk.orders(&[OrderReport { original: Some(number(3)), ..ours().at(7, desk.at) }]);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}

#[test]
fn a_number_of_another_order_of_ours_is_no_candidate() {
    let mut desk = Desk::new();
    let first = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(first, 7);
    let id = lost(&mut desk);
    desk.orders(std::slice::from_ref(&row));
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    assert_eq!(desk.engine.book().by_number(number(7)), Some(first));
}

#[test]
fn a_number_that_was_known_to_be_external_is_no_candidate() {
    let mut desk = Desk::new();
    let by_hand = ours().at(7, desk.at);
    desk.reconcile(std::slice::from_ref(&by_hand));
    let id = lost(&mut desk);
    desk.orders(&[by_hand]);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}

#[test]
fn several_matches_are_disputed_and_none_is_booked() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let rows = [ours().at(7, desk.at).filled(10, 700_000), ours().at(8, desk.at)];
    desk.orders(&rows);
    assert_eq!(desk.state(id), OrderState::Disputed);
    assert_eq!(desk.held(0), 0, "nobody knows yet whose fills these are");
    desk.next_orders(&rows);
    assert_eq!(desk.records(|r| matches!(r, Record::Disputed { .. })), 1, "said once");
}

#[test]
fn a_person_binds_a_disputed_order_to_one_of_its_candidates() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let rows = [ours().at(7, desk.at), ours().at(8, desk.at).filled(10, 700_000)];
    desk.orders(&rows);
    for wrong in [9, 70] {
        let reply = desk.command(Command::Bind { intent: id, number: number(wrong) });
        assert_eq!(reply, Reply::NotPossible("not_disputed"), "{wrong} is no candidate");
    }
    assert_eq!(desk.command(Command::Bind { intent: id, number: number(8) }), Reply::Done);
    desk.orders(&rows);
    assert_eq!(desk.state(id), OrderState::Filled);
    assert_eq!((desk.held(0), desk.slice(0, None)), (10, 10));
    assert_eq!(desk.records(|r| matches!(r, Record::ExternalOrder { number: n, .. } if *n == number(7))), 1);
}

#[test]
fn an_order_that_is_not_disputed_can_not_be_bound() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let reply = desk.command(Command::Bind { intent: id, number: number(7) });
    assert_eq!(reply, Reply::NotPossible("not_disputed"));
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}

/// A journal in which two bots were selling the same when the process died.
fn twins() -> Vec<Entry> {
    let sell = |id: u64, name: &str| ApprovedOrder {
        id: IntentId(id),
        bot: bot(name),
        symbol: symbol(SAMSUNG),
        side: Side::Sell,
        qty: qty(5),
        kind: OrderKind::Limit(price(70_000)),
        bracket: None,
        purpose: Purpose::Protection,
        reserved: Won::ZERO,
        reference: price(70_000),
    };
    let opened =
        Record::AccountOpened { cash: won(10_000_000), holdings: vec![(symbol(SAMSUNG), qty(20), won(1_200_000))] };
    let records = [
        opened,
        Record::DayOpened { day: today() },
        Record::Approved(sell(1, "alpha")),
        Record::Approved(sell(2, "beta")),
    ];
    records.into_iter().zip(1..).map(|(record, seq)| Entry { seq, at: half_past_nine(), record }).collect()
}

#[test]
fn one_row_is_never_given_to_two_orders() {
    let mut desk = Setup { records: twins(), ..Setup::default() }.closed();
    desk.start();
    let (first, second) = (IntentId(1), IntentId(2));
    let row = Row::of(SAMSUNG, Side::Sell, 5, 70_000).at(7, desk.at).filled(5, 350_000);
    desk.orders(std::slice::from_ref(&row));
    assert_eq!((desk.state(first), desk.state(second)), (OrderState::Disputed, OrderState::Disputed));
    assert_eq!(desk.command(Command::Bind { intent: second, number: number(7) }), Reply::Done);
    desk.orders(&[row]);
    assert_eq!((desk.state(first), desk.state(second)), (OrderState::Disputed, OrderState::Filled));
    assert_eq!(desk.held(0), 15);
}

#[test]
fn a_person_makes_no_twin_of_an_unknown_order() {
    let mut desk = Setup::default().holding(SAMSUNG, 20).open();
    let first = desk.place(SAMSUNG, Side::Sell, 5, 70_000);
    desk.lose_reply(first);
    assert_eq!(desk.try_place(SAMSUNG, Side::Sell, 5, 70_000), Reply::Blocked(Blocked::Unresolved));
    desk.place(SAMSUNG, Side::Sell, 6, 70_000);
}

#[test]
fn a_row_that_a_repeating_list_shows_twice_is_one_row() {
    let mut desk = Desk::new();
    let id = lost(&mut desk);
    let row = ours().at(7, desk.at).filled(4, 280_000);
    desk.orders(&[row.clone(), row]);
    assert_eq!(desk.state(id), OrderState::PartiallyFilled);
    assert_eq!(desk.held(0), 4);
}

#[test]
fn a_row_of_an_order_whose_reply_is_still_on_its_way_waits_for_it() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let row = desk.row(id, 7).filled(10, 700_000);
    desk.reconcile(std::slice::from_ref(&row));
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Sending, 0));
    desk.ack(id, 7);
    desk.next_orders(&[row]);
    assert_eq!((desk.state(id), desk.slice(0, None)), (OrderState::Filled, 10));
    assert_eq!(desk.records(|r| matches!(r, Record::ExternalOrder { .. })), 0);
}

#[test]
fn a_reply_with_a_number_that_is_somebody_elses_proves_nothing() {
    let mut desk = Desk::new();
    desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let id = desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.ack(id, 7);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    assert_eq!(desk.engine.book().by_number(number(7)), Some(IntentId(1)));
}
