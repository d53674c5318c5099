//! The house rules that a program can check; each rule is a function from a file to findings.
//!
//! The rules and their reasons stand in `CONTRIBUTING.md`. A rule that is wrong is changed here, in the open: there is
//! no way to switch one off in the file that breaks it.

pub mod book;
pub mod comments;
pub mod links;
pub mod names;
pub mod panics;
pub mod parity;
pub mod purity;
pub mod shape;
pub mod traces;

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::repo::{self, TextFile};
use crate::scan::Source;

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the root of the repository.
    pub path: String,
    /// Line from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Short name of the rule.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// A finding at `path`, line `line`.
    #[must_use]
    pub fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}", self.path, self.line, self.rule, self.message)
    }
}

/// Checks every file of the repository at `root`.
///
/// # Errors
/// Where the list of files can't be read.
pub fn check_tree(root: &Path) -> Result<Vec<Finding>> {
    let paths = repo::paths(root)?;
    let files = repo::text_files(root, &paths);
    let tree = links::Tree::new(&paths, &files);
    let mut findings: Vec<Finding> = paths.iter().filter_map(|path| names::check(path)).collect();
    for file in &files {
        findings.extend(check_file(file));
        findings.extend(tree.check(file));
    }
    findings.extend(book::check(&files));
    findings.extend(parity::check(&files));
    findings.sort();
    Ok(findings)
}

/// Checks one file by all rules that apply to its kind.
#[must_use]
pub fn check_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = traces::check(file);
    findings.extend(shape::check_text(file));
    findings.extend(purity::check_page_test(&file.path, &file.text));
    if file.path.ends_with(".rs") {
        let source = Source::new(&file.path, &file.text);
        findings.extend(shape::check_rust(&source));
        findings.extend(comments::check(&source));
        findings.extend(panics::check(&source));
        findings.extend(purity::check(&source));
    }
    findings
}

#[cfg(test)]
pub(crate) mod cases {
    //! How the rules' own tests ask: which rules does this snippet break?

    use super::{TextFile, check_file};

    /// Names of the rules that `text` at `path` breaks, each once.
    pub fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        let mut rules: Vec<_> = check_file(&file).into_iter().map(|f| f.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// `body` in a file of a product crate.
    pub fn rules_of(body: &str) -> Vec<&'static str> {
        rules("crates/fsts-engine/src/example.rs", &format!("//! A snippet.\n{body}\n"))
    }
}
