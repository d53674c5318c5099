//! Connections with the session settings that durability rests on.

use std::str::FromStr;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Executor};

use crate::{DatabaseTarget, StoreError};

/// Readers and the read-model writer share these; the journal and the lease have connections of their own.
const POOL_SIZE: u32 = 4;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// WAL lets readers work beside the one writer; FULL makes a returned commit survive a power cut.
const SQLITE_SESSION: &str =
    "PRAGMA busy_timeout = 60000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
/// A host that vanishes must not hold its advisory lock for the hours that the system's defaults allow.
const POSTGRES_SESSION: &str = "SET synchronous_commit = 'on'; SET tcp_keepalives_idle = 5; \
     SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3";

fn options(target: &DatabaseTarget) -> Result<AnyConnectOptions, StoreError> {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    let bad = |e: sqlx::Error| StoreError::BadTarget { setting: target.to_string(), reason: e.to_string() };
    Ok(AnyConnectOptions::from_str(&target.driver_url()?).map_err(bad)?.disable_statement_logging())
}

async fn prepare_session(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let statements = if connection.backend_name() == "SQLite" { SQLITE_SESSION } else { POSTGRES_SESSION };
    for statement in statements.split("; ") {
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// One connection outside the pool.
pub(crate) async fn connect(target: &DatabaseTarget) -> Result<AnyConnection, StoreError> {
    let unreachable = |e: sqlx::Error| match StoreError::from(e) {
        StoreError::Failed { reason } => StoreError::Unreachable { reason },
        other => other,
    };
    let mut connection = options(target)?.connect().await.map_err(unreachable)?;
    prepare_session(&mut connection).await.map_err(unreachable)?;
    Ok(connection)
}

/// The pool for readers and read models.
pub(crate) fn pool(target: &DatabaseTarget) -> Result<AnyPool, StoreError> {
    let pool = AnyPoolOptions::new()
        .max_connections(POOL_SIZE)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| Box::pin(prepare_session(connection)));
    Ok(pool.connect_lazy_with(options(target)?))
}
