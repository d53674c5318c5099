//! Taxes on sales, by trade date: the law goes by settlement (T+2), so each change starts two sessions early.

use fsts_domain::{Market, Rate};

use crate::dated::{Confidence, Dated, day};

/// The parts of the tax on one market's sales; each is cut to whole won by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SaleTax {
    /// 증권거래세.
    pub(crate) transaction: Rate,
    /// 농어촌특별세, KOSPI only.
    pub(crate) rural: Rate,
}

/// The sales taxes of one era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaxEra {
    kospi: SaleTax,
    kosdaq: SaleTax,
    konex: SaleTax,
}

impl TaxEra {
    /// The tax on sales in `market`; ETF, ETN and ELW are exempt.
    pub(crate) const fn of(&self, market: Market) -> SaleTax {
        match market {
            Market::Kospi => self.kospi,
            Market::Kosdaq => self.kosdaq,
            Market::Konex => self.konex,
            Market::Etf | Market::Etn | Market::Elw => SaleTax { transaction: Rate::ZERO, rural: Rate::ZERO },
        }
    }
}

/// An era from its rates in hundredths of a percent; the rural tax has been 0.15 % throughout.
const fn era(kospi: i64, kosdaq: i64, konex: i64) -> TaxEra {
    const fn bp(rate: i64) -> Rate {
        Rate::per_billion(rate * 100_000)
    }
    TaxEra {
        kospi: SaleTax { transaction: bp(kospi), rural: bp(15) },
        kosdaq: SaleTax { transaction: bp(kosdaq), rural: Rate::ZERO },
        konex: SaleTax { transaction: bp(konex), rural: Rate::ZERO },
    }
}

/// `krx-rules` §7.1. Only 2019, 2020 and 2024 state the trade date outright; the others follow from T+2.
pub(crate) static TAXES: [Dated<TaxEra>; 7] = [
    row(day(1996, 1, 1), era(15, 30, 30), Confidence::Medium, "press: unchanged since 1996"),
    row(day(2019, 5, 30), era(10, 25, 10), Confidence::High, "KSD notice 2019-05-27"),
    row(day(2020, 12, 29), era(8, 23, 10), Confidence::High, "press 2020-12-29"),
    row(day(2022, 12, 28), era(5, 20, 10), Confidence::High, "settles from 2023-01-02, by T+2"),
    row(day(2023, 12, 27), era(3, 18, 10), Confidence::High, "settles from 2024-01-02, by T+2"),
    row(day(2024, 12, 27), era(0, 15, 10), Confidence::High, "settles from 2025-01-02, stated"),
    row(day(2025, 12, 29), era(5, 20, 10), Confidence::High, "settles from 2026-01-02, by T+2"),
];

const fn row(
    from: fsts_domain::TradingDay,
    rule: TaxEra,
    confidence: Confidence,
    source: &'static str,
) -> Dated<TaxEra> {
    Dated { from, rule, confidence, source }
}
