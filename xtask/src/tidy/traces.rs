//! Traces of one machine and secrets: neither belongs in a file that others will read.

use super::Finding;
use crate::repo::TextFile;

/// Absolute folders of somebody's machine. Written in two parts, or this file would find itself.
const MACHINE_PATHS: [&str; 3] = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/tmp/bash", "_jobs")];
const HOME: &str = concat!("/ho", "me/");

/// Words of package mirrors; the public registries are named by lock files only.
const MIRROR_WORDS: [&str; 5] = [
    concat!("artifact", "ory"),
    concat!("jfrog", ".io"),
    concat!("verd", "accio"),
    concat!("dev", "pi."),
    concat!("nexus", "-repo"),
];

/// What a lock file may name as the origin of a package.
const LOCK_ORIGINS: [(&str, &str, &str); 2] = [
    ("Cargo.lock", "source = \"", "registry+https://github.com/rust-lang/crates.io-index\""),
    ("package-lock.json", "\"resolved\": \"", "https://registry.npmjs.org/"),
];

/// A secret with a fixed beginning: the beginning, how many characters of its alphabet follow, its name.
const PREFIXED_SECRETS: [(&str, usize, &str); 9] = [
    (concat!("AK", "IA"), 16, "AWS access key"),
    (concat!("gh", "p_"), 36, "GitHub token"),
    (concat!("gh", "o_"), 36, "GitHub token"),
    (concat!("github", "_pat_"), 40, "GitHub token"),
    (concat!("xox", "b-"), 20, "Slack token"),
    (concat!("sk", "-proj-"), 20, "OpenAI key"),
    (concat!("sk", "-"), 40, "API key"),
    (concat!("discord.com/api/", "webhooks/"), 60, "Discord webhook"),
    (concat!("discordapp.com/api/", "webhooks/"), 60, "Discord webhook"),
];

const PRIVATE_KEY: &str = concat!("PRIVATE", " KEY-----");

/// Length of a KIS app secret; a quoted base64 text of this length is taken for one.
const KIS_SECRET_CHARS: usize = 180;

/// Checks every line of a text file, of any kind.
#[must_use]
pub fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut report = |rule: &'static str, message: String| {
            findings.push(Finding::new(&file.path, index + 1, rule, message));
        };
        if let Some(path) = machine_path(line) {
            report("machine-path", format!("`{path}…` exists on one machine only: use a relative path or a setting"));
        }
        if let Some(word) = mirror(&file.path, line) {
            report("mirror", format!("{word}: only the public registries may be named"));
        }
        if let Some(name) = secret(line) {
            report("secret", format!("this looks like a secret ({name}): take it out and revoke it"));
        }
    }
    findings
}

fn machine_path(line: &str) -> Option<String> {
    let starts_here = |at: usize| {
        let before = line.get(..at).and_then(|b| b.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '~' | '}' | ')'))
    };
    let fixed = MACHINE_PATHS.into_iter().find(|p| line.match_indices(p).any(|(at, _)| starts_here(at)));
    if let Some(path) = fixed {
        return Some(path.to_owned());
    }
    line.match_indices(HOME).find_map(|(at, _)| {
        let name: String = line.get(at + HOME.len()..)?.chars().take_while(char::is_ascii_lowercase).collect();
        let slash = line.get(at + HOME.len() + name.len()..)?.starts_with('/');
        (starts_here(at) && !name.is_empty() && slash).then(|| format!("{HOME}{name}/"))
    })
}

fn mirror(path: &str, line: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    for (lock, key, origin) in LOCK_ORIGINS {
        let value = line.trim().strip_prefix(key);
        if name == lock && value.is_some_and(|v| !v.starts_with(origin)) {
            return Some(format!("a package of {lock} comes from elsewhere"));
        }
    }
    let lower = line.to_lowercase();
    MIRROR_WORDS.into_iter().find(|w| lower.contains(w)).map(|w| format!("`{w}` names a package mirror"))
}

fn secret(line: &str) -> Option<&'static str> {
    if line.contains(PRIVATE_KEY) {
        return Some("private key");
    }
    for (start, length, name) in PREFIXED_SECRETS {
        let long_enough = line.match_indices(start).any(|(at, _)| {
            let rest = line.get(at + start.len()..).unwrap_or_default();
            let tail = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/')).count();
            let before = line.get(..at).and_then(|b| b.chars().next_back());
            tail >= length && !before.is_some_and(char::is_alphanumeric)
        });
        if long_enough {
            return Some(name);
        }
    }
    line.split(['"', '\'']).any(is_kis_secret).then_some("KIS app key or secret")
}

/// A KIS app key is `PS` and 34 letters and digits; a secret is 180 characters of base64.
fn is_kis_secret(text: &str) -> bool {
    let mixed = |t: &str| {
        t.chars().any(|c| c.is_ascii_digit()) && t.chars().any(char::is_uppercase) && t.chars().any(char::is_lowercase)
    };
    let key = text.len() == 36 && text.starts_with("PS") && text.chars().all(|c| c.is_ascii_alphanumeric());
    let alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let secret = text.len() == KIS_SECRET_CHARS && text.chars().all(alphabet);
    (key || secret) && mixed(text)
}

#[cfg(test)]
mod tests {
    use crate::tidy::cases::rules;

    #[test]
    fn paths_of_one_machine_are_found_in_any_text() {
        for bad in [concat!("see /ro", "ot/x"), concat!("cd /ho", "me/kim/fsts"), concat!("\"/wo", "rk/main\"")] {
            assert_eq!(rules("docs/a.md", bad), ["machine-path"], "{bad}");
        }
        for good in ["web/work/a", "~/fsts", "the work/life balance", "$HOME/x", "/var/lib/fsts"] {
            assert!(rules("docs/a.md", good).is_empty(), "{good}");
        }
    }

    #[test]
    fn package_mirrors_are_found_in_text_and_in_lock_files() {
        assert_eq!(rules("README.md", concat!("https://artifact", "ory.example")), ["mirror"]);
        assert_eq!(rules("web/package-lock.json", "  \"resolved\": \"https://mirror.example/a.tgz\","), ["mirror"]);
        assert_eq!(rules("Cargo.lock", "source = \"registry+https://mirror.example/index\""), ["mirror"]);
        assert!(rules("web/package-lock.json", "  \"resolved\": \"https://registry.npmjs.org/a.tgz\",").is_empty());
    }

    #[test]
    fn secrets_are_found() {
        let secrets = [
            format!("{}{}", concat!("AK", "IA"), "A1B2C3D4E5F6G7H8"),
            format!("-----BEGIN {}", concat!("PRIVATE", " KEY-----")),
            format!("https://{}{}", concat!("discord.com/api/", "webhooks/"), "1".repeat(19) + "/" + &"a".repeat(60)),
            format!("key = \"PS{}\"", "aB3".repeat(12).get(..34).unwrap()),
            format!("secret = \"{}\"", "aB3/".repeat(45)),
        ];
        for secret in secrets {
            assert_eq!(rules("a.toml", &secret), ["secret"], "{secret}");
        }
    }

    #[test]
    fn placeholders_pass() {
        for good in ["app_key = \"\"", "https://discord.com/api/webhooks/ID/TOKEN", "ask-me", "\"PSEMULATOR\""] {
            assert!(rules("a.toml", good).is_empty(), "{good}");
        }
    }
}
