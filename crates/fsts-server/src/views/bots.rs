//! Bots as JSON.

use std::collections::BTreeMap;

use fsts_domain::{Symbol, Won};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BotState, Mode, Ns};

/// How large an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizingView {
    /// So many shares.
    Shares(i64),
    /// As many shares as this amount buys, won.
    Notional(i64),
    /// As many shares as this part of equity buys, percent.
    EquityPercent(f64),
}

/// How orders are priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StyleView {
    /// 시장가.
    Market,
    /// A limit this many ticks through the last price.
    MarketableLimit {
        /// Ticks.
        collar_ticks: i32,
    },
}

/// One bot with its settings and its money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BotDetailView {
    /// Its name.
    pub id: String,
    /// Key of its account.
    pub account: String,
    /// Id of its strategy.
    pub strategy: String,
    /// Parameters that differ from the strategy's defaults.
    pub params: BTreeMap<String, f64>,
    /// Its symbols.
    #[schema(value_type = Vec<String>)]
    pub symbols: Vec<Symbol>,
    /// Real money or paper.
    pub mode: Mode,
    /// What it may do: `running`, `paused`, `stopped`, or `halted` while the whole account is.
    pub state: BotState,
    /// Its strategy needs more bars before it decides.
    pub warming_up: bool,
    /// Most money in positions and working buys; null without a ring-fence.
    #[schema(value_type = Option<i64>)]
    pub capital: Option<Won>,
    /// Money in positions, at cost, and in working buys.
    #[schema(value_type = i64)]
    pub capital_used: Won,
    /// Size of an entry.
    pub sizing: SizingView,
    /// Price of its orders.
    pub style: StyleView,
    /// Time of day of its decision, `HH:MM` in Korea; null when it decides at every bar.
    pub schedule: Option<String>,
    /// Profit of what its orders sold, after costs.
    #[schema(value_type = i64)]
    pub realized_pnl: Won,
    /// Profit of what it holds, at last prices.
    #[schema(value_type = i64)]
    pub unrealized_pnl: Won,
    /// Orders that are not over.
    pub open_orders: u32,
    /// Market time of its last decision since the program started.
    pub last_decision_ns: Option<Ns>,
    /// The strategy's word for it: `buy`, `sell`, `hold`, `warming_up` …
    pub last_decision: Option<String>,
    /// Symbols that another bot of the account trades too.
    #[schema(value_type = Vec<String>)]
    pub shared_symbols: Vec<Symbol>,
    /// True for a bot of the settings file, which can't be deleted.
    pub configured: bool,
}
