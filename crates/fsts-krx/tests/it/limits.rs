//! Daily price limits (`krx-rules` §2) and the proof that a price obeys them.

use fsts_domain::Market;
use fsts_krx::{FeeSchedule, PriceError, RuleBook};
use proptest::prelude::*;

use crate::{MARKETS, day, krx_on, limits, reference, won};

#[test]
fn the_worked_examples_of_the_rule_book_come_out_to_the_won() {
    let examples = [
        // A broker's published example: 2,925 is cut to 2,920, and 12,670 to 12,650.
        ("2022-06-02", Market::Kospi, 9_750, (6_830, 12_650)),
        // Cut at the tick of the base: rounding 70 % up at the tick of the result would give 15,120 and 1,663.
        ("2024-06-03", Market::Kospi, 21_600, (15_150, 28_050)),
        ("2024-06-03", Market::Kosdaq, 2_375, (1_665, 3_085)),
        // Products that are exact lose a tick in floating point.
        ("2024-06-03", Market::Kospi, 100_000, (70_000, 130_000)),
        ("2024-06-03", Market::Kospi, 1_000, (700, 1_300)),
        // KONEX kept 15 %.
        ("2024-06-03", Market::Konex, 10_000, (8_500, 11_500)),
        // Too small to move at all.
        ("2024-06-03", Market::Kospi, 3, (3, 3)),
        ("2024-06-03", Market::Kospi, 4, (3, 5)),
    ];
    for (text, market, base, expected) in examples {
        let band = krx_on(text).band(market, won(base));
        assert_eq!(band.map(limits), Some(expected), "{text} {market:?} {base}");
    }
}

#[test]
fn a_base_price_off_the_grid_gives_limits_on_it() {
    // 2023-01-25: 30 % is 64,470, cut to 64,000 at the tick of 500; 278,900 is cut to 278,500.
    let band = krx_on("2023-01-25").band(Market::Kosdaq, won(214_900));
    assert_eq!(band.map(limits), Some((150_900, 278_500)));
}

#[test]
fn warrants_and_the_ideal_profile_have_no_limits() {
    assert_eq!(krx_on("2026-11-20").band(Market::Elw, won(1_000)), None);
    for market in MARKETS {
        assert_eq!(RuleBook::ideal(FeeSchedule::NONE).on(day("2026-11-20")).band(market, won(1_000)), None);
    }
}

#[test]
fn a_double_leveraged_fund_may_move_twice_as_far() {
    let rules = krx_on("2026-11-20");
    assert_eq!(rules.leveraged_band(Market::Etf, won(10_000), 2).map(limits), Some((4_000, 16_000)));
    assert_eq!(rules.band(Market::Etf, won(10_000)).map(limits), Some((7_000, 13_000)));
}

#[test]
fn price_between_two_ticks_is_refused_with_both_neighbours() {
    let refused = krx_on("2026-11-20").limit_price(Market::Kospi, won(4_557), None).unwrap_err();
    assert_eq!(refused, PriceError::OffTick { price: won(4_557), below: won(4_555), above: won(4_560) });
    assert_eq!(refused.to_string(), "price 4557 is off the tick grid; the nearest prices are 4555 and 4560");
}

#[test]
fn both_limits_are_prices_and_the_next_ticks_are_not() {
    let rules = krx_on("2026-11-20");
    let band = rules.band(Market::Kospi, won(71_000));
    let (lower, upper) = band.map(limits).unwrap();
    assert_eq!((lower, upper), (49_700, 92_300));
    for price in [lower, upper] {
        assert_eq!(rules.limit_price(Market::Kospi, won(price), band).map(|p| p.get()), Ok(won(price)));
    }
    for price in [lower - 50, upper + 100] {
        let expected = PriceError::OutOfBand { price: won(price), lower: won(lower), upper: won(upper) };
        assert_eq!(rules.limit_price(Market::Kospi, won(price), band), Err(expected));
    }
}

#[test]
fn the_ideal_profile_lets_any_price_pass() {
    let rules = RuleBook::ideal(FeeSchedule::NONE).on(day("2024-06-03"));
    let band = krx_on("2024-06-03").band(Market::Kospi, won(71_000));
    assert_eq!(rules.limit_price(Market::Kospi, won(123_457), band).map(|p| p.get()), Ok(won(123_457)));
}

proptest! {
    #[test]
    fn limits_equal_the_slow_reference(
        market in prop::sample::select(MARKETS.to_vec()),
        base in prop_oneof![1..6_000i64, 1..60_000i64, 1..600_000i64],
        new in any::<bool>(),
    ) {
        prop_assume!(market != Market::Elw);
        let rules = krx_on(if new { "2024-06-03" } else { "2022-06-02" });
        let percent = if market == Market::Konex { 15 } else { 30 };
        let expected = reference::limits(market, base, percent, new);
        let band = rules.band(market, won(base)).unwrap();
        prop_assert_eq!(limits(band), expected);
        for price in [band.lower, band.upper] {
            prop_assert!(rules.limit_price(market, price, Some(band)).is_ok());
        }
    }
}
