//! Open and closed days (`krx-rules` §8 and §11).

use fsts_domain::{Timestamp, TradingDay};
use fsts_krx::{ClosedReason, DayKind, SessionCalendar};
use proptest::prelude::*;

use crate::day;

fn weekday_closures(year: i32) -> Vec<String> {
    let calendar = SessionCalendar::krx();
    let first = TradingDay::from_ymd(year, 1, 1).unwrap();
    let days = (0..366).map(|n| first.plus_days(n)).filter(|day| day.ymd().0 == year && day.weekday() < 5);
    days.filter(|day| !calendar.is_open(*day)).map(|day| day.to_string()[5..].to_owned()).collect()
}

#[test]
fn the_year_2026_has_the_seventeen_closures_of_the_exchanges_list() {
    let listed =
        "01-01 02-16 02-17 02-18 03-02 05-01 05-05 05-25 06-03 07-17 08-17 09-24 09-25 10-05 10-09 12-25 12-31";
    assert_eq!(weekday_closures(2026).join(" "), listed);
}

#[test]
fn closures_that_nobody_could_compute_are_known() {
    let ad_hoc = [
        "2002-07-01",
        "2015-08-14",
        "2016-05-06",
        "2017-05-09",
        "2017-10-02",
        "2020-08-17",
        "2023-10-02",
        "2024-10-01",
        "2025-01-27",
        "2025-06-03",
        "2026-06-03",
    ];
    for text in ad_hoc {
        let closed = DayKind::Closed { reason: ClosedReason::Holiday };
        assert_eq!(SessionCalendar::krx().day_kind(day(text)), closed, "{text}");
    }
}

#[test]
fn substitutes_follow_the_law_of_their_holiday() {
    let calendar = SessionCalendar::krx();
    // Chuseok has none for a Saturday; Constitution Day is back from 2026, with one.
    for (text, open) in [("2026-09-28", true), ("2026-07-17", false), ("2027-07-19", false), ("2025-07-17", true)] {
        assert_eq!(calendar.is_open(day(text)), open, "{text}");
    }
}

#[test]
fn the_last_weekday_of_every_year_is_closed() {
    for year in 2001..=2027 {
        let last_days = (25..=31).rev().filter_map(|d| TradingDay::from_ymd(year, 12, d));
        let last = last_days.into_iter().find(|day| day.weekday() < 5).unwrap();
        let kind = SessionCalendar::krx().day_kind(last);
        assert_eq!(kind, DayKind::Closed { reason: ClosedReason::YearEnd }, "{last}");
    }
}

#[test]
fn a_year_has_a_plausible_number_of_sessions() {
    for year in 2000..=2027 {
        let closures = weekday_closures(year).len();
        assert!((8..=19).contains(&closures), "{year}: {closures}");
    }
}

#[test]
fn weekends_are_closed_and_days_beyond_the_table_are_unknown() {
    let calendar = SessionCalendar::krx();
    assert_eq!(calendar.day_kind(day("2026-11-22")), DayKind::Closed { reason: ClosedReason::Weekend });
    for text in ["1999-12-30", "2028-01-03"] {
        assert_eq!(calendar.day_kind(day(text)), DayKind::Unknown, "{text}");
        assert!(!calendar.is_open(day(text)));
    }
    assert_eq!(calendar.verified_until(), Some(day("2026-12-31")));
}

#[test]
fn trades_settle_two_sessions_later() {
    let calendar = SessionCalendar::krx();
    let settled = [
        ("2025-10-02", Some("2025-10-13")),
        ("2026-11-20", Some("2026-11-24")),
        ("2026-12-29", Some("2027-01-04")),
        ("2027-12-30", None),
    ];
    for (trade, settles) in settled {
        assert_eq!(calendar.settlement_day(day(trade)), settles.map(day), "{trade}");
    }
}

#[test]
fn late_days_are_those_of_the_rule_book() {
    let late = |open_h: i64, close_h: i64| DayKind::Open { shift_open_s: open_h * 3600, shift_close_s: close_h * 3600 };
    let kinds = [
        ("2017-11-16", late(1, 1)),
        ("2017-11-23", late(1, 1)),
        ("2020-12-03", late(1, 1)),
        ("2026-11-19", late(1, 1)),
        ("2001-09-12", late(3, 0)),
        ("2001-01-02", late(1, 0)),
        ("2023-01-02", late(1, 0)),
        ("2023-01-03", late(0, 0)),
        ("2000-01-04", late(0, 0)),
        ("2026-11-20", late(0, 0)),
    ];
    for (text, kind) in kinds {
        assert_eq!(SessionCalendar::krx().day_kind(day(text)), kind, "{text}");
    }
}

#[test]
fn exactly_one_session_of_a_year_is_its_first() {
    for year in 2001..=2027 {
        let first = TradingDay::from_ymd(year, 1, 1).unwrap();
        let opens_late = DayKind::Open { shift_open_s: 3600, shift_close_s: 0 };
        let late = (0..366).map(|n| first.plus_days(n)).filter(|day| day.ymd().0 == year);
        assert_eq!(late.filter(|day| SessionCalendar::krx().day_kind(*day) == opens_late).count(), 1, "{year}");
    }
}

#[test]
fn the_always_open_calendar_knows_no_closures() {
    let calendar = SessionCalendar::always_open();
    let sunday = day("2026-11-22");
    assert!(calendar.is_open(sunday));
    assert_eq!(calendar.next_open_day(sunday), Some(day("2026-11-23")));
    assert_eq!(calendar.settlement_day(sunday), Some(day("2026-11-24")));
    assert_eq!(calendar.regular_open(sunday), Some(Timestamp::from_kst(sunday, 0)));
    assert_eq!(calendar.regular_close(sunday), Some(Timestamp::from_kst(day("2026-11-23"), 0)));
}

proptest! {
    #[test]
    fn next_and_previous_open_day_are_each_others_way_back(offset in 30..10_000i32) {
        let calendar = SessionCalendar::krx();
        let from = day("2000-01-01").plus_days(offset);
        let next = calendar.next_open_day(from).unwrap();
        let previous = calendar.previous_open_day(next).unwrap();
        prop_assert!(calendar.is_open(next) && calendar.is_open(previous));
        prop_assert!(previous <= from && from < next);
        prop_assert!((1..next.epoch_days() - previous.epoch_days()).all(|n| !calendar.is_open(previous.plus_days(n))));
    }
}
