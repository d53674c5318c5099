//! Sentences about backups.

use fsts_cloud::BackupError;

use super::Text;
use crate::alerts::grouped;

/// There is no place for backups.
pub fn no_target() -> Text {
    Text::new(
        "백업을 둘 곳이 없습니다. `backup.target` 설정이나 --target을 주십시오 (폴더 또는 s3://버킷/접두어)",
        "there is no place for backups; give `backup.target` in the settings or --target (a folder or s3://BUCKET/PREFIX)",
    )
}

/// A target that is none.
pub fn bad_target(target: &str) -> Text {
    Text::new(
        format!("`backup.target` 설정 {target}은(는) 폴더나 s3://버킷/접두어여야 합니다"),
        format!("`backup.target` {target} must be a folder or s3://BUCKET/PREFIX"),
    )
}

/// A target inside what is backed up.
pub fn inside(target: &str) -> Text {
    Text::new(
        format!("`backup.target` 설정 {target}은(는) data_dir 안에 있으면 안 됩니다. 함께 잃어버립니다"),
        format!("`backup.target` {target} must not be inside data_dir: both would be lost together"),
    )
}

/// What went wrong, in words for a person.
pub fn problem(error: &BackupError) -> Text {
    let ko = match error {
        BackupError::Target { target, reason } => format!("백업 위치 {target}을(를) 쓸 수 없습니다: {reason}"),
        BackupError::NotFound { id, target } => format!("{target}에 {id} 백업이 없습니다"),
        BackupError::Busy { .. } => "백업 위치에서 다른 작업이 진행 중입니다".to_owned(),
        BackupError::Damaged { what } => format!("백업이 손상되었습니다: {what}"),
        BackupError::Newer { found, known } => {
            format!("백업의 형식은 {found}이고 이 프로그램은 {known}까지 읽습니다. 더 새 프로그램을 쓰십시오")
        }
        BackupError::NotEmpty { what } => {
            format!("{what}이(가) 비어 있지 않습니다. --force를 주면 있던 것을 옆으로 옮기고 복원합니다")
        }
        BackupError::OtherDatabase => "SQLite 데이터베이스의 백업입니다. DATABASE_URL 없이 복원하십시오".to_owned(),
        BackupError::Chain(error) => format!("거래 기록(journal) 검증에 실패했습니다: {error}"),
        BackupError::Store(error) => format!("데이터베이스를 사용할 수 없습니다: {error}"),
        BackupError::File { path, cause } => format!("{} 파일을 쓸 수 없습니다: {cause}", path.display()),
    };
    let en = match error {
        BackupError::NotEmpty { what } => format!("{what} is not empty; --force puts what is there aside and restores"),
        other => other.to_string(),
    };
    Text::new(ko, en)
}

/// A restore where an engine works.
pub fn in_use(holder: &str) -> Text {
    Text::new(
        format!("돌고 있는 프로그램이 이 데이터베이스를 쓰고 있어 복원하지 않습니다: {holder}"),
        format!("nothing is restored while a running program uses this database: {holder}"),
    )
}

/// A half-restored data folder.
pub fn incomplete(folder: &str) -> Text {
    Text::new(
        format!(
            "{folder}에 끝나지 않은 복원이 있어 시작하지 않습니다. `fsts backup restore --force`로 다시 복원하십시오"
        ),
        format!(
            "{folder} holds a restore that did not end, so nothing starts on it; run `fsts backup restore --force` again"
        ),
    )
}

/// A backup was made.
pub fn made(id: &str, files: u64, bytes: u64, target: &str) -> Text {
    let bytes = grouped(i64::try_from(bytes).unwrap_or(i64::MAX));
    Text::new(
        format!("백업 {id}: 파일 {files}개, {bytes}바이트, {target}"),
        format!("backup {id}: {files} files, {bytes} bytes, {target}"),
    )
}

/// A backup held.
pub fn verified(id: &str, files: u64, records: u64) -> Text {
    Text::new(
        format!("백업 {id}은(는) 온전합니다: 파일 {files}개, 거래 기록 {records}건"),
        format!("backup {id} is sound: {files} files, {records} journal records"),
    )
}

/// A backup is back.
pub fn restored(id: &str, files: u64, records: u64) -> Text {
    Text::new(
        format!("백업 {id}을(를) 복원했습니다: 파일 {files}개, 거래 기록 {records}건"),
        format!("backup {id} is restored: {files} files, {records} journal records"),
    )
}

/// What was in the way was kept.
pub fn aside(mark: &str) -> Text {
    Text::new(
        format!("있던 것은 {mark}(이)라는 이름으로 옮겨 두었습니다"),
        format!("what was there is kept under the name {mark}"),
    )
}

/// There is none yet.
pub fn none(target: &str) -> Text {
    Text::new(format!("{target}에 아직 백업이 없습니다"), format!("{target} holds no backup yet"))
}

/// Headings of the list.
pub fn headings() -> [Text; 5] {
    [
        Text::new("백업", "BACKUP"),
        Text::new("만든 때", "MADE"),
        Text::new("파일", "FILES"),
        Text::new("바이트", "BYTES"),
        Text::new("확인한 때", "VERIFIED"),
    ]
}

/// A backup that was never read back.
pub fn never() -> Text {
    Text::new("아직", "never")
}
