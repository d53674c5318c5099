//! `make demo`: the page, the release build, then the program itself in our place.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::tools::{self, Purpose};
use crate::{page, suite};

/// Builds what the demo needs and becomes `fsts demo` with `arguments`; `--no-page` leaves the page out.
///
/// # Errors
/// Where a tool is missing or a build fails; on success it does not return.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let without_page = arguments.iter().any(|a| a == "--no-page");
    if !without_page {
        let hint = "or go on without the page: make demo PAGE=no";
        tools::ensure(Purpose::Demo).and_then(|()| page::build(root)).context(hint)?;
    }
    let mut build = suite::cargo(root, &["build", "--release", "--locked", "--package", "fsts"]);
    if !build.status().context("can't start cargo")?.success() {
        bail!("the build failed");
    }
    let mut command = suite::clean_command(target_folder(root).join("release/fsts"));
    command.arg("demo").args(arguments.iter().filter(|a| *a != "--no-page"));
    // Replacing this process leaves Ctrl-C and the exit code to the program alone.
    Err(command.exec()).context("can't start the program")
}

/// Where cargo puts what it builds.
#[must_use]
pub fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
