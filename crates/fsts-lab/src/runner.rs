//! One backtest: stored bars become events, the simulated broker answers inline.

use std::borrow::Cow;
use std::collections::BTreeMap;

use fsts_domain::{Bar, IntentId, Price, Qty, Side, Timestamp, TradingDay, Won};
use fsts_engine::{
    ApprovedOrder, Bracket, Branch, DecisionLine, Effects, Engine, Event, EventKind, LiveOrder, Notice, NoticeKind,
    Purpose, Record, Strategy, SubmitOutcome, SymbolBar,
};
use fsts_krx::{PriceBand, Profile};
use fsts_lake::{DataSet, Interval, Row};

use crate::broker::SimBroker;
use crate::daily::DayMark;
use crate::report::{Cause, FillRow, Kept, Report};
use crate::setup::{self, Setup, SetupError};
use crate::trace::Trace;

const MINUTE_S: i64 = 60;
const OPEN_S: i64 = 9 * 3600;

/// Runs a strategy over a data set.
///
/// `on_decision` is given every decision line when the setup keeps them.
///
/// # Errors
/// [`SetupError`] when data, rules and settings don't fit together.
pub fn run<S: Strategy>(
    data: &DataSet,
    setup: &Setup,
    strategy: S,
    mut on_decision: impl FnMut(&DecisionLine),
) -> Result<Report, SetupError> {
    let mut runner = Runner::new(data, setup, strategy)?;
    let mut row = 0;
    for slice in data.slices() {
        runner.slice(slice, row);
        row += slice.len();
        if setup.decision_log {
            runner.decisions().for_each(|line| on_decision(&line));
        }
    }
    Ok(runner.finish())
}

/// A backtest in progress.
pub struct Runner<'d, S> {
    data: &'d DataSet,
    setup: &'d Setup,
    engine: Engine<S>,
    broker: SimBroker,
    fx: Effects,
    trace: Trace,
    seq: u64,
    day: TradingDay,
    /// When the day's orders end, on exchanges that have such an hour.
    close: Option<Timestamp>,
    bars: Vec<SymbolBar>,
    notices: Vec<Notice>,
    last_close: Vec<Option<Price>>,
    decisions: Vec<DecisionLine>,
    fills: Vec<FillRow>,
    curve: Vec<(Timestamp, Won)>,
    marks: Vec<DayMark>,
    /// Protective exits that were decided at a close, by the level that the close had reached.
    exits: BTreeMap<IntentId, Cause>,
}

impl<'d, S: Strategy> Runner<'d, S> {
    /// A run before its first slice.
    ///
    /// # Errors
    /// [`SetupError`] when data, rules and settings don't fit together.
    pub fn new(data: &'d DataSet, setup: &'d Setup, strategy: S) -> Result<Self, SetupError> {
        let needs = strategy.needs();
        let settings =
            format!("{:?} {:?} {:?} {:?} {:?}", setup.rules.profile(), setup.cash, setup.sizing, setup.style, needs);
        let mut runner = Runner {
            engine: setup::engine(data, setup, strategy)?,
            broker: SimBroker::new(data.symbols.len()),
            fx: Effects::default(),
            trace: Trace::new(&data.hash, &settings),
            seq: 0,
            day: TradingDay::default(),
            close: None,
            bars: Vec::with_capacity(data.symbols.len()),
            notices: Vec::with_capacity(16),
            last_close: vec![None; data.symbols.len()],
            decisions: Vec::new(),
            fills: Vec::new(),
            curve: Vec::new(),
            marks: Vec::new(),
            exits: BTreeMap::new(),
            data,
            setup,
        };
        runner.curve.reserve(if setup.full_curve { data.rows.len() } else { 0 });
        runner.open_account();
        Ok(runner)
    }

    /// The broker's account of a backtest: cash and nothing else.
    fn open_account(&mut self) {
        let at = self.data.rows.first().map_or_else(Timestamp::default, |r| Timestamp::from_ns(r.at));
        let report = fsts_engine::AccountReport { cash: self.setup.cash, holdings: Vec::new() };
        self.step(at, EventKind::Account { asked_at: at, report });
    }

