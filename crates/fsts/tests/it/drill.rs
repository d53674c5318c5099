//! An engine that may die at any moment: its process, and waits that say so instead of failing.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use fsts_domain::TradingDay;
use fsts_engine::Entry;
use fsts_kis_emulator::{EmuSymbol, EmulatorConfig, Environment, demo_symbols};
use fsts_store::{DatabaseTarget, Store, StoredRecord, stream_of};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::rig::{ACCOUNT, Rig, Step, TOKEN, account};

pub mod bars;
pub mod books;
pub mod inbox;

/// What is promised of a start, after a kill too.
pub const READY_MAX: Duration = Duration::from_secs(5);
const WORKED_OFF_MAX: Duration = Duration::from_secs(30);
const ENDED_MAX: Duration = Duration::from_secs(20);
/// Longer than any answer: the server itself gives up after 15 s of an unanswered command.
const ANSWER_MAX: Duration = Duration::from_secs(40);

pub fn day() -> TradingDay {
    "2026-11-20".parse().unwrap()
}

/// The emulator's settings of a drill: mock environment, no call limit, stepped.
pub fn market(symbols: usize) -> EmulatorConfig {
    // Prices below 200,000 won have 100 won on their grid, which the bars of a drill keep to.
    let cheap = demo_symbols().into_iter().filter(|s| s.base.get() < 200_000);
    let symbols: Vec<EmuSymbol> = cheap.take(symbols).collect();
    EmulatorConfig { env: Environment::Mock, ..EmulatorConfig::new(day(), symbols, vec![account(100_000_000)]) }
}

/// The journal of a rig's programs, its chain verified.
pub async fn journal(rig: &Rig) -> Vec<Entry> {
    journal_of(&DatabaseTarget::from_settings(None, &rig.data_dir()).unwrap()).await
}

/// The journal of the rigs' account in a database, its chain verified.
pub async fn journal_of(target: &DatabaseTarget) -> Vec<Entry> {
    let store = Store::open(target).await.unwrap();
    let stream = stream_of(&ACCOUNT.parse().unwrap(), "mock");
    store.verify(&stream).await.unwrap();
    let records = store.read_from(&stream, 0).await.unwrap();
    store.close().await;
    records.iter().map(StoredRecord::entry).collect::<Result<_, _>>().unwrap()
}

/// The engine's process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// A process of the program.
pub struct Engine {
    child: Child,
    address: Option<String>,
    http: Client,
    /// Frames that the market had handed out before this engine listened.
    frames_before: u64,
}

impl Engine {
    /// Starts the program on a rig's market, with a planned death where `fault` names one; it may be dead already when
    /// this returns.
    pub async fn launch(rig: &Rig, fault: Option<&str>) -> Engine {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log_file(rig)).unwrap();
        let mut command = Command::from(rig.command(&["run", "--json"]));
        command.env("RUST_LOG", "warn").stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        if let Some(fault) = fault {
            command.env("FSTS_FAULT", fault);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        tokio::time::timeout(ENDED_MAX, out.read_line(&mut line)).await.expect("a sign of life").unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = told["address"].as_str().map(str::to_owned);
        let http = Client::builder().timeout(ANSWER_MAX).no_proxy().build().unwrap();
        Engine { child, address, http, frames_before: 0 }
    }

    async fn answered(&self, sent: Result<Response, reqwest::Error>) -> Result<Value, Gone> {
        sent.map_err(|_| Gone)?.json().await.map_err(|_| Gone)
    }

    pub async fn get(&self, path: &str) -> Result<Value, Gone> {
        let address = self.address.as_ref().ok_or(Gone)?;
        self.answered(self.http.get(format!("{address}{path}")).send().await).await
    }

    /// A write, with its idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, Gone> {
        let address = self.address.as_ref().ok_or(Gone)?;
        let request = self.http.post(format!("{address}{path}")).bearer_auth(TOKEN).header("Idempotency-Key", key);
        self.answered(request.json(body).send().await).await
    }

    /// Waits until orders may leave: no longer than is promised. The market stands still meanwhile.
    pub async fn ready(&mut self, rig: &Rig) -> Result<(), Gone> {
        let wanted = |s: &Value| s["ready"] == true && s["in_flight"] == 0;
        let status = match tokio::time::timeout(READY_MAX, self.until("idle=true", wanted)).await {
            Ok(status) => status?,
            Err(_) => panic!("not ready in {READY_MAX:?}: {:?} {}", self.get("/api/v1/status").await, log(rig)),
        };
        let sent = rig.control("clock").await["frames"].as_u64().unwrap();
        self.frames_before = sent - status["frames"].as_u64().unwrap();
        Ok(())
    }

    /// Waits until the engine has seen a step whole and everything it caused is answered.
    pub async fn worked_off(&self, step: Step) -> Result<Value, Gone> {
        self.seen_with(step, "&idle=true", |status| status["in_flight"] == 0).await
    }

    /// Waits until the engine has seen a step whole.
    pub async fn seen(&self, step: Step) -> Result<Value, Gone> {
        self.seen_with(step, "", |_| true).await
    }

    async fn seen_with(&self, step: Step, wait: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Gone> {
        let (frames, at) = (step.frames.saturating_sub(self.frames_before), step.now.ns());
        let seen = |status: &Value| {
            let as_of: i64 = status["as_of"]["at_ns"].as_str().unwrap().parse().unwrap();
            as_of >= at && status["frames"].as_u64() >= Some(frames) && wanted(status)
        };
        let wait = format!("wait_frames={frames}&wait_as_of_ns={at}{wait}");
        match tokio::time::timeout(WORKED_OFF_MAX, self.until(&wait, seen)).await {
            Ok(status) => status,
            Err(_) => panic!("{step:?} is not worked off: {:?}", self.get("/api/v1/status").await),
        }
    }

    /// Waits until the status is as wanted; `wait` is what the server can wait for by itself.
    pub async fn until(&self, wait: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Gone> {
        // Frames that never come: an answer after so many real milliseconds, while the rest is not yet so.
        let soon = format!("wait_frames={}&timeout_ms=10", u64::MAX);
        loop {
            for wait in [&format!("{wait}&timeout_ms=1000"), &soon] {
                let status = self.get(&format!("/api/v1/status?{wait}")).await?;
                if wanted(&status) {
                    return Ok(status);
                }
            }
        }
    }

    /// How the process ended; it must be ending.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(ENDED_MAX, self.child.wait()).await.expect("the engine ends").unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends the program as a service manager does.
    pub async fn stop(self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        assert_eq!(self.ended().await.code(), Some(0));
    }
}

fn log_file(rig: &Rig) -> std::path::PathBuf {
    rig.dir().join("engine.log")
}

/// What the engines of a rig wrote to standard error so far.
pub fn log(rig: &Rig) -> String {
    std::fs::read_to_string(log_file(rig)).unwrap_or_default()
}
