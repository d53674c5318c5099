//! [`Engine::step`] – the place to start reading: each event takes one road, each line of it is one stage.
//!
//! ```text
//! market event → views → (decision point?) strategies decide → rebalance → risk gate → effects
//! broker event → order states → ledger → reconciliation → effects
//! commit       → release: the gate's switches once more → transmission
//! ```

use fsts_domain::{Market, Price, Qty, Timestamp, TradingDay, Won};

use crate::effect::{ClosedBar, Effects};
use crate::engine::Engine;
use crate::event::{Event, EventKind, SymbolBar, SymbolIx};
use crate::plausible;
use crate::record::Record;
use crate::strategy::{Interval, Strategy};
use crate::views::Views;

/// A print this far ahead of the market clock has a wrong time.
const AHEAD_S_MAX: i64 = 300;

impl<S: Strategy> Engine<S> {
    /// Takes one event and appends what it asks of the world to `fx`. Never blocks, never fails: what is wrong with
    /// an event becomes a record, a reply or nothing.
    pub fn step(&mut self, event: &Event<'_>, fx: &mut Effects) {
        self.hear(event.recv);
        if self.is_believable(event) {
            self.now = self.now.max(event.at);
            self.take(event, fx);
        }
        if !self.warming {
            self.sweep_stopped(fx);
        }
        if self.is_connected() && !self.warming {
            self.watch_journal(fx);
            self.ask_when_due(fx);
        }
        self.seal(fx);
    }

    fn take(&mut self, event: &Event<'_>, fx: &mut Effects) {
        match &event.kind {
            EventKind::Slice(bars) => self.on_slice(event.at, bars, fx),
            EventKind::Trade { symbol, price, qty } => self.on_trade(event.at, *symbol, (*price, *qty), fx),
            EventKind::Quote { .. } => {}
            EventKind::Clock => self.on_clock(fx),
            EventKind::DayOpened(day) => self.on_day(*day, fx),
            EventKind::Base { symbol, price } => self.on_base(event.at, *symbol, *price),
            EventKind::Stream { up } => self.on_stream(*up),
            EventKind::Committed { batch } => self.on_committed(*batch, fx),
            EventKind::CommitFailed { reason, .. } => self.on_commit_failed(reason, fx),
            EventKind::Submitted { intent, outcome } => self.on_submitted(*intent, outcome, fx),
            EventKind::CancelAnswered { intent, outcome } => self.on_cancel_answered(*intent, outcome),
            EventKind::Notice { notice, authoritative } => self.on_notice(notice, *authoritative, fx),
            EventKind::Orders { asked_at, orders } => self.on_orders(*asked_at, orders, fx),
            EventKind::Account { asked_at, report } => self.on_account(*asked_at, report, fx),
            EventKind::InquiryFailed { inquiry, .. } => self.on_inquiry_failed(*inquiry),
            EventKind::Command { id, command } => self.on_command(*id, command, fx),
        }
    }

    /// False for a print that can't be one: garbage on the stream may move neither the clock nor a stop-loss.
    fn is_believable(&self, event: &Event<'_>) -> bool {
        let EventKind::Trade { symbol, price, qty } = event.kind else { return true };
        let now = self.now;
        let ahead = event.at.kst_day() == now.kst_day() && event.at > now.plus_s(AHEAD_S_MAX);
        let is_future = self.is_connected() && !self.warming && ahead;
        !qty.is_zero() && plausible::is_price(price) && !is_future && self.is_within_limits(symbol, price, event.at)
    }

    /// True unless the exchange has told the day's base price and the price lies outside its limits.
    fn is_within_limits(&self, symbol: SymbolIx, price: Price, at: Timestamp) -> bool {
        let Some(view) = self.views.get(symbol).filter(|v| v.told_on == Some(at.kst_day())) else { return true };
        let factor = match view.market {
            // Some move a multiple of their index, and the master file does not say which.
            Market::Etf | Market::Etn => 2,
            Market::Kospi | Market::Kosdaq | Market::Konex | Market::Elw => 1,
        };
        let band = view.base.and_then(|base| self.rules.leveraged_band(view.market, base, factor));
        band.is_none_or(|band| band.contains(price))
    }

    /// Closed bars of one instant: prices move, strategies decide.
    fn on_slice(&mut self, at: Timestamp, bars: &[SymbolBar], fx: &mut Effects) {
        let day = at.kst_day();
        if self.rules.day() != day {
            self.on_day(day, fx);
        }
        for SymbolBar { symbol, bar } in bars {
            self.mark(*symbol, (bar.open, bar.close), (at, day));
        }
        // A market without hours has one part for ever; asking for it costs as much as a moving average.
        if self.part != fsts_krx::SessionPart::AlwaysOpen {
            self.part = self.rules.part_at(at.kst_second());
        }
        self.decide(at, bars, fx);
    }

