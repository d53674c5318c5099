//! `GET /metrics` of a trading run: in the format of Prometheus, true, and not for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use fsts_domain::Timestamp;
use fsts_kis_emulator::EmulatorConfig;
use reqwest::RequestBuilder;

use crate::drill::bars::{OPEN_S, swinging};
use crate::drill::{day, market};
use crate::rig::{ACCOUNT, Rig, Site, TOKEN};

const BOTS: &str = r#"
[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020"]
sizing = { shares = 5 }
params = { fast = 1, slow = 2 }
"#;

/// Value by name and labels, as they are written.
type Samples = BTreeMap<String, f64>;

/// Reads the text strictly: every sample belongs to a family that was begun once, right above it.
fn parse(text: &str) -> (BTreeMap<String, String>, Samples) {
    assert!(text.ends_with('\n'));
    let (mut kinds, mut samples) = (BTreeMap::new(), Samples::new());
    let mut family = String::new();
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !words.is_empty(), "{line}");
            name.clone_into(&mut family);
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family, "{line}");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} is begun twice");
            continue;
        }
        let (key, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap_or_else(|e| panic!("{e}: {line}"));
        let name = key.split('{').next().unwrap();
        let ends: &[&str] = if kinds[&family] == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(ends.iter().any(|end| name == format!("{family}{end}")), "{line} is not of {family}");
        if let Some(labels) = key.strip_prefix(name).filter(|l| !l.is_empty()) {
            let labels = labels.strip_prefix('{').and_then(|l| l.strip_suffix('}')).unwrap();
            let names: Vec<&str> = labels.split("\",").map(|l| l.split_once("=\"").unwrap().0).collect();
            assert!(names.iter().all(|n| is_name(n)), "{line}");
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{line}");
        }
        assert!(samples.insert(key.to_owned(), value).is_none(), "{key} is there twice");
    }
    (kinds, samples)
}

/// Buckets rise, and the last one is all of them.
fn check_histogram(samples: &Samples, name: &str) -> f64 {
    let prefix = format!("{name}_bucket{{le=\"");
    let mut buckets: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|(key, value)| {
            let bound = key.strip_prefix(&prefix)?.strip_suffix("\"}")?;
            Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() }, *value))
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(buckets.len() > 5 && buckets.windows(2).all(|w| w[0].1 <= w[1].1), "{name}: {buckets:?}");
    assert_eq!(buckets.last().unwrap().1, samples[&format!("{name}_count")], "{name}");
    samples[&format!("{name}_count")]
}

/// What the official parser makes of it, where its environment is there.
fn official(text: &str) -> Option<usize> {
    let folder = std::env::var_os("FSTS_TEST_PYTHON").filter(|f| !f.is_empty())?;
    let python = PathBuf::from(folder).join("metrics/bin/python");
    let program = "import sys; from prometheus_client.parser import text_string_to_metric_families as read; \
                   print(sum(len(f.samples) for f in read(sys.stdin.read())))";
    let mut child =
        Command::new(python).args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    Some(String::from_utf8(ended.stdout).unwrap().trim().parse().unwrap())
}

async fn answer(request: RequestBuilder) -> (u16, String) {
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_of_a_trading_run_are_well_formed_and_true() {
    let quiet = market(2);
    let config = EmulatorConfig { market: swinging(&quiet.symbols, 6, 2, 3), ..quiet };
    let rig = Rig::start(Site::new(config).bots(BOTS)).await;
    rig.go_until(Timestamp::from_kst(day(), OPEN_S + 7 * 60)).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let fills = || async { rig.ask("/api/v1/trade/history?limit=500").await["fills"].as_array().unwrap().len() };
    // The read model follows the journal in its own time.
    rig.wait_until("all fills in the read model", async || {
        let (_, text) = answer(http.get(rig.url("/metrics"))).await;
        let (_, samples) = parse(&text);
        let counted = samples.iter().find(|(key, _)| key.starts_with("fsts_fills_total{")).map(|(_, n)| *n);
        counted == Some(fills().await as f64)
    })
    .await;

    let reply = http.get(rig.url("/metrics")).send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = reply.text().await.unwrap();
    assert!(!text.contains(ACCOUNT) && !text.contains("50000001"), "{text}");
    let (kinds, samples) = parse(&text);
    assert!(kinds.len() > 25, "{kinds:?}");
    if let Some(seen) = official(&text) {
        assert_eq!(seen, samples.len(), "{text}");
    }
    let of = |prefix: &str| -> f64 { samples.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, n)| n).sum() };
    assert!(fills().await > 3, "otherwise nothing was counted");
    let orders = rig.ask("/api/v1/orders?limit=500").await["orders"].as_array().unwrap().len();
    assert_eq!(of("fsts_orders{"), orders as f64, "{text}");
    assert_eq!(of("fsts_ready{"), 1.0);
    assert_eq!(of("fsts_database_up"), 1.0);
    assert_eq!(of("fsts_stream_sessions_total"), 1.0);
    assert_eq!(of("fsts_stream_losses_total"), 0.0);
    let sent = rig.wire("order-cash").await as f64;
    let calls = of("fsts_kis_calls_total{call=\"buy\"") + of("fsts_kis_calls_total{call=\"sell\"");
    assert_eq!(calls, sent, "{text}");
    assert!(check_histogram(&samples, "fsts_step_seconds") > check_histogram(&samples, "fsts_journal_commit_seconds"));
    assert!(of("fsts_journal_records_total{") > 10.0 && samples.contains_key("fsts_tape_age_seconds"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_for_this_machine_and_for_the_token() {
    let rig = Rig::start(Site::new(market(2))).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = || http.get(rig.url("/metrics"));
    assert_eq!(answer(get()).await.0, 200, "a direct request of this machine");
    assert_eq!(answer(get().bearer_auth(TOKEN)).await.0, 200);
    assert_eq!(answer(get().bearer_auth("wrong-token-of-somebody")).await.0, 401);
    for name in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
        let (status, body) = answer(get().header(name, "203.0.113.7")).await;
        assert!(status == 401 && body.contains("unauthorized"), "{name}: {status} {body}");
        assert_eq!(answer(get().header(name, "203.0.113.7").bearer_auth(TOKEN)).await.0, 200, "{name}");
    }
    assert_eq!(answer(get().header("Host", "evil.example")).await.0, 403);
}
