//! From the engine's books to views: what a [`Desk`](crate::Desk) needs. The program's desk and the tests' desk both use it.

mod bots;

use std::collections::{BTreeMap, VecDeque};

use fsts_domain::{IntentId, OrderKind, OrderState, Position, Price, Qty, Symbol, Timestamp, Won};
use fsts_engine::{ApprovedOrder, Book, Engine, Entry, LiveOrder, Record, Strategy};

pub use bots::{BotOrigin, BotsOf, bots, brief};

use crate::views::{AsOf, BalanceView, FillView, OrderView, PositionView, SliceView};

/// Ended orders and executions that a picture carries.
const RECENT: usize = 200;

/// The account's money. Holdings are valued here as [`positions`] values them, so that the two always add up.
pub fn balance<S: Strategy>(engine: &Engine<S>, as_of: AsOf) -> BalanceView {
    let book = engine.book();
    let flows = book.flows();
    let held = book.lines().iter().zip(0u32..).filter(|(line, _)| !line.total.qty.is_zero());
    let (mut value, mut cost) = (Won::ZERO, Won::ZERO);
    for (line, ix) in held {
        cost += line.total.cost;
        value += value_of(engine, ix, line.total);
    }
    BalanceView {
        as_of,
        cash: book.cash(),
        reserved_cash: book.reserved(),
        orderable_cash: book.orderable(),
        positions_value: value,
        equity: book.cash() + value,
        start_equity: flows.start,
        realized_pnl: book.realized(),
        unrealized_pnl: value - cost,
        fees: flows.fees,
        taxes: flows.taxes,
    }
}

/// Shares at their last price, or at cost while none is known.
fn value_of<S: Strategy>(engine: &Engine<S>, ix: u32, held: Position) -> Won {
    engine.last_price(ix).map_or(held.cost, |(price, _)| price * held.qty)
}

/// What is held, by symbol.
pub fn positions<S: Strategy>(engine: &Engine<S>) -> Vec<PositionView> {
    let lines = engine.book().lines().iter().enumerate();
    let held = lines.filter(|(_, line)| !line.total.qty.is_zero());
    let mut views: Vec<PositionView> = held
        .map(|(ix, line)| {
            let ix = ix as u32;
            let (qty, cost) = (line.total.qty, line.total.cost);
            let last = engine.last_price(ix);
            let value = value_of(engine, ix, line.total);
            let owner = |bot: Option<fsts_domain::BotId>| bot.map_or_else(|| "External".to_owned(), |b| b.to_string());
            PositionView {
                symbol: line.symbol,
                name: engine.instruments().get(ix as usize).map_or_else(String::new, |i| i.name.clone()),
                qty,
                sellable_qty: qty.saturating_sub(line.reserved_qty),
                avg_price: average(cost, qty.get()),
                last_price: last.map(|(price, _)| price),
                last_price_ns: last.map(|(_, at)| at.into()),
                value,
                unrealized_pnl: value - cost,
                frozen: engine.is_frozen(ix),
                slices: line.slices.iter().map(|s| SliceView { bot: owner(s.bot), qty: s.position.qty }).collect(),
            }
        })
        .collect();
    views.sort_by_key(|view| view.symbol);
    views
}

