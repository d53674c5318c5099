//! The arrows between the crates: who may use whom, read from the manifests.
//!
//! The table is `docs/decisions/0001-crates-and-arrows.md`; a crate that isn't in it fails, so that a new one begins
//! with a decision. Development dependencies are free: a test may look at anything.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::tidy::Finding;

/// Each crate and the crates of ours it may use.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("fsts-domain", &[]),
    ("fsts-indicators", &[]),
    ("fsts-krx", &["domain"]),
    ("fsts-engine", &["domain", "krx"]),
    ("fsts-strategies", &["domain", "indicators", "engine"]),
    ("fsts-sim", &["domain", "krx"]),
    ("fsts-store", &["domain", "engine"]),
    ("fsts-kis", &["domain", "krx", "engine"]),
    ("fsts-lake", &["domain", "krx"]),
    ("fsts-kis-emulator", &["domain", "krx", "sim", "kis"]),
    ("fsts-lab", &["domain", "krx", "indicators", "engine", "strategies", "sim", "lake"]),
    ("fsts-assistant", &["domain", "store"]),
    ("fsts-cloud", &["domain", "store"]),
    ("fsts-server", &["domain", "krx", "indicators", "engine", "store", "lake", "lab", "assistant"]),
    (
        "fsts",
        &[
            "domain",
            "indicators",
            "krx",
            "engine",
            "strategies",
            "sim",
            "store",
            "kis",
            "lake",
            "kis-emulator",
            "lab",
            "assistant",
            "cloud",
            "server",
        ],
    ),
];

/// Crates in which time, chance and I/O come in with the event.
const PURE: [&str; 6] = ["fsts-domain", "fsts-indicators", "fsts-krx", "fsts-engine", "fsts-strategies", "fsts-sim"];

/// What a pure crate must never know.
const IMPURE_PACKAGES: [&str; 10] =
    ["tokio", "hyper", "reqwest", "axum", "sqlx", "tokio-tungstenite", "futures-util", "rand", "getrandom", "rayon"];

/// Only these say "something failed" without saying what the caller must do.
const MAY_USE_ANYHOW: [&str; 2] = ["fsts", "xtask"];

/// Reads all manifests under `crates/` and checks each of them.
///
/// # Errors
/// Where a manifest can't be read or is no TOML.
pub fn check_tree(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let folder = root.join("crates");
    for entry in std::fs::read_dir(&folder).with_context(|| format!("can't list {}", folder.display()))? {
        let manifest = entry?.path().join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let path = manifest.strip_prefix(root).unwrap_or(&manifest).to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&manifest).with_context(|| format!("can't read {path}"))?;
        findings.extend(check_manifest(&path, &text)?);
    }
    findings.sort();
    Ok(findings)
}

/// Checks one manifest against the table.
///
/// # Errors
/// Where it is no TOML.
pub fn check_manifest(path: &str, text: &str) -> Result<Vec<Finding>> {
    let manifest: Table = text.parse().with_context(|| format!("{path} is no TOML"))?;
    let name = manifest.get("package").and_then(|p| p.get("name")).and_then(Value::as_str).unwrap_or_default();
    let mut findings = check_house(path, name, &manifest);
    let Some((_, allowed)) = ALLOWED.iter().find(|(n, _)| *n == name) else {
        let message = format!("`{name}` is not in the table of crates: write the decision first, then add it");
        findings.push(Finding::new(path, 0, "arrow", message));
        return Ok(findings);
    };
    for dependency in dependencies(&manifest) {
        let ours = dependency == "fsts" || dependency.starts_with("fsts-");
        let short = dependency.strip_prefix("fsts-").unwrap_or(&dependency);
        if ours && !allowed.contains(&short) {
            let message = format!("`{name}` must not use `{dependency}`; it may use: {}", list(allowed));
            findings.push(Finding::new(path, 0, "arrow", message));
        }
        if PURE.contains(&name) && IMPURE_PACKAGES.contains(&dependency.as_str()) {
            let message = format!("`{name}` must never know `{dependency}`: it is pure");
            findings.push(Finding::new(path, 0, "arrow", message));
        }
        if dependency == "anyhow" && !MAY_USE_ANYHOW.contains(&name) {
            let message = format!("`{name}` uses anyhow: a library names what the caller must do");
            findings.push(Finding::new(path, 0, "arrow", message));
        }
    }
    Ok(findings)
}

