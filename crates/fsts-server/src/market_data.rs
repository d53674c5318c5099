//! Bars of the past as the server sees them: a port that the program fills in.

use fsts_domain::{Bar, Symbol, Timestamp, TradingDay};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::views::BarInterval;

/// Which bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastBarsAsked {
    /// The instrument.
    pub symbol: Symbol,
    /// Length of the bars.
    pub interval: BarInterval,
    /// First day.
    pub from: TradingDay,
    /// Last day.
    pub to: TradingDay,
}

/// Where bars come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BarsSource {
    /// They were stored.
    Lake,
    /// The broker was asked now.
    Broker,
}

/// Bars, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct PastBars {
    /// The instrument's name; empty when nobody knows it.
    pub name: String,
    /// Where they come from.
    pub source: BarsSource,
    /// Prices are adjusted for splits.
    pub adjusted: bool,
    /// Start of each bar (of a day: midnight in Korea), and the bar.
    pub bars: Vec<(Timestamp, Bar)>,
}

/// Why there are no bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PastBarsError {
    /// Neither stored nor with the broker.
    None,
    /// The broker did not give them; the reason goes to the log.
    Broker(String),
    /// The store of bars could not be read; the reason goes to the log.
    Store(String),
}

/// What has bars of the past.
pub trait MarketData: Send + Sync + 'static {
    /// Bars of a span, at least those that are stored.
    fn past_bars(&self, asked: PastBarsAsked) -> BoxFuture<'_, Result<PastBars, PastBarsError>>;
}
