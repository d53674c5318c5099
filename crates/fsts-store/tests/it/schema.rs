//! Migrations: forward, once, and never onto a newer database.

use fsts_store::*;
use sqlx::Row;

use crate::place::Place;

on_both! {
    opening_twice_changes_nothing
    two_first_starts_at_once_both_succeed
    a_database_of_a_newer_program_is_refused
    a_schema_step_with_other_content_is_refused
}

async fn steps(place: &Place) -> Vec<i64> {
    let rows = sqlx::query("SELECT version FROM _sqlx_migrations ORDER BY version");
    let rows = rows.fetch_all(&mut place.intruder().await).await.unwrap();
    rows.iter().map(|row| row.get("version")).collect()
}

async fn opening_twice_changes_nothing(place: Place) {
    place.write(3).await;
    let before = steps(&place).await;
    assert!(!before.is_empty());
    let store = place.store().await;
    assert_eq!(steps(&place).await, before);
    assert_eq!(store.read_from(crate::place::STREAM, 0).await.unwrap().len(), 3);
}

async fn two_first_starts_at_once_both_succeed(place: Place) {
    let (a, b) = tokio::join!(Store::open(&place.target), Store::open(&place.target));
    a.unwrap();
    b.unwrap();
}

async fn a_database_of_a_newer_program_is_refused(place: Place) {
    place.write(1).await;
    place
        .tamper(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 9999, 'later', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    let refused = Store::open(&place.target).await.unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 9999, known } if known < 9999), "{refused}");
    assert!(refused.to_string().contains("9999"));
}

async fn a_schema_step_with_other_content_is_refused(place: Place) {
    place.write(1).await;
    place.tamper("UPDATE _sqlx_migrations SET checksum = substr(checksum, 2) WHERE version = 1").await;
    let refused = Store::open(&place.target).await.unwrap_err();
    assert!(matches!(refused, StoreError::ForeignSchema { version: 1, .. }), "{refused}");
}

#[tokio::test]
async fn a_dead_database_server_is_named_without_its_password() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://trader:secret@127.0.0.1:{port}/fsts");
    let refused = Store::open(&DatabaseTarget::Postgres(url)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unreachable { .. }), "{refused:?}");
    assert!(!refused.to_string().contains("secret"));
}

#[tokio::test]
async fn a_folder_or_a_text_file_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no database ".repeat(500)).unwrap();
    for path in [folder.path().to_owned(), text] {
        let refused = Store::open(&DatabaseTarget::Sqlite(path)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unreachable { .. } | StoreError::Damaged { .. }), "{refused:?}");
    }
}
