//! A broker on a stepped clock in this process, and the program as a process of its own against it.
//!
//! ```text
//! let mut rig = Rig::start(Site::new(config).bots(BOTS)).await;   // trading, books read, base prices known
//! while !rig.go().await.done {}                                     // one instant after the other
//! rig.kill().await; rig.restart().await; rig.stop().await;
//! ```
//!
//! Nothing sleeps: after a step the program is asked to answer once it has seen every frame of it and the clock's
//! new time, and owes no reply.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use fsts_domain::{Symbol, Timestamp, TradingDay, Won};
use fsts_kis_emulator::{AccountTruth, EmuAccount, Emulator, EmulatorConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

pub const ACCOUNT: &str = "5000000101";
pub const APP_KEY: &str = "key-of-the-test";
pub const APP_SECRET: &str = "secret-of-the-test";
pub const HTS_ID: &str = "tester";
pub const TOKEN: &str = "a-token-of-the-test";

/// Long enough for a debug build on a busy machine; only a broken program waits so long.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_MS: u64 = 5_000;

/// The account of all rigs.
pub fn account(cash: i64) -> EmuAccount {
    EmuAccount {
        no: ACCOUNT.parse().unwrap(),
        app_key: APP_KEY.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        hts_id: HTS_ID.to_owned(),
        cash: Won::new(cash),
    }
}

/// What a rig is made of.
pub struct Site {
    pub config: EmulatorConfig,
    /// `[[bots]]` blocks.
    pub bots: String,
    /// More environment of the program; `FSTS_FAULT` and the like.
    pub env: Vec<(String, String)>,
}

impl Site {
    pub fn new(config: EmulatorConfig) -> Site {
        Site { config, bots: String::new(), env: Vec::new() }
    }

    pub fn bots(self, blocks: &str) -> Site {
        Site { bots: blocks.to_owned(), ..self }
    }

    pub fn env(mut self, name: &str, value: &str) -> Site {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Where a step led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub now: Timestamp,
    pub frames: u64,
    pub done: bool,
}

/// A running program.
struct Program {
    child: Child,
    address: String,
    setup_code: Option<String>,
    /// Frames that the broker had sent before this program listened.
    frames_before: u64,
    /// Keeps the pipe open, so that the program never writes into a closed one.
    _stdout: BufReader<ChildStdout>,
}

/// Broker and program.
pub struct Rig {
    pub emulator: Emulator,
    http: reqwest::Client,
    dir: TempDir,
    symbols: Vec<Symbol>,
    env: Vec<(String, String)>,
    program: Option<Program>,
}

impl Rig {
    /// Starts both, and returns when the program is ready and knows every base price.
    pub async fn start(site: Site) -> Rig {
        let mut rig = Rig::broker_only(site).await;
        rig.restart().await;
        rig
    }

    /// Starts the broker alone; the program's folder and settings are there.
    pub async fn broker_only(site: Site) -> Rig {
        // Another test of this process may have chosen it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let line = |s: &fsts_kis_emulator::EmuSymbol| format!("{},{},{:?}\n", s.symbol, s.name, s.market);
        let master: String = site.config.symbols.iter().map(line).collect();
        std::fs::write(dir.path().join("symbols.csv"), master).unwrap();
        std::fs::write(dir.path().join("fsts.toml"), &site.bots).unwrap();
        let symbols = site.config.symbols.iter().map(|s| s.symbol).collect();
        let emulator = fsts_kis_emulator::start(site.config).await.unwrap();
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Rig { emulator, http, dir, symbols, env: site.env, program: None }
    }

    /// The program's folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A command of the program with the settings of this rig.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_fsts").as_ref(), args)
    }

    /// Another program with the same settings, which may start ours.
    pub fn command_of(&self, program: &OsStr, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(n, _)| {
            let ours = ["FSTS_", "LLM_", "OPENAI_", "AZURE_", "MCP_", "VECTOR_DB_"].iter().any(|p| n.starts_with(p));
            ours || n == "DATABASE_URL" || n == "REDIS_URL"
        }) {
            command.env_remove(name);
        }
        command
            .current_dir(self.dir.path())
            .args(args)
            .env("FSTS_LISTEN", "127.0.0.1:0")
            .env("FSTS_DATA_DIR", self.data_dir())
            .env("FSTS_API_TOKEN", TOKEN)
            .env("FSTS_SYMBOL_MASTER", self.dir.path().join("symbols.csv"))
            .env("FSTS_CLOCK", format!("{}/_emulator/clock", self.emulator.rest_url()))
            .env("FSTS_KIS_ENV", "mock")
            .env("FSTS_KIS_REST_URL", self.emulator.rest_url())
            .env("FSTS_KIS_WS_URL", self.emulator.ws_url())
            .env("FSTS_KIS_APP_KEY", APP_KEY)
            .env("FSTS_KIS_APP_SECRET", APP_SECRET)
            .env("FSTS_KIS_ACCOUNT", ACCOUNT)
            .env("FSTS_KIS_HTS_ID", HTS_ID)
            .env("FSTS_LANG", "en")
            .env_remove("DISCORD_WEBHOOK_URL")
            .envs(self.env.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Changes what the next start of the program finds in its environment.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) {
        self.env.retain(|(n, _)| n != name);
        self.env.extend(value.map(|v| (name.to_owned(), v.to_owned())));
    }

    /// Starts the program and returns when it is ready.
    pub async fn restart(&mut self) {
        self.launch().await;
        self.wait_ready().await;
        self.wait_bases().await;
    }

    /// Starts the program and returns when it serves; it need not be ready.
    pub async fn launch(&mut self) {
        assert!(self.program.is_none(), "the program runs already");
        self.wait_for_no_session().await;
        let frames_before = self.control("clock").await["frames"].as_u64().unwrap();
        let mut command = tokio::process::Command::from(self.command(&["run", "--json"]));
        // A failed test must not leave a process behind.
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("the program serves").unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            panic!("the program ended before it served: {:?}", child.wait().await);
        };
        let address = said["address"].as_str().unwrap().to_owned();
        let setup_code = said["setup_code"].as_str().map(str::to_owned);
        self.program = Some(Program { child, address, setup_code, frames_before, _stdout: stdout });
    }

    fn program(&self) -> &Program {
        self.program.as_ref().expect("the program runs")
    }

    /// What makes the first user.
    pub fn setup_code(&self) -> String {
        self.program().setup_code.clone().expect("there is no user yet")
    }

    /// Where the program serves.
    pub fn address(&self) -> &str {
        &self.program().address
    }

    pub async fn wait_ready(&self) {
        let ready = |s: &Value| s["ready"] == json!(true) && s["in_flight"] == json!(0);
        self.wait_status("ready", "idle=true", ready).await;
    }

    /// Base prices are asked for one by one when a day begins; with them the day's limits are known.
    async fn wait_bases(&self) {
        for symbol in &self.symbols {
            let path = format!("/api/v1/quotes/{symbol}");
            self.wait_until(&format!("a base price of {symbol}"), async || {
                let quote = self.ask(&path).await;
                quote.get("prev_close").is_some_and(|p| !p.is_null())
            })
            .await;
        }
    }

    /// The broker lets go of a session some moments after its client died.
    async fn wait_for_no_session(&self) {
        self.wait_until("the last session's end", async || self.control("clock").await["sessions"] == json!(0)).await;
    }

    /// Asks again and again until something holds.
    pub async fn wait_until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} did not come"));
    }

    /// Waits for a status that holds; the server answers when `query` does, so this is no busy loop.
    pub async fn wait_status(&self, what: &str, query: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/v1/status?{query}&timeout_ms={POLL_MS}");
        let wait = async {
            loop {
                let status = self.ask(&path).await;
                if holds(&status) {
                    return status;
                }
            }
        };
        match timeout(PATIENCE, wait).await {
            Ok(status) => status,
            Err(_) => panic!("not {what}: {}", self.ask("/api/v1/status").await),
        }
    }

    /// Moves the clock to the next instant and waits until the program has dealt with it.
    pub async fn go(&self) -> Step {
        let step = self.step(&json!({})).await;
        self.settle(step).await;
        step
    }

    /// Goes instant by instant until the clock shows `at` or the data end.
    pub async fn go_until(&self, at: Timestamp) -> Step {
        loop {
            let step = self.go().await;
            if step.done || step.now >= at {
                return step;
            }
        }
    }

    /// Goes to the end of the data, and past the close of the last bar.
    pub async fn go_to_end(&self) -> Step {
        let end = self.go_until(Timestamp::from_ns(i64::MAX)).await;
        let late = self.step(&json!({"until_ns": end.now.plus_s(1).ns().to_string()})).await;
        self.settle(late).await;
        late
    }

    /// Moves the clock: one instant, or as the body says (`until_ns`, `count`). Does not wait for the program.
    pub async fn step(&self, body: &Value) -> Step {
        let reply = self.control_post("step", body).await;
        let now: i64 = reply["now_ns"].as_str().unwrap().parse().unwrap();
        let frames = reply["frames"].as_u64().unwrap();
        Step { now: Timestamp::from_ns(now), frames, done: reply["done"] == json!(true) }
    }

    /// Waits until the program has processed what a step sent, at the step's time, and owes nothing.
    pub async fn settle(&self, step: Step) -> Value {
        let (frames, at) = (step.frames - self.program().frames_before, step.now.ns());
        let query = format!("wait_frames={frames}&wait_as_of_ns={at}&idle=true");
        let settled = |s: &Value| {
            let as_of: i64 = s["as_of"]["at_ns"].as_str().unwrap().parse().unwrap();
            s["frames"].as_u64().unwrap() >= frames && as_of >= at && s["in_flight"] == json!(0)
        };
        self.wait_status(&format!("settled at {step:?}"), &query, settled).await
    }

    /// `GET /_emulator/<path>`.
    pub async fn control(&self, path: &str) -> Value {
        let url = format!("{}/_emulator/{path}", self.emulator.rest_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// `POST /_emulator/<path>`.
    pub async fn control_post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/_emulator/{path}", self.emulator.rest_url());
        let reply = self.http.post(url).body(body.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path} {body}");
        reply.json().await.unwrap()
    }

    /// Transmissions that the broker received of a call.
    pub async fn wire(&self, call: &str) -> u64 {
        self.control("wire").await[call].as_u64().unwrap_or(0)
    }

    /// The account as the broker has it.
    pub fn truth(&self) -> AccountTruth {
        self.emulator.accounts().remove(0)
    }

    /// Address of a path of the program.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.program().address)
    }

    /// Reads from the program's API, with the token: once there is a user, nobody else may.
    pub async fn ask(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.program().address);
        match self.http.get(url).bearer_auth(TOKEN).send().await {
            Ok(reply) => reply.json().await.unwrap(),
            Err(error) => panic!("the program does not answer {path}: {error}"),
        }
    }

    /// Writes to the program's API: status and body.
    pub async fn tell(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.program().address);
        let request = self.http.post(url).bearer_auth(TOKEN).header("Idempotency-Key", key).json(body);
        let reply = request.send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    /// Waits until the program has ended by itself.
    pub async fn wait_gone(&mut self) {
        let mut program = self.program.take().expect("the program runs");
        timeout(PATIENCE, program.child.wait()).await.expect("the program ends").unwrap();
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        let mut program = self.program.take().expect("the program runs");
        program.child.kill().await.unwrap();
    }

    /// Ends the program as Ctrl-C does.
    pub async fn stop(&mut self) {
        let mut program = self.program.take().expect("the program runs");
        let pid = program.child.id().expect("the program runs").to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let ended = timeout(PATIENCE, program.child.wait()).await.expect("the program ends when asked to").unwrap();
        assert!(ended.success(), "the program ends cleanly: {ended}");
    }

    /// The lines of a day's decision log.
    pub fn decisions(&self, day: TradingDay) -> Vec<String> {
        lines(&self.day_file("decisions", day))
    }

    /// The file of a day under `decisions` or `tape`.
    pub fn day_file(&self, folder: &str, day: TradingDay) -> PathBuf {
        let streams: Vec<PathBuf> =
            std::fs::read_dir(self.data_dir().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(streams.len(), 1, "one account, one stream");
        streams[0].join(format!("{day}.ndjson"))
    }

    /// What differs between the program's books and the broker's; empty when they agree.
    pub async fn book_differences(&self) -> Vec<String> {
        let truth = self.truth();
        let balance = self.ask("/api/v1/balance").await;
        let mut differences = Vec::new();
        if balance["cash"] != json!(truth.cash) {
            differences.push(format!("cash: books {}, broker {}", balance["cash"], truth.cash));
        }
        let positions = self.ask("/api/v1/positions").await;
        let rows = positions["positions"].as_array().or_else(|| positions.as_array()).unwrap().clone();
        let held = |symbol: &str| {
            let row = rows.iter().find(|r| r["symbol"] == json!(symbol));
            row.map_or(0, |r| r["qty"].as_i64().unwrap())
        };
        for symbol in &self.symbols {
            let theirs = truth.positions.get(symbol).map_or(0, |p| p.qty.get());
            let ours = held(symbol.as_str());
            if ours != theirs {
                differences.push(format!("{symbol}: books {ours}, broker {theirs}"));
            }
        }
        differences
    }
}

/// The lines of a file.
pub fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(str::to_owned).collect()
}
