//! Who works on a database is told, and what is put aside is kept.

use std::sync::Arc;

use fsts_store::*;

use crate::place::{Place, STREAM, holder};

on_both! { an_engine_is_seen_while_it_works what_is_put_aside_leaves_an_empty_place }

async fn an_engine_is_seen_while_it_works(place: Place) {
    drop(place.store().await);
    assert_eq!(Store::worker_on(&place.target).await.unwrap(), None);
    let (writer, _outcomes) = place.writer(Arc::new(NoFault)).await;
    assert_eq!(Store::worker_on(&place.target).await.unwrap(), Some(holder("run-1").to_string()));
    writer.close();
    // A session of PostgreSQL ends a moment after its connection.
    let asked = async {
        while Store::worker_on(&place.target).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), asked).await.expect("the lock falls with the writer");
}

async fn what_is_put_aside_leaves_an_empty_place(place: Place) {
    place.write(3).await;
    assert!(Store::must_be_empty(&place.target).await.is_err());
    assert!(Store::set_aside(&place.target, "x\"; DROP TABLE journal; --").await.is_err());
    Store::set_aside(&place.target, "before_restore").await.unwrap();
    Store::must_be_empty(&place.target).await.unwrap();
    assert_eq!(place.store().await.verify(STREAM).await.unwrap().records, 0);
    let kept = match &place.target {
        DatabaseTarget::Sqlite(path) => {
            let aside = format!("{}.before_restore", path.display());
            Store::open(&DatabaseTarget::Sqlite(aside.into())).await.unwrap().verify(STREAM).await.unwrap().records
        }
        DatabaseTarget::Postgres(_) => {
            use sqlx::Row;
            let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM before_restore.journal";
            let row = sqlx::query(sql).fetch_one(&mut place.intruder().await).await.unwrap();
            row.try_get::<i64, _>(0).unwrap().unsigned_abs()
        }
    };
    assert_eq!(kept, 3);
}
