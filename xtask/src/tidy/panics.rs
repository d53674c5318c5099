//! Product code doesn't panic on what can happen: no `unwrap`, and `expect` only with an invariant in words.

use super::Finding;
use crate::scan::Source;

const MESSAGE_START: &str = "\"invariant: ";

/// Calls whose first literal must name the invariant.
const SPEAKING: [&str; 4] = [".expect(", "panic!(", "unreachable!(", ".expect_err("];

/// Checks the lines of `source` that are no test.
#[must_use]
pub fn check(source: &Source) -> Vec<Finding> {
    if source.path.starts_with("xtask/tests") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source.product_lines() {
        for call in [".unwrap()", ".unwrap_err()"] {
            if line.contains(call) {
                let message = format!("`{call}` outside tests: return an error, or `expect(\"invariant: …\")`");
                findings.push(Finding::new(&source.path, number, "unwrap", message));
            }
        }
        for call in SPEAKING {
            for (at, _) in line.match_indices(call) {
                if !is_own_method(line, at, call) && !says_invariant(source, number, at + call.len()) {
                    let message = format!("`{call}…)` must say `{MESSAGE_START}…\"`");
                    findings.push(Finding::new(&source.path, number, "expect", message));
                }
            }
        }
    }
    findings
}

/// A parser may have an `expect` of its own; and `my_panic!` is another macro.
fn is_own_method(line: &str, at: usize, call: &str) -> bool {
    let before = line.get(..at).unwrap_or_default();
    if call.starts_with('.') {
        before.ends_with("self")
    } else {
        before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }
}

/// Whether the literal behind the call, on this line or a later one, begins with the word.
fn says_invariant(source: &Source, number: usize, column: usize) -> bool {
    // The masked line is equal to the raw one character for character, not byte for byte.
    let Some(masked) = source.code.get(number - 1) else {
        return false;
    };
    let chars = masked.get(..column).unwrap_or_default().chars().count();
    let same_line: String = source.raw.get(number - 1).map(|l| l.chars().skip(chars).collect()).unwrap_or_default();
    let later = source.raw.iter().skip(number).map(String::as_str);
    let text = std::iter::once(same_line.as_str()).chain(later).map(str::trim).find(|t| !t.is_empty());
    text.is_some_and(|t| t.starts_with(MESSAGE_START))
}

#[cfg(test)]
mod tests {
    use crate::tidy::cases::rules_of;

    #[test]
    fn unwrap_outside_tests_is_found() {
        assert_eq!(rules_of("fn f() { g().unwrap(); }"), ["unwrap"]);
        assert!(rules_of("fn f() { g().unwrap_or(1); }").is_empty());
        assert!(rules_of("#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap(); }\n}").is_empty());
        assert!(rules_of("// the old code called .unwrap() here\nconst A: &str = \".unwrap()\";").is_empty());
    }

    #[test]
    fn expect_must_name_the_invariant() {
        assert_eq!(rules_of("fn f() { g().expect(\"always there\"); }"), ["expect"]);
        assert_eq!(rules_of("fn f() { g().expect(&text); }"), ["expect"]);
        assert!(rules_of("fn f() { g().expect(\"invariant: a slice has a bar\"); }").is_empty());
        assert!(rules_of("fn f() {\n    g().expect(\n        \"invariant: a slice has a bar\",\n    );\n}").is_empty());
        assert!(rules_of("fn f() { self.expect(Token::Comma); }").is_empty());
    }

    #[test]
    fn panic_and_unreachable_must_name_it_too() {
        assert_eq!(rules_of("fn f() { panic!(\"no\"); }"), ["expect"]);
        assert_eq!(rules_of("fn f() { unreachable!(); }"), ["expect"]);
        assert!(rules_of("fn f() { unreachable!(\"invariant: sessions are sorted\"); }").is_empty());
    }
}
