//! PostgreSQL, Redis or the program itself ends in the middle of the work: no session, job, alert, conversation or order is lost.

use fsts_domain::Timestamp;
use fsts_kis_emulator::EmulatorConfig;
use fsts_store::DatabaseTarget;
use serde_json::{Value, json};

use crate::drill::bars::{OPEN_S, swinging};
use crate::drill::books::agree;
use crate::drill::inbox::Inbox;
use crate::drill::{day, journal_of, market};
use crate::postgres_server::PostgresServer;
use crate::rig::{Rig, Site};

const MINUTES: i64 = 25;
/// Jobs that are due while something is gone.
const JOB_S: i64 = OPEN_S + 6 * 60;
const QUESTION: &str = "잔고 알려줘";
/// Where Redis keeps the conversation.
const KEPT: &str = "sbfsts:session:outage";
const BOTS: &str = r#"
[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020", "0Z1040"]
sizing = { shares = 5 }
params = { fast = 1, slow = 2 }

[[jobs]]
name = "at-six"
task = "balance-snapshot"
schedule = "at 09:06 on trading days"
grace_min = 60
"#;

fn trading(seed: u64) -> EmulatorConfig {
    let quiet = market(3);
    EmulatorConfig { market: swinging(&quiet.symbols, MINUTES, 2, seed), seed, partial_fills: true, ..quiet }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_kst(day(), second)
}

/// What a person has of the program: a session, and a conversation.
struct Person {
    http: reqwest::Client,
    cookie: String,
    conversation: String,
}

impl Person {
    async fn sign_up(rig: &Rig, code: &str) -> Person {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let body = json!({ "code": code, "user": "kim", "password": "a good password" });
        let request = http.post(rig.url("/api/v1/session/setup")).header("Idempotency-Key", "setup").json(&body);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let cookie = reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Person { http, cookie, conversation: String::new() }
    }

    async fn read(&self, rig: &Rig, path: &str) -> (u16, Value) {
        let reply = self.http.get(rig.url(path)).header("Cookie", &self.cookie).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    /// Asks the assistant, and remembers the conversation.
    async fn ask(&mut self, rig: &Rig, key: &str) {
        let body = json!({ "session_id": "outage", "message": QUESTION });
        let (status, answer) = rig.tell("/agent_chat", key, &body).await;
        assert_eq!(status, 200, "{answer}");
        let (status, history) = self.read(rig, "/api/v1/llm/sessions/outage").await;
        assert_eq!(status, 200, "{history}");
        self.conversation = history["messages"].to_string();
        assert!(self.conversation.contains(QUESTION), "{history}");
    }

    /// Session and conversation are as they were.
    async fn is_still_here(&self, rig: &Rig) {
        let (status, session) = self.read(rig, "/api/v1/session").await;
        assert_eq!((status, &session["user"]), (200, &json!("kim")), "{session}");
        let (status, _) = self.read(rig, "/api/v1/balance").await;
        assert_eq!(status, 200);
        let (_, history) = self.read(rig, "/api/v1/llm/sessions/outage").await;
        assert_eq!(history["messages"].to_string(), self.conversation);
    }
}

async fn site(server: &PostgresServer, inbox: &Inbox, seed: u64) -> Rig {
    let site = Site::new(trading(seed)).bots(BOTS).env("DATABASE_URL", &server.url());
    Rig::start(site.env("LLM_PROVIDER", "rules").env("DISCORD_WEBHOOK_URL", inbox.url())).await
}

/// Everything that was promised, after the market's last bar.
async fn nothing_is_lost(rig: &mut Rig, server: &PostgresServer, inbox: &Inbox, person: &Person) {
    rig.go_to_end().await;
    person.is_still_here(rig).await;
    let history = rig.ask("/api/v1/jobs/at-six/history").await;
    let runs = history["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1, "the job ran once: {history}");
    let due = json!(at(JOB_S).ns().to_string());
    assert_eq!((&runs[0]["outcome"], &runs[0]["due_ns"]), (&json!("ok"), &due), "{history}");
    assert_eq!(rig.ask("/api/v1/snapshots").await["snapshots"][0]["owner"], "account");
    // Every alert of the outbox has reached the channel.
    rig.wait_until("the delivery of all alerts", async || {
        let alerts = rig.ask("/api/v1/alerts?limit=500").await["alerts"].clone();
        alerts.as_array().unwrap().iter().all(|a| a["delivered"] == json!(true))
    })
    .await;
    assert!(inbox.lines().len() > 3, "{:?}", inbox.lines());
    let compared = rig.run(&["reconcile"]);
    assert_eq!(compared.status.code(), Some(0), "{compared:?}");
    rig.stop().await;
    let target = DatabaseTarget::from_settings(Some(&server.url()), &rig.data_dir()).unwrap();
    let story = agree(&journal_of(&target).await, &rig.truth());
    assert!(story.approved.len() > 5 && story.fill_count > 5, "otherwise nothing was at stake: {story:?}");
    // Each transmission is an order of its own, or was refused: none was sent twice.
    let sent = rig.wire("order-cash").await as usize;
    let orders = rig.truth().orders.iter().filter(|o| o.original.is_none()).count();
    assert_eq!(sent, orders + story.refused.len(), "transmissions");
}

/// The server ends by `signal` in the middle of the work and comes back; the program stays.
async fn server_restarts(signal: &str, seed: u64) {
    let Some(mut server) = PostgresServer::start() else { return };
    let inbox = Inbox::open().await;
    let mut rig = site(&server, &inbox, seed).await;
    let mut person = Person::sign_up(&rig, &rig.setup_code()).await;
    rig.go_until(at(OPEN_S + 5 * 60)).await;
    person.ask(&rig, "before").await;

    server.end(signal);
    // The job comes due, prices move, the bots decide: nothing of it can be written down.
    rig.step(&json!({ "until_ns": at(JOB_S + 30).ns().to_string() })).await;
    let silent = |s: &Value| s["ready"] == json!(false) && s["reasons"].to_string().contains("journal");
    rig.wait_status("silent", "", silent).await;
    let before = rig.wire("order-cash").await;
    let order = json!({ "symbol": "0Z1010", "side": "buy", "type": "market", "qty": 1 });
    let (status, problem) = rig.tell("/api/v1/orders", "while-away", &order).await;
    assert!(status >= 400, "{status} {problem}");
    assert_eq!(rig.wire("order-cash").await, before, "nothing is sent without a record");

    server.begin();
    rig.wait_ready().await;
    nothing_is_lost(&mut rig, &server, &inbox, &person).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_postgresql_in_mid_work_loses_nothing() {
    server_restarts("INT", 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_postgresql_in_mid_work_loses_nothing() {
    server_restarts("QUIT", 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_of_the_program_on_postgresql_in_mid_work_loses_nothing() {
    let Some(server) = PostgresServer::start() else { return };
    let inbox = Inbox::open().await;
    let mut rig = site(&server, &inbox, 13).await;
    let mut person = Person::sign_up(&rig, &rig.setup_code()).await;
    rig.go_until(at(OPEN_S + 5 * 60)).await;
    person.ask(&rig, "before").await;
    // Mid-step: orders, replies and commits are under way, and the job is due.
    rig.step(&json!({ "until_ns": at(JOB_S).ns().to_string() })).await;
    rig.kill().await;
    rig.restart().await;
    nothing_is_lost(&mut rig, &server, &inbox, &person).await;
}

/// A Redis that writes every change down.
fn redis(folder: &std::path::Path, port: u16) -> std::process::Child {
    let mut command = std::process::Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
    command.args(["--appendfsync", "always", "--dir"]).arg(folder);
    let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn();
    let child = child.expect("redis-server is installed: apt-get install redis-server");
    let started = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed().as_secs() < 60, "redis does not answer");
    }
    child
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_and_the_program_restart_in_mid_work_and_the_conversation_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = redis(folder.path(), port);
    let site = Site::new(trading(14)).bots(BOTS).env("REDIS_URL", &format!("redis://127.0.0.1:{port}/0"));
    let mut rig = Rig::start(site.env("LLM_PROVIDER", "rules")).await;
    let mut person = Person::sign_up(&rig, &rig.setup_code()).await;
    rig.go_until(at(OPEN_S + 3 * 60)).await;
    person.ask(&rig, "before").await;

    server.kill().unwrap();
    server.wait().unwrap();
    // Trading and the conversation go on without it.
    rig.go_until(at(OPEN_S + 5 * 60)).await;
    person.ask(&rig, "while-away").await;
    let mut server = redis(folder.path(), port);
    // What was said without it is written to it.
    let held = || {
        let asked =
            std::process::Command::new("redis-cli").args(["-p", &port.to_string(), "GET", KEPT]).output().unwrap();
        String::from_utf8_lossy(&asked.stdout).matches(QUESTION).count()
    };
    rig.wait_until("the write-back", async || held() >= 2).await;

    rig.kill().await;
    rig.restart().await;
    person.is_still_here(&rig).await;
    rig.go_to_end().await;
    assert!(rig.book_differences().await.is_empty(), "{:?}", rig.book_differences().await);
    rig.stop().await;
    server.kill().unwrap();
    server.wait().unwrap();
}
