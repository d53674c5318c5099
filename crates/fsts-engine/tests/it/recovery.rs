//! Start is recovery: the journal gives the book back, and what was being sent is unknown.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

#[test]
fn the_book_of_a_recovered_engine_is_the_book_that_died() {
    let mut desk = Setup::default().holding(SAMSUNG, 20).open();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    desk.notice(&row, 4, 70_000);
    desk.next_orders(&[
        row.filled(6, 420_000),
        Row::of("035720", Side::Buy, 3, 50_000).at(9, desk.at).filled(3, 150_000),
    ]);
    desk.decide(1, Target::Enter);
    desk.ack(IntentId(2), 8);
    let before = desk.engine.book().clone();
    let mut again = Setup { records: desk.entries.clone(), ..Setup::default() }.closed();
    assert_eq!(again.engine.book(), &before);
    assert_eq!(again.engine.book().digest(), before.digest());
    again.start();
    assert_eq!(again.engine.book().digest(), before.digest(), "starting changes no order that the broker has");
}

#[test]
fn an_order_that_was_being_sent_is_ambiguous_and_never_sent_again() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let row = desk.row(id, 7);
    let mut desk = desk.crash(Setup::default());
    assert_eq!(desk.state(id), OrderState::Ambiguous);
    desk.quote_all();
    desk.step(EventKind::Stream { up: true });
    desk.holdings.insert(symbol(SAMSUNG), qty(10));
    desk.cash = won(10_000_000 - 700_000 - 98);
    desk.answer_all(&[row.filled(10, 700_000)]);
    assert_eq!((desk.state(id), desk.held(0)), (OrderState::Filled, 10));
    assert!(desk.submits.is_empty());
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    assert_eq!(desk.records(|r| matches!(r, Record::Adjusted { .. } | Record::Frozen { .. })), 0);
}

#[test]
fn an_order_whose_record_was_not_durable_never_existed() {
    let mut desk = Desk::new();
    desk.journal_answers = false;
    desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    let desk = desk.crash(Setup::default());
    assert!(desk.engine.book().open_orders().is_empty());
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn an_unknown_order_stays_unknown_and_is_never_presumed_by_a_later_run() {
    let mut desk = Desk::new();
    let id = desk.place(SAMSUNG, Side::Buy, 10, 70_000);
    desk.lose_reply(id);
    let mut desk = desk.crash(Setup::default());
    assert_eq!(desk.records(|r| matches!(r, Record::Ambiguous { .. })), 1);
    desk.quote_all();
    desk.connect();
    for _ in 0..200 {
        desk.wait(1);
        desk.answer_all(&[]);
    }
    assert_eq!(desk.state(id), OrderState::Ambiguous, "the stream had a gap since before sending");
}

#[test]
fn fills_from_the_time_of_the_crash_are_booked_once() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    desk.notice(&row, 4, 70_000);
    let mut desk = desk.crash(Setup::default());
    desk.quote_all();
    desk.step(EventKind::Stream { up: true });
    // The stream tells of the fill once more.
    desk.notice(&row, 4, 70_000);
    desk.holdings.insert(symbol(SAMSUNG), qty(7));
    desk.cash = won(10_000_000 - 490_000 - 68);
    desk.answer_all(&[row.filled(7, 490_000)]);
    assert_eq!(desk.held(0), 7);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
}

#[test]
fn a_cancel_that_may_have_been_sent_can_be_asked_for_again_after_an_inquiry() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 69_000), 7);
    let row = desk.row(id, 7);
    desk.command(Command::Cancel { intent: id });
    let mut desk = desk.crash(Setup::default());
    desk.quote_all();
    desk.step(EventKind::Stream { up: true });
    desk.answer_all(&[row]);
    desk.command(Command::Cancel { intent: id });
    assert_eq!(desk.cancels, [id]);
}

#[test]
fn taxes_and_commissions_of_a_recovered_engine_follow_the_rules_of_the_day() {
    let sold = |crashed: bool| {
        let mut desk = Setup::default().holding(SAMSUNG, 10).open();
        let id = desk.placed(SAMSUNG, Side::Sell, (10, 70_000), 7);
        let row = desk.row(id, 7).filled(10, 700_000);
        if crashed {
            let records = desk.entries.clone();
            desk = Setup { records, ..Setup::default() }.closed();
            let mut fx = Effects::default();
            desk.engine.start("run".to_owned(), "test".to_owned(), desk.at, &mut fx);
            let asked_at = desk.at;
            let event = Event { seq: 1, at: desk.at, recv: desk.recv, kind: orders_event(asked_at, vec![row]) };
            desk.engine.step(&event, &mut fx);
        } else {
            desk.next_orders(&[row]);
        }
        *desk.engine.book().flows()
    };
    assert_eq!(sold(true), sold(false));
    assert_ne!(sold(true).taxes, Won::ZERO);
}

#[test]
fn equity_after_a_restart_counts_what_is_held() {
    let desk = Setup::default().holding(SAMSUNG, 10).open();
    assert_eq!(desk.engine.equity(), won(10_000_000 + 700_000));
    let mut desk = desk.crash(Setup::default());
    assert_eq!(desk.engine.equity(), won(10_000_000 + 600_000), "at cost, until a price is known");
    desk.quote_all();
    assert_eq!(desk.engine.equity(), won(10_000_000 + 700_000));
}

#[test]
fn a_checkpoint_and_the_rest_of_the_journal_give_the_same_book() {
    let mut desk = Setup::default().holding(SAMSUNG, 20).open();
    desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let half = desk.entries.len();
    let checkpoint = serde_json::to_string(desk.engine.book()).unwrap();
    let row = desk.row(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 700_000)]);
    let mut again = Setup::default().closed();
    again.engine.restore(serde_json::from_str(&checkpoint).unwrap());
    again.engine.replay(&desk.entries[half..]);
    assert_eq!(again.engine.book(), desk.engine.book());
}
