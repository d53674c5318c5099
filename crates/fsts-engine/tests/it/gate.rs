//! The risk gate: what it blocks, and that its answer is the same for a person and a strategy.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn limited(change: impl Fn(&mut RiskLimits)) -> Desk {
    let mut config = EngineConfig::connected(universe());
    change(&mut config.limits);
    Setup { config, ..Setup::default() }.holding(SAMSUNG, 20).open()
}

fn code(reply: Reply) -> &'static str {
    match reply {
        Reply::Blocked(blocked) => blocked.code(),
        Reply::Placed(_) => "placed",
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_limit_blocks_with_its_own_code() {
    let cases: [(&str, Side, i64, i64, &str); 8] = [
        (SAMSUNG, Side::Buy, 0, 70_000, "quantity"),
        (SAMSUNG, Side::Buy, 1, 70_050, "off_tick"),
        (SAMSUNG, Side::Buy, 1, 91_100, "out_of_band"),
        (SAMSUNG, Side::Buy, 1, 48_000, "out_of_band"),
        (SAMSUNG, Side::Buy, 101_000, 70_000, "quantity_limit"),
        (SAMSUNG, Side::Buy, 2_000, 70_000, "notional_limit"),
        (SAMSUNG, Side::Buy, 150, 70_000, "cash"),
        (SAMSUNG, Side::Sell, 21, 70_000, "shares"),
    ];
    for (symbol, side, shares, won, expected) in cases {
        let mut desk = limited(|_| {});
        assert_eq!(code(desk.try_place(symbol, side, shares, won)), expected);
        assert_eq!(desk.submits.len(), 0);
        assert_eq!(desk.engine.book().open_orders().len(), 0);
    }
    let mut desk = limited(|_| {});
    assert_eq!(code(desk.try_place("123456", Side::Buy, 1, 1_000)), "unknown_symbol");
}

#[test]
fn an_absurd_quantity_is_blocked_and_never_a_panic() {
    for config in [EngineConfig::connected(universe()), EngineConfig::simulated(universe())] {
        let mut config = config;
        config.limits = RiskLimits::unlimited();
        let mut desk = Setup { config, ..Setup::default() }.open();
        for shares in [i64::MAX, i64::MAX / 70_000, i64::MAX / 70_000 - 1_000_000] {
            let reply = desk.try_place(SAMSUNG, Side::Buy, shares, 70_000);
            assert!(matches!(reply, Reply::Blocked(_)), "{reply:?}");
        }
    }
}

#[test]
fn a_market_buy_reserves_at_the_upper_limit() {
    let mut desk = Desk::new();
    let (symbol, key) = (symbol(SAMSUNG), "k".to_owned());
    let kind = OrderKind::Market;
    desk.command(Command::Place { key, body: String::new(), symbol, side: Side::Buy, qty: qty(10), kind });
    // The upper limit of 70,000 is 91,000.
    assert_eq!(desk.engine.book().reserved(), won(910_000 + 127));
}

#[test]
fn the_day_outside_its_session_takes_no_order() {
    for (second, open) in [(8 * 3600, false), (9 * 3600, true), (15 * 3600 + 1_799, true), (15 * 3600 + 1_800, false)] {
        let mut desk = Setup { at: Timestamp::from_kst(today(), second), ..Setup::default() }.open();
        let reply = code(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000));
        assert_eq!(reply == "placed", open, "at second {second}: {reply}");
    }
}

#[test]
fn a_price_that_is_too_old_opens_nothing_but_still_sells() {
    let mut desk = limited(|_| {});
    desk.wait(181);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000)), "stale_data");
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Sell, 1, 70_000)), "placed");
}

#[test]
fn two_bots_that_could_trade_with_each_other_are_never_both_sent() {
    let mut desk = Desk::new();
    desk.decide_as(0, 0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    desk.decide_as(1, 0, Target::Enter);
    desk.ack(IntentId(2), 8);
    desk.decide_as(0, 0, Target::Exit);
    assert_eq!(desk.decisions.iter().rev().find_map(|d| d.blocked_by), Some("crossing"));
    assert_eq!(desk.submits.len(), 2);
    assert!(desk.cancels.is_empty(), "nobody cancels another bot's order");
}

#[test]
fn orders_by_hand_that_can_not_meet_may_both_work() {
    let mut desk = limited(|_| {});
    desk.placed(SAMSUNG, Side::Buy, (1, 69_900), 7);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Sell, 1, 69_900)), "crossing");
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Sell, 1, 70_000)), "placed");
}

