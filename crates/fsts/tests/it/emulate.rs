//! `fsts emulate`: one line for a script, a clock that answers, a clean stop, and a folder that goes on.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running emulator; dropped, it is gone.
struct Emulating {
    child: Child,
    started: Value,
}

impl Emulating {
    fn start(folder: &Path, arguments: &[&str]) -> Emulating {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fsts"));
        command.current_dir(folder).arg("emulate").args(arguments).arg("--json").env_clear().stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Emulating { child, started }
    }

    fn text(&self, key: &str) -> &str {
        self.started[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.started))
    }

    /// Ends it by a signal and answers its exit code and what it said.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Emulating {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> reqwest::Client {
    // Fails when another test of this process has installed it, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn now_ns(emulating: &Emulating) -> i64 {
    let answer = client().get(emulating.text("clock")).send().await.unwrap();
    let clock: Value = answer.json().await.unwrap();
    clock["now_ns"].as_str().map(|t| t.parse().unwrap()).or_else(|| clock["now_ns"].as_i64()).unwrap()
}

#[tokio::test]
async fn an_emulator_tells_its_addresses_and_stops_cleanly_on_either_signal() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let emulating = Emulating::start(folder.path(), &["--clock", "stepped", "--start-date", "2026-11-20"]);
        assert!(emulating.text("rest").starts_with("http://127.0.0.1:"));
        assert!(emulating.text("ws").starts_with("ws://127.0.0.1:"));
        for key in ["account", "app_key", "app_secret", "hts_id", "env"] {
            assert!(!emulating.text(key).is_empty());
        }
        let day: fsts_domain::TradingDay = "2026-11-20".parse().unwrap();
        assert_eq!(fsts_domain::Timestamp::from_ns(now_ns(&emulating).await).kst_day(), day);
        assert_eq!(emulating.end(signal), (Some(0), String::new()));
    }
}

#[tokio::test]
async fn an_emulator_goes_on_from_its_folder_which_is_its_alone() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--clock", "stepped", "--start-date", "2026-11-20", "--data-dir", "emulator"];
    let first = Emulating::start(folder.path(), &arguments);
    let second = crate::program::fsts(folder.path(), &[&["emulate", "--lang", "en"], &arguments[..]].concat(), &[]);
    assert_eq!((second.code, second.out.as_str()), (6, ""), "{second:?}");
    assert!(second.err.contains("another emulator uses the data folder"), "{second:?}");
    let client = client();
    let before = now_ns(&first).await;
    for _ in 0..20 {
        client.post(format!("{}/_emulator/step", first.text("rest"))).send().await.unwrap().error_for_status().unwrap();
    }
    let stepped = now_ns(&first).await;
    assert!(stepped > before);
    assert_eq!(first.end("-TERM").0, Some(0));
    let again = Emulating::start(folder.path(), &arguments);
    assert!(now_ns(&again).await >= stepped, "simulated time is kept");
}

#[tokio::test]
async fn an_emulator_replays_the_bars_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let bars = "code,datetime,open,high,low,close,volume\n\
                005930,2024-03-04 09:00:00,70000,70100,69900,70100,10\n\
                005930,2024-03-04 09:01:00,70100,70200,70000,70000,10\n";
    std::fs::write(folder.path().join("minutes.csv"), bars).unwrap();
    let emulating = Emulating::start(folder.path(), &["--clock", "stepped", "--data", "minutes.csv"]);
    let day: fsts_domain::TradingDay = "2024-03-04".parse().unwrap();
    assert_eq!(fsts_domain::Timestamp::from_ns(now_ns(&emulating).await).kst_day(), day);
    assert_eq!(emulating.end("-TERM").0, Some(0));
}
