//! The task that writes down, once a day, what the account and each bot are worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsts_domain::{BotId, Price, Symbol, TradingDay, Won};
use fsts_server::{Desk, Snapshot};
use fsts_store::{OwnerFlow, PositionRow, SnapshotRow, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::catalog::BALANCE_SNAPSHOT;
use super::task::{Task, TaskError, TaskRun};
use crate::messages::{Text, jobs as say};
use crate::runtime::Seat;

/// Times that fills and holdings are read until they agree.
const READS_MAX: usize = 5;

/// The task.
pub struct BalanceSnapshot {
    accounts: Arc<[Seat]>,
    store: Store,
}

impl BalanceSnapshot {
    /// Snapshots of running accounts.
    pub fn new(accounts: Arc<[Seat]>, store: Store) -> Self {
        BalanceSnapshot { accounts, store }
    }

    /// One account after the other; one that fails keeps none of the others from their rows.
    async fn take_all(&self, day: TradingDay) -> Result<Text, TaskError> {
        let mut done = Vec::new();
        for seat in self.accounts.iter() {
            let account = (self.accounts.len() > 1).then_some(seat.plan.key.as_str());
            done.push((account, self.take(seat, day).await));
        }
        say::of_accounts(done)
    }

    async fn take(&self, seat: &Seat, day: TradingDay) -> Result<Text, TaskError> {
        let (picture, stream) = (seat.desk.snapshot(), &seat.plan.stream);
        if picture.balance.as_of.seq == 0 {
            return Err(TaskError(say::books_unread()));
        }
        let failed = |error: StoreError| {
            tracing::error!(%error, "a snapshot could not be taken");
            TaskError(say::store_failed())
        };
        let (flows, positions) = self.holdings(stream).await.map_err(failed)?;
        let rows = rows(&picture, &flows, &positions, day, seat.desk.now());
        self.store.put_snapshots(stream, &rows).await.map_err(failed)?;
        let account =
            rows.first().map_or((Won::ZERO, 0), |r| (r.value, return_parts(r.realized + r.unrealized, r.base)));
        Ok(say::snapshot_taken(account.0.get(), &decimal(account.1, 4), rows.len().saturating_sub(1)))
    }

    /// What bots have moved and hold, of one moment.
    async fn holdings(&self, stream: &str) -> Result<(Vec<OwnerFlow>, Vec<PositionRow>), StoreError> {
        for _ in 0..READS_MAX {
            let positions = self.store.positions(stream).await?;
            let flows = self.store.owner_flows(stream).await?;
            let cost = |owner: BotId| -> Won {
                let mine = positions.iter().filter(|p| p.owner == Some(owner));
                mine.fold(Won::ZERO, |sum, p| sum + p.position.cost)
            };
            if flows.iter().all(|f| cost(f.owner) == f.cost) {
                return Ok((flows, positions));
            }
        }
        Err(StoreError::Failed { reason: "fills and holdings never were of one moment".to_owned() })
    }
}

impl Task for BalanceSnapshot {
    fn name(&self) -> &'static str {
        BALANCE_SNAPSHOT
    }

    fn run(&self, run: TaskRun) -> BoxFuture<'_, Result<Text, TaskError>> {
        // A late run is still about the day that it was due on.
        async move { self.take_all(run.due.kst_day()).await }.boxed()
    }
}

/// The account's row, then a row for each bot that runs or ever traded.
fn rows(
    picture: &Snapshot,
    flows: &[OwnerFlow],
    positions: &[PositionRow],
    day: TradingDay,
    at: fsts_domain::Timestamp,
) -> Vec<SnapshotRow> {
    let balance = &picture.balance;
    let base = balance.equity - balance.realized_pnl - balance.unrealized_pnl;
    let account = SnapshotRow {
        day,
        owner: None,
        at,
        base,
        value: balance.equity,
        realized: balance.realized_pnl,
        unrealized: balance.unrealized_pnl,
    };
    let mut owners: BTreeMap<BotId, Won> = BTreeMap::new();
    owners.extend(picture.status.bots.iter().filter_map(|bot| Some((bot.id.parse().ok()?, Won::ZERO))));
    owners.extend(flows.iter().map(|flow| (flow.owner, flow.flow)));
    let prices: BTreeMap<Symbol, Price> =
        picture.positions.iter().filter_map(|p| Some((p.symbol, p.last_price?))).collect();
    let bot = |(owner, flow): (BotId, Won)| {
        let mine = positions.iter().filter(|p| p.owner == Some(owner));
        let (mut value, mut cost) = (Won::ZERO, Won::ZERO);
        for held in mine {
            cost += held.position.cost;
            // Without a price a share is worth what it cost, as in the account's own figures.
            value += prices.get(&held.symbol).map_or(held.position.cost, |price| *price * held.position.qty);
        }
        SnapshotRow { day, owner: Some(owner), at, base, value, realized: flow + cost, unrealized: value - cost }
    };
    std::iter::once(account).chain(owners.into_iter().map(bot)).collect()
}

/// A profit in parts of 1/10,000 percent of a base, cut towards zero; 0 on no base.
pub fn return_parts(profit: Won, base: Won) -> i64 {
    let parts = i128::from(profit.get()) * 1_000_000 / i128::from(base.get().max(1));
    if base.get() <= 0 { 0 } else { i64::try_from(parts).unwrap_or(i64::MAX) }
}

/// The same rounded to half a percent, halves away from zero, in tenths of a percent.
pub fn half_percents(parts: i64) -> i64 {
    let half = 2_500 * parts.signum();
    parts.saturating_add(half) / 5_000 * 5
}

/// A whole number of small parts as decimal text.
pub fn decimal(parts: i64, places: u32) -> String {
    let unit = 10i64.pow(places).unsigned_abs();
    let sign = if parts < 0 { "-" } else { "" };
    let (whole, rest) = (parts.unsigned_abs() / unit, parts.unsigned_abs() % unit);
    format!("{sign}{whole}.{rest:0width$}", width = places as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_are_exact_and_rounded_only_for_display() {
        let cases = [
            (0, 10_000_000, "0.0000", "0.0"),
            (123_450, 10_000_000, "1.2345", "1.0"),
            (125_000, 10_000_000, "1.2500", "1.5"),
            (-124_999, 10_000_000, "-1.2499", "-1.0"),
            (-125_000, 10_000_000, "-1.2500", "-1.5"),
            (5, 0, "0.0000", "0.0"),
            (-1, 10_000_000, "0.0000", "0.0"),
            (i64::MAX, 1, "922337203685477.5807", "922337203685477.5"),
        ];
        for (profit, base, exact, rounded) in cases {
            let parts = return_parts(Won::new(profit), Won::new(base));
            assert_eq!(decimal(parts, 4), exact, "{profit} of {base}");
            if profit != i64::MAX {
                assert_eq!(decimal(half_percents(parts), 1), rounded, "{profit} of {base}");
            }
        }
    }
}
