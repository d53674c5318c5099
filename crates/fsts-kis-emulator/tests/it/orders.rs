//! Orders, their checks, their notices, and what goes wrong on request.

use fsts_kis_emulator::{EmulatorConfig, Environment, FeeRounding};
use fsts_krx::Profile;
use serde_json::json;

use crate::client::{ACCOUNT, Client, HTS_ID, SYMBOL, bar, config, hms, launch, replay};

#[tokio::test]
async fn a_market_buy_fills_at_the_next_bar_s_open_and_its_notices_decrypt() {
    let (emulator, client) =
        launch(replay(&[bar(71_200, 71_400, 71_100, 71_300, 100), bar(71_500, 71_600, 71_000, 71_000, 100)])).await;
    let mut stream = client.stream().await;
    assert_eq!(stream.register("1", "H0STCNI0", HTS_ID).await, "OPSP0000");
    client.step_until(hms(9, 1, 1)).await;
    let number = client.placed("buy", 7, 0).await;
    let accepted = stream.frames(1).await.remove(0);
    assert_eq!(accepted.notice(), ("1", "1", 7, 0));
    client.step_until(hms(9, 1, 2)).await;
    let filled = stream.frames(1).await.remove(0);
    assert_eq!((filled.tr_id.as_str(), filled.cells.len()), ("H0STCNI0", 26));
    assert_eq!(filled.notice(), ("2", "2", 7, 71_500));
    let cells = |index: usize| filled.cells[index].as_str();
    assert_eq!((cells(0), cells(1), cells(2), cells(4), cells(8)), (HTS_ID, ACCOUNT, number.as_str(), "02", SYMBOL));

    let row = client.row(&number).await;
    assert_eq!(
        (&row["tot_ccld_qty"], &row["tot_ccld_amt"], &row["rmn_qty"]),
        (&json!("7"), &json!("500500"), &json!("0"))
    );
    let balance = client.balance().await;
    let holding = &balance["output1"][0];
    assert_eq!((&holding["hldg_qty"], &holding["pchs_avg_pric"]), (&json!("7"), &json!("71500.0000")));
    let fee = 70;
    let cash = (100_000_000 - 500_500 - fee).to_string();
    assert_eq!(balance["output2"][0]["prvs_rcdl_excc_amt"], cash.as_str());
    assert_eq!(balance["output2"][0]["dnca_tot_amt"], "100000000", "nothing has settled yet");
    let truth = &emulator.accounts()[0];
    assert_eq!((truth.fees.get(), truth.positions.len(), truth.orders[0].state), (fee, 1, "filled"));
}

#[tokio::test]
async fn a_limit_order_waits_for_its_price_and_a_print_s_volume_may_cap_it() {
    let bars = [bar(71_200, 71_400, 71_100, 71_300, 100), bar(71_300, 71_300, 70_900, 71_000, 40)];
    for (partial_fills, filled) in [(false, "50"), (true, "20")] {
        let (_emulator, client) = launch(EmulatorConfig { partial_fills, ..replay(&bars) }).await;
        client.step_until(hms(9, 0, 30)).await;
        let number = client.placed("buy", 50, 71_000).await;
        client.step_until(hms(9, 1, 19)).await;
        assert_eq!(client.row(&number).await["tot_ccld_qty"], "0");
        client.step_until(hms(9, 1, 59)).await;
        let row = client.row(&number).await;
        assert_eq!((&row["tot_ccld_qty"], &row["avg_prvs"]), (&json!(filled), &json!("71000")), "{row}");
    }
}

#[tokio::test]
async fn orders_that_break_a_rule_are_refused_with_the_environment_s_code() {
    let (_emulator, client) = launch(replay(&[bar(71_200, 71_200, 71_200, 71_200, 10)])).await;
    let unknown = Client::order_body("999999", 1, 1_000);
    let mut other_account = Client::order_body(SYMBOL, 1, 71_200);
    other_account["CANO"] = json!("50000002");
    let mut nxt = Client::order_body(SYMBOL, 1, 71_200);
    nxt["EXCG_ID_DVSN_CD"] = json!("NXT");
    let mut best = Client::order_body(SYMBOL, 1, 71_200);
    best["ORD_DVSN"] = json!("03");
    let cases = [
        ("buy", Client::order_body(SYMBOL, 1, 71_250), "APBK0552"),
        ("buy", Client::order_body(SYMBOL, 1, 92_600), "APBK0506"),
        ("buy", Client::order_body(SYMBOL, 0, 71_200), "IGW00007"),
        ("buy", Client::order_body(SYMBOL, -1, 71_200), "IGW00007"),
        ("buy", Client::order_body(SYMBOL, 1_404, 71_200), "ok"),
        ("buy", Client::order_body(SYMBOL, 1, 71_200), "APBK0952"),
        ("sell", Client::order_body(SYMBOL, 1, 71_200), "APBK0400"),
        ("buy", unknown, "APBK0656"),
        ("buy", other_account, "OPSQ2000"),
        ("buy", nxt, "APBK1945"),
        ("buy", best, "APBK1943"),
    ];
    for (side, body, code) in cases {
        let reply = client.order_with(side, &body).await.unwrap();
        assert_eq!(reply.status, 200, "{body}");
        match code {
            "ok" => assert_eq!(reply.body["rt_cd"], "0", "{body} {}", reply.body),
            code => assert_eq!((&reply.body["rt_cd"], reply.code()), (&json!("1"), code), "{body}"),
        }
    }
}