#[test]
fn one_order_without_reply_a_side_and_symbol() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 2, 70_000)), "unresolved");
    desk.ack(id, 7);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 2, 70_000)), "placed");
}

#[test]
fn an_order_a_tick_is_stopped_by_the_rate_breaker() {
    let mut desk = limited(|l| l.orders_per_minute_max = 5);
    let mut sent = 0;
    for n in 0..20 {
        if let Reply::Placed(id) = desk.try_place(SAMSUNG, Side::Buy, 1, 69_000) {
            desk.ack(id, 100 + n);
            sent += 1;
        }
    }
    assert_eq!(sent, 5);
    desk.wait(60);
    desk.print(0, 70_000);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 1, 69_000)), "placed");
}

#[test]
fn unknown_orders_count_towards_the_limits_of_the_day_and_of_open_orders() {
    let mut desk = limited(|l| l.orders_per_day_max = 2);
    let id = desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    desk.lose_reply(id);
    let id = desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.lose_reply(id);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000)), "frozen");
    let mut desk = limited(|l| l.open_orders_max = 1);
    let id = desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    desk.lose_reply(id);
    assert_eq!(code(desk.try_place(HYNIX, Side::Buy, 1, 200_000)), "open_orders");
}

#[test]
fn a_daily_limit_holds_until_the_next_day() {
    let mut desk = limited(|l| l.orders_per_day_max = 1);
    let id = desk.place(SAMSUNG, Side::Buy, 1, 70_000);
    desk.refuse(id);
    assert_eq!(code(desk.try_place(SAMSUNG, Side::Buy, 1, 70_000)), "daily_orders");
}

#[test]
fn a_bots_ring_fence_counts_what_it_holds_and_what_works() {
    let mut desk = Setup { capital: Some(won(1_000_000)), ..Setup::default() }.open();
    desk.decide(0, Target::Enter);
    assert_eq!(desk.submits.len(), 1);
    desk.decide(1, Target::Shares(qty(1)));
    desk.ack(IntentId(2), 8);
    desk.decide(1, Target::Shares(qty(2)));
    assert_eq!(desk.blocked(), Some("capital"));
}

#[test]
fn a_paused_bot_opens_nothing_and_still_exits() {
    let mut desk = Desk::new();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    desk.command(Command::SwitchBot { bot: bot("alpha"), to: BotSwitch::Paused });
    desk.decide(1, Target::Enter);
    assert_eq!(desk.blocked(), Some("paused"));
    desk.decide(0, Target::Exit);
    assert_eq!(desk.submits.last().unwrap().get().side(), Side::Sell);
    assert_eq!(
        desk.command(Command::SwitchBot { bot: bot("nobody"), to: BotSwitch::Running }),
        Reply::NotPossible("unknown_bot")
    );
}

#[test]
fn a_refused_order_frees_its_reservation_once() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    assert_ne!(desk.engine.book().reserved(), Won::ZERO);
    desk.refuse(id);
    desk.refuse(id);
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
    assert_eq!(desk.engine.book().orderable(), won(10_000_000));
    assert_eq!(desk.records(|r| matches!(r, Record::Refused { .. })), 1);
}

#[test]
fn the_same_key_and_body_make_one_order() {
    let mut desk = Desk::new();
    let place = |body: &str| Command::Place {
        key: "k-1".to_owned(),
        body: body.to_owned(),
        symbol: symbol(SAMSUNG),
        side: Side::Buy,
        qty: qty(1),
        kind: OrderKind::Limit(price(70_000)),
    };
    let first = desk.command(place("a"));
    assert_eq!(first, Reply::Placed(IntentId(1)));
    for _ in 0..100 {
        assert_eq!(desk.command(place("a")), first);
    }
    assert_eq!(desk.command(place("b")), Reply::KeyReused);
    assert_eq!(desk.submits.len(), 1);
    // Also after a crash.
    let mut desk = desk.crash(Setup::default());
    assert_eq!(desk.command(place("a")), first);
    assert_eq!(desk.command(place("b")), Reply::KeyReused);
}

#[test]
fn a_blocked_request_may_be_tried_again_with_its_key() {
    let mut desk = Desk::new();
    desk.command(Command::Halt { reason: "test".to_owned() });
    let place = || Command::Place {
        key: "k-1".to_owned(),
        body: "a".to_owned(),
        symbol: symbol(SAMSUNG),
        side: Side::Buy,
        qty: qty(1),
        kind: OrderKind::Limit(price(70_000)),
    };
    assert_eq!(desk.command(place()), Reply::Blocked(Blocked::Halted));
    desk.command(Command::Resume);
    assert_eq!(desk.command(place()), Reply::Placed(IntentId(1)));
}
