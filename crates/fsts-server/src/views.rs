//! The JSON shapes of the API. Money is whole won; `*_ns` are UTC nanoseconds as text because they pass 2^53.

use fsts_domain::{OrderState, Price, Qty, Side, Symbol, Timestamp, TradingDay, Won};
use fsts_krx::SessionPart;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod bots;
mod words;

pub use bots::{BotDetailView, SizingView, StyleView};
pub use words::{
    BarInterval, BotState, JournalHealth, KisEnvironment, Mode, Ns, OrderStateWord, OrderTypeWord, SessionPartWord,
    SideWord, StreamHealth,
};

/// How recent an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsOf {
    /// Last journal record that the answer shows; 0 before the first.
    pub seq: u64,
    /// Market time of the last processed event.
    pub at_ns: Ns,
    /// Market milliseconds from that event to the answer.
    pub age_ms: i64,
}

/// Why no order may leave now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonView {
    /// Stable code.
    pub code: String,
    /// The same in words; the server replaces it by its own text in the reader's language when it knows the code.
    pub message: String,
}

impl ReasonView {
    /// A reason by its code.
    pub fn of(code: &str) -> Self {
        ReasonView { code: code.to_owned(), message: code.to_owned() }
    }
}

/// The market clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// Market time now.
    pub now_ns: Ns,
    /// Trading day in Korea.
    #[schema(value_type = String, example = "2026-11-20")]
    pub trading_day: TradingDay,
    /// Part of the session.
    #[schema(value_type = SessionPartWord)]
    pub session_part: SessionPart,
    /// When trading opens next; null while it is open.
    pub next_open_ns: Option<Ns>,
    /// Market seconds a real second; 1 in live trading.
    pub speed: f64,
}

/// Lines to the broker and to the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionView {
    /// The market-data and notice stream.
    pub stream: StreamHealth,
    /// Market time of its last frame.
    pub last_frame_ns: Option<Ns>,
    /// Symbols whose last price is too old to open anything on.
    #[schema(value_type = Vec<String>)]
    pub stale_symbols: Vec<Symbol>,
    /// The journal.
    pub journal: JournalHealth,
}

/// One bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BotView {
    /// Its name.
    pub id: String,
    /// The strategy that it runs.
    pub strategy: String,
    /// What it is doing.
    pub state: BotState,
    /// Its symbols.
    #[schema(value_type = Vec<String>)]
    pub symbols: Vec<Symbol>,
}

/// A symbol that takes no opening order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrozenView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Why; a code that the server knows is replaced by its own text in the reader's language.
    pub reason: String,
    /// Since when.
    pub since_ns: Ns,
    /// When the broker is asked next.
    pub next_check_ns: Option<Ns>,
}

/// What the program is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatusView {
    /// Version of the program.
    pub version: String,
    /// Real money, paper or a replayed day.
    pub mode: Mode,
    /// Which servers of the broker it talks to.
    pub kis_env: KisEnvironment,
    /// Account number, masked to its last two digits.
    pub account: String,
    /// The market clock.
    pub clock: ClockView,
    /// Whether orders may leave.
    pub ready: bool,
    /// Why they may not.
    pub reasons: Vec<ReasonView>,
    /// Whether somebody or a limit halted trading.
    pub halted: bool,
    /// In that person's words, or the limit's.
    pub halt_reason: Option<String>,
    /// Lines to the broker and to the journal.
    pub connection: ConnectionView,
    /// Bots.
    pub bots: Vec<BotView>,
    /// Symbols that take no opening order.
    pub frozen: Vec<FrozenView>,
    /// Stream frames processed since the start.
    pub frames: u64,
    /// Orders, inquiries and journal batches that are not answered yet.
    pub in_flight: u64,
    /// How recent this is.
    pub as_of: AsOf,
}

/// The account's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceView {
    /// How recent this is.
    pub as_of: AsOf,
    /// Cash.
    #[schema(value_type = i64)]
    pub cash: Won,
    /// Cash set aside for working buys.
    #[schema(value_type = i64)]
    pub reserved_cash: Won,
    /// Cash that a new order may use.
    #[schema(value_type = i64)]
    pub orderable_cash: Won,
    /// Holdings at their last prices.
    #[schema(value_type = i64)]
    pub positions_value: Won,
    /// Cash plus holdings.
    #[schema(value_type = i64)]
    pub equity: Won,
    /// Cash at the account's opening.
    #[schema(value_type = i64)]
    pub start_equity: Won,
    /// Profit of what was sold, after costs.
    #[schema(value_type = i64)]
    pub realized_pnl: Won,
    /// Profit of what is held, at last prices.
    #[schema(value_type = i64)]
    pub unrealized_pnl: Won,
    /// Σ commissions.
    #[schema(value_type = i64)]
    pub fees: Won,
    /// Σ taxes.
    #[schema(value_type = i64)]
    pub taxes: Won,
}

/// One owner's part of a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SliceView {
    /// The bot, `manual`, or `External`.
    pub bot: String,
    /// Shares.
    #[schema(value_type = i64)]
    pub qty: Qty,
}

