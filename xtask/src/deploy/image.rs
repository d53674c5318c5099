//! The image: stages with a version each, sources that exist, and a last stage that is nobody's shell.

use std::collections::BTreeSet;

use crate::repo::TextFile;
use crate::tidy::links;

/// What the image is built from.
#[derive(Debug, Default)]
pub struct Context {
    /// Files of the repository.
    pub paths: Vec<String>,
    /// Its sources.
    pub sources: Vec<TextFile>,
    /// The `.dockerignore` of this Dockerfile.
    pub ignore: String,
    /// `rust-toolchain.toml`.
    pub toolchain: String,
}

/// Words in the name of a variable whose value must not be in an image.
const SECRET_WORDS: [&str; 4] = ["KEY", "SECRET", "TOKEN", "PASSWORD"];

/// One instruction, its lines joined.
struct Instruction {
    word: String,
    rest: String,
}

/// A stage: what it is made from, and its instructions.
#[derive(Default)]
struct Stage {
    from: String,
    name: String,
    instructions: Vec<Instruction>,
}

impl Stage {
    fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions.iter().filter(move |i| i.word == word).map(|i| i.rest.as_str())
    }

    fn last(&self, word: &str) -> &str {
        self.instructions.iter().rev().find(|i| i.word == word).map_or("", |i| i.rest.as_str())
    }
}

/// What is wrong with a Dockerfile, a sentence each.
#[must_use]
pub fn check(text: &str, context: &Context) -> Vec<String> {
    let stages = stages(text);
    let Some(last) = stages.last().filter(|_| stages.len() > 1) else {
        return vec!["at least two stages are wanted: one that builds, one that runs".to_owned()];
    };
    let mut findings = versions(&stages);
    findings.extend(copies(&stages, context));
    findings.extend(runtime(last));
    findings.extend(compiler(&stages, context));
    findings.extend(embedded(&stages, context));
    for stage in &stages {
        let variables = stage.all("ENV").chain(stage.all("ARG"));
        let secret = |rest: &&str| SECRET_WORDS.iter().any(|w| rest.split('=').next().unwrap_or_default().contains(w));
        findings.extend(variables.filter(secret).map(|rest| format!("{rest}: a secret would stay in the image")));
        findings
            .extend(stage.all("ADD").map(|rest| format!("ADD {rest}: use COPY, which fetches and unpacks nothing")));
    }
    findings
}

fn stages(text: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for Instruction { word, rest } in instructions(text) {
        if word == "FROM" {
            let mut words = rest.split_whitespace();
            let from = words.next().unwrap_or_default().to_owned();
            let name = words.nth(1).unwrap_or_default().to_owned();
            stages.push(Stage { from, name, instructions: Vec::new() });
        } else if let Some(stage) = stages.last_mut() {
            stage.instructions.push(Instruction { word, rest });
        }
    }
    stages
}

fn instructions(text: &str) -> Vec<Instruction> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
    let joined = lines.replace("\\\n", " ");
    let parts = joined.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    parts.map(|(word, rest)| Instruction { word: word.to_uppercase(), rest: rest.trim().to_owned() }).collect()
}

fn versions(stages: &[Stage]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut known = BTreeSet::new();
    for stage in stages {
        let tag = stage.from.rsplit('/').next().and_then(|name| name.split_once(':')).map_or("", |(_, tag)| tag);
        // The tags of the smallest images name the user; their version is in the name.
        let has_version = tag.contains(|c: char| c.is_ascii_digit()) || stage.from.contains("debian13");
        if !known.contains(stage.from.as_str()) && (tag.is_empty() || tag == "latest" || !has_version) {
            findings.push(format!("FROM {}: name a version", stage.from));
        }
        known.insert(stage.name.as_str());
    }
    findings
}

fn copies(stages: &[Stage], context: &Context) -> Vec<String> {
    let mut findings = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for stage in stages {
        for rest in stage.all("COPY") {
            let (options, words): (Vec<&str>, Vec<&str>) = rest.split_whitespace().partition(|w| w.starts_with("--"));
            let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
            match options.iter().find_map(|o| o.strip_prefix("--from=")) {
                Some(from) if known.contains(from) => {}
                Some(from) => findings.push(format!("COPY --from={from}: no such stage before it")),
                None => findings.extend(sources.iter().filter_map(|source| missing(source, context))),
            }
        }
        known.insert(stage.name.as_str());
    }
    findings
}

/// Why a source of the build's context is not there.
fn missing(source: &str, context: &Context) -> Option<String> {
    let inside = format!("{}/", source.trim_end_matches('/'));
    if !context.paths.iter().any(|p| p == source || p.starts_with(&inside)) {
        return Some(format!("COPY {source}: not in the repository"));
    }
    let top = source.split('/').next().unwrap_or_default();
    let let_in = context.ignore.lines().any(|line| line.trim() == format!("!{top}"));
    (!let_in).then(|| format!("COPY {source}: the .dockerignore keeps it out"))
}

/// A text that is compiled into the program from beside the sources must be copied like these.
fn embedded(stages: &[Stage], context: &Context) -> Vec<String> {
    let copied: BTreeSet<&str> = stages.iter().flat_map(|s| s.all("COPY")).flat_map(str::split_whitespace).collect();
    let mut findings = Vec::new();
    for file in context.sources.iter().filter(|f| f.path.starts_with("crates/") && f.path.contains("/src/")) {
        let macros = ["include_str!(\"", "include_bytes!(\""];
        for rest in macros.iter().flat_map(|start| file.text.split(start).skip(1)) {
            let target = links::resolve(&file.path, rest.split('"').next().unwrap_or_default());
            let top = target.split('/').next().unwrap_or_default();
            if context.paths.contains(&target) && !copied.contains(top) {
                findings.push(format!("{} embeds {target}, which is not copied", file.path));
            }
        }
    }
    findings
}

