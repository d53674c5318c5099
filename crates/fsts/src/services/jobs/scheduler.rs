//! The loop that looks what is due, claims it in the database, and runs it.
//!
//! Market time decides what is due, so jobs fire in a demo as well. The database decides who runs: of all processes on it
//! one gets an instant, and while it runs nobody gets the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsts_domain::{NS_PER_S, Timestamp};
use fsts_krx::SessionCalendar;
use fsts_store::{JobClaim, JobRow, JobRunRow, MissedPolicy, RunOutcome, Runner, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::alarm::Alarm;
use super::schedule::Schedule;
use super::task::{Registry, Task, TaskError, TaskRun};
use crate::clock::{MarketTime, real_now};
use crate::messages::{Text, jobs as say};
use crate::runtime::fault::{Fault, Place};

/// A run that begins no later than this is on time, whatever its job's grace. Market time.
const ON_TIME_S: i64 = 60;
/// Signs of life of running jobs, and looks for runs of dead processes. Real time.
const BEAT: Duration = Duration::from_secs(10);
/// A run without a sign of life for so long is dead: six beats were lost. Real time.
const SILENT_S: i64 = 60;
/// A database that fails is asked again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// Longest run of a task. Real time.
const RUN_MAX: Duration = Duration::from_secs(4 * 3600);
/// What running tasks get to end by themselves when the program ends.
const FAREWELL: Duration = Duration::from_secs(3);
/// Due instants that are counted one by one after a long pause.
const COUNTED_MAX: u64 = 2_000;
/// Where counting starts again after that, before now. Market time.
const LOOK_BACK_S: i64 = 24 * 3600;

/// What the loop, its runs and the port share.
pub struct Shared {
    /// The database.
    pub store: Store,
    /// Market time.
    pub time: MarketTime,
    /// Trading days.
    pub calendar: SessionCalendar,
    /// All tasks.
    pub registry: Registry,
    /// When this program's jobs are due, by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// Who this process is.
    pub runner: Runner,
    /// Tells a person of what went wrong.
    pub alarm: Alarm,
    /// Planned death, for drills.
    pub fault: Option<Arc<Fault>>,
    /// Rung when a job was switched.
    pub bell: Notify,
    runs: Mutex<JoinSet<()>>,
    stopping: watch::Sender<bool>,
}

/// The running scheduler.
pub struct Scheduler {
    shared: Arc<Shared>,
    looping: JoinHandle<()>,
}

/// The parts that [`Shared`] is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Market time.
    pub time: MarketTime,
    /// Trading days.
    pub calendar: SessionCalendar,
    /// All tasks.
    pub registry: Registry,
    /// When this program's jobs are due, by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// Who this process is.
    pub runner: Runner,
    /// Tells a person of what went wrong.
    pub alarm: Alarm,
    /// Planned death, for drills.
    pub fault: Option<Arc<Fault>>,
}

impl Scheduler {
    /// Starts the loop; to be called inside the runtime.
    pub fn start(parts: Parts) -> Scheduler {
        let Parts { store, time, calendar, registry, schedules, runner, alarm, fault } = parts;
        let shared = Arc::new(Shared {
            store,
            time,
            calendar,
            registry,
            schedules,
            runner,
            alarm,
            fault,
            bell: Notify::new(),
            runs: Mutex::new(JoinSet::new()),
            stopping: watch::Sender::new(false),
        });
        Scheduler { looping: tokio::spawn(Arc::clone(&shared).keep()), shared }
    }

    /// What the port works on.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Ends the loop. Running tasks get a moment, then they are cut.
    pub async fn stop(self) {
        self.shared.stopping.send_replace(true);
        // A panic was reported by its hook.
        let _ = self.looping.await;
        let mut runs = std::mem::take(&mut *self.shared.runs.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = async { while runs.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL * 2, ended).await.is_err() {
            tracing::warn!("a run of a job did not end in time; the next start records it as cut");
        }
    }
}

/// The due instants that wait to be dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    latest: Timestamp,
    /// The one before the latest.
    before: Option<Timestamp>,
    count: u64,
}

