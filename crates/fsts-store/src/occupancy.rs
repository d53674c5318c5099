//! Whether an engine works on a database, and what was in it put aside for something that was restored.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use crate::{DatabaseTarget, Store, StoreError, connect};

/// The lock of migrations is held for moments, by anybody who opens the file.
const MIGRATION_LOCK: &str = ".migrate.lock";

impl Store {
    /// Who works on a database now, as it named itself; `None` where nobody does. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database or the folder of its locks can't be asked.
    pub async fn worker_on(target: &DatabaseTarget) -> Result<Option<String>, StoreError> {
        match target {
            DatabaseTarget::Sqlite(path) => locked_file(path.parent().unwrap_or(Path::new("."))),
            DatabaseTarget::Postgres(_) => locked_session(target).await,
        }
    }

    /// Puts everything of a database aside under a name with `mark` in it, so that it is empty; nothing is deleted.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for a mark that is no name; other variants when the database refuses.
    pub async fn set_aside(target: &DatabaseTarget, mark: &str) -> Result<(), StoreError> {
        if mark.is_empty() || !mark.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(StoreError::Misuse { what: "a mark is of a-z, A-Z, 0-9 and _".to_owned() });
        }
        match target {
            DatabaseTarget::Sqlite(path) => ["", "-wal", "-shm"].iter().try_for_each(|end| {
                let from = PathBuf::from(format!("{}{end}", path.display()));
                let to = PathBuf::from(format!("{}.{mark}{end}", path.display()));
                if from.exists() { std::fs::rename(&from, &to).map_err(|e| failed(&from, &e)) } else { Ok(()) }
            }),
            DatabaseTarget::Postgres(_) => {
                let mut connection = connect::connect(target).await?;
                let row = connection.fetch_one("SELECT CAST(current_schema() AS TEXT) AS name").await?;
                let schema: String = row.try_get("name")?;
                let mut transaction = connection.begin().await?;
                let quoted = schema.replace('"', "\"\"");
                for sql in
                    [format!("ALTER SCHEMA \"{quoted}\" RENAME TO \"{mark}\""), format!("CREATE SCHEMA \"{quoted}\"")]
                {
                    transaction.execute(AssertSqlSafe(sql)).await?;
                }
                transaction.commit().await?;
                Ok(connection.close().await?)
            }
        }
    }
}

/// Each engine on a SQLite file holds a lock file beside it.
fn locked_file(folder: &Path) -> Result<Option<String>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(folder, &error)),
    };
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".lock") || name.ends_with(MIGRATION_LOCK) || !path.is_file() {
            continue;
        }
        let mut file = File::open(&path).map_err(|e| failed(&path, &e))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let mut holder = String::new();
            // Some systems do not let a locked file be read; its name says enough then.
            let read = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
            return Ok(Some(if read { holder } else { name }));
        }
    }
    Ok(None)
}

/// Each engine on PostgreSQL holds an advisory lock.
async fn locked_session(target: &DatabaseTarget) -> Result<Option<String>, StoreError> {
    let mut connection = connect::connect(target).await?;
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS held FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
               WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted";
    let held: i64 = connection.fetch_one(sql).await?.try_get("held")?;
    let holder = match held {
        0 => None,
        _ => {
            let named = connection.fetch_optional("SELECT holder FROM lease ORDER BY taken_ns DESC LIMIT 1").await;
            let named = named.ok().flatten().and_then(|row| row.try_get::<String, _>("holder").ok());
            Some(named.unwrap_or_else(|| "another session".to_owned()))
        }
    };
    connection.close().await?;
    Ok(holder)
}

fn failed(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed { reason: format!("{}: {error}", path.display()) }
}
