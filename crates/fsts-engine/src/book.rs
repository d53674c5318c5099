//! Orders, positions, cash, freezes and halts: a fold of the journal's records and of nothing else.

mod bots;
mod digest;
mod line;

use std::collections::{BTreeMap, BTreeSet};

use fsts_domain::{BotId, IntentId, OrderNumber, OrderState, Qty, Side, Symbol, Timestamp, TradingDay, Won};
use serde::{Deserialize, Serialize};

use crate::bots::{BotDefinition, BotSwitch};
use crate::event::SymbolIx;
use crate::live_order::{LiveOrder, may_become};
use crate::record::{ApprovedOrder, Entry, FillSource, Record};

pub use line::Line;

/// Running sums that must explain cash to the won (I5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CashFlows {
    /// Cash at the account's opening.
    pub start: Won,
    /// Σ bought amounts.
    pub bought: Won,
    /// Σ sold amounts.
    pub sold: Won,
    /// Σ commissions.
    pub fees: Won,
    /// Σ taxes.
    pub taxes: Won,
    /// Σ explicit adjustments.
    pub adjusted: Won,
}

impl CashFlows {
    /// Cash as it must be.
    pub fn cash(&self) -> Won {
        self.start - self.bought + self.sold - self.fees - self.taxes + self.adjusted
    }
}

/// An order request by hand, kept so that the same key never makes a second order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Digest of the body.
    pub body: String,
    /// The order it became.
    pub id: Option<IntentId>,
    /// Code of the block.
    pub blocked: Option<String>,
    /// Trading day on which it was made; the day after it is forgotten.
    #[serde(default)]
    pub day: Option<TradingDay>,
}

/// Orders, positions, cash, freezes and halts of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Book {
    pub(crate) lines: Vec<Line>,
    index: BTreeMap<Symbol, SymbolIx>,
    /// Orders that are not terminal, by id.
    pub(crate) open: Vec<LiveOrder>,
    /// Terminal orders of the day that the broker knows, for late notices and corrections.
    pub(crate) closed: Vec<LiveOrder>,
    pub(crate) numbers: BTreeMap<OrderNumber, IntentId>,
    pub(crate) external: BTreeMap<OrderNumber, ExternalOrder>,
    pub(crate) requests: BTreeMap<String, RequestRecord>,
    pub(crate) paused_bots: BTreeSet<BotId>,
    #[serde(default)]
    pub(crate) stopped_bots: BTreeSet<BotId>,
    /// Bots made at run time, in the order of their making.
    #[serde(default)]
    pub(crate) made_bots: Vec<BotDefinition>,
    /// What each bot's own orders realized, after costs.
    #[serde(default)]
    pub(crate) bot_realized: BTreeMap<BotId, Won>,
    /// Day of each bot's last run before the close.
    #[serde(default)]
    pub(crate) daily_runs: BTreeMap<BotId, TradingDay>,
    pub(crate) cash: Won,
    pub(crate) reserved: Won,
    pub(crate) realized: Won,
    pub(crate) flows: CashFlows,
    pub(crate) halted: Option<String>,
    pub(crate) day: Option<TradingDay>,
    pub(crate) opened: bool,
    pub(crate) next_intent: u64,
    pub(crate) last_seq: u64,
    /// Orders approved on the current day, for the daily limit.
    pub(crate) approved_today: u32,
}

/// A broker order that is none of ours, with what was booked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExternalOrder {
    /// Booked shares.
    pub qty: Qty,
    /// Booked amount.
    pub amount: Won,
    /// Booked commission.
    pub fee: Won,
    /// Booked tax.
    pub tax: Won,
}

impl Book {
    /// An empty book over a universe; unknown symbols join it when a record names them.
    pub fn new(universe: &[Symbol]) -> Self {
        let mut book = Book {
            lines: Vec::with_capacity(universe.len()),
            index: BTreeMap::new(),
            open: Vec::new(),
            closed: Vec::new(),
            numbers: BTreeMap::new(),
            external: BTreeMap::new(),
            requests: BTreeMap::new(),
            paused_bots: BTreeSet::new(),
            stopped_bots: BTreeSet::new(),
            made_bots: Vec::new(),
            bot_realized: BTreeMap::new(),
            daily_runs: BTreeMap::new(),
            cash: Won::ZERO,
            reserved: Won::ZERO,
            realized: Won::ZERO,
            flows: CashFlows::default(),
            halted: None,
            day: None,
            opened: false,
            next_intent: 1,
            last_seq: 0,
            approved_today: 0,
        };
        for symbol in universe {
            book.intern(*symbol);
        }
        book
    }

