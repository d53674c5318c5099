//! Commission and sales tax by trade date (`krx-rules` §7).

use fsts_domain::{Market, Rate, Won};
use fsts_krx::{Confidence, FeeSchedule, RuleBook, SessionCalendar};

use crate::{MARKETS, day, krx, krx_on};

/// One billion won: a hundredth of a percent of it is 100,000 won.
const BILLION: Won = Won::new(1_000_000_000);

/// First trade date, first settlement date, and the tax on KOSPI, KOSDAQ and KONEX in hundredths of a percent.
const ERAS: [(&str, &str, [i64; 3]); 6] = [
    ("2019-05-30", "2019-06-03", [25, 25, 10]),
    ("2020-12-29", "2021-01-04", [23, 23, 10]),
    ("2022-12-28", "2023-01-02", [20, 20, 10]),
    ("2023-12-27", "2024-01-02", [18, 18, 10]),
    ("2024-12-27", "2025-01-02", [15, 15, 10]),
    ("2025-12-29", "2026-01-02", [20, 20, 10]),
];
const SHARES: [Market; 3] = [Market::Kospi, Market::Kosdaq, Market::Konex];

fn tax_of(text: &str) -> [i64; 3] {
    SHARES.map(|market| krx_on(text).sell_tax(market, BILLION).get() / 100_000)
}

#[test]
fn every_tax_rate_holds_from_its_trade_date() {
    let mut before = [30, 30, 30];
    assert_eq!(tax_of("1999-01-04"), before);
    for (from, _, rates) in ERAS {
        let eve = day(from).plus_days(-1).to_string();
        assert_eq!((tax_of(&eve), tax_of(from)), (before, rates), "{from}");
        before = rates;
    }
    assert_eq!(tax_of("2026-11-20"), before);
}

#[test]
fn every_tax_change_starts_with_the_first_trade_that_settles_under_it() {
    let calendar = SessionCalendar::krx();
    for (from, settles, _) in ERAS {
        assert_eq!(calendar.settlement_day(day(from)), Some(day(settles)));
        let eve = calendar.previous_open_day(day(from)).unwrap();
        assert!(calendar.settlement_day(eve).unwrap() < day(settles), "{from}");
    }
}

#[test]
fn each_part_of_the_tax_is_cut_by_itself() {
    // 0.05 % is 617.28 and 0.15 % is 1,851.85; in one cut it would be 2,469.
    let amount = Won::new(1_234_567);
    assert_eq!(krx_on("2026-11-20").sell_tax(Market::Kospi, amount), Won::new(2_468));
    assert_eq!(krx_on("2026-11-20").sell_tax(Market::Kosdaq, amount), Won::new(2_469));
}

#[test]
fn funds_notes_and_warrants_pay_no_sales_tax() {
    for book in [krx(), RuleBook::ideal_won()] {
        for market in [Market::Etf, Market::Etn, Market::Elw] {
            assert_eq!(book.on(day("2026-11-20")).sell_tax(market, BILLION), Won::ZERO);
        }
    }
}

#[test]
fn commission_is_the_brokers_rate_cut_to_whole_won() {
    let rules = krx_on("2026-11-20");
    let amount = Won::new(1_000_000);
    assert_eq!(rules.commission(Market::Kospi, BILLION), Won::new(140_527));
    assert_eq!(rules.commission(Market::Etf, BILLION), Won::new(146_527));
    assert_eq!(rules.commission(Market::Kosdaq, amount), Won::new(140));
    for market in MARKETS {
        assert_eq!(RuleBook::krx(FeeSchedule::NONE).on(rules.day()).commission(market, BILLION), Won::ZERO);
    }
}

#[test]
fn an_account_may_have_rates_of_its_own() {
    let fees = FeeSchedule { shares: Rate::per_billion(36_396), etp: Rate::per_billion(42_087) };
    let text = serde_json::to_string(&fees).unwrap();
    assert_eq!(serde_json::from_str::<FeeSchedule>(&text).unwrap(), fees);
    assert_eq!(RuleBook::krx(fees).on(day("2026-11-20")).commission(Market::Kospi, BILLION), Won::new(36_396));
}

#[test]
fn the_bench_profile_cuts_fee_and_tax_once_on_any_day() {
    for text in ["2001-03-05", "2024-12-30"] {
        let rules = RuleBook::ideal_won().on(day(text));
        for amount in [1, 499, 500, 6_666, 6_667, 1_234_567, 987_654_321] {
            let won = Won::new(amount);
            assert_eq!(rules.commission(Market::Kospi, won).get(), amount * 15 / 100_000);
            assert_eq!(rules.sell_tax(Market::Kospi, won).get(), amount * 20 / 10_000);
        }
    }
}

#[test]
fn warrants_trade_in_tens_and_everything_else_by_one() {
    let rules = krx_on("2026-11-20");
    let lots = MARKETS.map(|market| rules.lot(market).get());
    assert_eq!(lots, [1, 1, 1, 1, 1, 10]);
}

#[test]
fn the_book_says_from_which_day_all_its_tables_have_rows() {
    assert_eq!(krx().earliest(), day("2016-08-01"));
    // Earlier days use the first rows instead of failing.
    assert_eq!(krx_on("2003-05-06").tick(Market::Kospi, crate::won(15_000)), 50);
}

#[test]
fn every_row_of_every_table_names_its_source_in_order_of_days() {
    let rows: Vec<_> = RuleBook::sources().collect();
    assert!(rows.iter().all(|row| !row.source.is_empty() && !row.table.is_empty()));
    assert!(rows.is_sorted_by(|a, b| a.table != b.table || a.from < b.from));
    // What is known least is marked so: the day on which the ETF tick changed.
    let weak: Vec<_> = rows.iter().filter(|row| row.confidence == Confidence::Low).map(|row| row.from).collect();
    assert_eq!(weak, [day("2023-12-18")]);
}