#[tokio::test]
async fn a_market_buy_holds_back_cash_at_the_upper_limit() {
    let (_emulator, client) = launch(config()).await;
    let power = async |division: &str, price: &str| {
        let query = format!("CANO=50000001&ACNT_PRDT_CD=01&PDNO={SYMBOL}&ORD_UNPR={price}&ORD_DVSN={division}");
        let body = client.get("inquire-psbl-order", "TTTC8908R", &query).await.body;
        let field = |name: &str| body["output"][name].as_str().unwrap().parse::<i64>().unwrap();
        (field("psbl_qty_calc_unpr"), field("nrcvb_buy_amt"), field("nrcvb_buy_qty"))
    };
    assert_eq!(power("01", "").await, (92_500, 100_000_000, 1_080));
    assert_eq!(power("00", "71200").await, (71_200, 100_000_000, 1_404));
    assert_eq!(client.order("buy", 1_081, 0).await.code(), "APBK0952");
    client.placed("buy", 1_000, 0).await;
    let reserved = 92_500_000 + 92_500_000 * 140_527 / 1_000_000_000;
    assert_eq!(power("01", "").await.1, 100_000_000 - reserved);
}

#[tokio::test]
async fn a_cancel_gets_its_own_number_and_keeps_what_was_filled() {
    let bars = [bar(71_200, 71_200, 71_200, 71_200, 40), bar(71_200, 71_200, 71_200, 71_200, 40)];
    let (emulator, client) = launch(EmulatorConfig { partial_fills: true, ..replay(&bars) }).await;
    let mut stream = client.stream().await;
    stream.register("1", "H0STCNI0", HTS_ID).await;
    let number = client.placed("buy", 50, 71_200).await;
    client.step_until(hms(9, 0, 59)).await;
    let cancel = client.cancel(&number, None).await;
    let cancel_number = cancel.body["output"]["ODNO"].as_str().unwrap().to_owned();
    assert_ne!(cancel_number, number);
    let notices = stream.frames(7).await;
    let confirmed = notices.last().unwrap();
    assert_eq!((confirmed.cells[2].as_str(), confirmed.cells[3].as_str()), (cancel_number.as_str(), number.as_str()));
    assert_eq!((confirmed.cells[5].as_str(), confirmed.notice()), ("2", ("1", "2", 10, 71_200)));

    let row = client.row(&number).await;
    let figures = ["ord_qty", "tot_ccld_qty", "cncl_cfrm_qty", "rmn_qty"].map(|name| row[name].as_str().unwrap());
    assert_eq!(figures, ["50", "40", "10", "0"]);
    assert_eq!(client.row(&cancel_number).await["orgn_odno"], number.as_str());
    assert_eq!(client.cancel(&number, None).await.code(), "APBK0344");
    assert_eq!(client.cancel("0000000001", None).await.code(), "IGW00019");
    client.step_until(hms(9, 2, 0)).await;
    assert_eq!(emulator.order_log()[0].filled_qty.get(), 40, "a cancelled rest meets no more prints");
}

#[tokio::test]
async fn a_revision_moves_shares_to_a_new_order() {
    let (emulator, client) = launch(replay(&[bar(71_200, 71_300, 71_100, 71_200, 400)])).await;
    client.step_until(hms(9, 0, 3)).await;
    let number = client.placed("buy", 10, 70_000).await;
    let body = json!({
        "CANO": "50000001", "ACNT_PRDT_CD": "01", "KRX_FWDG_ORD_ORGNO": "06010", "ORGN_ODNO": number, "ORD_DVSN": "00",
        "RVSE_CNCL_DVSN_CD": "01", "ORD_QTY": "4", "ORD_UNPR": "71100", "QTY_ALL_ORD_YN": "N",
    });
    let reply = client.try_call("POST", "order-rvsecncl", "TTTC0013U", &body.to_string()).await.unwrap();
    assert_eq!(reply.body["rt_cd"], "0");
    client.step_until(hms(9, 0, 59)).await;
    let orders = emulator.order_log();
    let figures = |index: usize| {
        (orders[index].price, orders[index].qty.get(), orders[index].filled_qty.get(), orders[index].state)
    };
    assert_eq!((figures(0), figures(1)), ((70_000, 10, 0, "acked"), (71_100, 4, 4, "filled")));
    assert_eq!(orders[1].original, Some(number.parse().unwrap()));
}

