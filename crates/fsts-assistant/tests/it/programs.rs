//! Programs of others that the tests talk to. `make test` brings them; a missing one is a failure.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

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

/// A program that says on its first line where it listens; gone when dropped.
pub struct Listening {
    pub said: String,
    _child: Child,
}

/// Starts a program and reads its first line.
pub async fn listening(mut command: Command) -> Listening {
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = timeout(PATIENCE, lines.next_line()).await.expect("it starts in time").unwrap();
    let said = said.expect("it says where it listens");
    // Whatever else it says must not fill the pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Listening { said, _child: child }
}
