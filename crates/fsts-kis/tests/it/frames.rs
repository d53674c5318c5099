//! Frames as the broker sends them, and frames as nobody should.

use proptest::prelude::*;

use fsts_domain::{NS_PER_S, Price, Qty, Side, Timestamp, TradingDay};
use fsts_engine::NoticeKind;
use fsts_kis::decode::{
    Frame, FrameError, MarketClass, NoticeRecord, SessionKey, TradeRecord, each_book, each_notice, each_trade,
};
use fsts_kis::wire::stream::trade;

/// A trade record of `width` cells with the given price.
fn trade_cells(width: usize, price: &str) -> String {
    let mut cells = vec!["0"; width];
    cells[trade::MKSC_SHRN_ISCD] = "005930";
    cells[trade::STCK_CNTG_HOUR] = "093354";
    cells[trade::STCK_PRPR] = price;
    cells[trade::ASKP1] = "71900";
    cells[trade::BIDP1] = "";
    cells[trade::CNTG_VOL] = "7";
    cells[trade::ACML_VOL] = "3052507";
    cells[trade::BSOP_DATE] = "20261120";
    if let Some(class) = cells.get_mut(trade::MARKET_CLS_CODE) {
        *class = "3";
    }
    cells.join("^")
}

fn trades(text: &str) -> Result<Vec<TradeRecord>, FrameError> {
    let mut records = Vec::new();
    each_trade(&Frame::split(text)?, |record| records.push(record))?;
    Ok(records)
}

#[test]
fn trades_of_every_known_width_and_wider_are_read_the_same() {
    for (width, class) in [(46, MarketClass::Unknown), (47, MarketClass::After), (50, MarketClass::After)] {
        let (first, second) = (trade_cells(width, "71900"), trade_cells(width, "71800"));
        let records = trades(&format!("0|H0STCNT0|002|{first}^{second}")).unwrap();
        let prices: Vec<i64> = records.iter().map(|r| r.price.get()).collect();
        assert_eq!(prices, [71_900, 71_800], "{width}");
        let day: TradingDay = "2026-11-20".parse().unwrap();
        assert_eq!(records[0].at, Timestamp::from_kst(day, 9 * 3600 + 33 * 60 + 54));
        assert_eq!((records[0].qty.get(), records[0].cum_volume), (7, 3_052_507));
        assert_eq!((records[0].ask1.map(|p| p.get()), records[0].bid1), (Some(71_900), None));
        assert_eq!((records[0].market_class, records[0].continuous), (class, true));
    }
}

#[test]
fn a_frame_that_claims_more_records_than_it_holds_is_refused() {
    let one_and_a_half = format!("{}^{}", trade_cells(46, "71900"), vec!["0"; 24].join("^"));
    let refused = trades(&format!("0|H0STCNT0|004|{one_and_a_half}"));
    assert_eq!(refused, Err(FrameError::Uneven { cells: 70, count: 4 }));
    assert_eq!(trades(&format!("0|H0STCNT0|002|{one_and_a_half}")), Err(FrameError::TooNarrow { width: 35, min: 46 }));
}

#[test]
fn a_bad_record_refuses_the_whole_frame() {
    let text = format!("0|H0STCNT0|002|{}^{}", trade_cells(47, "71900"), trade_cells(47, "0"));
    let mut seen = 0;
    let refused = each_trade(&Frame::split(&text).unwrap(), |_| seen += 1);
    assert_eq!((refused, seen), (Err(FrameError::Cell { cell: trade::STCK_PRPR, record: 1 }), 0));
}

#[test]
fn frames_that_are_none_are_refused() {
    for text in ["", "0|H0STCNT0", "2|H0STCNT0|001|x", "0|H0STCNT0|000|x", "0||001|x", "0|H0STCNT0|-01|x", "{}"] {
        assert_eq!(Frame::split(text).err(), Some(FrameError::NotAFrame), "{text}");
    }
}

