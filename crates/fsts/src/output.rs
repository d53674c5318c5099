//! Standard output and standard error: a reader that went away (`| head`) is no failure of ours.

use std::io::Write;

use crate::exit::Failure;
use crate::messages::Lang;

/// Prints a line to standard output.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Tells why the program ends: one sentence, or one JSON object.
pub fn fail(failure: &Failure, lang: Lang, json: bool) {
    let message = failure.text.get(lang);
    if json {
        note(&serde_json::json!({ "error": { "code": failure.exit.name(), "message": message } }).to_string());
    } else {
        note(&format!("fsts: {message}"));
    }
}
