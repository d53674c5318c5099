//! `fsts replay DAY`: a recorded day decides the same again, and a changed line is found.

use std::path::PathBuf;

use fsts_domain::Timestamp;
use serde_json::{Value, json};

use crate::equality::{RSI, SMA, parsed};
use crate::market_day::MarketDay;
use crate::rig::{Rig, Site, lines};

const SEED: u64 = 20_261_121;
const DIFFERS: i32 = 8;
const UNUSABLE: i32 = 4;

/// A rig whose two bots share the account.
async fn rig(day: &MarketDay) -> Rig {
    // One bot may not hold what the other sells, so each has its own symbols.
    let blocks = [&SMA, &RSI].iter().enumerate().map(|(n, trader)| {
        let own = day.symbols.iter().enumerate().filter(|(ix, _)| ix % 2 == n).map(|(_, s)| s.symbol.to_string());
        trader.block_of(&own.collect::<Vec<_>>())
    });
    Rig::start(Site::new(day.config()).bots(&blocks.collect::<String>())).await
}

fn at(day: &MarketDay, hour: i64, minute: i64) -> Timestamp {
    Timestamp::from_kst(day.day, (hour * 60 + minute) * 60 + 30)
}

/// Exit code and what was said.
fn replay(rig: &Rig, day: &MarketDay) -> (i32, Value) {
    let output = rig.run(&["replay", &day.day.to_string(), "--json"]);
    let said = if output.status.success() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(said);
    let said = serde_json::from_str(text.trim()).unwrap_or_else(|_| json!(text));
    (output.status.code().unwrap(), said)
}

fn with_line(file: &PathBuf, n: usize, change: impl Fn(&str) -> String) {
    let mut all = lines(file);
    all[n] = change(&all[n]);
    std::fs::write(file, all.join("\n") + "\n").unwrap();
}

fn append(file: &PathBuf, text: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes.extend(text.bytes());
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_day_replays_to_the_same_decisions_and_a_changed_line_is_named() {
    let day = MarketDay::generate(SEED);
    let mut rig = rig(&day).await;
    rig.go_until(at(&day, 10, 30)).await;
    rig.stop().await;
    let decisions = parsed(&rig.decisions(day.day));
    let intents = decisions.iter().filter(|d| !d["intent"].is_null()).count();
    assert!(intents >= 10, "{intents} intents");

    let (code, said) = replay(&rig, &day);
    assert_eq!((code, &said["decisions"], &said["intents"]), (0, &json!(decisions.len()), &json!(intents)), "{said}");
    assert_eq!((&said["runs"], &said["unrecorded"]), (&json!(1), &json!(0)));

    let log = rig.day_file("decisions", day.day);
    let whole = std::fs::read(&log).unwrap();
    let with_intent = decisions.iter().position(|d| !d["intent"].is_null()).unwrap();
    with_line(&log, with_intent, |line| line.replacen("\"qty\":", "\"qty\":1", 1));
    let (code, said) = replay(&rig, &day);
    assert_eq!(code, DIFFERS, "{said}");
    assert!(said.to_string().contains(&format!("decision {}:", with_intent + 1)), "{said}");

    let mut shorter = lines(&log);
    std::fs::write(&log, &whole).unwrap();
    shorter.pop();
    std::fs::write(&log, shorter.join("\n") + "\n").unwrap();
    assert_eq!(replay(&rig, &day).0, DIFFERS, "a run that ended by itself has every line");

    std::fs::write(&log, &whole).unwrap();
    let tape = rig.day_file("tape", day.day);
    let mut cut = lines(&tape);
    cut.remove(cut.len() / 2);
    std::fs::write(&tape, cut.join("\n") + "\n").unwrap();
    let (code, said) = replay(&rig, &day);
    assert_eq!(code, UNUSABLE, "a tape with a gap proves nothing: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_a_kill_in_the_middle_replays_equal() {
    let day = MarketDay::generate(SEED);
    let mut rig = rig(&day).await;
    rig.go_until(at(&day, 9, 40)).await;
    rig.kill().await;
    let before = rig.decisions(day.day).len();
    // What a kill within a write leaves.
    append(&rig.day_file("tape", day.day), "{\"event\":{\"seq\":");
    append(&rig.day_file("decisions", day.day), "{\"seq\":1");
    rig.restart().await;
    rig.go_until(at(&day, 10, 20)).await;
    // Now at a busy moment: the bars of a minute are just closing.
    rig.step(&json!({"until_ns": at(&day, 10, 21).plus_s(31).ns().to_string()})).await;
    rig.kill().await;
    // An event may reach its file in the last moment, its decisions not.
    let log = rig.day_file("decisions", day.day);
    let shorter = std::fs::metadata(&log).unwrap().len() - 100;
    std::fs::File::options().write(true).open(&log).unwrap().set_len(shorter).unwrap();
    rig.restart().await;
    rig.go_until(at(&day, 10, 40)).await;
    rig.stop().await;

    let all = rig.decisions(day.day).len();
    assert!(before > 100 && all > 2 * before, "{before} and then {all}");
    let (code, said) = replay(&rig, &day);
    assert_eq!((code, &said["runs"]), (0, &json!(3)), "{said}");
    // One decision is cut off above; either kill may have come between an event's write and its decisions' write.
    let unrecorded = said["unrecorded"].as_u64().unwrap();
    assert!(unrecorded >= 1, "{said}");
    // Two of the lines are pieces of lines.
    assert_eq!(said["decisions"], json!(all as u64 - 2 + unrecorded), "{said}");
}