    /// The same book with the universe's symbols first, so that indices are those of an engine over that universe.
    pub fn reindexed(mut self, universe: &[Symbol]) -> Book {
        let mut fresh = Book::new(universe);
        let to: Vec<SymbolIx> = self.lines.iter().map(|line| fresh.intern(line.symbol)).collect();
        for (line, ix) in self.lines.drain(..).zip(&to) {
            if let Some(slot) = fresh.lines.get_mut(*ix as usize) {
                *slot = line;
            }
        }
        for order in self.open.iter_mut().chain(&mut self.closed) {
            order.symbol = to.get(order.symbol as usize).copied().unwrap_or_default();
        }
        Book { lines: fresh.lines, index: fresh.index, ..self }
    }

    /// The index of a symbol, given out on first sight.
    pub fn intern(&mut self, symbol: Symbol) -> SymbolIx {
        if let Some(ix) = self.index.get(&symbol) {
            return *ix;
        }
        let ix = self.lines.len() as SymbolIx;
        self.lines.push(Line::new(symbol));
        self.index.insert(symbol, ix);
        ix
    }

    /// The index of a symbol that the book knows.
    pub fn ix(&self, symbol: Symbol) -> Option<SymbolIx> {
        self.index.get(&symbol).copied()
    }

    /// What is held and working in a symbol.
    #[inline]
    pub fn line(&self, symbol: SymbolIx) -> &Line {
        self.lines.get(symbol as usize).expect("invariant: a symbol index comes from this book")
    }

    #[inline]
    fn line_mut(&mut self, symbol: SymbolIx) -> &mut Line {
        self.lines.get_mut(symbol as usize).expect("invariant: a symbol index comes from this book")
    }

    /// All lines, by index.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Orders that are not terminal, by id.
    pub fn open_orders(&self) -> &[LiveOrder] {
        &self.open
    }

    /// Terminal orders of the day.
    pub fn closed_orders(&self) -> &[LiveOrder] {
        &self.closed
    }

    /// An order that is not terminal.
    pub fn order(&self, id: IntentId) -> Option<&LiveOrder> {
        self.open.binary_search_by_key(&id, |o| o.id).ok().and_then(|at| self.open.get(at))
    }

    /// An order of the day, terminal or not.
    pub fn order_of_day(&self, id: IntentId) -> Option<&LiveOrder> {
        // What is asked for has mostly just ended: from the back the search does not grow with the day.
        self.order(id).or_else(|| self.closed.iter().rev().find(|o| o.id == id))
    }

    /// Our order behind a broker number of today.
    pub fn by_number(&self, number: OrderNumber) -> Option<IntentId> {
        self.numbers.get(&number).copied()
    }

    /// Cash (D+2 view).
    pub fn cash(&self) -> Won {
        self.cash
    }

    /// Cash set aside for working buys.
    pub fn reserved(&self) -> Won {
        self.reserved
    }

    /// Cash that a new order may use.
    pub fn orderable(&self) -> Won {
        self.cash - self.reserved
    }

    /// Σ (sold amount − its cost − fees and taxes of sells − fees of buys).
    pub fn realized(&self) -> Won {
        self.realized
    }

    /// The sums that explain cash.
    pub fn flows(&self) -> &CashFlows {
        &self.flows
    }

    /// Why trading is halted.
    pub fn halted(&self) -> Option<&str> {
        self.halted.as_deref()
    }

    /// True once the account's opening state is recorded.
    pub fn is_opened(&self) -> bool {
        self.opened
    }

    /// The current trading day.
    pub fn day(&self) -> Option<TradingDay> {
        self.day
    }

    /// Sequence of the last record.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// What an earlier request with this key became.
    pub fn request(&self, key: &str) -> Option<&RequestRecord> {
        self.requests.get(key)
    }

    /// The id that the next intent gets.
    pub(crate) fn next_id(&self) -> IntentId {
        IntentId(self.next_intent)
    }

