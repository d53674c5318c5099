//! Fills are booked to the cumulative: a notice provisionally, the inquiry exactly, nothing twice.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

/// A desk with a buy of 10 at 70,000 that the broker has as number 7, and its row.
fn bought() -> (Desk, IntentId, OrderReport) {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    (desk, id, row)
}

fn filled_records(desk: &Desk) -> Vec<(i64, i64)> {
    let sizes = |e: &Entry| match &e.record {
        Record::Filled { qty, amount, .. } => Some((qty.get(), amount.get())),
        _ => None,
    };
    desk.entries.iter().filter_map(sizes).collect()
}

#[test]
fn a_notice_books_provisionally_and_asks_a_second_later() {
    let (mut desk, id, row) = bought();
    desk.notice(&row, 4, 70_000);
    let order = desk.order(id);
    assert_eq!((order.filled_qty, order.confirmed_qty), (qty(4), qty(0)));
    assert_eq!(desk.held(0), 4);
    assert!(desk.inquiries.is_empty());
    desk.wait(1);
    assert_eq!(desk.inquiries, [Inquiry::Orders]);
}

#[test]
fn an_inquiry_that_agrees_confirms_and_books_nothing() {
    let (mut desk, id, row) = bought();
    desk.notice(&row, 4, 70_000);
    desk.next_orders(&[row.filled(4, 280_000)]);
    assert_eq!(desk.order(id).confirmed_qty, qty(4));
    assert_eq!(filled_records(&desk), [(4, 280_000)]);
}

#[test]
fn an_inquiry_that_knows_more_books_the_exact_difference() {
    let (mut desk, id, row) = bought();
    desk.notice(&row, 4, 70_000);
    desk.next_orders(&[row.filled(10, 699_700)]);
    assert_eq!(filled_records(&desk), [(4, 280_000), (6, 419_700)]);
    assert_eq!(desk.state(id), OrderState::Filled);
    assert_eq!(desk.engine.book().flows().bought, won(699_700));
}

#[test]
fn the_same_inquiry_again_changes_nothing() {
    let (mut desk, _, row) = bought();
    let row = row.filled(4, 279_900);
    desk.next_orders(std::slice::from_ref(&row));
    let records = desk.entries.len();
    for _ in 0..5 {
        desk.next_orders(std::slice::from_ref(&row));
    }
    assert_eq!(desk.entries.len(), records);
}

#[test]
fn an_amount_that_the_inquiry_knows_better_is_booked_with_the_confirmation() {
    let (mut desk, id, row) = bought();
    desk.notice(&row, 4, 70_000);
    let cash = desk.engine.book().cash();
    desk.next_orders(&[row.filled(4, 279_600)]);
    assert_eq!(desk.order(id).filled_amount, won(279_600));
    assert_eq!(desk.engine.book().cash(), cash + won(400));
    assert_eq!(desk.engine.book().line(0).total.cost, won(279_600));
}

#[test]
fn a_better_known_amount_goes_to_the_slice_that_bought() {
    let mut desk = Setup::default().holding(SAMSUNG, 20).open();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.notice(&row, 10, 70_000);
    desk.next_orders(&[row.filled(10, 699_000)]);
    let line = desk.engine.book().line(0);
    assert_eq!(line.slice(None).cost, won(1_200_000));
    assert_eq!(line.slice(Some(bot("alpha"))).cost, won(699_000));
}

#[test]
fn a_better_known_amount_of_shares_that_are_sold_already_is_realized() {
    let (mut desk, id, row) = bought();
    desk.notice(&row, 10, 70_000);
    let sell = desk.placed(SAMSUNG, Side::Sell, (10, 70_100), 8);
    let sold = desk.row(sell, 8);
    desk.notice(&sold, 10, 70_100);
    let realized = desk.engine.book().realized();
    desk.next_orders(&[row.filled(10, 699_000), sold.filled(10, 701_000)]);
    assert_eq!((desk.state(id), desk.state(sell)), (OrderState::Filled, OrderState::Filled));
    let line = desk.engine.book().line(0);
    assert_eq!((line.total.qty, line.total.cost), (qty(0), won(0)));
    assert_eq!(desk.engine.book().realized(), realized + won(1_000));
}

#[test]
fn a_notice_before_the_reply_is_kept_and_booked_once() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let row = desk.row(id, 7);
    desk.notice(&row, 4, 70_000);
    assert_eq!(desk.held(0), 0);
    desk.ack(id, 7);
    assert_eq!((desk.held(0), desk.state(id)), (4, OrderState::PartiallyFilled));
    desk.next_orders(&[row.filled(4, 280_000)]);
    assert_eq!(desk.held(0), 4);
}

