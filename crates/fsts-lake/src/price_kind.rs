//! Whether prices are traded or adjusted, read off the prices themselves.

use std::sync::LazyLock;

use fsts_domain::{Bar, Market, Timestamp, TradingDay};
use fsts_krx::{DayRules, FeeSchedule, RuleBook};

use crate::{KindReason, PriceKind};

/// Every row up to this many is looked at, then every [`STRIDE`]th.
const ALL_UP_TO: u64 = 10_000;
const STRIDE: u64 = 7;
/// One row in a thousand may be off: a second venue prints mid prices, which are legal off the grid.
const OFF_PER_MILLE_MAX: u64 = 1;

/// Ticks don't depend on the profile, and the ideal one asks no calendar.
static RULES: LazyLock<(RuleBook, TradingDay)> = LazyLock::new(|| {
    let rules = RuleBook::ideal(FeeSchedule::NONE);
    let earliest = rules.earliest();
    (rules, earliest)
});

/// Counts of rows off the grid, over all rows of a file whatever is selected: the kind is the file's, not the
/// selection's.
#[derive(Debug, Default, Clone)]
pub(crate) struct GridCheck {
    rows: u64,
    looked_at: u64,
    pub sampled: u64,
    pub off: u64,
    pub fractions: u64,
    rules: Option<DayRules>,
}

impl GridCheck {
    /// Looks at the open and the close of a row.
    pub fn note(&mut self, at: Timestamp, bar: &Bar, fraction: bool, market: Option<Market>) {
        self.rows += 1;
        if self.rows > ALL_UP_TO && !self.rows.is_multiple_of(STRIDE) {
            return;
        }
        self.looked_at += 1;
        self.fractions += u64::from(fraction);
        let day = at.kst_day();
        let (book, earliest) = &*RULES;
        if day < *earliest {
            return;
        }
        let rules = match self.rules {
            Some(rules) if rules.day() == day => rules,
            _ => *self.rules.insert(book.on(day)),
        };
        let on = |market| [bar.open, bar.close].iter().all(|price| price.get() % rules.tick(market, *price) == 0);
        // Without a market a share of either market is on the grid when one of the two tables holds it.
        let on_grid = market.map_or_else(|| on(Market::Kospi) || on(Market::Kosdaq), on);
        self.sampled += 1;
        self.off += u64::from(!on_grid);
    }

    /// Both checks as one.
    pub fn with(&self, other: &GridCheck) -> GridCheck {
        GridCheck {
            rows: self.rows + other.rows,
            looked_at: self.looked_at + other.looked_at,
            sampled: self.sampled + other.sampled,
            off: self.off + other.off,
            fractions: self.fractions + other.fractions,
            rules: None,
        }
    }

    /// The kind the prices speak for, and why.
    pub fn verdict(&self) -> (PriceKind, KindReason) {
        let sampled = self.sampled;
        if self.fractions > 0 {
            return (PriceKind::Adjusted, KindReason::Fractions { rows: self.fractions, sampled: self.looked_at });
        }
        if sampled == 0 {
            return (PriceKind::Adjusted, KindReason::NothingToCheck);
        }
        if self.off * 1000 > sampled * OFF_PER_MILLE_MAX {
            return (PriceKind::Adjusted, KindReason::OffGrid { rows: self.off, sampled });
        }
        (PriceKind::Traded, KindReason::OnGrid { sampled })
    }
}