    /// Applies one record. Records come in order, from the journal or from `step`.
    ///
    /// # Panics
    /// When a record breaks an invariant (I5–I9): the stream was not written by this program.
    pub fn apply(&mut self, entry: &Entry) {
        assert!(
            entry.seq == self.last_seq + 1,
            "invariant: records come in order, {} after {}",
            entry.seq,
            self.last_seq
        );
        self.last_seq = entry.seq;
        match &entry.record {
            Record::Approved(order) => self.approve(order, entry),
            Record::Acked { id, number, branch, .. } => {
                self.numbers.insert(*number, *id);
                let order = self.moved(*id, OrderState::Acked);
                order.number = Some(*number);
                order.branch = *branch;
            }
            Record::Filled { id, qty, amount, fee, tax, source } => {
                self.fill(*id, Booking { qty: *qty, amount: *amount, fee: *fee, tax: *tax }, *source, entry.at);
            }
            Record::Confirmed { id, qty, amount_delta } => self.confirm(*id, *qty, *amount_delta),
            Record::Closed { id, state } => self.close(*id, *state),
            Record::Withdrawn { id, .. } | Record::Refused { id, .. } => self.close(*id, OrderState::Refused),
            Record::Ambiguous { id, .. } => {
                self.moved(*id, OrderState::Ambiguous);
            }
            Record::Presumed { id } => {
                self.moved(*id, OrderState::PresumedNotPlaced);
            }
            Record::Disputed { id, .. } => {
                self.moved(*id, OrderState::Disputed);
            }
            Record::CancelRequested { id } => self.open_mut(*id).cancelling = true,
            Record::ExternalOrder { number, .. } => {
                self.external.insert(*number, ExternalOrder::default());
            }
            Record::ExternalFilled { number, symbol, side, qty, amount, fee, tax } => {
                let booking = Booking { qty: *qty, amount: *amount, fee: *fee, tax: *tax };
                self.external_fill(*number, (*symbol, *side), booking);
            }
            state @ (Record::RunStarted { .. }
            | Record::AccountOpened { .. }
            | Record::DayOpened { .. }
            | Record::Adjusted { .. }
            | Record::Halted { .. }
            | Record::Resumed
            | Record::Frozen { .. }
            | Record::Unfrozen { .. }
            | Record::BotSet { .. }
            | Record::BotSwitched { .. }
            | Record::BotMade(_)
            | Record::BotDeleted { .. }
            | Record::DailyRun { .. }
            | Record::Requested { .. }
            | Record::DayClosed { .. }) => self.apply_state(state),
        }
        assert!(self.cash == self.flows.cash(), "invariant I5: cash {} is not explained by its flows", self.cash);
    }

    /// Records about the account and its switches rather than about one order.
    fn apply_state(&mut self, record: &Record) {
        match record {
            Record::AccountOpened { cash, holdings } => self.open_account(*cash, holdings),
            Record::DayOpened { day } => {
                // A key lives to the end of the trading day after its own, and so for more than 24 hours.
                let ending = self.day;
                self.requests.retain(|_, r| r.day.is_none() || r.day >= ending);
                self.requests.values_mut().filter(|r| r.day.is_none()).for_each(|r| r.day = ending);
                self.day = Some(*day);
                // A simulated broker may carry an order over the night; a real one never does.
                let open = &self.open;
                self.numbers.retain(|_, id| open.binary_search_by_key(id, |o| o.id).is_ok());
                self.external.clear();
                self.closed.clear();
                self.approved_today = 0;
            }
            Record::Adjusted { amount, .. } => {
                self.cash += *amount;
                self.flows.adjusted += *amount;
            }
            Record::Halted { reason } => self.halted = Some(reason.clone()),
            Record::Resumed => self.halted = None,
            Record::Frozen { symbol, reason } => {
                let ix = self.intern(*symbol);
                self.line_mut(ix).frozen = Some(*reason);
            }
            Record::Unfrozen { symbol } => {
                let ix = self.intern(*symbol);
                self.line_mut(ix).frozen = None;
            }
            Record::BotSet { bot, running } => {
                self.switch_bot(*bot, if *running { BotSwitch::Running } else { BotSwitch::Paused });
            }
            Record::BotSwitched { bot, to } => self.switch_bot(*bot, *to),
            Record::BotMade(definition) => self.add_bot(definition),
            Record::BotDeleted { bot } => self.forget_bot(*bot),
            Record::DailyRun { bot, day, .. } => drop(self.daily_runs.insert(*bot, *day)),
            Record::Requested { key, body, id, blocked } => {
                let request = RequestRecord { body: body.clone(), id: *id, blocked: blocked.clone(), day: self.day };
                self.requests.insert(key.clone(), request);
            }
            Record::RunStarted { .. } | Record::DayClosed { .. } => {}
            Record::Approved(_)
            | Record::Acked { .. }
            | Record::Filled { .. }
            | Record::Confirmed { .. }
            | Record::Closed { .. }
            | Record::Withdrawn { .. }
            | Record::Refused { .. }
            | Record::Ambiguous { .. }
            | Record::Presumed { .. }
            | Record::Disputed { .. }
            | Record::CancelRequested { .. }
            | Record::ExternalOrder { .. }
            | Record::ExternalFilled { .. } => unreachable!("invariant: `apply` takes records about orders itself"),
        }
    }

