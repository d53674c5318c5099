//! The journal is slow, silent or broken: nothing leaves, everything else goes on.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

/// A desk with a working buy, whose journal fell silent.
fn silent() -> (Desk, OrderReport) {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let row = desk.row(id, 7);
    desk.journal_answers = false;
    (desk, row)
}

#[test]
fn nothing_leaves_before_its_record_is_durable() {
    let (mut desk, _) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    assert_eq!(desk.submits.len(), 1);
    desk.journal_answers = true;
    desk.settle();
    assert_eq!(desk.submits.len(), 2);
}

#[test]
fn a_silent_journal_is_told_once_and_stops_orders_after_2_seconds() {
    let (mut desk, _) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.wait_real(2_000);
    assert!(desk.conditions.is_empty());
    desk.wait_real(1);
    for _ in 0..50 {
        desk.wait_real(500);
    }
    assert_eq!(desk.conditions, [Condition::JournalStalled]);
    assert_eq!(desk.engine.not_ready(), ["journal_stalled"]);
    assert_eq!(desk.try_place(HYNIX, Side::Buy, 1, 200_000), Reply::Blocked(Blocked::JournalStalled));
}

#[test]
fn while_the_journal_is_silent_fills_are_booked_and_halt_acts() {
    let (mut desk, row) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.wait_real(30_000);
    desk.notice(&row, 4, 70_000);
    desk.wait(1);
    desk.orders(&[row.filled(10, 700_000)]);
    assert_eq!(desk.held(0), 10);
    desk.command(Command::Halt { reason: "operator".to_owned() });
    assert_eq!(desk.engine.book().halted(), Some("operator"));
    assert_eq!(desk.submits.len(), 1);
}

#[test]
fn what_becomes_durable_too_late_is_withdrawn_and_never_sent() {
    let (mut desk, _) = silent();
    let id = desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.wait_real(2_500);
    desk.journal_answers = true;
    desk.settle();
    assert_eq!(desk.submits.len(), 1, "only the order from before");
    let late = |r: &Record| matches!(r, Record::Withdrawn { id: i, reason } if *i == id && reason == "late_commit");
    assert_eq!(desk.records(late), 1);
    assert_eq!(desk.conditions, [Condition::JournalStalled, Condition::JournalRecovered]);
    assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    assert_eq!(desk.submits.len(), 2);
}

#[test]
fn a_journal_that_answers_in_time_is_not_called_silent() {
    let (mut desk, _) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.wait_real(1_900);
    desk.journal_answers = true;
    desk.settle();
    desk.wait_real(60_000);
    assert!(desk.conditions.is_empty());
}

#[test]
fn a_start_does_not_look_like_a_silent_journal() {
    let mut setup = Setup::default();
    // Market time of a replayed day and real time have nothing to do with each other.
    for market in [Timestamp::from_ns(5_000_000_000), half_past_nine()] {
        setup.at = market;
        let mut desk = Setup { at: market, ..Setup::default() }.closed();
        desk.journal_answers = false;
        desk.start();
        desk.wait_real(1_000);
        assert!(desk.conditions.is_empty());
        desk.wait_real(2_000);
        assert_eq!(desk.conditions, [Condition::JournalStalled]);
    }
}

#[test]
fn after_a_failed_commit_nothing_leaves_any_more() {
    let (mut desk, row) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.command(Command::Cancel { intent: IntentId(1) });
    let (batch, _) = desk.batches[0];
    desk.batches.clear();
    desk.step(EventKind::CommitFailed { batch, reason: "disk full".to_owned() });
    desk.step(EventKind::CommitFailed { batch: batch + 1, reason: "disk full".to_owned() });
    assert_eq!(desk.conditions, [Condition::JournalFailed("disk full".to_owned())], "told once");
    assert_eq!(desk.engine.not_ready(), ["journal_failed"]);
    // Even if the journal claims to work again.
    desk.journal_answers = true;
    desk.settle();
    assert_eq!(desk.try_place(HYNIX, Side::Buy, 1, 200_000), Reply::Blocked(Blocked::JournalStalled));
    desk.command(Command::Cancel { intent: IntentId(1) });
    desk.decide(1, Target::Enter);
    desk.next_orders(&[row.filled(10, 700_000)]);
    assert_eq!((desk.submits.len(), desk.cancels.len()), (1, 0));
    assert_eq!(desk.held(0), 10, "but fills are booked");
    assert_eq!(desk.engine.book().reserved(), Won::ZERO);
}

#[test]
fn every_order_of_a_lost_tail_is_withdrawn() {
    let (mut desk, _) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    desk.decide(0, Target::Enter);
    let (last, _) = *desk.batches.back().unwrap();
    desk.batches.clear();
    desk.step(EventKind::CommitFailed { batch: last, reason: "gone".to_owned() });
    assert_eq!(desk.engine.book().open_orders().len(), 1, "only the one that the broker has");
    assert_eq!(desk.records(|r| matches!(r, Record::Withdrawn { .. })), 2);
}

#[test]
fn an_answer_for_an_unknown_batch_releases_nothing() {
    let (mut desk, _) = silent();
    desk.place(HYNIX, Side::Buy, 1, 200_000);
    let (batch, _) = desk.batches[0];
    for other in [0, batch + 7, u64::MAX] {
        desk.step(EventKind::Committed { batch: other });
    }
    assert_eq!(desk.submits.len(), 1);
}

#[test]
fn effects_of_several_steps_in_one_buffer_are_one_batch() {
    let mut desk = Setup::default().open();
    let mut fx = Effects::default();
    for (n, code) in [SAMSUNG, HYNIX].into_iter().enumerate() {
        let (key, qty, kind) = (format!("k{n}"), qty(1), OrderKind::Limit(price([70_000, 200_000][n])));
        let command = Command::Place { key, body: String::new(), symbol: symbol(code), side: Side::Buy, qty, kind };
        let kind = EventKind::Command { id: 0, command };
        desk.engine.step(&Event { seq: 0, at: desk.at, recv: desk.recv, kind }, &mut fx);
    }
    assert_eq!(fx.entries.iter().filter(|e| matches!(e.record, Record::Approved(_))).count(), 2);
    let kind = EventKind::Committed { batch: fx.batch.unwrap() };
    let mut released = Effects::default();
    desk.engine.step(&Event { seq: 0, at: desk.at, recv: desk.recv, kind }, &mut released);
    assert_eq!(released.submits.len(), 2);
}
