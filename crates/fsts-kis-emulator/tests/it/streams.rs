//! Stream sessions: registrations, limits, records, faults.

use fsts_kis_emulator::{EmuSymbol, EmulatorConfig, RecordWidth, demo_symbols};
use serde_json::json;

use crate::client::{HTS_ID, OTHER, SYMBOL, bar, config, hms, launch, replay};

#[tokio::test]
async fn prints_come_as_trade_records_with_running_totals() {
    for (record_width, cells) in [(RecordWidth::Current, 47), (RecordWidth::Old, 46)] {
        let bars = [bar(71_200, 71_400, 71_100, 71_300, 100)];
        let (_emulator, client) = launch(EmulatorConfig { record_width, ..replay(&bars) }).await;
        let mut stream = client.stream().await;
        assert_eq!(stream.register("1", "H0STCNT0", SYMBOL).await, "OPSP0000");
        let frames = client.step_until(hms(9, 0, 59)).await["frames"].as_u64().unwrap();
        assert_eq!(frames, 4);
        let frames = stream.frames(frames).await;
        let prints: Vec<(i64, i64)> = frames.iter().map(|frame| frame.print()).collect();
        assert_eq!(prints, [(71_200, 25), (71_100, 25), (71_400, 25), (71_300, 25)]);
        let totals: Vec<&str> = frames.iter().map(|frame| frame.cells[13].as_str()).collect();
        let times: Vec<&str> = frames.iter().map(|frame| frame.cells[1].as_str()).collect();
        assert_eq!((totals, times), (vec!["25", "50", "75", "100"], vec!["090002", "090020", "090040", "090058"]));
        assert!(frames.iter().all(|frame| frame.cells.len() == cells));
    }
}

#[tokio::test]
async fn the_closing_auction_is_one_record_and_a_bar_with_four_prices_is_one_frame_of_four() {
    let close = |bars: [fsts_domain::Bar; 1]| {
        let mut config = replay(&bars);
        if let fsts_kis_emulator::MarketSource::Replay(bars) = &mut config.market {
            bars[0].at_ns = crate::client::at(hms(15, 30, 0)).ns();
        }
        config
    };
    for (bars, records) in
        [([bar(71_200, 71_200, 71_200, 71_200, 100)], 1), ([bar(71_200, 71_400, 71_100, 71_300, 100)], 4)]
    {
        let (_emulator, client) = launch(close(bars)).await;
        let mut stream = client.stream().await;
        stream.register("1", "H0STCNT0", SYMBOL).await;
        assert_eq!(client.step_until(hms(15, 30, 0)).await["frames"], 1);
        let frame = stream.frames(1).await.remove(0);
        assert_eq!((frame.records, frame.cells.len()), (records, records * 47));
    }
}

#[tokio::test]
async fn registrations_are_answered_counted_and_removed() {
    let many: Vec<EmuSymbol> = (0..50)
        .map(|number| EmuSymbol { symbol: format!("{number:06}").parse().unwrap(), ..demo_symbols().remove(0) })
        .collect();
    let (_emulator, client) = launch(EmulatorConfig { symbols: many, ..config() }).await;
    let mut stream = client.stream().await;
    for number in 0..40 {
        assert_eq!(stream.register("1", "H0STCNT0", &format!("{number:06}")).await, "OPSP0000");
    }
    assert_eq!(stream.register("1", "H0STCNI0", HTS_ID).await, "OPSP0000", "notices count too");
    assert_eq!(stream.register("1", "H0STASP0", "000000").await, "OPSP0008");
    assert_eq!(stream.register("1", "H0STCNT0", "000001").await, "OPSP0002");
    assert_eq!(stream.register("2", "H0STCNT0", "000001").await, "OPSP0001");
    assert_eq!(stream.register("2", "H0STCNT0", "000001").await, "OPSP0003");
    assert_eq!(stream.register("1", "H0STASP0", "000000").await, "OPSP0000");
    assert_eq!(stream.register("1", "H0STCNT0", "999999").await, "OPSP8993");
    assert_eq!(stream.register("1", "H0NXCNT0", "000001").await, "OPSP8991");
    assert_eq!(stream.register("1", "H0STCNI9", HTS_ID).await, "OPSP8991", "the mock channel in the real environment");
    assert_eq!(stream.register("0", "H0STCNT0", "000002").await, "OPSP8997");
    stream.approval_key = "x".to_owned();
    assert_eq!(stream.register("1", "H0STCNT0", "000002").await, "OPSP0011");
}

#[tokio::test]
async fn a_second_session_of_a_key_is_refused_and_ended() {
    let (_emulator, client) = launch(config()).await;
    let mut first = client.stream().await;
    assert_eq!(first.register("1", "H0STCNT0", SYMBOL).await, "OPSP0000");
    let mut second = client.stream().await;
    assert_eq!(second.register("1", "H0STCNT0", SYMBOL).await, "OPSP8996");
    assert_eq!(second.next().await, None);
    assert_eq!(first.register("1", "H0STCNT0", OTHER).await, "OPSP0000");
    drop(first);
    // The emulator sees the end of the first session some time later, as a broker does.
    loop {
        let mut third = client.stream().await;
        if third.register("1", "H0STCNT0", SYMBOL).await == "OPSP0000" {
            break;
        }
    }
}

#[tokio::test]
async fn a_muted_stream_is_silent_and_a_closed_one_ends() {
    let bars = [bar(71_200, 71_400, 71_100, 71_300, 100), bar(71_200, 71_400, 71_100, 71_300, 100)];
    let (_emulator, client) = launch(replay(&bars)).await;
    let mut stream = client.stream().await;
    stream.register("1", "H0STCNT0", SYMBOL).await;
    client.fault(json!({"mute_stream": true})).await;
    assert_eq!(client.step_until(hms(9, 0, 59)).await["frames"], 0);
    client.fault(json!({"mute_stream": false})).await;
    assert_eq!(client.step_until(hms(9, 1, 59)).await["frames"], 4);
    assert_eq!(stream.frames(1).await.remove(0).cells[13], "125", "what was lost stays lost, totals go on");
    client.fault(json!({"close_stream": 1})).await;
    while stream.next().await.is_some() {}
    assert_eq!(client.control("GET", "clock", "").await.body["sessions"], 0);
}
