//! Secrets by reference, read over the real protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fsts_cloud::*;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::aws_server::{AwsServer, SECRET_KEY, client};

static CLOCK: AtomicI64 = AtomicI64::new(1_795_000_000);

fn now() -> i64 {
    CLOCK.load(Ordering::Relaxed)
}

async fn read(environment: &Environment, reference: &str) -> Result<String, SecretError> {
    client();
    let reader = SecretReader::new(environment.clone(), now).unwrap();
    let reference = SecretRef::parse(reference).expect("a reference")?;
    Ok(reader.read(&reference).await?.expose_secret().to_owned())
}

#[tokio::test]
async fn secrets_and_parameters_are_read_by_their_references() {
    let Some(server) = AwsServer::start() else { return };
    let both = json!({ "app_key": "canary-key", "rps": 18 }).to_string();
    server.call("secretsmanager.CreateSecret", &json!({ "Name": "fsts/live", "SecretString": both })).await;
    server.call("secretsmanager.CreateSecret", &json!({ "Name": "fsts/token", "SecretString": "canary-token" })).await;
    let parameter = json!({ "Name": "/fsts/hook", "Value": "canary-hook", "Type": "SecureString" });
    server.call("AmazonSSM.PutParameter", &parameter).await;

    let environment = server.environment();
    assert_eq!(read(&environment, "secretsmanager://fsts/live#app_key").await.unwrap(), "canary-key");
    assert_eq!(read(&environment, "secretsmanager://fsts/live#rps").await.unwrap(), "18");
    assert_eq!(read(&environment, "secretsmanager://fsts/live").await.unwrap(), both);
    assert_eq!(read(&environment, "secretsmanager://fsts/token").await.unwrap(), "canary-token");
    assert_eq!(read(&environment, "ssm:///fsts/hook").await.unwrap(), "canary-hook");

    for (reference, said) in [
        ("secretsmanager://fsts/none", "ResourceNotFoundException"),
        ("secretsmanager://fsts/live#none", "no such key"),
        ("secretsmanager://fsts/token#key", "no JSON object"),
        ("ssm:///fsts/none", "ParameterNotFound"),
    ] {
        let error = read(&environment, reference).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(said) && shown.contains(reference), "{shown}");
        assert!(!shown.contains("canary") && !shown.contains(SECRET_KEY), "{shown}");
    }
}

#[tokio::test]
async fn without_keys_region_or_an_answer_the_failure_says_what_to_set() {
    let none = Environment::new();
    let error = read(&none, "ssm:///a").await.unwrap_err().to_string();
    assert!(error.contains("AWS_ACCESS_KEY_ID") && error.contains("ssm:///a"), "{error}");
    let mut keys: Environment = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .into();
    assert!(read(&keys, "ssm:///a").await.unwrap_err().to_string().contains("AWS_REGION"));
    keys.insert("AWS_REGION".to_owned(), "ap-northeast-2".to_owned());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    keys.insert("AWS_ENDPOINT_URL".to_owned(), format!("http://{address}"));
    let error = read(&keys, "ssm:///a").await.unwrap_err().to_string();
    assert!(error.contains("no connection") && !error.contains(SECRET_KEY), "{error}");
}

/// What a task's role is handed by ECS: keys under an address that only the task can ask.
#[tokio::test]
async fn a_container_uses_the_keys_of_its_role() {
    let Some(server) = AwsServer::start() else { return };
    let parameter = json!({ "Name": "/fsts/hook", "Value": "canary-hook", "Type": "SecureString" });
    server.call("AmazonSSM.PutParameter", &parameter).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(tokio::sync::Mutex::new(String::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        *seen.lock().await = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let body = json!({ "AccessKeyId": "lent", "SecretAccessKey": "lent-key", "Token": "lent-token" }).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    });
    let mut environment = server.environment();
    environment.remove("AWS_ACCESS_KEY_ID");
    environment.remove("AWS_SECRET_ACCESS_KEY");
    environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), format!("http://{address}/role"));
    environment.insert("AWS_CONTAINER_AUTHORIZATION_TOKEN".to_owned(), "task-token".to_owned());
    assert_eq!(read(&environment, "ssm:///fsts/hook").await.unwrap(), "canary-hook");
    let asked = asked.lock().await.to_lowercase();
    assert!(asked.starts_with("get /role ") && asked.contains("authorization: task-token"), "{asked}");
}
