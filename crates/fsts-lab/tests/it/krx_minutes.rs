//! Minutes under exchange rules: a locked limit fills nobody, and no order outlives its closing auction.

use fsts_domain::{Bar, Market, Price, Symbol, Timestamp, TradingDay, Won};
use fsts_engine::{BarView, Decision, INDICATORS_MAX, Needs, OrderStyle, Strategy, Target};
use fsts_krx::{FeeSchedule, Instrument, RuleBook};
use fsts_lab::{Runner, Setup};
use fsts_lake::{DataSet, Interval, PriceKind, Row};

const AUCTION_MINUTE: i64 = 390;

/// Wants to be in from the first close on that is so high.
struct Buyer(i64);

impl Strategy for Buyer {
    fn needs(&self) -> Needs {
        Needs { interval: fsts_engine::Interval::Minute, warm_up: 0, indicators: &[], protection: None }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        let indicators = [f64::NAN; INDICATORS_MAX];
        out.extend(bars.iter().map(|view| {
            let target = (view.bar.close.get() >= self.0).then_some(Target::Enter);
            Decision { slot: view.slot, target, signal: "buy", indicators }
        }));
    }

    fn reset(&mut self) {}
}

fn flat(price: i64) -> Bar {
    let price = Price::new(price).unwrap();
    Bar { open: price, high: price, low: price, close: price, volume: 1_000 }
}

/// One symbol's bars by minute after 09:00.
fn day(bars: &[(i64, Bar)]) -> DataSet {
    let day: TradingDay = "2024-01-03".parse().unwrap();
    let at = |minute: i64| Timestamp::from_kst(day, 9 * 3600 + minute * 60).ns();
    let rows = bars.iter().map(|(minute, bar)| Row { at: at(*minute), symbol: 0, bar: *bar }).collect();
    let symbol: Symbol = "005930".parse().unwrap();
    let instrument = Instrument { symbol, name: "one".to_owned(), market: Market::Kospi };
    DataSet::from_rows(vec![instrument], rows, Interval::Minute, PriceKind::Traded)
}

/// Shares held and orders working after each bar.
fn walk(data: &DataSet, buyer: Buyer) -> Vec<(i64, usize)> {
    let rules = RuleBook::krx(FeeSchedule::KIS_BANKIS);
    let style = OrderStyle::MarketableLimit { collar_ticks: 3 };
    let setup = Setup { style, ..Setup::new(rules, Won::new(100_000_000)) };
    let mut runner = Runner::new(data, &setup, buyer).unwrap();
    let mut seen = Vec::new();
    for (row, slice) in data.slices().enumerate() {
        runner.slice(slice, row);
        let book = runner.engine().book();
        seen.push((book.line(0).total.qty.get(), book.open_orders().len()));
    }
    seen
}

#[test]
fn a_buy_at_the_locked_upper_limit_waits_until_the_lock_opens() {
    // The first trade of the first day is its base price: 30 % above it is the limit.
    let locked = flat(13_000);
    let opened = Bar { low: Price::new(12_990).unwrap(), ..locked };
    let seen =
        walk(&day(&[(0, flat(10_000)), (1, flat(12_990)), (2, locked), (3, locked), (4, opened)]), Buyer(12_000));
    assert_eq!(seen[1..4], [(0, 1); 3], "an order at the limit, and nobody sells");
    assert!(seen[4].0 > 0 && seen[4].1 == 0, "{seen:?}");
}

#[test]
fn what_the_closing_auction_leaves_is_over_before_the_last_decision() {
    // Each close runs away from the order that the bar before gave rise to.
    let seen = walk(&day(&[(378, flat(10_000)), (379, flat(11_000)), (AUCTION_MINUTE, flat(11_500))]), Buyer(0));
    assert_eq!(seen[1], (0, 1), "an order rests before the auction");
    assert_eq!(seen[2], (0, 0), "no order is left when the day's last bar is decided on");
}
