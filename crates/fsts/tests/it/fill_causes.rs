//! Where prints cap fills and notices are late, paper fills otherwise than the backtest: each difference has its cause.
//!
//! A model of ten rules, separate from the program's matchers, says how an order fills from the bars with and without
//! the cap. It must give exactly what backtest and broker did; only then does it explain a difference.

use std::collections::BTreeMap;

use fsts_domain::{IntentId, OrderKind, Position, Price, Qty, Side, Symbol, Timestamp, Won};
use fsts_engine::{Entry, FillSource, Record};
use fsts_kis_emulator::EmulatorConfig;
use fsts_krx::{FeeSchedule, PriceBand, RuleBook};
use fsts_sim::{locked_side, prints_of};
use serde_json::Value;

use crate::drill::journal;
use crate::equality::{RSI, SMA, Trader};
use crate::market_day::MarketDay;
use crate::rig::{Rig, Site, lines};

const SEED: u64 = 20_261_122;
const LATE_MS_MAX: i64 = 300;
/// The engine asks a second after a notice; on a stepped clock that is the next instant, a minute on when nothing trades.
const ASKED_MS_MAX: i64 = 60_000;
/// Seconds of a minute at which the broker prints open, low, high and close.
const PRINT_S: [i64; 4] = [2, 20, 40, 58];
const MS: i64 = 1_000_000;

/// An order as somebody placed it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    symbol: Symbol,
    side: Side,
    qty: i64,
    limit: Price,
    at: Timestamp,
    /// When it was taken back.
    until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fill {
    at: Timestamp,
    qty: i64,
    price: Price,
    /// The print had fewer shares than the order wanted.
    was_capped: bool,
}

impl Fill {
    fn amount(&self) -> i64 {
        self.qty * self.price.get()
    }
}

/// A print of the day, with what the bar says about it.
#[derive(Debug, Clone, Copy)]
struct DayPrint {
    at: Timestamp,
    price: Price,
    qty: i64,
    opens: bool,
    locked: Option<Side>,
}

fn prints(day: &MarketDay) -> BTreeMap<Symbol, Vec<DayPrint>> {
    let rules = RuleBook::krx(FeeSchedule::KIS_BANKIS).on(day.day);
    let close = Timestamp::from_kst(day.day, (15 * 60 + 30) * 60);
    let mut all: BTreeMap<Symbol, Vec<DayPrint>> = BTreeMap::new();
    for row in &day.bars {
        let symbol = &day.symbols[row.symbol];
        let band: Option<PriceBand> = rules.band(symbol.market, symbol.base);
        let (start, locked) = (Timestamp::from_ns(row.at_ns), locked_side(&row.bar, band));
        let tape = all.entry(symbol.symbol).or_default();
        let mut opens = true;
        for (print, second) in prints_of(&row.bar).into_iter().zip(PRINT_S).filter(|(p, _)| !p.qty.is_zero()) {
            let (at, qty) = (if start == close { start } else { start.plus_s(second) }, print.qty.get());
            match tape.last_mut() {
                Some(last) if !opens && last.at == at => last.qty += qty,
                Some(_) | None => tape.push(DayPrint { at, price: print.price, qty, opens, locked }),
            }
            opens = false;
        }
    }
    all
}

/// How orders, in the order of their placing, fill from the day's prints.
fn fills(orders: &[Order], day: &MarketDay, capped: bool) -> Vec<Vec<Fill>> {
    let mut fills: Vec<Vec<Fill>> = vec![Vec::new(); orders.len()];
    for (symbol, tape) in prints(day) {
        for print in &tape {
            let mut left = print.qty;
            for (order, filled) in orders.iter().zip(&mut fills) {
                let open = order.qty - filled.iter().map(|f| f.qty).sum::<i64>();
                let is_over = order.until.is_some_and(|until| print.at > until);
                if order.symbol != symbol
                    || print.at <= order.at
                    || is_over
                    || open == 0
                    || print.locked == Some(order.side)
                {
                    continue;
                }
                let reaches = match order.side {
                    Side::Buy => print.price <= order.limit,
                    Side::Sell => print.price >= order.limit,
                };
                let qty = if capped { open.min(left) } else { open };
                if reaches && qty > 0 {
                    let is_first = !tape.iter().any(|p| p.at > order.at && p.at < print.at);
                    let price = if is_first || print.opens { print.price } else { order.limit };
                    filled.push(Fill { at: print.at, qty, price, was_capped: qty < open });
                    left -= qty;
                }
            }
        }
    }
    fills
}

