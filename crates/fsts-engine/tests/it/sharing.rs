//! Bots that share a symbol and an account: slices, ring-fences, and own orders that never meet.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

/// Beta holds ten shares of Samsung and alpha nothing.
fn beta_holds(setup: Setup) -> Desk {
    let mut desk = setup.open();
    desk.decide_as(1, 0, Target::Enter);
    let row = desk.row(IntentId(1), 1);
    desk.ack(IntentId(1), 1);
    desk.next_orders(&[row.filled(10, 700_000)]);
    desk
}

fn blocked_of(desk: &Desk, name: &str) -> Option<&'static str> {
    desk.decisions.iter().rev().find(|d| d.bot == bot(name)).and_then(|d| d.blocked_by)
}

#[test]
fn the_second_of_two_orders_that_could_meet_waits_for_the_first_to_end() {
    let mut desk = beta_holds(Setup::default());
    desk.decide_as(0, 0, Target::Enter);
    let buy = desk.submits.last().unwrap().get().id();
    let row = desk.row(buy, 2);
    desk.ack(buy, 2);
    desk.decide_as(1, 0, Target::Exit);
    assert_eq!((blocked_of(&desk, "beta"), desk.submits.len()), (Some("crossing"), 2));
    desk.next_orders(&[row.filled(10, 700_000)]);
    let sell = desk.submits.last().unwrap().get();
    assert_eq!((sell.bot(), sell.side(), sell.qty()), (bot("beta"), Side::Sell, qty(10)));
}

#[test]
fn an_entry_that_waits_is_forgotten_when_its_bot_decides_anew() {
    let mut desk = beta_holds(Setup::default());
    desk.decide_as(1, 0, Target::Exit);
    let sell = desk.submits.last().unwrap().get().id();
    let row = desk.row(sell, 2);
    desk.ack(sell, 2);
    desk.decide_as(0, 0, Target::Enter);
    assert_eq!(blocked_of(&desk, "alpha"), Some("crossing"));
    desk.bar(0, 70_000);
    desk.next_orders(&[row.filled(10, 700_000)]);
    assert_eq!(desk.submits.len(), 2, "the bar after it said nothing of an entry");
}

#[test]
fn entries_give_way_to_the_stop_loss_of_another_bot() {
    let mut desk = Setup::default().protected(Watch::Intrabar).open();
    desk.decide_as(0, 0, Target::Enter);
    let row = desk.row(IntentId(1), 1);
    desk.ack(IntentId(1), 1);
    desk.next_orders(&[row.filled(10, 700_000)]);
    desk.decide_as(1, 0, Target::Enter);
    let buy = desk.submits.last().unwrap().get().id();
    let row = desk.row(buy, 2);
    desk.ack(buy, 2);
    desk.print(0, 60_000);
    assert_eq!((desk.submits.len(), &desk.cancels[..]), (2, &[buy][..]));
    desk.next_orders(&[row.cancelled()]);
    let stop = desk.submits.last().unwrap().get();
    assert_eq!((stop.bot(), stop.side()), (bot("alpha"), Side::Sell));
}

#[test]
fn no_bot_enters_while_more_is_set_apart_than_can_be_ordered_with() {
    let fence = Some(won(10_000_000));
    // A person's order takes from the money that alpha was given.
    let mut desk = Setup { capital: fence, ..Setup::default() }.open();
    desk.decide_as(1, 0, Target::Enter);
    assert_eq!(blocked_of(&desk, "beta"), Some("ring_fences"), "alpha's fence is all the cash");
    desk.decide_as(0, 0, Target::Enter);
    assert_eq!(desk.submits.len(), 1, "alpha takes from its own");
    desk.refuse(IntentId(1));
    desk.placed(HYNIX, Side::Buy, (1, 200_000), 7);
    desk.decide_as(0, 0, Target::Enter);
    assert_eq!(blocked_of(&desk, "alpha"), Some("ring_fences"));
    desk.command(Command::SwitchBot { bot: bot("alpha"), to: BotSwitch::Stopped });
    desk.decide_as(1, 0, Target::Enter);
    assert_eq!(desk.submits.last().unwrap().get().bot(), bot("beta"), "a stopped bot holds no money back");
}

#[test]
fn what_a_bot_lost_is_not_given_to_it_again() {
    let mut desk = Setup { capital: Some(won(1_000_000)), ..Setup::default() }.open();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 1);
    desk.ack(IntentId(1), 1);
    desk.next_orders(&[row.clone().filled(10, 700_000)]);
    desk.decide(0, Target::Exit);
    let sold = desk.row(IntentId(2), 2);
    desk.ack(IntentId(2), 2);
    desk.next_orders(&[row.filled(10, 700_000), sold.filled(10, 350_000)]);
    desk.decide(0, Target::Shares(qty(10)));
    assert_eq!(desk.blocked(), Some("capital"), "650,000 are left, and ten shares cost more");
    desk.decide(0, Target::Shares(qty(9)));
    assert_eq!(desk.submits.last().unwrap().get().qty(), qty(9));
}