    fn open_account(&mut self, cash: Won, holdings: &[(Symbol, Qty, Won)]) {
        self.cash = cash;
        self.flows = CashFlows { start: cash, ..CashFlows::default() };
        self.opened = true;
        for (symbol, qty, cost) in holdings {
            let ix = self.intern(*symbol);
            self.line_mut(ix).buy(None, *qty, *cost);
        }
    }

    fn approve(&mut self, approved: &ApprovedOrder, entry: &Entry) {
        let symbol = self.intern(approved.symbol);
        let order = LiveOrder {
            id: approved.id,
            bot: approved.bot,
            symbol,
            side: approved.side,
            qty: approved.qty,
            kind: approved.kind,
            bracket: approved.bracket,
            purpose: approved.purpose,
            state: OrderState::Sending,
            number: None,
            branch: crate::port::Branch::default(),
            filled_qty: Qty::ZERO,
            filled_amount: Won::ZERO,
            fee: Won::ZERO,
            tax: Won::ZERO,
            confirmed_qty: Qty::ZERO,
            reserved: approved.reserved,
            approved_at: entry.at,
            provisional_since: None,
            inquiries: 0,
            cancelling: false,
            noticed: Vec::new(),
        };
        assert!(approved.id.0 >= self.next_intent, "invariant: intent ids are never reused");
        self.next_intent = approved.id.0 + 1;
        self.approved_today += 1;
        self.reserved += order.reserved_cash();
        let line = self.line_mut(symbol);
        line.reserved_qty += order.reserved_shares();
        line.open_orders += 1;
        assert!(line.reserved_qty <= line.total.qty, "invariant I7: {} reserves more shares than held", line.symbol);
        assert!(self.reserved <= self.cash || order.side == Side::Sell, "invariant I7: more cash reserved than held");
        self.open.push(order);
    }

    fn open_mut(&mut self, id: IntentId) -> &mut LiveOrder {
        let at = self.open.binary_search_by_key(&id, |o| o.id).ok();
        at.and_then(|at| self.open.get_mut(at)).expect("invariant: I8, records name orders that are open")
    }

    fn moved(&mut self, id: IntentId, to: OrderState) -> &mut LiveOrder {
        let order = self.open_mut(id);
        assert!(may_become(order.state, to), "invariant I8: order {id} may not pass from {:?} to {to:?}", order.state);
        order.state = to;
        order
    }
}

/// Whose slice an order fills: a bot's own, or `External` for a person's.
fn owner_of(bot: BotId) -> Option<BotId> {
    (bot != BotId::MANUAL).then_some(bot)
}

/// Quantities of one booking.
#[derive(Debug, Clone, Copy)]
struct Booking {
    qty: Qty,
    amount: Won,
    fee: Won,
    tax: Won,
}

impl Book {
    /// Changes an open order and keeps the reservations' sums equal to the orders' parts.
    fn with_reservation<R>(&mut self, id: IntentId, change: impl FnOnce(&mut LiveOrder) -> R) -> R {
        let order = self.open_mut(id);
        let (cash, shares, symbol) = (order.reserved_cash(), order.reserved_shares(), order.symbol);
        let result = change(order);
        let (cash_after, shares_after) = (order.reserved_cash(), order.reserved_shares());
        self.reserved = self.reserved - cash + cash_after;
        let line = self.line_mut(symbol);
        line.reserved_qty = (line.reserved_qty + shares_after) - shares;
        result
    }

