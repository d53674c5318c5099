//! Keys, tokens, limits, headers and transaction ids.

use fsts_kis_emulator::{EmulatorConfig, EmulatorError, Environment, start};
use serde_json::json;

use crate::client::{Client, DAY, SYMBOL, config, hms, launch};

#[tokio::test]
async fn replies_spell_their_headers_as_the_broker_does() {
    let (_emulator, client) = launch(config()).await;
    let reply = client.daily_page("", None).await;
    let names: Vec<&str> = reply.head.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, ["Content-Type", "Content-Length", "Connection", "tr_id", "tr_cont", "gt_uid"]);
    let gt_uid = reply.head.lines().find_map(|line| line.strip_prefix("gt_uid: ")).unwrap();
    assert_eq!((gt_uid.len(), reply.tr_cont()), (32, "D"));
}

#[tokio::test]
async fn a_token_is_issued_once_a_minute_kept_for_six_hours_and_named_when_it_is_dead() {
    let (_emulator, mut client) = launch(config()).await;
    let again = client.new_token().await;
    assert_eq!((again.status, again.code()), (403, "EGW00133"));
    client.step_until(hms(9, 1, 0)).await;
    let second = client.new_token().await;
    assert_eq!(second.body["access_token"], client.token.as_str());
    assert_eq!(second.body["access_token_token_expired"], "2026-11-21 08:59:30", "Korean time");

    client.fault(json!({"revoke_token": true})).await;
    let refused = client.daily_page("", None).await;
    assert_eq!((refused.status, refused.code(), &refused.body["rt_cd"]), (500, "EGW00121", &json!("1")));
    client.step_until(hms(9, 2, 0)).await;
    client.token = client.new_token().await.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.daily_page("", None).await.status, 200);
}

#[tokio::test]
async fn wrong_keys_and_secrets_are_told_apart() {
    let (_emulator, client) = launch(config()).await;
    let ask = async |key: &str, secret: &str| {
        let body = json!({"grant_type": "client_credentials", "appkey": key, "appsecret": secret});
        client.send("POST", "/oauth2/tokenP", &[], &body.to_string()).await.unwrap()
    };
    let (key, secret) = (ask("nobody", "x").await, ask("key-of-the-test", "x").await);
    assert_eq!((key.status, key.code(), secret.code()), (403, "EGW00103", "EGW00105"));
    assert!(key.body["rt_cd"].is_null());
}

#[tokio::test]
async fn the_nineteenth_call_of_a_second_is_refused_and_the_window_follows_market_time() {
    let (_emulator, client) = launch(EmulatorConfig { rest_per_second: None, ..config() }).await;
    for _ in 0..18 {
        assert_eq!(client.balance().await["rt_cd"], "0");
    }
    assert_eq!(client.balance().await["msg_cd"], "EGW00201");
    client.step_until(hms(8, 59, 31)).await;
    assert_eq!(client.balance().await["rt_cd"], "0");
}

#[tokio::test]
async fn each_environment_knows_its_own_transaction_ids_old_and_new() {
    let (_emulator, real) = launch(config()).await;
    let (_other, mock) = launch(EmulatorConfig { env: Environment::Mock, ..config() }).await;
    let query =
        format!("CANO=50000001&ACNT_PRDT_CD=01&INQR_STRT_DT={day}&INQR_END_DT={day}", day = DAY.replace('-', ""));
    let code = async |client: &Client, tr_id: &str| {
        let reply = client.get("inquire-daily-ccld", tr_id, &query).await;
        (reply.status, reply.code().to_owned())
    };
    let ok = (200, "KIOK0510".to_owned());
    for tr_id in ["TTTC0081R", "TTTC8001R"] {
        assert_eq!(code(&real, tr_id).await, ok);
        assert_eq!(code(&mock, tr_id).await, (500, "EGW02006".to_owned()));
    }
    for tr_id in ["VTTC0081R", "VTTC8001R"] {
        assert_eq!(code(&mock, tr_id).await, ok);
        assert_eq!(code(&real, tr_id).await, (500, "EGW02005".to_owned()));
    }
    assert_eq!(code(&real, "TTTC9999R").await.1, "OPSQ0002");
    let unknown = real.get("inquire-nothing", "TTTC0081R", "").await;
    assert_eq!((unknown.status, unknown.code()), (500, "MCA00124"));
    let holiday = mock.get("chk-holiday", "CTCA0903R", "BASS_DT=20261120").await;
    assert_eq!(holiday.code(), "EGW02006", "mock has no holiday call");
}

#[tokio::test]
async fn quotations_answer_with_all_their_fields_as_strings() {
    let (_emulator, client) = launch(config()).await;
    let query = format!("FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD={SYMBOL}");
    let price = client.get("inquire-price", "FHKST01010100", &query).await.body;
    let output = price["output"].as_object().unwrap();
    assert!(output.len() == 82 && output.values().all(|value| value.is_string()));
    assert_eq!((&output["stck_sdpr"], &output["aspr_unit"]), (&json!("71200"), &json!("100")));
    assert_eq!((&output["stck_mxpr"], &output["stck_llam"]), (&json!("92500"), &json!("49900")));
    let book = client.get("inquire-asking-price-exp-ccn", "FHKST01010200", &query).await.body;
    assert!(book["output1"]["askp10"].is_string() && book["output2"]["antc_cnpr"].is_string());

    let days =
        format!("{query}&FID_INPUT_DATE_1=20200101&FID_INPUT_DATE_2=20261231&FID_PERIOD_DIV_CODE=D&FID_ORG_ADJ_PRC=1");
    let chart = client.get("inquire-daily-itemchartprice", "FHKST03010100", &days).await.body;
    let rows = chart["output2"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["stck_bsop_date"]), (100, &json!("20261119")));
    let holidays = client.get("chk-holiday", "CTCA0903R", "BASS_DT=20261120").await.body;
    let open: Vec<&str> =
        holidays["output"].as_array().unwrap().iter().map(|row| row["opnd_yn"].as_str().unwrap()).collect();
    assert_eq!(open[..4], ["Y", "N", "N", "Y"], "a Friday, a weekend, a Monday");
    let info = client.get("search-stock-info", "CTPF1002R", &format!("PDNO={SYMBOL}&PRDT_TYPE_CD=300")).await.body;
    assert_eq!(info["output"]["prdt_abrv_name"], "가온전자");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_with_a_sentence() {
    let public = EmulatorConfig { listen_rest: "0.0.0.0:0".parse().unwrap(), ..config() };
    let empty = EmulatorConfig { symbols: Vec::new(), ..config() };
    for (wrong, word) in [(public, "loopback"), (empty, "symbol")] {
        let error = start(wrong).await.unwrap_err();
        assert!(matches!(error, EmulatorError::Config(_)) && error.to_string().contains(word), "{error}");
    }
    let (emulator, _) = launch(config()).await;
    let address = emulator.rest_url().trim_start_matches("http://").parse().unwrap();
    let taken = start(EmulatorConfig { listen_rest: address, ..config() }).await.unwrap_err();
    assert!(matches!(taken, EmulatorError::Bind { .. }), "{taken}");
}
