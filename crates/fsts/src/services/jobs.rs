//! Scheduled jobs: when something is due on the exchange's calendar, and one run of it.
//!
//! ```text
//! schedule.rs  when is it due        catalog.rs  which jobs there are
//! task.rs      what a job runs       scheduler.rs the loop: due, claimed in the database, run, ended
//! trading_run.rs, snapshot.rs, digest.rs  our own tasks
//! alarm.rs, port.rs, view.rs              who hears and sees of it
//! ```
//!
//! Another part offers its work by putting a [`Task`] into the [`Registry`] before [`start`].

mod alarm;
mod catalog;
mod digest;
mod port;
mod schedule;
mod scheduler;
mod snapshot;
mod task;
mod trading_run;
pub mod view;

use std::sync::Arc;

use fsts_store::{Runner, StoreError};

use super::Ground;
use crate::exit::{Exit, Failure};
use crate::messages::run as say;

pub use catalog::{ALERTS_DIGEST, BACKUP, BALANCE_SNAPSHOT, DATA_COLLECT, Job, TRADING_RUN, defaults};
pub use digest::Day;
#[cfg(test)]
pub use digest::Traded;
pub use schedule::Schedule;
pub use scheduler::Scheduler;
#[allow(unused_imports, reason = "parts with tasks of their own use all of it")]
pub use task::{Registry, Task, TaskError, TaskRun};

/// The jobs of the settings.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// All of them, each name once.
    pub jobs: Vec<Job>,
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings { jobs: defaults() }
    }
}

fn unwritable(error: StoreError) -> Failure {
    Failure::new(Exit::Database, say::database(&error.to_string()))
}

/// Starts the scheduler over the tasks of all parts, its own among them.
///
/// # Errors
/// A [`Failure`] when the database does not take the jobs.
pub async fn start(
    ground: &Ground,
    mut registry: Registry,
) -> Result<(Scheduler, Arc<dyn fsts_server::Jobs>), Failure> {
    let (store, stream) = (ground.store.clone(), ground.stream.clone());
    registry.add(snapshot::BalanceSnapshot::new(Arc::clone(&ground.accounts), store.clone()));
    registry.add(trading_run::TradingRun::new(Arc::clone(&ground.accounts)));
    registry.add(digest::Digest::new(Arc::clone(&ground.accounts), store.clone()));
    let jobs = &ground.settings.jobs.jobs;
    let definitions: Vec<_> = jobs.iter().map(Job::definition).collect();
    store.define_jobs(&definitions, ground.time.now()).await.map_err(unwritable)?;
    let scheduler = Scheduler::start(scheduler::Parts {
        store: store.clone(),
        time: ground.time.clone(),
        calendar: ground.calendar.clone(),
        registry,
        schedules: jobs.iter().map(|job| (job.name.clone(), job.schedule.clone())).collect(),
        runner: Runner { owner: stream.clone(), id: crate::runtime::start::run_id() },
        alarm: alarm::Alarm { store, stream: stream.clone(), bell: Arc::clone(&ground.bell) },
        fault: ground.fault.clone(),
    });
    let port = port::JobsPort::new(scheduler.shared(), stream);
    Ok((scheduler, Arc::new(port)))
}
