//! Bars from the broker into the lake: only what is not there yet, committed in portions, so that a cut run goes on where it
//! ended.

mod task;

use std::collections::BTreeSet;

use fsts_domain::{Bar, NS_PER_S, Symbol, Timestamp, TradingDay};
use fsts_kis::{BarPrices, Days as KisDays, Environment, Kis, KisError, Minutes};
use fsts_krx::{Instrument, SessionCalendar};
use fsts_lake::{Batch, Conflicts, DataSet, Days, Gap, Interval, Lake, LakeError, LakeQuery, PriceKind, Row, Series};
use tokio::runtime::Handle;

pub use task::CollectTask;

/// Name of the source in the catalogue.
const SOURCE: &str = "kis";
/// Symbols of one commit: what a kill costs at most.
const SYMBOLS_PER_COMMIT: usize = 20;
/// Symbols in a row that fail before the rest is given up: then it is the broker, not they.
const FAILURES_MAX: usize = 5;
/// The auction's print may come some seconds after the close.
const SETTLED_S: i64 = 60;
const MINUTE_S: i64 = 60;
const DAY_S: i64 = 86_400;

/// What to collect.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose bars, each once.
    pub instruments: Vec<Instrument>,
    /// First and last day.
    pub days: Days,
    /// Length of the bars.
    pub interval: Interval,
}

/// What was collected.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Collected {
    /// Bars that were not there.
    pub added: u64,
    /// Bars whose prices the broker has corrected.
    pub replaced: u64,
    /// Symbols that were asked for.
    pub asked: usize,
    /// Symbols that needed nothing.
    pub up_to_date: usize,
    /// Symbols that failed, and why.
    pub failed: Vec<(Symbol, String)>,
    /// Past days whose minutes this environment does not offer.
    pub not_offered: usize,
    /// Days without a bar that are left.
    pub gaps: Vec<Gap>,
}

/// Why a collection ended early.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Symbol after symbol failed; what was read is stored.
    #[error("{0}")]
    Broker(KisError),
}

/// The broker and the lake between which bars move.
pub struct Collector<'a> {
    /// The broker.
    pub kis: &'a Kis,
    /// The lake.
    pub lake: &'a Lake,
    /// Trading days and hours.
    pub calendar: &'a SessionCalendar,
    /// Market time.
    pub now: Timestamp,
}

/// Bars of some symbols that are not committed yet.
struct Portion {
    interval: Interval,
    rows: Vec<(Instrument, Vec<(i64, Bar)>)>,
    covered: Vec<(Symbol, Days)>,
}

