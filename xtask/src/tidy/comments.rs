//! Comments say why; switched-off code, promises without an id and lints switched off without a reason are refused.

use super::Finding;
use crate::scan::{Comment, CommentKind, Source};

const MARKS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// Checks comments and lint attributes.
#[must_use]
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for comment in &source.comments {
        if comment.kind != CommentKind::Doc && looks_like_code(comment) {
            let message = "commented-out code: delete it, git remembers";
            findings.push(Finding::new(&source.path, comment.line, "dead-code", message));
        }
        if let Some(mark) = mark_without_id(&comment.text) {
            let message = format!("`{mark}` needs an id: `TODO(#12): …`");
            findings.push(Finding::new(&source.path, comment.line, "todo-id", message));
        }
    }
    findings.extend(check_lint_attributes(source));
    findings
}

/// A guess: a statement ends in `;` and calls or assigns, a block opens with a keyword or only closes.
fn looks_like_code(comment: &Comment) -> bool {
    comment.text.lines().any(|line| {
        let line = without_quotes(line.trim().trim_start_matches('*').trim());
        let line = line.trim();
        let keyword =
            ["let ", "pub ", "fn ", "use ", "impl ", "struct ", "enum ", "return ", "match ", "if ", "for ", "#["]
                .iter()
                .any(|k| line.starts_with(k));
        let closes = matches!(line, "}" | "};" | "})" | "});" | "},");
        let statement = line.ends_with(';') && (has_call(line) || line.contains(" = ") || line.contains("::"));
        let opens =
            keyword && (line.ends_with('{') || line.ends_with(';') || (line.starts_with("#[") && line.ends_with(']')));
        closes || statement || opens
    })
}

/// Prose may quote code in backticks.
fn without_quotes(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn has_call(line: &str) -> bool {
    line.char_indices().any(|(i, c)| {
        c == '(' && line.get(..i).and_then(|b| b.chars().next_back()).is_some_and(|p| p.is_alphanumeric() || p == '_')
    })
}

fn mark_without_id(text: &str) -> Option<&'static str> {
    MARKS.into_iter().find(|mark| {
        text.match_indices(mark).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            let whole = !before.is_some_and(char::is_alphanumeric) && !rest.starts_with(char::is_alphanumeric);
            let id = rest.strip_prefix("(#").and_then(|r| r.split_once(')')).map(|(id, _)| id);
            whole && !id.is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()))
        })
    })
}

/// `#[allow(…)]` and `#[expect(…)]` carry `reason = "…"` or a comment behind them on their line.
fn check_lint_attributes(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.code.iter().enumerate() {
        let start = line.trim_start();
        let opens = ["#[allow(", "#![allow(", "#[expect(", "#![expect("].iter().any(|a| start.starts_with(a));
        if !opens {
            continue;
        }
        let length = source.code.iter().skip(index).position(|l| l.contains(")]")).unwrap_or(0);
        let whole: String = source.code.iter().skip(index).take(length + 1).map(String::as_str).collect();
        let explained = whole.contains("reason =")
            || source.comments.iter().any(|c| c.line == index + length + 1 && c.trails_code && !c.text.is_empty());
        if !explained {
            let message = "a lint switched off needs `reason = \"…\"` or a comment behind it";
            findings.push(Finding::new(&source.path, index + 1, "allow-reason", message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::tidy::cases::rules_of;

    #[test]
    fn commented_out_code_is_found() {
        for bad in [
            "// let x = price(1);",
            "// self.check();",
            "// }",
            "// if held > 0 {",
            "/*\n  use a::b;\n*/",
            "// #[test]",
        ] {
            assert_eq!(rules_of(bad), ["dead-code"], "{bad}");
        }
    }

    #[test]
    fn prose_is_not_taken_for_code() {
        let good = [
            "// If the broker answers late, ask again; never send twice.",
            "// `let x = f();` would book it twice;",
            "// Rounds per fill (see the rule book);",
            "/// let x = documented();",
            "// for each slice the largest takes the remainder",
        ];
        for text in good {
            assert!(rules_of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_promise_needs_an_id() {
        let todo = concat!("TO", "DO");
        assert_eq!(rules_of(&format!("// {todo}: later")), ["todo-id"]);
        assert_eq!(rules_of(&format!("/// {todo}(soon): later")), ["todo-id"]);
        assert!(rules_of(&format!("// {todo}(#12): the dated tables")).is_empty());
    }

    #[test]
    fn a_lint_switched_off_needs_its_reason() {
        assert_eq!(rules_of("#[allow(dead_code)]\nfn f() {}"), ["allow-reason"]);
        assert_eq!(rules_of("#![allow(\n    dead_code,\n)]"), ["allow-reason"]);
        assert!(rules_of("#[allow(dead_code)] // read by the emulator only\nfn f() {}").is_empty());
        assert!(rules_of("#[expect(dead_code, reason = \"read by the emulator only\")]\nfn f() {}").is_empty());
    }
}
