//! Words and instants as the JSON writes them.

use std::fmt;

use fsts_domain::{OrderKind, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// UTC nanoseconds, written as text because they pass 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, ToSchema)]
#[schema(value_type = String, example = "1795132800000000000")]
pub struct Ns(pub i64);

impl Ns {
    /// The instant.
    pub const fn timestamp(self) -> Timestamp {
        Timestamp::from_ns(self.0)
    }
}
impl From<Timestamp> for Ns {
    fn from(at: Timestamp) -> Self {
        Ns(at.ns())
    }
}
impl fmt::Display for Ns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl Serialize for Ns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Ns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Ns).map_err(serde::de::Error::custom)
    }
}

/// Real money, paper or a replayed day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Paper trading.
    Paper,
    /// Real money.
    Live,
    /// A recorded day.
    Replay,
}

/// Which servers of the broker the program talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KisEnvironment {
    /// The real ones (실전).
    Real,
    /// The mock ones (모의).
    Mock,
}

/// State of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamHealth {
    /// Every wanted registration is confirmed.
    Up,
    /// No connection.
    Down,
    /// On its way up.
    Connecting,
}

/// State of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalHealth {
    /// It answers.
    Ok,
    /// It does not answer in time: no order leaves.
    Slow,
    /// It failed for good: no order leaves until a restart.
    Failed,
}

/// What a bot is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BotState {
    /// It decides and trades.
    Running,
    /// Its indicators need more bars.
    WarmingUp,
    /// Its new entries are stopped.
    Paused,
    /// It decides nothing.
    Stopped,
    /// Trading is halted.
    Halted,
}

/// Limit or market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderTypeWord {
    /// 지정가.
    Limit,
    /// 시장가.
    Market,
}

impl From<OrderKind> for OrderTypeWord {
    fn from(kind: OrderKind) -> Self {
        match kind {
            OrderKind::Limit(_) => OrderTypeWord::Limit,
            OrderKind::Market => OrderTypeWord::Market,
        }
    }
}

/// Length of a chart's bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum BarInterval {
    /// A minute.
    #[default]
    #[serde(rename = "1m", alias = "minute")]
    Minute,
    /// A trading day.
    #[serde(rename = "1d", alias = "day")]
    Day,
}

impl BarInterval {
    /// The word of the API and of the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            BarInterval::Minute => "1m",
            BarInterval::Day => "1d",
        }
    }
}

/// Documents [`fsts_domain::Side`].
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(as = Side, rename_all = "snake_case")]
pub enum SideWord {
    /// 매수.
    Buy,
    /// 매도.
    Sell,
}

/// Documents [`fsts_domain::OrderState`].
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(as = OrderState, rename_all = "snake_case")]
pub enum OrderStateWord {
    /// Passed the risk gate; not yet durable.
    Approved,
    /// Durable; its one transmission may be under way.
    Sending,
    /// The broker gave it a number.
    Acked,
    /// Some of it is filled and the rest still works.
    PartiallyFilled,
    /// All of it is filled.
    Filled,
    /// Cancelled with what was filled kept.
    Cancelled,
    /// The day ended with a remainder.
    Expired,
    /// Proven not to have been placed.
    Refused,
    /// It may or may not have been placed.
    Ambiguous,
    /// Believed not placed by rule.
    PresumedNotPlaced,
    /// Several broker orders match; a person must bind one.
    Disputed,
}

/// Documents [`fsts_krx::SessionPart`].
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(as = SessionPart, rename_all = "snake_case")]
pub enum SessionPartWord {
    /// Nothing trades.
    Closed,
    /// 장전 시간외종가.
    PreOpen,
    /// 시가 단일가.
    OpeningAuction,
    /// 접속매매.
    Continuous,
    /// 종가 단일가.
    ClosingAuction,
    /// 장후 시간외종가.
    PostClose,
    /// 애프터마켓.
    AfterMarket,
    /// No session times.
    AlwaysOpen,
}
