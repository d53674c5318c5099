//! The whole test run: every runner as a child process, its output kept in a file, its counts added up.

pub mod counts;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::demo::target_folder;
use crate::postgres::Server;
use crate::process::{Outcome, Stop, stream};
use crate::stopwatch::Stopwatch;
use crate::tools::{self, Purpose};
use crate::{arrows, node, page, python, tidy};
use counts::{Counts, Format, Reader};

const RUNNER_LIMIT: Duration = Duration::from_secs(45 * 60);

/// What of a person's settings must not reach a test: accounts, databases, web hooks, models.
const PERSONAL: [&str; 10] =
    ["FSTS_", "DATABASE_URL", "DISCORD_", "AWS_", "LLM_", "OPENAI_", "AZURE_", "REDIS_URL", "MCP_", "VECTOR_DB_URL"];
/// What a test run is steered by.
const STEERING: [&str; 3] = ["FSTS_TEST_", "FSTS_NIGHT", "FSTS_FULL"];
/// What `cargo run` says about us; build scripts of others would take it for a change and run again.
const CARGO_OWN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_PRIMARY_PACKAGE", "CARGO_BIN_NAME"];

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// What is quick: format, lints, house rules, unit tests.
    Check,
    /// Everything that decides whether a change may go in.
    All,
}

/// One program that tests something and says how much.
struct Runner {
    name: &'static str,
    format: Format,
    command: Command,
}

/// What became of one runner.
struct Row {
    name: &'static str,
    counts: Counts,
    seconds: f64,
    note: String,
}

/// Runs the plan, prints a table and the closing line.
///
/// # Errors
/// Where the log folder can't be written. Failing tests are no error: the returned counts say so.
pub fn run(root: &Path, plan: Plan) -> Result<Counts> {
    let stop = Stop::listen()?;
    let logs = target_folder(root).join("test-logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("can't make {}", logs.display()))?;
    let mut rows = vec![house_rules(root)];
    if plan == Plan::All {
        rows.push(prepare("tools", || tools::ensure(Purpose::Test)));
    }
    let server = if plan == Plan::All { start_postgres(&stop, &mut rows) } else { None };
    let python = if plan == Plan::All { make_python(root, &mut rows) } else { None };
    let npm = if plan == Plan::All { install_node(root, &mut rows) } else { None };
    for mut runner in runners(root, plan) {
        if let Some(server) = &server {
            runner.command.env("FSTS_TEST_POSTGRES", server.url());
        }
        if let Some(folder) = &python {
            runner.command.env(python::VARIABLE, folder);
        }
        if let Some(folder) = &npm {
            runner.command.env(node::VARIABLE, folder);
        }
        rows.push(run_one(runner, &logs, &stop)?);
    }
    drop(server);
    Ok(close(&rows))
}

/// A command without what must not reach a test or a build.
#[must_use]
pub fn clean_command(program: impl Into<PathBuf>) -> Command {
    let mut command = Command::new(program.into());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if CARGO_OWN.iter().any(|p| text.starts_with(p)) {
            command.env_remove(&name);
        }
    }
    command
}

/// `cargo` with `arguments` at the root.
#[must_use]
pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = clean_command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}

/// A task of xtask as a child, so that its limit, its log and a Ctrl-C work as for any other runner.
fn ourselves(task: &str) -> Command {
    let mut command = clean_command(std::env::current_exe().unwrap_or_else(|_| "xtask".into()));
    command.arg(task);
    command
}

fn for_tests(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|p| text.starts_with(p));
        if starts(&PERSONAL) && !starts(&STEERING) {
            command.env_remove(&name);
        }
    }
    command.envs([
        ("CARGO_TERM_COLOR", "never"),
        ("CARGO_TERM_PROGRESS_WHEN", "never"),
        ("NO_COLOR", "1"),
        ("CI", "1"),
    ]);
    command
}

fn runners(root: &Path, plan: Plan) -> Vec<Runner> {
    let runner = |name, format, command| Runner { name, format, command: for_tests(command) };
    let has_nextest = tools::find("cargo-nextest").is_some();
    let scope: &[&str] = if plan == Plan::Check { &["--lib", "--bins"] } else { &[] };
    let tests = if has_nextest {
        let fixed = ["nextest", "run", "--locked", "--workspace", "--no-tests=pass", "--success-output=immediate"];
        runner("tests", Format::Nextest, cargo(root, &[&fixed[..], scope].concat()))
    } else {
        let all: &[&str] = if plan == Plan::Check { scope } else { &["--lib", "--bins", "--tests"] };
        let fixed = ["test", "--locked", "--workspace", "--no-fail-fast"];
        runner("tests", Format::CargoTest, cargo(root, &[&fixed[..], all].concat()))
    };
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"];
    let mut runners = vec![runner("format", Format::Whole, cargo(root, &["fmt", "--all", "--check"]))];
    if plan == Plan::All {
        if !page::is_installed(root) {
            runners.push(runner("page-packages", Format::Setup, page::install(root)));
        }
        runners.push(runner("page-types", Format::Whole, page::npm(root, &["run", "check"])));
        runners.push(runner("page-tests", Format::Vitest, page::npm(root, &["test"])));
        runners.push(runner("page-build", Format::Whole, page::npm(root, &["run", "build"])));
    }
    runners.push(runner("lints", Format::Whole, cargo(root, &lints)));
    runners.push(tests);
    if plan == Plan::All {
        let documented = ["test", "--locked", "--workspace", "--doc", "--no-fail-fast"];
        runners.push(runner("doc-tests", Format::CargoTest, cargo(root, &documented)));
        runners.push(runner("deploy", Format::Own, ourselves("deploy")));
        runners.push(runner("dashboard", Format::Own, ourselves("dashboard")));
    }
    runners
}

