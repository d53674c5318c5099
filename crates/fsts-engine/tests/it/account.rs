//! Holdings and cash of the broker against the books: a difference freezes or is booked openly, never guessed away.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn adjustments(desk: &Desk) -> Vec<(AdjustmentKind, i64)> {
    let of = |e: &Entry| match &e.record {
        Record::Adjusted { kind, amount } => Some((*kind, amount.get())),
        _ => None,
    };
    desk.entries.iter().filter_map(of).collect()
}

/// A desk that bought 10 for 700,000 won and 98 won of commission.
fn bought() -> (Desk, OrderReport) {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7).filled(10, 700_000);
    desk.next_orders(std::slice::from_ref(&row));
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 700_000 - 98);
    (desk, row)
}

#[test]
fn books_that_agree_are_left_alone() {
    let (mut desk, row) = bought();
    let records = desk.entries.len();
    desk.reconcile(&[row]);
    assert_eq!(desk.entries.len(), records);
}

#[test]
fn another_quantity_at_the_broker_freezes_the_symbol_until_it_agrees() {
    let (mut desk, row) = bought();
    desk.holdings.insert(symbol(SAMSUNG), qty(9));
    desk.reconcile(std::slice::from_ref(&row));
    assert_eq!(desk.engine.book().line(0).frozen, Some(FreezeReason::QuantityMismatch));
    assert_eq!(desk.held(0), 10, "nothing is traded or booked to make it fit");
    desk.reconcile(std::slice::from_ref(&row));
    assert_eq!(desk.records(|r| matches!(r, Record::Frozen { .. })), 1);
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.reconcile(&[row]);
    assert_eq!(desk.engine.book().line(0).frozen, None);
}

#[test]
fn a_mismatch_is_looked_at_again_by_itself() {
    let (mut desk, row) = bought();
    desk.holdings.insert(symbol(SAMSUNG), qty(9));
    desk.reconcile(std::slice::from_ref(&row));
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    for _ in 0..40 {
        desk.wait(1);
        desk.answer_all(std::slice::from_ref(&row));
    }
    assert!(!desk.engine.is_frozen(0));
}

#[test]
fn shares_of_a_symbol_that_we_never_saw_freeze_it() {
    let (mut desk, row) = bought();
    desk.holdings.insert(symbol("035720"), qty(3));
    desk.reconcile(&[row]);
    let ix = desk.engine.book().ix(symbol("035720")).unwrap();
    assert!(desk.engine.is_frozen(ix));
}

#[test]
fn a_few_won_of_rounding_are_booked_as_cost() {
    let (mut desk, row) = bought();
    desk.cash -= won(2);
    desk.reconcile(&[row]);
    assert_eq!(adjustments(&desk), [(AdjustmentKind::Cost, -2)]);
    assert_eq!(desk.engine.book().cash(), desk.cash);
    assert_eq!(desk.engine.book().flows().adjusted, won(-2));
}

#[test]
fn an_unexplained_difference_is_booked_only_when_it_is_seen_twice() {
    let (mut desk, row) = bought();
    let right = desk.cash;
    desk.cash = right + won(500_000);
    desk.command(Command::Reconcile);
    desk.account();
    desk.orders(std::slice::from_ref(&row));
    assert_eq!(adjustments(&desk), [], "a balance may lag behind");
    // The next look agrees: there never was a difference.
    desk.cash = right;
    desk.wait(60);
    desk.answer_all(std::slice::from_ref(&row));
    assert_eq!(adjustments(&desk), []);
    desk.cash = right + won(500_000);
    for _ in 0..10 {
        desk.reconcile(std::slice::from_ref(&row));
    }
    assert_eq!(adjustments(&desk), [(AdjustmentKind::Unknown, 500_000)]);
    assert_eq!(desk.engine.book().cash(), desk.cash);
}

#[test]
fn a_fill_between_the_account_and_its_answer_is_no_mismatch() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    desk.command(Command::Reconcile);
    // The account was read before the fill, the list of orders after it.
    desk.orders(&[row.clone().filled(10, 700_000)]);
    desk.account();
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 700_000 - 98);
    desk.answer_all(&[row.filled(10, 700_000)]);
    assert_eq!(adjustments(&desk), []);
    assert!(!desk.engine.is_frozen(0));
}

#[test]
fn a_fill_that_the_account_shows_before_the_orders_do_is_no_mismatch() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    desk.command(Command::Reconcile);
    desk.orders(std::slice::from_ref(&row));
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 700_000 - 98);
    desk.account();
    desk.answer_all(&[row.filled(10, 700_000)]);
    assert_eq!(adjustments(&desk), []);
    assert!(!desk.engine.is_frozen(0));
    assert_eq!(desk.held(0), 10);
}

#[test]
fn an_unknown_order_keeps_its_symbol_and_cash_out_of_the_comparison_and_no_other_symbol() {
    let mut desk = Setup::default().holding(HYNIX, 5).open();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    // It was placed and filled; another symbol is short of a share.
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.holdings.insert(symbol(HYNIX), qty(4));
    desk.cash = won(10_000_000 - 700_098);
    desk.reconcile(&[]);
    assert_eq!(adjustments(&desk), []);
    assert_eq!(desk.engine.book().line(0).frozen, None);
    assert_eq!(desk.engine.book().line(1).frozen, Some(FreezeReason::QuantityMismatch));
}

#[test]
fn the_holdings_are_looked_at_soon_after_orders_came_to_rest() {
    let (mut desk, row) = bought();
    desk.holdings.insert(symbol(SAMSUNG), qty(9));
    for _ in 0..60 {
        desk.wait(1);
        desk.answer_all(std::slice::from_ref(&row));
    }
    assert!(desk.engine.is_frozen(0));
}

#[test]
fn a_report_that_names_a_symbol_twice_is_a_failed_read() {
    let mut desk = Setup::default().closed();
    desk.start();
    desk.quote_all();
    desk.step(EventKind::Stream { up: true });
    let holding = Holding { symbol: symbol(SAMSUNG), qty: qty(5), sellable: qty(5), cost: won(300_000) };
    let report = AccountReport { cash: won(1), holdings: vec![holding.clone(), holding] };
    desk.orders(&[]);
    desk.inquiries.clear();
    desk.step(EventKind::Account { asked_at: desk.at, report });
    desk.answer_all(&[]);
    assert!(!desk.engine.book().is_opened());
    desk.holdings.insert(symbol(SAMSUNG), qty(5));
    for _ in 0..10 {
        desk.wait(1);
        desk.answer_all(&[]);
    }
    assert_eq!((desk.held(0), desk.engine.book().cash()), (5, won(10_000_000)));
}
