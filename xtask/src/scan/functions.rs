//! Finds the functions of a scanned file: where they start and end, how many parameters they take.

use super::{Source, word_at};

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of the `fn`, from 1.
    pub line: usize,
    /// Lines from the `fn` to the closing brace.
    pub lines: usize,
    /// Parameters without `self`.
    pub parameters: usize,
}

/// All functions of `source` that have a body, nested ones too.
#[must_use]
pub fn find(source: &Source) -> Vec<Function> {
    let mut found = Vec::new();
    for (index, line) in source.code.iter().enumerate() {
        let Some(column) = word_at(line, "fn") else { continue };
        let rest = line.get(column + 2..).unwrap_or_default();
        let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            continue; // a function type such as `fn(i64)`, or a macro's `fn $name`
        }
        let mut reader = Reader::new(&source.code, index, column + 2);
        if let Some((lines, parameters)) = reader.measure() {
            found.push(Function { name, line: index + 1, lines, parameters });
        }
    }
    found
}

/// Walks the characters behind a `fn`, counting lines.
struct Reader<'a> {
    rest: std::iter::Peekable<Box<dyn Iterator<Item = char> + 'a>>,
    lines: usize,
}

impl<'a> Reader<'a> {
    fn new(code: &'a [String], line: usize, column: usize) -> Self {
        let first = code.get(line).and_then(|l| l.get(column..)).unwrap_or_default();
        let later = code.iter().skip(line + 1).flat_map(|l| std::iter::once('\n').chain(l.chars()));
        let all: Box<dyn Iterator<Item = char> + 'a> = Box::new(first.chars().chain(later));
        Self { rest: all.peekable(), lines: 1 }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.lines += 1;
        }
        Some(c)
    }

    /// Lines of the function and its parameters; `None` where it has no body.
    fn measure(&mut self) -> Option<(usize, usize)> {
        let parameters = count_parameters(&self.parameter_list()?);
        let mut groups = 0i32;
        loop {
            match self.next()? {
                '(' | '[' => groups += 1,
                ')' | ']' => groups -= 1,
                ';' if groups == 0 => return None,
                '{' if groups == 0 => break,
                _ => {}
            }
        }
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
        }
        Some((self.lines, parameters))
    }

    /// The text between the parentheses; generic parameters before them are stepped over.
    fn parameter_list(&mut self) -> Option<String> {
        let mut angles = 0i32;
        loop {
            match self.next()? {
                '<' => angles += 1,
                '-' if self.rest.peek() == Some(&'>') => {
                    self.next();
                }
                '>' => angles -= 1,
                '(' if angles == 0 => break,
                _ => {}
            }
        }
        let (mut depth, mut text) = (1, String::new());
        loop {
            let c = self.next()?;
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(text);
            }
            text.push(c);
        }
    }
}

fn count_parameters(list: &str) -> usize {
    let (mut depth, mut parts, mut part, mut last) = (0i32, Vec::new(), String::new(), ' ');
    for c in list.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if last == '-' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
        last = c;
    }
    parts.push(part);
    let is_self = |p: &str| word_at(p.split(':').next().unwrap_or_default(), "self").is_some();
    parts.iter().filter(|p| !p.trim().is_empty() && !is_self(p)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(text: &str) -> Vec<(String, usize, usize)> {
        let source = Source::new("a.rs", text);
        find(&source).into_iter().map(|f| (f.name, f.lines, f.parameters)).collect()
    }

    #[test]
    fn lines_run_from_the_fn_to_its_closing_brace() {
        let text = "fn a(\n    x: i64,\n) -> i64\nwhere\n    X: Y,\n{\n    if x { \"}\" } else { b() }\n}\nfn b() {}\n";
        assert_eq!(functions(text), [("a".into(), 8, 1), ("b".into(), 1, 0)]);
    }

    #[test]
    fn commas_inside_types_are_no_parameters_and_self_does_not_count() {
        let text = "fn f<F: Fn(u8, u8) -> u8>(&mut self, map: Map<A, B>, t: (A, B), g: impl Fn(A, B) -> C,) { }";
        assert_eq!(functions(text), [("f".into(), 1, 3)]);
    }

    #[test]
    fn declarations_and_function_types_have_no_body() {
        assert!(functions("trait T { fn a(&self) -> [u8; 4]; }\ntype F = fn(u8) -> u8;\n").is_empty());
    }
}
