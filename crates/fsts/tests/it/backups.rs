//! The restore drill through the program's doors: trade, back up, lose everything, restore, go on with equal books.

use fsts_domain::Timestamp;
use fsts_kis_emulator::EmulatorConfig;
use serde_json::{Value, json};

use crate::aws_server::AwsServer;
use crate::drill::bars::swinging;
use crate::drill::{day, market};
use crate::program::fsts;
use crate::rig::{Rig, Site};

const MINUTES: i64 = 20;
/// After the close, and long after the token.
const EVENING_S: i64 = 17 * 3600;
const BOTS: &str = r#"
[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020", "0Z1040"]
sizing = { shares = 5 }
params = { fast = 1, slow = 2 }
"#;

fn trading(seed: u64) -> EmulatorConfig {
    let quiet = market(3);
    EmulatorConfig { market: swinging(&quiet.symbols, MINUTES, 2, seed), seed, ..quiet }
}

fn json_of(rig: &Rig, args: &[&str]) -> Value {
    let ended = rig.run(args);
    assert_eq!(ended.status.code(), Some(0), "{args:?}: {ended:?}");
    serde_json::from_slice(&ended.stdout).unwrap()
}

/// Exit code and sentence of a command that refuses.
fn refusal(rig: &Rig, args: &[&str]) -> (i32, String) {
    let ended = rig.run(args);
    (ended.status.code().unwrap(), String::from_utf8(ended.stderr).unwrap())
}

/// Everything of the books that a person sees.
async fn books(rig: &Rig) -> Value {
    let orders = rig.ask("/api/v1/orders?limit=500").await["orders"].clone();
    let fills = rig.ask("/api/v1/trade/history?limit=500").await["fills"].clone();
    let balance = rig.ask("/api/v1/balance").await;
    let positions = rig.ask("/api/v1/positions").await["positions"].clone();
    let held: Vec<Value> =
        positions.as_array().unwrap().iter().map(|p| json!([p["symbol"], p["qty"], p["avg_price"]])).collect();
    json!({ "orders": orders, "fills": fills, "cash": balance["cash"], "positions": held })
}

/// The newest run of the job once it has ended.
async fn backup_ended(rig: &Rig, run_id: &Value) -> Value {
    let newest = async || rig.ask("/api/v1/jobs/backup/history").await["runs"][0].clone();
    rig.wait_until("the end of the backup", async || {
        let run = newest().await;
        run["run_id"] == *run_id && !run["ended_ns"].is_null()
    })
    .await;
    newest().await
}

async fn back_up(rig: &Rig, key: &str) -> Value {
    let (status, begun) = rig.tell("/api/v1/backups", key, &json!({})).await;
    assert_eq!(status, 202, "{begun}");
    assert_eq!(rig.tell("/api/v1/backups", key, &json!({})).await, (202, begun.clone()), "once a key");
    backup_ended(rig, &begun["run_id"]).await
}

/// The whole drill; `wipe` loses what the program has.
async fn drill(site: Site, wipe: impl AsyncFn(&Rig)) {
    let mut rig = Rig::start(site.bots(BOTS)).await;
    rig.go_to_end().await;
    let before = books(&rig).await;
    assert!(
        before["fills"].as_array().unwrap().len() > 3,
        "otherwise the books agree because nothing happened: {before}"
    );

    let run = back_up(&rig, "drill").await;
    assert_eq!(run["outcome"], "ok", "{run}");
    let listed = rig.ask("/api/v1/backups").await;
    let made = listed["backups"][0].clone();
    assert_eq!((listed["backups"].as_array().unwrap().len(), &made["verified_ns"]), (1, &Value::Null));
    let id = made["id"].as_str().unwrap();
    let (status, verified) = rig.tell(&format!("/api/v1/backups/{id}/verify"), "v", &json!({})).await;
    assert_eq!((status, &verified["files"]), (200, &made["files"]), "{verified}");
    let (status, problem) = rig.tell("/api/v1/backups/nobody/verify", "w", &json!({})).await;
    assert_eq!((status, &problem["code"]), (404, &json!("backup_not_found")));

    // Nobody restores under a running engine, forced or not.
    let (code, said) = refusal(&rig, &["backup", "restore", "--force"]);
    assert!(code == 6 && said.contains("while a running program uses this database: process "), "{code} {said}");
    rig.stop().await;
    // The broker gives a second token only a minute after the first, and tokens are in no backup.
    rig.step(&json!({ "until_ns": Timestamp::from_kst(day(), EVENING_S).ns().to_string() })).await;
    let (code, said) = refusal(&rig, &["backup", "restore"]);
    assert!(code == 4 && said.contains("--force puts what is there aside"), "{code} {said}");
    wipe(&rig).await;

    let listed = json_of(&rig, &["backup", "list", "--json"]);
    assert_eq!(listed["backups"][0]["id"], json!(id));
    let restored = json_of(&rig, &["backup", "restore", "--force", "--json"]);
    assert_eq!((&restored["id"], &restored["records"]), (&json!(id), &verified["records"]));
    rig.restart().await;
    assert_eq!(books(&rig).await, before);
    assert!(rig.book_differences().await.is_empty(), "{:?}", rig.book_differences().await);
    rig.stop().await;
    let compared = rig.run(&["reconcile"]);
    assert_eq!(compared.status.code(), Some(0), "{compared:?}");
}

async fn lose_the_folder(rig: &Rig) {
    std::fs::remove_dir_all(rig.data_dir()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_account_comes_back_from_a_bucket_with_equal_books() {
    let Some(aws) = AwsServer::start() else { return };
    aws.make_bucket("fsts-backup").await;
    let site = Site::new(trading(1)).env("FSTS_BACKUP_TARGET", "s3://fsts-backup/drill");
    let site = aws.environment().iter().fold(site, |site, (name, value)| site.env(name, value));
    drill(site, lose_the_folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_account_comes_back_from_a_folder_on_sqlite() {
    let target = tempfile::tempdir().unwrap();
    drill(Site::new(trading(2)).env("FSTS_BACKUP_TARGET", target.path().to_str().unwrap()), lose_the_folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_comes_back_into_a_database_that_was_put_aside_on_postgres() {
    let Some(database) = crate::database::own().await else { return };
    let target = tempfile::tempdir().unwrap();
    let site = Site::new(trading(3)).env("FSTS_BACKUP_TARGET", target.path().to_str().unwrap());
    // The tables stay: --force puts them aside.
    drill(site.env("DATABASE_URL", database.url()), lose_the_folder).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_fails_is_told_and_one_without_a_place_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no-folder");
    std::fs::write(&file, "a file is in the way").unwrap();
    let mut rig = Rig::start(Site::new(trading(4)).bots(BOTS).env("FSTS_BACKUP_TARGET", file.to_str().unwrap())).await;
    let run = back_up(&rig, "fails").await;
    assert_eq!(run["outcome"], "failed", "{run}");
    let told = async || {
        let alerts = rig.ask("/api/v1/alerts").await["alerts"].as_array().unwrap().clone();
        alerts.into_iter().find(|a| a["kind"] == "job_failed")
    };
    rig.wait_until("the alert", async || told().await.is_some()).await;
    let told = told().await.unwrap();
    assert!(told["message_en"].as_str().unwrap().contains("no-folder can't be used"), "{told}");
    assert!(told["message_ko"].as_str().unwrap().contains("쓸 수 없습니다"), "{told}");
    rig.stop().await;

    rig.set_env("FSTS_BACKUP_TARGET", None);
    rig.restart().await;
    let (status, problem) = rig.tell("/api/v1/backups", "nowhere", &json!({})).await;
    assert_eq!((status, &problem["code"]), (503, &json!("backups_off")), "{problem}");
}

#[test]
fn the_command_line_makes_lists_proves_and_refuses_with_its_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &str| fsts(folder.path(), &args.split_whitespace().collect::<Vec<_>>(), &[("FSTS_LANG", "en")]);
    let nowhere = run("backup list");
    assert!(nowhere.code == 3 && nowhere.err.contains("give `backup.target`"), "{nowhere:?}");
    let inside = run("backup create --target data/backups");
    assert!(inside.code == 3 && inside.err.contains("must not be inside data_dir"), "{inside:?}");
    let none = run("backup verify --target safe");
    assert!(none.code == 4 && none.err.contains("there is no backup latest in safe"), "{none:?}");
    let made = run("backup create --target safe --json").json();
    let verified = run("backup verify --target safe --json").json();
    assert_eq!((&verified["id"], &verified["records"]), (&made["id"], &json!(0)));
    let listed = run("backup list --target safe");
    assert!(listed.out.contains(made["id"].as_str().unwrap()) && !listed.out.contains("never"), "{listed:?}");
    let korean = run("backup list --target safe --lang ko");
    assert!(korean.out.contains("확인한 때"), "{korean:?}");

    // A run never starts on a restore that was cut off.
    std::fs::write(folder.path().join("data/restore-incomplete"), "x").unwrap();
    let manifests = folder.path().join("safe/manifests");
    let manifest = std::fs::read_dir(manifests).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&manifest, "{}").unwrap();
    let damaged = run("backup verify --target safe");
    assert!(damaged.code == 9 && damaged.err.contains("the backup is damaged"), "{damaged:?}");
    let refused = run("backup restore --target safe --json");
    assert_eq!(refused.code, 9, "{refused:?}");
    let error: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(error["error"]["code"], "backup");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_starts_on_a_restore_that_was_cut_off() {
    let rig = Rig::broker_only(Site::new(trading(5)).bots(BOTS)).await;
    std::fs::create_dir_all(rig.data_dir()).unwrap();
    std::fs::write(rig.data_dir().join("restore-incomplete"), "x").unwrap();
    let (code, said) = refusal(&rig, &["run"]);
    assert!(code == 5 && said.contains("`fsts backup restore --force`"), "{code} {said}");
}
