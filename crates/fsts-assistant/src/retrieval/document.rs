//! Documents: where they come from, and what counts as one.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Largest document, bytes.
const DOCUMENT_MAX: u64 = 1024 * 1024;
/// Most documents of a folder.
const DOCUMENTS_MAX: usize = 5_000;
/// Deepest folder.
const DEPTH_MAX: usize = 8;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Stable name: its path in its folder.
    pub id: String,
    /// What it is: `help` or `document`.
    pub kind: &'static str,
    /// First heading, or its file's name.
    pub title: String,
    /// Its text, with letters composed.
    pub text: String,
    /// It came with the program.
    pub built_in: bool,
}

/// The program's own help.
pub fn built_in() -> Vec<Document> {
    const PAGES: [(&str, &str); 27] = [
        ("help/assistant", include_str!("../../../../docs/book/en/src/assistant.md")),
        ("help/ko/assistant", include_str!("../../../../docs/book/ko/src/assistant.md")),
        ("help/bots", include_str!("../../../../docs/book/en/src/bots.md")),
        ("help/ko/bots", include_str!("../../../../docs/book/ko/src/bots.md")),
        ("help/jobs", include_str!("../../../../docs/book/en/src/jobs.md")),
        ("help/ko/jobs", include_str!("../../../../docs/book/ko/src/jobs.md")),
        ("help/simulation", include_str!("../../../../docs/book/en/src/simulation.md")),
        ("help/ko/simulation", include_str!("../../../../docs/book/ko/src/simulation.md")),
        ("help/alerts", include_str!("../../../../docs/book/en/src/alerts.md")),
        ("help/ko/alerts", include_str!("../../../../docs/book/ko/src/alerts.md")),
        ("help/dashboard", include_str!("../../../../docs/book/en/src/dashboard.md")),
        ("help/ko/dashboard", include_str!("../../../../docs/book/ko/src/dashboard.md")),
        ("help/safety", include_str!("../../../../docs/book/en/src/safety.md")),
        ("help/ko/safety", include_str!("../../../../docs/book/ko/src/safety.md")),
        ("help/configuration", include_str!("../../../../docs/book/en/src/configuration.md")),
        ("help/ko/configuration", include_str!("../../../../docs/book/ko/src/configuration.md")),
        ("help/install", include_str!("../../../../docs/book/en/src/install.md")),
        ("help/ko/install", include_str!("../../../../docs/book/ko/src/install.md")),
        ("help/first-backtest", include_str!("../../../../docs/book/en/src/first-backtest.md")),
        ("help/ko/first-backtest", include_str!("../../../../docs/book/ko/src/first-backtest.md")),
        ("help/first-paper-day", include_str!("../../../../docs/book/en/src/first-paper-day.md")),
        ("help/ko/first-paper-day", include_str!("../../../../docs/book/ko/src/first-paper-day.md")),
        ("help/exit-codes", include_str!("../../../../docs/book/en/src/exit-codes.md")),
        ("help/ko/exit-codes", include_str!("../../../../docs/book/ko/src/exit-codes.md")),
        ("help/index", include_str!("../../../../docs/book/en/src/index.md")),
        ("help/ko/index", include_str!("../../../../docs/book/ko/src/index.md")),
        ("help/reliability", include_str!("../../../../docs/reliability.md")),
    ];
    PAGES.iter().map(|(id, text)| document((*id).to_owned(), text, "help", true)).collect()
}

fn document(id: String, text: &str, kind: &'static str, built_in: bool) -> Document {
    let text = compose(text.trim_start_matches('\u{feff}'));
    let heading = text.lines().find_map(|line| line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()));
    let name = id.rsplit('/').next().unwrap_or(&id);
    let title = heading.filter(|h| !h.is_empty()).unwrap_or(name).chars().take(200).collect();
    Document { id, kind, title, text, built_in }
}

/// A file that may be a document, as the folder shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

/// The texts of a folder, sorted. Links are not followed: they may lead out of it.
pub(super) fn list(folder: &Path) -> Vec<Listed> {
    let mut found = Vec::new();
    walk(folder, 0, &mut found);
    found.sort();
    found.truncate(DOCUMENTS_MAX);
    found
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<Listed>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = entry.path();
        if kind.is_dir() && depth < DEPTH_MAX && found.len() <= DOCUMENTS_MAX {
            walk(&path, depth + 1, found);
        }
        let text = path.extension().is_some_and(|e| e == "md" || e == "txt");
        if !kind.is_file() || !text {
            continue;
        }
        if let Ok(meta) = entry.metadata() {
            let changed = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            found.push(Listed { path, bytes: meta.len(), changed });
        }
    }
}

/// Reads what was listed; a file that can't be read is left out with a warning.
pub(super) fn read(folder: &Path, listed: &[Listed]) -> Vec<Document> {
    let read = |file: &Listed| {
        let id = file.path.strip_prefix(folder).unwrap_or(&file.path).to_string_lossy().replace('\\', "/");
        if file.bytes > DOCUMENT_MAX {
            tracing::warn!(id, "a document is too large and is left out");
            return None;
        }
        match std::fs::read(&file.path) {
            Ok(bytes) => Some(document(id, &String::from_utf8_lossy(&bytes), "document", false)),
            Err(error) => {
                tracing::warn!(id, %error, "a document can't be read");
                None
            }
        }
    };
    listed.iter().filter_map(read).collect()
}

/// Hangul that was taken apart into letters, as some systems write it, put together again.
pub(super) fn compose(text: &str) -> String {
    const L: u32 = 0x1100;
    const V: u32 = 0x1161;
    const T: u32 = 0x11a7;
    let mut composed = String::with_capacity(text.len());
    for letter in text.chars() {
        let code = letter as u32;
        let joined = composed.chars().next_back().and_then(|last| {
            let last = last as u32;
            let syllable = match (last, code) {
                (0x1100..=0x1112, 0x1161..=0x1175) => 0xac00 + ((last - L) * 21 + (code - V)) * 28,
                (0xac00..=0xd7a3, 0x11a8..=0x11c2) if (last - 0xac00).is_multiple_of(28) => last + (code - T),
                _ => return None,
            };
            char::from_u32(syllable)
        });
        match joined {
            Some(syllable) => {
                composed.pop();
                composed.push(syllable);
            }
            None => composed.push(letter),
        }
    }
    composed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_apart_hangul_is_put_together() {
        let apart = "\u{1109}\u{1161}\u{11b7}\u{1109}\u{1165}\u{11bc}";
        assert_eq!(compose(apart), "삼성");
        assert_eq!(compose("가각 abc 삼성"), "가각 abc 삼성");
    }

    #[test]
    fn a_folder_gives_its_texts_and_nothing_outside_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.md"), "# secret").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.md"), folder.path().join("link.md")).unwrap();
        std::fs::create_dir(folder.path().join("notes")).unwrap();
        std::fs::write(folder.path().join("notes/a.md"), "\u{feff}text\n## 제목\n").unwrap();
        std::fs::write(folder.path().join("b.txt"), "no heading").unwrap();
        std::fs::write(folder.path().join("c.pdf"), "x").unwrap();
        let documents = read(folder.path(), &list(folder.path()));
        let seen: Vec<_> = documents.iter().map(|d| (d.id.as_str(), d.title.as_str(), d.built_in)).collect();
        assert_eq!(seen, [("b.txt", "b.txt", false), ("notes/a.md", "제목", false)]);
    }

    #[test]
    fn the_help_is_there() {
        let help = built_in();
        assert!(help.len() >= 6 && help.iter().all(|d| d.built_in && d.text.len() > 500 && !d.title.is_empty()));
    }
}