/// A notice in the old (23) or new (26) width; the cells that are read are equal in both.
fn notice_cells(width: usize, event: &str, accepted: &str, correction: &str) -> String {
    let mut cells = vec![""; width];
    let head =
        ["someone", "1234567801", "0000002891", "0000002890", "02", correction, "00", "0", "005930", "0000000003"];
    cells[..10].copy_from_slice(&head);
    cells[10..17].copy_from_slice(&["000071900", "094941", "0", event, accepted, "06010", "000000010"]);
    cells.join("^")
}

fn notice(cells: &str) -> NoticeRecord {
    let mut records = Vec::new();
    let frame = Frame { encrypted: false, tr_id: "H0STCNI0", count: 1, payload: cells };
    each_notice(&frame, |record| records.push(record)).unwrap();
    records.pop().unwrap()
}

#[test]
fn a_notice_is_a_fill_by_its_event_cell_alone() {
    for width in [23, 26, 28] {
        let filled = notice(&notice_cells(width, "2", "2", "0")).notice;
        let (qty, price) = (Qty::new(3).unwrap(), Price::new(71_900).unwrap());
        assert_eq!(filled.kind, NoticeKind::Filled { qty, price }, "{width}");
        assert_eq!((filled.side, filled.order_qty.get()), (Side::Buy, 10));
        assert_eq!(notice(&notice_cells(width, "1", "1", "0")).notice.kind, NoticeKind::Accepted);
    }
}

#[test]
fn a_cancel_counts_when_it_is_confirmed() {
    assert_eq!(notice(&notice_cells(26, "1", "1", "2")).notice.kind, NoticeKind::Accepted);
    let confirmed = notice(&notice_cells(26, "1", "2", "2"));
    assert_eq!(confirmed.notice.kind, NoticeKind::Cancelled);
    assert_eq!(confirmed.notice.original.map(|n| n.value()), Some(2890));
    assert_eq!(confirmed.account.reveal(), "1234567801");
}

#[test]
fn what_was_encrypted_is_decrypted_and_a_wrong_key_is_an_error() {
    let key = SessionKey::new("abcdefghijklmnopabcdefghijklmnop", "0123456789abcdef").unwrap();
    let cells = notice_cells(26, "2", "2", "0") + "김한투";
    assert_eq!(key.decrypt(&key.encrypt(&cells)).unwrap(), cells);
    let other = SessionKey::new("ponmlkjihgfedcbaponmlkjihgfedcba", "0123456789abcdef").unwrap();
    assert_eq!(other.decrypt(&key.encrypt(&cells)), Err(FrameError::Cipher));
    assert_eq!(key.decrypt("not base64"), Err(FrameError::Cipher));
    assert!(SessionKey::new("short", "0123456789abcdef").is_none());
}

proptest! {
    #[test]
    fn no_text_makes_the_decoder_panic(text in ".{0,400}", day in 0i32..30_000) {
        let _ = trades(&text);
        let frame = Frame { encrypted: false, tr_id: "x", count: 1, payload: &text };
        let _ = each_book(&frame, TradingDay::from_epoch_days(day), drop);
        let _ = each_notice(&frame, drop);
    }

    #[test]
    fn no_cells_make_the_decoder_panic(cells in proptest::collection::vec("[0-9^|가-힣-]{0,9}", 0..140), count in 0usize..5) {
        let payload = cells.join("^");
        let _ = trades(&format!("0|H0STCNT0|{count:03}|{payload}"));
        let frame = Frame { encrypted: false, tr_id: "x", count, payload: &payload };
        let _ = each_book(&frame, TradingDay::from_epoch_days(20_000), drop);
        let _ = each_notice(&frame, drop);
    }

    #[test]
    fn a_trade_survives_the_way_over_the_wire(price in 1i64..9_999_999, width in 46usize..60) {
        let records = trades(&format!("0|H0STCNT0|001|{}", trade_cells(width, &price.to_string()))).unwrap();
        prop_assert_eq!(records[0].price.get(), price);
        prop_assert_eq!(records[0].at.ns() % NS_PER_S, 0);
    }

    #[test]
    fn no_key_or_text_makes_the_cipher_panic(text in "[A-Za-z0-9+/=]{0,200}") {
        let key = SessionKey::new("abcdefghijklmnopabcdefghijklmnop", "0123456789abcdef").unwrap();
        let _ = key.decrypt(&text);
    }
}