    /// A print: the minute's bar grows, protective levels are watched.
    fn on_trade(&mut self, at: Timestamp, symbol: SymbolIx, (price, qty): (Price, Qty), fx: &mut Effects) {
        self.close_due_bars(fx);
        if self.views.get(symbol).is_none() {
            return;
        }
        self.part = self.rulebook.part_at(self.now);
        let previous = self.last_price(symbol).map(|(p, _)| p);
        if self.views.trade(symbol, price, qty, at) {
            self.revalue_line(symbol, previous, price);
            self.watch_exits(symbol, price, fx);
        }
    }

    fn on_clock(&mut self, fx: &mut Effects) {
        self.part = self.rulebook.part_at(self.now);
        self.close_due_bars(fx);
    }

    /// Closes every minute that is over, oldest first, each as one slice.
    fn close_due_bars(&mut self, fx: &mut Effects) {
        while let Some(start) = self.views.due(self.now) {
            let mut bars = std::mem::take(&mut self.bars);
            bars.clear();
            self.views.take(start, &mut bars);
            let closed = |b: &SymbolBar| ClosedBar { symbol: b.symbol, start, bar: b.bar };
            fx.bars.extend(bars.iter().map(closed));
            self.recent.keep(&bars);
            let end = Views::end_of(start);
            // A bar that closes late is traded now, not then.
            self.part = self.rulebook.part_at(self.now.max(end));
            self.decide(end, &bars, fx);
            self.bars = bars;
        }
    }

    /// A new trading day: rules of the day; yesterday's leftovers are over.
    fn on_day(&mut self, day: TradingDay, fx: &mut Effects) {
        if self.book.day().is_some_and(|today| today > day) {
            return;
        }
        self.rules = self.rulebook.on(day);
        if self.book.day() == Some(day) {
            return;
        }
        if self.is_connected() {
            self.expire_leftovers(fx);
            self.close_day(fx);
        }
        self.emit(Record::DayOpened { day }, fx);
        if self.is_connected() {
            self.read_anew();
        }
    }

    /// A checkpoint: recovery replays no day before it.
    fn close_day(&mut self, fx: &mut Effects) {
        if let Some(day) = self.book.day() {
            let book_hash = self.book.digest().to_hex().to_string();
            self.emit(Record::DayClosed { day, book_hash }, fx);
        }
    }

    fn on_base(&mut self, at: Timestamp, symbol: SymbolIx, price: Price) {
        if let Some(view) = self.views.get_mut(symbol).filter(|_| plausible::is_price(price)) {
            view.base = Some(price);
            view.base_day = at.kst_day();
            view.told_on = Some(at.kst_day());
            if view.last.is_none() {
                view.last = Some(price);
                self.revalue();
            }
        }
    }

    /// Moves a symbol's last price and the value of what is held of it.
    #[inline]
    pub(crate) fn mark(&mut self, symbol: SymbolIx, (open, close): (Price, Price), (at, day): (Timestamp, TradingDay)) {
        let Some(view) = self.views.get_mut(symbol) else { return };
        let previous = view.last;
        view.note(day, open, close, at);
        self.revalue_line(symbol, previous, close);
    }

    #[inline]
    fn revalue_line(&mut self, symbol: SymbolIx, previous: Option<Price>, price: Price) {
        let held = self.book.line(symbol).total;
        if held.qty.is_zero() {
            return;
        }
        let before = previous.map_or(held.cost, |p| p * held.qty);
        self.holdings_value += price * held.qty - before;
    }

    /// Rules, base price and part of the session under which an order of now would trade.
    ///
    /// A decision on a daily bar trades in the next opening auction, under the next day's rules and from today's close.
    pub(crate) fn trading_context(&self, symbol: SymbolIx, interval: Interval) -> Option<crate::decide::Venue> {
        let view = self.views.get(symbol)?;
        let reference = view.last?;
        // Behind a network it is always now, also when the bar is a day's.
        let interval = if self.is_connected() { Interval::Minute } else { interval };
        let (rules, base, part) = match interval {
            Interval::Minute => (self.rules, view.base, self.part),
            Interval::Day => {
                let next = self.rulebook.calendar().next_open_day(self.rules.day()).unwrap_or(self.rules.day());
                let part = match self.part {
                    fsts_krx::SessionPart::AlwaysOpen => fsts_krx::SessionPart::AlwaysOpen,
                    _ => fsts_krx::SessionPart::OpeningAuction,
                };
                (self.rulebook.on(next), view.last, part)
            }
        };
        let band = base.and_then(|b| rules.band(view.market, b));
        Some(crate::decide::Venue { rules, band, part, market: view.market, reference, reference_at: view.last_at })
    }

    /// Cash that a bot has in positions (at cost) and working buys.
    pub(crate) fn capital_used(&self, bot: fsts_domain::BotId) -> Won {
        let held: Won = self.book.lines().iter().map(|l| l.slice(Some(bot)).cost).sum();
        let working: Won = self.book.open_orders().iter().filter(|o| o.bot == bot).map(|o| o.reserved_cash()).sum();
        held + working
    }
}
