//! The end of a day, the next one, and a run that goes on where the last one stopped.

use fsts_kis_emulator::{ClockMode, EmulatorConfig, EmulatorError, MarketSource, ReplayBar, demo_symbols, start};
use serde_json::json;

use crate::client::{ACCOUNT, Client, SYMBOL, at, bar, config, hms, launch, replay};

/// A minute at the opening, a closing auction, and a minute of the next trading day.
fn two_days() -> EmulatorConfig {
    let mut config = replay(&[bar(71_200, 71_400, 71_100, 71_300, 400)]);
    let day_s = 86_400;
    if let MarketSource::Replay(bars) = &mut config.market {
        let first = bars[0];
        let bar =
            |second: i64, won: i64| ReplayBar { at_ns: at(second).ns(), bar: bar(won, won, won, won, 400), ..first };
        bars.push(bar(hms(15, 30, 0), 71_600));
        bars.push(bar(3 * day_s + hms(9, 0, 0), 72_000));
    }
    config
}

#[tokio::test]
async fn what_is_left_at_the_close_expires_and_the_next_day_begins_by_itself() {
    let (emulator, client) = launch(two_days()).await;
    client.placed("buy", 10, 0).await;
    let resting = client.placed("buy", 5, 70_000).await;
    client.step_until(hms(15, 20, 0)).await;
    let auction = client.placed("sell", 4, 0).await;
    client.step_until(hms(15, 30, 0)).await;
    assert_eq!(client.row(&auction).await["avg_prvs"], "71600");
    assert_eq!(client.order("buy", 1, 70_000).await.code(), "APBK0918");
    client.step_until(hms(15, 30, 1)).await;
    let row = client.row(&resting).await;
    assert_eq!((&row["rmn_qty"], &row["cncl_cfrm_qty"], &row["tot_ccld_qty"]), (&json!("0"), &json!("5"), &json!("0")));
    assert_eq!(emulator.order_log()[1].state, "expired");

    let monday = 3 * 86_400;
    let step = client.step_until(hms(15, 31, 0)).await;
    assert_eq!(step["now_ns"], at(monday + hms(8, 59, 30)).ns().to_string());
    let query = format!("FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD={SYMBOL}");
    let price = client.get("inquire-price", "FHKST01010100", &query).await.body;
    assert_eq!(price["msg_cd"], "EGW00123", "a token lives a day");
    let client = Client::login(&emulator, false).await;
    let price = client.get("inquire-price", "FHKST01010100", &query).await.body;
    assert_eq!(price["output"]["stck_sdpr"], "71600", "the base is Friday's close");
    let balance = client.balance().await;
    assert_eq!(
        (&balance["output1"][0]["hldg_qty"], &balance["output1"][0]["bfdy_buy_qty"]),
        (&json!("6"), &json!("10"))
    );
    let first_of_day = client.placed("sell", 1, 0).await;
    assert_eq!(first_of_day, emulator.order_log()[0].number.to_string(), "numbers begin anew every day");
}

#[tokio::test]
async fn a_killed_run_goes_on_with_its_accounts_orders_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |market| EmulatorConfig { data_dir: Some(folder.path().to_owned()), market, ..two_days() };
    let market = two_days().market;
    let (emulator, client) = launch(kept(market.clone())).await;
    client.placed("buy", 10, 0).await;
    client.placed("buy", 5, 71_100).await;
    client.step_until(hms(9, 0, 10)).await;
    let before = emulator.accounts();
    assert_eq!(before[0].orders[0].state, "filled");
    assert!(matches!(start(kept(market.clone())).await, Err(EmulatorError::Locked(_))));
    emulator.kill().await;

    let emulator = start(kept(market.clone())).await.unwrap();
    assert_eq!((emulator.accounts(), emulator.now()), (before, at(hms(9, 0, 10))));
    let again = Client { token: client.token.clone(), ..Client::unauthorised(&emulator) };
    again.step_until(hms(9, 0, 20)).await;
    assert_eq!(emulator.order_log()[1].state, "filled", "the resting order met the next print");
    let query = format!("FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD={SYMBOL}");
    let price = again.get("inquire-price", "FHKST01010100", &query).await.body;
    assert_eq!((&price["output"]["stck_oprc"], &price["output"]["acml_vol"]), (&json!("71200"), &json!("200")));
    assert_eq!(again.placed("sell", 1, 0).await, "0001000003");
    emulator.stop().await.unwrap();

    let fresh = start(EmulatorConfig { fresh: true, ..kept(market) }).await.unwrap();
    assert!(fresh.order_log().is_empty());
    assert_eq!((fresh.accounts()[0].cash.get(), fresh.accounts()[0].account.as_str()), (100_000_000, ACCOUNT));
}

