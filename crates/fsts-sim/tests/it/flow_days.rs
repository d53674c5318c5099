//! The generated days: repeatable, inside the rules, and lively enough for a demonstration.

use std::collections::VecDeque;

use fsts_domain::{Market, NS_PER_S, Price, Side, TradingDay};
use fsts_krx::{DayRules, FeeSchedule, RuleBook, SessionCalendar};
use fsts_sim::{Book, BookEvent, BookKind, Flow, FlowAction, FlowConfig, FlowEvent, FlowSymbol, OrderId};

use crate::won;

fn rules(day: &str) -> DayRules {
    RuleBook::krx(FeeSchedule::NONE).on(day.parse::<TradingDay>().expect("invariant: tests write dates"))
}

fn config(seed: u64, rules: DayRules) -> FlowConfig {
    let symbol =
        |base, market, sigma_bps_per_min| FlowSymbol { base: won(base), market, sigma_bps_per_min, trades_per_min: 30 };
    let symbols =
        vec![symbol(70_000, Market::Kospi, 12), symbol(182_500, Market::Kospi, 9), symbol(8_430, Market::Kosdaq, 18)];
    FlowConfig { seed, rules, symbols }
}

/// One day of one symbol through a book: every minute's volume and last price, with what went wrong on the way.
#[derive(Default)]
struct Traded {
    minutes: Vec<(i64, Option<Price>)>,
    trades: usize,
    one_sided: usize,
    looks: usize,
}

struct Exchange {
    book: Book,
    resting: VecDeque<OrderId>,
    next_id: u64,
    events: Vec<BookEvent>,
    open_ns: i64,
    traded: Traded,
}

impl Exchange {
    fn new(symbol: &FlowSymbol) -> Self {
        let mut book = Book::new();
        book.set_reference(symbol.base);
        book.set_auction(true);
        Exchange {
            book,
            resting: VecDeque::new(),
            next_id: 0,
            events: Vec::new(),
            open_ns: 9 * 3600 * NS_PER_S,
            traded: Traded { minutes: vec![(0, None); 1_440], ..Traded::default() },
        }
    }

    fn take(&mut self, event: &FlowEvent) {
        self.events.clear();
        if self.book.in_auction() && event.at_ns_of_day >= self.open_ns {
            self.book.uncross(&mut self.events);
            self.book.set_auction(false);
        }
        self.next_id += 1;
        let id = OrderId(self.next_id);
        match event.action {
            FlowAction::Limit { side, price, qty } => {
                self.book.submit(id, side, BookKind::Limit(price), qty, &mut self.events);
                self.resting.push_back(id);
            }
            FlowAction::Market { side, qty } => self.book.submit(id, side, BookKind::MarketIoc, qty, &mut self.events),
            FlowAction::CancelOldest => {
                while let Some(oldest) = self.resting.pop_front() {
                    if self.book.cancel(oldest, &mut self.events).is_some() {
                        break;
                    }
                }
            }
        }
        self.note(event.at_ns_of_day);
    }

    fn note(&mut self, ns: i64) {
        let traded = &mut self.traded;
        let minute = &mut traded.minutes[(ns / NS_PER_S / 60) as usize];
        for event in &self.events {
            if let BookEvent::Trade { price, qty, .. } = event {
                *minute = (minute.0 + qty.get(), Some(*price));
                traded.trades += 1;
            }
        }
        if !self.book.in_auction() {
            traded.looks += 1;
            let both = self.book.best_bid().is_some() && self.book.best_ask().is_some();
            traded.one_sided += usize::from(!both);
        }
    }
}

fn trade_day(config: &FlowConfig) -> Vec<Traded> {
    let mut exchanges: Vec<_> = config.symbols.iter().map(Exchange::new).collect();
    for event in Flow::new(config.clone()) {
        exchanges[event.symbol as usize].take(&event);
    }
    exchanges.into_iter().map(|exchange| exchange.traded).collect()
}

#[test]
fn a_day_repeats_with_its_seed_and_only_with_it() {
    let events = |seed, day: &str| Flow::new(config(seed, rules(day))).take(3_000).collect::<Vec<_>>();
    assert_eq!(events(1, "2026-11-20"), events(1, "2026-11-20"));
    assert_ne!(events(1, "2026-11-20"), events(2, "2026-11-20"));
    assert_ne!(events(1, "2026-11-20"), events(1, "2026-11-23"));
    let mut fewer = config(1, rules("2026-11-20"));
    fewer.symbols.truncate(2);
    let all: Vec<_> = Flow::new(config(1, rules("2026-11-20"))).filter(|event| event.symbol < 2).collect();
    assert_eq!(Flow::new(fewer).collect::<Vec<_>>(), all, "another symbol changes nothing for the others");
}