#[test]
fn a_notice_of_an_unknown_order_is_not_booked_again_after_the_inquiry_found_both() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let row = desk.row(id, 7);
    desk.notice(&row, 4, 70_000);
    desk.lose_reply(id);
    desk.orders(&[row.clone().filled(4, 280_000)]);
    assert_eq!((desk.held(0), desk.state(id)), (4, OrderState::PartiallyFilled));
    desk.notice(&row, 4, 70_000);
    desk.next_orders(&[row.filled(4, 280_000)]);
    assert_eq!(desk.held(0), 4);
}

#[test]
fn a_notice_sent_twice_is_booked_once_and_asked_about() {
    let (mut desk, _, row) = bought();
    desk.notice(&row, 4, 70_000);
    desk.notice(&row, 4, 70_000);
    assert_eq!(desk.held(0), 4);
    desk.next_orders(&[row.clone().filled(4, 280_000)]);
    assert_eq!(desk.held(0), 4);
    desk.notice(&row, 4, 70_000);
    desk.next_orders(&[row.filled(4, 280_000)]);
    assert_eq!(desk.held(0), 4);
    assert!(!desk.engine.is_frozen(0));
}

#[test]
fn two_equal_fills_in_one_second_are_both_booked_after_the_inquiry() {
    let (mut desk, _, row) = bought();
    desk.notice(&row, 4, 70_000);
    desk.notice(&row, 4, 70_000);
    desk.next_orders(&[row.filled(8, 560_000)]);
    assert_eq!(desk.held(0), 8);
}

#[test]
fn a_notice_that_comes_after_the_inquiry_that_told_of_it_is_not_booked() {
    let (mut desk, id, row) = bought();
    let row = row.filled(4, 280_000);
    desk.next_orders(std::slice::from_ref(&row));
    desk.notice(&row, 4, 70_000);
    assert_eq!(desk.held(0), 4);
    desk.next_orders(&[row]);
    assert_eq!((desk.held(0), desk.state(id)), (4, OrderState::PartiallyFilled));
}

#[test]
fn a_lost_notice_is_found_by_the_timer() {
    let (mut desk, id, row) = bought();
    desk.wait(30);
    assert_eq!(desk.inquiries, [Inquiry::Orders]);
    desk.orders(&[row.filled(10, 700_000)]);
    assert_eq!(desk.state(id), OrderState::Filled);
}

#[test]
fn notices_for_more_than_was_ordered_are_not_booked() {
    let (mut desk, _, row) = bought();
    desk.notice(&row, 8, 70_000);
    desk.notice(&row, 7, 69_900);
    assert_eq!(desk.held(0), 8);
    desk.wait(1);
    assert_eq!(desk.inquiries, [Inquiry::Orders]);
}

#[test]
fn an_inquiry_that_lags_is_asked_again_and_agrees_later() {
    let (mut desk, id, row) = bought();
    desk.notice(&row, 4, 70_000);
    for _ in 0..10 {
        desk.next_orders(std::slice::from_ref(&row));
        assert_eq!((desk.held(0), desk.engine.is_frozen(0)), (4, false));
    }
    desk.next_orders(&[row.filled(4, 280_000)]);
    assert_eq!(desk.order(id).confirmed_qty, qty(4));
}

#[test]
fn an_inquiry_that_still_lags_after_30_seconds_freezes_the_symbol() {
    let (mut desk, _, row) = bought();
    desk.notice(&row, 4, 70_000);
    desk.wait(30);
    desk.orders(std::slice::from_ref(&row));
    assert!(!desk.engine.is_frozen(0));
    desk.wait(1);
    desk.orders(std::slice::from_ref(&row));
    assert_eq!(desk.engine.book().line(0).frozen, Some(FreezeReason::Correction));
    desk.wait(5);
    desk.orders(&[row]);
    let frozen = |r: &Record| matches!(r, Record::Frozen { .. });
    assert_eq!(desk.records(frozen), 1, "said once");
}

#[test]
fn after_the_freeze_a_lagging_inquiry_is_asked_for_less_often() {
    let (mut desk, _, row) = bought();
    desk.notice(&row, 4, 70_000);
    desk.wait(40);
    desk.orders(std::slice::from_ref(&row));
    let mut asked = 0;
    for _ in 0..60 {
        desk.wait(1);
        if desk.inquiries.contains(&Inquiry::Orders) {
            asked += 1;
            desk.orders(std::slice::from_ref(&row));
        }
    }
    assert!((1..=4).contains(&asked), "asked {asked} times a minute");
}

#[test]
fn commission_and_tax_follow_the_cumulative_amount_of_an_order() {
    let mut desk = Setup::default().holding(SAMSUNG, 10).open();
    let id = desk.placed(SAMSUNG, Side::Sell, (10, 70_000), 7);
    let row = desk.row(id, 7);
    for shares in 1..=10 {
        desk.next_orders(&[row.clone().filled(shares, shares * 70_000)]);
    }
    // 0.0140527 % and 0.05 % + 0.15 % of 700,000 won, each cut once and not ten times.
    assert_eq!(desk.engine.book().flows().fees, won(98));
    assert_eq!(desk.engine.book().flows().taxes, won(350 + 1_050));
}
