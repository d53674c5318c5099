//! A local AWS (S3, Secrets Manager, SSM) of a test's own: `moto_server` from the folder that `FSTS_TEST_PYTHON` names.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fsts_cloud::Environment;

/// The server is Python on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Another process may take the port between our look and the server's start.
const ATTEMPTS: usize = 5;
pub const SECRET_KEY: &str = "key-of-the-test";

/// A running server; dropping it stops it.
pub struct AwsServer {
    child: Child,
    url: String,
}

impl AwsServer {
    /// Starts one, or says why not.
    pub fn start() -> Option<AwsServer> {
        let Some(folder) = std::env::var_os("FSTS_TEST_PYTHON").filter(|f| !f.is_empty()) else {
            println!("skipped: FSTS_TEST_PYTHON not set");
            return None;
        };
        let program = PathBuf::from(folder).join("aws/bin/moto_server");
        for _ in 0..ATTEMPTS {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut command = Command::new(&program);
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
            if answers(&mut child, port) {
                return Some(AwsServer { child, url: format!("http://127.0.0.1:{port}") });
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("{} does not start", program.display());
    }

    /// The environment of a program that uses it.
    pub fn environment(&self) -> Environment {
        let pairs = [
            ("AWS_ENDPOINT_URL", self.url.as_str()),
            ("AWS_REGION", "ap-northeast-2"),
            ("AWS_ACCESS_KEY_ID", "id-of-the-test"),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ];
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    /// Makes an empty bucket.
    pub async fn make_bucket(&self, name: &str) {
        // This server checks no signature.
        let authorization = "AWS4-HMAC-SHA256 Credential=id-of-the-test/20260101/ap-northeast-2/s3/aws4_request, \
                             SignedHeaders=host, Signature=0";
        let place = "<CreateBucketConfiguration><LocationConstraint>ap-northeast-2</LocationConstraint>\
                     </CreateBucketConfiguration>";
        let request = client().put(format!("{}/{name}", self.url)).header("Authorization", authorization).body(place);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Calls a service with the JSON protocol, as its console would.
    pub async fn call(&self, target: &str, body: &serde_json::Value) {
        let service = if target.starts_with("secretsmanager") { "secretsmanager" } else { "ssm" };
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=id-of-the-test/20260101/ap-northeast-2/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let request = client().post(&self.url).header("Authorization", authorization);
        let request = request.header("X-Amz-Target", target).header("Content-Type", "application/x-amz-json-1.1");
        let answer = request.body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

impl Drop for AwsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn client() -> reqwest::Client {
    // Another test of this process may have chosen it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// Waits until the port answers; false where the server ends or stays silent.
fn answers(child: &mut Child, port: u16) -> bool {
    // A full pipe would stop the server.
    let pipe = child.stderr.take().unwrap();
    std::thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).for_each(drop));
    let started = Instant::now();
    while started.elapsed() < PATIENCE && child.try_wait().unwrap().is_none() {
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            use std::io::Write;
            let asked = stream.write_all(b"GET /moto-api/ HTTP/1.0\r\n\r\n").is_ok();
            let mut first = [0u8; 4];
            if asked && stream.read_exact(&mut first).is_ok() && &first == b"HTTP" {
                return true;
            }
        }
        std::thread::yield_now();
    }
    false
}
