//! npm programs that the tests talk to: the packages of `xtask/node`, exactly as its lock file says, in `target/node`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::demo::target_folder;
use crate::suite::clean_command;

/// What tests read to find the packages.
pub const VARIABLE: &str = "FSTS_TEST_NODE";
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// Written last, so that an installation that was cut off is made again.
const STAMP: &str = "made-from.txt";

/// Installs the packages unless they are there as the lock file says, and gives the folder with `node_modules`.
///
/// # Errors
/// Where npm is missing or a package can't be had.
pub fn all(root: &Path) -> Result<PathBuf> {
    let (lists, place) = (root.join("xtask/node"), target_folder(root).join("node"));
    let read = |name: &str| std::fs::read_to_string(lists.join(name)).with_context(|| format!("can't read {name}"));
    let texts = [read("package.json")?, read("package-lock.json")?];
    let wanted = texts.concat();
    let is_there = || std::fs::read_to_string(place.join(STAMP)).is_ok_and(|found| found == wanted);
    if is_there() {
        return Ok(place);
    }
    std::fs::create_dir_all(&place).with_context(|| format!("can't make {}", place.display()))?;
    // Two runs at once must not write into one folder; the lock goes with the process.
    let lock = std::fs::File::create(place.join("lock")).context("can't write the lock of the npm packages")?;
    lock.lock().context("can't lock the npm packages")?;
    if is_there() {
        return Ok(place);
    }
    for (name, text) in FILES.iter().zip(&texts) {
        std::fs::write(place.join(name), text).with_context(|| format!("can't write {name}"))?;
    }
    println!("installing the npm packages of {}", lists.display());
    // A package must not run code of its own while it is installed.
    let mut npm = clean_command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&place);
    if !npm.status().context("can't start npm")?.success() {
        bail!("npm ci failed");
    }
    std::fs::write(place.join(STAMP), &wanted).context("can't write the stamp of the npm packages")?;
    Ok(place)
}
