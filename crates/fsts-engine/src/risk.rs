//! The risk gate: the only maker of [`RiskApproved`], and the last word before the journal.

use fsts_domain::{BotId, OrderKind, Price, Qty, Side, Timestamp, Won};
use fsts_krx::{DayRules, PriceBand, PriceError, SessionPart};
use serde::{Deserialize, Serialize};

use crate::book::Book;
use crate::config::RiskLimits;
use crate::event::SymbolIx;
use crate::intent::{Intent, Purpose, RiskApproved};

const MINUTE_NS: i64 = 60_000_000_000;

/// Why an order was not approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Blocked {
    /// A person or a limit halted trading.
    Halted,
    /// Books and stream are not in step with the broker.
    NotReady,
    /// The journal does not answer.
    JournalStalled,
    /// The bot is paused.
    Paused,
    /// The bot is stopped.
    Stopped,
    /// The market takes no such order now.
    SessionClosed,
    /// The price is too old.
    StaleData,
    /// No price is known.
    NoPrice,
    /// The symbol is frozen.
    Frozen,
    /// An order of the same symbol and side has no known outcome yet.
    Unresolved,
    /// It could trade with another own order.
    Crossing,
    /// Zero shares, or less than a lot.
    Quantity,
    /// More shares than the limit.
    QuantityLimit,
    /// More won than the limit.
    NotionalLimit,
    /// Between two ticks.
    OffTick {
        /// The tick below.
        below: Price,
        /// The tick above.
        above: Price,
    },
    /// Outside the day's price limits.
    OutOfBand {
        /// Lower limit.
        lower: Price,
        /// Upper limit.
        upper: Price,
    },
    /// Not enough cash.
    Cash {
        /// What the order may cost.
        needed: Won,
        /// What is free.
        orderable: Won,
    },
    /// The bot's ring-fence is used up.
    Capital,
    /// The money set apart for bots would be more than what is free.
    RingFences,
    /// Not enough shares.
    Shares {
        /// Wanted.
        wanted: Qty,
        /// What can be sold.
        sellable: Qty,
    },
    /// Too many orders a minute.
    OrderRate,
    /// Too many orders today.
    DailyOrders,
    /// Too many orders working.
    OpenOrders,
    /// Something must be cancelled first; it was asked for, and the order follows.
    AwaitingCancel,
    /// The symbol is not in the universe.
    UnknownSymbol,
}

impl Blocked {
    /// The stable code for logs and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Blocked::Halted => "halted",
            Blocked::NotReady => "not_ready",
            Blocked::JournalStalled => "journal_stalled",
            Blocked::Paused => "paused",
            Blocked::Stopped => "stopped",
            Blocked::SessionClosed => "session_closed",
            Blocked::StaleData => "stale_data",
            Blocked::NoPrice => "no_price",
            Blocked::Frozen => "frozen",
            Blocked::Unresolved => "unresolved",
            Blocked::Crossing => "crossing",
            Blocked::Quantity => "quantity",
            Blocked::QuantityLimit => "quantity_limit",
            Blocked::NotionalLimit => "notional_limit",
            Blocked::OffTick { .. } => "off_tick",
            Blocked::OutOfBand { .. } => "out_of_band",
            Blocked::Cash { .. } => "cash",
            Blocked::Capital => "capital",
            Blocked::RingFences => "ring_fences",
            Blocked::Shares { .. } => "shares",
            Blocked::OrderRate => "order_rate",
            Blocked::DailyOrders => "daily_orders",
            Blocked::OpenOrders => "open_orders",
            Blocked::AwaitingCancel => "awaiting_cancel",
            Blocked::UnknownSymbol => "unknown_symbol",
        }
    }
}

/// What the gate looks at besides the book.
pub(crate) struct GateView<'a> {
    pub rules: &'a DayRules,
    pub limits: &'a RiskLimits,
    pub part: SessionPart,
    pub ready: bool,
    pub journal_ok: bool,
    pub now: Timestamp,
    pub symbol: SymbolIx,
    pub market: fsts_domain::Market,
    pub band: Option<PriceBand>,
    pub reference: Price,
    pub reference_at: Timestamp,
    /// What is left of the bot's ring-fence.
    pub capital: Option<Won>,
    /// Σ of what is left of all bots' ring-fences, this one's included.
    pub fenced: Won,
}

/// Orders of the running market minute.
#[derive(Debug, Default)]
pub(crate) struct OrderRate {
    minute: i64,
    count: u32,
}

