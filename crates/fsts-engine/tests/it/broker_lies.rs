//! The broker's words are untrusted: nothing that it says makes the engine panic or book what can't be.

use fsts_domain::*;
use fsts_engine::*;
use proptest::prelude::*;
use proptest::strategy::Strategy;

use crate::desk::*;

fn bought() -> (Desk, IntentId, OrderReport) {
    let mut desk = Setup::default().holding(HYNIX, 5).open();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    (desk, id, row)
}

#[test]
fn a_row_with_our_number_and_another_identity_books_nothing_and_freezes() {
    let (_, _, row) = bought();
    let lies = [
        OrderReport { symbol: symbol(HYNIX), ..row.clone() },
        OrderReport { side: Side::Sell, ..row.clone() },
        OrderReport { qty: qty(20), ..row },
    ];
    for lie in lies {
        let (mut desk, id, _) = bought();
        desk.next_orders(&[lie.filled(10, 700_000)]);
        assert_eq!((desk.state(id), desk.held(0)), (OrderState::Acked, 0));
        assert_eq!(desk.engine.book().line(0).frozen, Some(FreezeReason::Correction));
    }
}

#[test]
fn more_than_was_ordered_is_not_booked_and_freezes() {
    let (mut desk, id, row) = bought();
    let mut row = row.filled(10, 700_000);
    row.filled_qty = qty(11);
    desk.next_orders(std::slice::from_ref(&row));
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Acked, 0));
    assert!(desk.engine.is_frozen(0));
    let mut asked = 0;
    for _ in 0..60 {
        desk.wait(1);
        if desk.inquiries.contains(&Inquiry::Orders) {
            asked += 1;
            desk.orders(std::slice::from_ref(&row));
        }
    }
    assert!(asked <= 4, "asked {asked} times a minute");
}

#[test]
fn an_amount_that_no_price_explains_is_not_booked() {
    for amount in [0, -700_000, i64::MAX, i64::MIN] {
        let (mut desk, id, row) = bought();
        desk.next_orders(&[row.filled(10, amount)]);
        assert_eq!((desk.state(id), desk.held(0)), (OrderState::Acked, 0), "{amount}");
    }
}

#[test]
fn an_end_that_the_quantities_do_not_explain_is_no_end() {
    let (mut desk, id, row) = bought();
    let row = OrderReport { remaining_qty: Qty::ZERO, ..row };
    desk.next_orders(std::slice::from_ref(&row));
    assert_eq!(desk.state(id), OrderState::Acked, "the market is open and nothing was filled, cancelled or refused");
    // After the close a remainder of zero is the end.
    desk.at = Timestamp::from_kst(today(), 15 * 3600 + 1_900);
    desk.step(EventKind::Clock);
    desk.next_orders(&[row]);
    assert_eq!(desk.state(id), OrderState::Expired);
}

#[test]
fn a_row_that_is_refused_and_filled_keeps_what_was_filled() {
    let (mut desk, id, row) = bought();
    let row = OrderReport { refused_qty: qty(10), ..row.filled(3, 210_000) };
    desk.next_orders(&[OrderReport { remaining_qty: Qty::ZERO, ..row }]);
    let order = desk.order(id);
    assert_eq!((order.state, order.filled_qty, desk.held(0)), (OrderState::Expired, qty(3), 3));
}

#[test]
fn a_refusal_by_the_exchange_ends_the_order() {
    let (mut desk, id, row) = bought();
    desk.next_orders(&[OrderReport { refused_qty: qty(10), remaining_qty: Qty::ZERO, ..row }]);
    assert_eq!(desk.state(id), OrderState::Refused);
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn a_sale_of_shares_that_are_gone_is_not_booked_and_freezes() {
    let mut desk = Setup::default().holding(SAMSUNG, 10).open();
    let id = desk.placed(SAMSUNG, Side::Sell, (10, 70_000), 7);
    let row = desk.row(id, 7);
    let by_hand = Row::of(SAMSUNG, Side::Sell, 10, 70_000).at(9, desk.at).filled(10, 700_000);
    desk.next_orders(&[row.clone(), by_hand.clone()]);
    assert_eq!(desk.held(0), 0);
    desk.next_orders(&[row.filled(10, 700_000), by_hand]);
    assert_eq!(desk.held(0), 0);
    assert!(desk.engine.is_frozen(0));
}

#[test]
fn a_fill_that_shows_up_after_the_end_of_its_order_is_in_the_books_and_freezes() {
    let (mut desk, id, row) = bought();
    desk.next_orders(&[row.clone().filled(4, 280_000).cancelled()]);
    assert_eq!(desk.state(id), OrderState::Cancelled);
    for _ in 0..3 {
        desk.reconcile(&[row.clone().filled(6, 420_000).cancelled()]);
    }
    assert_eq!(desk.held(0), 6);
    assert_eq!(desk.state(id), OrderState::Cancelled);
    assert_eq!(desk.engine.book().line(0).frozen, Some(FreezeReason::Correction));
    assert_eq!(desk.engine.book().flows().bought, won(420_000));
}

#[test]
fn notices_with_another_identity_or_an_absurd_price_are_not_booked() {
    let (_, _, row) = bought();
    for (lie, shares, won) in [
        (OrderReport { symbol: symbol(HYNIX), ..row.clone() }, 4, 70_000),
        (OrderReport { side: Side::Sell, ..row.clone() }, 4, 70_000),
        (row.clone(), 4, i64::MAX),
        (row.clone(), i64::MAX, 70_000),
        (row.clone(), 0, 70_000),
    ] {
        let (mut desk, id, _) = bought();
        desk.notice(&lie, shares, won);
        assert_eq!((desk.state(id), desk.held(0), desk.held(1)), (OrderState::Acked, 0, 5));
    }
}

#[test]
fn one_number_with_two_stories_is_a_failed_read() {
    let (mut desk, id, row) = bought();
    desk.next_orders(&[row.clone().filled(4, 280_000), row.filled(6, 420_000)]);
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Acked, 0));
    desk.wait(60);
    assert_eq!(desk.inquiries, [Inquiry::Orders], "it asks again");
}

