//! The repository on disk: its root, and the files that belong to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A text file of the repository.
#[derive(Debug)]
pub struct TextFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// Root of the workspace: the folder above this crate.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Paths of all files that are tracked, or that `git add` would track.
///
/// # Errors
/// Where git is missing or `root` is no work tree: without git nobody knows which files belong to the project.
pub fn paths(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git is missing: sudo apt-get install -y git")?;
    if !output.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8(output.stdout).context("a file name is not utf-8")?;
    let mut paths: Vec<String> = text.split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|p| root.join(p).is_file());
    Ok(paths)
}

/// The text files among `paths`; files with a zero byte or outside UTF-8 are left out.
#[must_use]
pub fn text_files(root: &Path, paths: &[String]) -> Vec<TextFile> {
    let mut files = Vec::new();
    for path in paths {
        // A file may vanish while it is read: another program may be writing the tree.
        let Ok(bytes) = std::fs::read(root.join(path)) else {
            continue;
        };
        if bytes.contains(&0) {
            continue;
        }
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(TextFile { path: path.clone(), text });
        }
    }
    files
}
