//! Documents cut into passages: along headings and paragraphs, with some overlap, and with a table's head on each piece.

use super::document::Document;

/// About 350 tokens of mixed Korean and English, characters.
const PASSAGE_MAX: usize = 900;
/// About 60 tokens.
const OVERLAP: usize = 150;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    /// Place of its document.
    pub document: usize,
    /// Which piece of it.
    pub piece: usize,
    /// Its text, with the heading that it stands under.
    pub text: String,
    /// Hash of the text.
    pub hash: String,
}

/// Cuts all documents.
pub(super) fn cut(documents: &[Document]) -> Vec<Passage> {
    let each = documents.iter().enumerate();
    each.flat_map(|(document, d)| {
        pieces(&d.text).into_iter().enumerate().map(move |(piece, text)| {
            let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
            Passage { document, piece, text, hash }
        })
    })
    .collect()
}

fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut heading = String::new();
    let mut open = String::new();
    for block in blocks(text) {
        if let Some(title) = block.strip_prefix('#') {
            flush(&mut pieces, &heading, &mut open, false);
            title.trim_start_matches('#').trim().clone_into(&mut heading);
            continue;
        }
        for part in fitting(&block) {
            if !open.is_empty() && length(&open) + length(&part) > PASSAGE_MAX {
                flush(&mut pieces, &heading, &mut open, true);
            }
            if !open.is_empty() {
                open.push_str("\n\n");
            }
            open.push_str(&part);
        }
    }
    flush(&mut pieces, &heading, &mut open, false);
    pieces
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Ends a piece; where the section goes on, the next begins with the end of this one.
fn flush(pieces: &mut Vec<String>, heading: &str, open: &mut String, goes_on: bool) {
    let body = std::mem::take(open);
    if body.trim().is_empty() {
        return;
    }
    if goes_on && !body.contains("\n|") {
        let skipped = length(&body).saturating_sub(OVERLAP);
        let tail: String = body.chars().skip(skipped).collect();
        // The overlap begins with a whole word.
        tail.split_once(char::is_whitespace).map_or(tail.as_str(), |(_, rest)| rest).clone_into(open);
    }
    pieces.push(if heading.is_empty() { body } else { format!("{heading}\n{body}") });
}

/// Headings, paragraphs and tables, each by itself.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut ended = true;
    for line in text.lines() {
        let is_heading = line.starts_with('#');
        if line.trim().is_empty() || is_heading {
            ended = true;
        }
        match blocks.last_mut() {
            Some(last) if !ended => {
                last.push('\n');
                last.push_str(line);
            }
            _ if !line.trim().is_empty() => {
                blocks.push(line.to_owned());
                ended = is_heading;
            }
            _ => {}
        }
    }
    blocks
}

/// A block in parts that fit; each part of a table keeps its head.
fn fitting(block: &str) -> Vec<String> {
    if length(block) <= PASSAGE_MAX {
        return vec![block.to_owned()];
    }
    let lines: Vec<&str> = block.lines().collect();
    let is_table = lines.len() > 2 && lines.iter().all(|l| l.trim_start().starts_with('|'));
    let head = if is_table { lines.iter().take(2).copied().collect::<Vec<_>>().join("\n") } else { String::new() };
    let units: Vec<String> = if is_table {
        lines.iter().skip(2).map(|l| (*l).to_owned()).collect()
    } else {
        block.split_inclusive(['.', '\n', '!', '?']).flat_map(hard_cut).collect()
    };
    let mut parts = vec![head.clone()];
    for unit in units {
        let full = parts.last().is_some_and(|p| length(p) + length(&unit) > PASSAGE_MAX && *p != head);
        if full {
            parts.push(head.clone());
        }
        if let Some(part) = parts.last_mut() {
            if is_table {
                part.push('\n');
            }
            part.push_str(&unit);
        }
    }
    parts
}

/// A text without any end is cut by length.
fn hard_cut(unit: &str) -> Vec<String> {
    let letters: Vec<char> = unit.chars().collect();
    letters.chunks(PASSAGE_MAX).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_stands_under_its_heading_and_is_not_too_long() {
        let long = "한 문장이 있다. ".repeat(200);
        let found = pieces(&format!("# 하나\n첫 글.\n\n## 둘\n{long}\n\n끝 글."));
        assert_eq!(found[0], "하나\n첫 글.");
        assert!(found.len() > 2 && found[1..].iter().all(|p| p.starts_with("둘\n")), "{found:?}");
        assert!(found.iter().all(|p| length(p) <= PASSAGE_MAX + OVERLAP + 10));
        assert!(found.last().unwrap().ends_with("끝 글."));
    }

    #[test]
    fn a_table_keeps_its_head_in_every_piece() {
        let rows: String = (0..200).map(|n| format!("| 종목{n} | {n}000원 |\n")).collect();
        let found = pieces(&format!("# 표\n\n| 이름 | 값 |\n|---|---|\n{rows}"));
        assert!(found.len() > 3);
        assert!(found.iter().all(|p| p.contains("| 이름 | 값 |")), "{found:?}");
        assert!(found.iter().any(|p| p.contains("| 종목199 | 199000원 |")));
    }

    #[test]
    fn text_without_any_end_is_cut_all_the_same() {
        let found = pieces(&"가".repeat(5_000));
        assert!(found.len() >= 5 && found.iter().all(|p| length(p) <= PASSAGE_MAX + OVERLAP + 10), "{}", found.len());
        assert!(pieces("").is_empty() && pieces("# only a heading").is_empty());
    }
}
