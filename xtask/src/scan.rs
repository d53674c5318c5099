//! A small scanner for Rust sources: tells code from comments and literals, and tests from the rest.

pub mod functions;

/// What a comment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentKind {
    /// `///` or `//!`.
    Doc,
    /// `//`.
    Line,
    /// `/* … */`.
    Block,
}

/// One comment, without its marks.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Line it starts on, counted from 1.
    pub line: usize,
    /// Its text behind the marks.
    pub text: String,
    /// Which kind of comment it is.
    pub kind: CommentKind,
    /// Whether code stands before it on its line.
    pub trails_code: bool,
}

/// A scanned Rust file.
#[derive(Debug)]
pub struct Source {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// The file, a line each.
    pub raw: Vec<String>,
    /// The file with comments and the insides of literals blanked, character for character.
    pub code: Vec<String>,
    /// All comments in order.
    pub comments: Vec<Comment>,
    /// For each line: does it belong to test code?
    pub in_test: Vec<bool>,
}

impl Source {
    /// Scans `text`, which was read from `path`.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut lexer = Lexer { masked: chars.clone(), chars, at: 0, line: 1, comments: Vec::new() };
        lexer.run();
        let code_text: String = lexer.masked.iter().collect();
        let code: Vec<String> = code_text.lines().map(str::to_owned).collect();
        let raw: Vec<String> = text.lines().map(str::to_owned).collect();
        let in_test = if is_test_path(path) { vec![true; code.len()] } else { test_lines(&code) };
        Self { path: path.to_owned(), raw, code, comments: lexer.comments, in_test }
    }

    /// Lines of code that are no test, with their number counted from 1.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.iter().enumerate().filter(|(i, _)| !self.is_test_line(i + 1)).map(|(i, l)| (i + 1, l.as_str()))
    }

    /// Is line `number` (from 1) test code?
    #[must_use]
    pub fn is_test_line(&self, number: usize) -> bool {
        self.in_test.get(number.wrapping_sub(1)).copied().unwrap_or(false)
    }
}

/// Whether all of a file is test code, by its place.
#[must_use]
pub fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples" | "fuzz")) || path.ends_with("/tests.rs")
}

/// Where `word` stands in `line` as a whole word (character columns).
#[must_use]
pub fn word_at(line: &str, word: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = line.get(from..).and_then(|rest| rest.find(word)) {
        let start = from + found;
        let end = start + word.len();
        let before = line.get(..start).and_then(|s| s.chars().next_back());
        let after = line.get(end..).and_then(|s| s.chars().next());
        if !before.is_some_and(is_ident) && !after.is_some_and(is_ident) {
            return Some(start);
        }
        from = end;
    }
    None
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Lexer {
    chars: Vec<char>,
    masked: Vec<char>,
    at: usize,
    line: usize,
    comments: Vec<Comment>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn run(&mut self) {
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '/') => self.line_comment(),
                ('/', '*') => self.block_comment(),
                ('"', _) => self.string(),
                ('r', '"' | '#') if !self.follows_ident() && self.raw_hashes().is_some() => self.raw_string(),
                ('\'', _) => self.quote(),
                _ => self.advance(false),
            }
        }
    }

    /// Steps over one character, blanking it when `mask` says so; new lines stay.
    fn advance(&mut self, mask: bool) {
        if self.peek(0) == '\n' {
            self.line += 1;
        } else if mask && let Some(cell) = self.masked.get_mut(self.at) {
            *cell = ' ';
        }
        self.at += 1;
    }

    /// `br"…"` and `cr"…"` are raw strings as well; any other letter before makes it a name.
    fn follows_ident(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).and_then(|i| self.chars.get(i)).copied();
        match before(1) {
            Some('b' | 'c') => before(2).is_some_and(is_ident),
            Some(c) => is_ident(c),
            None => false,
        }
    }

    /// Number of `#` of a raw string that starts here.
    fn raw_hashes(&self) -> Option<usize> {
        let mut hashes = 0;
        while self.peek(1 + hashes) == '#' {
            hashes += 1;
        }
        (self.peek(1 + hashes) == '"').then_some(hashes)
    }

    fn trails_code(&self) -> bool {
        self.chars
            .get(..self.at)
            .is_some_and(|before| before.iter().rev().take_while(|c| **c != '\n').any(|c| !c.is_whitespace()))
    }

    fn push_comment(&mut self, start: usize, line: usize, kind: CommentKind, trails_code: bool) {
        let text: String = self.chars.get(start..self.at).unwrap_or_default().iter().collect();
        let text = text.trim_start_matches(['/', '!', '*']).trim_end_matches(['*', '/']).trim().to_owned();
        self.comments.push(Comment { line, text, kind, trails_code });
    }

    fn line_comment(&mut self) {
        let (start, line, trails) = (self.at, self.line, self.trails_code());
        let kind = match (self.peek(2), self.peek(3)) {
            ('!', _) => CommentKind::Doc,
            ('/', third) if third != '/' => CommentKind::Doc,
            _ => CommentKind::Line,
        };
        while self.at < self.chars.len() && self.peek(0) != '\n' {
            self.advance(true);
        }
        self.push_comment(start, line, kind, trails);
    }

    fn block_comment(&mut self) {
        let (start, line, trails) = (self.at, self.line, self.trails_code());
        let mut depth = 0usize;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.advance(true);
                    continue;
                }
            }
            self.advance(true);
            self.advance(true);
            if depth == 0 {
                break;
            }
        }
        self.push_comment(start, line, CommentKind::Block, trails);
    }

    fn string(&mut self) {
        self.advance(false);
        while self.at < self.chars.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.advance(true);
            }
            self.advance(true);
        }
        self.advance(false);
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_hashes().unwrap_or(0);
        for _ in 0..hashes + 2 {
            self.advance(false);
        }
        while self.at < self.chars.len() {
            if self.peek(0) == '"' && (1..=hashes).all(|i| self.peek(i) == '#') {
                break;
            }
            self.advance(true);
        }
        for _ in 0..=hashes {
            self.advance(false);
        }
    }

    /// A character literal, or else a lifetime.
    fn quote(&mut self) {
        let escaped = self.peek(1) == '\\';
        if !escaped && self.peek(2) != '\'' {
            self.advance(false);
            return;
        }
        self.advance(false);
        if escaped {
            self.advance(true);
        }
        self.advance(true);
        while self.at < self.chars.len() && !matches!(self.peek(0), '\'' | '\n') {
            self.advance(true);
        }
        self.advance(false);
    }
}

