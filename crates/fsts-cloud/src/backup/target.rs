//! Where backups are: a folder, or a prefix of an S3 bucket.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::BackupError;
use crate::aws::{Environment, is_loopback};

/// A bucket that stays silent is told of, not waited for.
const RETRIES: usize = 4;
const RETRY_LIMIT: Duration = Duration::from_secs(60);
/// One piece is at most 8 MiB.
const CALL_LIMIT: Duration = Duration::from_secs(120);
const REASON_CHARS_MAX: usize = 300;

/// A target as a setting names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetSetting {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket, and what the names in it begin with.
    S3 {
        /// The bucket.
        bucket: String,
        /// Without `/` at its ends; may be empty.
        prefix: String,
    },
}

impl TargetSetting {
    /// `s3://bucket/prefix`, or else a folder.
    ///
    /// # Errors
    /// [`BackupError::Target`] for an empty text, a bucket without a name, or another scheme.
    pub fn parse(text: &str) -> Result<TargetSetting, BackupError> {
        let bad = |reason: &str| BackupError::Target { target: text.to_owned(), reason: reason.to_owned() };
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if bucket.is_empty() || !bucket.chars().all(fits) {
                return Err(bad("it must be s3://bucket/prefix"));
            }
            return Ok(TargetSetting::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() });
        }
        if text.trim().is_empty() || text.contains("://") {
            return Err(bad("it must be a folder or s3://bucket/prefix"));
        }
        Ok(TargetSetting::Folder(PathBuf::from(text)))
    }
}

impl fmt::Display for TargetSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetSetting::Folder(path) => write!(f, "{}", path.display()),
            TargetSetting::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            TargetSetting::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// The objects of a target and what their names begin with; a folder is made where it is missing.
///
/// # Errors
/// [`BackupError::Target`] where the setting can't be used.
pub fn open(setting: &TargetSetting, environment: &Environment) -> Result<(Arc<dyn ObjectStore>, Key), BackupError> {
    let failed = |reason: String| BackupError::Target { target: setting.to_string(), reason };
    match setting {
        TargetSetting::Folder(path) => {
            std::fs::create_dir_all(path).map_err(|e| failed(e.to_string()))?;
            let store = LocalFileSystem::new_with_prefix(path).map_err(|e| failed(reason(&e)))?;
            Ok((Arc::new(store), Key::default()))
        }
        TargetSetting::S3 { bucket, prefix } => {
            let prefix = Key::parse(prefix).map_err(|e| failed(e.to_string()))?;
            let endpoint = endpoint(environment).map_err(|reason| failed(reason.to_owned()))?;
            let mut builder = AmazonS3Builder::new();
            for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("AWS_")) {
                // Plain HTTP is decided below, whatever the environment says.
                if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                    builder = builder.with_config(key, value);
                }
            }
            let retry =
                RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES, retry_timeout: RETRY_LIMIT };
            let client = ClientOptions::new().with_timeout(CALL_LIMIT).with_allow_http(endpoint);
            let store = builder.with_bucket_name(bucket).with_retry(retry).with_client_options(client).build();
            Ok((Arc::new(store.map_err(|e| failed(reason(&e)))?), prefix))
        }
    }
}

/// Whether the environment names an address of this machine, where plain HTTP shows the keys to nobody else. A private
/// network of containers is no such place unless its owner says so.
fn endpoint(environment: &Environment) -> Result<bool, &'static str> {
    let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
    let Some(text) = names.iter().find_map(|name| environment.get(*name)).filter(|text| !text.is_empty()) else {
        return Ok(false);
    };
    let url = reqwest::Url::parse(text).map_err(|_| "AWS_ENDPOINT_URL is no address")?;
    let allowed = environment.get("AWS_ALLOW_HTTP").is_some_and(|v| v == "true");
    match url.scheme() {
        "https" => Ok(false),
        "http" if is_loopback(&url) || allowed => Ok(true),
        _ => Err("AWS_ENDPOINT_URL must be https, or http on this machine (AWS_ALLOW_HTTP=true allows it elsewhere)"),
    }
}

/// What the client said, on one line and cut to a bound: answers may be pages long.
pub fn reason(error: &object_store::Error) -> String {
    let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_told_from_a_folder() {
        let shown = |text: &str| TargetSetting::parse(text).map(|t| t.to_string()).ok();
        assert_eq!(shown("s3://fsts-backup/prod/").as_deref(), Some("s3://fsts-backup/prod"));
        assert_eq!(shown("s3://fsts-backup").as_deref(), Some("s3://fsts-backup"));
        assert_eq!(shown("/var/backups/fsts").as_deref(), Some("/var/backups/fsts"));
        for bad in ["", " ", "s3://", "s3:///prefix", "s3://a:b@c/d", "gs://bucket", "file:///x"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn plain_http_needs_this_machine_or_a_word_of_the_owner() {
        let of = |pairs: &[(&str, &str)]| {
            endpoint(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()).ok()
        };
        assert_eq!(of(&[]), Some(false));
        assert_eq!(of(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")]), Some(true));
        assert_eq!(of(&[("AWS_ENDPOINT_URL", "http://s3:9000")]), None);
        assert_eq!(of(&[("AWS_ENDPOINT_URL", "http://s3:9000"), ("AWS_ALLOW_HTTP", "true")]), Some(true));
        assert_eq!(of(&[("AWS_ENDPOINT_URL_S3", "https://s3.example")]), Some(false));
    }
}
