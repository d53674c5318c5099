//! The task that tells a day in one message: what each account is worth, what it traded, and what its bots made.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsts_domain::{Side, TradingDay, Won};
use fsts_server::{Desk, Snapshot};
use fsts_store::{Alert, Channel, Enqueued, FillRow, Severity, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::catalog::ALERTS_DIGEST;
use super::snapshot::{decimal, return_parts};
use super::task::{Task, TaskError, TaskRun};
use crate::messages::{Text, digest as words, jobs as say};
use crate::runtime::Seat;

/// Executions of a day that are looked through; the risk gate lets fewer happen.
const FILLS_MAX: u32 = 20_000;

/// The task.
pub struct Digest {
    accounts: Arc<[Seat]>,
    store: Store,
}

/// Executions of a day on one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traded {
    /// Executions.
    pub count: usize,
    /// Σ amounts.
    pub amount: Won,
}

/// One account's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub day: TradingDay,
    /// Cash and holdings.
    pub equity: Won,
    /// Change of equity since the day began, and the same in percent with two digits.
    pub change: (Won, String),
    /// Cash.
    pub cash: Won,
    /// Symbols held.
    pub held: usize,
    /// Bought and sold.
    pub traded: (Traded, Traded),
    /// Commissions and taxes of the day.
    pub costs: (Won, Won),
    /// Profit since the account's opening: of what was sold, and of what is held.
    pub profit: (Won, Won),
    /// Each bot with its two profits.
    pub bots: Vec<(String, Won, Won)>,
    /// Orders that are not over.
    pub open_orders: usize,
    /// Whether trading is halted.
    pub halted: bool,
}

impl Digest {
    /// Digests of running accounts.
    pub fn new(accounts: Arc<[Seat]>, store: Store) -> Self {
        Digest { accounts, store }
    }

    async fn tell_all(&self, day: TradingDay) -> Result<Text, TaskError> {
        let mut done = Vec::new();
        for seat in self.accounts.iter() {
            let account = (self.accounts.len() > 1).then_some(seat.plan.key.as_str());
            done.push((account, self.tell(seat, day).await));
        }
        say::of_accounts(done)
    }

    async fn tell(&self, seat: &Seat, day: TradingDay) -> Result<Text, TaskError> {
        let picture = seat.desk.snapshot();
        if picture.balance.as_of.seq == 0 {
            return Err(TaskError(say::books_unread()));
        }
        let failed = |error: StoreError| {
            tracing::error!(%error, "the day could not be told");
            TaskError(say::store_failed())
        };
        let stream = &seat.plan.stream;
        let fills = self.store.fills(stream, None, FILLS_MAX).await.map_err(failed)?;
        let told = words::day(&of(&picture, &fills, day));
        let label = (self.accounts.len() > 1).then(|| format!("{} {}", seat.plan.key, seat.plan.account));
        let text = words::labelled(told, label.as_deref());
        let alert = Alert {
            // A day is told once, whoever asks again.
            id: format!("{stream}-digest-{day}"),
            stream: stream.clone(),
            // No single record of the journal states it.
            seq: 0,
            kind: "digest".to_owned(),
            severity: Severity::Info,
            message_ko: text.ko.clone(),
            message_en: text.en.clone(),
            at: seat.desk.now(),
            channel: Channel::Trading,
            symbol: None,
        };
        match self.store.enqueue_alert(&alert).await.map_err(failed)? {
            Enqueued::New => {
                seat.bell.ring();
                Ok(text)
            }
            Enqueued::Known => Ok(say::told_before(day)),
            Enqueued::Full => Err(TaskError(say::outbox_full())),
        }
    }
}

impl Task for Digest {
    fn name(&self) -> &'static str {
        ALERTS_DIGEST
    }

    fn run(&self, run: TaskRun) -> BoxFuture<'_, Result<Text, TaskError>> {
        async move { self.tell_all(run.due.kst_day()).await }.boxed()
    }
}

/// Side, amount, commission and tax of each execution of a day. The read model may lag; the picture knows the last ones.
fn executions(picture: &Snapshot, fills: &[FillRow], day: TradingDay) -> BTreeMap<u64, (Side, Won, Won, Won)> {
    let kept = fills.iter().filter(|fill| fill.at.kst_day() == day);
    let mut all: BTreeMap<_, _> = kept.map(|fill| (fill.id, (fill.side, fill.amount, fill.fee, fill.tax))).collect();
    let late = picture.recent_fills.iter().filter(|fill| fill.at_ns.timestamp().kst_day() == day);
    all.extend(late.filter_map(|fill| Some((fill.id.parse().ok()?, (fill.side, fill.amount, fill.fee, fill.tax)))));
    all
}

fn of(picture: &Snapshot, fills: &[FillRow], day: TradingDay) -> Day {
    let balance = &picture.balance;
    let executions = executions(picture, fills, day);
    let side = |side: Side| {
        let mine = || executions.values().filter(|fill| fill.0 == side);
        Traded { count: mine().count(), amount: mine().map(|fill| fill.1).sum() }
    };
    let change = balance.equity - balance.start_equity;
    Day {
        day,
        equity: balance.equity,
        change: (change, decimal(return_parts(change, balance.start_equity) / 100, 2)),
        cash: balance.cash,
        held: picture.positions.len(),
        traded: (side(Side::Buy), side(Side::Sell)),
        costs: (executions.values().map(|fill| fill.2).sum(), executions.values().map(|fill| fill.3).sum()),
        profit: (balance.realized_pnl, balance.unrealized_pnl),
        bots: picture.bots.iter().map(|b| (b.id.clone(), b.realized_pnl, b.unrealized_pnl)).collect(),
        open_orders: picture.open_orders.len(),
        halted: picture.status.halted,
    }
}
