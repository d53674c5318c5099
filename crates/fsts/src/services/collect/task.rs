//! The job `data-collect`: the bars of the day, and of days that were missed, for the program's symbols.

use std::sync::Arc;

use fsts_domain::{Market, Symbol, TradingDay};
use fsts_kis::{Environment, Kis};
use fsts_krx::{Instrument, SessionCalendar};
use fsts_lake::{Days, Interval, LakeError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{CollectError, Collected, Collector, Order};
use crate::clock::MarketTime;
use crate::messages::{Text, data as say};
use crate::services::jobs::{DATA_COLLECT, Task, TaskError, TaskRun};
use crate::services::lake::LakeSettings;

/// Days before the due one that are made up for: a long holiday with a broken machine.
const DAYS_BACK: i32 = 30;
/// The same for minutes, of which a day costs four calls a symbol.
const MINUTE_DAYS_BACK: i32 = 10;

/// The task.
pub struct CollectTask {
    /// The broker.
    pub kis: Kis,
    /// Market time.
    pub time: MarketTime,
    /// Trading days.
    pub calendar: SessionCalendar,
    /// The program's symbols.
    pub universe: Arc<[Instrument]>,
    /// Where to, and what.
    pub settings: LakeSettings,
}

impl CollectTask {
    fn instruments(&self) -> Vec<Instrument> {
        let known = |symbol: &Symbol| self.universe.iter().find(|i| i.symbol == *symbol).cloned();
        let unnamed = |symbol: &Symbol| Instrument { symbol: *symbol, name: String::new(), market: Market::Kospi };
        match &self.settings.collect {
            Some(symbols) => symbols.iter().map(|s| known(s).unwrap_or_else(|| unnamed(s))).collect(),
            None => self.universe.to_vec(),
        }
    }

    async fn collect(&self, day: TradingDay) -> Result<Text, TaskError> {
        let broken = |error: &LakeError| {
            tracing::error!(%error, "the lake could not be used");
            TaskError(say::lake(error))
        };
        let lake = self.settings.door.writing().map_err(|e| broken(&e))?;
        let mut all = Vec::new();
        for interval in &self.settings.intervals {
            let back = match interval {
                Interval::Day => DAYS_BACK,
                Interval::Minute if self.kis.environment() == Environment::Mock => 0,
                Interval::Minute => MINUTE_DAYS_BACK,
            };
            let (instruments, days) = (self.instruments(), Days { from: day.plus_days(-back), to: day });
            let order = Order { instruments, days, interval: *interval };
            let (kis, calendar) = (&self.kis, &self.calendar);
            let collector = Collector { kis, lake: &lake, calendar, now: self.time.now() };
            match collector.run(&order, |_, _| {}).await {
                Ok(collected) => all.push(collected),
                Err(CollectError::Lake(error)) => return Err(broken(&error)),
                Err(CollectError::Broker(error)) => return Err(TaskError(say::broker_gave_up(&error.to_string()))),
            }
        }
        let sum = |of: fn(&Collected) -> u64| all.iter().map(of).sum::<u64>();
        let (added, failures) = (sum(|c| c.added), sum(|c| c.failed.len() as u64));
        let gaps = sum(|c| c.gaps.iter().map(|g| u64::from(g.days)).sum());
        let text = say::collected(added, all.first().map_or(0, |c| c.asked), gaps);
        if failures > 0 { Err(TaskError(say::some_failed(failures, &text))) } else { Ok(text) }
    }
}

impl Task for CollectTask {
    fn name(&self) -> &'static str {
        DATA_COLLECT
    }

    fn run(&self, run: TaskRun) -> BoxFuture<'_, Result<Text, TaskError>> {
        async move { self.collect(run.due.kst_day()).await }.boxed()
    }
}