impl Shared {
    async fn keep(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while let Err(error) = self.begin().await {
            tracing::warn!(%error, "the scheduler can't use its records yet");
            if stopped_within(&mut stopping, RETRY).await {
                return;
            }
        }
        let mut beaten = real_now();
        loop {
            let round = async {
                if real_now().since(beaten) >= BEAT.as_nanos() as i64 {
                    self.live().await?;
                    beaten = real_now();
                }
                self.round().await
            };
            let next = match round.await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "the scheduler can't use its records");
                    if stopped_within(&mut stopping, RETRY).await {
                        return;
                    }
                    continue;
                }
            };
            let clock = self.time.clock();
            let due = async {
                match next {
                    Some(next) => clock.wait_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.bell.notified() => {}
                () = tokio::time::sleep(BEAT) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Cuts what earlier processes of this account left, and passes over what has no task.
    async fn begin(&self) -> Result<(), StoreError> {
        self.cut().await?;
        for row in self.store.jobs().await? {
            if self.registry.get(&row.definition.task).is_none() {
                self.store.pass_job(&row.definition.name, self.time.now()).await?;
            }
        }
        Ok(())
    }

    /// Says that this process's runs live, and looks for those of the dead.
    async fn live(&self) -> Result<(), StoreError> {
        self.store.beat_runs(&self.runner, real_now()).await?;
        self.cut().await
    }

    async fn cut(&self) -> Result<(), StoreError> {
        let text = say::cut();
        let times = (self.time.now(), real_now().plus_s(-SILENT_S));
        for run in self.store.cut_runs(&self.runner, times, (&text.ko, &text.en)).await? {
            tracing::warn!(job = %run.job, due = %run.due, "a run was cut by the end of its process");
            self.alarm.raise(&run).await;
        }
        Ok(())
    }

    /// Deals with everything that is due; gives the next instant.
    async fn round(self: &Arc<Self>) -> Result<Option<Timestamp>, StoreError> {
        let now = self.time.now();
        let mut next: Option<Timestamp> = None;
        for row in self.store.jobs().await? {
            // Another program's job, one that is off, or one that nothing here can do.
            let Some(schedule) = self.schedules.get(&row.definition.name) else { continue };
            let Some(task) = self.registry.get(&row.definition.task) else { continue };
            if !row.definition.enabled {
                continue;
            }
            if let Some(waiting) = waiting(schedule, &self.calendar, (row.seen, now)) {
                self.settle(&row, waiting, (task, now)).await?;
            }
            let due = schedule.next(now, &self.calendar);
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }

    /// Runs the latest instant when that is still allowed, and records those that were not run.
    async fn settle(
        self: &Arc<Self>,
        row: &JobRow,
        waiting: Waiting,
        (task, now): (Arc<dyn Task>, Timestamp),
    ) -> Result<(), StoreError> {
        let job = &row.definition;
        let allowed_s = match job.missed {
            MissedPolicy::Run => job.grace_s.max(ON_TIME_S),
            MissedPolicy::Skip => ON_TIME_S,
        };
        if now.since(waiting.latest) > allowed_s.saturating_mul(NS_PER_S) {
            return self.unrun(&job.name, (waiting.latest, now), RunOutcome::Missed, &say::missed(waiting.count)).await;
        }
        if let Some(before) = waiting.before {
            let text = say::missed(waiting.count - 1);
            self.unrun(&job.name, (before, now), RunOutcome::Missed, &text).await?;
        }
        match self.store.claim_run((&job.name, waiting.latest), &self.runner, (now, real_now())).await? {
            JobClaim::Won => self.spawn(job.name.clone(), (waiting.latest, now), task),
            JobClaim::Busy => {
                self.unrun(&job.name, (waiting.latest, now), RunOutcome::Skipped, &say::skipped()).await?;
            }
            JobClaim::Settled => {}
        }
        Ok(())
    }

    async fn unrun(
        &self,
        job: &str,
        (due, now): (Timestamp, Timestamp),
        outcome: RunOutcome,
        text: &Text,
    ) -> Result<(), StoreError> {
        let run = JobRunRow {
            job: job.to_owned(),
            due,
            started: now,
            ended: Some(now),
            outcome,
            message_ko: text.ko.clone(),
            message_en: text.en.clone(),
        };
        if self.store.record_unrun(&run).await? {
            tracing::warn!(job, %due, ?outcome, "a due instant was not run");
            self.alarm.raise(&run).await;
        }
        Ok(())
    }

    /// Runs a claimed instant beside the loop.
    pub fn spawn(self: &Arc<Self>, job: String, (due, started): (Timestamp, Timestamp), task: Arc<dyn Task>) {
        let shared = Arc::clone(self);
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        while runs.try_join_next().is_some() {}
        runs.spawn(async move { shared.conduct(job, (due, started), task).await });
    }

    async fn conduct(&self, job: String, (due, started): (Timestamp, Timestamp), task: Arc<dyn Task>) {
        if let Some(fault) = &self.fault {
            fault.reach(Place::InJob);
        }
        tracing::info!(job, %due, "a job runs");
        let (outcome, text) = self.perform(&job, due, task).await;
        let ended = self.time.now().max(started);
        let (message_ko, message_en) = (text.ko, text.en);
        let run = JobRunRow { job, due, started, ended: Some(ended), outcome, message_ko, message_en };
        tracing::info!(job = run.job, %due, ?outcome, "a job has run");
        let mut stopping = self.stopping.subscribe();
        loop {
            match self.store.end_run(&self.runner, &run).await {
                Ok(true) => return self.alarm.raise(&run).await,
                Ok(false) => return tracing::warn!(job = run.job, "a run was taken for dead while it lived"),
                Err(error) => tracing::warn!(%error, job = run.job, "the end of a run can't be written yet"),
            }
            if stopped_within(&mut stopping, RETRY).await {
                return; // the next start records it as cut
            }
        }
    }

    async fn perform(&self, job: &str, due: Timestamp, task: Arc<dyn Task>) -> (RunOutcome, Text) {
        let run = TaskRun { job: job.to_owned(), due };
        let mut work = tokio::spawn(async move { task.run(run).await });
        let mut stopping = self.stopping.subscribe();
        let late = async {
            let _ = stopping.wait_for(|stop| *stop).await;
            tokio::time::sleep(FAREWELL).await;
        };
        let done = tokio::select! {
            done = tokio::time::timeout(RUN_MAX, &mut work) => done,
            () = late => {
                work.abort();
                return (RunOutcome::Cut, say::cut());
            }
        };
        match done {
            Ok(Ok(Ok(text))) => (RunOutcome::Ok, text),
            Ok(Ok(Err(TaskError(text)))) => (RunOutcome::Failed, text),
            Ok(Err(panic)) => {
                tracing::error!(%panic, job, "a task panicked");
                (RunOutcome::Failed, crate::messages::bug("task"))
            }
            Err(_) => {
                work.abort();
                (RunOutcome::Failed, say::too_long())
            }
        }
    }
}

/// True when the program ends within that real time.
async fn stopped_within(stopping: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    tokio::time::timeout(pause, stopping.wait_for(|stop| *stop)).await.is_ok()
}

/// The due instants after `seen` up to `now`. After a long pause the earliest are not counted.
fn waiting(schedule: &Schedule, calendar: &SessionCalendar, (seen, now): (Timestamp, Timestamp)) -> Option<Waiting> {
    let mut found: Option<Waiting> = None;
    let mut from = seen;
    let mut steps = 0;
    while let Some(due) = schedule.next(from, calendar).filter(|due| *due <= now) {
        let before = found.map(|w| w.latest);
        found = Some(Waiting { latest: due, before, count: found.map_or(0, |w| w.count) + 1 });
        steps += 1;
        from = if steps == COUNTED_MAX { due.max(now.plus_s(-LOOK_BACK_S)) } else { due };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_a_pause_are_counted_up_to_a_bound() {
        let at = |day: &str, second: i64| Timestamp::from_kst(day.parse().unwrap(), second);
        let krx = SessionCalendar::krx();
        let daily: Schedule = "at 15:10 on trading days".parse().unwrap();
        let close = 15 * 3600 + 600;
        let found = waiting(&daily, &krx, (at("2026-11-18", close), at("2026-11-23", 0))).unwrap();
        assert_eq!((found.latest, found.count), (at("2026-11-20", close), 2));
        assert_eq!(found.before, Some(at("2026-11-19", close)));
        assert_eq!(waiting(&daily, &krx, (at("2026-11-20", close), at("2026-11-23", 0))), None);
        let often: Schedule = "cron * * * * *".parse().unwrap();
        let found = waiting(&often, &krx, (at("2020-01-01", 0), at("2026-11-20", 30))).unwrap();
        assert_eq!(found.latest, at("2026-11-20", 0));
        assert!((COUNTED_MAX..COUNTED_MAX + 1_500).contains(&found.count), "{found:?}");
    }
}
