//! Jobs, their runs and the claim on them.

use fsts_domain::*;
use fsts_store::*;

use crate::place::Place;

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    of_many_claims_of_one_instant_one_wins
    while_a_run_goes_on_no_other_begins
    a_run_by_hand_is_claimed_once_and_needs_no_schedule
    an_instant_that_was_not_run_is_recorded_once
    a_run_of_a_dead_process_is_cut_and_its_job_is_free
    a_run_that_gives_signs_of_life_is_not_cut
    a_persons_choice_holds_until_the_settings_change
    what_was_due_while_a_job_was_off_stays_undone
    a_new_schedule_begins_now_and_a_job_that_is_gone_leaves_its_history
    the_history_is_bounded
    snapshots_of_a_day_are_replaced_and_come_newest_first
}

fn runner(n: u32) -> Runner {
    Runner { owner: format!("account-{n}"), id: format!("run-{n}") }
}

fn job(name: &str) -> JobDefinition {
    JobDefinition {
        name: name.to_owned(),
        task: "balance-snapshot".to_owned(),
        schedule: "at 15:10 on trading days".to_owned(),
        missed: MissedPolicy::Run,
        grace_s: 600,
        enabled: true,
    }
}

async fn defined(place: &Place) -> Store {
    let store = place.store().await;
    store.define_jobs(&[job("close")], AT).await.unwrap();
    store
}

fn ended(due: Timestamp, outcome: RunOutcome) -> JobRunRow {
    JobRunRow {
        job: "close".to_owned(),
        due,
        started: due,
        ended: Some(due.plus_s(1)),
        outcome,
        message_ko: "잔고".to_owned(),
        message_en: "balance".to_owned(),
    }
}

async fn claim(store: &Store, due: Timestamp, n: u32) -> JobClaim {
    store.claim_run(("close", due), &runner(n), (due, AT)).await.unwrap()
}

/// Each claim through a connection pool of its own, as processes have.
async fn of_many_claims_of_one_instant_one_wins(place: Place) {
    defined(&place).await;
    for round in 1..=10 {
        let due = AT.plus_s(round);
        let mut claims = tokio::task::JoinSet::new();
        for n in 0..6 {
            let store = place.store().await;
            claims.spawn(async move { (n, claim(&store, due, n).await) });
        }
        let all = claims.join_all().await;
        let won: Vec<u32> = all.iter().filter(|(_, c)| *c == JobClaim::Won).map(|(n, _)| *n).collect();
        assert_eq!(won.len(), 1, "round {round}: {all:?}");
        let store = place.store().await;
        assert!(store.end_run(&runner(won[0]), &ended(due, RunOutcome::Ok)).await.unwrap());
        assert_eq!(claim(&store, due, 9).await, JobClaim::Settled, "an ended instant stays dealt with");
        assert_eq!(store.job_runs("close", 100).await.unwrap().len(), round as usize);
    }
}

async fn while_a_run_goes_on_no_other_begins(place: Place) {
    let store = defined(&place).await;
    assert_eq!(claim(&store, AT.plus_s(1), 1).await, JobClaim::Won);
    assert_eq!(store.jobs().await.unwrap()[0].running, Some(AT.plus_s(1)));
    assert_eq!(claim(&store, AT.plus_s(2), 2).await, JobClaim::Busy);
    assert_eq!(claim(&store, AT.plus_s(1), 2).await, JobClaim::Settled);
    assert_eq!(store.claim_run_now("close", &runner(2), (AT.plus_s(2), AT)).await.unwrap(), None);
    assert!(!store.end_run(&runner(2), &ended(AT.plus_s(1), RunOutcome::Ok)).await.unwrap(), "not its run");
    assert!(store.end_run(&runner(1), &ended(AT.plus_s(1), RunOutcome::Failed)).await.unwrap());
    assert!(!store.end_run(&runner(1), &ended(AT.plus_s(1), RunOutcome::Ok)).await.unwrap(), "it has ended");
    assert_eq!(store.job_runs("close", 9).await.unwrap(), [ended(AT.plus_s(1), RunOutcome::Failed)]);
    assert_eq!(claim(&store, AT.plus_s(2), 2).await, JobClaim::Won);
    assert_eq!(store.last_runs().await.unwrap()[0].due, AT.plus_s(2));
}

