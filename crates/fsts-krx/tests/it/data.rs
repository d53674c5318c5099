//! The built-in closures against published day lists, where the test data is at hand.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

use fsts_domain::TradingDay;
use fsts_krx::SessionCalendar;

use crate::day;

/// The first column of a file of the test data; `None`, with a word on it, when there is no test data.
fn days_in(file: &str) -> Option<BTreeSet<TradingDay>> {
    let Some(folder) = std::env::var_os("FSTS_TEST_DATA") else {
        println!("skipped: FSTS_TEST_DATA not set");
        return None;
    };
    let bytes = std::fs::read(PathBuf::from(folder).join(file)).unwrap();
    let mut text = String::new();
    if file.ends_with(".gz") {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(text.lines().skip(1).map(|line| line.split(',').next().unwrap().trim().parse().unwrap()).collect())
}

fn differences(listed: &BTreeSet<TradingDay>, from: &str, until: &str) -> Vec<TradingDay> {
    let calendar = SessionCalendar::krx();
    let days = (day(from).epoch_days()..=day(until).epoch_days()).map(TradingDay::from_epoch_days);
    days.filter(|day| calendar.is_open(*day) != listed.contains(day)).collect()
}

#[test]
fn the_calendar_equals_the_published_trading_days_day_by_day() {
    let Some(listed) = days_in("calendar/krx_trading_days_2011_2026.csv") else {
        return;
    };
    assert_eq!(listed.len(), 3_840);
    assert_eq!(differences(&listed, "2011-01-03", "2026-08-14"), []);
}

#[test]
fn the_calendar_equals_the_days_on_which_the_indices_have_a_bar() {
    for file in ["index/KOSPI.csv.gz", "index/KOSDAQ.csv.gz"] {
        let Some(bars) = days_in(file) else { return };
        assert_eq!(differences(&bars, "2000-01-01", "2023-12-22"), [], "{file}");
    }
}