impl Collector<'_> {
    /// Collects; `progress` is told how many steps of how many are done.
    ///
    /// # Errors
    /// [`CollectError`]; what was committed before stays, and the next run goes on behind it.
    pub async fn run(&self, order: &Order, progress: impl Fn(usize, usize)) -> Result<Collected, CollectError> {
        let days = Days { to: order.days.to.min(self.last_ended_day(order.days.to)), ..order.days };
        let mut collected = Collected { asked: order.instruments.len(), ..Collected::default() };
        if days.from <= days.to {
            let known = self.lake.catalog().await?;
            match order.interval {
                Interval::Day => self.days(order, days, &known, (&mut collected, &progress)).await?,
                Interval::Minute => self.minutes(order, days, &known, (&mut collected, &progress)).await?,
            }
        }
        let query = LakeQuery {
            interval: order.interval,
            price_kind: Some(PriceKind::Traded),
            symbols: Some(order.instruments.iter().map(|i| i.symbol).collect()),
            from: Some(days.from),
            to: Some(days.to.max(days.from)),
        };
        collected.gaps = self.lake.gaps(&query, self.calendar).await?;
        Ok(collected)
    }

    /// The last day up to `day` whose session has ended.
    fn last_ended_day(&self, day: TradingDay) -> TradingDay {
        let today = self.now.kst_day();
        if day < today {
            return day;
        }
        let has_ended = self.calendar.regular_close(today).is_none_or(|close| close.plus_s(SETTLED_S) <= self.now);
        if has_ended { today } else { today.plus_days(-1) }
    }

    /// The open days of a span that the broker has not answered for yet.
    fn missing(&self, series: Option<&Series>, days: Days) -> Vec<TradingDay> {
        let all = (days.from.epoch_days()..=days.to.epoch_days()).map(TradingDay::from_epoch_days);
        let answered = |day: &TradingDay| series.is_some_and(|s| s.covered.iter().any(|c| c.contains(*day)));
        all.filter(|day| self.calendar.is_open(*day) && !answered(day)).collect()
    }

    async fn days(
        &self,
        order: &Order,
        days: Days,
        known: &[Series],
        (collected, progress): (&mut Collected, &impl Fn(usize, usize)),
    ) -> Result<(), CollectError> {
        let mut in_a_row = 0;
        let mut portion = Portion::new(Interval::Day);
        for (n, instrument) in order.instruments.iter().enumerate() {
            progress(n, order.instruments.len());
            let missing = self.missing(find(known, Interval::Day, instrument.symbol), days);
            let (Some(first), Some(last)) = (missing.first(), missing.last()) else {
                collected.up_to_date += 1;
                continue;
            };
            let span = KisDays { from: *first, to: *last };
            match self.kis.daily_bars(instrument.symbol, span, BarPrices::Raw).await {
                Ok(bars) => {
                    in_a_row = 0;
                    portion.take_days(instrument, Days { from: *first, to: *last }, &bars, self);
                }
                Err(error) => {
                    in_a_row += 1;
                    self.failed(collected, (instrument.symbol, error), (in_a_row, &mut portion))?;
                }
            }
            if portion.rows.len() >= SYMBOLS_PER_COMMIT {
                self.commit(&mut portion, collected)?;
            }
        }
        self.commit(&mut portion, collected)
    }

    async fn minutes(
        &self,
        order: &Order,
        days: Days,
        known: &[Series],
        (collected, progress): (&mut Collected, &impl Fn(usize, usize)),
    ) -> Result<(), CollectError> {
        let today = self.now.kst_day();
        let mut needed: Vec<(TradingDay, Vec<&Instrument>)> = Vec::new();
        let mut wanting = BTreeSet::new();
        for day in self.missing(None, days) {
            let lacks = |i: &&Instrument| {
                let series = find(known, Interval::Minute, i.symbol);
                !self.missing(series, Days { from: day, to: day }).is_empty()
            };
            let lacking: Vec<&Instrument> = order.instruments.iter().filter(lacks).collect();
            wanting.extend(lacking.iter().map(|i| i.symbol));
            if lacking.is_empty() {
                continue;
            }
            if self.kis.environment() == Environment::Mock && day != today {
                collected.not_offered += 1;
                continue;
            }
            needed.push((day, lacking));
        }
        collected.up_to_date = order.instruments.iter().filter(|i| !wanting.contains(&i.symbol)).count();
        let steps: usize = needed.iter().map(|(_, list)| list.len()).sum();
        let (mut step, mut in_a_row) = (0, 0);
        for (day, instruments) in needed {
            let mut portion = Portion::new(Interval::Minute);
            for instrument in instruments {
                progress(step, steps);
                step += 1;
                match self.kis.minute_bars(instrument.symbol, hours(self.calendar, day)).await {
                    Ok(bars) => {
                        in_a_row = 0;
                        portion.take_minutes(instrument, (day, today), bars);
                    }
                    Err(error) => {
                        in_a_row += 1;
                        self.failed(collected, (instrument.symbol, error), (in_a_row, &mut portion))?;
                    }
                }
                if portion.rows.len() >= SYMBOLS_PER_COMMIT {
                    self.commit(&mut portion, collected)?;
                }
            }
            self.commit(&mut portion, collected)?;
        }
        Ok(())
    }

    /// Notes a symbol that failed; after some in a row it is the broker, and what was read before is committed.
    fn failed(
        &self,
        collected: &mut Collected,
        (symbol, error): (Symbol, KisError),
        (in_a_row, portion): (usize, &mut Portion),
    ) -> Result<(), CollectError> {
        tracing::warn!(%symbol, %error, "bars could not be collected");
        let hopeless = matches!(error, KisError::Config { .. } | KisError::Reauthenticate { .. });
        if hopeless || in_a_row >= FAILURES_MAX {
            self.commit(portion, collected)?;
            return Err(CollectError::Broker(error));
        }
        collected.failed.push((symbol, error.to_string()));
        Ok(())
    }

    fn commit(&self, portion: &mut Portion, collected: &mut Collected) -> Result<(), CollectError> {
        if portion.covered.is_empty() && portion.rows.is_empty() {
            return Ok(());
        }
        let done = std::mem::replace(portion, Portion::new(portion.interval));
        let (data, covered) = done.data_set();
        let batch = Batch { data: &data, source: SOURCE, conflicts: Conflicts::Replace, covered: &covered };
        // Files are packed here, so other tasks get this thread's place.
        let put = tokio::task::block_in_place(|| Handle::current().block_on(self.lake.put(&batch)))?;
        collected.added += put.added;
        collected.replaced += put.replaced;
        Ok(())
    }
}

