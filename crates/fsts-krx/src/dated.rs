//! Rows of a rule table: a value, the trade date it holds from, and how well that is known.

use fsts_domain::TradingDay;

/// How well a rule is known (`krx-rules`, head).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// Two or more independent sources, or proven on exchange data.
    High,
    /// One good source, or consistent second-hand sources.
    Medium,
    /// Memory or a weak source: verify before relying on it.
    Low,
}

/// Where a row of a rule table comes from, for reports and for a person who checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance {
    /// Name of the table.
    pub table: &'static str,
    /// First trade date on which the row holds.
    pub from: TradingDay,
    /// How well it is known.
    pub confidence: Confidence,
    /// Where it was read.
    pub source: &'static str,
}

/// One row of a rule table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dated<T: 'static> {
    pub(crate) from: TradingDay,
    pub(crate) rule: T,
    pub(crate) confidence: Confidence,
    pub(crate) source: &'static str,
}

/// The origin of each row, oldest first.
pub(crate) fn provenance<T>(table: &'static str, rows: &'static [Dated<T>]) -> impl Iterator<Item = Provenance> {
    rows.iter().map(move |row| Provenance { table, from: row.from, confidence: row.confidence, source: row.source })
}

/// The row in force on `day`; a day before the first row uses that row.
pub(crate) fn in_force<T>(rows: &'static [Dated<T>], day: TradingDay) -> &'static T {
    let row = rows.iter().rev().find(|row| row.from <= day).or(rows.first());
    &row.expect("invariant: a rule table has at least one row").rule
}

/// A date of a table, checked when the program is compiled.
pub(crate) const fn day(year: i32, month: u32, day: u32) -> TradingDay {
    match TradingDay::from_ymd(year, month, day) {
        Some(day) => day,
        None => panic!("invariant: a table holds real dates"),
    }
}
