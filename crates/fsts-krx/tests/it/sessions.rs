//! Parts of the day (`krx-rules` §3).

use fsts_domain::{OrderKind, Timestamp};
use fsts_krx::{FeeSchedule, RuleBook, SessionCalendar, SessionPart};

use crate::{day, krx, won};
use SessionPart::{AfterMarket, AlwaysOpen, Closed, ClosingAuction, Continuous, OpeningAuction, PostClose, PreOpen};

fn second(clock: &str) -> i64 {
    let (hour, minute) = clock.split_once(':').unwrap();
    hour.parse::<i64>().unwrap() * 3600 + minute.parse::<i64>().unwrap() * 60
}

/// The changes of a day as (clock, part), found second by second.
fn changes(text: &str) -> Vec<(i64, SessionPart)> {
    let rules = krx().on(day(text));
    let mut now = Closed;
    let mut found = Vec::new();
    for second in 0..86_400 {
        let part = rules.part_at(second);
        if part != now {
            found.push((second, part));
            now = part;
        }
    }
    found
}

fn written(list: &[(&str, SessionPart)]) -> Vec<(i64, SessionPart)> {
    list.iter().map(|(clock, part)| (second(clock), *part)).collect()
}

#[test]
fn the_parts_of_a_day_are_those_of_its_era() {
    let before_2019 = [
        ("07:30", PreOpen),
        ("08:00", OpeningAuction),
        ("09:00", Continuous),
        ("15:20", ClosingAuction),
        ("15:30", Closed),
        ("15:40", PostClose),
        ("16:00", Closed),
    ];
    let from_2019 = [
        ("08:30", OpeningAuction),
        ("09:00", Continuous),
        ("15:20", ClosingAuction),
        ("15:30", Closed),
        ("15:40", PostClose),
        ("16:00", Closed),
    ];
    let from_2026 = [
        ("08:20", OpeningAuction),
        ("09:00", Continuous),
        ("15:20", ClosingAuction),
        ("15:30", Closed),
        ("15:40", PostClose),
        ("16:00", AfterMarket),
        ("20:00", Closed),
    ];
    for text in ["2016-08-01", "2019-04-26"] {
        assert_eq!(changes(text), written(&before_2019), "{text}");
    }
    for text in ["2019-04-29", "2023-01-25", "2026-09-11"] {
        assert_eq!(changes(text), written(&from_2019), "{text}");
    }
    for text in ["2026-09-14", "2026-11-20"] {
        assert_eq!(changes(text), written(&from_2026), "{text}");
    }
}

#[test]
fn on_an_exam_day_everything_is_an_hour_late() {
    let late = [
        ("09:30", OpeningAuction),
        ("10:00", Continuous),
        ("16:20", ClosingAuction),
        ("16:30", Closed),
        ("16:40", PostClose),
        ("17:00", Closed),
    ];
    for text in ["2023-11-16", "2024-11-14", "2025-11-13"] {
        assert_eq!(changes(text), written(&late), "{text}");
    }
    assert_eq!(changes("2026-11-19").first(), Some(&(second("09:20"), OpeningAuction)));
    assert_eq!(changes("2026-11-19").last(), Some(&(second("20:00"), Closed)));
}

#[test]
fn the_first_session_of_a_year_opens_late_and_closes_on_time() {
    for text in ["2023-01-02", "2024-01-02", "2025-01-02", "2026-01-02"] {
        let calendar = SessionCalendar::krx();
        assert_eq!(calendar.regular_open(day(text)).unwrap().kst_second(), second("10:00"), "{text}");
        assert_eq!(calendar.regular_close(day(text)).unwrap().kst_second(), second("15:30"), "{text}");
        assert_eq!(changes(text)[1], (second("10:00"), Continuous));
    }
    assert_eq!(changes("2026-01-05")[1], (second("09:00"), Continuous));
}

#[test]
fn a_closed_day_has_no_parts() {
    for text in ["2026-11-21", "2026-06-03", "2026-07-17", "2026-12-31", "2031-05-06"] {
        assert!(changes(text).is_empty(), "{text}");
    }
}

#[test]
fn calendar_and_rules_of_the_day_name_the_same_part() {
    let (book, calendar) = (krx(), SessionCalendar::krx());
    for text in ["2018-11-15", "2026-01-02", "2026-11-19", "2026-11-20", "2026-11-22"] {
        for second in (0..86_400).step_by(300) {
            let at = Timestamp::from_kst(day(text), second);
            let part = calendar.part_at(at);
            assert_eq!((part, book.part_at(at)), (book.on(day(text)).part_at(second), part), "{at}");
        }
    }
}

#[test]
fn the_next_change_is_the_first_second_of_another_part() {
    // From Friday noon over the weekend, an exam day and a year's end; the wait is walked minute by minute.
    let calendar = SessionCalendar::krx();
    for (from, until) in [("2025-11-07", "2025-11-15"), ("2025-12-29", "2026-01-06"), ("2026-09-11", "2026-09-16")] {
        let (mut at, end) = (Timestamp::from_kst(day(from), 0), Timestamp::from_kst(day(until), 0));
        while at < end {
            let next = calendar.next_change(at).unwrap();
            let mut walked = at.plus_s(60);
            while calendar.part_at(walked) == calendar.part_at(at) {
                walked = walked.plus_s(60);
            }
            assert_eq!(next, walked, "after {at}");
            at = next;
        }
    }
}

#[test]
fn a_change_is_strictly_after_the_instant_asked() {
    let calendar = SessionCalendar::krx();
    let open = Timestamp::from_kst(day("2026-11-20"), second("09:00"));
    assert_eq!(calendar.next_change(open.plus_ns(-1)), Some(open));
    assert_eq!(calendar.next_change(open), Some(Timestamp::from_kst(day("2026-11-20"), second("15:20"))));
    // Beyond the years the calendar knows, nothing is known to change.
    assert_eq!(calendar.next_change(Timestamp::from_kst(day("2031-01-02"), 0)), None);
}

#[test]
fn ordinary_orders_are_taken_in_auctions_and_continuous_trading_only() {
    let rules = krx().on(day("2026-11-20"));
    for kind in [OrderKind::Market, OrderKind::Limit(won(71_000))] {
        for part in [OpeningAuction, Continuous, ClosingAuction, AlwaysOpen] {
            assert!(rules.accepts(part, kind) && part.is_regular(), "{part:?}");
        }
        for part in [Closed, PreOpen, PostClose, AfterMarket] {
            assert!(!rules.accepts(part, kind) && !part.is_regular(), "{part:?}");
        }
    }
}

#[test]
fn without_session_times_it_is_always_open() {
    let books = [
        krx().with_calendar(SessionCalendar::always_open()),
        RuleBook::ideal(FeeSchedule::NONE),
        RuleBook::ideal(FeeSchedule::NONE).with_calendar(SessionCalendar::krx()),
        RuleBook::ideal_won(),
    ];
    for book in books {
        let sunday = Timestamp::from_kst(day("2026-11-22"), 3 * 3600);
        assert_eq!(book.on(day("2026-11-22")).part_at(3 * 3600), AlwaysOpen);
        assert_eq!((book.part_at(sunday), book.next_change(sunday)), (AlwaysOpen, None));
    }
}

#[test]
fn parts_are_written_in_snake_case() {
    for (part, text) in [(OpeningAuction, "\"opening_auction\""), (PreOpen, "\"pre_open\""), (Closed, "\"closed\"")] {
        assert_eq!(serde_json::to_string(&part).unwrap(), text);
        assert_eq!(serde_json::from_str::<SessionPart>(text).unwrap(), part);
    }
}
