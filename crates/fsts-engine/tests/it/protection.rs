//! Stop-loss: it sells what is held, also while the rest of the engine may not trade.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

/// A desk whose first bot holds 10 bought at 70,000; its stop lies at 67,900.
fn holding(watch: Watch) -> Desk {
    let mut desk = Setup::default().protected(watch).open();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    desk
}

fn last(desk: &Desk) -> (Side, i64, Purpose) {
    let intent = desk.submits.last().unwrap().get();
    (intent.side(), intent.qty().get(), intent.purpose())
}

#[test]
fn the_stop_sells_once_when_a_print_reaches_its_level() {
    let mut desk = holding(Watch::Intrabar);
    desk.print(0, 68_000);
    assert_eq!(desk.submits.len(), 1);
    desk.print(0, 67_900);
    assert_eq!(last(&desk), (Side::Sell, 10, Purpose::Protection));
    desk.print(0, 67_800);
    desk.print(0, 67_700);
    assert_eq!(desk.submits.len(), 2);
}

#[test]
fn the_stop_works_while_trading_is_halted() {
    for watch in [Watch::Intrabar, Watch::Close] {
        let mut desk = holding(watch);
        desk.command(Command::Halt { reason: "test".to_owned() });
        desk.print(0, 67_000);
        desk.bar(0, 67_000);
        assert_eq!(last(&desk), (Side::Sell, 10, Purpose::Protection), "{watch:?}");
    }
}

#[test]
fn the_stop_at_the_close_of_a_bar_is_a_protective_order() {
    let mut desk = holding(Watch::Close);
    desk.bar(0, 67_900);
    assert_eq!(last(&desk), (Side::Sell, 10, Purpose::Protection));
    assert!(desk.decisions.iter().any(|d| d.signal == "stop_loss" && d.intent.is_some()));
}

#[test]
fn a_strategys_own_exit_stays_behind_a_halt() {
    let mut desk = holding(Watch::Close);
    desk.command(Command::Halt { reason: "test".to_owned() });
    desk.decide(0, Target::Exit);
    assert_eq!(desk.submits.len(), 1);
    assert_eq!(desk.blocked(), Some("halted"));
}

#[test]
fn the_stop_takes_the_bots_own_working_buy_out_of_its_way() {
    let mut desk = holding(Watch::Intrabar);
    desk.decide(0, Target::Shares(qty(15)));
    let row = desk.row(IntentId(2), 8);
    desk.ack(IntentId(2), 8);
    desk.print(0, 67_000);
    assert_eq!(desk.cancels, [IntentId(2)]);
    desk.next_orders(&[row.filled(2, 140_000).cancelled()]);
    assert_eq!(last(&desk), (Side::Sell, 12, Purpose::Protection));
}

#[test]
fn the_stop_of_one_bot_leaves_the_shares_of_others_alone() {
    let mut desk = Setup::default().protected(Watch::Intrabar).holding(SAMSUNG, 50).open();
    for (bot, number) in [(0, 7), (1, 8)] {
        desk.decide_as(bot, 0, Target::Enter);
        let id = desk.submits.last().unwrap().get().id();
        let row = desk.row(id, number);
        desk.ack(id, number);
        desk.next_orders(&[row.filled(10, 700_000)]);
    }
    assert_eq!(desk.held(0), 70);
    desk.print(0, 67_000);
    assert_eq!(last(&desk), (Side::Sell, 10, Purpose::Protection));
    let id = desk.submits.last().unwrap().get().id();
    let row = desk.row(id, 9);
    desk.ack(id, 9);
    desk.next_orders(&[row.filled(10, 670_000)]);
    assert_eq!([desk.slice(0, Some("alpha")), desk.slice(0, Some("beta")), desk.slice(0, None)], [0, 10, 50]);
}

#[test]
fn the_stop_is_not_held_up_by_the_order_rate_of_a_busy_bot() {
    let mut config = EngineConfig::connected(universe());
    config.limits.orders_per_minute_max = 1;
    let mut desk = Setup { config, ..Setup::default() }.protected(Watch::Intrabar).open();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.orders(&[row.filled(10, 700_000)]);
    desk.print(0, 67_000);
    assert_eq!(last(&desk), (Side::Sell, 10, Purpose::Protection));
}