/// Marks the lines of items under `#[cfg(test)]`, `#[test]` and the like.
fn test_lines(code: &[String]) -> Vec<bool> {
    let mut marks = vec![false; code.len()];
    let mut next = 0;
    for (index, line) in code.iter().enumerate() {
        if index < next || !is_test_attribute(line) {
            continue;
        }
        let end = item_end(code, index);
        for mark in marks.iter_mut().take(end + 1).skip(index) {
            *mark = true;
        }
        next = end + 1;
    }
    marks
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[")
        && (line.contains("cfg(test")
            || line.contains("cfg(all(test")
            || line.contains("cfg(any(test")
            || word_at(line, "test").is_some())
}

/// Last line of the item whose attribute stands on line `start` (both from 0).
fn item_end(code: &[String], start: usize) -> usize {
    let (mut braces, mut groups) = (0i32, 0i32);
    for (index, line) in code.iter().enumerate().skip(start) {
        for c in line.chars() {
            match c {
                '(' | '[' => groups += 1,
                ')' | ']' => groups -= 1,
                '{' => braces += 1,
                '}' => {
                    braces -= 1;
                    if braces == 0 {
                        return index;
                    }
                }
                ';' if braces == 0 && groups == 0 => return index,
                _ => {}
            }
        }
    }
    code.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("crates/x/src/a.rs", text).code.join("\n")
    }

    #[test]
    fn literals_and_comments_are_blanked_and_columns_stay() {
        let text = "let a = \"un//wrap\\\"()\"; // 말.unwrap()\nlet b = 'x';";
        let masked = code(text);
        assert!(!masked.contains("unwrap"));
        assert_eq!(masked.lines().next().map(|l| l.chars().count()), text.lines().next().map(|l| l.chars().count()));
        assert!(masked.contains("let b = ' ';"));
    }

    #[test]
    fn raw_strings_nested_comments_and_lifetimes_do_not_derail_it() {
        let masked =
            code("fn f<'a>(x: &'a str) { g(r#\"} \" {\"#, br\"}\", '\"', '\\'', b'{'); /* } /* { */ } */ h() }");
        assert_eq!(masked.matches('{').count(), 1);
        assert_eq!(masked.matches('}').count(), 1);
        assert!(masked.contains("h()"));
    }

    #[test]
    fn comments_know_their_kind_line_and_place() {
        let source = Source::new("a.rs", "//! file\n/// doc\nfn f() {} // why\n//// not doc\n");
        let kinds: Vec<_> = source.comments.iter().map(|c| (c.line, c.kind, c.trails_code)).collect();
        let expected = [
            (1, CommentKind::Doc, false),
            (2, CommentKind::Doc, false),
            (3, CommentKind::Line, true),
            (4, CommentKind::Line, false),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn test_modules_and_test_functions_are_marked_and_nothing_else() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[test]\nfn d() {\n}\nfn e() {}\n";
        let source = Source::new("crates/x/src/a.rs", text);
        assert_eq!(source.in_test, [false, true, true, true, true, false, true, true, true, false]);
    }

    #[test]
    fn files_in_tests_folders_are_tests_as_a_whole() {
        assert!(is_test_path("crates/x/tests/it/main.rs"));
        assert!(is_test_path("crates/x/src/a/tests.rs"));
        assert!(!is_test_path("crates/x/src/latest.rs"));
    }
}