    fn fill(&mut self, id: IntentId, booking: Booking, source: FillSource, at: Timestamp) {
        let (bot, symbol, side) = self.with_reservation(id, |order| {
            let total = order.filled_qty + booking.qty;
            assert!(total <= order.qty, "invariant I9: order {id} filled {total} of {}", order.qty);
            let to = if total == order.qty { OrderState::Filled } else { OrderState::PartiallyFilled };
            assert!(may_become(order.state, to), "invariant I8: order {id} may not fill in {:?}", order.state);
            order.state = to;
            order.filled_qty = total;
            order.filled_amount += booking.amount;
            order.fee += booking.fee;
            order.tax += booking.tax;
            match source {
                FillSource::Inquiry | FillSource::Simulation => {
                    order.confirmed_qty = total;
                    order.provisional_since = None;
                }
                FillSource::Notice => {
                    order.noticed.push((booking.qty, booking.amount));
                    order.provisional_since.get_or_insert(at);
                }
            }
            (order.bot, order.symbol, order.side)
        });
        self.book_trade(symbol, (owner_of(bot), side), booking);
        let order = self.open_mut(id);
        if order.state == OrderState::Filled && order.confirmed_qty == order.qty {
            self.retire(id);
        }
    }

    fn book_trade(&mut self, symbol: SymbolIx, (owner, side): (Option<BotId>, Side), booking: Booking) {
        let line = self.line_mut(symbol);
        match side {
            Side::Buy => {
                line.buy(owner, booking.qty, booking.amount);
                self.cash -= booking.amount;
                self.flows.bought += booking.amount;
                self.realize(owner, Won::ZERO - booking.fee);
            }
            Side::Sell => {
                let cost = line.sell(owner, booking.qty);
                self.cash += booking.amount;
                self.flows.sold += booking.amount;
                self.realize(owner, booking.amount - cost - booking.fee - booking.tax);
            }
        }
        self.cash -= booking.fee + booking.tax;
        self.flows.fees += booking.fee;
        self.flows.taxes += booking.tax;
    }

    /// An inquiry confirmed shares; what its amount differs by is booked as trade amount, fee-free.
    fn confirm(&mut self, id: IntentId, qty: Qty, amount_delta: Won) {
        let order = self.open_mut(id);
        order.confirmed_qty = qty;
        order.filled_amount += amount_delta;
        order.provisional_since = None;
        let (side, symbol, done) = (order.side, order.symbol, order.state == OrderState::Filled && qty == order.qty);
        let owner = owner_of(order.bot);
        match side {
            Side::Buy => {
                self.cash -= amount_delta;
                self.flows.bought += amount_delta;
                let line = self.line_mut(symbol);
                // Shares that are sold already can't cost more: it is profit less.
                if !line.correct_cost(owner, amount_delta) {
                    self.realize(owner, Won::ZERO - amount_delta);
                }
            }
            Side::Sell => {
                self.cash += amount_delta;
                self.flows.sold += amount_delta;
                self.realize(owner, amount_delta);
            }
        }
        if done {
            self.retire(id);
        }
    }

    fn external_fill(&mut self, number: OrderNumber, (symbol, side): (Symbol, Side), booking: Booking) {
        let seen = self.external.entry(number).or_default();
        seen.qty += booking.qty;
        seen.amount += booking.amount;
        seen.fee += booking.fee;
        seen.tax += booking.tax;
        if !self.opened {
            // What was traded before the account's opening is part of what it then holds.
            return;
        }
        let ix = self.intern(symbol);
        self.book_trade(ix, (None, side), booking);
    }

    fn close(&mut self, id: IntentId, state: OrderState) {
        self.with_reservation(id, |order| {
            assert!(
                may_become(order.state, state),
                "invariant I8: order {id} may not pass from {:?} to {state:?}",
                order.state
            );
            order.state = state;
        });
        self.retire(id);
    }

    /// Moves a terminal order out of the open ones.
    fn retire(&mut self, id: IntentId) {
        if let Ok(at) = self.open.binary_search_by_key(&id, |o| o.id) {
            let order = self.open.remove(at);
            self.line_mut(order.symbol).open_orders -= 1;
            if order.number.is_some() {
                self.closed.push(order);
            }
        }
    }
}
