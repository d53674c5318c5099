//! Secrets are taken out of log lines: known values whole, and what looks like one.

use secrecy::{ExposeSecret, SecretString};

/// Shorter values would be found in ordinary words.
const SECRET_MIN: usize = 6;
const HIDDEN: &str = "[hidden]";
/// Names whose values are never shown, in any case and with any quotes.
const NAMES: [&str; 13] = [
    "appkey",
    "appsecret",
    "app_key",
    "app_secret",
    "api_key",
    "access_token",
    "approval_key",
    "authorization",
    "password",
    "secretkey",
    "x-api-key",
    // Keys of the stream's encryption are named so briefly that the quotes must tell.
    "\"iv",
    "\"key",
];
/// What ends a value.
const ENDS: [char; 10] = [' ', '"', '\\', '\'', ',', ';', '&', '}', ')', '<'];
/// Tokens as they are commonly made, by how they begin and the least number of characters after that.
const MARKS: [(&str, usize); 5] = [("eyJ", 20), ("sk-", 16), ("AKIA", 12), ("/webhooks/", 8), ("AKID", 12)];

/// Knows the secrets of the program, and does nothing else with them but hide them.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// What is hidden with what is shown in its place, the longest first.
    known: Vec<(SecretString, String)>,
}

impl Redactor {
    /// Hides these values. Numbers of accounts keep their last four digits.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Redactor {
        let shown = |secret: SecretString| {
            let text = secret.expose_secret();
            if text.len() < SECRET_MIN {
                return Vec::new();
            }
            match account(text) {
                Some(mask) => {
                    let (front, product) = text.split_at(8);
                    let dashed = (!product.is_empty()).then(|| SecretString::from(format!("{front}-{product}")));
                    dashed.into_iter().chain([secret.clone()]).map(|s| (s, mask.clone())).collect()
                }
                None => vec![(secret, HIDDEN.to_owned())],
            }
        };
        let mut known: Vec<(SecretString, String)> = secrets.into_iter().flat_map(shown).collect();
        // One may be the beginning of another.
        known.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.expose_secret().len()));
        Redactor { known }
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, shown) in &self.known {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), shown);
            }
        }
        let text = after_names(&after_bearer(&text));
        let text = MARKS.iter().fold(text, |text, (mark, least)| after_mark(&text, mark, *least));
        account_numbers(&text)
    }
}

/// The mask of an account number: 8 or 10 digits.
fn account(text: &str) -> Option<String> {
    let fits = matches!(text.len(), 8 | 10) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("****{}", text.get(4..8).unwrap_or_default()))
}

/// Hides the values of `name=value`, `name: value` and `"name":"value"`.
fn after_names(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for name in NAMES {
        let mut from = 0;
        while let Some(at) = lower.get(from..).and_then(|rest| rest.find(name)).map(|at| from + at) {
            from = at + name.len();
            let Some(rest) = text.get(from..) else { break };
            let sign = rest.trim_start_matches(['"', '\'', '\\', ' ']);
            let Some(value) = sign.strip_prefix(['=', ':']) else { continue };
            let value = value.trim_start_matches(['"', '\'', '\\', ' ', '=']);
            let start = text.len() - value.len();
            let length = value.find(ENDS).unwrap_or(value.len());
            if length > 0 && !value.starts_with(HIDDEN) {
                cuts.push((start, start + length));
            }
        }
    }
    cuts.sort_unstable();
    let (mut out, mut last) = (String::with_capacity(text.len()), 0);
    for (start, end) in cuts {
        if start >= last {
            out.push_str(text.get(last..start).unwrap_or_default());
            out.push_str(HIDDEN);
            last = end;
        }
    }
    out.push_str(text.get(last..).unwrap_or_default());
    out
}

