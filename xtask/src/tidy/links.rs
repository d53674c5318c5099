//! What a page says of the tree must be there: linked files, named paths, and the tests that a promise rests on.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::TextFile;

/// The page whose words with underscores are names of tests.
const PROMISES: &str = "docs/reliability.md";

/// Folders of ours; a word in backticks that begins with one is a path.
const OUR_FOLDERS: [&str; 6] = ["crates/", "docs/", "web/", "xtask/", "deploy/", ".ci/"];

/// A word of the promises page with this many underscores names a test.
const UNDERSCORES_OF_A_TEST: usize = 3;

/// All that a page may refer to.
#[derive(Debug, Default)]
pub struct Tree {
    places: BTreeSet<String>,
    functions: BTreeSet<String>,
}

impl Tree {
    /// The files of `paths` with their folders, and the functions of `files`.
    #[must_use]
    pub fn new(paths: &[String], files: &[TextFile]) -> Self {
        let mut tree = Self::default();
        for path in paths {
            tree.places.insert(path.clone());
            let ends = path.match_indices('/').map(|(at, _)| at);
            tree.places.extend(ends.filter_map(|end| path.get(..end)).map(str::to_owned));
        }
        for file in files.iter().filter(|f| f.path.ends_with(".rs")) {
            for (at, _) in file.text.match_indices("fn ") {
                let rest = file.text.get(at + 3..).unwrap_or_default();
                tree.functions.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
        tree
    }

    fn has(&self, path: &str) -> bool {
        self.places.contains(path.trim_end_matches('/'))
    }

    /// Checks one page; other files are passed over.
    #[must_use]
    pub fn check(&self, file: &TextFile) -> Vec<Finding> {
        if !file.path.ends_with(".md") {
            return Vec::new();
        }
        let mut findings = Vec::new();
        let mut fenced = false;
        for (index, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            let missing = self.missing_links(&file.path, line).into_iter().chain(self.missing_words(&file.path, line));
            findings.extend(missing.map(|what| Finding::new(&file.path, index + 1, "dead-link", what)));
        }
        findings
    }

    fn missing_links(&self, page: &str, line: &str) -> Vec<String> {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local = targets.filter(|t| !t.contains("://") && !t.starts_with('#'));
        local
            .map(|t| (t, resolve(page, t)))
            .filter(|(_, p)| !self.has(p))
            .map(|(t, _)| format!("no file `{t}`"))
            .collect()
    }

    fn missing_words(&self, page: &str, line: &str) -> Vec<String> {
        let quoted = line.split('`').skip(1).step_by(2);
        let mut missing = Vec::new();
        for word in quoted.filter(|w| !w.contains([' ', '*', '<', '{', '…'])) {
            if OUR_FOLDERS.iter().any(|f| word.starts_with(f)) && !is_built(word) && !self.has(word) {
                missing.push(format!("no file `{word}`"));
            }
            let plain = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            let names_a_test = page == PROMISES && plain && word.matches('_').count() >= UNDERSCORES_OF_A_TEST;
            if names_a_test && !self.functions.contains(word) {
                missing.push(format!("no test `{word}`"));
            }
        }
        missing
    }
}

/// Not in the tree before a build.
fn is_built(path: &str) -> bool {
    path.starts_with("web/dist") || path.starts_with("web/node_modules")
}

/// `target` as seen from `page`, without its anchor.
pub(crate) fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('#').next().unwrap_or_default().split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(page: &str, text: &str) -> Vec<String> {
        let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        let files = [file("crates/a/src/lib.rs", "#[test]\nfn a_partial_fill_keeps_its_part() {}\n")];
        let paths = ["README.md", "docs/user/install.md", "crates/a/src/lib.rs"].map(str::to_owned);
        Tree::new(&paths, &files).check(&file(page, text)).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn a_link_to_nowhere_is_found_from_any_folder() {
        assert!(
            missing("README.md", "[a](docs/user/install.md#try-it) [b](https://a.b/c) [c](#d) [d](docs/)").is_empty()
        );
        assert!(missing("docs/user/first.md", "[a](install.md) [b](../../README.md)").is_empty());
        assert_eq!(missing("docs/user/first.md", "[a](README.md)"), ["no file `README.md`"]);
    }

    #[test]
    fn a_path_of_ours_that_does_not_exist_is_found() {
        assert_eq!(
            missing("A.md", "see `crates/a/src/lib.rs`, `crates/a` and `crates/b.rs`"),
            ["no file `crates/b.rs`"]
        );
        assert!(missing("A.md", "`crates/*/src`, `web/dist`, `other/x.rs`\n```\n`crates/b.rs`\n```").is_empty());
    }

    #[test]
    fn a_promise_that_names_no_test_is_found() {
        assert!(missing("docs/reliability.md", "`a_partial_fill_keeps_its_part`, `fsync_off`").is_empty());
        assert_eq!(missing("docs/reliability.md", "`a_test_that_is_gone`"), ["no test `a_test_that_is_gone`"]);
    }
}
