//! Child processes that never outlive us: each runs in a group of its own, and the group ends with its guard.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::stopwatch::{Stopwatch, pause};

const POLL: Duration = Duration::from_millis(100);
const GRACE: Duration = Duration::from_secs(5);

/// Set when somebody asks us to stop (Ctrl-C, SIGTERM, a closed terminal).
#[derive(Debug, Clone)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for the signals that ask a program to end.
    ///
    /// # Errors
    /// Where the system refuses the handlers.
    pub fn listen() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&flag)).context("can't listen for signals")?;
        }
        Ok(Self(flag))
    }

    /// One that nobody sets, for tests.
    #[must_use]
    pub fn never() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// Has somebody asked?
    #[must_use]
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A child and all it starts; dropping it ends them.
#[derive(Debug)]
pub struct Group {
    child: Child,
    end_signal: Signal,
}

impl Group {
    /// Starts `command` in a process group of its own; `end_signal` is what asks it to end.
    ///
    /// # Errors
    /// Where the program can't be started.
    pub fn spawn(command: &mut Command, end_signal: Signal) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("can't start {name}"))?;
        Ok(Self { child, end_signal })
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = id {
            // An error means that nobody of the group is left, which is what we want.
            let _gone = kill_process_group(group, signal);
        }
    }

    /// What it writes, where it was started with a pipe; the first caller has it.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Asks the group to end and waits up to `limit`; `None` where the child still runs then.
    pub fn finish(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.signal(self.end_signal);
        let watch = Stopwatch::start();
        while self.ended().is_none() && !watch.passed(limit) {
            pause(POLL);
        }
        self.ended()
    }

    /// Asks the group to end, waits a little, then makes it end.
    pub fn end(&mut self) {
        let _status = self.finish(GRACE);
        self.signal(Signal::KILL);
        let _status = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// How a streamed command came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It ended by itself; was it content?
    Ended {
        /// Whether its exit code was 0.
        success: bool,
    },
    /// It ran longer than its limit and was ended.
    TimedOut,
    /// We were asked to stop and ended it.
    Stopped,
}

/// Runs `command`, hands every line of its output to `on_line`, and ends it at `limit` or when asked to stop.
///
/// # Errors
/// Where the program can't be started.
pub fn stream(command: &mut Command, limit: Duration, stop: &Stop, mut on_line: impl FnMut(&str)) -> Result<Outcome> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::spawn(command, Signal::TERM)?;
    let (sender, lines) = channel();
    if let Some(stdout) = group.child.stdout.take() {
        read_lines(stdout, sender.clone());
    }
    if let Some(stderr) = group.child.stderr.take() {
        read_lines(stderr, sender);
    }
    let outcome = follow(&mut group, &lines, limit, stop, &mut on_line);
    drop(group);
    lines.try_iter().for_each(|line| on_line(&line));
    Ok(outcome)
}

fn follow(
    group: &mut Group,
    lines: &Receiver<String>,
    limit: Duration,
    stop: &Stop,
    on_line: &mut impl FnMut(&str),
) -> Outcome {
    let watch = Stopwatch::start();
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => on_line(&line),
            // The pipes may outlive the child when it left a process behind; the child's own end is what counts.
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = group.ended() {
                    return Outcome::Ended { success: status.success() };
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                if let Some(status) = group.ended() {
                    return Outcome::Ended { success: status.success() };
                }
                pause(POLL);
            }
        }
        if stop.asked() {
            return Outcome::Stopped;
        }
        if watch.passed(limit) {
            return Outcome::TimedOut;
        }
    }
}

fn read_lines(pipe: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if sender.send(line).is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> (Outcome, Vec<String>) {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        let outcome =
            stream(command.args(["-c", script]), limit, &Stop::never(), |l| lines.push(l.to_owned())).unwrap();
        (outcome, lines)
    }

    #[test]
    fn lines_of_both_pipes_arrive_and_the_exit_code_is_kept() {
        let (outcome, mut lines) = shell("echo one; echo two >&2; exit 3", GRACE);
        lines.sort();
        assert_eq!((outcome, lines), (Outcome::Ended { success: false }, vec!["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn what_runs_too_long_is_ended_with_all_it_started() {
        let (outcome, lines) = shell("sleep 600 & echo $!; wait", Duration::from_millis(300));
        assert_eq!(outcome, Outcome::TimedOut);
        let stat = format!("/proc/{}/stat", lines.first().unwrap());
        // Killed, it is gone or a zombie that nobody has collected yet; on a busy machine it dies a moment later.
        let watch = Stopwatch::start();
        while !watch.passed(Duration::from_secs(30)) {
            let status = std::fs::read_to_string(&stat).unwrap_or_default();
            if status.is_empty() || status.contains(") Z ") {
                return;
            }
            std::thread::yield_now();
        }
        panic!("the grandchild still runs: {:?}", std::fs::read_to_string(&stat));
    }
}