/// What is held of one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PositionView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Shares held.
    #[schema(value_type = i64)]
    pub qty: Qty,
    /// Shares that no working sell has set aside.
    #[schema(value_type = i64)]
    pub sellable_qty: Qty,
    /// Cost of one share, decimal text with two places.
    #[schema(example = "71234.50")]
    pub avg_price: String,
    /// Last price.
    #[schema(value_type = Option<i64>)]
    pub last_price: Option<Price>,
    /// When it was seen.
    pub last_price_ns: Option<Ns>,
    /// Shares at the last price; at cost while none is known.
    #[schema(value_type = i64)]
    pub value: Won,
    /// Value less cost.
    #[schema(value_type = i64)]
    pub unrealized_pnl: Won,
    /// Whether the symbol takes no opening order.
    pub frozen: bool,
    /// Who owns which part.
    pub slices: Vec<SliceView>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderView {
    /// Our order id.
    pub id: String,
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Buy or sell.
    #[schema(value_type = SideWord)]
    pub side: Side,
    /// Limit or market.
    #[serde(rename = "type")]
    pub kind: OrderTypeWord,
    /// Ordered shares.
    #[schema(value_type = i64)]
    pub qty: Qty,
    /// Limit price; null for a market order.
    #[schema(value_type = Option<i64>)]
    pub price: Option<Price>,
    /// Where it stands.
    #[schema(value_type = OrderStateWord)]
    pub state: OrderState,
    /// The broker's number, once known.
    pub order_number: Option<String>,
    /// Shares filled so far.
    #[schema(value_type = i64)]
    pub filled_qty: Qty,
    /// Amount filled so far.
    #[schema(value_type = i64)]
    pub filled_amount: Won,
    /// Who wanted it: a bot's name, or `manual`.
    pub bot: String,
    /// The broker's or the gate's last words about it.
    pub reason: Option<String>,
    /// When it passed the risk gate.
    pub created_ns: Ns,
    /// When it last changed.
    pub updated_ns: Ns,
}

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FillView {
    /// The journal record that booked it.
    pub id: String,
    /// Our order; null for a trade made by hand at the broker.
    pub order_id: Option<String>,
    /// The broker's number, when it was known at the time.
    pub order_number: Option<String>,
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Buy or sell.
    #[schema(value_type = SideWord)]
    pub side: Side,
    /// Shares.
    #[schema(value_type = i64)]
    pub qty: Qty,
    /// Amount a share, cut to whole won; `amount` is exact.
    #[schema(value_type = i64)]
    pub price: Price,
    /// Amount.
    #[schema(value_type = i64)]
    pub amount: Won,
    /// Commission.
    #[schema(value_type = i64)]
    pub fee: Won,
    /// Tax.
    #[schema(value_type = i64)]
    pub tax: Won,
    /// Whose order it was: a bot's name, `manual`, or `External`.
    pub bot: String,
    /// Market time.
    pub at_ns: Ns,
}

/// An alert as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// Made of the fact alone.
    pub id: String,
    /// What kind of fact.
    pub kind: String,
    /// Korean text.
    pub message_ko: String,
    /// English text.
    pub message_en: String,
    /// Time of the fact.
    pub at_ns: Ns,
    /// Whether the target took it.
    pub delivered: bool,
}

/// A price tick of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteTickView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Last price.
    #[schema(value_type = i64)]
    pub last: Price,
    /// Best bid.
    #[schema(value_type = Option<i64>)]
    pub bid: Option<Price>,
    /// Best ask.
    #[schema(value_type = Option<i64>)]
    pub ask: Option<Price>,
    /// Shares traded today.
    pub volume: i64,
    /// Market time.
    pub at_ns: Ns,
}

/// The day of one symbol so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteView {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// Last price.
    #[schema(value_type = i64)]
    pub last: Price,
    /// Best bid.
    #[schema(value_type = Option<i64>)]
    pub bid: Option<Price>,
    /// Best ask.
    #[schema(value_type = Option<i64>)]
    pub ask: Option<Price>,
    /// First price of the day.
    #[schema(value_type = i64)]
    pub open: Price,
    /// Highest price of the day.
    #[schema(value_type = i64)]
    pub high: Price,
    /// Lowest price of the day.
    #[schema(value_type = i64)]
    pub low: Price,
    /// Shares traded today.
    pub volume: i64,
    /// Reference price of the day's limits.
    #[schema(value_type = Option<i64>)]
    pub prev_close: Option<Price>,
    /// Last price less reference price.
    #[schema(value_type = Option<i64>)]
    pub change: Option<Won>,
    /// Highest price allowed today.
    #[schema(value_type = Option<i64>)]
    pub upper_limit: Option<Price>,
    /// Lowest price allowed today.
    #[schema(value_type = Option<i64>)]
    pub lower_limit: Option<Price>,
    /// Market time of the last price.
    pub at_ns: Ns,
}

/// A bar of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BarView {
    /// Start, UTC seconds.
    pub t: i64,
    /// First price.
    pub o: i64,
    /// Highest price.
    pub h: i64,
    /// Lowest price.
    pub l: i64,
    /// Last price.
    pub c: i64,
    /// Shares.
    pub v: i64,
}

/// An execution on a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkView {
    /// UTC seconds.
    pub t: i64,
    /// Buy or sell.
    #[schema(value_type = SideWord)]
    pub side: Side,
    /// Shares.
    #[schema(value_type = i64)]
    pub qty: Qty,
    /// Price.
    #[schema(value_type = i64)]
    pub price: Price,
    /// Whose order it was.
    pub bot: String,
}

/// A point of the equity line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EquityPoint {
    /// UTC seconds.
    pub t: i64,
    /// Cash plus holdings.
    #[schema(value_type = i64)]
    pub equity: Won,
}

impl AsOf {
    /// How recent an answer of `now` is that shows record `seq` and the event of `at`.
    pub fn at(seq: u64, at: Timestamp, now: Timestamp) -> Self {
        AsOf { seq, at_ns: at.into(), age_ms: now.since(at).max(0) / 1_000_000 }
    }
}
