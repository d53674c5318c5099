//! Sources: passages get numbers when they are found, the model cites them as `[n]`, and what it cites must exist.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::AgentState;

/// Sources that a conversation keeps; older ones can't be cited any more.
const SOURCES_MAX: usize = 60;
/// Characters of a quote.
const QUOTE_MAX: usize = 200;
/// Digits of a number that can be a citation; a year is none.
const DIGITS_MAX: usize = 3;
/// The tool whose passages are numbered.
pub const SEARCH_TOOL: &str = "retrieve_documents";
/// Told when the model cited what nobody found.
pub const UNKNOWN: &str = "unknown_citation";

/// A passage that can be cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its number in the conversation, from 1.
    pub n: u32,
    /// Its document.
    pub doc_id: String,
    /// The document's title.
    pub title: String,
    /// The passage.
    pub passage: String,
}

impl Source {
    /// Words of the passage, as they stand there.
    pub fn quote(&self) -> String {
        self.passage.chars().take(QUOTE_MAX).collect()
    }
}

/// Numbers the passages of a search and gives the result as the model reads it; a passage that is known keeps its number.
pub(super) fn numbered(state: &mut AgentState, found: &Value) -> Option<String> {
    let passages = found.get("passages")?.as_array()?;
    let mut shown = found.clone();
    for (at, passage) in passages.iter().enumerate() {
        let text = |name: &str| passage.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let n = number(state, text("doc_id"), text("title"), text("passage"));
        if let Some(fields) = shown.pointer_mut(&format!("/passages/{at}")).and_then(Value::as_object_mut) {
            fields.insert("cite_as".to_owned(), json!(format!("[{n}]")));
        }
    }
    Some(shown.to_string())
}

fn number(state: &mut AgentState, doc_id: String, title: String, passage: String) -> u32 {
    if let Some(known) = state.sources.iter().find(|s| s.doc_id == doc_id && s.passage == passage) {
        return known.n;
    }
    let n = state.sources.last().map_or(1, |last| last.n + 1);
    state.sources.push(Source { n, doc_id, title, passage });
    let most = state.sources.len().saturating_sub(SOURCES_MAX);
    state.sources.drain(..most);
    n
}

/// The sources that a text cites, by number.
pub fn cited<'s>(sources: &'s [Source], text: &str) -> Vec<&'s Source> {
    let numbers: std::collections::BTreeSet<u32> = marks(text).map(|(_, _, n)| n).collect();
    sources.iter().filter(|source| numbers.contains(&source.n)).collect()
}

/// The text without citations of what does not exist, and whether there were any.
pub(super) fn without_unknown(sources: &[Source], text: &str) -> (String, bool) {
    let unknown: Vec<(usize, usize)> = marks(text)
        .filter(|(_, _, n)| !sources.iter().any(|source| source.n == *n))
        .map(|(start, end, _)| (start, end))
        .collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in &unknown {
        kept.push_str(text.get(at..*start).unwrap_or_default());
        at = *end;
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    (kept, !unknown.is_empty())
}

/// How many bytes at the end of a text may be the beginning of a citation; a stream holds them back.
pub(super) fn held_back(text: &str) -> usize {
    let Some(open) = text.rfind('[') else { return 0 };
    let rest = text.get(open + 1..).unwrap_or_default();
    let begun = rest.len() <= DIGITS_MAX && rest.bytes().all(|b| b.is_ascii_digit());
    if begun { text.len() - open } else { 0 }
}

/// Every `[n]` with its place.
fn marks(text: &str) -> impl Iterator<Item = (usize, usize, u32)> {
    text.match_indices('[').filter_map(|(start, _)| {
        let rest = text.get(start + 1..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let closed = (1..=DIGITS_MAX).contains(&digits) && rest.as_bytes().get(digits) == Some(&b']');
        let n = rest.get(..digits)?.parse().ok()?;
        closed.then_some((start, start + digits + 2, n))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u32) -> Source {
        Source { n, doc_id: format!("d{n}"), title: "t".to_owned(), passage: format!("p{n}") }
    }

    #[test]
    fn citations_of_what_does_not_exist_are_taken_out() {
        let sources = [source(1), source(2)];
        let (text, removed) = without_unknown(&sources, "손절은 3%다[1]. 익절은 6%다 [99][2], [2026]년, [a] 배열[0]");
        assert_eq!((text.as_str(), removed), ("손절은 3%다[1]. 익절은 6%다 [2], [2026]년, [a] 배열", true));
        let numbers: Vec<u32> = cited(&sources, &text).iter().map(|s| s.n).collect();
        assert_eq!(numbers, [1, 2]);
        assert!(!without_unknown(&sources, "없음").1);
    }

    #[test]
    fn the_beginning_of_a_citation_is_held_back() {
        for (text, held) in [("글 [", 1), ("글 [12", 3), ("글 [12]", 0), ("글 [2026", 0), ("글 [a", 0), ("", 0)] {
            assert_eq!(held_back(text), held, "{text}");
        }
    }

    #[test]
    fn a_passage_that_is_found_again_keeps_its_number() {
        let mut state = AgentState::new("s", 0);
        let found = |ids: &[&str]| {
            let passage = |id: &&str| json!({"doc_id": id, "title": "t", "passage": format!("text of {id}")});
            json!({"passages": ids.iter().map(passage).collect::<Vec<_>>(), "warnings": []})
        };
        numbered(&mut state, &found(&["a", "b"])).unwrap();
        let text = numbered(&mut state, &found(&["c", "a"])).unwrap();
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&shown["passages"][0]["cite_as"], &shown["passages"][1]["cite_as"]),
            (&json!("[3]"), &json!("[1]"))
        );
        let many: Vec<String> = (0..100).map(|n| format!("m{n}")).collect();
        numbered(&mut state, &found(&many.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!((state.sources.len(), state.sources.last().unwrap().n), (SOURCES_MAX, 103));
        assert!(numbered(&mut state, &json!({"symbols": []})).is_none());
    }
}
