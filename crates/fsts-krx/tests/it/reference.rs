//! The written rules in their slowest and plainest form.

use fsts_domain::Market;

/// `krx-rules` §1 read aloud; `new` is from 2023-01-25 for shares, from 2023-12-18 for ETF and ETN.
pub fn tick(market: Market, price: i64, new: bool) -> i64 {
    match (market, new) {
        (Market::Kospi | Market::Kosdaq | Market::Konex, true) => match price {
            ..2_000 => 1,
            2_000..5_000 => 5,
            5_000..20_000 => 10,
            20_000..50_000 => 50,
            50_000..200_000 => 100,
            200_000..500_000 => 500,
            500_000.. => 1_000,
        },
        (Market::Kospi, false) => match price {
            ..1_000 => 1,
            1_000..5_000 => 5,
            5_000..10_000 => 10,
            10_000..50_000 => 50,
            50_000..100_000 => 100,
            100_000..500_000 => 500,
            500_000.. => 1_000,
        },
        (Market::Kosdaq | Market::Konex, false) => match price {
            ..1_000 => 1,
            1_000..5_000 => 5,
            5_000..10_000 => 10,
            10_000..50_000 => 50,
            50_000.. => 100,
        },
        (Market::Etf | Market::Etn, true) if price < 2_000 => 1,
        (Market::Etf | Market::Etn | Market::Elw, _) => 5,
    }
}

pub fn on_grid(market: Market, price: i64, new: bool) -> bool {
    price % tick(market, price, new) == 0
}

/// The nearest grid price at or below, found won by won.
pub fn below(market: Market, price: i64, new: bool) -> Option<i64> {
    (1..=price).rev().find(|p| on_grid(market, *p, new))
}

/// The nearest grid price at or above, found won by won.
pub fn above(market: Market, price: i64, new: bool) -> i64 {
    (price..).find(|p| on_grid(market, *p, new)).unwrap()
}

/// `krx-rules` §2.2: lower and upper limit.
pub fn limits(market: Market, base: i64, percent: i64, new: bool) -> (i64, i64) {
    let tick = tick(market, base, new);
    let width = (0..).map(|n| n * tick).take_while(|width| width * 100 <= base * percent).last().unwrap();
    let upper = below(market, base + width, new);
    (above(market, base - width, new), upper.unwrap_or(tick))
}