impl OrderRate {
    fn count_at(&self, now: Timestamp) -> u32 {
        if self.minute == now.ns().div_euclid(MINUTE_NS) { self.count } else { 0 }
    }

    fn add(&mut self, now: Timestamp) {
        self.count = self.count_at(now) + 1;
        self.minute = now.ns().div_euclid(MINUTE_NS);
    }
}

/// Checks an intent and, when all is well, returns it approved with the cash to set aside.
pub(crate) fn check(
    intent: Intent,
    book: &Book,
    view: &GateView<'_>,
    rate: &mut OrderRate,
) -> Result<(RiskApproved<Intent>, Won), Blocked> {
    check_state(&intent, book, view)?;
    check_price(&intent, view)?;
    check_size(&intent, view)?;
    check_other_orders(&intent, book, view)?;
    let reserved = match intent.side {
        Side::Buy => check_cash(&intent, book, view)?,
        Side::Sell => check_shares(&intent, book, view)?,
    };
    if !must_pass(&intent) {
        check_counts(book, view, rate)?;
    }
    rate.add(view.now);
    Ok((RiskApproved::by_risk_gate(intent), reserved))
}

/// True when the order can only make a position smaller.
fn reduces(intent: &Intent) -> bool {
    intent.side == Side::Sell
}

/// A stop-loss and a person's sale: they only reduce, and no limit that guards against opening may hold them up. What
/// they may sell is bounded by what is held.
fn must_pass(intent: &Intent) -> bool {
    reduces(intent) && intent.purpose != Purpose::Target
}

/// Switches and sessions, looked at again between commit and send.
pub(crate) fn check_state(intent: &Intent, book: &Book, view: &GateView<'_>) -> Result<(), Blocked> {
    let by_hand = intent.purpose == Purpose::Operator;
    if !view.journal_ok {
        return Err(Blocked::JournalStalled);
    }
    if !by_hand && book.is_stopped(intent.bot) {
        return Err(Blocked::Stopped);
    }
    // A person may always reduce, and a stop-loss still works; nothing else moves while halted.
    if book.halted().is_some() && !must_pass(intent) {
        return Err(Blocked::Halted);
    }
    let reduces_by_hand = reduces(intent) && by_hand;
    if !view.ready && !reduces_by_hand {
        return Err(Blocked::NotReady);
    }
    if intent.side == Side::Buy && !by_hand && book.is_paused(intent.bot) {
        return Err(Blocked::Paused);
    }
    if !view.rules.accepts(view.part, intent.kind) {
        return Err(Blocked::SessionClosed);
    }
    let age_ns = view.now.since(view.reference_at);
    if !reduces(intent) && age_ns > view.limits.stale_after_s.saturating_mul(fsts_domain::NS_PER_S) {
        return Err(Blocked::StaleData);
    }
    if !reduces(intent) && is_frozen(book, view.symbol) {
        return Err(Blocked::Frozen);
    }
    Ok(())
}

/// True when a symbol takes no opening order: frozen by record, or by an order without known outcome.
pub(crate) fn is_frozen(book: &Book, symbol: SymbolIx) -> bool {
    let line = book.line(symbol);
    line.frozen.is_some()
        || (line.open_orders > 0 && book.open_orders().iter().any(|o| o.symbol == symbol && o.state.is_unresolved()))
}

fn check_price(intent: &Intent, view: &GateView<'_>) -> Result<(), Blocked> {
    let OrderKind::Limit(price) = intent.kind else { return Ok(()) };
    match view.rules.limit_price(view.market, price, view.band) {
        Ok(_) => Ok(()),
        Err(PriceError::OffTick { below, above, .. }) => Err(Blocked::OffTick { below, above }),
        Err(PriceError::OutOfBand { lower, upper, .. }) => Err(Blocked::OutOfBand { lower, upper }),
    }
}

fn check_size(intent: &Intent, view: &GateView<'_>) -> Result<(), Blocked> {
    if intent.qty.is_zero() || intent.qty.get() % view.rules.lot(view.market).get().max(1) != 0 {
        return Err(Blocked::Quantity);
    }
    if intent.qty > view.limits.order_qty_max && intent.side == Side::Buy {
        return Err(Blocked::QuantityLimit);
    }
    let price = match intent.kind {
        OrderKind::Limit(price) => price,
        OrderKind::Market => view.reference,
    };
    let notional = price.get().checked_mul(intent.qty.get()).map(Won::new).ok_or(Blocked::NotionalLimit)?;
    if notional > view.limits.order_won_max && intent.side == Side::Buy {
        return Err(Blocked::NotionalLimit);
    }
    Ok(())
}

