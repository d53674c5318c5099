//! Names that every model takes: letters, digits, `_` and `-`, at most 64, each once.

use std::collections::BTreeSet;

/// Longest name.
const NAME_MAX: usize = 64;
/// Letters of the hash that keeps a changed name apart from others.
const HASH: usize = 8;

/// The name of a server's tool for the model; `taken` are names that others have.
pub(super) fn model_name(prefix: &str, tool: &str, taken: &BTreeSet<String>) -> String {
    let whole = if prefix.is_empty() { tool.to_owned() } else { format!("{prefix}__{tool}") };
    let plain: String = whole.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if plain.len() <= NAME_MAX && !plain.is_empty() && !taken.contains(&plain) {
        return plain;
    }
    // Shortened or already there: the hash of the whole name tells them apart, and is the same next time.
    let hash = blake3::hash(whole.as_bytes()).to_hex();
    let kept: String = plain.chars().take(NAME_MAX - HASH - 1).collect();
    format!("{kept}_{}", hash.get(..HASH).unwrap_or_default())
}

fn fits(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_one_that_models_take() {
        let none = BTreeSet::new();
        assert_eq!(model_name("news", "search", &none), "news__search");
        assert_eq!(model_name("", "get.quote/now", &none), "get_quote_now");
        for tool in ["x".repeat(200), "시세 조회".to_owned(), "\u{1F600}".repeat(40)] {
            let name = model_name("server", &tool, &none);
            assert!(name.len() <= NAME_MAX && name.chars().all(fits), "{name}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_hash_and_long_names_stay_apart() {
        let taken = BTreeSet::from(["get_quote".to_owned()]);
        let other = model_name("", "get_quote", &taken);
        assert!(other.starts_with("get_quote_") && other.len() == 18, "{other}");
        let long = |end: &str| model_name("s", &format!("{}{end}", "n".repeat(80)), &BTreeSet::new());
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
    }
}
