//! What an engine is told at its start and never changes.

use fsts_domain::{BotId, Qty, Rate, Symbol, Won};
use fsts_krx::Instrument;
use serde::{Deserialize, Serialize};

/// How large an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizing {
    /// So many shares.
    Shares(Qty),
    /// As many shares as this amount buys at the reference price.
    Notional(Won),
    /// As many shares as this part of equity buys at the reference price.
    Equity(Rate),
    /// The same, or as many as this amount buys when that is more.
    EquityAtLeast(Rate, Won),
}

/// How an order that a strategy causes is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStyle {
    /// 시장가.
    Market,
    /// A limit this many ticks through the reference price: executes at once, never far away.
    MarketableLimit {
        /// Ticks, ≥ 0.
        collar_ticks: i32,
    },
}

/// One bot: a strategy with its symbols and its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotConfig {
    /// Its name.
    pub id: BotId,
    /// Its symbols; they must be in the universe.
    pub symbols: Vec<Symbol>,
    /// Size of an entry.
    pub sizing: Sizing,
    /// Price of its orders.
    pub style: OrderStyle,
    /// Most money that it may have in positions and working buys.
    pub capital: Option<Won>,
}

/// Limits of the risk gate; pending and ambiguous orders count as filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RiskLimits {
    /// Largest order, won.
    pub order_won_max: Won,
    /// Largest order, shares.
    pub order_qty_max: Qty,
    /// Most orders a market minute.
    pub orders_per_minute_max: u32,
    /// Most orders a day.
    pub orders_per_day_max: u32,
    /// Most orders working at once.
    pub open_orders_max: u32,
    /// A price older than this (market time) opens nothing.
    pub stale_after_s: i64,
}

impl Default for RiskLimits {
    fn default() -> Self {
        RiskLimits {
            order_won_max: Won::new(100_000_000),
            order_qty_max: Qty::new(100_000).expect("invariant: a positive constant"),
            orders_per_minute_max: 60,
            orders_per_day_max: 2_000,
            open_orders_max: 200,
            stale_after_s: 180,
        }
    }
}

impl RiskLimits {
    /// No limit that a backtest could meet.
    pub fn unlimited() -> Self {
        RiskLimits {
            order_won_max: Won::new(i64::MAX),
            order_qty_max: Qty::new(i64::MAX).expect("invariant: a positive constant"),
            orders_per_minute_max: u32::MAX,
            orders_per_day_max: u32::MAX,
            open_orders_max: u32::MAX,
            stale_after_s: i64::MAX / 2_000_000_000,
        }
    }
}

/// Whether the broker behind the ports is the truth itself or a network away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A simulated broker inside the process: replies are inline and authoritative.
    Simulated,
    /// A broker over the network: nothing is sent before stream and books are in step with it.
    Connected,
}

/// How often the broker is asked, in market time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InquiryTimers {
    /// After a notice.
    pub debounce_s: i64,
    /// While an order is ambiguous, at first.
    pub ambiguous_s: i64,
    /// While an order is ambiguous for longer than 150 s.
    pub ambiguous_late_s: i64,
    /// While any order is open.
    pub open_s: i64,
}

impl Default for InquiryTimers {
    fn default() -> Self {
        InquiryTimers { debounce_s: 1, ambiguous_s: 3, ambiguous_late_s: 15, open_s: 30 }
    }
}

/// Everything else.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// All instruments that may be traded, in the order that gives their indices.
    pub universe: Vec<Instrument>,
    /// Limits of the risk gate.
    pub limits: RiskLimits,
    /// Whether the broker is simulated.
    pub context: Context,
    /// Keep a line for each decision.
    pub decision_log: bool,
    /// Inquiry timers.
    pub timers: InquiryTimers,
    /// Free a symbol when its ambiguous order is presumed not placed (paper); a person does it in live trading.
    pub auto_release: bool,
    /// Bars close this long (market time) after their end, for late prints.
    pub bar_grace_ns: i64,
    /// No answer from the journal for this long (real time) stops new orders.
    pub journal_timeout_ns: i64,
}

impl EngineConfig {
    /// Settings of a backtest over a universe.
    pub fn simulated(universe: Vec<Instrument>) -> Self {
        EngineConfig {
            universe,
            limits: RiskLimits::unlimited(),
            context: Context::Simulated,
            decision_log: false,
            timers: InquiryTimers::default(),
            auto_release: false,
            bar_grace_ns: 0,
            journal_timeout_ns: 2_000_000_000,
        }
    }

    /// Settings of paper or live trading over a universe.
    pub fn connected(universe: Vec<Instrument>) -> Self {
        EngineConfig {
            limits: RiskLimits::default(),
            context: Context::Connected,
            decision_log: true,
            bar_grace_ns: 500_000_000,
            ..EngineConfig::simulated(universe)
        }
    }
}
