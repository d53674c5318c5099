//! Secrets are taken out of every text that leaves: to the model, to tools, to readers, to checkpoints and logs.

use secrecy::{ExposeSecret, SecretString};

/// Shorter values would be found in ordinary words.
const SECRET_MIN: usize = 6;
const MASK: &str = "****";

/// Knows the secrets of the program, and nothing else does with them but hide them.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Vec<SecretString>,
}

impl Redactor {
    /// Hides these values.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut secrets: Vec<SecretString> =
            secrets.into_iter().filter(|s| s.expose_secret().len() >= SECRET_MIN).collect();
        // The longest first: one may be the beginning of another.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.expose_secret().len()));
        Redactor { secrets }
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| match text.contains(secret.expose_secret()) {
            true => text.replace(secret.expose_secret(), MASK),
            false => text,
        })
    }

    /// The same for a value, in all its texts.
    pub fn clean_value(&self, value: &serde_json::Value) -> serde_json::Value {
        if self.secrets.is_empty() {
            return value.clone();
        }
        match value {
            serde_json::Value::String(text) => self.clean(text).into(),
            serde_json::Value::Array(items) => items.iter().map(|v| self.clean_value(v)).collect(),
            serde_json::Value::Object(fields) => {
                serde_json::Value::Object(fields.iter().map(|(n, v)| (self.clean(n), self.clean_value(v))).collect())
            }
            other => other.clone(),
        }
    }

    /// How many bytes at the end of a text may be the beginning of a secret; a stream holds them back.
    pub fn held_back(&self, text: &str) -> usize {
        let longest = |secret: &SecretString| {
            let secret = secret.expose_secret();
            let mut ends = (1..secret.len()).rev();
            ends.find(|n| secret.get(..*n).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
        };
        self.secrets.iter().map(longest).max().unwrap_or(0)
    }
}

/// Text without control characters, terminal codes and characters that turn the direction of writing.
pub fn plain_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                // A terminal code: ESC [ … letter.
                if chars.next_if_eq(&'[').is_some() {
                    for code in chars.by_ref() {
                        if code.is_ascii_alphabetic() {
                            break;
                        }
                    }
                }
            }
            '\n' | '\t' => out.push(c),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_whole_and_its_beginning_is_held_back() {
        let redactor = Redactor::new(["canary-key".into(), "canary-key-2".into(), "ab".into()]);
        assert_eq!(redactor.clean("x canary-key-2 y canary-key ab"), "x **** y **** ab");
        assert_eq!(redactor.held_back("my cana"), 4);
        assert_eq!(redactor.held_back("nothing"), 0);
        let value = serde_json::json!({"a": ["canary-key"], "n": 1});
        assert_eq!(redactor.clean_value(&value), serde_json::json!({"a": ["****"], "n": 1}));
        assert!(!format!("{redactor:?}").contains("canary"));
    }

    #[test]
    fn text_for_a_model_has_no_hidden_characters() {
        assert_eq!(plain_text("a\u{1b}[31mb\u{202e}c\u{0}\nd"), "abc\nd");
    }
}
