//! From prints to bars and last prices, also when prints come late, twice or mad.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn print_at(desk: &mut Desk, second: i64, won: i64) {
    let at = half_past_nine().plus_s(second);
    let now = std::mem::replace(&mut desk.at, at);
    desk.print(0, won);
    desk.at = now.max(at);
}

fn clock_at(desk: &mut Desk, second: i64) {
    desk.at = half_past_nine().plus_s(second);
    desk.step(EventKind::Clock);
}

/// Closes of Samsung's bars that strategies saw, with the second of their end.
fn seen(desk: &Desk) -> Vec<(i64, i64)> {
    let alpha = desk.decisions.iter().filter(|d| d.bot == bot("alpha") && d.symbol == symbol(SAMSUNG));
    alpha.map(|d| (d.at.since(half_past_nine()) / NS_PER_S, d.ohlcv[3])).collect()
}

#[test]
fn a_minute_closes_half_a_second_after_its_end() {
    let mut desk = Desk::new();
    print_at(&mut desk, 10, 70_100);
    print_at(&mut desk, 59, 70_200);
    clock_at(&mut desk, 60);
    assert_eq!(seen(&desk), []);
    clock_at(&mut desk, 61);
    assert_eq!(seen(&desk), [(60, 70_200)]);
}

#[test]
fn a_print_of_the_next_minute_does_not_close_the_bar_before_its_grace_is_over() {
    let mut desk = Desk::new();
    print_at(&mut desk, 10, 70_100);
    print_at(&mut desk, 60, 70_300);
    assert_eq!(seen(&desk), []);
    print_at(&mut desk, 61, 70_400);
    assert_eq!(seen(&desk), [(60, 70_100)]);
    clock_at(&mut desk, 121);
    assert_eq!(seen(&desk), [(60, 70_100), (120, 70_400)]);
}

#[test]
fn a_print_of_a_minute_that_is_closed_makes_no_second_bar_of_it() {
    let mut desk = Desk::new();
    print_at(&mut desk, 10, 70_100);
    clock_at(&mut desk, 61);
    print_at(&mut desk, 59, 65_000);
    clock_at(&mut desk, 62);
    print_at(&mut desk, 70, 70_200);
    clock_at(&mut desk, 121);
    assert_eq!(seen(&desk), [(60, 70_100), (120, 70_200)]);
}

#[test]
fn an_older_print_does_not_move_the_last_price_back() {
    let mut desk = Desk::new();
    print_at(&mut desk, 30, 70_500);
    print_at(&mut desk, 20, 70_100);
    let (last, at) = desk.engine.last_price(0).unwrap();
    assert_eq!((last, at), (price(70_500), half_past_nine().plus_s(30)));
    clock_at(&mut desk, 61);
    assert_eq!(seen(&desk), [(60, 70_500)]);
}

#[test]
fn a_price_outside_the_days_limits_is_no_price() {
    let mut desk = Setup::default().protected(Watch::Intrabar).open();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    // The limits of 70,000 are 49,000 and 91,000.
    for mad in [1, 7_000, 48_900, 91_100, 700_000, i64::MAX] {
        desk.print(0, mad);
    }
    assert_eq!(desk.submits.len(), 1, "the stop-loss did not act");
    assert_eq!(desk.engine.last_price(0).unwrap().0, price(70_000));
    desk.print(0, 49_000);
    assert_eq!(desk.engine.last_price(0).unwrap().0, price(49_000));
}

#[test]
fn a_print_from_the_future_moves_neither_clock_nor_price() {
    let mut desk = Desk::new();
    let now = desk.engine.now();
    print_at(&mut desk, 4 * 3600, 70_900);
    assert_eq!(desk.engine.now(), now);
    assert_eq!(desk.engine.last_price(0).unwrap().0, price(70_000));
}

#[test]
fn a_print_of_no_shares_is_no_print() {
    let mut desk = Desk::new();
    desk.step(EventKind::Trade { symbol: 0, price: price(70_900), qty: Qty::ZERO });
    assert_eq!(desk.engine.last_price(0).unwrap().0, price(70_000));
}

#[test]
fn volumes_of_any_size_add_up_without_a_panic() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.step(EventKind::Trade { symbol: 0, price: price(70_000), qty: qty(i64::MAX) });
    }
    clock_at(&mut desk, 61);
    assert_eq!(desk.decisions.first().unwrap().ohlcv[4], i64::MAX);
}

#[test]
fn bars_that_close_late_are_traded_under_the_session_of_now() {
    let mut desk = Setup { at: Timestamp::from_kst(today(), 15 * 3600), ..Setup::default() }.open();
    desk.wants[0].borrow_mut().insert(0, Target::Enter);
    // The process slept over the close.
    desk.at = Timestamp::from_kst(today(), 15 * 3600 + 2_000);
    desk.step(EventKind::Clock);
    assert!(desk.submits.is_empty());
    assert!(desk.engine.book().open_orders().is_empty());
    assert!(!desk.engine.session_part().is_regular());
}

#[test]
fn a_base_price_before_the_first_print_does_not_spoil_equity() {
    let mut desk = Setup::default().holding(SAMSUNG, 10).closed();
    desk.start();
    desk.step(EventKind::Stream { up: true });
    desk.answer_all(&[]);
    // The desk compares equity with cash and last prices after each of these.
    desk.step(EventKind::Base { symbol: 0, price: price(70_000) });
    desk.print(0, 70_500);
    let bought = Row::of(HYNIX, Side::Buy, 2, 200_000).at(9, desk.at).filled(2, 400_000);
    let sold = Row::of(HYNIX, Side::Sell, 1, 200_000).at(10, desk.at).filled(1, 201_000);
    desk.command(Command::Reconcile);
    desk.next_orders(&[bought, sold]);
    desk.step(EventKind::Base { symbol: 1, price: price(200_000) });
    assert_eq!(desk.engine.holdings_value(), won(705_000 + 200_000));
}
