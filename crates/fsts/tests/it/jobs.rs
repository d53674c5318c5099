//! Scheduled jobs over the running program: due by the market's clock, run once, and known after a kill.

use std::process::Stdio;
use std::time::Duration;

use fsts_domain::Timestamp;
use fsts_kis_emulator::EmulatorConfig;
use fsts_store::{DatabaseTarget, RunOutcome, Store};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::drill::bars::swinging;
use crate::drill::{day, market};
use crate::rig::{Rig, Site};

const PATIENCE: Duration = Duration::from_secs(90);
const NOON_S: i64 = 12 * 3600;
const NOON: &str = "
[[jobs]]
name = 'noon'
task = 'balance-snapshot'
schedule = 'at 12:00 on trading days'

[[jobs]]
name = 'strange'
task = 'nothing-known'
schedule = 'at 12:00 on trading days'
";

/// Three minutes of a market that nobody trades on.
fn quiet() -> EmulatorConfig {
    let config = market(2);
    EmulatorConfig { market: swinging(&config.symbols, 3, 2, 1), ..config }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_kst(day(), second)
}

fn ns(at: Timestamp) -> Value {
    json!(at.ns().to_string())
}

/// Moves the market and waits until the program has seen it.
async fn go(rig: &Rig, second: i64) {
    let step = rig.step(&json!({ "until_ns": at(second).ns().to_string() })).await;
    rig.settle(step).await;
}

async fn runs(rig: &Rig, job: &str) -> Vec<Value> {
    rig.ask(&format!("/api/v1/jobs/{job}/history")).await["runs"].as_array().unwrap().clone()
}

async fn job(rig: &Rig, name: &str) -> Value {
    let jobs = rig.ask("/api/v1/jobs").await["jobs"].as_array().unwrap().clone();
    jobs.into_iter().find(|j| j["name"] == json!(name)).unwrap_or_else(|| panic!("no job {name}"))
}