async fn a_run_by_hand_is_claimed_once_and_needs_no_schedule(place: Place) {
    let store = defined(&place).await;
    store.enable_job("close", false, AT).await.unwrap();
    let due = store.claim_run_now("close", &runner(1), (AT, AT)).await.unwrap().unwrap();
    assert_eq!(due, AT);
    assert_eq!(store.claim_run_now("close", &runner(1), (AT, AT)).await.unwrap(), None);
    store.end_run(&runner(1), &ended(due, RunOutcome::Ok)).await.unwrap();
    let again = store.claim_run_now("close", &runner(1), (AT, AT)).await.unwrap().unwrap();
    assert_eq!(again, AT.plus_ns(1), "two runs of one instant are two runs");
    store.end_run(&runner(1), &ended(again, RunOutcome::Ok)).await.unwrap();
    assert_eq!(store.claim_run_now("nobody", &runner(1), (AT, AT)).await.unwrap(), None);
    assert_eq!(store.job_runs("close", 9).await.unwrap().len(), 2);
}

async fn an_instant_that_was_not_run_is_recorded_once(place: Place) {
    let store = defined(&place).await;
    assert!(store.record_unrun(&ended(AT.plus_s(5), RunOutcome::Missed)).await.unwrap());
    assert!(!store.record_unrun(&ended(AT.plus_s(5), RunOutcome::Missed)).await.unwrap());
    assert!(!store.record_unrun(&ended(AT.plus_s(4), RunOutcome::Missed)).await.unwrap(), "an older one");
    assert_eq!(claim(&store, AT.plus_s(5), 1).await, JobClaim::Settled);
    let runs = store.job_runs("close", 9).await.unwrap();
    assert_eq!(runs.iter().map(|r| r.outcome).collect::<Vec<_>>(), [RunOutcome::Missed]);
}

async fn a_run_of_a_dead_process_is_cut_and_its_job_is_free(place: Place) {
    let store = defined(&place).await;
    assert_eq!(claim(&store, AT.plus_s(1), 1).await, JobClaim::Won);
    let next = Runner { id: "run-1b".to_owned(), ..runner(1) };
    let cut = store.cut_runs(&next, (AT.plus_s(60), AT.plus_s(-60)), ("끊김", "cut")).await.unwrap();
    assert_eq!(cut.len(), 1);
    assert_eq!((cut[0].outcome, cut[0].ended), (RunOutcome::Cut, Some(AT.plus_s(60))));
    assert_eq!(store.job_runs("close", 9).await.unwrap(), cut);
    assert!(!store.end_run(&runner(1), &ended(AT.plus_s(1), RunOutcome::Ok)).await.unwrap(), "the dead don't end runs");
    assert_eq!(claim(&store, AT.plus_s(1), 1).await, JobClaim::Settled, "a cut run is not begun again");
    assert_eq!(claim(&store, AT.plus_s(2), 1).await, JobClaim::Won);
    assert!(store.cut_runs(&runner(1), (AT, AT), ("", "")).await.unwrap().is_empty(), "its own runs live");
}

async fn a_run_that_gives_signs_of_life_is_not_cut(place: Place) {
    let store = defined(&place).await;
    assert_eq!(claim(&store, AT.plus_s(1), 1).await, JobClaim::Won);
    store.beat_runs(&runner(1), AT.plus_s(100)).await.unwrap();
    assert!(store.cut_runs(&runner(2), (AT, AT.plus_s(100)), ("", "")).await.unwrap().is_empty());
    assert_eq!(store.cut_runs(&runner(2), (AT, AT.plus_s(101)), ("", "")).await.unwrap().len(), 1);
}

async fn a_persons_choice_holds_until_the_settings_change(place: Place) {
    let store = defined(&place).await;
    let enabled = async || store.jobs().await.unwrap()[0].definition.enabled;
    assert!(store.enable_job("close", false, AT).await.unwrap());
    assert!(!store.enable_job("nobody", false, AT).await.unwrap());
    store.define_jobs(&[job("close")], AT).await.unwrap();
    assert!(!enabled().await, "the settings said nothing new");
    store.define_jobs(&[JobDefinition { enabled: false, ..job("close") }], AT).await.unwrap();
    store.define_jobs(&[job("close")], AT).await.unwrap();
    assert!(enabled().await, "the settings switched it on");
}

