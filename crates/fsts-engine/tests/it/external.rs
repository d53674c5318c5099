//! Trades by hand: booked to nobody's bot, never mistaken for ours, and never booked twice.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

#[test]
fn an_order_made_by_hand_is_booked_to_external() {
    let mut desk = Desk::new();
    let row = Row::of(SAMSUNG, Side::Buy, 10, 70_000).at(7, desk.at);
    desk.reconcile(&[row.clone().filled(4, 279_000)]);
    assert_eq!(desk.slice(0, None), 4);
    desk.reconcile(&[row.filled(10, 699_000)]);
    assert_eq!(desk.slice(0, None), 10);
    assert_eq!(desk.engine.book().flows().bought, won(699_000));
    assert_eq!(desk.engine.book().flows().fees, won(98), "cumulative per order");
    assert_eq!(desk.records(|r| matches!(r, Record::ExternalOrder { .. })), 1);
}

#[test]
fn a_symbol_that_nobody_trades_can_be_held_too() {
    let mut desk = Desk::new();
    desk.reconcile(&[Row::of("035720", Side::Buy, 3, 50_000).at(7, desk.at).filled(3, 150_000)]);
    let ix = desk.engine.book().ix(symbol("035720")).unwrap();
    assert_eq!(desk.held(ix), 3);
    assert_eq!(desk.engine.instruments()[ix as usize].symbol, symbol("035720"));
}

#[test]
fn what_was_traded_before_our_first_run_is_part_of_what_the_account_holds() {
    let mut desk = Setup::default().holding(SAMSUNG, 10).closed();
    desk.start();
    desk.quote_all();
    desk.step(EventKind::Stream { up: true });
    let rows = [
        Row::of(SAMSUNG, Side::Buy, 10, 70_000).at(3, desk.at.plus_s(-600)).filled(10, 700_000),
        Row::of(HYNIX, Side::Sell, 2, 200_000).at(4, desk.at.plus_s(-500)).filled(2, 400_000),
    ];
    desk.answer_all(&rows);
    desk.reconcile(&rows);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    assert_eq!((desk.held(0), desk.held(1)), (10, 0));
    assert_eq!(desk.engine.book().cash(), won(10_000_000));
    assert_eq!(desk.records(|r| matches!(r, Record::Frozen { .. } | Record::Adjusted { .. })), 0);
}

#[test]
fn what_was_ordered_before_our_first_run_and_fills_after_it_is_booked() {
    let mut desk = Setup::default().holding(SAMSUNG, 4).closed();
    desk.start();
    desk.quote_all();
    desk.step(EventKind::Stream { up: true });
    let row = Row::of(SAMSUNG, Side::Buy, 10, 70_000).at(3, desk.at.plus_s(-600));
    desk.answer_all(&[row.clone().filled(4, 280_000)]);
    desk.reconcile(&[row.filled(10, 700_000)]);
    assert_eq!(desk.held(0), 10);
    assert_eq!(desk.engine.book().flows().bought, won(420_000));
}

#[test]
fn the_account_is_opened_only_after_the_orders_of_the_day_are_known() {
    let mut desk = Setup::default().holding(SAMSUNG, 10).closed();
    desk.start();
    desk.quote_all();
    desk.command(Command::Reconcile);
    desk.account();
    desk.step(EventKind::Stream { up: true });
    desk.answer_all(&[Row::of(SAMSUNG, Side::Buy, 10, 70_000).at(3, desk.at).filled(10, 700_000)]);
    assert_eq!((desk.held(0), desk.engine.book().cash()), (10, won(10_000_000)));
}

#[test]
fn a_sale_by_hand_takes_external_shares_first() {
    let mut desk = Setup::default().holding(SAMSUNG, 5).open();
    desk.decide(0, Target::Enter);
    let bought = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    let bought = bought.filled(10, 700_000);
    let sold = Row::of(SAMSUNG, Side::Sell, 5, 70_000).at(8, desk.at).filled(5, 350_000);
    desk.next_orders(&[bought.clone(), sold.clone()]);
    assert_eq!((desk.slice(0, None), desk.slice(0, Some("alpha"))), (0, 10));
    assert!(!desk.engine.is_frozen(0));
    // The next one has nobody's shares to take: it is booked, and a person is asked.
    let more = Row::of(SAMSUNG, Side::Sell, 3, 70_000).at(9, desk.at).filled(3, 210_000);
    desk.reconcile(&[bought, sold, more]);
    assert_eq!((desk.held(0), desk.slice(0, Some("alpha"))), (7, 7));
    assert_eq!(desk.engine.book().line(0).frozen, Some(FreezeReason::Correction));
}

#[test]
fn a_sale_by_hand_of_more_than_is_known_freezes_once_and_is_booked_when_it_fits() {
    let mut desk = Desk::new();
    let sold = Row::of(SAMSUNG, Side::Sell, 5, 70_000).at(8, desk.at).filled(5, 350_000);
    for _ in 0..3 {
        desk.reconcile(std::slice::from_ref(&sold));
    }
    assert!(desk.engine.is_frozen(0));
    assert_eq!(desk.records(|r| matches!(r, Record::Frozen { .. })), 1);
    let bought = Row::of(SAMSUNG, Side::Buy, 5, 70_000).at(9, desk.at).filled(5, 350_000);
    desk.reconcile(&[sold.clone(), bought.clone()]);
    desk.reconcile(&[sold, bought]);
    assert_eq!(desk.held(0), 0);
    assert_eq!(desk.engine.book().flows().sold, won(350_000));
}

#[test]
fn a_notice_of_a_hand_made_order_does_not_linger() {
    let mut desk = Desk::new();
    let row = Row::of(SAMSUNG, Side::Buy, 4, 70_000).at(7, desk.at).filled(4, 280_000);
    desk.notice(&row, 4, 70_000);
    desk.next_orders(std::slice::from_ref(&row));
    assert_eq!(desk.slice(0, None), 4);
    // The next account report is compared: nothing is in motion any more.
    desk.cash = won(10_000_000 - 280_000 - 39 - 5);
    desk.holdings.insert(symbol(SAMSUNG), qty(4));
    desk.reconcile(&[row]);
    assert_eq!(desk.records(|r| matches!(r, Record::Adjusted { .. })), 1);
}

#[test]
fn a_hand_made_order_that_can_not_be_ours_is_booked_while_one_of_ours_is_unknown() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    desk.orders(&[Row::of(SAMSUNG, Side::Buy, 3, 70_000).at(9, desk.at).filled(3, 210_000)]);
    assert_eq!(desk.slice(0, None), 3);
    assert_eq!(desk.state(id), OrderState::Ambiguous);
}
