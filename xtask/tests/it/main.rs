//! The house rules on the real tree: a broken one fails the same run as a broken behaviour.

use xtask::tidy::Finding;
use xtask::{arrows, repo, tidy};

fn assert_clean(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn every_file_keeps_the_house_rules() {
    assert_clean(&tidy::check_tree(&repo::root()).unwrap());
}

#[test]
fn every_crate_uses_only_what_the_table_allows() {
    assert_clean(&arrows::check_tree(&repo::root()).unwrap());
}

#[test]
fn the_rules_see_this_very_file() {
    let paths = repo::paths(&repo::root()).unwrap();
    assert!(paths.iter().any(|p| p == "xtask/tests/it/main.rs"), "the list of files is empty or wrong");
}
