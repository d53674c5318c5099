//! Checks of `deploy/` and `.github/`: all that can be proven of them without Docker, AWS and GitHub.

pub mod image;
pub mod unit;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{Outcome, Stop, stream};
use crate::suite::{self, counts::Counts, counts::Format, counts::Reader};
use crate::{python, repo, tools};

const MODELS_LIMIT: Duration = Duration::from_secs(5 * 60);
/// The environment that has the service models and the schemas.
const MODELS: &str = "aws";
/// What `systemd-analyze security` may say at most, of 100: the packaged database servers are at 80 and more.
const EXPOSURE_MAX: &str = "20";

/// Runs every check, prints `N passed, N failed, N skipped` and returns the counts.
///
/// # Errors
/// Where a file can't be read or the Python environment can't be had.
pub fn run(root: &Path) -> Result<Counts> {
    let mut counts = Counts::default();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| format!("can't read {path}"));
    let paths = repo::paths(root)?;
    let context = image::Context {
        sources: repo::text_files(root, &paths),
        paths,
        ignore: read("deploy/Dockerfile.dockerignore")?,
        toolchain: read("rust-toolchain.toml")?,
    };
    count(&mut counts, "deploy/Dockerfile", &image::check(&read("deploy/Dockerfile")?, &context));
    let text = read("deploy/fsts.service")?;
    count(&mut counts, "deploy/fsts.service", &unit::check(&text));
    match analyze(&text)? {
        Some(findings) => count(&mut counts, "deploy/fsts.service, as systemd reads it", &findings),
        None => {
            println!("skipped: systemd-analyze is not here");
            counts.skipped += 1;
        }
    }
    counts += models(root)?;
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(counts)
}

fn count(counts: &mut Counts, name: &str, findings: &[String]) {
    findings.iter().for_each(|finding| println!("FAIL {name}: {finding}"));
    if findings.is_empty() {
        counts.passed += 1;
    } else {
        counts.failed += 1;
    }
}

/// What systemd itself says of the unit; `None` where there is none to ask.
fn analyze(text: &str) -> Result<Option<Vec<String>>> {
    let Some(program) = tools::find("systemd-analyze") else {
        return Ok(None);
    };
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let file = folder.path().join("fsts.service");
    // The program is not installed here, and a missing one would be all that is said.
    std::fs::write(&file, text.replace("/usr/local/bin/fsts", "/bin/true")).context("can't write the unit")?;
    let mut findings = Vec::new();
    let security = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX];
    for arguments in [&["verify", "--man=no"][..], &security] {
        let output =
            Command::new(&program).args(arguments).arg(&file).output().context("can't start systemd-analyze")?;
        if !output.status.success() {
            let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
            findings.push(format!("{}: {}", arguments[0], String::from_utf8_lossy(said).trim()));
        }
    }
    Ok(Some(findings))
}

/// Schemas of workflows and compose files, service models and policies, by the script of the Python environment.
fn models(root: &Path) -> Result<Counts> {
    let environment = python::environment(root, MODELS)?;
    let mut command = suite::clean_command(environment.join("bin/python"));
    command.args(["-B", "xtask/python/check_deploy.py"]).current_dir(root);
    let mut reader = Reader::new(Format::Own);
    let outcome = stream(&mut command, MODELS_LIMIT, &Stop::listen()?, |line| {
        reader.line(line);
        if !line.contains(" passed, ") {
            println!("{line}");
        }
    })?;
    Ok(reader.finish(outcome == Outcome::Ended { success: true }))
}
