//! One at a time in a target: two that clean up at once could remove what the other one needs.

use std::path::Path;

use fsts_domain::Timestamp;
use object_store::PutMode;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

use super::{BackupError, Backups};

/// A lock older than this was left by a process that died; no backup takes so long.
const STALE_NS: i64 = 6 * 3600 * 1_000_000_000;

/// Who is at work.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    since_ns: i64,
    what: String,
    /// Machine and process, so that a dead one is followed at once.
    #[serde(default)]
    host: String,
    #[serde(default)]
    pid: u32,
}

impl Note {
    fn of_us(what: &str, now: Timestamp) -> Note {
        Note { since_ns: now.ns(), what: what.to_owned(), host: host(), pid: std::process::id() }
    }

    /// Whether its writer may still be at work. This process does one thing at a time ([`alone`]), so our own number means
    /// a former life of this machine or container. Where others' processes are hidden, a missing one proves nothing.
    fn holds(&self, now: Timestamp) -> bool {
        let here = !self.host.is_empty() && self.host == host();
        let is_gone = || Path::new("/proc/1").exists() && !Path::new(&format!("/proc/{}", self.pid)).exists();
        let died = here && (self.pid == std::process::id() || is_gone());
        !died && now.ns() - self.since_ns < STALE_NS
    }
}

/// One at a time in this process: the nightly job, a check that a person asked for, and a backup by hand.
static AT_WORK: Mutex<()> = Mutex::const_new(());

/// The right of this process to work on a target, until it is dropped.
pub(super) fn alone(what: &str, now: Timestamp) -> Result<MutexGuard<'static, ()>, BackupError> {
    AT_WORK.try_lock().map_err(|_| BackupError::Busy { what: what.to_owned(), since_ns: now.ns() })
}

impl Backups {
    /// Takes the lock of the target.
    pub(super) async fn lock(&self, what: &str, now: Timestamp) -> Result<(), BackupError> {
        let key = self.key(&["lock"]);
        let note = serde_json::to_vec(&Note::of_us(what, now));
        let note = note.map_err(|e| BackupError::Damaged { what: e.to_string() })?;
        match self.write(&key, note.clone(), PutMode::Create).await {
            Ok(()) => return Ok(()),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {}
            Err(error) => return Err(self.failed(&error)),
        }
        let held = self.read(&key).await?.and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
        if let Some(held) = held.filter(|held| held.holds(now)) {
            return Err(BackupError::Busy { what: held.what, since_ns: held.since_ns });
        }
        self.write(&key, note, PutMode::Overwrite).await.map_err(|e| self.failed(&e))
    }

    pub(super) async fn unlock(&self) {
        if let Err(error) = self.remove(&self.key(&["lock"])).await {
            tracing::warn!(%error, "the lock of the backup target stays; it is ignored after six hours");
        }
    }
}

fn host() -> String {
    std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_process_of_this_machine_holds_nothing_and_another_machine_holds_for_hours() {
        let now = Timestamp::from_ns(1_795_000_000_000_000_000);
        let parent = std::os::unix::process::parent_id();
        let note = |host: String, pid: u32| Note { host, pid, ..Note::of_us("a backup", now) };
        let living = note(host(), parent);
        assert!(living.holds(now));
        // Numbers of processes end far below.
        assert!(host().is_empty() || !note(host(), u32::MAX).holds(now));
        let elsewhere = note("another-machine".to_owned(), u32::MAX);
        assert!(elsewhere.holds(now.plus_s(3600)) && !elsewhere.holds(now.plus_s(7 * 3600)));
    }
}
