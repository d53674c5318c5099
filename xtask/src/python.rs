//! Python programs that the tests talk to: a folder per environment under `target/python`, made from a pinned list.
//!
//! `xtask/python/NAME.txt` names every package with its version; the environment is made once and again when the list or
//! the interpreter changes. Tests find `NAME/bin/…` in the folder that `FSTS_TEST_PYTHON` names.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::demo::target_folder;
use crate::suite::clean_command;
use crate::tools;

/// What tests read to find the environments.
pub const VARIABLE: &str = "FSTS_TEST_PYTHON";
/// Written last, so that an environment that was cut off while it was made is made again.
const STAMP: &str = "made-from.txt";

/// The folder of all environments, where [`VARIABLE`] points.
#[must_use]
pub fn folder(root: &Path) -> PathBuf {
    target_folder(root).join("python")
}

/// Whether Debian's `python3` can make environments that have pip.
#[must_use]
pub fn can_make_environments() -> bool {
    let asked = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// Names of all environments: the lists in `xtask/python`, sorted.
///
/// # Errors
/// Where the folder can't be listed.
pub fn names(root: &Path) -> Result<Vec<String>> {
    let lists = root.join("xtask/python");
    let entries = std::fs::read_dir(&lists).with_context(|| format!("can't list {}", lists.display()))?;
    let paths = entries.filter_map(Result::ok).map(|e| e.path());
    let is_list = |p: &PathBuf| p.extension().is_some_and(|e| e == "txt");
    let mut names: Vec<String> =
        paths.filter(is_list).filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// Makes every environment that isn't there yet and gives the folder they are in.
///
/// # Errors
/// As [`environment`].
pub fn all(root: &Path) -> Result<PathBuf> {
    for name in names(root)? {
        environment(root, &name)?;
    }
    Ok(folder(root))
}

/// Makes the environment `name` unless it is there as its list says, and gives its folder.
///
/// # Errors
/// Where the list is missing, Python can't make environments (with the line that installs it), or a package can't be had.
pub fn environment(root: &Path, name: &str) -> Result<PathBuf> {
    let list = root.join("xtask/python").join(name).with_extension("txt");
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("can't read {}", list.display()))?;
    let wanted = stamp(&interpreter()?, &wanted);
    let all = folder(root);
    let place = all.join(name);
    if is_made_from(&place, &wanted) {
        return Ok(place);
    }
    std::fs::create_dir_all(&all).with_context(|| format!("can't make {}", all.display()))?;
    // Two runs at once must not write into one folder; the lock goes with the process.
    let lock = File::create(all.join("lock")).context("can't write the lock of the Python environments")?;
    lock.lock().context("can't lock the Python environments")?;
    if !is_made_from(&place, &wanted) {
        make(&place, &list)?;
        std::fs::write(place.join(STAMP), &wanted).context("can't write the stamp of a Python environment")?;
    }
    Ok(place)
}

fn make(place: &Path, list: &Path) -> Result<()> {
    println!("making the Python environment {}", place.display());
    let mut venv = clean_command("python3");
    run(venv.args(["-m", "venv", "--clear"]).arg(place), "python3 -m venv")?;
    let mut pip = clean_command(place.join("bin/python"));
    // Wheels only: a package must not run code of its own while it is installed.
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    run(pip.args(["--only-binary", ":all:", "-r"]).arg(list), "pip install")
}

fn run(command: &mut Command, name: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("can't start {name}"))?;
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}

/// Version and place of the interpreter: an environment is a shell around it and dies with it.
fn interpreter() -> Result<String> {
    let hint = || format!("Python is missing. Install with:\n  {}", tools::install_line("python3-venv"));
    let output = Command::new("python3").args(["-c", "import sys; print(sys.version, sys.base_prefix)"]).output();
    let output = output.ok().filter(|o| o.status.success()).with_context(hint)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn stamp(interpreter: &str, list: &str) -> String {
    format!("# {interpreter}\n{list}")
}

fn is_made_from(place: &Path, wanted: &str) -> bool {
    std::fs::read_to_string(place.join(STAMP)).is_ok_and(|found| found == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_made_again_when_its_list_or_the_interpreter_changes() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = stamp("3.11", "moto==5\n");
        assert!(!is_made_from(folder.path(), &wanted));
        std::fs::write(folder.path().join(STAMP), &wanted).unwrap();
        assert!(is_made_from(folder.path(), &wanted));
        assert!(!is_made_from(folder.path(), &stamp("3.12", "moto==5\n")));
        assert!(!is_made_from(folder.path(), &stamp("3.11", "moto==6\n")));
    }

    #[test]
    fn every_package_of_every_list_has_one_version() {
        let root = crate::repo::root();
        let names = names(&root).unwrap();
        assert!(names.contains(&"aws".to_owned()));
        for name in names {
            let list = std::fs::read_to_string(root.join("xtask/python").join(&name).with_extension("txt")).unwrap();
            let packages = list.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
            let loose: Vec<&str> = packages.filter(|l| !l.contains("==")).collect();
            assert!(loose.is_empty(), "{name}: {loose:?}");
        }
    }
}
