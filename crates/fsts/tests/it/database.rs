//! A PostgreSQL database of a test's own, when `FSTS_TEST_POSTGRES` names a server it may be made on.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Connection, Executor};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database that the test made.
pub struct Database {
    server: String,
    name: String,
    url: String,
}

/// Makes a database, or says why not.
pub async fn own() -> Option<Database> {
    let Some(server) = std::env::var("FSTS_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) else {
        println!("skipped: FSTS_TEST_POSTGRES not set");
        return None;
    };
    sqlx::any::install_default_drivers();
    // One process may hold several tests.
    let name = format!("fsts_run_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (base, _) = server.rsplit_once('/').expect("FSTS_TEST_POSTGRES ends in /database");
    let url = format!("{base}/{name}");
    let database = Database { server, name, url };
    database.admin(format!("CREATE DATABASE {}", database.name)).await;
    Some(database)
}

impl Database {
    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn drop(self) {
        self.admin(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    async fn admin(&self, sql: String) {
        let mut connection = AnyConnection::connect(&self.server).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
}