    /// Takes all bars of one instant; `row` is the index of the first of them.
    pub fn slice(&mut self, slice: &[Row], row: usize) {
        let Some(first) = slice.first() else { return };
        let start = Timestamp::from_ns(first.at);
        let (opens, ends) = match self.data.interval {
            Interval::Minute => (start, start.plus_s(MINUTE_S)),
            Interval::Day => (Timestamp::from_kst(start.kst_day(), OPEN_S), start),
        };
        let day = start.kst_day();
        if day != self.day {
            self.begin_day(day, opens);
        }
        self.match_orders(slice, row, opens);
        if self.data.interval == Interval::Day || self.close.is_some_and(|close| start >= close) {
            self.expire(opens);
        }
        let mut bars = std::mem::take(&mut self.bars);
        bars.clear();
        for row in slice {
            bars.push(SymbolBar { symbol: row.symbol, bar: row.bar });
        }
        self.step(ends, EventKind::Slice(Cow::Borrowed(&bars)));
        for bar in &bars {
            if let Some(last) = self.last_close.get_mut(bar.symbol as usize) {
                *last = Some(bar.bar.close);
            }
        }
        self.bars = bars;
        self.mark_curve(ends);
    }

    /// Decision lines since the last call.
    pub fn decisions(&mut self) -> impl Iterator<Item = DecisionLine> + '_ {
        self.decisions.drain(..)
    }

    /// The engine of the run.
    pub fn engine(&self) -> &Engine<S> {
        &self.engine
    }

    /// Ends the run.
    pub fn finish(mut self) -> Report {
        self.mark_day();
        let kept = Kept { trace_hash: self.trace.finish(), fills: self.fills, curve: self.curve, marks: self.marks };
        Report::new(self.data, self.setup, &self.engine, kept)
    }

    /// Keeps the books as the day that ends leaves them.
    fn mark_day(&mut self) {
        if self.setup.daily_rows && self.day != TradingDay::default() {
            let (cash, holdings) = (self.engine.book().cash(), self.engine.holdings_value());
            self.marks.push(DayMark { day: self.day, cash, holdings });
        }
    }

    fn begin_day(&mut self, day: TradingDay, at: Timestamp) {
        self.mark_day();
        // The exchange has no order that outlives its day; the ideal profile has no days.
        if self.data.interval == Interval::Minute && self.setup.rules.profile() == Profile::Krx {
            self.expire(at);
            self.close = self.setup.rules.calendar().regular_close(day);
        }
        self.day = day;
        self.step(at, EventKind::DayOpened(day));
    }

    fn expire(&mut self, at: Timestamp) {
        if self.broker.is_idle() {
            return;
        }
        let mut notices = std::mem::take(&mut self.notices);
        self.broker.expire(&mut notices);
        for notice in notices.drain(..) {
            self.step(at, EventKind::Notice { notice, authoritative: true });
        }
        self.notices = notices;
    }

    /// Open orders meet the bars before any strategy sees them.
    fn match_orders(&mut self, slice: &[Row], first_row: usize, at: Timestamp) {
        for (n, row) in slice.iter().enumerate() {
            if !self.broker.is_waiting(row.symbol) {
                continue;
            }
            let band = self.band(first_row + n, row.symbol);
            let mut notices = std::mem::take(&mut self.notices);
            self.broker.on_bar(row.symbol, &row.bar, band, &mut notices);
            let entered = self.tell(&mut notices, &row.bar, at);
            if let Some(at_open) = entered {
                self.broker.recheck(row.symbol, &row.bar, band, at_open, &mut notices);
                self.tell(&mut notices, &row.bar, at);
            }
            self.notices = notices;
        }
    }

    /// Gives fills to the engine. Answers whether a buy was among them, and whether it filled at the open.
    fn tell(&mut self, notices: &mut Vec<Notice>, bar: &Bar, at: Timestamp) -> Option<bool> {
        let mut entered = None;
        for notice in notices.drain(..) {
            let notice = self.afford(notice);
            if let (Side::Buy, NoticeKind::Filled { price, .. }) = (notice.side, notice.kind) {
                entered = Some(price == bar.open);
            }
            self.step(at, EventKind::Notice { notice, authoritative: true });
        }
        entered
    }

    /// An adjusted series may jump further than the cash set aside; an exchange would not have taken that order.
    fn afford(&self, notice: Notice) -> Notice {
        let (Side::Buy, NoticeKind::Filled { qty, price }) = (notice.side, notice.kind) else { return notice };
        let book = self.engine.book();
        let Some(order) = book.by_number(notice.number).and_then(|id| book.order(id)) else { return notice };
        let market = self.data.symbols.get(order.symbol as usize).map_or(fsts_domain::Market::Kospi, |i| i.market);
        let amount = price * qty;
        let cost = amount + self.engine.day_rules().commission(market, amount);
        let free = book.orderable() + order.reserved_cash();
        if cost > free { Notice { kind: NoticeKind::Cancelled, ..notice } } else { notice }
    }

    /// Price limits of a row's day, from the exchange's base price where the data carry it.
    fn band(&self, row: usize, symbol: u32) -> Option<PriceBand> {
        let previous = self.last_close.get(symbol as usize).copied().flatten();
        let base = match (setup::base_of(self.data, row), self.data.interval) {
            (Some(base), _) => base,
            (None, Interval::Day) => previous?,
            // Yesterday's last close, or on the first day the first trade: what the gate goes by.
            (None, Interval::Minute) => return self.engine.price_band(symbol),
        };
        let market = self.data.symbols.get(symbol as usize)?.market;
        self.engine.day_rules().band(market, base)
    }

    /// One event, and then everything it causes until nothing is left to do: commits and replies are inline.
    // Inlined, the event is built where it is read; its many kinds are large, and moving them cost as much as a decision.
    #[inline(always)]
    fn step(&mut self, at: Timestamp, kind: EventKind<'_>) {
        self.event(at, kind);
        while self.fx.batch.is_some() {
            self.keep_facts(at);
            let batch = self.fx.batch.take().unwrap_or_default();
            self.fx.entries.clear();
            self.event(at, EventKind::Committed { batch });
            self.transmit(at);
        }
        if !self.fx.decisions.is_empty() {
            self.decisions.append(&mut self.fx.decisions);
        }
    }

    #[inline(always)]
    fn event(&mut self, at: Timestamp, kind: EventKind<'_>) {
        self.seq += 1;
        let event = Event { seq: self.seq, at, recv: at, kind };
        self.engine.step(&event, &mut self.fx);
    }

    fn transmit(&mut self, at: Timestamp) {
        while let Some(order) = self.fx.submits.pop() {
            let intent = order.get().id();
            let Some(symbol) = self.engine.book().ix(order.get().symbol()) else { continue };
            self.broker.submit(symbol, &order);
            let number = SimBroker::number(intent);
            let outcome = SubmitOutcome::Acked { number, branch: Branch::default(), at };
            self.event(at, EventKind::Submitted { intent, outcome });
        }
        while let Some(cancel) = self.fx.cancels.pop() {
            if let Some(notice) = self.broker.cancel(cancel.get().intent()) {
                self.event(at, EventKind::Notice { notice, authoritative: true });
            }
        }
    }

    fn keep_facts(&mut self, at: Timestamp) {
        self.trace.add(&self.fx.entries);
        for entry in &self.fx.entries {
            match &entry.record {
                Record::Approved(order) if order.purpose == Purpose::Protection && order.bracket.is_none() => {
                    if let Some(cause) = self.closed_by(order) {
                        self.exits.insert(order.id, cause);
                    }
                }
                Record::Filled { id, qty, amount, fee, tax, .. } => {
                    let order = self.engine.book().order_of_day(*id);
                    let (symbol, side) = order.map_or((0, Side::Buy), |o| (o.symbol, o.side));
                    let cause = order.map_or(Cause::Signal, |o| self.cause(o, *qty, *amount));
                    self.fills.push(FillRow {
                        at,
                        symbol,
                        side,
                        qty: *qty,
                        amount: *amount,
                        fee: *fee,
                        tax: *tax,
                        cause,
                    });
                }
                _ => {}
            }
        }
    }

    /// Which level an exit that was decided at a close has reached: below the mean cost it is the stop.
    fn closed_by(&self, order: &ApprovedOrder) -> Option<Cause> {
        let book = self.engine.book();
        let held = book.line(book.ix(order.symbol)?).total;
        let below = order.reference * held.qty < held.cost;
        Some(if below { Cause::StopLoss } else { Cause::TakeProfit })
    }

    fn cause(&self, order: &LiveOrder, qty: Qty, amount: Won) -> Cause {
        match (order.purpose, &order.bracket) {
            (Purpose::Protection, Some(Bracket { stop: Some(stop), .. })) if amount <= *stop * qty => Cause::StopLoss,
            (Purpose::Protection, Some(_)) => Cause::TakeProfit,
            (Purpose::Protection, None) => self.exits.get(&order.id).copied().unwrap_or(Cause::Signal),
            (Purpose::Target | Purpose::Operator, _) => Cause::Signal,
        }
    }

    fn mark_curve(&mut self, at: Timestamp) {
        let equity = self.engine.equity();
        match self.curve.last_mut() {
            Some(last) if !self.setup.full_curve && last.0.kst_day() == at.kst_day() => *last = (at, equity),
            _ => self.curve.push((at, equity)),
        }
    }
}