#[tokio::test]
async fn a_generated_market_goes_on_near_its_last_prices_and_keeps_yesterday_s_orders() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || EmulatorConfig {
        data_dir: Some(folder.path().to_owned()),
        symbols: demo_symbols().drain(..2).collect(),
        ..config()
    };
    let (emulator, client) = launch(kept()).await;
    client.step_until(hms(9, 30, 0)).await;
    client.placed("buy", 10, 0).await;
    client.step_until(hms(15, 31, 0)).await;
    let client = Client::login(&emulator, false).await;
    client.step_until(3 * 86_400 + hms(10, 0, 0)).await;
    let last = async |client: &Client| {
        let query = format!("FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD={SYMBOL}");
        let body = client.get("inquire-price", "FHKST01010100", &query).await.body;
        let number = |name: &str| body["output"][name].as_str().unwrap().parse::<i64>().unwrap();
        (number("stck_prpr"), number("stck_sdpr"), number("stck_oprc"))
    };
    let (price, base, open) = last(&client).await;
    let orders = emulator.order_log();
    emulator.stop().await.unwrap();

    let emulator = start(kept()).await.unwrap();
    assert_eq!(emulator.order_log(), orders);
    let resumed = Client { token: client.token.clone(), ..Client::unauthorised(&emulator) };
    assert_eq!(last(&resumed).await, (price, base, open));
    resumed.step_until(3 * 86_400 + hms(10, 5, 0)).await;
    let (later, ..) = last(&resumed).await;
    assert!((later - price).abs() * 100 < price * 3, "{price} became {later}");
}

#[tokio::test]
async fn a_folder_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |config: EmulatorConfig| EmulatorConfig { data_dir: Some(folder.path().to_owned()), ..config };
    let (emulator, client) = launch(kept(config())).await;
    client.placed("buy", 1, 71_200).await;
    emulator.stop().await.unwrap();
    let other_seed = start(kept(EmulatorConfig { seed: 99, ..config() })).await.unwrap_err();
    let symbols = demo_symbols().split_off(4);
    let other_symbols = start(kept(EmulatorConfig { symbols, ..config() })).await.unwrap_err();
    for error in [other_seed, other_symbols] {
        assert!(matches!(error, EmulatorError::OtherRun(_)), "{error}");
    }
}

#[tokio::test]
async fn time_never_goes_back_when_an_accelerated_run_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || EmulatorConfig {
        data_dir: Some(folder.path().to_owned()),
        clock: ClockMode::Accelerated { speed: 600 },
        ..config()
    };
    let mut shown = at(hms(8, 59, 30));
    for minute in 1..4 {
        let emulator = start(kept()).await.unwrap();
        let began = emulator.now();
        assert!(began >= shown, "{began} came after {shown}");
        let client = Client::unauthorised(&emulator);
        let path = format!("clock?after_ns={}&timeout_ms=60000", began.plus_s(60 * minute).ns());
        client.control("GET", &path, "").await;
        shown = emulator.now();
        assert!(shown > began.plus_s(60 * minute));
        emulator.kill().await;
    }
}
