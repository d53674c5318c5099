//! A PostgreSQL server of a test's own that is stopped and started in the middle of its work.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A server; dropping it ends it and removes its folder.
pub struct PostgresServer {
    folder: TempDir,
    programs: PathBuf,
    account: Option<(u32, u32)>,
    port: u16,
    running: Option<Child>,
}

impl PostgresServer {
    /// Starts one, or says why not.
    pub fn start() -> Option<PostgresServer> {
        // Where the test run has a server of its own, its programs are there.
        if std::env::var_os("FSTS_TEST_POSTGRES").is_none_or(|url| url.is_empty()) {
            println!("skipped: FSTS_TEST_POSTGRES not set");
            return None;
        }
        let programs = programs().expect("initdb and postgres are installed");
        let folder = tempfile::Builder::new().prefix("fsts-pg-").tempdir().unwrap();
        let account = unprivileged();
        if let Some((uid, gid)) = account {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut server = PostgresServer { folder, programs, account, port, running: None };
        let mut initdb = server.command("initdb");
        initdb.arg("-D").arg(server.data());
        initdb.args(["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        server.begin();
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts the stopped server on its old data.
    pub fn begin(&mut self) {
        assert!(self.running.is_none(), "it runs");
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        postgres.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-c", "fsync=off"]);
        let child = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.running = Some(child);
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let mut asked = Command::new(self.programs.join("pg_isready"));
            asked.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if asked.status().is_ok_and(|s| s.success()) {
                return;
            }
        }
        panic!("PostgreSQL does not answer");
    }

    /// Ends the server at once, with every session on it, as a crash would: `INT` asks it to, `QUIT` doesn't wait.
    pub fn end(&mut self, signal: &str) {
        let mut child = self.running.take().expect("it runs");
        let ended = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(ended.success());
        child.wait().unwrap();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env_remove("PGDATA")
            .stdin(Stdio::null());
        if let Some((uid, gid)) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.running.is_some() && !std::thread::panicking() {
            self.end("QUIT");
        } else if let Some(mut child) = self.running.take() {
            // Its children end with it.
            let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
            let _ = child.wait();
        }
    }
}

fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("initdb")).find_map(|p| p.canonicalize().ok());
    let in_path = in_path.and_then(|p| p.parent().map(Path::to_path_buf)).filter(complete);
    in_path.or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        versions.filter_map(Result::ok).map(|e| e.path().join("bin")).find(complete)
    })
}

/// PostgreSQL refuses to run as root: user and group of somebody else, where we are root.
fn unprivileged() -> Option<(u32, u32)> {
    let us = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&us.stdout).trim() != "0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = users.lines().map(|l| l.split(':').collect::<Vec<_>>()).find(|f| f.first() == Some(&name))?;
        Some((line.get(2)?.parse().ok()?, line.get(3)?.parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("a user without rights"))
}
