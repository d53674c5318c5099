//! Tick sizes and moves on the grid (`krx-rules` §1).

use fsts_domain::Market;
use fsts_krx::{FeeSchedule, PriceBand, RuleBook};
use proptest::prelude::*;

use crate::{MARKETS, day, krx_on, reference, won};

/// The last day of the old tables and the first of the new, for shares and for ETF and ETN.
fn eras(market: Market) -> [(&'static str, bool); 2] {
    match market {
        Market::Etf | Market::Etn => [("2023-12-15", false), ("2023-12-18", true)],
        Market::Kospi | Market::Kosdaq | Market::Konex | Market::Elw => [("2023-01-24", false), ("2023-01-25", true)],
    }
}

#[test]
fn the_tick_of_every_price_is_the_one_of_the_written_table() {
    for market in MARKETS {
        for (text, new) in eras(market) {
            let rules = krx_on(text);
            for price in (1..600_000).chain([999_999, 1_000_000, 5_000_000_000]) {
                assert_eq!(rules.tick(market, won(price)), reference::tick(market, price, new), "{market:?} {price}");
            }
        }
    }
}

#[test]
fn a_band_begins_with_its_lower_bound() {
    let rules = krx_on("2026-11-20");
    let edges = [(1_999, 1), (2_000, 5), (4_999, 5), (5_000, 10), (19_990, 10), (20_000, 50), (50_000, 100)];
    for (price, tick) in edges.into_iter().chain([(199_900, 100), (200_000, 500), (499_500, 500), (500_000, 1_000)]) {
        assert_eq!(rules.tick(Market::Kosdaq, won(price)), tick, "{price}");
    }
}

#[test]
fn a_price_of_the_old_grid_can_be_off_the_new_one() {
    // Two KOSDAQ base prices were, on the day of the change.
    assert!(krx_on("2023-01-24").limit_price(Market::Kosdaq, won(214_900), None).is_ok());
    let rules = krx_on("2023-01-25");
    assert!(rules.limit_price(Market::Kosdaq, won(214_900), None).is_err());
    assert_eq!(rules.round_up(Market::Kosdaq, won(214_900)), won(215_000));
}

#[test]
fn ex_rights_base_prices_are_rounded_up_to_the_grid() {
    for (text, computed, published) in [("2021-02-01", 24_475, 24_500), ("2024-05-02", 12_025, 12_030)] {
        assert_eq!(krx_on(text).round_up(Market::Kospi, won(computed)), won(published));
    }
}

#[test]
fn rounding_down_never_leaves_the_grid_at_its_lower_end() {
    // The ETF grid of 2022 begins at 5 won.
    assert_eq!(krx_on("2022-05-02").round_down(Market::Etf, won(3)), won(5));
    assert_eq!(krx_on("2026-05-06").round_down(Market::Etf, won(3)), won(3));
    assert_eq!(krx_on("2026-05-06").ticks_away(Market::Kospi, won(3), -9, None).get(), won(1));
}

#[test]
fn moving_by_ticks_changes_the_step_where_the_band_changes() {
    let rules = krx_on("2026-11-20");
    let moves = [
        (19_990, 2, 20_050),
        (20_050, -2, 19_990),
        (20_000, -1, 19_990),
        (20_000, 1, 20_050),
        (1_999, 1, 2_000),
        (2_000, -1, 1_999),
        (499_500, 3, 502_000),
        // Off the grid: first rounded in the direction of the move.
        (4_557, 1, 4_565),
        (4_557, -1, 4_550),
        (4_557, 0, 4_555),
    ];
    for (from, n, to) in moves {
        assert_eq!(rules.ticks_away(Market::Kospi, won(from), n, None).get(), won(to), "{from} by {n}");
    }
}

#[test]
fn moving_by_ticks_stops_at_the_limits() {
    let rules = krx_on("2026-11-20");
    let band = rules.band(Market::Kospi, won(71_000));
    let at = |n| rules.ticks_away(Market::Kospi, won(71_000), n, band).get();
    let PriceBand { lower, upper } = band.unwrap();
    assert_eq!((at(1_000), at(-1_000), at(i32::MAX), at(i32::MIN)), (upper, lower, upper, lower));
    // A band whose limits are off the grid is read inwards, so the result is on the grid still.
    let odd = Some(PriceBand { lower: won(70_950), upper: won(71_050) });
    assert_eq!(rules.ticks_away(Market::Kospi, won(71_000), 9, odd).get(), won(71_000));
}

#[test]
fn the_bench_profile_rounds_by_the_ticks_of_2023_on_any_day() {
    let rules = RuleBook::ideal_won().on(day("2001-03-05"));
    assert_eq!(rules.round_down(Market::Kospi, won(15_025)), won(15_020));
    // The ideal profile dates its ticks: 50 won at that price in 2012.
    let ideal = RuleBook::ideal(FeeSchedule::NONE).on(day("2012-03-05"));
    assert_eq!(ideal.round_down(Market::Kospi, won(15_025)), won(15_000));
}

fn a_market() -> impl Strategy<Value = Market> {
    prop::sample::select(MARKETS.to_vec())
}

/// Small prices as often as large ones, and the bounds of bands more often than chance would have it.
fn a_price() -> impl Strategy<Value = i64> {
    let bounds = [1, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000];
    let near = (prop::sample::select(bounds.to_vec()), -1_100..1_100i64).prop_map(|(bound, by)| (bound + by).max(1));
    prop_oneof![1..6_000i64, 1..60_000i64, 1..1_200_000i64, near]
}

proptest! {
    #[test]
    fn rounding_gives_the_nearest_grid_prices(market in a_market(), price in a_price(), era in 0..2usize) {
        let (text, new) = eras(market)[era];
        let rules = krx_on(text);
        let lowest = reference::tick(market, 1, new);
        let below = reference::below(market, price, new).unwrap_or(lowest);
        prop_assert_eq!(rules.round_down(market, won(price)).get(), below);
        prop_assert_eq!(rules.round_up(market, won(price)).get(), reference::above(market, price, new));
        prop_assert_eq!(rules.limit_price(market, won(price), None).is_ok(), reference::on_grid(market, price, new));
    }

    #[test]
    fn n_ticks_are_n_single_grid_prices(market in a_market(), price in a_price(), n in -60..60i32, era in 0..2usize) {
        let (text, new) = eras(market)[era];
        let lowest = reference::tick(market, 1, new);
        let mut expected = if n > 0 {
            reference::above(market, price, new)
        } else {
            reference::below(market, price, new).unwrap_or(lowest)
        };
        for _ in 0..n.abs() {
            expected = if n > 0 {
                reference::above(market, expected + 1, new)
            } else {
                reference::below(market, expected - 1, new).unwrap_or(lowest)
            };
        }
        prop_assert_eq!(krx_on(text).ticks_away(market, won(price), n, None).get().get(), expected);
    }
}