/// The minutes of a day's regular session.
pub fn hours(calendar: &SessionCalendar, day: TradingDay) -> Minutes {
    let second = |at: Option<Timestamp>, otherwise: i64| {
        at.map_or(otherwise, |at| at.since(Timestamp::from_kst(day, 0)) / NS_PER_S)
    };
    let from_s = second(calendar.regular_open(day), 9 * 3600);
    let to_s = second(calendar.regular_close(day), 15 * 3600 + 1800).min(DAY_S - MINUTE_S);
    Minutes { day, from_s, to_s }
}

fn find(known: &[Series], interval: Interval, symbol: Symbol) -> Option<&Series> {
    known.iter().find(|s| s.interval == interval && s.price_kind == PriceKind::Traded && s.symbol == symbol)
}

impl Portion {
    fn new(interval: Interval) -> Portion {
        Portion { interval, rows: Vec::new(), covered: Vec::new() }
    }

    fn take_days(&mut self, instrument: &Instrument, days: Days, bars: &[(TradingDay, Bar)], by: &Collector<'_>) {
        let close =
            |day: TradingDay| by.calendar.regular_close(day).unwrap_or(Timestamp::from_kst(day, 15 * 3600 + 1800)).ns();
        self.rows.push((instrument.clone(), bars.iter().map(|(day, bar)| (close(*day), *bar)).collect()));
        // Today's bar may only be late: without it today is asked for again.
        let is_late = days.to == by.now.kst_day() && bars.last().is_none_or(|(day, _)| *day < days.to);
        let to = if is_late { days.to.plus_days(-1) } else { days.to };
        if days.from <= to {
            self.covered.push((instrument.symbol, Days { from: days.from, to }));
        }
    }

    fn take_minutes(
        &mut self,
        instrument: &Instrument,
        (day, today): (TradingDay, TradingDay),
        bars: Vec<(Timestamp, Bar)>,
    ) {
        if day < today || !bars.is_empty() {
            self.covered.push((instrument.symbol, Days { from: day, to: day }));
        }
        self.rows.push((instrument.clone(), bars.into_iter().map(|(at, bar)| (at.ns(), bar)).collect()));
    }

    fn data_set(mut self) -> (DataSet, Vec<(Symbol, Days)>) {
        self.rows.sort_by_key(|(instrument, _)| instrument.symbol);
        self.rows.dedup_by_key(|(instrument, _)| instrument.symbol);
        let rows = (0u32..)
            .zip(&self.rows)
            .flat_map(|(symbol, (_, bars))| bars.iter().map(move |(at, bar)| Row { at: *at, symbol, bar: *bar }))
            .collect();
        let symbols = self.rows.iter().map(|(instrument, _)| instrument.clone()).collect();
        (DataSet::from_rows(symbols, rows, self.interval, PriceKind::Traded), self.covered)
    }
}
