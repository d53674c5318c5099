//! The order of time: phases of the day, prints, notices and boundaries, one instant after the other.

use fsts_domain::{NS_PER_S, Timestamp, TradingDay};
use fsts_krx::SessionPart;

use crate::config::{ClockMode, Session};
use crate::exchange::Exchange;
use crate::market::{Happening, Hours};

/// The closing auction begins so long before the close.
const CLOSING_AUCTION_S: i64 = 600;
/// Orders expire a second after the close, when its auction has traded.
const EXPIRY_S: i64 = 1;
/// A night that is skipped begins so long after the close, so that clients can finish their day.
const EVENING_S: i64 = 60;
/// In real time the next day begins early in its morning.
const MORNING_S: i64 = 7 * 3600;
/// Clients close a minute's bar within its first second; a step stops on both ends of it.
const BOUNDARY_OFFSETS_S: [i64; 2] = [0, 1];
const MINUTE_S: i64 = 60;

/// What the clock brings by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A part of the session begins.
    Enter(SessionPart),
    /// What still works expires.
    Expire,
    /// The next trading day begins.
    NextDay,
}

impl Phase {
    /// Openings come before the trades of their instant, endings after.
    const fn is_before_trades(self) -> bool {
        match self {
            Phase::Enter(SessionPart::Continuous | SessionPart::ClosingAuction) => true,
            Phase::Enter(_) | Phase::Expire | Phase::NextDay => false,
        }
    }
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stepped {
    /// True when somebody could have noticed it: a print, a phase, a notice or a boundary.
    pub(crate) noticeable: bool,
}

impl Exchange {
    /// Begins a trading day: what happened until `resume_after` is taken as done.
    pub(crate) fn enter_day(&mut self, day: TradingDay, resume_after: Timestamp) {
        self.day = day;
        self.today = self.rules.on(day);
        let hours = self.hours(day, resume_after);
        self.market.begin_day(&hours, &self.board, &self.today);
        for print in self.market.take_passed() {
            self.board.get_mut(print.symbol).trade(&print);
        }
        self.agenda = self.phases(&hours).into();
        let mut unseen: Vec<Happening> = Vec::new();
        while let Some((at, phase)) = self.agenda.front().copied().filter(|(at, _)| *at <= resume_after) {
            self.agenda.pop_front();
            // The opening is part of the market's own rebuilding.
            if let Phase::Enter(part @ (SessionPart::ClosingAuction | SessionPart::Closed)) = phase {
                self.market.enter(part, at, &mut unseen);
            }
        }
    }

    fn hours(&self, day: TradingDay, resume_after: Timestamp) -> Hours {
        let calendar = self.rules.calendar();
        let midnight = Timestamp::from_kst(day, 0);
        Hours {
            day,
            open: calendar.regular_open(day).unwrap_or(midnight),
            close: calendar.regular_close(day).unwrap_or(midnight),
            resume_after,
            always_open: self.config.session == Session::AlwaysOpen,
        }
    }

    /// The day's phases, ascending; those of one instant in the order given.
    fn phases(&self, hours: &Hours) -> Vec<(Timestamp, Phase)> {
        let Hours { day, open, close, always_open, .. } = *hours;
        if always_open {
            return vec![(close, Phase::Expire), (close, Phase::NextDay)];
        }
        let evening = match self.clock.mode() {
            ClockMode::Accelerated { .. } | ClockMode::Stepped => close.plus_s(EVENING_S),
            ClockMode::Real => self.morning_after(day).unwrap_or(close.plus_s(EVENING_S)),
        };
        vec![
            (open, Phase::Enter(SessionPart::Continuous)),
            (close.plus_s(-CLOSING_AUCTION_S), Phase::Enter(SessionPart::ClosingAuction)),
            (close, Phase::Enter(SessionPart::Closed)),
            (close.plus_s(EXPIRY_S), Phase::Expire),
            (evening, Phase::NextDay),
        ]
    }

    fn morning_after(&self, day: TradingDay) -> Option<Timestamp> {
        let next = self.rules.calendar().next_open_day(day)?;
        Some(Timestamp::from_kst(next, MORNING_S))
    }

    /// The next trading day there is something for.
    pub(crate) fn trading_day_from(&self, from: TradingDay) -> Option<TradingDay> {
        let calendar = self.rules.calendar();
        self.market.day_from(from, |day| calendar.is_open(day))
    }

    /// The next instant at which something happens; `None` when nothing ever will.
    pub(crate) fn next_instant(&mut self) -> Option<Timestamp> {
        if self.done {
            return self.next_notice();
        }
        let phase = self.agenda.front().map(|(at, _)| *at);
        let boundary = match self.clock.mode() {
            ClockMode::Stepped => self.next_boundary(),
            ClockMode::Real | ClockMode::Accelerated { .. } => None,
        };
        [phase, self.market.next_at(), self.next_notice(), boundary].into_iter().flatten().min()
    }

    /// The next end of a minute's first second, while the market is open or about to be.
    fn next_boundary(&self) -> Option<Timestamp> {
        let minute = self.now.ns().div_euclid(MINUTE_S * NS_PER_S) * MINUTE_S * NS_PER_S;
        let candidates = [minute, minute + MINUTE_S * NS_PER_S];
        let next = candidates
            .iter()
            .flat_map(|start| BOUNDARY_OFFSETS_S.map(|offset| Timestamp::from_ns(start + offset * NS_PER_S)))
            .find(|at| *at > self.now)?;
        let last_phase = self.agenda.back().map(|(at, _)| *at)?;
        (next <= last_phase).then_some(next)
    }

