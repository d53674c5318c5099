//! `[backup]`: where copies of database and data go, and how many stay.

use std::path::Path;

use fsts_cloud::TargetSetting;

use super::raw::RawBackup;
use super::secrets::AwsVariables;
use crate::messages::{Text, backup as say, settings};
use crate::services::backup::BackupSettings;

/// Checks the section.
pub fn backup(raw: RawBackup, data_dir: &Path, aws: AwsVariables) -> Result<BackupSettings, Text> {
    if raw.keep == 0 {
        return Err(settings::not_positive("backup.keep"));
    }
    let filled = |text: Option<String>| text.filter(|t| !t.trim().is_empty());
    let target = filled(raw.target).map(|text| target(&text, data_dir)).transpose()?;
    let mut aws = aws.0;
    let own = [("AWS_ENDPOINT_URL_S3", filled(raw.endpoint)), ("AWS_REGION", filled(raw.region))];
    aws.extend(own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(BackupSettings { target, keep: raw.keep, aws: AwsVariables(aws) })
}

/// A target that would survive the data folder.
pub fn target(text: &str, data_dir: &Path) -> Result<TargetSetting, Text> {
    let target = TargetSetting::parse(text).map_err(|_| say::bad_target(text))?;
    if let TargetSetting::Folder(folder) = &target {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if whole(folder).starts_with(whole(data_dir)) {
            return Err(say::inside(text));
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_inside_the_data_folder_is_refused() {
        let folder = Path::new("/var/lib/fsts");
        for text in ["/var/lib/fsts", "/var/lib/fsts/backups", "gs://bucket"] {
            assert!(target(text, folder).is_err(), "{text}");
        }
        for text in ["/var/lib/fsts-backups", "/var/backups", "s3://bucket/fsts"] {
            assert!(target(text, folder).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_sections_own_address_goes_before_the_environments() {
        let aws = AwsVariables([("AWS_REGION".to_owned(), "us-east-1".to_owned())].into());
        let raw = RawBackup { region: Some("ap-northeast-2".to_owned()), ..RawBackup::default() };
        let settings = backup(raw, Path::new("data"), aws).unwrap();
        assert_eq!(settings.aws.0.get("AWS_REGION").map(String::as_str), Some("ap-northeast-2"));
        assert!(
            backup(RawBackup { keep: 0, ..RawBackup::default() }, Path::new("data"), AwsVariables::default()).is_err()
        );
    }
}