/// The house rules run first because they take a second; the suite of xtask counts them, so here only failures do.
fn house_rules(root: &Path) -> Row {
    prepare("house-rules", || {
        let mut findings = tidy::check_tree(root)?;
        findings.extend(arrows::check_tree(root)?);
        findings.iter().for_each(|f| println!("{f}"));
        if findings.is_empty() { Ok(()) } else { bail!("{} findings", findings.len()) }
    })
}

fn start_postgres(stop: &Stop, rows: &mut Vec<Row>) -> Option<Server> {
    let mut server = None;
    rows.push(prepare("postgresql", || {
        server = Some(Server::start(stop)?);
        Ok(())
    }));
    server
}

fn make_python(root: &Path, rows: &mut Vec<Row>) -> Option<PathBuf> {
    let mut folder = None;
    rows.push(prepare("python", || {
        folder = Some(python::all(root)?);
        Ok(())
    }));
    folder
}

fn install_node(root: &Path, rows: &mut Vec<Row>) -> Option<PathBuf> {
    let mut folder = None;
    rows.push(prepare("node", || {
        folder = Some(node::all(root)?);
        Ok(())
    }));
    folder
}

/// Something in this process that the runners build on; it counts only when it fails.
fn prepare(name: &'static str, work: impl FnOnce() -> Result<()>) -> Row {
    println!("== {name}");
    let watch = Stopwatch::start();
    let note = work().err().map(|e| format!("{e:#}")).unwrap_or_default();
    let counts = Counts { failed: u64::from(!note.is_empty()), ..Counts::default() };
    if !note.is_empty() {
        println!("{note}");
    }
    Row { name, counts, seconds: watch.elapsed().as_secs_f64(), note }
}

fn run_one(mut runner: Runner, logs: &Path, stop: &Stop) -> Result<Row> {
    println!("== {}", runner.name);
    let path = logs.join(format!("{}.log", runner.name));
    let mut log = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    let (mut reader, mut tail) = (Reader::new(runner.format), Tail::new(runner.format));
    let watch = Stopwatch::start();
    let outcome = if stop.asked() {
        Ok(Outcome::Stopped)
    } else {
        stream(&mut runner.command, RUNNER_LIMIT, stop, |line| {
            reader.line(line);
            tail.show(line);
            // A full disk must not hide the result, which is on the terminal as well.
            let _unwritten = writeln!(log, "{line}");
        })
    };
    let (success, why) = match outcome {
        Ok(Outcome::Ended { success }) => (success, String::new()),
        Ok(Outcome::TimedOut) => (false, "ended: it ran too long; ".to_owned()),
        Ok(Outcome::Stopped) => (false, "stopped; ".to_owned()),
        Err(error) => (false, format!("{error:#}; {}", missing_hint(runner.name))),
    };
    let counts = reader.finish(success);
    let note = if counts.failed > 0 { format!("{why}see {}", path.display()) } else { String::new() };
    Ok(Row { name: runner.name, counts, seconds: watch.elapsed().as_secs_f64(), note })
}

fn missing_hint(name: &str) -> String {
    let packages = if name.starts_with("page") { "nodejs npm" } else { "build-essential" };
    format!("install with: {}; ", tools::install_line(packages))
}

/// What of a runner's output is shown while it runs; the file has all of it.
struct Tail {
    format: Format,
    inside_passed_test: bool,
}

impl Tail {
    fn new(format: Format) -> Self {
        Self { format, inside_passed_test: false }
    }

    /// What a passed test printed is wanted for the skip marks, not on the screen.
    fn show(&mut self, line: &str) {
        let text = line.trim();
        if self.format == Format::Nextest {
            if counts::is_test_status(text) || text.starts_with("Summary [") {
                self.inside_passed_test = text.starts_with("PASS");
            } else if self.inside_passed_test {
                return;
            }
        }
        println!("{line}");
    }
}

/// Prints the table and, alone on the last line, the sums.
fn close(rows: &[Row]) -> Counts {
    let mut sum = Counts::default();
    println!("\n{:<14} {:>7} {:>7} {:>7} {:>8}", "runner", "passed", "failed", "skipped", "seconds");
    for row in rows {
        sum += row.counts;
        let Counts { passed, failed, skipped } = row.counts;
        println!("{:<14} {passed:>7} {failed:>7} {skipped:>7} {:>8.1}  {}", row.name, row.seconds, row.note);
    }
    println!("\n{} passed, {} failed, {} skipped", sum.passed, sum.failed, sum.skipped);
    sum
}
