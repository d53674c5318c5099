//! The pages of both books, their fenced blocks, and the commands in these.

use std::path::{Path, PathBuf};

/// What is done with a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Its commands are run.
    Run,
    /// Its commands are run against a running program.
    Running,
    /// Its commands are read and not carried out.
    Parse,
    /// It is written into the folder under this name.
    File(String),
    /// It is only shown.
    Shown,
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    pub kind: Kind,
    pub language: String,
    pub text: String,
    /// Line of its fence, from 1.
    pub line: usize,
}

/// A command without its `$ fsts`.
#[derive(Debug)]
pub struct Command {
    pub line: String,
    pub words: Vec<String>,
    pub exit: i32,
}

/// A page of one language.
#[derive(Debug)]
pub struct Page {
    /// From the root of the repository.
    pub path: String,
    /// The same in both languages.
    pub name: String,
    pub blocks: Vec<Block>,
}

impl Page {
    /// All commands of the page, with their blocks.
    pub fn commands(&self) -> impl Iterator<Item = (&Block, Command)> {
        let acted_on = |b: &&Block| matches!(b.kind, Kind::Run | Kind::Running | Kind::Parse);
        let blocks = self.blocks.iter().filter(acted_on);
        blocks.flat_map(|block| block.text.lines().filter_map(command).map(move |command| (block, command)))
    }
}

/// Root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All pages of both books.
pub fn books() -> Vec<Page> {
    let mut pages = Vec::new();
    for language in ["en", "ko"] {
        let folder = format!("docs/book/{language}/src");
        let entries = std::fs::read_dir(repository().join(&folder)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        for name in names.into_iter().filter(|n| n.ends_with(".md")) {
            let path = format!("{folder}/{name}");
            let text = std::fs::read_to_string(repository().join(&path)).unwrap();
            pages.push(Page { path, name, blocks: blocks(&text) });
        }
    }
    assert!(pages.len() > 20, "the books are not where they should be");
    pages
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(info) => {
                inside = true;
                let (language, mark) = info.trim().split_once(',').unwrap_or((info.trim(), ""));
                let kind = kind(language, mark).unwrap_or_else(|| panic!("line {}: what is `{info}`?", index + 1));
                blocks.push(Block { kind, language: language.to_owned(), text: String::new(), line: index + 1 });
            }
            None if inside => {
                let block = blocks.last_mut().unwrap();
                block.text += line;
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "a fence is not closed");
    blocks
}

fn kind(language: &str, mark: &str) -> Option<Kind> {
    match (language, mark) {
        ("console", "") => Some(Kind::Run),
        ("console", "running") => Some(Kind::Running),
        ("console", "parse") => Some(Kind::Parse),
        ("console", _) => None,
        (_, "") => Some(Kind::Shown),
        (_, mark) => mark.strip_prefix("file=").map(|name| Kind::File(name.to_owned())),
    }
}

/// `$ fsts …`, with `# exit N` where it ends with another code than 0.
fn command(line: &str) -> Option<Command> {
    let rest = line.strip_prefix("$ fsts ")?;
    let (text, remark) = rest.split_once(" # ").unwrap_or((rest, ""));
    let exit = remark.trim().strip_prefix("exit ").map_or(0, |code| code.trim().parse().unwrap());
    Some(Command { line: line.to_owned(), words: words(text, line), exit })
}

/// The words as a shell would give them, with double quotes and nothing else.
fn words(text: &str, line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (n, piece) in text.split('"').enumerate() {
        if n % 2 == 1 {
            words.push(piece.to_owned());
            continue;
        }
        assert!(!piece.contains(['\'', '|', '>', '\\']), "no shell reads this: {line}");
        assert!(n == 0 || piece.is_empty() || piece.starts_with(' '), "a quote ends inside a word: {line}");
        words.extend(piece.split_whitespace().map(str::to_owned));
    }
    words
}
