//! The demo has a simulation of its own without any file, once for each of its folders.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(120);

async fn demo(folder: &std::path::Path) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fsts"));
    command.args(["demo", "--json", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder).env_clear();
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("the demo serves").unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let address = said["address"].as_str().unwrap().split("/#").next().unwrap().to_owned();
    (child, address)
}

async fn list(address: &str) -> Vec<Value> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let answer = client.get(format!("{address}/api/v1/simulations")).send().await.unwrap();
    let body: Value = answer.json().await.unwrap();
    body["simulations"].as_array().unwrap_or_else(|| panic!("{body}")).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_finishes_a_simulation_without_any_file_and_only_once() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = demo(folder.path()).await;
    let finished = async {
        loop {
            let rows = list(&address).await;
            if rows.iter().any(|row| !row["ended_ns"].is_null()) {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    };
    let rows = timeout(PATIENCE, finished).await.expect("a simulation ends");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["state"], "completed", "{rows:?}");
    assert_eq!(rows[0]["total_days"], 250, "a year of days: {rows:?}");
    assert!(rows[0]["summary"]["trades"].as_u64().unwrap() > 10, "{rows:?}");
    child.kill().await.unwrap();
    let (mut child, address) = demo(folder.path()).await;
    assert_eq!(list(&address).await, rows, "the next start of the demo shows it and runs no other");
    child.kill().await.unwrap();
}
