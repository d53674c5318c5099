//! Alerts from the journal to a target over a real socket: each fact once, in order, whatever the target does.

pub mod story;
mod target;

use std::sync::Arc;

use fsts_domain::Timestamp;
use fsts_engine::{Condition, Record};
use fsts_kis::SteppedClock;

use super::*;
use story::{Story, at, names};
use target::{Journal, JumpClock, STREAM, Target, setup};

const EVER: Timestamp = Timestamp::from_ns(i64::MAX);

/// The record numbers that lines cite.
fn seqs(lines: &[String]) -> Vec<u64> {
    let number = |line: &String| line.split('#').nth(1)?.split('`').next()?.parse().ok();
    lines.iter().map(|line| number(line).unwrap_or_else(|| panic!("no number in {line}"))).collect()
}

fn outside(count: usize) -> Story {
    let mut story = Story::default();
    for _ in 0..count {
        story.outside();
    }
    story
}

#[tokio::test]
async fn each_fact_is_told_once_in_order_through_limits_failures_and_cuts() {
    let script = [
        ("204 No Content", "", ""),
        ("429 Too Many Requests", "retry-after: 1\r\n", r#"{"retry_after": 1.5, "global": false}"#),
        ("500 Internal Server Error", "", ""),
        ("502 Bad Gateway", "", "<html>"),
        ("", "", ""),
        ("200 OK", "x-ratelimit-remaining: 0\r\nx-ratelimit-reset-after: 0.75\r\n", "{}"),
    ];
    let (journal, clock) = (Journal::open().await, Arc::new(JumpClock::default()));
    let mut target = Target::start(&script).await;
    let alerts = Alerts::start(setup(&journal.store, &target, clock.clone())).unwrap();
    let story = outside(100);
    let mut lines = Vec::new();
    for part in story.entries.chunks(20) {
        journal.append(part);
        alerts.facts(part);
        lines.extend(target.lines(20).await);
    }
    assert_eq!(seqs(&lines), (1..=100).collect::<Vec<u64>>());
    let waits = clock.waits_ms();
    assert!(waits.starts_with(&[1_500, 2_000, 4_000, 8_000, 750]), "{waits:?}");
    assert!(lines.iter().any(|line| line.contains("(재전송) 직접 낸 주문")), "a cut answer may hide a taken message");
    let delivered = alerts.counts().delivered();
    alerts.stop().await;
    assert!(journal.store.due_alerts((STREAM, &Channel::ALL), EVER, 10).await.unwrap().is_empty());
    assert!(target.rest().is_empty() && delivered > 0);
}

#[tokio::test]
async fn a_restart_sends_only_what_was_not_delivered() {
    let (journal, clock) = (Journal::open().await, SteppedClock::new(at(0)));
    let mut first = Target::start(&[]).await;
    let alerts = Alerts::start(setup(&journal.store, &first, Arc::new(clock.clone()))).unwrap();
    let story = outside(7);
    journal.append(&story.entries[..3]);
    alerts.facts(&story.entries[..3]);
    assert_eq!(seqs(&first.lines(3).await), [1, 2, 3]);
    alerts.stop().await;

    let mut second = Target::start(&[("503 Service Unavailable", "", "")]).await;
    let alerts = Alerts::start(setup(&journal.store, &second, Arc::new(clock.clone()))).unwrap();
    journal.append(&story.entries[3..6]);
    alerts.facts(&story.entries[3..6]);
    assert!(!second.next().await.taken);
    alerts.stop().await;
    assert!(second.rest().is_empty(), "a stop does not hammer a target that failed");

    // Committed, and nobody was told: the process died in between.
    journal.append(&story.entries[6..]);
    let mut third = Target::start(&[]).await;
    let refused = Alerts::start(setup(&journal.store, &third, Arc::new(clock.clone()))).unwrap();
    refused.stop().await;
    assert!(third.rest().is_empty(), "a run that was refused the account tells nothing");
    let alerts = Alerts::start(setup(&journal.store, &third, Arc::new(clock))).unwrap();
    alerts.committed(7);
    assert_eq!(seqs(&third.lines(4).await), [4, 5, 6, 7]);
    alerts.stop().await;
    assert!(third.rest().is_empty());
}

#[tokio::test]
async fn a_burst_stays_within_the_bound_and_errors_survive_it() {
    let (journal, clock) = (Journal::open().await, Arc::new(JumpClock::default()));
    let mut story = Story::default();
    for n in 1..=10_000 {
        match n % 1_000 {
            0 => story.push(Record::Halted { reason: format!("stop {n}") }),
            _ => story.outside(),
        };
    }
    journal.append(&story.entries);
    let mut target = Target::start(&[]).await;
    let alerts = Alerts::start(setup(&journal.store, &target, clock)).unwrap();
    alerts.facts(&story.entries);
    // 150 by themselves, 10 errors, and one that sums up the rest.
    let lines = target.lines(161).await;
    assert_eq!(lines.iter().filter(|line| line.contains("거래 정지")).count(), 10);
    assert_eq!(lines.iter().filter(|line| line.contains("9,840건을 생략")).count(), 1);
    let skipped = alerts.counts().skipped();
    alerts.stop().await;
    assert_eq!(skipped, 9_840);
    assert!(target.rest().is_empty() && journal.store.alerts(1_000).await.unwrap().len() == 161);
}

#[tokio::test]
async fn trouble_with_the_journal_is_told_without_the_database() {
    let (journal, clock) = (Journal::open().await, Arc::new(JumpClock::default()));
    let mut target = Target::start(&[("503 Service Unavailable", "", "")]).await;
    journal.store.close().await;
    let alerts = Alerts::start(setup(&journal.store, &target, clock)).unwrap();
    alerts.condition(&Condition::JournalStalled, 12);
    alerts.condition(&Condition::JournalRecovered, 12);
    let lines = target.lines(2).await;
    assert!(lines[0].contains("#12` 🚨 저널 응답 없음") && lines[1].contains("저널 응답 회복"), "{lines:?}");
}

#[tokio::test]
async fn an_alert_that_the_target_refuses_does_not_hold_up_the_others() {
    let (journal, clock) = (Journal::open().await, Arc::new(JumpClock::default()));
    for seq in 1..=3 {
        let told = outbox::alert(STREAM, &names(), (seq, at(0)), &messages::Fact::Resumed);
        journal.store.enqueue_alert(&told).await.unwrap();
    }
    let refused = ("400 Bad Request", "", r#"{"code": 50035}"#);
    let moved = ("302 Found", "location: /elsewhere\r\n", "");
    let mut target = Target::start(&[moved, refused, refused]).await;
    let alerts = Alerts::start(setup(&journal.store, &target, clock.clone())).unwrap();
    alerts.committed(1);
    let lines = target.lines(3).await;
    assert!(lines[0].contains("표시할 수 없는 알림") && lines[1].contains("거래 재개"), "{lines:?}");
    assert_eq!((seqs(&lines), clock.waits_ms()), (vec![1, 2, 3], vec![300_000]));
    alerts.stop().await;
}

#[tokio::test]
async fn without_a_webhook_alerts_are_kept_for_the_screens_alone() {
    let (journal, clock) = (Journal::open().await, Arc::new(JumpClock::default()));
    let target = Target::start(&[]).await;
    let alerts =
        Alerts::start(AlertSetup { webhooks: Webhooks::default(), ..setup(&journal.store, &target, clock) }).unwrap();
    let story = outside(3);
    journal.append(&story.entries);
    alerts.facts(&story.entries);
    alerts.condition(&Condition::JournalFailed("x".to_owned()), 3);
    alerts.stop().await;
    assert_eq!(journal.store.alerts(10).await.unwrap().len(), 4, "three facts and the condition");
    assert!(journal.store.due_alerts((STREAM, &Channel::ALL), at(1_000_000), 10).await.unwrap().is_empty());
}
