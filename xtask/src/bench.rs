//! `make bench`: the micro-benchmarks, then the two workloads with a known answer where their data is there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::demo::target_folder;
use crate::suite;

/// Variable that names the folder with the workloads' data.
const DATA: &str = "BENCH_DATA";
const FILE: &str = "bars_1000000.bin";
const BARS: &str = "1000000";

/// Runs all benchmarks.
///
/// # Errors
/// Where a build fails, or a workload does not give its known answer.
pub fn run(root: &Path) -> Result<()> {
    succeed(root, &["bench", "--workspace", "--locked"])?;
    let Some(data) = data(std::env::var_os(DATA).map(PathBuf::from)) else {
        println!("skipped: w2 and w7. They need {DATA}=FOLDER with {FILE}; docs/benchmarks.md has its layout.");
        return Ok(());
    };
    succeed(root, &["build", "--release", "--locked", "--workspace", "--bin", "fsts"])?;
    for workload in ["w2", "w7"] {
        let mut command = suite::clean_command(target_folder(root).join("release/fsts"));
        command.args(["bench", workload, "--bars", BARS, "--data"]).arg(&data);
        if !command.status().context("can't start the program")?.success() {
            bail!("bench {workload} failed");
        }
    }
    Ok(())
}

/// The file of the workloads, where it is there.
fn data(folder: Option<PathBuf>) -> Option<PathBuf> {
    folder.map(|f| f.join(FILE)).filter(|file| file.is_file())
}

fn succeed(root: &Path, arguments: &[&str]) -> Result<()> {
    let status = suite::cargo(root, arguments).status().context("can't start cargo")?;
    if status.success() { Ok(()) } else { bail!("cargo {} failed", arguments.first().unwrap_or(&"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workloads_run_only_where_their_file_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(data(None), None);
        assert_eq!(data(Some(folder.path().to_owned())), None);
        std::fs::write(folder.path().join(FILE), "").unwrap();
        assert_eq!(data(Some(folder.path().to_owned())), Some(folder.path().join(FILE)));
    }
}
