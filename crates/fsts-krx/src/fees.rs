//! What the broker charges per side.

use fsts_domain::{Market, Rate};
use serde::{Deserialize, Serialize};

/// A broker's commission rates; promotions are common, so they are a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeSchedule {
    /// Rate for shares.
    pub shares: Rate,
    /// Rate for ETF, ETN and ELW.
    pub etp: Rate,
}

impl FeeSchedule {
    /// KIS BanKIS, online accounts: 0.0140527 % for shares, 0.0146527 % for ETF, ETN and ELW.
    pub const KIS_BANKIS: FeeSchedule =
        FeeSchedule { shares: Rate::per_billion(140_527), etp: Rate::per_billion(146_527) };
    /// No commission.
    pub const NONE: FeeSchedule = FeeSchedule { shares: Rate::ZERO, etp: Rate::ZERO };

    /// The rate for a market's instruments.
    pub const fn rate(&self, market: Market) -> Rate {
        match market {
            Market::Kospi | Market::Kosdaq | Market::Konex => self.shares,
            Market::Etf | Market::Etn | Market::Elw => self.etp,
        }
    }
}