#[test]
fn events_come_in_time_order_inside_the_session_and_on_the_grid() {
    let rules = rules("2026-11-20");
    let config = config(3, rules);
    let mut last = 0;
    for event in Flow::new(config.clone()) {
        assert!(event.at_ns_of_day >= last);
        last = event.at_ns_of_day;
        let part = rules.part_at(last / NS_PER_S);
        assert!(part.is_regular(), "{part:?}");
        if let FlowAction::Limit { price, .. } = event.action {
            let symbol = config.symbols[event.symbol as usize];
            let band = rules.band(symbol.market, symbol.base);
            assert!(rules.limit_price(symbol.market, price, band).is_ok(), "{price} of {symbol:?}");
        }
    }
    assert!(last > (15 * 3600 + 29 * 60) * NS_PER_S, "to the end of the session");
    assert_eq!(Flow::new(FlowConfig { rules: self::rules("2026-11-21"), ..config }).count(), 0, "a Saturday");
}

#[test]
fn an_always_open_day_runs_around_the_clock_and_can_start_at_any_time() {
    let book = RuleBook::krx(FeeSchedule::NONE).with_calendar(SessionCalendar::always_open());
    let rules = book.on("2026-11-21".parse().unwrap());
    let noon = 12 * 3600 * NS_PER_S;
    let first = Flow::starting_at(config(1, rules), noon).next().unwrap();
    assert!((noon..noon + 60 * NS_PER_S).contains(&first.at_ns_of_day));
    assert!(Flow::new(config(1, rules)).next().unwrap().at_ns_of_day < 60 * NS_PER_S);
}

#[test]
fn a_day_is_busiest_at_its_ends_and_its_book_has_two_sides() {
    for seed in 11..21 {
        let config = config(seed, rules("2026-11-20"));
        for (symbol, day) in trade_day(&config).iter().enumerate() {
            let volume = |from: usize, to: usize| day.minutes[from..to].iter().map(|minute| minute.0).sum::<i64>();
            let (open, noon, close) = (volume(540, 570), volume(715, 745), volume(890, 920));
            assert!(open > noon * 3 / 2 && close > noon, "seed {seed} symbol {symbol}: {open} {noon} {close}");
            assert!(day.trades > 3_000, "seed {seed} symbol {symbol}: {} trades", day.trades);
            assert!(day.one_sided * 100 < day.looks, "seed {seed} symbol {symbol}: {} of {}", day.one_sided, day.looks);
        }
    }
}

#[test]
fn an_hour_brings_crossing_averages_and_relative_strength_extremes() {
    for seed in 21..41 {
        let config = config(seed, rules("2026-11-20"));
        for (symbol, day) in trade_day(&config).iter().enumerate() {
            let mut last = None;
            let closes: Vec<f64> = day.minutes[540..920]
                .iter()
                .filter_map(|minute| {
                    last = minute.1.or(last);
                    last.map(|price: Price| price.get() as f64)
                })
                .collect();
            let (crosses, extremes) = (sma_crosses(&closes), rsi_extremes(&closes));
            assert!(
                crosses >= 6 && extremes >= 4,
                "seed {seed} symbol {symbol}: {crosses} and {extremes} in six hours"
            );
        }
    }
}

fn sma_crosses(closes: &[f64]) -> usize {
    let mean = |end: usize, n: usize| closes[end - n..end].iter().sum::<f64>() / n as f64;
    let above: Vec<bool> = (30..closes.len()).map(|end| mean(end, 10) > mean(end, 30)).collect();
    above.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// How often RSI 14 enters the region below 30 or above 70.
fn rsi_extremes(closes: &[f64]) -> usize {
    let (mut up, mut down) = (0.0, 0.0);
    let (mut entered, mut was_extreme) = (0, false);
    for (count, pair) in closes.windows(2).enumerate() {
        let change = pair[1] - pair[0];
        up = (up * 13.0 + change.max(0.0)) / 14.0;
        down = (down * 13.0 + (-change).max(0.0)) / 14.0;
        let rsi = 100.0 * up / (up + down).max(1e-9);
        let extreme = count >= 14 && !(30.0..=70.0).contains(&rsi);
        entered += usize::from(extreme && !was_extreme);
        was_extreme = extreme;
    }
    entered
}

#[test]
fn the_flow_takes_both_sides() {
    let buys = |event: &FlowEvent| match event.action {
        FlowAction::Limit { side, .. } | FlowAction::Market { side, .. } => Some(side == Side::Buy),
        FlowAction::CancelOldest => None,
    };
    let sides: Vec<bool> = Flow::new(config(5, rules("2026-11-20"))).filter_map(|event| buys(&event)).collect();
    let share = sides.iter().filter(|buy| **buy).count() * 100 / sides.len();
    assert!((45..=55).contains(&share), "{share} % buys");
}