/// The orders of a backtest's decision log.
fn backtest_orders(log: &[String]) -> Vec<Order> {
    let order = |line: &String| {
        let decision: Value = serde_json::from_str(line).unwrap();
        let intent = decision["intent"].as_object()?;
        Some(Order {
            symbol: decision["symbol"].as_str().unwrap().parse().unwrap(),
            side: serde_json::from_value(intent["side"].clone()).unwrap(),
            qty: intent["qty"].as_i64().unwrap(),
            limit: Price::new(intent["price"].as_i64().unwrap()).unwrap(),
            at: serde_json::from_value(decision["at"].clone()).unwrap(),
            until: None,
        })
    };
    log.iter().filter_map(order).collect()
}

/// What the journal says of one order.
#[derive(Debug, Clone)]
struct Journaled {
    order: Order,
    number: u64,
    /// Shares and amount so far, when they were booked, and who told.
    booked: Vec<Booking>,
}

#[derive(Debug, Clone, Copy)]
struct Booking {
    at: Timestamp,
    qty: i64,
    amount: i64,
    by: FillSource,
}

impl Journaled {
    fn book(&mut self, at: Timestamp, (qty, amount): (Qty, Won), by: FillSource) {
        let (qty_before, amount_before) = self.sums();
        self.booked.push(Booking { at, qty: qty_before + qty.get(), amount: amount_before + amount.get(), by });
    }

    fn sums(&self) -> (i64, i64) {
        self.booked.last().map_or((0, 0), |b| (b.qty, b.amount))
    }

    /// True when notices of this order can't be told apart, or one was overtaken by an inquiry: then the engine asks.
    fn was_asked_for(&self, fills: &[Fill]) -> bool {
        let twins =
            fills.iter().enumerate().any(|(n, a)| fills[..n].iter().any(|b| (a.qty, a.price) == (b.qty, b.price)));
        twins || self.booked.iter().any(|b| b.by == FillSource::Inquiry)
    }
}

fn paper_orders(entries: &[Entry]) -> BTreeMap<IntentId, Journaled> {
    let mut orders: BTreeMap<IntentId, Journaled> = BTreeMap::new();
    for entry in entries {
        match &entry.record {
            Record::Approved(a) => {
                let OrderKind::Limit(limit) = a.kind else { panic!("the style is a limit: {a:?}") };
                let (symbol, side, qty) = (a.symbol, a.side, a.qty.get());
                let order = Order { symbol, side, qty, limit, at: entry.at, until: None };
                orders.insert(a.id, Journaled { order, number: 0, booked: Vec::new() });
            }
            Record::Acked { id, number, .. } => orders.get_mut(id).unwrap().number = number.value(),
            Record::Filled { id, qty, amount, source, .. } => {
                orders.get_mut(id).unwrap().book(entry.at, (*qty, *amount), *source);
            }
            Record::Confirmed { amount_delta, .. } => {
                assert_eq!(*amount_delta, Won::ZERO, "notices carry exact prices")
            }
            Record::CancelRequested { id } => orders.get_mut(id).unwrap().order.until = Some(entry.at),
            Record::Withdrawn { .. } | Record::Refused { .. } | Record::Ambiguous { .. } | Record::Frozen { .. } => {
                panic!("the day has no such trouble: {entry:?}")
            }
            Record::Adjusted { .. } => panic!("the broker rounds as the books do: {entry:?}"),
            _ => {}
        }
    }
    orders
}

/// What a bot has of a symbol when it decides.
#[derive(Debug, Default, PartialEq, Eq)]
struct Standing {
    held: Position,
    buying: i64,
    selling: i64,
}

impl Standing {
    /// Before an order was decided on.
    fn of<'a>(orders: impl Iterator<Item = (&'a Order, &'a Vec<Fill>)>, before: &Order) -> Standing {
        let mut standing = Standing::default();
        let mut trades: Vec<(Timestamp, Side, Fill)> = Vec::new();
        for (order, fills) in orders.filter(|(o, _)| o.symbol == before.symbol && o.at < before.at) {
            let done = fills.iter().filter(|f| f.at < before.at);
            let open = order.qty - done.clone().map(|f| f.qty).sum::<i64>();
            let is_over = order.until.is_some_and(|until| until < before.at);
            match order.side {
                _ if is_over => {}
                Side::Buy => standing.buying += open,
                Side::Sell => standing.selling += open,
            }
            trades.extend(done.map(|fill| (fill.at, order.side, *fill)));
        }
        trades.sort_by_key(|(at, _, _)| *at);
        for (_, side, fill) in trades {
            let qty = Qty::new(fill.qty).unwrap();
            match side {
                Side::Buy => standing.held.buy(qty, Won::new(fill.amount())),
                Side::Sell => drop(standing.held.sell(qty)),
            }
        }
        standing
    }
}

