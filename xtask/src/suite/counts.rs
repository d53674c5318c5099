//! Reads the closing counts that a runner prints about itself.

use std::ops::AddAssign;

/// Tests by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that held.
    pub passed: u64,
    /// Tests that did not, and runners that broke.
    pub failed: u64,
    /// Tests that did not run.
    pub skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Whose closing lines to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prepares others; counts only when it fails.
    Setup,
    /// The whole runner is one test: formatting, lints, a build.
    Whole,
    /// `Summary [ 1.2s] 3 tests run: 2 passed, 1 failed, 0 skipped`.
    Nextest,
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once per binary.
    CargoTest,
    /// `Tests  1 failed | 11 passed | 2 skipped (14)`.
    Vitest,
    /// `3 passed, 0 failed` or `3 passed, 0 failed, 1 skipped`, alone on its line.
    Own,
}

/// Collects the counts from a runner's lines.
#[derive(Debug)]
pub struct Reader {
    format: Format,
    counts: Option<Counts>,
    current_test_skipped: bool,
    data_skips: u64,
}

impl Reader {
    /// A reader for a runner of that format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, counts: None, current_test_skipped: false, data_skips: 0 }
    }

    /// Takes the next line of the runner's output.
    pub fn line(&mut self, line: &str) {
        let plain = without_colours(line);
        let text = plain.trim();
        match self.format {
            Format::Setup | Format::Whole => {}
            Format::Nextest => self.nextest(text),
            Format::CargoTest => {
                if let Some(rest) = text.strip_prefix("test result:") {
                    *self.counts.get_or_insert_default() += words_to_counts(rest.split(['.', ';']));
                }
            }
            Format::Vitest => {
                if let Some(rest) = text.strip_prefix("Tests ") {
                    self.counts = Some(words_to_counts(rest.split(['|', '('])));
                }
            }
            Format::Own => self.own(text),
        }
    }

    fn nextest(&mut self, text: &str) {
        if is_test_status(text) {
            self.current_test_skipped = false;
        } else if text.starts_with("skipped: ") && !self.current_test_skipped {
            // A test that needs data which is not here says so and returns; that is no pass.
            self.current_test_skipped = true;
            self.data_skips += 1;
        } else if text.starts_with("Summary [")
            && let Some((_, rest)) = text.split_once("run: ")
        {
            self.counts = Some(words_to_counts(rest.split([',', '(', ')'])));
        }
    }

    fn own(&mut self, text: &str) {
        let only_counts = text.split(", ").all(|part| {
            part.split_once(' ')
                .is_some_and(|(n, word)| n.parse::<u64>().is_ok() && matches!(word, "passed" | "failed" | "skipped"))
        });
        if only_counts && text.contains(" passed") && text.contains(" failed") {
            *self.counts.get_or_insert_default() += words_to_counts(text.split(','));
        }
    }

    /// The runner's counts, now that it has ended with `success`; a runner that breaks or says nothing is a failure.
    #[must_use]
    pub fn finish(&self, success: bool) -> Counts {
        let one = |passed: u64| Counts { passed, failed: u64::from(!success), skipped: 0 };
        let mut counts = match (self.format, self.counts) {
            (Format::Setup, _) => one(0),
            (Format::Whole, _) => one(u64::from(success)),
            (_, Some(counts)) => counts,
            (_, None) => {
                return Counts { failed: 1, ..Counts::default() };
            }
        };
        let moved = self.data_skips.min(counts.passed);
        counts.passed -= moved;
        counts.skipped += moved;
        if !success && counts.failed == 0 {
            counts.failed = 1;
        }
        counts
    }
}

/// Whether a line of nextest reports on a test; the output of that test follows it.
#[must_use]
pub fn is_test_status(text: &str) -> bool {
    let word = text.trim_start().split(' ').next().unwrap_or_default();
    let words =
        ["PASS", "FAIL", "SLOW", "TIMEOUT", "SIGABRT", "SIGSEGV", "SIGKILL", "LEAK", "TRY", "FLAKY", "TERMINATING"];
    words.contains(&word) && text.contains('[')
}

/// Sums parts such as ` 3 passed`; words that are no outcome are stepped over.
fn words_to_counts<'a>(parts: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::default();
    for part in parts {
        let Some((number, word)) = part.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word.trim() {
            "passed" => counts.passed += number,
            "failed" | "exec failed" | "timed out" => counts.failed += number,
            "skipped" | "ignored" | "todo" => counts.skipped += number,
            _ => {}
        }
    }
    counts
}

/// The line without escape sequences for colours.
#[must_use]
pub fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, success: bool, text: &str) -> (u64, u64, u64) {
        let mut reader = Reader::new(format);
        text.lines().for_each(|l| reader.line(l));
        let counts = reader.finish(success);
        (counts.passed, counts.failed, counts.skipped)
    }

    #[test]
    fn nextest_counts_failures_of_every_kind() {
        let text = "     Summary [   5.104s] 12 tests run: 8 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped";
        assert_eq!(read(Format::Nextest, false, text), (8, 4, 3));
        assert_eq!(read(Format::Nextest, true, "Summary [ 0.1s] 1 test run: 1 passed, 0 skipped"), (1, 0, 0));
    }

    #[test]
    fn a_test_that_skips_itself_for_want_of_data_is_no_pass() {
        let text = "    PASS [ 0.01s] a b\n  stdout ---\n    skipped: FSTS_TEST_DATA not set\n    skipped: again\n\
                    PASS [ 0.01s] a c\n    skipped: FSTS_TEST_DATA not set\nSummary [ 1s] 5 tests run: 5 passed, 1 skipped";
        assert_eq!(read(Format::Nextest, true, text), (3, 0, 3));
    }

    #[test]
    fn cargo_test_adds_up_its_binaries() {
        let line = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(read(Format::CargoTest, true, &format!("{line}\n{line}")), (6, 0, 2));
    }

    #[test]
    fn vitest_counts_tests_and_not_files_with_colours_or_without() {
        let text = " Test Files  1 failed | 2 passed (3)\n\
                    \u{1b}[2m      Tests \u{1b}[22m \u{1b}[31m1 failed\u{1b}[39m | 11 passed | 2 skipped (14)";
        assert_eq!(read(Format::Vitest, false, text), (11, 1, 2));
    }

    #[test]
    fn own_lines_are_read_only_when_they_stand_alone() {
        assert_eq!(
            read(Format::Own, true, "7 passed, 0 failed\nwe saw 9 passed, 1 failed\n2 passed, 0 failed, 1 skipped"),
            (9, 0, 1)
        );
    }

    #[test]
    fn a_runner_that_breaks_or_says_nothing_is_a_failure() {
        assert_eq!(read(Format::Nextest, true, "no summary"), (0, 1, 0));
        assert_eq!(read(Format::Own, false, "3 passed, 0 failed"), (3, 1, 0));
        assert_eq!(read(Format::Whole, false, ""), (0, 1, 0));
        assert_eq!(read(Format::Whole, true, ""), (1, 0, 0));
        assert_eq!(read(Format::Setup, true, ""), (0, 0, 0));
        assert_eq!(read(Format::Setup, false, ""), (0, 1, 0));
    }
}
