//! Time: steps, waiting for it, and clocks that move by themselves.

use fsts_kis_emulator::{ClockMode, EmulatorConfig, Session};
use serde_json::json;

use crate::client::{SYMBOL, at, bar, config, hms, launch, replay};

#[tokio::test]
async fn a_step_goes_to_the_next_boundary_or_print_and_all_prints_of_an_instant_go_together() {
    let mut config = replay(&[bar(71_200, 71_400, 71_100, 71_300, 100)]);
    if let fsts_kis_emulator::MarketSource::Replay(bars) = &mut config.market {
        bars.push(fsts_kis_emulator::ReplayBar { symbol: 1, ..bars[0] });
    }
    let (_emulator, client) = launch(config).await;
    let mut stream = client.stream().await;
    for symbol in [SYMBOL, crate::client::OTHER] {
        stream.register("1", "H0STCNT0", symbol).await;
    }
    let expected = [(0, 0), (1, 0), (2, 2), (20, 4), (40, 6), (58, 8), (60, 8), (61, 8), (120, 8)];
    for (second, frames) in expected {
        let step = client.step().await;
        assert_eq!(step["now_ns"], at(hms(9, 0, 0) + second).ns().to_string(), "second {second}");
        assert_eq!((&step["frames"], &step["done"]), (&json!(frames), &json!(false)), "second {second}");
    }
    let clock = client.control("GET", "clock", "").await.body;
    assert_eq!(
        (&clock["mode"], &clock["speed"], &clock["session_part"]),
        (&json!("stepped"), &json!(0), &json!("continuous"))
    );
}

#[tokio::test]
async fn several_steps_go_in_one_request_and_the_data_s_end_is_told() {
    let (_emulator, client) = launch(replay(&[bar(71_200, 71_400, 71_100, 71_300, 100)])).await;
    let step = client.control("POST", "step", r#"{"count":3}"#).await.body;
    assert_eq!(step["now_ns"], at(hms(9, 0, 2)).ns().to_string());
    let end = client.control("POST", "step", r#"{"count":100000}"#).await.body;
    assert_eq!((&end["done"], &end["now_ns"]), (&json!(true), &json!(at(hms(15, 31, 0)).ns().to_string())));
    assert_eq!(client.control("POST", "step", "{").await.status, 400);
}

#[tokio::test]
async fn a_wait_for_time_ends_when_a_step_passes_it_and_not_before() {
    let (_emulator, client) = launch(replay(&[bar(71_200, 71_400, 71_100, 71_300, 100)])).await;
    let path = format!("clock?after_ns={}&timeout_ms=60000", at(hms(9, 0, 1)).ns());
    let waiting = client.control("GET", &path, "");
    let stepping = async {
        for _ in 0..3 {
            client.step().await;
        }
    };
    let (clock, ()) = tokio::join!(waiting, stepping);
    assert_eq!(clock.body["now_ns"], at(hms(9, 0, 2)).ns().to_string());
    let timed_out = client.control("GET", &format!("clock?after_ns={}&timeout_ms=1", at(hms(12, 0, 0)).ns()), "").await;
    assert_eq!(timed_out.body["now_ns"], at(hms(9, 0, 2)).ns().to_string());
}

#[tokio::test]
async fn an_accelerated_clock_moves_by_itself_and_cannot_be_stepped() {
    let config = EmulatorConfig { clock: ClockMode::Accelerated { speed: 600 }, ..config() };
    let (emulator, client) = launch(config).await;
    let mut stream = client.stream().await;
    stream.register("1", "H0STCNT0", SYMBOL).await;
    let path = format!("clock?after_ns={}&timeout_ms=60000", at(hms(9, 1, 0)).ns());
    let clock = client.control("GET", &path, "").await.body;
    assert!(clock["now_ns"].as_str().unwrap().parse::<i64>().unwrap() > at(hms(9, 1, 0)).ns());
    assert_eq!((&clock["mode"], &clock["speed"]), (&json!("accelerated"), &json!(600)));
    assert_eq!(stream.frames(1).await.remove(0).cells[0], SYMBOL);
    assert_eq!(client.control("POST", "step", "").await.status, 409);
    emulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_real_clock_shows_the_system_s_time() {
    let config = EmulatorConfig { clock: ClockMode::Real, session: Session::AlwaysOpen, ..config() };
    let (emulator, client) = launch(config).await;
    let clock = async || client.control("GET", "clock", "").await.body;
    let ns = |clock: &serde_json::Value| clock["now_ns"].as_str().unwrap().parse::<i64>().unwrap();
    let first = clock().await;
    assert_eq!((&first["mode"], &first["speed"]), (&json!("real"), &json!(1)));
    assert!(ns(&first) > at(0).ns() - 86_400_000_000_000 * 365 && ns(&clock().await) >= ns(&first));
    assert_eq!(client.control("POST", "step", "").await.status, 409);
    emulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_market_without_hours_trades_at_midnight() {
    let config = EmulatorConfig { session: Session::AlwaysOpen, start_time: Some(hms(23, 59, 0)), ..config() };
    let (emulator, client) = launch(config).await;
    assert_eq!(client.control("GET", "clock", "").await.body["session_part"], "always_open");
    client.placed("buy", 1, 0).await;
    assert_eq!(emulator.order_log()[0].state, "filled");
    client.step_until(hms(24, 1, 0)).await;
    assert_eq!(client.control("GET", "clock", "").await.body["trading_day"], "2026-11-21");
    client.placed("sell", 1, 0).await;
    assert_eq!(emulator.order_log()[1].state, "filled");
}

#[tokio::test]
async fn jitter_delays_notices_without_losing_or_repeating_one() {
    let config = EmulatorConfig { jitter_ms: (0, 300), ..replay(&[bar(71_200, 71_400, 71_100, 71_300, 100)]) };
    let (_emulator, client) = launch(config).await;
    let mut stream = client.stream().await;
    stream.register("1", "H0STCNI0", crate::client::HTS_ID).await;
    for _ in 0..20 {
        client.placed("buy", 1, 0).await;
    }
    client.step_until(hms(9, 0, 2)).await;
    let frames = client.step_until(hms(9, 0, 3)).await["frames"].as_u64().unwrap();
    assert_eq!(frames, 40);
    let mut fills: Vec<String> =
        stream.frames(40).await.into_iter().filter(|f| f.notice().0 == "2").map(|f| f.cells[2].clone()).collect();
    let order_of_arrival = fills.clone();
    fills.sort();
    fills.dedup();
    assert_eq!(fills.len(), 20);
    assert_ne!(fills, order_of_arrival, "late notices overtake each other");
}