    /// Does everything that is due at `at`.
    pub(crate) fn run_instant(&mut self, at: Timestamp) -> Stepped {
        self.now = self.now.max(at);
        let mut noticeable = self.next_notice().is_some_and(|leaves| leaves <= at);
        noticeable |= self.is_boundary(at);
        let mut happenings = Vec::new();
        noticeable |= self.run_phases(at, true, &mut happenings);
        self.market.run(at, &mut happenings);
        noticeable |= happenings.iter().any(|happening| !matches!(happening, Happening::Book { .. }));
        self.absorb(&happenings);
        happenings.clear();
        noticeable |= self.run_phases(at, false, &mut happenings);
        self.absorb(&happenings);
        self.release_notices();
        Stepped { noticeable }
    }

    fn is_boundary(&self, at: Timestamp) -> bool {
        let second = at.ns().rem_euclid(MINUTE_S * NS_PER_S);
        self.clock.mode() == ClockMode::Stepped && BOUNDARY_OFFSETS_S.iter().any(|offset| offset * NS_PER_S == second)
    }

    fn run_phases(&mut self, at: Timestamp, before_trades: bool, out: &mut Vec<Happening>) -> bool {
        let mut ran = false;
        while let Some((due, phase)) = self.agenda.front().copied() {
            if due > at || phase.is_before_trades() != before_trades {
                break;
            }
            self.agenda.pop_front();
            ran = true;
            match phase {
                Phase::Enter(part) => self.market.enter(part, at, out),
                Phase::Expire => self.expire_orders(),
                Phase::NextDay => {
                    self.next_day();
                    break;
                }
            }
        }
        ran
    }

    fn next_day(&mut self) {
        let Some(day) = self.trading_day_from(self.day.plus_days(1)) else {
            self.done = true;
            self.agenda.clear();
            return;
        };
        self.archive_day();
        let rules = self.rules.on(day);
        let (yesterday, unsettled_from) = (self.day, self.rules.calendar().previous_open_day(day).unwrap_or(day));
        self.orders.begin_day();
        for account in &mut self.accounts {
            account.ledger.begin_day(unsettled_from);
        }
        for quote in self.board.all_mut() {
            quote.begin_day(Some(yesterday), &rules);
        }
        self.set_bases_from_market(day);
        self.accounts_changed();
        let start = match (self.config.session, self.clock.mode()) {
            (_, ClockMode::Real) => self.now,
            (session, ClockMode::Accelerated { .. } | ClockMode::Stepped) => {
                let start = match session {
                    Session::AlwaysOpen => Timestamp::from_kst(day, 0),
                    Session::Krx => self.rules.calendar().regular_open(day).map_or(self.now, |open| open.plus_s(-30)),
                };
                self.clock.set(start.max(self.now));
                start.max(self.now)
            }
        };
        self.now = start;
        // The new day's prices are saved with its accounts.
        self.market_saved = Timestamp::default();
        self.enter_day(day, start);
    }

    /// A replayed day that begins outside yesterday's limits has another base price (a split, a rights issue): the
    /// opening price stands for it.
    pub(crate) fn set_bases_from_market(&mut self, day: TradingDay) {
        let rules = self.rules.on(day);
        for (symbol, quote) in self.board.all_mut().iter_mut().enumerate() {
            let outside = |price| quote.band.is_some_and(|band| !band.contains(price));
            if let Some(first) = self.market.first_price(day, symbol).filter(|price| outside(*price)) {
                quote.set_base(rules.round_down(quote.market, first), &rules);
            }
        }
    }

    /// Brings the state up to the clock. In stepped mode time stands still and only notices due now leave.
    pub(crate) fn catch_up(&mut self) {
        match self.clock.mode() {
            ClockMode::Stepped => self.release_notices(),
            ClockMode::Real | ClockMode::Accelerated { .. } => {
                self.clock.hold_at(self.now);
                self.run_to_reading();
            }
        }
    }

    /// Does all that is due by what the clock shows, however much it is: also at the start of a resumed run, whose
    /// clock begins where the last one may have been.
    pub(crate) fn run_to_reading(&mut self) {
        while let Some(at) = self.next_instant().filter(|at| *at <= self.clock.reading()) {
            self.run_instant(at);
        }
        if !self.done {
            self.now = self.now.max(self.clock.reading());
        }
    }

    /// Moves a stepped clock to the next instant that somebody could notice, or to `until` when that comes first.
    /// False when there is nothing to move to.
    pub(crate) fn step(&mut self, until: Option<Timestamp>) -> bool {
        loop {
            let next = self.next_instant();
            match (next, until) {
                (None, None) => return false,
                (None, Some(limit)) => {
                    self.now = self.now.max(limit);
                    self.clock.set(self.now);
                    return false;
                }
                (Some(at), Some(limit)) if at > limit => {
                    self.now = self.now.max(limit);
                    self.clock.set(self.now);
                    return false;
                }
                (Some(at), _) => {
                    let stepped = self.run_instant(at);
                    self.clock.set(self.now);
                    if stepped.noticeable {
                        return true;
                    }
                }
            }
        }
    }
}