/// Waits until the newest run of a job has ended.
async fn ended(rig: &Rig, name: &str, due: Timestamp) -> Value {
    let wait = async {
        loop {
            let newest = runs(rig, name).await.into_iter().next().unwrap_or_default();
            if newest["due_ns"] == ns(due) && !newest["ended_ns"].is_null() {
                return newest;
            }
            tokio::task::yield_now().await;
        }
    };
    match timeout(PATIENCE, wait).await {
        Ok(run) => run,
        Err(_) => panic!("{name} of {due} did not end: {:?}", runs(rig, name).await),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_fires_at_its_time_once_and_leaves_its_work() {
    let rig = Rig::start(Site::new(quiet()).bots(NOON)).await;
    go(&rig, NOON_S - 1).await;
    let before = job(&rig, "noon").await;
    assert_eq!(
        (&before["next_ns"], &before["last"], &before["enabled"]),
        (&ns(at(NOON_S)), &Value::Null, &json!(true))
    );
    assert_eq!((&before["kind"], &before["schedule"]), (&json!("at"), &json!("at 12:00 on trading days")));

    go(&rig, NOON_S).await;
    let run = ended(&rig, "noon", at(NOON_S)).await;
    assert_eq!((&run["outcome"], &run["started_ns"]), (&json!("ok"), &ns(at(NOON_S))), "{run}");
    go(&rig, NOON_S + 1800).await;
    assert_eq!(runs(&rig, "noon").await, std::slice::from_ref(&run));
    let after = job(&rig, "noon").await;
    let monday = at(NOON_S).plus_s(3 * 86_400);
    assert_eq!((&after["last"], &after["next_ns"], &after["running"]), (&run, &ns(monday), &json!(false)));

    let balance = rig.ask("/api/v1/balance").await;
    let snapshots = rig.ask("/api/v1/snapshots").await["snapshots"].as_array().unwrap().clone();
    assert_eq!(snapshots[0]["day"], json!("2026-11-20"));
    assert_eq!((&snapshots[0]["owner"], &snapshots[0]["value"]), (&json!("account"), &balance["equity"]));
    assert_eq!((&snapshots[0]["return_pct"], &snapshots[0]["at_ns"]), (&json!("0.0000"), &ns(at(NOON_S))));

    go(&rig, 15 * 3600 + 10 * 60).await;
    let nobody = ended(&rig, "trading-run", at(15 * 3600 + 10 * 60)).await;
    assert_eq!(nobody["message"], json!("no bot decides on daily bars (interval = \"day\" in the settings)"));
    // Ten minutes after the close, which is 15:30.
    go(&rig, 15 * 3600 + 40 * 60).await;
    assert_eq!(ended(&rig, "balance-snapshot", at(15 * 3600 + 40 * 60)).await["outcome"], "ok");
    let again = rig.ask("/api/v1/snapshots").await["snapshots"].as_array().unwrap().clone();
    assert_eq!((again.len(), &again[0]["at_ns"]), (snapshots.len(), &ns(at(15 * 3600 + 40 * 60))), "one row a day");
    assert!(runs(&rig, "strange").await.is_empty(), "a job without a task does not run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_cut_by_a_kill_is_known_and_not_run_again() {
    let mut rig = Rig::start(Site::new(quiet()).bots(NOON).env("FSTS_FAULT", "in_job:1")).await;
    go(&rig, NOON_S - 1).await;
    let store = Store::open(&DatabaseTarget::from_settings(None, &rig.data_dir()).unwrap()).await.unwrap();
    rig.step(&json!({ "until_ns": at(NOON_S).ns().to_string() })).await;
    // The program dies by its own hand in the run, right after the claim.
    let claimed = async {
        while store.job_runs("noon", 1).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, claimed).await.expect("the run is claimed");
    rig.kill().await;
    assert_eq!(store.job_runs("noon", 9).await.unwrap()[0].outcome, RunOutcome::Running, "nobody ended it");

    rig.set_env("FSTS_FAULT", None);
    rig.restart().await;
    let run = ended(&rig, "noon", at(NOON_S)).await;
    assert_eq!((&run["outcome"], &run["message"]), (&json!("cut"), &json!("the program ended while it ran")));
    go(&rig, NOON_S + 600).await;
    assert_eq!(runs(&rig, "noon").await, [run], "neither run again nor told twice");
    assert_eq!(job(&rig, "noon").await["running"], false);
    let alerts = rig.ask("/api/v1/alerts").await["alerts"].as_array().unwrap().clone();
    let told: Vec<&Value> = alerts.iter().filter(|a| a["kind"] == "job_cut").collect();
    assert_eq!(told.len(), 1, "{alerts:?}");
    assert!(told[0]["message_en"].as_str().unwrap().contains("job noon (due 2026-11-20 12:00)"), "{told:?}");

    let (status, begun) = rig.tell("/api/v1/jobs/noon/run", "after-the-cut", &json!({})).await;
    assert_eq!(status, 202, "the job is free again: {begun}");
    store.close().await;
}

const MISSED: &str = "
[[jobs]]
name = 'late'
task = 'balance-snapshot'
schedule = 'at 12:00 on trading days'
grace_min = 60

[[jobs]]
name = 'too-late'
task = 'balance-snapshot'
schedule = 'at 12:00 on trading days'
grace_min = 10

[[jobs]]
name = 'strict'
task = 'balance-snapshot'
schedule = 'at 12:00 on trading days'
missed = 'skip'
grace_min = 60

[[jobs]]
name = 'often'
task = 'balance-snapshot'
schedule = 'every 10 minutes in session'
grace_min = 60
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_due_while_nothing_ran_follows_the_jobs_policy() {
    let mut rig = Rig::start(Site::new(quiet()).bots(MISSED)).await;
    go(&rig, NOON_S - 600).await;
    ended(&rig, "often", at(NOON_S - 600)).await;
    let before = runs(&rig, "often").await.len();
    rig.stop().await;
    rig.step(&json!({ "until_ns": at(NOON_S + 1505).ns().to_string() })).await;
    rig.restart().await;

    let late = ended(&rig, "late", at(NOON_S)).await;
    assert_eq!((&late["outcome"], &late["started_ns"]), (&json!("ok"), &ns(at(NOON_S + 1505))), "{late}");
    for job in ["too-late", "strict"] {
        let missed = ended(&rig, job, at(NOON_S)).await;
        assert_eq!(
            (&missed["outcome"], &missed["message"]),
            (&json!("missed"), &json!("one due time passed without a run"))
        );
        assert_eq!(runs(&rig, job).await.len(), 1);
    }
    // 12:00, 12:10 and 12:20 were due: the last one runs, the others are one record.
    assert_eq!(ended(&rig, "often", at(NOON_S + 1200)).await["outcome"], "ok");
    let often = runs(&rig, "often").await;
    assert_eq!(often.len(), before + 2, "{often:?}");
    assert_eq!((&often[1]["due_ns"], &often[1]["outcome"]), (&ns(at(NOON_S + 600)), &json!("missed")));
    assert_eq!(often[1]["message"], json!("2 due times passed without a run"));
}

/// Two programs of two accounts on one database.
async fn two_programs(url: &str) {
    let blocks = NOON.replace("at 12:00 on trading days", "every 1 minutes in session");
    let first = Rig::start(Site::new(quiet()).bots(&blocks).env("DATABASE_URL", url)).await;
    let mut other = quiet();
    other.accounts[0].no = "5000000201".parse().unwrap();
    let site = Site::new(other).bots(&blocks).env("DATABASE_URL", url).env("FSTS_KIS_ACCOUNT", "5000000201");
    let second = Rig::start(site).await;
    // On its way through the morning one clock is ahead of the other, and a run of the morning may hold the job.
    tokio::join!(go(&first, NOON_S - 60), go(&second, NOON_S - 60));
    ended(&first, "noon", at(NOON_S - 60)).await;
    let free = async {
        while job(&first, "noon").await["running"] != json!(false) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, free).await.expect("the morning's runs end");
    for second_of_day in (0..8).map(|n| NOON_S + n * 60) {
        tokio::join!(go(&first, second_of_day), go(&second, second_of_day));
        let run = ended(&first, "noon", at(second_of_day)).await;
        assert_eq!(run["outcome"], "ok", "{run}");
    }
    let history = runs(&first, "noon").await;
    assert_eq!(history, runs(&second, "noon").await, "one history");
    let since_noon = |r: &&Value| r["due_ns"].as_str().unwrap().parse::<i64>().unwrap() >= at(NOON_S).ns();
    let mut due: Vec<&Value> = history.iter().filter(since_noon).map(|r| &r["due_ns"]).collect();
    assert!(
        history.iter().filter(since_noon).all(|r| r["outcome"] == "ok"),
        "none was skipped or doubled: {history:?}"
    );
    due.dedup();
    assert_eq!(due.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_on_one_database_run_each_instant_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    two_programs(&format!("sqlite://{}", folder.path().join("shared.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_on_one_database_run_each_instant_once_on_postgres() {
    let Some(database) = crate::database::own().await else { return };
    two_programs(database.url()).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_runs_switches_and_reads_jobs_by_api_and_command_line() {
    let mut rig = Rig::start(Site::new(quiet()).bots(NOON)).await;
    go(&rig, NOON_S - 600).await;
    let (status, begun) = rig.tell("/api/v1/jobs/noon/run", "by-hand", &json!({})).await;
    assert_eq!(status, 202, "{begun}");
    assert_eq!(ended(&rig, "noon", at(NOON_S - 600)).await["run_id"], begun["run_id"]);
    assert_eq!(rig.tell("/api/v1/jobs/noon/run", "by-hand", &json!({})).await, (202, begun), "once a key");
    assert_eq!(runs(&rig, "noon").await.len(), 1);
    for (path, status, code) in
        [("/api/v1/jobs/backup/run", 409, "key_reused"), ("/api/v1/jobs/nobody/enable", 404, "job_not_found")]
    {
        let (got, problem) = rig.tell(path, "by-hand", &json!({})).await;
        assert_eq!((got, &problem["code"]), (status, &json!(code)), "{path} {problem}");
    }
    let (status, problem) = rig.tell("/api/v1/jobs/nobody/run", "another", &json!({})).await;
    assert_eq!((status, &problem["code"]), (404, &json!("job_not_found")));

    let listen = rig.address().trim_start_matches("http://").to_owned();
    let online = |rig: &Rig, args: &[&str]| rig.command(args).env("FSTS_LISTEN", &listen).output().unwrap();
    let begun: Value = serde_json::from_slice(&online(&rig, &["jobs", "run", "noon", "--json"]).stdout).unwrap();
    assert!(begun["run_id"].as_str().unwrap().starts_with("noon-"), "{begun}");
    ended(&rig, "noon", at(NOON_S - 600).plus_ns(1)).await;
    let off = online(&rig, &["jobs", "disable", "noon"]);
    assert_eq!(String::from_utf8_lossy(&off.stdout), "noon is off\n");
    assert_eq!(job(&rig, "noon").await["enabled"], false);
    let unknown = online(&rig, &["jobs", "history", "nobody"]);
    assert_eq!(unknown.status.code(), Some(4), "{unknown:?}");
    go(&rig, NOON_S + 60).await;
    let on = online(&rig, &["jobs", "enable", "noon", "--lang", "ko"]);
    assert_eq!(String::from_utf8_lossy(&on.stdout), "noon 작업을 켰습니다\n");
    go(&rig, NOON_S + 120).await;
    assert_eq!(runs(&rig, "noon").await.len(), 2, "what was due while it was off stays undone");
    let listed = online(&rig, &["jobs", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed, rig.ask("/api/v1/jobs").await);

    // The same without a program.
    let history = runs(&rig, "noon").await;
    rig.stop().await;
    let offline: Value = serde_json::from_slice(&rig.run(&["jobs", "history", "noon", "--json"]).stdout).unwrap();
    assert_eq!(offline["runs"].as_array(), Some(&history));
    let text = String::from_utf8(rig.run(&["jobs", "list"]).stdout).unwrap();
    assert!(text.contains("noon") && text.contains("at 12:00 on trading days"), "{text}");
    let refused = rig.run(&["jobs", "run", "noon"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("start `fsts run` first"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_demo_a_job_fires_by_the_accelerated_clock() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_fsts"));
    command.current_dir(folder.path()).env_clear().args(["demo", "--json", "--speed", "600", "--data-dir", "demo"]);
    command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    timeout(PATIENCE, out.read_line(&mut line)).await.expect("the demo serves").unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let (address, _) = told["address"].as_str().unwrap().split_once("/#").unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{address}/api/v1/jobs/snapshot-every-30-minutes/history");
    let fired = async {
        loop {
            let reply: Value = http.get(&url).send().await.unwrap().json().await.unwrap();
            let runs = reply["runs"].as_array().unwrap().clone();
            if runs.iter().any(|r| r["outcome"] == "ok") {
                return runs;
            }
            tokio::task::yield_now().await;
        }
    };
    let runs = timeout(PATIENCE * 2, fired).await.expect("a job fires");
    for run in &runs {
        let due = Timestamp::from_ns(run["due_ns"].as_str().unwrap().parse().unwrap());
        assert_eq!(due.kst_second() % 1800, 0, "{runs:?}");
        assert!((9 * 3600..=15 * 3600).contains(&due.kst_second()), "{runs:?}");
    }
    child.kill().await.unwrap();
}