/// A difference with its cause, in one line.
struct Difference {
    at: Timestamp,
    symbol: Symbol,
    cause: &'static str,
    text: String,
}

const PARTIAL: &str = "partial by print volume";
const LATE: &str = "late notice";
const ASKED: &str = "booked by inquiry";
const FOLLOWS: &str = "follows from an earlier one";

/// The print after which so many shares were filled, and how much later they were booked.
fn lateness(booking: &Booking, broker: &[Fill]) -> (Fill, i64) {
    let mut sum = 0;
    let is_last = |fill: &&Fill| {
        sum += fill.qty;
        sum == booking.qty
    };
    let fill = *broker.iter().find(is_last).expect("checked: bookings are the broker's");
    (fill, booking.at.since(fill.at) / MS)
}

/// Every difference in fills; panics where one has no cause.
fn explain(backtest: &[(Order, Vec<Fill>)], paper: &[(Journaled, Vec<Fill>)]) -> Vec<Difference> {
    let mut differences: Vec<Difference> = Vec::new();
    let minute = |at: Timestamp| at.ns().div_euclid(60_000 * MS);
    let same = |a: &Order, b: &Order| {
        (a.symbol, a.side, a.qty, a.limit, minute(a.at)) == (b.symbol, b.side, b.qty, b.limit, minute(b.at))
    };
    let mut only_once: Vec<(&Order, &str)> = Vec::new();
    for (journaled, broker) in paper {
        let order = &journaled.order;
        let mut add = |at, cause, text| differences.push(Difference { at, symbol: order.symbol, cause, text });
        for booking in &journaled.booked {
            let (fill, late_ms) = lateness(booking, broker);
            let text = format!("{} shares booked {late_ms} ms after the print", fill.qty);
            match booking.by {
                _ if late_ms == 0 => {}
                FillSource::Notice if late_ms <= LATE_MS_MAX => add(fill.at, LATE, text),
                FillSource::Inquiry if late_ms <= ASKED_MS_MAX && journaled.was_asked_for(broker) => {
                    add(fill.at, ASKED, text);
                }
                by => panic!("no cause for a booking {late_ms} ms late by {by:?}: {journaled:?} {broker:?}"),
            }
        }
        match backtest.iter().find(|(b, _)| same(b, order)) {
            None => only_once.push((order, "paper")),
            Some((_, whole)) if whole.iter().map(Fill::amount).eq(broker.iter().map(Fill::amount)) => {}
            Some((_, whole)) => {
                assert!(
                    broker.iter().any(|f| f.was_capped) || order.until.is_some(),
                    "no cause: {journaled:?} {whole:?} {broker:?}"
                );
                add(order.at, PARTIAL, format!("backtest {whole:?}, paper {broker:?}"));
            }
        }
    }
    only_once.extend(
        backtest
            .iter()
            .filter(|(b, _)| !paper.iter().any(|(p, _)| same(b, &p.order)))
            .map(|(b, _)| (b, "the backtest")),
    );
    for (order, place) in only_once {
        let ours = Standing::of(paper.iter().map(|(p, fills)| (&p.order, fills)), order);
        let theirs = Standing::of(backtest.iter().map(|(b, fills)| (b, fills)), order);
        assert_ne!(ours, theirs, "{place} alone decides on an order, from equal positions: {order:?}");
        // Sizes are fixed amounts of a cash that is never short: another symbol can't be the cause.
        let earlier = differences.iter().filter(|d| d.cause == PARTIAL && d.symbol == order.symbol && d.at < order.at);
        let cause =
            earlier.max_by_key(|d| d.at).unwrap_or_else(|| panic!("no cause for an order of {place} alone: {order:?}"));
        let text = format!("only {place} orders {order:?}, after the partial fill of {}", cause.at);
        differences.push(Difference { at: order.at, symbol: order.symbol, cause: FOLLOWS, text });
    }
    differences.sort_by_key(|d| (d.at, d.symbol));
    differences
}

