//! The dashboard in a real browser: the built demo on a free port, the page's checks or its pictures, and a clean stop.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::demo::target_folder;
use crate::process::{Group, Outcome, Stop, stream};
use crate::stopwatch::Stopwatch;
use crate::suite::{self, counts::Counts, counts::Format, counts::Reader};
use crate::{page, tools};

/// From the start of the demo to its line with the address.
const START_LIMIT: Duration = Duration::from_secs(120);
const CHECKS_LIMIT: Duration = Duration::from_secs(20 * 60);
/// Every page in every language, width and colour.
const FULL_LIMIT: Duration = Duration::from_secs(90 * 60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);
/// Market seconds a second: a trading day outlasts the checks, and the first fills come within seconds.
const SPEED: &str = "60";
/// An unoptimised build on a busy machine is slow; milliseconds that the checks wait for each thing.
const PATIENCE_MS: &str = "90000";

/// Where the demo is served, what its writes need, and what makes its first user.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    base: String,
    token: String,
    setup_code: Option<String>,
}

/// The demo, running, with a browser to look at it.
struct Stage {
    demo: Group,
    address: Address,
    browser: PathBuf,
    logs: PathBuf,
    stop: Stop,
    _folder: TempDir,
}

/// Checks the page, prints `N passed, N failed` and returns the counts. With `FSTS_FULL` set every page is looked at in
/// every language, width and colour.
///
/// # Errors
/// Where the browser or the program is missing (with the line that installs it), or the demo does not come up.
pub fn run(root: &Path) -> Result<Counts> {
    let Stage { mut demo, address, browser, logs, stop, _folder } = stage(root)?;
    let full = std::env::var_os("FSTS_FULL").is_some_and(|value| !value.is_empty());
    let mut checks = script(root, "web/e2e/smoke.mjs", &address, &browser);
    checks.env("WRITES", "1").env("OUT", logs.join("dashboard"));
    checks.envs(address.setup_code.iter().map(|code| ("SETUP_CODE", code)));
    if full {
        checks.env("FULL", "1");
    }
    let mut counts = follow(&mut checks, if full { FULL_LIMIT } else { CHECKS_LIMIT }, &stop)?;
    match demo.finish(STOP_LIMIT).map(|status| status.code()) {
        Some(Some(0)) => counts.passed += 1,
        ended => {
            println!("FAIL the demo ends with 0 on SIGTERM: {ended:?}");
            counts.failed += 1;
        }
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts)
}

/// Writes pictures of every page to `target/screenshots`.
///
/// # Errors
/// As [`run`], and where a page doesn't come up.
pub fn screenshots(root: &Path) -> Result<()> {
    let Stage { mut demo, address, browser, stop, .. } = stage(root)?;
    let mut pictures = script(root, "web/e2e/screenshots.mjs", &address, &browser);
    pictures.env("OUT", target_folder(root).join("screenshots"));
    let outcome = stream(&mut pictures, FULL_LIMIT, &stop, |line| println!("{line}"))?;
    demo.finish(STOP_LIMIT);
    if outcome == (Outcome::Ended { success: true }) { Ok(()) } else { bail!("the pictures are not complete") }
}

fn stage(root: &Path) -> Result<Stage> {
    let browser = tools::find("chromium")
        .with_context(|| format!("Chromium is missing. Install with:\n  {}", tools::install_line("chromium")))?;
    if !page::is_installed(root) && !page::install(root).status().context("can't start npm")?.success() {
        bail!("npm ci failed");
    }
    page::build(root)?;
    build(root)?;
    let stop = Stop::listen()?;
    let logs = target_folder(root).join("test-logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("can't make {}", logs.display()))?;
    let folder = tempfile::Builder::new().prefix("fsts-dashboard-").tempdir().context("no temporary folder")?;
    let (mut demo, lines) = start(root, folder.path(), &logs.join("dashboard-demo.log"))?;
    let address = wait_for_address(&mut demo, &lines, &stop)?;
    Ok(Stage { demo, address, browser, logs, stop, _folder: folder })
}

fn script(root: &Path, path: &str, address: &Address, browser: &Path) -> Command {
    let mut command = suite::clean_command("node");
    command.arg(path).current_dir(root).envs([
        ("BASE_URL", address.base.as_str()),
        ("TOKEN", address.token.as_str()),
        ("WAIT_MS", PATIENCE_MS),
    ]);
    command.env("CHROMIUM", browser);
    command
}

/// Builds what the tests build, so that nothing is compiled twice: development dependencies add features to shared crates.
fn build(root: &Path) -> Result<()> {
    let mut build = suite::cargo(root, &["test", "--locked", "--workspace", "--no-run", "--quiet"]);
    if !build.status().context("can't start cargo")?.success() {
        bail!("the build failed");
    }
    Ok(())
}

fn start(root: &Path, data: &Path, log: &Path) -> Result<(Group, Receiver<String>)> {
    let mut command: Command = suite::clean_command(target_folder(root).join("debug/fsts"));
    command.args(["demo", "--json", "--fresh", "--listen", "127.0.0.1:0", "--speed", SPEED, "--data-dir"]).arg(data);
    let log = File::create(log).with_context(|| format!("can't write {}", log.display()))?;
    command.current_dir(data).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    let mut demo = Group::spawn(&mut command, Signal::TERM)?;
    let (sender, lines) = channel();
    let pipe = demo.take_stdout().context("the demo has no output")?;
    // Read to the end: a full pipe would stop the demo.
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _nobody_waits_any_more = sender.send(line);
        }
    });
    Ok((demo, lines))
}

fn wait_for_address(demo: &mut Group, lines: &Receiver<String>, stop: &Stop) -> Result<Address> {
    let watch = Stopwatch::start();
    while !watch.passed(START_LIMIT) && !stop.asked() {
        if let Some(address) = lines.recv_timeout(POLL).ok().and_then(|line| parse(&line)) {
            return Ok(address);
        }
        if let Some(status) = demo.ended() {
            bail!("the demo ended before it served: {status}; see test-logs/dashboard-demo.log");
        }
    }
    bail!("the demo did not print its address within {} s", START_LIMIT.as_secs())
}

/// Reads `{"address":"http://HOST:PORT/#token=…","mode":"paper","setup_code":"…","token":"…"}`.
fn parse(line: &str) -> Option<Address> {
    let text = |key: &str| {
        let (_, rest) = line.split_once(&format!("\"{key}\":\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let base = text("address")?.split("/#").next()?.to_owned();
    Some(Address { base, token: text("token")?, setup_code: text("setup_code") })
}

/// Shows what the checks say and adds up what they count.
fn follow(checks: &mut Command, limit: Duration, stop: &Stop) -> Result<Counts> {
    let mut reader = Reader::new(Format::Own);
    let outcome = stream(checks, limit, stop, |line| {
        reader.line(line);
        if !line.contains(" passed, ") {
            println!("{line}");
        }
    })?;
    Ok(reader.finish(outcome == Outcome::Ended { success: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_demo_gives_address_and_token() {
        let line = r#"{"address":"http://127.0.0.1:4711/#token=ab","mode":"paper","setup_code":"C","token":"ab"}"#;
        let setup_code = Some("C".to_owned());
        let base = "http://127.0.0.1:4711".to_owned();
        assert_eq!(parse(line), Some(Address { base, token: "ab".to_owned(), setup_code }));
        assert_eq!(parse("starting"), None);
    }
}
