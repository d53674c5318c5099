//! One account, one engine: a second run names the first and ends; after `kill -9` the next one is ready at once.

use std::time::Instant;

use crate::drill::{Engine, log, market};
use crate::rig::{Rig, Site};

const HELD: i32 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_names_the_first_and_a_killed_one_is_followed_on_sqlite() {
    two_runs(Rig::broker_only(Site::new(market(2))).await, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_names_the_first_and_a_killed_one_is_followed_on_postgres() {
    let Some(database) = crate::database::own().await else { return };
    let rig = Rig::broker_only(Site::new(market(2)).env("DATABASE_URL", database.url())).await;
    two_runs(rig, true).await;
    database.drop().await;
}

async fn two_runs(mut rig: Rig, by_server: bool) {
    let mut first = Engine::launch(&rig, None).await;
    assert_eq!(first.ready(&rig).await, Ok(()), "{}", log(&rig));

    let second = rig.run(&["run", "--json"]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(HELD), "{said}");
    assert!(said.contains(&format!("process {}", first.pid())), "the holder is named: {said}");
    assert_eq!(first.ready(&rig).await, Ok(()), "the first one goes on");

    // The account's lock, not the folder's, keeps the second one out.
    if by_server {
        rig.set_env("FSTS_DATA_DIR", Some("elsewhere"));
        assert_eq!(rig.run(&["run", "--json"]).status.code(), Some(HELD));
        rig.set_env("FSTS_DATA_DIR", None);
    }

    for _ in 0..3 {
        first.kill().await;
        let killed = Instant::now();
        first = Engine::launch(&rig, None).await;
        assert_eq!(first.ready(&rig).await, Ok(()), "{}", log(&rig));
        println!("ready {} ms after the kill", killed.elapsed().as_millis());
    }
    first.stop().await;
}