fn list(allowed: &[&str]) -> String {
    if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") }
}

/// Names of the packages it needs to build and run, on any platform.
fn dependencies(manifest: &Table) -> Vec<String> {
    let kinds = ["dependencies", "build-dependencies"];
    let mut tables: Vec<&Table> = kinds.iter().filter_map(|k| manifest.get(*k).and_then(Value::as_table)).collect();
    let targets = manifest.get("target").and_then(Value::as_table);
    for target in targets.into_iter().flat_map(|t| t.values()).filter_map(Value::as_table) {
        tables.extend(kinds.iter().filter_map(|k| target.get(*k).and_then(Value::as_table)));
    }
    let package = |(key, value): (&String, &Value)| {
        value.get("package").and_then(Value::as_str).map_or_else(|| key.clone(), str::to_owned)
    };
    tables.into_iter().flat_map(|t| t.iter().map(package)).collect()
}

/// Folder = package name, nothing is published, the lints are the workspace's.
fn check_house(path: &str, name: &str, manifest: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |message: String| findings.push(Finding::new(path, 0, "manifest", message));
    if path.rsplit('/').nth(1) != Some(name) {
        report(format!("folder and package differ: `{name}`"));
    }
    let inherits = |key: &str, table: Option<&Value>| {
        table.and_then(|t| t.get(key)).and_then(|v| v.get("workspace")).and_then(Value::as_bool) == Some(true)
    };
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if !inherits(key, manifest.get("package")) {
            report(format!("`{key}.workspace = true` is missing"));
        }
    }
    let lints = manifest.get("lints").and_then(|l| l.get("workspace")).and_then(Value::as_bool);
    if lints != Some(true) {
        report("`[lints] workspace = true` is missing".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, rest: &str) -> Vec<String> {
        let house = "version.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
                     license.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n";
        let text = format!("[package]\nname = \"{name}\"\n{house}{rest}");
        let found = check_manifest(&format!("crates/{name}/Cargo.toml"), &text).unwrap();
        found.into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn an_arrow_that_points_outwards_is_found() {
        let found = findings("fsts-engine", "[dependencies]\nfsts-kis = { workspace = true }\n");
        assert_eq!(found, ["`fsts-engine` must not use `fsts-kis`; it may use: domain, krx"]);
    }

    #[test]
    fn a_renamed_or_platform_dependency_does_not_slip_through() {
        let renamed = findings("fsts-domain", "[dependencies]\nrules = { package = \"fsts-krx\", path = \"..\" }\n");
        assert_eq!(renamed.len(), 1);
        let platform = findings("fsts-krx", "[target.'cfg(unix)'.dependencies]\nfsts-engine = \"1\"\n");
        assert_eq!(platform.len(), 1);
    }

    #[test]
    fn arrows_of_the_table_pass_and_tests_may_look_at_anything() {
        let text = "[dependencies]\nfsts-domain = \"1\"\n[dev-dependencies]\nfsts-sim = \"1\"\ntokio = \"1\"\n";
        assert!(findings("fsts-engine", text).is_empty());
    }

    #[test]
    fn a_crate_without_a_decision_is_found() {
        assert_eq!(findings("fsts-nobody", "").len(), 1);
    }

    #[test]
    fn a_pure_crate_never_knows_the_network_and_a_library_never_uses_anyhow() {
        assert_eq!(findings("fsts-engine", "[dependencies]\ntokio = \"1\"\n").len(), 1);
        assert_eq!(findings("fsts-kis", "[dependencies]\nanyhow = \"1\"\ntokio = \"1\"\n").len(), 1);
    }

    #[test]
    fn a_manifest_that_leaves_the_house_is_found() {
        let text = "[package]\nname = \"fsts-krx\"\nversion = \"9.9.9\"\n";
        let found = check_manifest("crates/krx/Cargo.toml", text).unwrap();
        assert_eq!(found.len(), 7, "{found:?}");
    }

    #[test]
    fn nobody_of_the_table_knows_the_binary() {
        assert!(ALLOWED.iter().all(|(_, uses)| !uses.contains(&"fsts")));
    }
}
