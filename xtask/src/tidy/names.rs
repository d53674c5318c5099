//! File names that have no inside are refused: name the thing instead.

use super::Finding;

const EMPTY_WORDS: [&str; 9] = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "types", "mod"];

const CODE_ENDINGS: [&str; 5] = ["rs", "ts", "js", "mjs", "svelte"];

/// Checks the name of a code file and of the folders it lies in.
#[must_use]
pub fn check(path: &str) -> Option<Finding> {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, ending) = file.rsplit_once('.')?;
    if !CODE_ENDINGS.contains(&ending) {
        return None;
    }
    let word = folders.split('/').chain([stem]).find(|part| EMPTY_WORDS.contains(&part.to_lowercase().as_str()))?;
    let advice = if word == "mod" { "use `foo.rs` beside `foo/`" } else { "name what is in it" };
    Some(Finding::new(path, 0, "file-name", format!("`{word}` says nothing; {advice}")))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_without_an_inside_are_refused_as_file_and_as_folder() {
        for bad in
            ["crates/a/src/utils.rs", "web/src/lib/types.ts", "crates/a/src/common/x.rs", "crates/a/src/b/mod.rs"]
        {
            assert!(check(bad).is_some(), "{bad} passed");
        }
    }

    #[test]
    fn names_that_say_something_pass() {
        for good in ["crates/a/src/tick_size.rs", "web/src/lib/money.ts", "docs/misc.md", "Makefile"] {
            assert!(check(good).is_none(), "{good} was refused");
        }
    }
}
