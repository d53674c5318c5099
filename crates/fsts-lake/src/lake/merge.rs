//! New rows into the rows of a partition.

use std::collections::BTreeMap;

use fsts_domain::Symbol;

use super::rows::{LakeRow, Rows, Slot, day_of};
use crate::Interval;

/// What became of a partition's rows.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// All rows; unchanged when nothing was added, replaced or dropped.
    pub rows: Rows,
    pub same: u64,
    pub replaced: u64,
    /// New rows that gave way to stored ones.
    pub kept: u64,
    /// Rows whose stored prices are others.
    pub differing: u64,
    /// The first of them.
    pub first_conflict: Option<(Symbol, Slot)>,
    /// Symbols with a conflict.
    pub conflicting: Vec<Symbol>,
    /// Rows and days that were added, by symbol.
    pub added: BTreeMap<Symbol, (u64, u64)>,
    /// Rows and days that went because their series is replaced, by symbol.
    pub dropped: BTreeMap<Symbol, (u64, u64)>,
}

impl Merged {
    /// Whether the file must be written anew.
    pub fn has_changed(&self) -> bool {
        self.replaced > 0 || !self.added.is_empty() || !self.dropped.is_empty()
    }
}

/// How to merge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    /// Stored rows stay where new ones differ.
    pub keep: bool,
    /// Series that lose all their stored rows first, in order.
    pub dropped: &'a [Symbol],
}

/// Merges rows into stored ones; both sides are by symbol and slot. The new rows come with what they index.
pub(super) fn merge(
    interval: Interval,
    stored: &Rows,
    (new, new_rows): (&[LakeRow], &Rows),
    Rule { keep, dropped }: Rule<'_>,
) -> Merged {
    let mut merged = Merged::default();
    let mut counter = Days { interval, last: None };
    for row in stored.rows.iter().filter(|r| dropped.binary_search(&r.symbol).is_ok()) {
        let days = counter.is_new(row);
        let count = merged.dropped.entry(row.symbol).or_default();
        *count = (count.0 + 1, count.1 + u64::from(days));
    }
    let mut old = stored.rows.iter().filter(|r| dropped.binary_search(&r.symbol).is_err()).peekable();
    let mut new = new.iter().peekable();
    let mut counter = Days { interval, last: None };
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return merged,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.key().cmp(&b.key()),
        };
        match order {
            std::cmp::Ordering::Less => {
                let Some(row) = old.next() else { continue };
                counter.is_new(row);
                merged.rows.adopt(row, &stored.abouts);
            }
            std::cmp::Ordering::Greater => {
                let Some(row) = new.next() else { continue };
                // A day counts as new when no stored row of it comes right after, either.
                let stored_follows = old.peek().is_some_and(|next| counter.is_same_day(next, row));
                let is_new_day = counter.is_new(row) && !stored_follows;
                let count = merged.added.entry(row.symbol).or_default();
                *count = (count.0 + 1, count.1 + u64::from(is_new_day));
                merged.rows.adopt(row, &new_rows.abouts);
            }
            std::cmp::Ordering::Equal => {
                let (Some(before), Some(row)) = (old.next(), new.next()) else { continue };
                counter.is_new(before);
                merged.settle((before, stored), (row, new_rows), keep);
            }
        }
    }
}

impl Merged {
    /// One bar that both sides have.
    fn settle(&mut self, (before, stored): (&LakeRow, &Rows), (row, new): (&LakeRow, &Rows), keep: bool) {
        if before.says_the_same(row) {
            self.same += 1;
            self.rows.adopt(before, &stored.abouts);
            return;
        }
        if before.bar != row.bar {
            self.differing += 1;
            self.first_conflict = self.first_conflict.or(Some(row.key()));
            if self.conflicting.last() != Some(&row.symbol) {
                self.conflicting.push(row.symbol);
            }
        }
        if keep {
            self.kept += 1;
            self.rows.adopt(before, &stored.abouts);
        } else {
            self.replaced += 1;
            self.rows.adopt(row, &new.abouts);
        }
    }
}

/// Counts days of rows in order.
struct Days {
    interval: Interval,
    last: Option<(Symbol, i32)>,
}

impl Days {
    fn day(&self, row: &LakeRow) -> (Symbol, i32) {
        (row.symbol, day_of(self.interval, row.slot).epoch_days())
    }

    /// True for the first row of a symbol's day.
    fn is_new(&mut self, row: &LakeRow) -> bool {
        let day = self.day(row);
        self.last.replace(day) != Some(day)
    }

    fn is_same_day(&self, a: &LakeRow, b: &LakeRow) -> bool {
        self.day(a) == self.day(b)
    }
}
