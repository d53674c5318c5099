//! Secrets that settings name by reference, read by the program from a local AWS over real HTTP.

use serde_json::{Value, json};

use crate::aws_server::{AwsServer, SECRET_KEY};
use crate::drill::market;
use crate::rig::{ACCOUNT, APP_KEY, APP_SECRET, Rig, Site, TOKEN};

/// A site whose secrets are all elsewhere.
async fn site(aws: &AwsServer) -> Site {
    let both = json!({ "app_key": APP_KEY, "app_secret": APP_SECRET, "account": ACCOUNT }).to_string();
    aws.call("secretsmanager.CreateSecret", &json!({ "Name": "fsts/paper", "SecretString": both })).await;
    let token = json!({ "Name": "fsts-api-token", "Value": TOKEN, "Type": "SecureString" });
    aws.call("AmazonSSM.PutParameter", &token).await;
    let file = "[kis]\napp_secret = 'secretsmanager://fsts/paper#app_secret'\n[[bots]]\nid = 'sma'\n\
                strategy = 'sma_cross'\nsymbols = ['0Z1010']\nsizing = { shares = 1 }\n";
    let site = Site::new(market(2)).bots(file);
    let site = site.env("FSTS_KIS_APP_KEY", "secretsmanager://fsts/paper#app_key");
    let site = site.env("FSTS_KIS_ACCOUNT", "secretsmanager://fsts/paper#account");
    let site = site.env("FSTS_API_TOKEN", "ssm://fsts-api-token");
    aws.environment().iter().fold(site, |site, (name, value)| site.env(name, value))
}

/// A command with the file's secret in force: the rig itself sets the variable.
fn run(rig: &Rig, args: &[&str]) -> (i32, String, String) {
    let ended = rig.command(args).env_remove("FSTS_KIS_APP_SECRET").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_logs_in_with_secrets_that_only_aws_holds() {
    let Some(aws) = AwsServer::start() else { return };
    let mut rig = Rig::broker_only(site(&aws).await).await;
    let (code, out, err) = run(&rig, &["config", "check", "--json"]);
    assert_eq!(code, 0, "{err}");
    for value in [APP_KEY, APP_SECRET, ACCOUNT, TOKEN, SECRET_KEY] {
        assert!(!out.contains(value) && !err.contains(value), "{value} is shown: {out} {err}");
    }
    let told: Value = serde_json::from_str(&out).unwrap();
    let row = |key: &str| {
        let rows = told["settings"].as_array().unwrap();
        let row = rows.iter().find(|r| r["key"] == key).unwrap();
        (row["value"].clone(), row["from"].clone(), row["reference"].clone())
    };
    let set = |from: &str, reference: &str| (json!("set"), json!(from), json!(reference));
    assert_eq!(row("kis.app_key"), set("FSTS_KIS_APP_KEY", "secretsmanager://fsts/paper#app_key"));
    assert_eq!(row("kis.app_secret"), set("fsts.toml", "secretsmanager://fsts/paper#app_secret"));
    assert_eq!(row("api_token"), set("FSTS_API_TOKEN", "ssm://fsts-api-token"));
    assert_eq!(row("kis.hts_id").2, Value::Null);
    let (_, table, _) = run(&rig, &["config", "check"]);
    assert!(table.contains("set (ssm://fsts-api-token)"), "{table}");
    // The doctor reads the account from the broker with them.
    let (code, out, err) = run(&rig, &["doctor"]);
    assert_eq!(code, 0, "{out} {err}");

    rig.restart().await;
    let (status, answer) = rig.tell("/api/v1/halt", "h", &json!({ "reason": "drill" })).await;
    assert_eq!(status, 200, "the token of the parameter opens the door: {answer}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_cannot_be_had_names_its_setting_and_no_value() {
    let Some(aws) = AwsServer::start() else { return };
    let rig = Rig::broker_only(site(&aws).await).await;
    let cases = [
        ("FSTS_KIS_APP_KEY", "secretsmanager://fsts/none#app_key", "ResourceNotFoundException", "거절했습니다"),
        ("FSTS_KIS_APP_KEY", "secretsmanager://fsts/paper#none", "no such key", "그런 키가 없습니다"),
        ("FSTS_KIS_APP_KEY", "secretsmanager://", "it is written secretsmanager://NAME", "이렇게 적습니다"),
        ("DISCORD_WEBHOOK_URL", "ssm:///fsts/none", "ParameterNotFound", "거절했습니다"),
        ("AWS_REGION", "", "AWS_REGION is not set", "AWS_REGION 환경 변수"),
        ("AWS_SECRET_ACCESS_KEY", "", "no AWS credentials", "AWS 자격 증명이 없습니다"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "does not answer", "응답하지 않습니다"),
    ];
    for (name, value, english, korean) in cases {
        for (lang, words) in [("en", english), ("ko", korean)] {
            let mut command = rig.command(&["run", "--lang", lang]);
            let ended = command.env_remove("FSTS_KIS_APP_SECRET").env(name, value).output().unwrap();
            let said = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(ended.status.code(), Some(3), "{name}={value}: {said}");
            let setting = if name.starts_with("AWS_") { "FSTS_API_TOKEN" } else { name };
            assert!(said.contains(words) && said.contains(setting), "{name}={value}: {said}");
            for secret in [APP_KEY, APP_SECRET, ACCOUNT, TOKEN, SECRET_KEY] {
                assert!(!said.contains(secret), "{said}");
            }
        }
    }
}