/// Cost of one share as decimal text with two places, cut.
fn average(cost: Won, qty: i64) -> String {
    let hundredths = i128::from(cost.get()) * 100 / i128::from(qty.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Follows the records for what the book does not keep: when an order last changed, the last words about it, and
/// orders that the book has forgotten because the broker never had them.
#[derive(Debug, Default)]
pub struct Picture {
    known: BTreeMap<IntentId, OrderView>,
    ended: VecDeque<OrderView>,
    fills: VecDeque<FillView>,
}

/// What one record changed, for the feed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// The order as it stands now.
    pub order: Option<OrderView>,
    /// The execution that the record booked.
    pub fill: Option<FillView>,
}

impl Picture {
    /// The picture of a recovered book; `name` gives an instrument its name.
    pub fn of(book: &Book, name: impl Fn(Symbol) -> String) -> Picture {
        let known = book.open_orders().iter().map(|live| (live.id, order(live, book, &name))).collect();
        Picture { known, ..Picture::default() }
    }

    /// Takes note of a record that `book` shows already.
    pub fn note(&mut self, entry: &Entry, book: &Book, name: impl Fn(Symbol) -> String) -> Change {
        let order = subject(&entry.record).and_then(|(id, reason)| self.changed(id, reason, (entry, book), &name));
        let fill = fill(entry, order.as_ref(), name);
        if let Some(fill) = &fill {
            self.fills.push_front(fill.clone());
            self.fills.truncate(RECENT);
        }
        Change { order, fill }
    }

    fn changed(
        &mut self,
        id: IntentId,
        reason: Option<String>,
        (entry, book): (&Entry, &Book),
        name: impl Fn(Symbol) -> String,
    ) -> Option<OrderView> {
        let before = self.known.remove(&id).or_else(|| {
            let text = id.to_string();
            self.ended.iter().find(|o| o.id == text).cloned()
        });
        let mut view = match (book.order_of_day(id), &before, &entry.record) {
            (Some(live), ..) => order(live, book, name),
            (None, Some(before), record) => without_book(before.clone(), record),
            (None, None, Record::Approved(approved)) => refused(approved, entry.at, name),
            (None, None, _) => return None,
        };
        view.reason = reason.or_else(|| before.and_then(|b| b.reason));
        view.updated_ns = entry.at.into();
        if view.state.is_terminal() {
            self.ended.retain(|o| o.id != view.id);
            self.ended.push_front(view.clone());
            self.ended.truncate(RECENT);
        } else {
            self.known.insert(id, view.clone());
        }
        Some(view)
    }

    /// An order that is open or ended lately.
    pub fn find(&self, id: IntentId) -> Option<&OrderView> {
        let text = id.to_string();
        self.known.get(&id).or_else(|| self.ended.iter().find(|o| o.id == text))
    }

    /// All orders that are not over, newest first.
    pub fn open_orders(&self) -> Vec<OrderView> {
        self.known.values().rev().cloned().collect()
    }

    /// Orders that ended lately, newest first.
    pub fn recent_orders(&self) -> Vec<OrderView> {
        self.ended.iter().cloned().collect()
    }

    /// Executions of late, newest first.
    pub fn recent_fills(&self) -> Vec<FillView> {
        self.fills.iter().cloned().collect()
    }
}

/// An order as the book has it.
fn order(live: &LiveOrder, book: &Book, name: impl Fn(Symbol) -> String) -> OrderView {
    let symbol = book.line(live.symbol).symbol;
    OrderView {
        id: live.id.to_string(),
        symbol,
        name: name(symbol),
        side: live.side,
        kind: live.kind.into(),
        qty: live.qty,
        price: limit(live.kind),
        state: live.state,
        order_number: live.number.map(|n| n.to_string()),
        filled_qty: live.filled_qty,
        filled_amount: live.filled_amount,
        bot: live.bot.to_string(),
        reason: None,
        created_ns: live.approved_at.into(),
        updated_ns: live.approved_at.into(),
    }
}

/// An order that came and went within one step.
fn refused(approved: &ApprovedOrder, at: Timestamp, name: impl Fn(Symbol) -> String) -> OrderView {
    OrderView {
        id: approved.id.to_string(),
        symbol: approved.symbol,
        name: name(approved.symbol),
        side: approved.side,
        kind: approved.kind.into(),
        qty: approved.qty,
        price: limit(approved.kind),
        state: OrderState::Refused,
        order_number: None,
        filled_qty: Qty::ZERO,
        filled_amount: Won::ZERO,
        bot: approved.bot.to_string(),
        reason: None,
        created_ns: at.into(),
        updated_ns: at.into(),
    }
}

/// The end of an order that the book keeps no longer: the record alone tells it.
fn without_book(mut view: OrderView, record: &Record) -> OrderView {
    match record {
        Record::Withdrawn { .. } | Record::Refused { .. } => view.state = OrderState::Refused,
        Record::Closed { state, .. } => view.state = *state,
        Record::Filled { qty, amount, .. } => {
            view.filled_qty += *qty;
            view.filled_amount += *amount;
            if view.filled_qty >= view.qty {
                view.state = OrderState::Filled;
            }
        }
        _ => {}
    }
    view
}

fn limit(kind: OrderKind) -> Option<Price> {
    match kind {
        OrderKind::Limit(price) => Some(price),
        OrderKind::Market => None,
    }
}

/// The order that a record is about, and its words if it has any.
fn subject(record: &Record) -> Option<(IntentId, Option<String>)> {
    match record {
        Record::Approved(order) => Some((order.id, None)),
        Record::Withdrawn { id, reason } | Record::Ambiguous { id, reason } => Some((*id, Some(reason.clone()))),
        Record::Refused { id, code, message } => Some((*id, Some(format!("{code} {message}").trim().to_owned()))),
        Record::Acked { id, .. }
        | Record::Presumed { id }
        | Record::Disputed { id, .. }
        | Record::Filled { id, .. }
        | Record::Confirmed { id, .. }
        | Record::CancelRequested { id }
        | Record::Closed { id, .. } => Some((*id, None)),
        Record::RunStarted { .. }
        | Record::AccountOpened { .. }
        | Record::DayOpened { .. }
        | Record::ExternalOrder { .. }
        | Record::ExternalFilled { .. }
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
        | Record::DayClosed { .. } => None,
    }
}

/// The execution that a record books.
fn fill(entry: &Entry, order: Option<&OrderView>, name: impl Fn(Symbol) -> String) -> Option<FillView> {
    match &entry.record {
        Record::Filled { qty, amount, fee, tax, .. } => {
            let order = order?;
            Some(FillView {
                id: entry.seq.to_string(),
                order_id: Some(order.id.clone()),
                order_number: order.order_number.clone(),
                symbol: order.symbol,
                name: order.name.clone(),
                side: order.side,
                qty: *qty,
                price: per_share(*amount, qty.get())?,
                amount: *amount,
                fee: *fee,
                tax: *tax,
                bot: order.bot.clone(),
                at_ns: entry.at.into(),
            })
        }
        Record::ExternalFilled { number, symbol, side, qty, amount, fee, tax } => Some(FillView {
            id: entry.seq.to_string(),
            order_id: None,
            order_number: Some(number.to_string()),
            symbol: *symbol,
            name: name(*symbol),
            side: *side,
            qty: *qty,
            price: per_share(*amount, qty.get())?,
            amount: *amount,
            fee: *fee,
            tax: *tax,
            bot: "External".to_owned(),
            at_ns: entry.at.into(),
        }),
        _ => None,
    }
}

fn per_share(amount: Won, qty: i64) -> Option<Price> {
    Price::new(amount.get() / qty.max(1)).ok()
}