/// More days at night.
fn seeds() -> std::ops::Range<u64> {
    let days = if std::env::var_os("FSTS_NIGHT").is_some() { 4 } else { 1 };
    SEED..SEED + days
}

async fn explained_day(trader: &Trader, seed: u64) {
    let day = MarketDay::generate(seed);
    let scratch = tempfile::tempdir().unwrap();
    trader.backtest(&day, scratch.path());
    let orders = backtest_orders(&lines(&scratch.path().join("backtest.ndjson")));
    let modelled = fills(&orders, &day, false);
    assert_eq!(
        rows(&orders, &modelled),
        fill_rows(&lines(&scratch.path().join("fills.csv"))),
        "the model is the backtest"
    );
    let backtest: Vec<(Order, Vec<Fill>)> = orders.into_iter().zip(modelled).collect();

    let config = EmulatorConfig { partial_fills: true, jitter_ms: (0, LATE_MS_MAX as u32), ..day.config() };
    let mut rig = Rig::start(Site::new(config).bots(&trader.block(&day))).await;
    rig.go_to_end().await;
    assert_eq!(rig.book_differences().await, Vec::<String>::new(), "books and broker at the end of the day");
    let truth = rig.truth();
    rig.stop().await;
    let journaled: Vec<Journaled> = paper_orders(&journal(&rig).await).into_values().collect();
    let orders: Vec<Order> = journaled.iter().map(|j| j.order.clone()).collect();
    let modelled = fills(&orders, &day, true);
    for (paper, fills) in journaled.iter().zip(&modelled) {
        check_bookings(paper, fills);
        let broker = truth.orders.iter().find(|o| o.number.value() == paper.number).unwrap();
        assert_eq!((broker.filled_qty.get(), broker.filled_amount.get()), paper.sums(), "{paper:?}");
    }
    let paper: Vec<(Journaled, Vec<Fill>)> = journaled.into_iter().zip(modelled).collect();

    let differences = explain(&backtest, &paper);
    for d in &differences {
        println!("{} {} {}: {}", d.at, d.symbol, d.cause, d.text);
    }
    for cause in [PARTIAL, LATE, ASKED, FOLLOWS] {
        let count = differences.iter().filter(|d| d.cause == cause).count();
        println!("{}: {count} × {cause}", trader.strategy);
        assert!(count > 0 || [ASKED, FOLLOWS].contains(&cause), "the day shows no {cause}");
    }
}

/// Bookings are the broker's fills, in order; an inquiry may book several at once.
fn check_bookings(paper: &Journaled, fills: &[Fill]) {
    let mut sums = vec![(0, 0)];
    for fill in fills {
        let (qty, amount) = sums.last().copied().unwrap();
        sums.push((qty + fill.qty, amount + fill.amount()));
    }
    assert_eq!(sums.last(), Some(&paper.sums()), "everything is booked: {paper:?} {fills:?}");
    for booking in &paper.booked {
        assert!(sums.contains(&(booking.qty, booking.amount)), "{paper:?} {fills:?}");
    }
}

/// Fills as lines: minute, code, side, shares, amount; sorted.
fn rows(orders: &[Order], fills: &[Vec<Fill>]) -> Vec<String> {
    let row = |order: &Order, fill: &Fill| {
        let side = if order.side == Side::Buy { "buy" } else { "sell" };
        let start = fill.at.plus_ns(-fill.at.ns().rem_euclid(60_000 * MS));
        format!("{start},{},{side},{},{}", order.symbol, fill.qty, fill.amount())
    };
    let all = orders.iter().zip(fills).flat_map(|(order, fills)| fills.iter().map(|fill| row(order, fill)));
    let mut rows: Vec<String> = all.collect();
    rows.sort_unstable();
    rows
}

/// The lines of a backtest's fills, without costs; sorted.
fn fill_rows(lines: &[String]) -> Vec<String> {
    let cells = |line: &String| line.split(',').take(5).collect::<Vec<_>>().join(",");
    let mut rows: Vec<String> = lines.iter().skip(1).map(cells).collect();
    rows.sort_unstable();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_of_a_partly_filled_late_noticed_sma_day_has_its_cause() {
    for seed in seeds() {
        explained_day(&SMA, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_of_a_partly_filled_late_noticed_rsi_day_has_its_cause() {
    for seed in seeds() {
        explained_day(&RSI, seed).await;
    }
}
