//! The store on SQLite always, and on PostgreSQL when `FSTS_TEST_POSTGRES` names a server it may create databases on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking, in its helpers too")]

/// Makes two tests of each `async fn(Place)`: one per database.
macro_rules! on_both {
    ($($name:ident)*) => { $(
        mod $name {
            #[test]
            fn on_sqlite() {
                crate::place::on_sqlite(super::$name);
            }
            #[test]
            fn on_postgres() {
                crate::place::on_postgres(super::$name);
            }
        }
    )* };
}

mod alerts;
mod conversation;
mod damage;
mod golden;
mod jobs;
mod journal;
mod keys;
mod lease;
mod lost_reply;
mod occupancy;
mod place;
mod read_model;
mod schema;
mod series;
mod sessions;
mod simulations;
mod snapshot;
mod story;
