//! How many calls this process made to the broker, by call and what came of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::call::Call;

/// The broker has some hundred codes; more than this is something else and counts as `other`.
const KINDS_MAX: usize = 400;
const CODE_CHARS_MAX: usize = 16;

static CALLS: Mutex<BTreeMap<(&'static str, String), u64>> = Mutex::new(BTreeMap::new());

/// Calls of one kind with one outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    /// Name of the call.
    pub call: &'static str,
    /// The broker's code; `ok` for a success, `no_answer` where there was none or none that makes sense.
    pub code: String,
    /// How many.
    pub count: u64,
}

/// All calls of this process since it began, by name and code.
pub fn calls() -> Vec<CallCount> {
    let calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    calls.iter().map(|((call, code), count)| CallCount { call, code: code.clone(), count: *count }).collect()
}

/// Notes a call; `None` for one without an answer.
pub(crate) fn note(call: Call, answer: Option<(bool, &str)>) {
    let code = match answer {
        Some((true, _)) => "ok".to_owned(),
        // What the broker sends becomes a label: only what its codes are made of is taken.
        Some((false, code)) => code.chars().filter(char::is_ascii_alphanumeric).take(CODE_CHARS_MAX).collect(),
        None => "no_answer".to_owned(),
    };
    let code = if code.is_empty() { "no_code".to_owned() } else { code };
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (call.name(), code);
    let key = if calls.len() < KINDS_MAX || calls.contains_key(&key) { key } else { (call.name(), "other".to_owned()) };
    *calls.entry(key).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_apart_and_codes_are_plain() {
        note(Call::Approval, Some((true, "MCA00000")));
        note(Call::Approval, Some((false, "EGW00201\"} 1\n")));
        note(Call::Approval, None);
        note(Call::Approval, None);
        let of: Vec<(String, u64)> =
            calls().into_iter().filter(|c| c.call == Call::Approval.name()).map(|c| (c.code, c.count)).collect();
        assert_eq!(of, [("EGW002011".to_owned(), 1), ("no_answer".to_owned(), 2), ("ok".to_owned(), 1)]);
    }
}