/// At most one order without outcome a side (I3), and no two own orders that can cross (I21).
fn check_other_orders(intent: &Intent, book: &Book, view: &GateView<'_>) -> Result<(), Blocked> {
    if book.line(view.symbol).open_orders == 0 {
        return Ok(());
    }
    for other in book.open_orders().iter().filter(|o| o.symbol == view.symbol && o.bracket.is_none()) {
        // An unknown sell counts as sold; a stop-loss may sell what it leaves, and so may a person – but no twin of it,
        // or nobody could tell in the broker's list which of the two was placed.
        let is_twin = (intent.qty, intent.kind) == (other.qty, other.kind) && intent.purpose == Purpose::Operator;
        let passes_unknown = must_pass(intent) && other.state.is_unresolved() && !is_twin;
        if other.side == intent.side && other.number.is_none() && !passes_unknown {
            return Err(Blocked::Unresolved);
        }
        // A reducing order may pass an order that is perhaps not even there: the stop-loss matters more.
        let passes = reduces(intent) && other.state.is_unresolved();
        if other.side != intent.side && !passes && may_cross(intent.kind, other.kind, intent.side) {
            return Err(Blocked::Crossing);
        }
    }
    Ok(())
}

fn may_cross(ours: OrderKind, theirs: OrderKind, our_side: Side) -> bool {
    match (ours, theirs) {
        (OrderKind::Limit(a), OrderKind::Limit(b)) => match our_side {
            Side::Buy => a >= b,
            Side::Sell => a <= b,
        },
        (OrderKind::Market, _) | (_, OrderKind::Market) => true,
    }
}

fn check_cash(intent: &Intent, book: &Book, view: &GateView<'_>) -> Result<Won, Blocked> {
    let worst = match intent.kind {
        OrderKind::Limit(price) => price,
        OrderKind::Market => market_reserve_price(view.reference, view.band),
    };
    let amount = worst.get().checked_mul(intent.qty.get()).map(Won::new).ok_or(Blocked::NotionalLimit)?;
    let fee = view.rules.commission(view.market, amount);
    let needed = amount.get().checked_add(fee.get()).map(Won::new).ok_or(Blocked::NotionalLimit)?;
    let orderable = book.orderable();
    if needed > orderable {
        return Err(Blocked::Cash { needed, orderable });
    }
    if view.capital.is_some_and(|left| needed > left) {
        return Err(Blocked::Capital);
    }
    // A bot's order takes as much out of its own fence as out of the cash; without a fence it takes it from the others.
    let own = view.capital.map_or(Won::ZERO, |_| needed);
    if intent.bot != BotId::MANUAL && view.fenced - own > orderable - needed {
        return Err(Blocked::RingFences);
    }
    Ok(needed)
}

/// A market buy may execute up to the upper limit; without limits, 30 % above the reference is set aside.
pub(crate) fn market_reserve_price(reference: Price, band: Option<PriceBand>) -> Price {
    match band {
        Some(band) => band.upper.max(reference),
        None => Price::new(reference.get() + reference.get() * 3 / 10).unwrap_or(reference),
    }
}

fn check_shares(intent: &Intent, book: &Book, view: &GateView<'_>) -> Result<Won, Blocked> {
    let line = book.line(view.symbol);
    let free = line.total.qty.saturating_sub(line.reserved_qty);
    let owned = if intent.bot == BotId::MANUAL { free } else { line.slice(Some(intent.bot)).qty.min(free) };
    if intent.qty > owned {
        return Err(Blocked::Shares { wanted: intent.qty, sellable: owned });
    }
    Ok(Won::ZERO)
}

fn check_counts(book: &Book, view: &GateView<'_>, rate: &OrderRate) -> Result<(), Blocked> {
    if rate.count_at(view.now) >= view.limits.orders_per_minute_max {
        return Err(Blocked::OrderRate);
    }
    if book.approved_today >= view.limits.orders_per_day_max {
        return Err(Blocked::DailyOrders);
    }
    if book.open_orders().len() >= view.limits.open_orders_max as usize {
        return Err(Blocked::OpenOrders);
    }
    Ok(())
}
