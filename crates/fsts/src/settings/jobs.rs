//! `[[jobs]]`: the default jobs, changed and added to.

use fsts_store::MissedPolicy;

use super::raw::{RawJob, RawMissed};
use crate::messages::{Text, jobs as say};
use crate::services::jobs::{Job, JobSettings, defaults};

const NAME_MAX: usize = 40;
/// A week: later than that nobody wants a daily job.
const GRACE_MIN_MAX: i64 = 7 * 24 * 60;
const GRACE_MIN: i64 = 10;

/// The defaults with what the settings say of them, then the jobs that only the settings know.
pub fn jobs(raw: Vec<RawJob>) -> Result<JobSettings, Text> {
    let mut jobs = defaults();
    let mut named: Vec<String> = Vec::with_capacity(raw.len());
    for raw in raw {
        let fits = (1..=NAME_MAX).contains(&raw.name.len());
        if !fits || !raw.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        {
            return Err(say::bad_name(&raw.name));
        }
        if named.contains(&raw.name) {
            return Err(say::twice(&raw.name));
        }
        named.push(raw.name.clone());
        match jobs.iter_mut().find(|job| job.name == raw.name) {
            Some(job) => *job = with(job.clone(), raw)?,
            None => jobs.push(added(raw)?),
        }
    }
    Ok(JobSettings { jobs })
}

fn added(raw: RawJob) -> Result<Job, Text> {
    let lacks = |key: &str| say::incomplete(&raw.name, key);
    let schedule = raw.schedule.as_deref().ok_or_else(|| lacks("schedule"))?;
    let job = Job {
        name: raw.name.clone(),
        task: raw.task.clone().ok_or_else(|| lacks("task"))?,
        schedule: schedule.parse().map_err(|_| say::bad_schedule(&raw.name))?,
        missed: MissedPolicy::Run,
        grace_s: GRACE_MIN * 60,
        enabled: true,
    };
    with(job, raw)
}

fn with(job: Job, raw: RawJob) -> Result<Job, Text> {
    let schedule = match &raw.schedule {
        Some(text) => text.parse().map_err(|_| say::bad_schedule(&raw.name))?,
        None => job.schedule,
    };
    let grace_s = match raw.grace_min {
        Some(minutes) if (0..=GRACE_MIN_MAX).contains(&minutes) => minutes * 60,
        Some(_) => return Err(say::bad_grace(&raw.name, GRACE_MIN_MAX)),
        None => job.grace_s,
    };
    Ok(Job {
        name: job.name,
        task: raw.task.unwrap_or(job.task),
        schedule,
        missed: match raw.missed {
            Some(RawMissed::Run) => MissedPolicy::Run,
            Some(RawMissed::Skip) => MissedPolicy::Skip,
            None => job.missed,
        },
        grace_s,
        enabled: raw.enabled.unwrap_or(job.enabled),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Sources};

    fn read(file: &str) -> Result<Vec<Job>, String> {
        let sources = Sources { file: Some(("f.toml".to_owned(), file.to_owned())), ..Sources::default() };
        Settings::read(&sources).map(|s| s.jobs.jobs).map_err(|f| f.text.en)
    }

    #[test]
    fn a_block_changes_a_default_or_adds_a_job() {
        let jobs = read(
            "[[jobs]]\nname = 'trading-run'\nenabled = false\n[[jobs]]\nname = 'noon'\ntask = 'balance-snapshot'\n\
             schedule = 'at 12:00 on trading days'\nmissed = 'skip'\ngrace_min = 3\n",
        )
        .unwrap();
        assert_eq!(jobs.len(), defaults().len() + 1);
        assert_eq!(jobs[0], Job { enabled: false, ..defaults()[0].clone() });
        let noon = jobs.last().unwrap();
        assert_eq!((noon.missed, noon.grace_s, noon.enabled), (MissedPolicy::Skip, 180, true));
    }

    #[test]
    fn a_wrong_block_is_named_in_a_sentence() {
        let cases = [
            ("name = 'A'", "`A`"),
            ("name = 'noon'\nschedule = 'at 12:00 on trading days'", "`task`"),
            ("name = 'noon'\ntask = 'x'", "`schedule`"),
            ("name = 'noon'\ntask = 'x'\nschedule = 'noon'", "every 30 minutes in session"),
            ("name = 'backup'\ngrace_min = -1", "between 0 and 10080"),
            ("name = 'backup'\nmissed = 'twice'", "one of"),
            ("name = 'backup'\nwhen = 'now'", "when"),
            ("name = 'backup'\n[[jobs]]\nname = 'backup'", "given twice"),
        ];
        for (block, word) in cases {
            let said = read(&format!("[[jobs]]\n{block}\n")).unwrap_err();
            assert!(said.contains(word), "{block}: {said}");
        }
    }
}
