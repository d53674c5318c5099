//! The page in `web/`: its packages and its build, done again only where something changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// `npm` with `arguments` in `web/`, install scripts off: a package must not run code on the builder's machine.
#[must_use]
pub fn npm(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(root.join("web")).env("npm_config_ignore_scripts", "true");
    command
}

/// The command that brings exactly the locked packages.
#[must_use]
pub fn install(root: &Path) -> Command {
    npm(root, &["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
}

/// Whether the installed packages are those of the lock file.
#[must_use]
pub fn is_installed(root: &Path) -> bool {
    let web = root.join("web");
    let wanted = [web.join("package-lock.json"), web.join("package.json")];
    is_newer(&web.join("node_modules/.package-lock.json"), &wanted)
}

/// Builds `web/dist` unless it is newer than all it is made of.
///
/// # Errors
/// Where npm is missing or the build fails.
pub fn build(root: &Path) -> Result<()> {
    let web = root.join("web");
    let mut parts = files_under(&web.join("src"));
    parts.extend(files_under(&web.join("public")));
    let top = std::fs::read_dir(&web).with_context(|| format!("can't list {}", web.display()))?;
    parts.extend(top.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.is_file()));
    if is_newer(&web.join("dist/index.html"), &parts) {
        return Ok(());
    }
    if !is_installed(root) {
        run(install(root), "npm ci")?;
    }
    run(npm(root, &["run", "build"]), "npm run build")
}

fn run(mut command: Command, name: &str) -> Result<()> {
    println!("{name}");
    let status = command.status().with_context(|| format!("can't start {name}"))?;
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}

/// Whether `product` exists and none of `parts` was changed after it.
fn is_newer(product: &Path, parts: &[PathBuf]) -> bool {
    let Some(made) = changed_at(product) else { return false };
    parts.iter().filter_map(|p| changed_at(p)).all(|changed| changed <= made)
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(Result::ok).map(|e| e.path());
    paths.flat_map(|p| if p.is_dir() { files_under(&p) } else { vec![p] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_new_only_when_it_exists_and_no_part_is_younger() {
        let folder = tempfile::tempdir().unwrap();
        let (part, product) = (folder.path().join("part"), folder.path().join("product"));
        std::fs::write(&part, "a").unwrap();
        assert!(!is_newer(&product, std::slice::from_ref(&part)));
        std::fs::write(&product, "b").unwrap();
        assert!(is_newer(&product, std::slice::from_ref(&part)));
        let later = changed_at(&product).unwrap() + std::time::Duration::from_secs(1);
        std::fs::File::options().append(true).open(&part).unwrap().set_modified(later).unwrap();
        assert!(!is_newer(&product, &[part]));
    }
}
