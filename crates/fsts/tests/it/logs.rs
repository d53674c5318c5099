//! The log of a run: one JSON object a line, in a file of the day and on standard error, and no secret in any of them.

use serde_json::{Value, json};

use crate::drill::bars::{OPEN_S, swinging};
use crate::drill::inbox::Inbox;
use crate::drill::{Engine, day, log, market};
use crate::rig::{ACCOUNT, APP_KEY, APP_SECRET, Rig, Site, TOKEN};
use fsts_domain::Timestamp;
use fsts_kis_emulator::EmulatorConfig;

const BOTS: &str = r#"
[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020"]
sizing = { shares = 5 }
params = { fast = 1, slow = 2 }
"#;
const HOOK: &str = "canary-of-the-web-hook";
const MODEL_KEY: &str = "canary-of-the-model";
const PASSWORD: &str = "canary-of-a-person";

fn trading() -> EmulatorConfig {
    let quiet = market(2);
    EmulatorConfig { market: swinging(&quiet.symbols, 6, 2, 7), ..quiet }
}

/// Every text under the program's folder that is a log.
fn logs(rig: &Rig) -> Vec<String> {
    let folder = std::fs::read_dir(rig.data_dir().join("logs")).unwrap();
    let files = folder.map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap());
    files.chain([log(rig)]).collect()
}

/// The access token that the broker gave out; only its own file may hold it.
fn broker_tokens(rig: &Rig) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(rig.data_dir().join("token")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        let held: Value = serde_json::from_str(&text).unwrap_or_default();
        found.extend(held.as_object().into_iter().flatten().filter_map(|(_, v)| v.as_str()).map(str::to_owned));
    }
    found.into_iter().filter(|t| t.len() >= 20).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_log_of_a_trading_run_holds_a_secret_at_any_level() {
    let inbox = Inbox::open().await;
    let hook = format!("{}/api/webhooks/1234/{HOOK}", inbox.url().trim_end_matches("/webhook"));
    let site = Site::new(trading()).bots(BOTS).env("FSTS_LOG_LEVEL", "trace").env("FSTS_LOG_FORMAT", "json");
    let site = site.env("DISCORD_WEBHOOK_URL", &hook).env("OPENAI_API_KEY", MODEL_KEY);
    // A model that nobody can reach: its failures are logged.
    let rig = Rig::broker_only(site.env("OPENAI_BASE_URL", "http://127.0.0.1:1/v1").env("LLM_MAX_RETRIES", "0")).await;
    let mut engine = Engine::launch(&rig, None).await;
    assert_eq!(engine.ready(&rig).await, Ok(()));
    for minute in 1..=7 {
        let until = Timestamp::from_kst(day(), OPEN_S + minute * 60).ns();
        let step = rig.step(&json!({ "until_ns": until.to_string() })).await;
        assert!(engine.worked_off(step).await.is_ok(), "{}", log(&rig));
    }
    let question = json!({ "message": format!("계좌 {ACCOUNT}의 비밀번호는 password={PASSWORD} 야") });
    assert!(engine.post("/agent_chat", "q", &question).await.is_ok());
    let login = json!({ "user": "kim", "password": PASSWORD });
    assert!(engine.post("/api/v1/session/login", "l", &login).await.is_ok());
    let halt = json!({ "reason": format!("line one\nERROR forged {APP_KEY}") });
    assert!(engine.post("/api/v1/halt", "h", &halt).await.is_ok());
    engine.stop().await;

    let logs = logs(&rig);
    assert!(
        logs.len() >= 2 && logs.iter().all(|l| l.lines().count() > 20),
        "{:?}",
        logs.iter().map(String::len).collect::<Vec<_>>()
    );
    let tokens = broker_tokens(&rig);
    assert!(!tokens.is_empty(), "otherwise there was nothing to hide");
    let known = [ACCOUNT, "50000001", APP_KEY, APP_SECRET, TOKEN, HOOK, MODEL_KEY, PASSWORD];
    for text in &logs {
        for secret in known.iter().copied().chain(tokens.iter().map(String::as_str)) {
            let at = text.lines().find(|line| line.contains(secret));
            assert!(at.is_none(), "{secret} stands in {at:?}");
        }
    }
    for line in logs.iter().flat_map(|text| text.lines()) {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(event["level"].is_string(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_log_files_go_and_text_is_for_people() {
    let site = Site::new(trading()).bots(BOTS).env("FSTS_LOG_KEEP", "2").env("FSTS_LOG_LEVEL", "debug");
    let mut rig = Rig::broker_only(site).await;
    let folder = rig.data_dir().join("logs");
    std::fs::create_dir_all(&folder).unwrap();
    for old in ["2026-01-01.log", "2026-01-02.log", "2026-01-03.log"] {
        std::fs::write(folder.join(old), "old\n").unwrap();
    }
    rig.restart().await;
    rig.stop().await;
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!((names.len(), names[0].as_str()), (2, "2026-01-03.log"), "{names:?}");
    let text = std::fs::read_to_string(folder.join(&names[1])).unwrap();
    assert!(text.lines().count() > 3 && text.lines().all(|l| !l.starts_with('{')), "{text}");
}
