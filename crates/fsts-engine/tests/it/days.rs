//! Night and morning: yesterday's numbers are forgotten, yesterday's questions are not answered into today.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn monday() -> TradingDay {
    "2026-11-23".parse().unwrap()
}

/// The next trading day begins.
fn roll(desk: &mut Desk) {
    desk.at = Timestamp::from_kst(monday(), 9 * 3600 + 60);
    desk.recv = desk.recv.plus_s(3 * 86_400);
    desk.step(EventKind::DayOpened(monday()));
    desk.step(EventKind::Clock);
    desk.quote_all();
}

#[test]
fn limits_of_the_day_and_order_numbers_begin_anew() {
    let mut desk = Desk::new();
    let first = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    desk.next_orders(&[desk.row(first, 7).filled(10, 700_000)]);
    roll(&mut desk);
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 700_098);
    desk.answer_all(&[]);
    assert_eq!(desk.engine.book().day(), Some(monday()));
    assert_eq!(desk.engine.book().by_number(number(7)), None);
    let second = desk.placed(SAMSUNG, Side::Sell, (10, 70_000), 7);
    assert_eq!(desk.engine.book().by_number(number(7)), Some(second));
    assert!(second > first, "our own ids go on");
}

#[test]
fn a_new_day_compares_with_the_broker_before_anything_is_sent() {
    let mut desk = Desk::new();
    roll(&mut desk);
    assert_eq!(desk.engine.not_ready(), ["reconciling"]);
    desk.answer_all(&[]);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
}

#[test]
fn what_is_left_of_yesterday_expires_and_its_reservation_is_freed() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 69_000), 7);
    roll(&mut desk);
    desk.answer_all(&[]);
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
    assert!(desk.engine.book().open_orders().is_empty());
    let expired = |r: &Record| matches!(r, Record::Closed { id: i, state: OrderState::Expired } if *i == id);
    assert_eq!(desk.records(expired), 1);
    assert!(!desk.engine.is_frozen(0), "the account agreed");
}

#[test]
fn a_fill_that_nobody_told_of_before_the_night_freezes_its_symbol() {
    let mut desk = Desk::new();
    desk.placed(SAMSUNG, Side::Buy, (10, 69_000), 7);
    roll(&mut desk);
    assert!(desk.engine.is_frozen(0), "not known until the account is read");
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 690_096);
    desk.answer_all(&[]);
    assert_eq!(desk.engine.book().line(0).frozen, Some(FreezeReason::QuantityMismatch));
}

#[test]
fn unknown_and_provisional_orders_end_with_their_day_and_are_checked_by_the_account() {
    let mut desk = Desk::new();
    let told = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(told, 7);
    desk.notice(&row, 10, 70_000);
    let lost = desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.lose_reply(lost);
    roll(&mut desk);
    assert!(desk.engine.book().open_orders().is_empty());
    assert!(desk.engine.is_frozen(0) && desk.engine.is_frozen(1));
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 700_098);
    desk.answer_all(&[]);
    assert!(!desk.engine.is_frozen(0) && !desk.engine.is_frozen(1));
}

#[test]
fn an_answer_to_yesterdays_question_is_not_taken_for_today() {
    let mut desk = Desk::new();
    let yesterday = desk.at;
    let row = Row::of(SAMSUNG, Side::Buy, 10, 70_000).at(7, yesterday).filled(10, 700_000);
    desk.step(EventKind::Command { id: 0, command: Command::Reconcile });
    roll(&mut desk);
    desk.inquiries.clear();
    desk.step(orders_event(yesterday, vec![row]));
    assert_eq!(desk.held(0), 0);
    assert_eq!(desk.records(|r| matches!(r, Record::ExternalOrder { .. })), 0);
    assert!(desk.inquiries.contains(&Inquiry::Orders), "it asks for today");
}

#[test]
fn a_notice_of_yesterday_is_not_booked_to_todays_order_of_the_same_number() {
    let mut desk = Desk::new();
    let lost = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let row = desk.row(lost, 7);
    desk.notice(&row, 10, 70_000);
    desk.lose_reply(lost);
    roll(&mut desk);
    desk.answer_all(&[]);
    desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    assert_eq!(desk.held(0), 0);
}

#[test]
fn the_same_day_twice_or_an_older_one_changes_nothing() {
    let mut desk = Desk::new();
    let records = desk.entries.len();
    desk.step(EventKind::DayOpened(today()));
    desk.step(EventKind::DayOpened("2026-11-19".parse().unwrap()));
    assert_eq!(desk.entries.len(), records);
    assert_eq!(desk.engine.day_rules().day(), today());
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
}

#[test]
fn a_request_key_lives_to_the_end_of_the_next_trading_day() {
    let mut desk = Desk::new();
    let place = || Command::Place {
        key: "k-1".to_owned(),
        body: "a".to_owned(),
        symbol: symbol(SAMSUNG),
        side: Side::Buy,
        qty: qty(1),
        kind: OrderKind::Limit(price(70_000)),
    };
    let first = desk.command(place());
    assert_eq!(first, Reply::Placed(IntentId(1)));
    roll(&mut desk);
    desk.answer_all(&[]);
    assert_eq!(desk.command(place()), first);
    desk.step(EventKind::DayOpened("2026-11-24".parse().unwrap()));
    assert!(desk.engine.book().request("k-1").is_none(), "or the book would grow for ever");
}
