//! Copies of a database: whole, of one instant, and readable again.

use fsts_store::*;
use tokio::io::BufReader;

use crate::place::{Place, STREAM, holder, postgres_server, record};

on_both! {
    a_copy_of_a_database_in_use_holds_the_same_journal
    a_database_that_holds_something_is_not_restored_over
}

/// A copy as a SQLite database in `folder`, whichever kind it was made of.
async fn copied(store: &Store, folder: &std::path::Path) -> Store {
    let target = DatabaseTarget::Sqlite(folder.join("copy.db"));
    if matches!(store.target(), DatabaseTarget::Sqlite(_)) {
        store.copy_into(&folder.join("copy.db")).await.unwrap();
        return Store::open(&target).await.unwrap();
    }
    let mut lines = Vec::new();
    let rows = store.write_rows(&mut lines).await.unwrap();
    assert!(rows > 1_000, "{rows} rows");
    Store::from_rows(&target, &mut BufReader::new(lines.as_slice()), Tables::All).await.unwrap()
}

async fn a_copy_of_a_database_in_use_holds_the_same_journal(place: Place) {
    place.write(1_000).await;
    let store = place.store().await;
    let at = fsts_domain::Timestamp::from_ns(record(1).at_ns);
    store.claim_key("key", "hash", at).await.unwrap();
    // The account is being traded while it is copied.
    let lease = take_lease(&store, STREAM, holder("run-2")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = copied(&store, folder.path()).await;
    drop(lease);
    assert_eq!(copy.streams().await.unwrap(), [STREAM]);
    assert_eq!(copy.verify(STREAM).await.unwrap(), store.verify(STREAM).await.unwrap());
    assert_eq!(copy.read_from(STREAM, 0).await.unwrap(), store.read_from(STREAM, 0).await.unwrap());
    assert_eq!(copy.schema_version().await.unwrap(), store.schema_version().await.unwrap());
    // The next holder goes on with a higher token than any that was ever given.
    let next = take_lease(&copy, STREAM, holder("run-3")).await.unwrap();
    assert_eq!(next.fence(), 3);
}

async fn a_database_that_holds_something_is_not_restored_over(place: Place) {
    assert!(Store::must_be_empty(&place.target).await.is_ok());
    place.write(1).await;
    assert!(matches!(Store::must_be_empty(&place.target).await, Err(StoreError::Misuse { .. })));
    let refused = Store::from_rows(&place.target, &mut BufReader::new(&b""[..]), Tables::All).await;
    assert!(matches!(refused, Err(StoreError::Misuse { .. })));
    assert_eq!(place.store().await.read_from(STREAM, 0).await.unwrap().len(), 1);
}

#[test]
fn lines_go_back_into_postgresql_and_a_cut_or_changed_copy_is_refused() {
    if postgres_server().is_none() {
        return;
    }
    let (sender, lines) = std::sync::mpsc::channel();
    crate::place::on_postgres(async move |place: Place| {
        place.write(300).await;
        let mut lines = Vec::new();
        place.store().await.write_rows(&mut lines).await.unwrap();
        sender.send(lines).unwrap();
    });
    let lines = lines.recv().unwrap();
    let whole = lines.clone();
    crate::place::on_postgres(async move |place: Place| {
        let store = Store::from_rows(&place.target, &mut BufReader::new(whole.as_slice()), Tables::All).await.unwrap();
        assert_eq!(store.verify(STREAM).await.unwrap().records, 300);
        let mut again = Vec::new();
        store.write_rows(&mut again).await.unwrap();
        assert_eq!(again.len(), whole.len(), "the copy of the copy is as long");
    });
    crate::place::on_sqlite(async move |place: Place| {
        let text = String::from_utf8(lines).unwrap();
        let cut = text.rsplit_once("{\"foot\"").unwrap().0;
        let row = text.lines().find(|l| l.starts_with("[\"")).unwrap();
        let short = text.replacen(&format!("{row}\n"), "", 1);
        let newer = text.replacen("\"schema\":", "\"schema\":99", 1);
        for (ix, bad) in [cut, &short, &newer, ""].into_iter().enumerate() {
            let DatabaseTarget::Sqlite(file) = &place.target else { panic!("a file") };
            let target = DatabaseTarget::Sqlite(file.with_file_name(format!("{ix}.db")));
            let refused =
                Store::from_rows(&target, &mut BufReader::new(bad.as_bytes()), Tables::All).await.unwrap_err();
            let fits = matches!(refused, StoreError::Damaged { .. } | StoreError::NewerSchema { .. });
            assert!(fits, "{ix}: {refused}");
        }
    });
}
