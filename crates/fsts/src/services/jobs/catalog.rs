//! The jobs of a program: the defaults, and what the settings make of them.

use fsts_store::{JobDefinition, MissedPolicy};

use super::schedule::Schedule;

/// Trades what the bots of the trading day's end decide.
pub const TRADING_RUN: &str = "trading-run";
/// Fetches bars of the day into the data store.
pub const DATA_COLLECT: &str = "data-collect";
/// Writes down what account and bots are worth.
pub const BALANCE_SNAPSHOT: &str = "balance-snapshot";
/// Tells the day in one message.
pub const ALERTS_DIGEST: &str = "alerts-digest";
/// Copies database and data to a safe place.
pub const BACKUP: &str = "backup";

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3600;

/// A job with its schedule understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// The task that it runs.
    pub task: String,
    /// When.
    pub schedule: Schedule,
    /// What becomes of an instant that nobody could run.
    pub missed: MissedPolicy,
    /// How late a run may begin, seconds of market time.
    pub grace_s: i64,
    /// Whether it runs by its schedule.
    pub enabled: bool,
}

impl Job {
    /// The job as the database keeps it.
    pub fn definition(&self) -> JobDefinition {
        JobDefinition {
            name: self.name.clone(),
            task: self.task.clone(),
            schedule: self.schedule.to_string(),
            missed: self.missed,
            grace_s: self.grace_s,
            enabled: self.enabled,
        }
    }

    /// A job named after its task that runs once when it was missed.
    fn daily(task: &str, schedule: Schedule, grace_s: i64) -> Job {
        let task = task.to_owned();
        Job { name: task.clone(), task, schedule, missed: MissedPolicy::Run, grace_s, enabled: true }
    }
}

/// The jobs of a program whose settings name none.
pub fn defaults() -> Vec<Job> {
    let night: Schedule = "cron 30 3 * * *".parse().expect("invariant: a well-formed constant");
    vec![
        // Five minutes later the closing auction is near and nothing can be traded at a known price.
        Job::daily(TRADING_RUN, Schedule::At { second: 15 * HOUR_S + 10 * MINUTE_S }, 5 * MINUTE_S),
        Job::daily(BALANCE_SNAPSHOT, Schedule::AfterClose { minutes: 10 }, 6 * HOUR_S),
        Job::daily(DATA_COLLECT, Schedule::AfterClose { minutes: 30 }, 12 * HOUR_S),
        Job::daily(ALERTS_DIGEST, Schedule::AfterClose { minutes: 40 }, 3 * HOUR_S),
        Job::daily(BACKUP, night, 12 * HOUR_S),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_readable_and_each_once() {
        let jobs = defaults();
        for job in &jobs {
            assert_eq!(job.definition().schedule.parse(), Ok(job.schedule.clone()), "{}", job.name);
            assert_eq!(jobs.iter().filter(|j| j.name == job.name).count(), 1);
        }
        assert_eq!(jobs[0].definition().schedule, "at 15:10 on trading days");
    }
}
