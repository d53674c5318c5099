//! Time, randomness, I/O and floats enter through one door each, so that a whole day replays from a seed.

use super::Finding;
use crate::scan::{Source, is_test_path, word_at};

/// The clock adapters: the only files that may ask the machine for the time.
const CLOCK_ADAPTERS: [&str; 6] = [
    "crates/fsts-assistant/src/clock.rs",
    "crates/fsts/src/clock.rs",
    "crates/fsts/src/stopwatch.rs",
    "crates/fsts-kis/src/clock.rs",
    "crates/fsts-kis-emulator/src/clock.rs",
    "xtask/src/stopwatch.rs",
];

const CLOCK_READS: [&str; 6] =
    ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "Utc::now", "Local::now"];

/// Crates in which one event sequence must give one result.
const PURE_CRATES: [&str; 6] = [
    "crates/fsts-domain/src/",
    "crates/fsts-indicators/src/",
    "crates/fsts-krx/src/",
    "crates/fsts-engine/src/",
    "crates/fsts-strategies/src/",
    "crates/fsts-sim/src/",
];

/// What a pure crate must not touch, and why.
const IMPURE: [(&str, &str); 7] = [
    ("std::env", "settings come in as values"),
    ("std::fs", "files belong to adapters"),
    ("std::net", "the network belongs to adapters"),
    ("thread::spawn", "the engine is single-threaded"),
    ("HashMap", "its order differs from run to run: use BTreeMap, an index or a hasher of ours"),
    ("HashSet", "its order differs from run to run: use BTreeSet, an index or a hasher of ours"),
    ("thread_rng", "randomness comes from the seed"),
];

/// A file that builds its maps with this has a hasher without a random key, so that each run is the same.
const OWN_HASHER: &str = "BuildHasherDefault";

/// Checks clocks, sleeps, floats in the domain and I/O in pure crates.
#[must_use]
pub fn check(source: &Source) -> Vec<Finding> {
    let path = source.path.as_str();
    let mut findings = Vec::new();
    let mut report = |line: usize, rule: &'static str, message: String| {
        findings.push(Finding::new(path, line, rule, message));
    };
    let pure = PURE_CRATES.iter().any(|p| path.starts_with(p));
    let own_hasher = source.code.iter().any(|l| word_at(l, OWN_HASHER).is_some());
    let impure = |line: &str| {
        let found = IMPURE.iter().find(|(word, _)| word_at(line, word).is_some())?;
        (pure && !(own_hasher && found.0.starts_with("Hash"))).then_some(found)
    };
    for (index, line) in source.code.iter().enumerate() {
        let number = index + 1;
        if path.starts_with("crates/fsts-domain/src/") && ["f64", "f32"].iter().any(|f| word_at(line, f).is_some()) {
            report(number, "domain-float", "no floats in fsts-domain: money is whole won".to_owned());
        }
        let in_test = source.is_test_line(number);
        if in_test && ["thread::sleep", "time::sleep"].iter().any(|s| word_at(line, s).is_some()) {
            report(number, "sleep", "no sleeping in tests: wait for the event, or move the test clock".to_owned());
        }
        if in_test {
            continue;
        }
        if let Some(read) = CLOCK_READS.iter().find(|r| word_at(line, r).is_some())
            && !CLOCK_ADAPTERS.contains(&path)
        {
            report(number, "clock", format!("`{read}` outside a clock adapter: time comes in with the event"));
        }
        if let Some((word, why)) = impure(line) {
            report(number, "purity", format!("`{word}` in a pure crate: {why}"));
        }
    }
    findings
}

/// Whether a script or page test sleeps; those are no Rust, so they are searched as text.
#[must_use]
pub fn check_page_test(path: &str, text: &str) -> Vec<Finding> {
    let is_test =
        path.ends_with(".test.ts") || path.ends_with(".spec.ts") || (path.starts_with("web/") && is_test_path(path));
    if !is_test {
        return Vec::new();
    }
    let lines = text.lines().enumerate();
    let sleeps = lines.filter(|(_, line)| line.contains("waitForTimeout(") || line.contains("setTimeout("));
    sleeps.map(|(i, _)| Finding::new(path, i + 1, "sleep", "no sleeping in tests: wait for the event")).collect()
}

#[cfg(test)]
mod tests {
    use super::check_page_test;
    use crate::tidy::cases::{rules, rules_of};

    #[test]
    fn a_float_in_the_domain_is_found_and_elsewhere_it_is_not() {
        let text = "//! A.\npub struct A(f64);\n";
        assert_eq!(rules("crates/fsts-domain/src/a.rs", text), ["domain-float"]);
        assert!(rules("crates/fsts-indicators/src/a.rs", text).is_empty());
    }

    #[test]
    fn a_clock_read_outside_the_adapters_is_found() {
        let body = "fn f() { let t = std::time::Instant::now(); }";
        assert_eq!(rules_of(body), ["clock"]);
        assert_eq!(rules("crates/fsts-kis/src/token.rs", "//! A.\nfn f() { SystemTime::now(); }\n"), ["clock"]);
        assert!(rules("crates/fsts/src/clock.rs", &format!("//! A.\n{body}\n")).is_empty());
    }

    #[test]
    fn a_sleeping_test_is_found() {
        assert_eq!(rules("crates/a/tests/it/main.rs", "//! A.\nfn f() { std::thread::sleep(d); }\n"), ["sleep"]);
        assert_eq!(
            rules_of("#[cfg(test)]\nmod tests {\n    async fn f() { tokio::time::sleep(d).await; }\n}"),
            ["sleep"]
        );
        assert_eq!(check_page_test("web/src/lib/a.test.ts", "await page.waitForTimeout(5);").len(), 1);
        assert!(check_page_test("web/src/lib/a.ts", "setTimeout(retry, 5);").is_empty());
    }

    #[test]
    fn a_pure_crate_touches_neither_files_nor_threads_nor_random_order() {
        for bad in ["use std::fs;", "use std::collections::HashMap;", "fn f() { std::thread::spawn(g); }"] {
            assert_eq!(rules_of(bad), ["purity"], "{bad}");
        }
        assert!(rules_of("type Index = HashMap<u64, u32, BuildHasherDefault<IdHasher>>;").is_empty());
        assert!(rules("crates/fsts-store/src/a.rs", "//! A.\nuse std::collections::HashMap;\n").is_empty());
    }
}
