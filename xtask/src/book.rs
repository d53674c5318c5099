//! `cargo xtask book`: both books as web pages, by mdBook, which is no part of the program and of no test.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::demo::target_folder;
use crate::{suite, tools};

/// The version that is installed where none is in the search path.
const VERSION: &str = "0.5.4";

/// Builds `docs/book/*` into `target/book`.
///
/// # Errors
/// Where mdBook can't be had or refuses a book.
pub fn build(root: &Path) -> Result<()> {
    let mdbook = match tools::find("mdbook") {
        Some(found) => found,
        None => install(root)?,
    };
    for language in ["ko", "en"] {
        let mut command = Command::new(&mdbook);
        command.args(["build", &format!("docs/book/{language}")]).current_dir(root);
        if !command.status().context("can't start mdbook")?.success() {
            bail!("mdbook refuses docs/book/{language}");
        }
        println!("{}", target_folder(root).join("book").join(language).join("index.html").display());
    }
    Ok(())
}

/// Compiles mdBook into `target/tools`, once.
fn install(root: &Path) -> Result<PathBuf> {
    let place = target_folder(root).join("tools");
    let program = place.join("bin/mdbook");
    if !program.is_file() {
        println!("installing mdbook {VERSION} in {}", place.display());
        let mut cargo = suite::cargo(root, &["install", "--locked", "--version", VERSION, "--root"]);
        cargo.arg(&place).arg("mdbook");
        if !cargo.status().context("can't start cargo")?.success() {
            bail!("cargo install mdbook failed");
        }
    }
    Ok(program)
}