async fn what_was_due_while_a_job_was_off_stays_undone(place: Place) {
    let store = defined(&place).await;
    store.enable_job("close", false, AT).await.unwrap();
    assert_eq!(claim(&store, AT.plus_s(5), 1).await, JobClaim::Settled);
    store.enable_job("close", true, AT.plus_s(10)).await.unwrap();
    assert_eq!(claim(&store, AT.plus_s(5), 1).await, JobClaim::Settled);
    store.pass_job("close", AT.plus_s(20)).await.unwrap();
    assert_eq!(claim(&store, AT.plus_s(20), 1).await, JobClaim::Settled);
    assert_eq!(claim(&store, AT.plus_s(21), 1).await, JobClaim::Won);
}

async fn a_new_schedule_begins_now_and_a_job_that_is_gone_leaves_its_history(place: Place) {
    let store = defined(&place).await;
    store.define_jobs(&[job("close")], AT.plus_s(50)).await.unwrap();
    assert_eq!(store.jobs().await.unwrap()[0].seen, AT, "what was due while nothing ran is still due");
    let moved = JobDefinition { schedule: "at 15:20 on trading days".to_owned(), ..job("close") };
    store.define_jobs(&[moved.clone(), job("other")], AT.plus_s(50)).await.unwrap();
    let rows = store.jobs().await.unwrap();
    assert_eq!((rows.len(), &rows[0].definition, rows[0].seen), (2, &moved, AT.plus_s(50)));
    assert_eq!(claim(&store, AT.plus_s(60), 1).await, JobClaim::Won);
    store.define_jobs(&[job("other")], AT.plus_s(70)).await.unwrap();
    assert_eq!(store.jobs().await.unwrap().len(), 2, "a running job stays");
    store.end_run(&runner(1), &ended(AT.plus_s(60), RunOutcome::Ok)).await.unwrap();
    store.define_jobs(&[job("other")], AT.plus_s(30)).await.unwrap();
    let rows = store.jobs().await.unwrap();
    assert_eq!((rows.len(), rows[0].seen), (1, AT.plus_s(30)), "a clock that was set back does not silence a job");
    assert_eq!(store.job_runs("close", 9).await.unwrap().len(), 1);
}

async fn the_history_is_bounded(place: Place) {
    let store = defined(&place).await;
    assert_eq!(claim(&store, AT.plus_s(1), 1).await, JobClaim::Won);
    store.end_run(&runner(1), &ended(AT.plus_s(1), RunOutcome::Ok)).await.unwrap();
    let copies = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 700) \
                  INSERT INTO job_runs SELECT job, due_ns + i, owner, runner, beat_ns, started_ns, ended_ns, outcome, \
                  message_ko, message_en FROM job_runs, n";
    place.tamper(copies).await;
    assert_eq!(claim(&store, AT.plus_s(2), 1).await, JobClaim::Won);
    store.end_run(&runner(1), &ended(AT.plus_s(2), RunOutcome::Ok)).await.unwrap();
    let kept = store.job_runs("close", 10_000).await.unwrap();
    assert_eq!((kept.len(), kept[0].due), (500, AT.plus_s(2)));
}

async fn snapshots_of_a_day_are_replaced_and_come_newest_first(place: Place) {
    let store = place.store().await;
    let row = |day: &str, owner: Option<&str>, value: i64| SnapshotRow {
        day: day.parse().unwrap(),
        owner: owner.map(|o| o.parse().unwrap()),
        at: AT,
        base: Won::new(10_000_000),
        value: Won::new(value),
        realized: Won::new(-7),
        unrealized: Won::new(9),
    };
    store.put_snapshots("s", &[row("2026-11-19", None, 1), row("2026-11-19", Some("sma"), 2)]).await.unwrap();
    store.put_snapshots("s", &[row("2026-11-20", None, 3)]).await.unwrap();
    store.put_snapshots("s", &[row("2026-11-20", None, 4)]).await.unwrap();
    store.put_snapshots("other", &[row("2026-11-20", None, 5)]).await.unwrap();
    let expected = [row("2026-11-20", None, 4), row("2026-11-19", None, 1), row("2026-11-19", Some("sma"), 2)];
    assert_eq!(store.snapshots("s", 10).await.unwrap(), expected);
    assert_eq!(store.snapshots("s", 1).await.unwrap(), expected[..1]);
}
