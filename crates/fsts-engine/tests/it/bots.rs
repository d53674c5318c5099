//! Bots at run time: started, paused and stopped by commands that outlive the process, made and deleted with a record.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn switch(desk: &mut Desk, name: &str, to: BotSwitch) -> Reply {
    desk.command(Command::SwitchBot { bot: bot(name), to })
}

fn definition(name: &str, strategy: &str) -> BotDefinition {
    let config = BotConfig {
        id: bot(name),
        symbols: vec![symbol(HYNIX)],
        sizing: Sizing::Shares(qty(3)),
        style: OrderStyle::MarketableLimit { collar_ticks: 2 },
        capital: None,
    };
    BotDefinition { config, strategy: strategy.to_owned(), params: Default::default() }
}

fn create(desk: &mut Desk, definition: BotDefinition) -> Reply {
    desk.command(Command::CreateBot(Box::new(definition)))
}

fn delete(desk: &mut Desk, name: &str) -> Reply {
    desk.command(Command::DeleteBot { bot: bot(name) })
}

fn switch_of(desk: &Desk, name: &str) -> Option<BotSwitch> {
    desk.engine.bots().find(|b| b.config.id == bot(name)).map(|b| b.switch)
}

/// Two bots of the configuration, each holding ten shares of Samsung.
fn both_hold() -> Desk {
    let mut desk = Desk::new();
    for n in [1, 2] {
        desk.decide_as(n as usize - 1, 0, Target::Enter);
        let id = IntentId(n);
        let row = desk.row(id, n);
        desk.ack(id, n);
        desk.next_orders(&[row.filled(10, 700_000)]);
    }
    desk
}

#[test]
fn a_stopped_bot_decides_nothing_and_keeps_what_it_holds() {
    let mut desk = both_hold();
    assert_eq!(switch(&mut desk, "alpha", BotSwitch::Stopped), Reply::Done);
    let (lines, sent) = (desk.decisions.len(), desk.submits.len());
    for target in [Target::Exit, Target::Enter] {
        desk.decide(0, target);
    }
    let of_alpha = desk.decisions[lines..].iter().filter(|d| d.bot == bot("alpha")).count();
    assert_eq!((of_alpha, desk.submits.len(), desk.slice(0, Some("alpha"))), (0, sent, 10));
    desk.decide_as(1, 0, Target::Exit);
    assert_eq!(desk.submits.last().unwrap().get().bot(), bot("beta"), "the other bot trades on");
    assert_eq!(switch(&mut desk, "alpha", BotSwitch::Running), Reply::Done);
    desk.decide_as(0, 1, Target::Enter);
    assert_eq!(desk.submits.last().unwrap().get().bot(), bot("alpha"));
}

#[test]
fn stopping_cancels_what_works_also_what_was_on_its_way() {
    let mut desk = Desk::new();
    desk.decide(0, Target::Enter);
    desk.ack(IntentId(1), 7);
    desk.decide(1, Target::Enter);
    assert_eq!(desk.submits.len(), 2);
    switch(&mut desk, "alpha", BotSwitch::Stopped);
    assert_eq!(desk.cancels, [IntentId(1)]);
    desk.ack(IntentId(2), 8);
    assert_eq!(desk.cancels, [IntentId(1), IntentId(2)], "its number came after the stop");
    desk.wait(1);
    assert_eq!(desk.cancels.len(), 2, "each is cancelled once");
}

#[test]
fn an_order_that_is_not_durable_yet_does_not_leave_after_the_stop() {
    let mut desk = Desk::new();
    desk.journal_answers = false;
    desk.decide(0, Target::Enter);
    switch(&mut desk, "alpha", BotSwitch::Stopped);
    desk.journal_answers = true;
    desk.settle();
    assert!(desk.submits.is_empty());
    let withdrawn = |r: &Record| matches!(r, Record::Withdrawn { reason, .. } if reason == "stopped");
    assert_eq!(desk.records(withdrawn), 1);
}

#[test]
fn a_stop_loss_of_a_stopped_bot_rests_too() {
    let mut desk = Setup::default().protected(Watch::Intrabar).open();
    desk.decide(0, Target::Enter);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    switch(&mut desk, "alpha", BotSwitch::Stopped);
    desk.print(0, 60_000);
    assert_eq!(desk.submits.len(), 1);
    switch(&mut desk, "alpha", BotSwitch::Paused);
    desk.print(0, 60_000);
    assert_eq!(desk.submits.len(), 2, "a paused bot still gets out");
}

#[test]
fn switches_outlive_the_process() {
    let mut desk = Desk::new();
    switch(&mut desk, "alpha", BotSwitch::Stopped);
    switch(&mut desk, "beta", BotSwitch::Paused);
    let mut desk = desk.crash(Setup::default());
    desk.quote_all();
    desk.connect();
    assert_eq!(switch_of(&desk, "alpha"), Some(BotSwitch::Stopped));
    assert_eq!(switch_of(&desk, "beta"), Some(BotSwitch::Paused));
    desk.decide(0, Target::Enter);
    desk.decide_as(1, 0, Target::Enter);
    assert!(desk.submits.is_empty());
    switch(&mut desk, "beta", BotSwitch::Running);
    desk.decide_as(1, 0, Target::Enter);
    assert_eq!(desk.submits.len(), 1);
}

