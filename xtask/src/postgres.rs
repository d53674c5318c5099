//! A real PostgreSQL server for one test run: fresh data folder, free port, own user, gone at the end.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::{Group, Stop};
use crate::stopwatch::{Stopwatch, pause};
use crate::tools;

const START_LIMIT: Duration = Duration::from_secs(60);
/// Another program may take the port between our look and the server's start.
const START_ATTEMPTS: usize = 5;

/// A running server; dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Server {
    // Stopped before the folder under it goes.
    _group: Group,
    _folder: TempDir,
    url: String,
}

/// A line of the system's user table: PostgreSQL refuses to run as root.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Server {
    /// Makes a data folder and starts a server on it.
    ///
    /// # Errors
    /// Where PostgreSQL is missing (with the line that installs it) or doesn't come up (with its last words).
    pub fn start(stop: &Stop) -> Result<Self> {
        let programs = programs().with_context(|| {
            format!("PostgreSQL is missing. Install with:\n  {}", tools::install_line("postgresql"))
        })?;
        let account = if tools::is_root() { Some(unprivileged_account()?) } else { None };
        let folder = tempfile::Builder::new().prefix("fsts-pg-").tempdir().context("no temporary folder")?;
        if let Some(account) = account {
            chown(folder.path(), Some(account.uid), Some(account.gid)).context("can't hand the folder over")?;
        }
        initialise(&programs, folder.path(), account)?;
        for _ in 0..START_ATTEMPTS {
            let port = free_port()?;
            let group = spawn(&programs, folder.path(), account, port)?;
            if let Some(group) = wait_until_ready(&programs, group, port, stop) {
                let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
                return Ok(Self { _group: group, _folder: folder, url });
            }
            if stop.asked() {
                break;
            }
        }
        bail!("PostgreSQL did not start: {}", last_words(folder.path()));
    }

    /// Its address, with a superuser that needs no password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The folder with `initdb` and `postgres`: from the search path, Debian's place, or what `pg_config` says.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let in_path =
        tools::find("initdb").and_then(|p| p.canonicalize().ok()).and_then(|p| p.parent().map(Path::to_path_buf));
    let debian = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let mut folders: Vec<PathBuf> = versions.filter_map(Result::ok).map(|e| e.path().join("bin")).collect();
        folders.sort();
        folders.into_iter().rev().find(complete)
    };
    let asked = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim())).filter(complete)
    };
    in_path.filter(complete).or_else(debian).or_else(asked)
}

fn unprivileged_account() -> Result<Account> {
    let users = std::fs::read_to_string("/etc/passwd").context("can't read the user table")?;
    find_account(&users).context("neither a user `postgres` nor `nobody` exists, and PostgreSQL refuses to run as root")
}

fn find_account(users: &str) -> Option<Account> {
    let account = |name: &str| {
        let fields: Vec<&str> =
            users.lines().map(|l| l.split(':').collect::<Vec<_>>()).find(|f| f.first() == Some(&name))?;
        Some(Account { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    };
    account("postgres").or_else(|| account("nobody"))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// A command that runs in `folder` as `account`, without our settings.
fn command(program: &Path, folder: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("HOME", folder).env_remove("PGDATA").stdin(Stdio::null());
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

fn initialise(programs: &Path, folder: &Path, account: Option<Account>) -> Result<()> {
    let mut initdb = command(&programs.join("initdb"), folder, account);
    initdb.arg("-D").arg(folder.join("data"));
    initdb.args(["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
    let output = initdb.output().context("can't start initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn spawn(programs: &Path, folder: &Path, account: Option<Account>, port: u16) -> Result<Group> {
    let server = programs.join("postgres");
    // With setpriv the server ends even when this process is killed without a chance to clean up.
    let mut postgres = match tools::find("setpriv") {
        Some(setpriv) => {
            let mut wrapped = command(&setpriv, folder, account);
            wrapped.args(["--pdeathsig", "INT"]).arg(&server);
            wrapped
        }
        None => command(&server, folder, account),
    };
    postgres.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    postgres.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    // The machine doesn't lose power during a test; a killed process loses nothing without fsync either.
    for setting in ["fsync=off", "full_page_writes=off", "max_connections=200"] {
        postgres.args(["-c", setting]);
    }
    let log = File::create(folder.join("log")).context("can't write the server's log")?;
    postgres.stdout(log.try_clone()?).stderr(log);
    Group::spawn(&mut postgres, Signal::INT)
}

fn wait_until_ready(programs: &Path, mut group: Group, port: u16, stop: &Stop) -> Option<Group> {
    let watch = Stopwatch::start();
    while !watch.passed(START_LIMIT) && !stop.asked() && group.ended().is_none() {
        let mut asked = Command::new(programs.join("pg_isready"));
        asked.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        if asked.status().is_ok_and(|status| status.success()) && group.ended().is_none() {
            return Some(group);
        }
        pause(Duration::from_millis(50));
    }
    None
}

fn last_words(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_runs_as_postgres_or_else_as_nobody() {
        let both = "root:x:0:0::/:\nnobody:x:65534:65533::/:\npostgres:x:101:104::/:";
        assert_eq!(find_account(both).map(|a| (a.uid, a.gid)), Some((101, 104)));
        assert_eq!(find_account("nobody:x:65534:65533::/:").map(|a| (a.uid, a.gid)), Some((65534, 65533)));
        assert!(find_account("root:x:0:0::/:").is_none());
    }
}