/// Hides what begins with a mark and goes on long enough.
fn after_mark(text: &str, mark: &str, least: usize) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(mark) {
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '=');
        let length = after.find(|c| !goes_on(c)).unwrap_or(after.len());
        let (tail, left) = after.split_at(length);
        out.push_str(before);
        // Inside of a word it begins nothing.
        let begins = mark.starts_with('/') || !out.ends_with(|c: char| c.is_alphanumeric());
        match begins && length >= least {
            true if mark.starts_with('/') => out.push_str(&format!("{mark}{HIDDEN}")),
            true => out.push_str(HIDDEN),
            false => out.push_str(&format!("{mark}{tail}")),
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

fn after_bearer(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.to_ascii_lowercase().find("bearer ") {
        let (before, after) = rest.split_at(at + "bearer ".len());
        let length = after.find(ENDS).unwrap_or(after.len());
        out.push_str(before);
        // A short word is a word.
        out.push_str(if length >= SECRET_MIN { HIDDEN } else { after.get(..length).unwrap_or_default() });
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Masks what is written as an account number: 12345678-01.
fn account_numbers(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_number = |at: usize| {
        (at == 0 || !digit(at - 1))
            && (at..at + 8).all(digit)
            && bytes.get(at + 8) == Some(&b'-')
            && (at + 9..at + 11).all(digit)
            && !digit(at + 11)
            && bytes.get(at + 11) != Some(&b'-')
    };
    let (mut out, mut last) = (String::with_capacity(text.len()), 0);
    let mut at = 0;
    while at < bytes.len() {
        if is_number(at) {
            out.push_str(text.get(last..at).unwrap_or_default());
            out.push_str("****");
            out.push_str(text.get(at + 4..at + 8).unwrap_or_default());
            at += 11;
            last = at;
        } else {
            at += 1;
        }
    }
    out.push_str(text.get(last..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        let known = ["canary-token-1", "canary-token-12", "5000000101", "50000001", "short"];
        Redactor::new(known.map(SecretString::from)).clean(text)
    }

    #[test]
    fn known_values_are_hidden_and_accounts_keep_four_digits() {
        assert_eq!(clean("a canary-token-12 b canary-token-1 c"), "a [hidden] b [hidden] c");
        assert_eq!(clean("5000000101 50000001-01 50000001"), "****0001 ****0001 ****0001");
        assert_eq!(clean("too short to hide, order 0000001234"), "too short to hide, order 0000001234");
        assert!(!format!("{:?}", Redactor::new([SecretString::from("canary-token-1")])).contains("canary"));
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden_wherever_it_comes_from() {
        let cases = [
            ("sent Authorization: Bearer abc.def-123 to x", "sent Authorization: [hidden] [hidden] to x"),
            ("bearer zzzzzzzz, next", "bearer [hidden], next"),
            ("the bearer of news", "the bearer of news"),
            (
                r#"{"appkey":"PSabc","appsecret": "s3cr3t/+=","other":1}"#,
                r#"{"appkey":"[hidden]","appsecret": "[hidden]","other":1}"#,
            ),
            ("password=hunter22&user=kim", "password=[hidden]&user=kim"),
            ("https://discord.com/api/webhooks/123/abc_DEF failed", "https://discord.com/api/webhooks/[hidden] failed"),
            ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x y", "token [hidden] y"),
            (
                r#"{\"iv\":\"0123\",\"key\": \"abcd\",\"keyword\":\"x\"}"#,
                r#"{\"iv\":\"[hidden]\",\"key\": \"[hidden]\",\"keyword\":\"x\"}"#,
            ),
            ("key sk-abcdefghijklmnopqrst.", "key [hidden]"),
            ("task-balance-snapshot-and-more runs", "task-balance-snapshot-and-more runs"),
            ("account 12345678-01 of 2026-11-20", "account ****5678 of 2026-11-20"),
            ("id 3f2504e0-4f89-41d3-9a0c-0305e82c3301", "id 3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
            ("체결 005930 10주 at 71200", "체결 005930 10주 at 71200"),
        ];
        for (line, cleaned) in cases {
            assert_eq!(clean(line), cleaned);
        }
    }
}
