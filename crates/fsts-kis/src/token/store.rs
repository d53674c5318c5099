//! The token file: one per environment and app key, readable by its owner only, written whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsts_domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::env::Environment;

/// Another process that holds the lock is fetching a token; that takes a minute and a bit at most.
const LOCK_WAIT: Duration = Duration::from_secs(90);
const LOCK_LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A token file is far smaller.
const SIZE_MAX: u64 = 16 * 1024;

/// What the file holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    pub token: String,
    pub ends_at_ns: i64,
    pub issued_at_ns: i64,
}

impl Stored {
    pub fn ends_at(&self) -> Timestamp {
        Timestamp::from_ns(self.ends_at_ns)
    }

    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_ns(self.issued_at_ns)
    }
}

pub(super) struct TokenFile {
    path: PathBuf,
}

/// The cross-process lock; it falls with this value, or with the process.
pub(super) struct FileLock(#[allow(dead_code, reason = "held for its drop")] File);

impl TokenFile {
    /// The key itself is not in the name: file names end up in logs.
    pub fn new(directory: &Path, environment: Environment, app_key: &str) -> Self {
        let digest = blake3::hash(app_key.as_bytes()).to_hex();
        let key: String = digest.chars().take(16).collect();
        TokenFile { path: directory.join(format!("kis-token-{}-{key}.json", environment.name())) }
    }

    pub fn shown(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    pub async fn lock(&self) -> io::Result<FileLock> {
        if let Some(directory) = self.path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(self.beside("lock"))?;
        let locked = tokio::time::timeout(LOCK_WAIT, async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_LOOK_AGAIN).await,
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        });
        match locked.await {
            Ok(result) => result.map(|()| FileLock(file)),
            Err(_elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds its lock")),
        }
    }

    /// The stored token; a file that is absent, damaged or readable by others counts as none.
    pub fn read(&self) -> Option<Stored> {
        let mut text = String::new();
        let file = File::open(&self.path).ok()?;
        if !is_private(&file) {
            tracing::warn!("the token file is readable by others and is not used");
            return None;
        }
        file.take(SIZE_MAX).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    pub fn write(&self, stored: &Stored) -> io::Result<()> {
        let new = self.beside("new");
        // Opening an old file would keep its mode.
        let _ = std::fs::remove_file(&new);
        let mut file = private(OpenOptions::new().create_new(true).write(true)).open(&new)?;
        file.write_all(serde_json::to_string(stored)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn is_private(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_file: &File) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(token: &str) -> Stored {
        Stored { token: token.to_owned(), ends_at_ns: 2, issued_at_ns: 1 }
    }

    #[test]
    fn keys_and_environments_have_files_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let file = |environment, key| TokenFile::new(directory.path(), environment, key);
        file(Environment::Mock, "one").write(&stored("a")).unwrap();
        assert_eq!(file(Environment::Mock, "one").read().unwrap().token, "a");
        assert!(file(Environment::Real, "one").read().is_none());
        assert!(file(Environment::Mock, "two").read().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_one_that_is_not_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let file = TokenFile::new(directory.path(), Environment::Mock, "one");
        file.write(&stored("a")).unwrap();
        assert_eq!(std::fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file.read().is_none());
    }

    #[test]
    fn a_damaged_file_counts_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let file = TokenFile::new(directory.path(), Environment::Mock, "one");
        file.write(&stored("a")).unwrap();
        std::fs::write(&file.path, "{\"token\":").unwrap();
        assert!(file.read().is_none());
    }
}
