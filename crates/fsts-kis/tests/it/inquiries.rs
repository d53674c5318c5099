//! Lists are read to their last page or not at all.

use fsts_domain::{OrderKind, Price, Side, Won};
use fsts_kis::{BarPrices, Days, KisError, Minutes, OrderFilter};

use crate::account::{Client, today};
use crate::stub::{Reply, Request, Stub};

fn row(number: u32) -> String {
    format!(
        r#"{{"ord_dt":"20261120","ord_gno_brno":"06010","odno":"{number:010}","orgn_odno":"","sll_buy_dvsn_cd":"02",
        "pdno":"005930","ord_qty":"10","ord_unpr":"71900","ord_tmd":"093107","tot_ccld_qty":"4",
        "tot_ccld_amt":"287600","ord_dvsn_cd":"00","cncl_cfrm_qty":"0","rmn_qty":"6","rjct_qty":"0"}}"#
    )
}

/// A page with these order numbers, its key, and whether more follow.
fn page(numbers: &[u32], key: &str, more: bool) -> Reply {
    let rows: Vec<String> = numbers.iter().map(|number| row(*number)).collect();
    let header = if more { "tr_cont: M\r\n" } else { "tr_cont: D\r\n" };
    let body = format!(
        r#"{{"rt_cd":"0","msg_cd":"KIOK0500","msg1":"","ctx_area_fk100":"{key:<100}","ctx_area_nk100":"{key:<100}",
        "output1":[{}],"output2":{{}}}}"#,
        rows.join(",")
    );
    Reply::Json(200, header, body)
}

async fn orders_of(
    answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> (Result<Vec<String>, KisError>, Vec<Request>) {
    let stub = Stub::start(answer).await;
    let found = Client::of(&stub.url).kis.daily_orders(today(), OrderFilter::default()).await;
    let numbers = found.map(|orders| orders.rows().iter().map(|order| order.number.value().to_string()).collect());
    (numbers, stub.seen("/inquire-daily-ccld"))
}

#[tokio::test]
async fn all_pages_together_are_complete() {
    let (orders, seen) = orders_of(|_, nth| match nth {
        0 => page(&[1, 2], "k1", true),
        1 => page(&[3, 4], "k2", true),
        _ => page(&[5], "k3", false),
    })
    .await;
    assert_eq!(orders.unwrap(), ["1", "2", "3", "4", "5"]);
    let asked =
        |request: &Request, key: &str| (request.headers["tr_cont"].clone(), request.query[key].trim().to_owned());
    let first_and_last: Vec<_> = [0, 2].map(|page: usize| asked(&seen[page], "CTX_AREA_FK100")).into();
    assert_eq!(first_and_last, [(String::new(), String::new()), ("N".to_owned(), "k2".to_owned())]);
    assert_eq!(seen[2].query["CTX_AREA_NK100"].len(), 100, "verbatim, padding included");
    assert_eq!((seen[0].query["INQR_DVSN"].as_str(), seen[0].query["EXCG_ID_DVSN_CD"].as_str()), ("01", "KRX"));
}

#[tokio::test]
async fn a_failed_page_gives_an_error_and_no_part() {
    let (orders, _) = orders_of(|_, nth| match nth {
        0 => page(&[1, 2], "k1", true),
        _ => Reply::failed("OPSQ2001"),
    })
    .await;
    assert!(matches!(orders, Err(KisError::Refused { .. })), "{orders:?}");
}

#[tokio::test]
async fn pages_that_do_not_move_on_are_an_error() {
    let (orders, seen) = orders_of(|_, nth| page(&[nth as u32 + 1], "same", true)).await;
    assert!(matches!(orders, Err(KisError::Decode { .. })), "{orders:?}");
    assert_eq!(seen.len(), 2);
    let (orders, _) = orders_of(|_, _| page(&[1], "", true)).await;
    assert!(matches!(orders, Err(KisError::Decode { .. })), "{orders:?}");
}

#[tokio::test]
async fn a_list_that_moved_is_read_again_from_its_first_page() {
    let moved = r#"{"rt_cd":"1","msg_cd":"APBK0000","msg1":"조회이후에 자료가 변경되었습니다.(다시 조회하세요)"}"#;
    let (orders, seen) = orders_of(move |_, nth| match nth {
        0 => page(&[1], "k1", true),
        1 => Reply::ok(moved),
        2 => page(&[1, 2], "k1", true),
        _ => page(&[3], "k2", false),
    })
    .await;
    assert_eq!(orders.unwrap(), ["1", "2", "3"]);
    assert_eq!((seen.len(), seen[2].headers["tr_cont"].as_str()), (4, ""));
}

#[tokio::test]
async fn a_row_that_comes_twice_never_makes_a_list_complete() {
    let (orders, seen) =
        orders_of(|_, nth| if nth % 2 == 0 { page(&[1, 2], "k1", true) } else { page(&[2], "k2", false) }).await;
    assert!(matches!(orders, Err(KisError::Retry { .. })), "{orders:?}");
    assert_eq!(seen.len(), 8, "begun anew three times, then given up");
}

#[tokio::test]
async fn a_row_says_everything_about_its_order() {
    let stub = Stub::start(|_, _| page(&[7], "k", false)).await;
    let filter = OrderFilter { symbol: Some("005930".parse().unwrap()), side: Some(Side::Buy) };
    let orders = Client::of(&stub.url).kis.daily_orders(today(), filter).await.unwrap();
    let order = &orders.rows()[0];
    assert_eq!((order.kind, order.side), (OrderKind::Limit(Price::new(71_900).unwrap()), Side::Buy));
    assert_eq!((order.filled_qty.get(), order.filled_amount, order.remaining_qty.get()), (4, Won::new(287_600), 6));
    assert_eq!(order.ordered_at.to_string(), "2026-11-20 09:31:07.000");
    let query = &stub.seen("/inquire-daily-ccld")[0].query;
    assert_eq!((query["PDNO"].as_str(), query["SLL_BUY_DVSN_CD"].as_str()), ("005930", "02"));
}

#[tokio::test]
async fn the_account_is_settled_cash_and_what_is_still_held() {
    let body = r#"{"rt_cd":"0","msg_cd":"KIOK0510","msg1":"","output1":[
        {"pdno":"005930","hldg_qty":"12","ord_psbl_qty":"10","pchs_amt":"862800"},
        {"pdno":"000660","hldg_qty":"0","ord_psbl_qty":"0","pchs_amt":"0"}],
        "output2":[{"dnca_tot_amt":"1","prvs_rcdl_excc_amt":"5000000"}]}"#;
    let stub = Stub::start(move |_, _| Reply::Json(200, "tr_cont: D\r\n", body.to_owned())).await;
    let account = Client::of(&stub.url).kis.balance().await.unwrap();
    assert_eq!((account.cash, account.holdings.len()), (Won::new(5_000_000), 1));
    let held = &account.holdings[0];
    assert_eq!((held.qty.get(), held.sellable.get(), held.cost), (12, 10, Won::new(862_800)));
}

