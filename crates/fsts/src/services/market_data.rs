//! Bars of the past for the server: those at rest, and from the broker what is missing at their end.

use std::sync::Arc;

use fsts_domain::{Bar, Timestamp, TradingDay};
use fsts_kis::{BarPrices, Days, Kis, KisError, Minutes};
use fsts_krx::{Instrument, SessionCalendar};
use fsts_lake::{Interval, LakeError, PriceKind};
use fsts_server::views::BarInterval;
use fsts_server::{BarsSource, MarketData, PastBars, PastBarsAsked, PastBarsError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::lake::{LakeDoor, Wanted};
use crate::clock::MarketTime;

/// Longest span that the broker is asked for: each hundred days are a call of a budget that orders share.
const BROKER_DAYS_MAX: i32 = 5 * 366;
/// The same for minutes, of which a day is four calls.
const BROKER_MINUTE_DAYS_MAX: i32 = 5;
/// Requests that may wait for the broker.
const WAITING_MAX: usize = 8;

/// The port.
pub struct PastMarket {
    lake: LakeDoor,
    kis: Kis,
    time: MarketTime,
    calendar: SessionCalendar,
    universe: Arc<[Instrument]>,
    /// The broker is asked for one span at a time.
    asking: Semaphore,
    waiting: Semaphore,
}

impl PastMarket {
    /// The port over a lake and a broker.
    pub fn new(
        lake: LakeDoor,
        kis: Kis,
        (time, calendar): (MarketTime, SessionCalendar),
        universe: Arc<[Instrument]>,
    ) -> PastMarket {
        let (asking, waiting) = (Semaphore::new(1), Semaphore::new(WAITING_MAX));
        PastMarket { lake, kis, time, calendar, universe, asking, waiting }
    }

    async fn bars(&self, asked: PastBarsAsked) -> Result<PastBars, PastBarsError> {
        let stored = self.stored(asked).await?;
        let known = self.universe.iter().find(|i| i.symbol == asked.symbol).map(|i| i.name.clone());
        let mut past = match stored {
            Some(past) if past.adjusted => past,
            Some(past) => {
                // What was traded since the last collection.
                let next = past.bars.last().map_or(asked.from, |(start, _)| start.kst_day().plus_days(1));
                let rest = PastBarsAsked { from: next, ..asked };
                match self.ask_broker(rest).await {
                    Ok(tail) => PastBars { bars: [past.bars, tail].concat(), ..past },
                    Err(error) => {
                        tracing::info!(?error, symbol = %asked.symbol, "only stored bars are shown");
                        past
                    }
                }
            }
            None => {
                let bars = self.ask_broker(asked).await?;
                if bars.is_empty() {
                    return Err(PastBarsError::None);
                }
                PastBars { name: String::new(), source: BarsSource::Broker, adjusted: false, bars }
            }
        };
        if past.name.is_empty() {
            past.name = known.unwrap_or_default();
        }
        Ok(past)
    }

    /// The bars at rest; `None` when there are none of the symbol in the span.
    async fn stored(&self, asked: PastBarsAsked) -> Result<Option<PastBars>, PastBarsError> {
        let interval = match asked.interval {
            BarInterval::Day => Interval::Day,
            BarInterval::Minute => Interval::Minute,
        };
        let wanted = Wanted {
            symbols: Some(vec![asked.symbol]),
            from: Some(asked.from),
            to: Some(asked.to),
            interval: Some(interval),
            ..Wanted::default()
        };
        let data = match self.lake.read(&wanted).await {
            Ok(data) => data,
            Err(LakeError::Rows(_)) => return Ok(None),
            Err(error) => return Err(PastBarsError::Store(error.to_string())),
        };
        let start = |row: &fsts_lake::Row| match interval {
            Interval::Day => Timestamp::from_kst(row.day(), 0),
            Interval::Minute => Timestamp::from_ns(row.at),
        };
        Ok(Some(PastBars {
            name: data.symbols.first().map(|i| i.name.clone()).unwrap_or_default(),
            source: BarsSource::Lake,
            adjusted: data.price_kind == PriceKind::Adjusted,
            bars: data.rows.iter().map(|row| (start(row), row.bar)).collect(),
        }))
    }

    /// What the broker has of a span, cut to what may be asked at once; today's day is not over and is left out.
    async fn ask_broker(&self, asked: PastBarsAsked) -> Result<Vec<(Timestamp, Bar)>, PastBarsError> {
        let now = self.time.now();
        let has_ended = |day: TradingDay| self.calendar.regular_close(day).is_some_and(|close| close <= now);
        let days =
            (asked.from.epoch_days()..=asked.to.min(now.kst_day()).epoch_days()).map(TradingDay::from_epoch_days);
        let ended: Vec<TradingDay> = days.filter(|day| has_ended(*day)).collect();
        let (Some(first), Some(last)) = (ended.first().copied(), ended.last().copied()) else { return Ok(Vec::new()) };
        let busy = |_| PastBarsError::Broker("too many wait for it".to_owned());
        let _place =
            self.waiting.try_acquire().map_err(|_| PastBarsError::Broker("too many wait for it".to_owned()))?;
        let _alone = self.asking.acquire().await.map_err(busy)?;
        let failed = |error: KisError| match error {
            // The broker knows no such symbol, or not in this environment.
            KisError::Refused { .. } | KisError::Config { .. } => PastBarsError::None,
            other => PastBarsError::Broker(other.to_string()),
        };
        match asked.interval {
            BarInterval::Day => {
                let from = first.max(last.plus_days(-BROKER_DAYS_MAX));
                let bars = self.kis.daily_bars(asked.symbol, Days { from, to: last }, BarPrices::Raw).await;
                let start = |(day, bar): (TradingDay, Bar)| (Timestamp::from_kst(day, 0), bar);
                Ok(bars.map_err(failed)?.into_iter().map(start).collect())
            }
            BarInterval::Minute => {
                let earliest = last.plus_days(-BROKER_MINUTE_DAYS_MAX);
                let mut bars = Vec::new();
                for day in ended.into_iter().filter(|day| *day >= earliest) {
                    match self.kis.minute_bars(asked.symbol, self.hours(day)).await {
                        Ok(minutes) => bars.extend(minutes),
                        // The mock environment has today's minutes only.
                        Err(KisError::Config { .. }) => {}
                        Err(error) => return Err(failed(error)),
                    }
                }
                Ok(bars)
            }
        }
    }

    fn hours(&self, day: TradingDay) -> Minutes {
        super::collect::hours(&self.calendar, day)
    }
}

impl MarketData for PastMarket {
    fn past_bars(&self, asked: PastBarsAsked) -> BoxFuture<'_, Result<PastBars, PastBarsError>> {
        self.bars(asked).boxed()
    }
}
