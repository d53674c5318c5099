//! Forward migrations, the same files for both databases.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr};

use crate::StoreError;

/// Every schema step, oldest first. A released step is never edited: its checksum is in the databases.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "store", include_str!("../migrations/0001_store.sql")),
    (2, "jobs", include_str!("../migrations/0002_jobs.sql")),
    (3, "simulations", include_str!("../migrations/0003_simulations.sql")),
    (4, "sign_in", include_str!("../migrations/0004_sign_in.sql")),
    (5, "assistant", include_str!("../migrations/0005_assistant.sql")),
    (8, "alert_channels", include_str!("../migrations/0008_alert_channels.sql")),
];

fn migrator(newest: i64) -> Migrator {
    let step = |(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(STEPS.iter().filter(|(version, ..)| *version <= newest).map(step).collect())
}

/// Brings the schema up to date.
///
/// A database that a newer program has migrated is refused before anything is changed: that program may have given
/// old columns a new meaning.
pub(crate) async fn migrate(connection: &mut AnyConnection) -> Result<(), StoreError> {
    migrate_to(connection, known()).await
}

/// Newest version that this program knows.
fn known() -> i64 {
    STEPS.iter().map(|(version, _, _)| *version).max().unwrap_or_default()
}

/// Brings the schema to the version that a copy of a database was made with.
pub(crate) async fn migrate_to(connection: &mut AnyConnection, newest: i64) -> Result<(), StoreError> {
    let known = known();
    if newest > known {
        return Err(StoreError::NewerSchema { found: newest, known });
    }
    migrator(newest).run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => StoreError::NewerSchema { found, known },
        MigrateError::VersionMismatch(version) => {
            StoreError::ForeignSchema { version, reason: "its content differs".to_owned() }
        }
        MigrateError::Dirty(version) => {
            StoreError::ForeignSchema { version, reason: "it was applied halfway".to_owned() }
        }
        MigrateError::Execute(cause) => cause.into(),
        other => StoreError::Failed { reason: other.to_string() },
    })
}