#[tokio::test]
async fn an_account_without_its_cash_is_an_error_and_not_zero() {
    let body = r#"{"rt_cd":"0","msg_cd":"KIOK0510","msg1":"","output1":[],"output2":[{"dnca_tot_amt":"1"}]}"#;
    let stub = Stub::start(move |_, _| Reply::ok(body)).await;
    let account = Client::of(&stub.url).kis.balance().await;
    assert!(matches!(account, Err(KisError::Decode { .. })), "{account:?}");
}

#[tokio::test]
async fn reads_are_repeated_within_their_budget_only() {
    let stub = Stub::start(|_, nth| if nth < 3 { Reply::failed("EGW00201") } else { page(&[], "", false) }).await;
    Client::of(&stub.url).kis.daily_orders(today(), OrderFilter::default()).await.unwrap();
    assert_eq!(stub.seen("/inquire-daily-ccld").len(), 4);
    let stub = Stub::start(|_, _| Reply::Json(502, "", "<html>".to_owned())).await;
    let failed = Client::of(&stub.url).kis.daily_orders(today(), OrderFilter::default()).await;
    assert!(matches!(failed, Err(KisError::Retry { .. })), "{failed:?}");
    assert_eq!(stub.seen("/inquire-daily-ccld").len(), 3);
}