fn runtime(stage: &Stage) -> Vec<String> {
    let mut findings = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            findings.push(what.to_owned());
        }
    };
    let user = stage.last("USER").split(':').next().unwrap_or_default();
    must(!matches!(user, "" | "root" | "0"), "the last stage must name a USER that is not root");
    must(stage.all("RUN").next().is_none(), "nothing is RUN in the last stage: build before it");
    let health = stage.last("HEALTHCHECK");
    let asked = health.split_once("CMD").map_or("", |(_, command)| command.trim());
    must(asked.starts_with('['), "the last stage needs a HEALTHCHECK with a CMD in brackets: there is no shell");
    let entry = stage.last("ENTRYPOINT");
    must(entry.starts_with('['), "ENTRYPOINT must be in brackets: there is no shell, and signals must arrive");
    let program = entry.split('"').nth(1).unwrap_or_default();
    must(stage.all("COPY").any(|rest| rest.ends_with(program)), "the program of ENTRYPOINT is not copied");
    must(asked.contains(program), "HEALTHCHECK must call the program of ENTRYPOINT");
    must(!stage.last("VOLUME").is_empty(), "what is written needs a VOLUME");
    findings
}

fn compiler(stages: &[Stage], context: &Context) -> Vec<String> {
    let channel = context.toolchain.lines().find_map(|line| line.strip_prefix("channel = "));
    let channel = channel.unwrap_or_default().trim_matches('"');
    let rust = stages.iter().filter(|stage| stage.from.starts_with("rust:"));
    let other = rust.filter(|stage| !stage.from.starts_with(&format!("rust:{channel}-")));
    other.map(|stage| format!("FROM {}: rust-toolchain.toml says {channel}", stage.from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "FROM rust:1.95.0-slim AS build\nCOPY crates crates\nRUN a \\\n  && b\n\
        # a remark\nFROM gcr.io/distroless/cc-debian13:nonroot\nCOPY --from=build /out/fsts /bin/fsts\nVOLUME [\"/data\"]\n\
        USER nonroot:nonroot\nHEALTHCHECK --timeout=5s CMD [\"/bin/fsts\", \"healthcheck\"]\nENTRYPOINT [\"/bin/fsts\"]\n";

    fn findings(text: &str) -> Vec<String> {
        let context = Context {
            paths: ["crates/a/src/lib.rs", "secret/x", "README.md"].map(str::to_owned).to_vec(),
            sources: Vec::new(),
            ignore: "*\n!crates\n".to_owned(),
            toolchain: "channel = \"1.95.0\"\n".to_owned(),
        };
        check(text, &context)
    }

    #[test]
    fn a_sound_image_has_no_findings_and_each_fault_has_one() {
        assert_eq!(findings(GOOD), Vec::<String>::new());
        for (right, wrong, said) in [
            ("rust:1.95.0-slim", "rust:1.80.0-slim", "rust-toolchain.toml says 1.95.0"),
            ("cc-debian13:nonroot", "cc:latest", "name a version"),
            ("COPY crates crates", "COPY creates crates", "not in the repository"),
            ("COPY crates crates", "COPY secret crates", "keeps it out"),
            ("--from=build", "--from=built", "no such stage"),
            ("USER nonroot:nonroot\n", "", "not root"),
            ("USER nonroot:nonroot", "USER root", "not root"),
            ("CMD [\"/bin/fsts\", \"healthcheck\"]", "CMD fsts healthcheck", "HEALTHCHECK"),
            ("ENTRYPOINT [\"/bin/fsts\"]", "ENTRYPOINT /bin/fsts", "ENTRYPOINT"),
            ("VOLUME [\"/data\"]\n", "", "VOLUME"),
            ("USER nonroot", "RUN x\nUSER nonroot", "RUN"),
            ("USER nonroot", "ENV API_TOKEN=x\nUSER nonroot", "secret"),
            ("USER nonroot", "ADD x y\nUSER nonroot", "COPY"),
        ] {
            let found = findings(&GOOD.replace(right, wrong));
            assert!(found.iter().any(|f| f.contains(said)), "{wrong}: {found:?}");
        }
    }

    #[test]
    fn a_text_that_is_compiled_in_and_not_copied_is_found() {
        let source = |text: &str| TextFile { path: "crates/a/src/lib.rs".to_owned(), text: text.to_owned() };
        let found = |text: &str| {
            let context = Context {
                paths: ["crates/a/src/lib.rs", "crates/a/b.txt", "README.md"].map(str::to_owned).to_vec(),
                sources: vec![source(text)],
                ..Context::default()
            };
            embedded(&stages(GOOD), &context)
        };
        assert_eq!(found("include_str!(\"../b.txt\")"), Vec::<String>::new());
        assert!(found("a(include_bytes!(\"../../../README.md\"))")[0].contains("README.md"));
    }

    #[test]
    fn an_image_that_carries_its_compiler_is_refused() {
        assert!(findings("FROM rust:1.95.0-slim\nUSER x\n")[0].contains("two stages"));
    }
}
