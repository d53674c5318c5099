//! The two books: the same pages in each, all of them in the table of contents, and no link that leaves the book.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::TextFile;

const BOOKS: [&str; 2] = ["docs/book/en/src/", "docs/book/ko/src/"];
const CONTENTS: &str = "SUMMARY.md";

/// Checks both books among the files of the tree.
#[must_use]
pub fn check(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let [english, korean] = BOOKS.map(|book| pages(files, book));
    for (book, name) in english.symmetric_difference(&korean).map(|name| {
        let missing_in = if english.contains(name) { BOOKS[1] } else { BOOKS[0] };
        (missing_in, name)
    }) {
        findings.push(Finding::new(&format!("{book}{name}"), 0, "book", "the other language has this page"));
    }
    for book in BOOKS {
        findings.extend(contents(files, book));
        findings.extend(links(files, book));
    }
    findings
}

fn pages<'a>(files: &'a [TextFile], book: &str) -> BTreeSet<&'a str> {
    files.iter().filter_map(|f| f.path.strip_prefix(book)).filter(|name| name.ends_with(".md")).collect()
}

/// Where the links of a line lead, without their anchors.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|t| !t.contains("://") && !t.starts_with('#')).filter_map(|t| t.split('#').next())
}

fn contents(files: &[TextFile], book: &str) -> Vec<Finding> {
    let path = format!("{book}{CONTENTS}");
    let text = files.iter().find(|f| f.path == path).map_or("", |f| f.text.as_str());
    let listed: Vec<&str> = text.lines().flat_map(targets).collect();
    let wrong = pages(files, book).into_iter().filter(|page| *page != CONTENTS).filter_map(|page| {
        let times = listed.iter().filter(|t| **t == page).count();
        (times != 1).then(|| Finding::new(&path, 0, "book", format!("{page} is listed {times} times, not once")))
    });
    wrong.collect()
}

/// A link to a file beside the book works in the repository and is dead in the book.
fn links(files: &[TextFile], book: &str) -> Vec<Finding> {
    let known = pages(files, book);
    let mut findings = Vec::new();
    for file in files.iter().filter(|f| f.path.starts_with(book)) {
        for (index, line) in file.text.lines().enumerate() {
            let outside = targets(line).filter(|target| !known.contains(target));
            findings.extend(outside.map(|target| {
                Finding::new(&file.path, index + 1, "book", format!("`{target}` is no page of this book"))
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(change: impl Fn(&mut Vec<TextFile>)) -> Vec<String> {
        let page = |path: String, text: &str| TextFile { path, text: text.to_owned() };
        let mut files: Vec<TextFile> = BOOKS
            .iter()
            .flat_map(|book| {
                [
                    page(format!("{book}{CONTENTS}"), "- [A](a.md)\n"),
                    page(format!("{book}a.md"), "[b](a.md#x) [c](https://a.b/c.md)\n"),
                ]
            })
            .collect();
        change(&mut files);
        check(&files).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn a_page_that_is_not_in_both_books_or_not_listed_is_found() {
        assert_eq!(messages(|_| {}), Vec::<String>::new());
        let lonely = TextFile { path: format!("{}b.md", BOOKS[1]), text: String::new() };
        let found = messages(|files| files.push(TextFile { path: lonely.path.clone(), text: String::new() }));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(messages(|files| files[0].text.push_str("[A](a.md)")).iter().any(|m| m.contains("2 times")));
    }

    #[test]
    fn a_link_out_of_the_book_is_found() {
        let found = messages(|files| files[1].text.push_str("[d](../../../README.md)"));
        assert_eq!(found, ["`../../../README.md` is no page of this book"]);
    }
}
