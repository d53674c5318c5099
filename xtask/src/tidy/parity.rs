//! The table of what the former program had or promised: no blank cell, and every line proven, planned or decided.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::TextFile;

const PAGE: &str = "docs/parity.md";
/// Id, what it was, what we have, proof.
const COLUMNS: usize = 4;
/// A table that lost its lines would have nothing wrong in it.
const ROWS_MIN: usize = 150;

/// Checks the page among the files of the tree; `tests` are the names of all test functions.
#[must_use]
pub fn check(files: &[TextFile]) -> Vec<Finding> {
    let Some(page) = files.iter().find(|f| f.path == PAGE) else {
        return vec![Finding::new(PAGE, 0, "parity", "the table is missing")];
    };
    let tests = tests(files);
    let paths: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
    let mut ids = BTreeSet::new();
    let mut findings = Vec::new();
    for (index, line) in page.text.lines().enumerate().filter(|(_, line)| is_row(line)) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let mut wrong = |message: String| findings.push(Finding::new(PAGE, index + 1, "parity", message));
        if cells.len() != COLUMNS || cells.iter().any(|cell| cell.is_empty()) {
            wrong(format!("{} cells, {COLUMNS} are wanted and none may be blank", cells.len()));
            continue;
        }
        if !ids.insert(cells[0].to_owned()) {
            wrong(format!("{} is there twice", cells[0]));
        }
        let proof = cells[COLUMNS - 1];
        let named: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        for name in named.iter().filter(|name| !tests.contains(*name) && !paths.contains(*name)) {
            wrong(format!("no test `{name}`"));
        }
        if named.is_empty() && !is_planned(proof) {
            wrong("neither a test nor `later: step N` nor `decided: …`".to_owned());
        }
    }
    if ids.len() < ROWS_MIN {
        findings.push(Finding::new(PAGE, 0, "parity", format!("{} rows, at least {ROWS_MIN} are wanted", ids.len())));
    }
    findings
}

/// A line of a table that is neither its head nor the rule under it.
fn is_row(line: &str) -> bool {
    line.starts_with('|') && !line.starts_with("|---") && !line.starts_with("| # ")
}

/// Put off to a step of the plan, or dropped with a reason.
fn is_planned(proof: &str) -> bool {
    let step = proof.strip_prefix("later: step ").and_then(|rest| rest.chars().next());
    let reason = proof.strip_prefix("decided: ").unwrap_or_default();
    matches!(step, Some('3'..='5')) || reason.chars().count() > 10
}

/// Names of all functions that a test attribute stands above.
fn tests(files: &[TextFile]) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for file in files.iter().filter(|f| f.path.ends_with(".rs")) {
        let mut expected = false;
        for line in file.text.lines().map(str::trim) {
            if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
                expected = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| expected) {
                names.insert(rest.split(['(', '<']).next().unwrap_or_default());
                expected = false;
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(row: &str) -> Vec<String> {
        let good = (0..ROWS_MIN).map(|n| format!("| r{n} | x | y | `it_is_so`, `web/a.mjs` |\n")).collect::<String>();
        let page = format!("| # | 옛 | 새 | 증거 |\n|---|---|---|---|\n{good}{row}\n");
        let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        let code = "fn it_is_not() {}\n#[tokio::test(flavor = \"x\")]\nasync fn it_is_so() {}\n";
        let files = [file(PAGE, &page), file("crates/a/src/a.rs", code), file("web/a.mjs", "")];
        check(&files).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn a_row_that_is_blank_unproven_or_told_twice_is_found() {
        assert_eq!(messages("| a | x | y | later: step 4 |"), Vec::<String>::new());
        assert_eq!(messages("| a | x | y | decided: it was a stub |"), Vec::<String>::new());
        for (row, said) in [
            ("| a | x |  | `it_is_so` |", "blank"),
            ("| a | x | y |", "3 cells"),
            ("| a | x | y | soon |", "neither a test"),
            ("| a | x | y | later: step 2 |", "neither a test"),
            ("| a | x | y | `it_is_not` |", "no test `it_is_not`"),
            ("| r1 | x | y | `it_is_so` |", "twice"),
        ] {
            assert!(messages(row).iter().any(|m| m.contains(said)), "{row}: {:?}", messages(row));
        }
    }

    #[test]
    fn a_table_that_lost_its_lines_is_found() {
        let file = TextFile { path: PAGE.to_owned(), text: "| # | a | b | c |\n".to_owned() };
        assert!(check(&[file])[0].message.contains("0 rows"));
        assert!(check(&[])[0].message.contains("missing"));
    }
}