#[test]
fn a_flood_of_notices_about_unknown_orders_is_bounded() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let row = desk.row(id, 7);
    for n in 0..2_000 {
        desk.notice(&OrderReport { number: number(100 + n), ..row.clone() }, 1, 70_000);
    }
    desk.ack(id, 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Filled, 10));
}

/// Anything that the types can carry.
fn any_qty() -> impl Strategy<Value = Qty> {
    prop_oneof![
        0..20i64,
        Just(i64::MAX),
        Just(i64::MAX - 1),
        any::<i64>().prop_map(|n| n.unsigned_abs() as i64 & i64::MAX)
    ]
    .prop_map(qty)
}

fn any_won() -> impl Strategy<Value = Won> {
    prop_oneof![0..2_000_000i64, Just(i64::MAX), Just(i64::MIN), any::<i64>()].prop_map(won)
}

fn any_report() -> impl Strategy<Value = OrderReport> {
    let who = (1..6u64, any::<bool>(), prop_oneof![Just(SAMSUNG), Just(HYNIX), Just("035720")], any::<bool>());
    let sizes = (any_qty(), any_qty(), any_qty(), any_qty(), any_qty(), any_won());
    (who, sizes, -300..300i64).prop_map(
        |((n, revised, code, sell), (ordered, filled, cancelled, refused, left, amount), s)| {
            let side = if sell { Side::Sell } else { Side::Buy };
            OrderReport {
                number: number(n),
                original: revised.then(|| number(1)),
                branch: Branch::default(),
                symbol: symbol(code),
                side,
                kind: OrderKind::Limit(price(70_000)),
                qty: ordered,
                ordered_at: half_past_nine().plus_s(s),
                filled_qty: filled,
                filled_amount: amount,
                cancelled_qty: cancelled,
                refused_qty: refused,
                remaining_qty: left,
            }
        },
    )
}

fn any_word() -> impl Strategy<Value = EventKind<'static>> {
    let notice = (any_report(), any_qty(), 1..=i64::MAX, 0..5u8).prop_map(|(row, shares, won, kind)| {
        let kind = match kind {
            0 => NoticeKind::Accepted,
            1 => NoticeKind::Cancelled,
            2 => NoticeKind::Refused,
            _ => NoticeKind::Filled { qty: shares, price: price(won) },
        };
        let (number, original, branch) = (row.number, row.original, row.branch);
        let notice = Notice { number, original, branch, symbol: row.symbol, side: row.side, order_qty: row.qty, kind };
        EventKind::Notice { notice, authoritative: false }
    });
    let outcome = (0..4u64, 1..6u64, 0..3u8).prop_map(|(id, n, kind)| EventKind::Submitted {
        intent: IntentId(id),
        outcome: match kind {
            0 => SubmitOutcome::Acked { number: number(n), branch: Branch::default(), at: half_past_nine() },
            1 => SubmitOutcome::Refused { code: "X".to_owned(), message: String::new() },
            _ => SubmitOutcome::Ambiguous { reason: "cut".to_owned() },
        },
    });
    let holding = (any_qty(), any_won()).prop_map(|(shares, cost)| Holding {
        symbol: symbol(SAMSUNG),
        qty: shares,
        sellable: shares,
        cost,
    });
    let account = (any_won(), proptest::collection::vec(holding, 0..3)).prop_map(|(cash, holdings)| {
        EventKind::Account { asked_at: half_past_nine(), report: AccountReport { cash, holdings } }
    });
    let trade = (0..4u32, 1..=i64::MAX, any_qty()).prop_map(|(symbol, won, qty)| EventKind::Trade {
        symbol,
        price: price(won),
        qty,
    });
    let base = (0..4u32, 1..=i64::MAX).prop_map(|(symbol, won)| EventKind::Base { symbol, price: price(won) });
    let answer =
        (0..4u64).prop_map(|id| EventKind::CancelAnswered { intent: IntentId(id), outcome: CancelOutcome::Accepted });
    let orders = proptest::collection::vec(any_report(), 0..5).prop_map(|rows| orders_event(half_past_nine(), rows));
    prop_oneof![3 => notice, 3 => orders, 2 => outcome, 1 => account, 1 => trade, 1 => base, 1 => answer]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_word_of_the_broker_makes_the_engine_panic(words in proptest::collection::vec(any_word(), 1..40)) {
        let mut desk = Setup::default().protected(Watch::Intrabar).holding(SAMSUNG, 10).open();
        desk.place(SAMSUNG, Side::Sell, 5, 70_000);
        desk.place(HYNIX, Side::Buy, 3, 200_000);
        for word in words {
            desk.step(word);
            desk.wait(1);
        }
    }
}