#[tokio::test]
async fn daily_bars_walk_back_and_leave_days_without_trading_out() {
    let stub = Stub::start(|request, _| {
        let to: u32 = request.query["FID_INPUT_DATE_2"].parse().unwrap();
        let from: u32 = request.query["FID_INPUT_DATE_1"].parse().unwrap();
        let days =
            (from..=to).rev().filter(|day| (1..=28).contains(&(day % 100)) && (1..=12).contains(&(day / 100 % 100)));
        let bar = |day: u32| {
            let volume = if day % 100 == 2 { 0 } else { 10 };
            let prices = r#""stck_oprc":"100","stck_hgpr":"110","stck_lwpr":"90","stck_clpr":"105""#;
            format!(r#"{{"stck_bsop_date":"{day}",{prices},"acml_vol":"{volume}"}}"#)
        };
        let bars: Vec<String> = days.take(100).map(bar).collect();
        Reply::ok(format!(
            r#"{{"rt_cd":"0","msg_cd":"MCA00000","msg1":"","output1":{{}},"output2":[{},{{}}]}}"#,
            bars.join(",")
        ))
    })
    .await;
    let days = Days { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() };
    let bars = Client::of(&stub.url).kis.daily_bars("005930".parse().unwrap(), days, BarPrices::Raw).await.unwrap();
    assert_eq!(bars.len(), 12 * 27);
    assert!(bars.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(stub.seen("/inquire-daily-itemchartprice").len(), 4);
    assert_eq!(stub.seen("/inquire-daily-itemchartprice")[0].query["FID_ORG_ADJ_PRC"], "1");
}

/// One-minute rows that end at the asked time, newest first, none before nine.
fn minutes(request: &Request, rows: u32) -> Reply {
    let hour: u32 = request.query["FID_INPUT_HOUR_1"].parse().unwrap();
    let last = hour / 10_000 * 60 + hour / 100 % 100;
    let day = request.query.get("FID_INPUT_DATE_1").map_or("20261120", String::as_str);
    let row = |minute: u32| {
        let volume = if minute == 545 { 0 } else { 10 };
        let prices = r#""stck_oprc":"100","stck_hgpr":"110","stck_lwpr":"90","stck_prpr":"105""#;
        let hour = format!("{:02}{:02}00", minute / 60, minute % 60);
        format!(r#"{{"stck_bsop_date":"{day}","stck_cntg_hour":"{hour}",{prices},"cntg_vol":"{volume}"}}"#)
    };
    let bars: Vec<String> = (540..=last.min(930)).rev().take(rows as usize).map(row).collect();
    let head = r#"{"rt_cd":"0","msg_cd":"MCA00000","msg1":"","output1":{},"output2":["#;
    Reply::ok(format!("{head}{}]}}", bars.join(",")))
}

#[tokio::test]
async fn minute_bars_walk_back_to_the_opening_and_never_hold_the_minute_that_forms() {
    let stub = Stub::start(|request, _| minutes(request, 30)).await;
    let wanted = Minutes { day: today(), from_s: 9 * 3600, to_s: 15 * 3600 + 1800 };
    // The client's clock shows 09:30: that minute has only begun.
    let bars = Client::of(&stub.url).kis.minute_bars("005930".parse().unwrap(), wanted).await.unwrap();
    let starts: Vec<i64> = bars.iter().map(|(start, _)| start.kst_second() / 60).collect();
    let expected: Vec<i64> = (540..570).filter(|minute| *minute != 545).collect();
    assert_eq!(starts, expected);
    let asked = stub.seen("/inquire-time-itemchartprice");
    let hours: Vec<&str> = asked.iter().map(|r| r.query["FID_INPUT_HOUR_1"].as_str()).collect();
    assert_eq!(hours, ["093000", "090000"]);
}

#[tokio::test]
async fn minutes_of_a_past_day_are_asked_by_a_call_of_their_own_which_mock_lacks() {
    let stub = Stub::start(|request, _| minutes(request, 120)).await;
    let wanted = Minutes { day: today().plus_days(-1), from_s: 9 * 3600, to_s: 15 * 3600 + 1800 };
    let bars = Client::of_real(&stub.url).kis.minute_bars("005930".parse().unwrap(), wanted).await.unwrap();
    assert_eq!(bars.len(), 390);
    assert!(bars.iter().all(|(start, _)| start.kst_day() == wanted.day));
    let asked = stub.seen("/inquire-time-dailychartprice");
    let hours: Vec<&str> = asked.iter().map(|r| r.query["FID_INPUT_HOUR_1"].as_str()).collect();
    assert_eq!(hours, ["153000", "133000", "113000", "093000"]);
    assert!(asked.iter().all(|r| r.query["FID_INPUT_DATE_1"] == "20261119"));
    let refused = Client::of(&stub.url).kis.minute_bars("005930".parse().unwrap(), wanted).await;
    assert!(matches!(refused, Err(KisError::Config { .. })), "{refused:?}");
    assert_eq!(stub.seen("/inquire-time-dailychartprice").len(), 4, "mock sent nothing");
}
