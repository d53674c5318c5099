//! The handbook, in both languages: every command in it is run as it stands there.
//!
//! | fence | what becomes of its `$ fsts …` lines |
//! |---|---|
//! | `console` | run in a folder of the page, one after the other; `# exit N` at the end of a line says what it ends with |
//! | `console,running` | run while the program trades on an emulator, against that program |
//! | `console,parse` | not run (they would go on for ever, or need an account): their words must be known to the program |
//! | any other with `file=NAME` | written into the folder first |

mod pages;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fsts_kis_emulator::EmulatorConfig;

use crate::backtest::market::{bars, csv};
use crate::drill::bars::swinging;
use crate::drill::market;
use crate::program::{Ended, fsts};
use crate::rig::{Rig, Site};
use pages::{Block, Kind, Page, books, repository};

const ENGLISH: &[(&str, &str)] = &[("FSTS_LANG", "en"), ("FSTS_LISTEN", "127.0.0.1:1")];
/// Fewer would mean that they are not found.
const COMMANDS_MIN: usize = 30;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    // Settings with secrets are refused when others may read them.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A folder as a reader has it: bars in `bars`, and what the page says to write.
fn folder_of(page: &Page) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bars/bars.csv", &csv(&bars()));
    for block in &page.blocks {
        if let Kind::File(name) = &block.kind {
            write(folder.path(), name, &block.text);
        }
    }
    folder
}

fn wrong(page: &Page, line: &str, wanted: i32, ended: &Ended) -> Option<String> {
    (ended.code != wanted)
        .then(|| format!("{}: `{line}` ended with {}, not {wanted}: {ended:?}", page.path, ended.code))
}

/// Runs the commands of a page that need no running program; gives what went wrong.
fn run_page(page: &Page) -> Vec<String> {
    let folder = folder_of(page);
    let mut faults = Vec::new();
    for (block, command) in page.commands() {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        faults.extend(match block.kind {
            Kind::Run => wrong(page, &command.line, command.exit, &fsts(folder.path(), &words, ENGLISH)),
            Kind::Parse => {
                let ended = fsts(folder.path(), &[&words[..], &["--help"]].concat(), ENGLISH);
                wrong(page, &command.line, 0, &ended)
            }
            Kind::Running | Kind::File(_) | Kind::Shown => None,
        });
    }
    faults
}

#[test]
fn every_command_of_the_book_is_run_as_it_stands_there() {
    let pages = books();
    assert!(pages.iter().map(|p| p.commands().count()).sum::<usize>() >= COMMANDS_MIN);
    let faults: Vec<String> = pages.iter().flat_map(run_page).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_for_a_running_program_are_run_against_one() {
    let config = market(2);
    let traded = config.symbols[0].symbol;
    let quiet = EmulatorConfig { market: swinging(&config.symbols, 3, 2, 1), ..config };
    let bots =
        format!("[[bots]]\nid = 'sma'\nstrategy = 'sma_cross'\nsymbols = ['{traded}']\nsizing = {{ shares = 1 }}\n");
    let mut rig = Rig::start(Site::new(quiet).bots(&bots)).await;
    let address = rig.address().trim_start_matches("http://").to_owned();
    let (mut done, mut faults) = (0, Vec::new());
    for page in books() {
        for (_, command) in page.commands().filter(|(block, _)| block.kind == Kind::Running) {
            let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
            let output = rig.command(&words).env("FSTS_LISTEN", &address).output().unwrap();
            if output.status.code() != Some(command.exit) {
                faults.push(format!("{}: `{}` {output:?}", page.path, command.line));
            }
            done += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(done >= 10, "only {done} commands for a running program were found");
    rig.stop().await;
}

#[test]
fn every_fence_of_the_book_says_what_it_is() {
    for page in books() {
        for Block { kind, language, text, line } in &page.blocks {
            let place = format!("{}:{line}", page.path);
            let known = ["console", "text", "toml", "json", "yaml", "csv"].contains(&language.as_str());
            assert!(known, "{place}: a fence `{language}` is not tested; commands go into `console`");
            if *kind == Kind::Shown {
                let command = text.lines().find(|l| l.trim_start().starts_with("$ fsts") || l.starts_with("fsts "));
                assert!(command.is_none(), "{place}: a command of ours in `{language}` is never run: {command:?}");
            }
        }
    }
}

#[test]
fn both_languages_of_the_book_have_the_same_pages_and_commands() {
    let mut by_page: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for page in books() {
        let commands = page.commands().map(|(_, c)| c.words.join(" ")).collect();
        by_page.entry(page.name.clone()).or_default().push(commands);
    }
    for (name, books) in by_page {
        assert_eq!(books.len(), 2, "{name} is missing in one language");
        assert_eq!(books[0], books[1], "{name}: the commands differ between the languages");
    }
}

#[test]
fn the_commands_of_the_deployment_are_commands_of_the_program() {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let mut commands: Vec<Vec<String>> = Vec::new();
    let list = |text: &str| -> Vec<String> {
        let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(words, _)| words);
        inside.split(',').map(|w| w.trim().trim_matches('"').to_owned()).collect()
    };
    for line in read("deploy/Dockerfile").lines().filter(|l| l.contains("CMD [")) {
        commands.push(list(line));
    }
    for line in read("deploy/compose.yaml").lines().filter(|l| l.trim().starts_with("command: [")) {
        commands.push(list(line));
    }
    for line in read("deploy/fsts.service").lines() {
        commands.extend(line.strip_prefix("ExecStart=").map(|c| c.split(' ').map(str::to_owned).collect()));
    }
    for path in ["deploy/aws/task-definition.json", "deploy/aws/simulation.json"] {
        for line in read(path).lines().filter(|l| l.contains("\"command\": [")) {
            commands.push(list(line.split_once(':').unwrap().1));
        }
    }
    assert!(commands.len() >= 7, "{commands:?}");
    let folder = tempfile::tempdir().unwrap();
    for command in commands {
        let words = command.iter().map(String::as_str).filter(|w| !matches!(*w, "CMD" | "/usr/local/bin/fsts"));
        let words: Vec<&str> = words.chain(["--help"]).collect();
        let ended = fsts(folder.path(), &words, ENGLISH);
        assert_eq!(ended.code, 0, "{command:?}: {ended:?}");
    }
}
