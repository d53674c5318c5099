//! The engine dies at five places of an order's life, again and again; the next run goes on and nothing is doubled or lost.
//!
//! Each death is an abort of the process inside the program, so that the place is exact; a second run takes over, trades
//! on to the close, and then every order, fill, share and won is compared with the broker's.

use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use fsts_domain::Timestamp;
use fsts_kis_emulator::{EmulatorConfig, FeeRounding};
use serde_json::json;

use crate::drill::bars::{OPEN_S, swinging};
use crate::drill::books::{Story, agree};
use crate::drill::{Engine, Gone, day, journal, log, market};
use crate::rig::{Rig, Site, Step};

const SEEDS: u64 = 12;
const SYMBOLS: usize = 5;
const MINUTES: i64 = 14;
const CLOSE_S: i64 = 15 * 3600 + 30 * 60;
const SIGABRT: i32 = 6;

/// Buys and sells at nearly every turn of the price.
const BOTS: &str = r#"
[[bots]]
id = "sma"
strategy = "sma_cross"
symbols = ["0Z1010", "0Z1020", "0Z1040", "0Z2010", "0Z2020"]
sizing = { shares = 5 }
params = { fast = 1, slow = 2 }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_a_commit_loses_and_doubles_nothing() {
    drill("before_commit", 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_a_commit_loses_and_doubles_nothing() {
    drill("in_commit", 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_a_commit_loses_and_doubles_nothing() {
    drill("after_commit", 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_a_send_loses_and_doubles_nothing() {
    drill("after_send", 14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_an_ack_loses_and_doubles_nothing() {
    drill("after_ack", 14).await;
}

/// Kills at the n-th visit of a place, n from 1 to about `visits`, another one for each seed.
async fn drill(place: &str, visits: u64) {
    let mut reached = 0;
    let (mut orders, mut fills, mut ambiguous) = (0, 0, 0);
    for seed in 1..=SEEDS {
        let visit = 1 + (seed - 1) * visits / SEEDS;
        println!("seed {seed}: {place} at visit {visit}");
        let story = die_and_go_on(seed, &format!("{place}:{visit}")).await;
        reached += 1;
        orders += story.approved.len();
        fills += story.fill_count;
        ambiguous += story.ambiguous.len();
    }
    println!("{place}: {reached} kills, {orders} orders, {fills} fills, {ambiguous} ambiguous");
    assert!(reached >= 10, "{place} was reached {reached} times");
    // Otherwise the books agree because nothing happened.
    assert!(orders as u64 > SEEDS * 10 && fills >= orders, "{orders} orders, {fills} fills");
}

async fn die_and_go_on(seed: u64, fault: &str) -> Story {
    let quiet = market(SYMBOLS);
    let rounding = [FeeRounding::Fill, FeeRounding::Order, FeeRounding::Day][seed as usize % 3];
    let config = EmulatorConfig {
        market: swinging(&quiet.symbols, MINUTES, 2, seed),
        seed,
        rounding,
        partial_fills: true,
        jitter_ms: (0, 300),
        ..quiet
    };
    let rig = Rig::broker_only(Site::new(config).bots(BOTS)).await;
    // The login is there, as on any day but the first: the broker gives no second token within a minute.
    assert_eq!(rig.run(&["doctor"]).status.code(), Some(0));

    let mut doomed = Engine::launch(&rig, Some(fault)).await;
    let died = trade(&mut doomed, &rig).await;
    assert_eq!(died, Err(Gone), "seed {seed}: {fault} was never reached");
    let status = doomed.ended().await;
    assert_eq!(status.signal(), Some(SIGABRT), "seed {seed}: {fault} is an abort: {}", log(&rig));

    let launched = Instant::now();
    let mut engine = Engine::launch(&rig, None).await;
    assert_eq!(engine.ready(&rig).await, Ok(()), "seed {seed}: {}", log(&rig));
    println!("seed {seed}: ready {} ms after the start", launched.elapsed().as_millis());
    assert_eq!(trade(&mut engine, &rig).await, Ok(()), "seed {seed}: {}", log(&rig));
    agreed(engine, &rig, seed).await
}

/// Trades from wherever the market is to the end of its bars.
async fn trade(engine: &mut Engine, rig: &Rig) -> Result<(), Gone> {
    engine.ready(rig).await?;
    let end = Timestamp::from_kst(day(), OPEN_S + (MINUTES + 2) * 60);
    loop {
        let step = rig.step(&json!({ "count": 7 })).await;
        engine.worked_off(step).await?;
        if step.now >= end {
            return Ok(());
        }
    }
}

/// Goes to the close, where the broker's word is final, and compares everything.
async fn agreed(engine: Engine, rig: &Rig, seed: u64) -> Story {
    for second in (0..=55).step_by(11) {
        let step = step_to(rig, CLOSE_S + second).await;
        assert!(engine.worked_off(step).await.is_ok(), "{}", log(rig));
    }
    let compared = rig.run(&["reconcile"]);
    let said = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert_eq!(compared.status.code(), Some(0), "seed {seed}: {said}");
    engine.stop().await;
    let story = agree(&journal(rig).await, &rig.truth());
    // Each transmission is an order of its own, or was refused: none was sent twice.
    let sent = rig.wire("order-cash").await as usize;
    let orders = rig.truth().orders.iter().filter(|o| o.original.is_none()).count();
    assert_eq!(sent, orders + story.refused.len(), "seed {seed}: transmissions");
    assert!(sent + story.withdrawn.len() <= story.approved.len(), "seed {seed}: {sent} of {:?}", story.approved);
    story
}

async fn step_to(rig: &Rig, second_of_day: i64) -> Step {
    let until = Timestamp::from_kst(day(), second_of_day);
    rig.step(&json!({ "until_ns": until.ns().to_string() })).await
}