#[test]
fn a_switch_that_changes_nothing_writes_nothing() {
    let mut desk = Desk::new();
    let before = desk.entries.len();
    assert_eq!(switch(&mut desk, "alpha", BotSwitch::Running), Reply::Done);
    assert_eq!(switch(&mut desk, "nobody", BotSwitch::Paused), Reply::NotPossible("unknown_bot"));
    assert_eq!(desk.entries.len(), before);
}

#[test]
fn a_bot_made_at_run_time_begins_stopped_and_outlives_the_process() {
    let mut desk = Desk::new();
    assert_eq!(create(&mut desk, definition("gamma", "enter")), Reply::Done);
    desk.bar(1, 200_000);
    assert!(desk.submits.is_empty(), "nobody started it");
    switch(&mut desk, "gamma", BotSwitch::Running);
    let mut desk = desk.crash(Setup::default());
    desk.quote_all();
    desk.connect();
    assert_eq!(switch_of(&desk, "gamma"), Some(BotSwitch::Running));
    desk.bar(1, 200_000);
    let order = desk.submits[0].get();
    assert_eq!((order.bot(), order.qty(), order.symbol()), (bot("gamma"), qty(3), symbol(HYNIX)));
}

#[test]
fn what_fits_nothing_makes_no_bot() {
    let mut desk = Desk::new();
    let before = desk.entries.len();
    assert_eq!(create(&mut desk, definition("alpha", "enter")), Reply::NotPossible("bot_exists"));
    assert_eq!(create(&mut desk, definition("manual", "enter")), Reply::Unfit(ConfigError::ReservedBot.to_string()));
    assert!(matches!(create(&mut desk, definition("gamma", "wish")), Reply::Unfit(_)));
    let mut elsewhere = definition("gamma", "enter");
    elsewhere.config.symbols = vec![symbol("123456")];
    assert_eq!(create(&mut desk, elsewhere), Reply::NotPossible("unknown_symbol"));
    assert_eq!(desk.entries.len(), before);
    for n in desk.engine.bots().count()..BOTS_MAX {
        assert_eq!(create(&mut desk, definition(&format!("b{n}"), "exit")), Reply::Done);
    }
    assert_eq!(create(&mut desk, definition("gamma", "enter")), Reply::NotPossible("too_many_bots"));
}

#[test]
fn a_bot_is_deleted_only_when_it_has_nothing() {
    let mut desk = Desk::new();
    create(&mut desk, definition("gamma", "enter"));
    switch(&mut desk, "gamma", BotSwitch::Running);
    desk.bar(1, 200_000);
    assert_eq!(delete(&mut desk, "gamma"), Reply::NotPossible("bot_has_orders"));
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(3, 600_000)]);
    assert_eq!(delete(&mut desk, "gamma"), Reply::NotPossible("bot_holds"));
    assert_eq!(delete(&mut desk, "alpha"), Reply::NotPossible("bot_of_settings"));
    assert_eq!(delete(&mut desk, "nobody"), Reply::NotPossible("unknown_bot"));
    create(&mut desk, definition("delta", "enter"));
    assert_eq!(delete(&mut desk, "delta"), Reply::Done);
    assert_eq!(switch_of(&desk, "delta"), None);
    let desk = desk.crash(Setup::default());
    assert_eq!((switch_of(&desk, "delta"), switch_of(&desk, "gamma")), (None, Some(BotSwitch::Running)));
}

#[test]
fn deleting_a_bot_leaves_the_waiting_targets_of_the_others() {
    let mut desk = Desk::new();
    create(&mut desk, definition("gamma", "enter"));
    create(&mut desk, definition("delta", "exit"));
    switch(&mut desk, "delta", BotSwitch::Running);
    desk.decide(0, Target::Enter);
    desk.ack(IntentId(1), 7);
    // The order is in the way of the exit, which waits for its cancel.
    desk.decide(0, Target::Shares(qty(4)));
    assert_eq!(desk.blocked(), Some("awaiting_cancel"));
    assert_eq!(delete(&mut desk, "gamma"), Reply::Done);
    let row = desk.row(IntentId(1), 7).cancelled();
    desk.next_orders(&[row]);
    assert_eq!(desk.submits.last().unwrap().get().qty(), qty(4));
}

#[test]
fn a_new_bot_has_seen_the_bars_of_late() {
    let mut desk = Desk::new();
    for minute in 0..5 {
        desk.print(1, 200_000 + minute * 500);
        desk.wait(61);
    }
    let mut warm = definition("gamma", "exit");
    warm.params.insert("warm_up".to_owned(), 4.0);
    let mut cold = definition("delta", "exit");
    cold.params.insert("warm_up".to_owned(), 100.0);
    create(&mut desk, warm);
    create(&mut desk, cold);
    let warming: Vec<bool> = desk.engine.bots().skip(2).map(|b| b.warming_up).collect();
    assert_eq!(warming, [false, true]);
}

#[test]
fn what_a_bot_realized_is_its_own() {
    let mut desk = both_hold();
    desk.decide(0, Target::Exit);
    let row = desk.row(IntentId(3), 3);
    desk.ack(IntentId(3), 3);
    desk.next_orders(&[row.filled(10, 710_000)]);
    let book = desk.engine.book();
    let (alpha, beta) = (book.bot_realized(bot("alpha")), book.bot_realized(bot("beta")));
    assert!(alpha > won(8_000) && alpha < won(10_000), "{alpha:?} of a gain of 10,000 less costs");
    assert!(beta < Won::ZERO && beta > won(-200), "{beta:?}: only the commission of its purchase");
    assert_eq!(alpha + beta, book.realized());
}
