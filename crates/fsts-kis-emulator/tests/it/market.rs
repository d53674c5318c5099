//! The generated market: prints, books, and our orders among other people's.

use fsts_domain::Side;
use fsts_kis_emulator::{EmulatorConfig, Environment, OrderTruth};
use serde_json::json;

use crate::client::{Client, Frame, HTS_ID, OTHER, SYMBOL, config, hms, launch};

#[tokio::test]
async fn the_same_seed_gives_the_same_frames_and_another_seed_others() {
    let run = async |seed: u64| -> Vec<Frame> {
        let (_emulator, client) = launch(EmulatorConfig { seed, ..config() }).await;
        let mut stream = client.stream().await;
        for channel in ["H0STCNT0", "H0STASP0"] {
            stream.register("1", channel, SYMBOL).await;
            stream.register("1", channel, OTHER).await;
        }
        stream.register("1", "H0STCNI0", HTS_ID).await;
        client.step_until(hms(9, 0, 30)).await;
        client.placed("buy", 10, 0).await;
        let frames = client.step_until(hms(9, 5, 0)).await["frames"].as_u64().unwrap();
        assert!(frames > 50, "{frames}");
        stream.frames(frames).await
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
    let widths = |tr_id: &str| -> Vec<usize> {
        first.iter().filter(|f| f.tr_id == tr_id).map(|f| f.cells.len() / f.records).collect()
    };
    assert!(widths("H0STCNT0").iter().all(|width| *width == 47) && widths("H0STASP0").iter().all(|width| *width == 63));
    assert_eq!(widths("H0STCNI0").iter().filter(|width| **width == 26).count(), widths("H0STCNI0").len());
}

#[tokio::test]
async fn our_order_takes_the_book_s_best_price_and_is_on_the_tape() {
    let (emulator, client) = launch(config()).await;
    let mut stream = client.stream().await;
    stream.register("1", "H0STCNT0", SYMBOL).await;
    let before = client.step_until(hms(9, 3, 0)).await["frames"].as_u64().unwrap();
    stream.frames(before).await;
    let book = async |client: &Client| {
        let query = format!("FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD={SYMBOL}");
        client.get("inquire-asking-price-exp-ccn", "FHKST01010200", &query).await.body["output1"].clone()
    };
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let shown = book(&client).await;
    let (ask, bid) = (number(&shown["askp1"]), number(&shown["bidp1"]));
    assert!(bid > 0 && ask > bid, "{shown}");
    client.placed("buy", 1, 0).await;
    assert_eq!(stream.frames(1).await.remove(0).print(), (ask, 1));
    let truth = &emulator.order_log()[0];
    assert_eq!((truth.filled_amount.get(), truth.state), (ask, "filled"));

    // A bid of ours below the best one rests and is part of the book that everyone sees.
    let own = client.placed("buy", 123, bid).await;
    assert_eq!(number(&book(&client).await["bidp_rsqn1"]), number(&shown["bidp_rsqn1"]) + 123);
    client.cancel(&own, Some(23)).await;
    assert_eq!(number(&book(&client).await["bidp_rsqn1"]), number(&shown["bidp_rsqn1"]) + 100);
    client.cancel(&own, None).await;
    assert_eq!(number(&book(&client).await["bidp_rsqn1"]), number(&shown["bidp_rsqn1"]));
}

#[tokio::test]
async fn immediate_orders_never_rest_and_mock_does_not_take_them() {
    let (emulator, client) = launch(config()).await;
    let mut stream = client.stream().await;
    stream.register("1", "H0STCNI0", HTS_ID).await;
    client.step_until(hms(9, 3, 0)).await;
    for (division, price) in [("11", 60_000), ("12", 60_000)] {
        let mut body = Client::order_body(SYMBOL, 5, price);
        body["ORD_DVSN"] = json!(division);
        let reply = client.order_with("buy", &body).await.unwrap();
        assert_eq!(reply.body["rt_cd"], "0", "{}", reply.body);
        let notices = stream.frames(2).await;
        assert_eq!((notices[0].notice(), notices[1].notice()), (("1", "1", 5, 60_000), ("1", "3", 5, 60_000)));
    }
    assert!(emulator.order_log().iter().all(|order| order.state == "cancelled"));
    assert_eq!(emulator.accounts()[0].available.get(), 100_000_000);

    let (_mock, client) = launch(EmulatorConfig { env: Environment::Mock, ..config() }).await;
    client.step_until(hms(9, 3, 0)).await;
    let mut body = Client::order_body(SYMBOL, 5, 60_000);
    body["ORD_DVSN"] = json!("11");
    assert_eq!(client.order_with("buy", &body).await.unwrap().code(), "40650000");
}

#[tokio::test]
async fn an_order_before_the_opening_trades_in_the_opening_auction() {
    let (emulator, client) = launch(config()).await;
    client.placed("buy", 10, 0).await;
    assert!(emulator.order_log()[0].filled_qty.is_zero());
    client.step_until(hms(9, 0, 0)).await;
    let order = &emulator.order_log()[0];
    assert_eq!((order.filled_qty.get(), order.state), (10, "filled"));
    let query = format!("FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD={SYMBOL}");
    let price = client.get("inquire-price", "FHKST01010100", &query).await.body;
    let opening: i64 = price["output"]["stck_oprc"].as_str().unwrap().parse().unwrap();
    assert_eq!(order.filled_amount.get(), 10 * opening, "one price for all");
}

#[tokio::test]
async fn over_a_busy_hour_cash_and_shares_equal_the_sum_of_the_orders() {
    for seed in 1..4 {
        let jitter_ms = (0, 300);
        let (emulator, client) = launch(EmulatorConfig { seed, jitter_ms, ..config() }).await;
        let mut dice = fsts_sim::Stream::new(seed, "orders of the test", 0);
        let (mut taken, mut placed) = (0, Vec::new());
        for minute in 0..60 {
            client.step_until(hms(9, minute, 5)).await;
            let side = if dice.chance(600) { "buy" } else { "sell" };
            let price = if dice.chance(300) { 0 } else { dice.between(700, 730) * 100 };
            let reply = client.order(side, dice.between(1, 60), price).await;
            if reply.body["rt_cd"] == "0" {
                taken += 1;
                placed.push(reply.body["output"]["ODNO"].as_str().unwrap().to_owned());
            }
            if dice.chance(300) && !placed.is_empty() {
                let number = placed.remove(dice.below(placed.len() as u64) as usize);
                client.cancel(&number, None).await;
            }
        }
        let truth = emulator.accounts().remove(0);
        let sum = |side: Side, of: fn(&OrderTruth) -> i64| -> i64 {
            truth.orders.iter().filter(|order| order.side == side).map(of).sum()
        };
        let (bought, sold) = (sum(Side::Buy, |o| o.filled_qty.get()), sum(Side::Sell, |o| o.filled_qty.get()));
        let (paid, got) = (sum(Side::Buy, |o| o.filled_amount.get()), sum(Side::Sell, |o| o.filled_amount.get()));
        let charges = truth.fees.get() + truth.taxes.get();
        assert_eq!(truth.cash.get(), 100_000_000 - paid + got - charges, "seed {seed}");
        assert_eq!(truth.positions.values().map(|held| held.qty.get()).sum::<i64>(), bought - sold, "seed {seed}");
        assert!(taken > 20 && bought > 0 && sold > 0, "seed {seed}: {taken} orders, {bought} bought, {sold} sold");
        assert!(truth.orders.iter().all(|order| order.filled_qty + order.cancelled_qty <= order.qty), "seed {seed}");
    }
}
