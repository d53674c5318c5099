//! What leaves this machine or comes from the cloud.
//!
//! - [`Backups`]: copies of database, lake and logs in a folder or an S3 bucket, proven and read back
//! - [`SecretReader`]: values of settings that name a secret of AWS instead of holding it
//!
//! Knows no engine, no broker and no account.

mod aws;
mod backup;
mod secrets;

pub use aws::{AwsError, Environment, UnixSeconds};
pub use backup::{
    BackupError, BackupInfo, BackupSource, Backups, INCOMPLETE, JournalProof, RestoreReport, TargetSetting,
    VerifyReport, open_target,
};
pub use secrets::{SecretError, SecretReader, SecretRef};