#[tokio::test]
async fn the_daily_list_comes_in_pages_of_the_environment_s_size() {
    let mock = EmulatorConfig { env: Environment::Mock, ..config() };
    for (config, size) in [(mock, 15), (config(), 100)] {
        let (_emulator, client) = launch(config).await;
        let count = 2 * size + 1;
        let mut placed = Vec::new();
        for _ in 0..count {
            placed.push(client.placed("buy", 1, 50_000).await);
        }
        let (mut seen, mut marks, mut previous) = (Vec::new(), Vec::new(), None);
        loop {
            let page = client.daily_page("", previous.as_ref()).await;
            let rows = page.body["output1"].as_array().unwrap();
            assert!(rows.len() <= size);
            seen.extend(rows.iter().map(|row| row["odno"].as_str().unwrap().to_owned()));
            assert_eq!(page.body["ctx_area_nk100"].as_str().unwrap().len(), 100);
            marks.push(page.tr_cont().to_owned());
            if !matches!(page.tr_cont(), "F" | "M") {
                break;
            }
            previous = Some(page);
        }
        assert_eq!((seen, marks.join("")), (placed, "FME".to_owned()));
    }
}

#[tokio::test]
async fn a_swallowed_reply_leaves_one_order_and_one_transmission() {
    let (emulator, client) = launch(config()).await;
    client.fault(json!({"drop_reply": "order-cash", "hold_ms": 1})).await;
    assert!(client.order_with("buy", &Client::order_body(SYMBOL, 3, 71_200)).await.is_none());
    assert_eq!(client.control("GET", "wire", "").await.body["order-cash"], 1);
    assert_eq!(emulator.order_log().len(), 1);

    client.fault(json!({"drop_request": "order-cash", "hold_ms": 1})).await;
    assert!(client.order_with("buy", &Client::order_body(SYMBOL, 3, 71_200)).await.is_none());
    client.fault(json!({"http_500": "order-cash"})).await;
    let failed = client.order("buy", 3, 71_200).await;
    assert_eq!((failed.status, failed.code()), (500, "EGW00002"));
    client.fault(json!({"delay_ms": 1, "call": "order-cash"})).await;
    client.placed("buy", 3, 71_200).await;
    assert_eq!(client.control("GET", "wire", "").await.body["order-cash"], 4);
    assert_eq!(emulator.order_log().len(), 2);
    assert_eq!(client.control("POST", "faults", r#"{"delay_ms":1}"#).await.status, 400);
}

#[tokio::test]
async fn charges_follow_the_run_s_rounding() {
    // Two orders of two shares, filled one by one: 9.89 won a fill, 19.79 an order, 39.57 the day.
    for (rounding, fees) in [(FeeRounding::Fill, 36), (FeeRounding::Order, 38), (FeeRounding::Day, 39)] {
        let bars = [bar(70_400, 70_400, 70_400, 70_400, 4)];
        let config = EmulatorConfig { rounding, partial_fills: true, ..replay(&bars) };
        let (emulator, client) = launch(config).await;
        for _ in 0..2 {
            client.placed("buy", 2, 0).await;
        }
        client.step_until(hms(9, 0, 59)).await;
        let truth = &emulator.accounts()[0];
        assert_eq!((truth.fees.get(), truth.orders[1].state), (fees, "filled"), "{rounding:?}");
        assert_eq!(truth.cash.get(), 100_000_000 - 4 * 70_400 - fees);
    }
}

#[tokio::test]
async fn adjusted_prices_off_the_grid_trade_under_the_ideal_rules_only() {
    let bars = [bar(71_234, 71_239, 71_231, 71_237, 100)];
    for (profile, code) in [(Profile::Krx, "APBK0552"), (Profile::Ideal, "APBK0013")] {
        let (emulator, client) = launch(EmulatorConfig { profile, ..replay(&bars) }).await;
        client.step_until(hms(9, 0, 0)).await;
        assert_eq!(client.order("buy", 1, 71_235).await.code(), code);
        client.step_until(hms(9, 0, 59)).await;
        let filled: i64 = emulator.order_log().iter().map(|order| order.filled_amount.get()).sum();
        assert_eq!(filled, if profile == Profile::Ideal { 71_234 } else { 0 });
        client.step_until(hms(15, 30, 0)).await;
        assert_eq!(client.order("buy", 1, 71_235).await.code(), "APBK0918", "hours are hours");
    }
}
