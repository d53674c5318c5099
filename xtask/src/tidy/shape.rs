//! Lengths: files, lines, functions, parameter lists, test modules, and the sentence a file opens with.

use super::Finding;
use crate::repo::TextFile;
use crate::scan::{Source, functions};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const PARAMETERS_MAX: usize = 5;
const LINE_CHARS_MAX: usize = 140;
const INLINE_TEST_LINES_MAX: usize = 150;

/// Uniform tables: one entry a line, read down its columns.
const WIDE_TABLES: [&str; 1] = ["crates/fsts-kis/src/call.rs"];

const CODE_ENDINGS: [&str; 6] = [".rs", ".ts", ".js", ".mjs", ".svelte", ".css"];

/// Length of a file, for every kind of source we write, and of the lines of a Rust file.
#[must_use]
pub fn check_text(file: &TextFile) -> Vec<Finding> {
    let path = file.path.as_str();
    if !CODE_ENDINGS.iter().any(|e| path.ends_with(e)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        let message = format!("{lines} lines, at most {FILE_LINES_MAX}: split it by duty");
        findings.push(Finding::new(path, 0, "file-length", message));
    }
    // Markup has its own way of breaking lines; rustfmt keeps ours short except for texts and tables.
    let narrow = path.ends_with(".rs") && !WIDE_TABLES.contains(&path);
    for (index, line) in file.text.lines().enumerate().filter(|_| narrow) {
        let chars = line.chars().count();
        if chars > LINE_CHARS_MAX {
            let message = format!("{chars} characters, at most {LINE_CHARS_MAX}");
            findings.push(Finding::new(path, index + 1, "line-length", message));
        }
    }
    findings
}

/// Functions, parameters, test modules and the first line of a Rust file.
#[must_use]
pub fn check_rust(source: &Source) -> Vec<Finding> {
    let path = source.path.as_str();
    let mut findings = Vec::new();
    if !source.raw.iter().find(|l| !l.trim().is_empty()).is_some_and(|l| l.starts_with("//!")) {
        findings.push(Finding::new(
            path,
            1,
            "file-header",
            "begin with `//!` and one sentence on what the file is for",
        ));
    }
    for function in functions::find(source) {
        if function.lines > FUNCTION_LINES_MAX {
            let message = format!("`{}` has {} lines, at most {FUNCTION_LINES_MAX}", function.name, function.lines);
            findings.push(Finding::new(path, function.line, "function-length", message));
        }
        if function.parameters > PARAMETERS_MAX {
            let message = format!("`{}` takes {}, at most {PARAMETERS_MAX}", function.name, function.parameters);
            findings.push(Finding::new(path, function.line, "parameters", message));
        }
    }
    findings.extend(check_inline_tests(source));
    findings
}

fn check_inline_tests(source: &Source) -> Option<Finding> {
    let tests = source.in_test.iter().filter(|t| **t).count();
    if tests == source.in_test.len() || tests <= INLINE_TEST_LINES_MAX {
        return None;
    }
    let line = source.in_test.iter().position(|t| *t).map_or(0, |i| i + 1);
    let message =
        format!("{tests} lines of tests beside the code, at most {INLINE_TEST_LINES_MAX}: move them to tests/it");
    Some(Finding::new(&source.path, line, "inline-tests", message))
}

#[cfg(test)]
mod tests {
    use crate::tidy::cases::{rules, rules_of};

    #[test]
    fn a_file_over_600_lines_is_found_in_rust_and_in_the_page() {
        let long = "\n".repeat(601);
        assert_eq!(rules("crates/a/src/a.rs", &format!("//! A.{long}")), ["file-length"]);
        assert_eq!(rules("web/src/App.svelte", &long), ["file-length"]);
        assert!(rules("crates/a/src/a.rs", &format!("//! A.{}", "\n".repeat(598))).is_empty());
    }

    #[test]
    fn a_function_over_70_lines_is_found() {
        let body = "    a();\n".repeat(69);
        assert_eq!(rules_of(&format!("fn f() {{\n{body}}}")), ["function-length"]);
        assert!(rules_of(&format!("fn f() {{\n{}}}", "    a();\n".repeat(68))).is_empty());
    }

    #[test]
    fn a_sixth_parameter_is_found() {
        assert_eq!(rules_of("fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}"), ["parameters"]);
        assert!(rules_of("fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {}").is_empty());
    }

    #[test]
    fn a_line_over_140_characters_is_found_and_korean_counts_by_character() {
        assert_eq!(rules_of(&format!("// {}", "a".repeat(138))), ["line-length"]);
        assert!(rules_of(&format!("// {}", "말".repeat(137))).is_empty());
    }

    #[test]
    fn a_file_without_an_opening_sentence_is_found() {
        assert_eq!(rules("crates/a/src/a.rs", "fn f() {}\n"), ["file-header"]);
    }

    #[test]
    fn more_than_150_lines_of_tests_beside_the_code_are_found() {
        let module = |lines: usize| format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}", "\n".repeat(lines));
        assert_eq!(rules_of(&module(150)), ["inline-tests"]);
        assert!(rules_of(&module(140)).is_empty());
    }
}
