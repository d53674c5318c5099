//! Programs of others that the tests talk to. `make test` brings them; a missing one is a failure.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

/// Long enough for a busy machine; only a broken program waits so long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The interpreter of a Python environment of the tests.
pub fn python(environment: &str) -> PathBuf {
    let folder = std::env::var_os("FSTS_TEST_PYTHON")
        .expect("FSTS_TEST_PYTHON is not set: run `make test`, or `eval \"$(cargo xtask python-env | tail -n 1)\"`");
    PathBuf::from(folder).join(environment).join("bin/python")
}

/// A script of this crate's tests.
pub fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

/// The start file of the public example server from npm.
pub fn everything() -> PathBuf {
    let folder = std::env::var_os("FSTS_TEST_NODE")
        .expect("FSTS_TEST_NODE is not set: run `make test`, or `eval \"$(cargo xtask node-env | tail -n 1)\"`");
    PathBuf::from(folder).join("node_modules/@modelcontextprotocol/server-everything/dist/index.js")
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A Chroma of its own data folder, gone when dropped.
pub struct Chroma {
    pub url: String,
    _child: Child,
}

pub async fn chroma(data: &Path) -> Chroma {
    // Another test of this process may have chosen it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let port = free_port();
    let mut command = Command::new(python("chroma").with_file_name("chroma"));
    command.args(["run", "--host", "127.0.0.1", "--port", &port.to_string(), "--path"]).arg(data).current_dir(data);
    command.env("ANONYMIZED_TELEMETRY", "False").stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.kill_on_drop(true).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut looks = interval(Duration::from_millis(100));
    let wait = async {
        while !http.get(format!("{url}/api/v2/heartbeat")).send().await.is_ok_and(|r| r.status().is_success()) {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("Chroma starts");
    Chroma { url, _child: child }
}
