//! Minute bars: today's by thirty, those of past days by a hundred and twenty, each answer ending where the next one goes on.

use std::collections::BTreeMap;

use fsts_domain::{Bar, Symbol, Timestamp, TradingDay};

use super::rows::{in_call, minute_bar};
use crate::call::Call;
use crate::envelope::Envelope;
use crate::error::KisError;
use crate::limiter::Lane;
use crate::rest::{Read, Rest, unreadable};
use crate::wire::quote::{DayMinutesQuery, MinuteBarRow, TodayMinutesQuery};

/// Calls for one day: a day of 24 hours has 1,440 minutes.
const CALLS_MAX: usize = 60;
const MINUTE_S: i64 = 60;

/// Minutes of a day, by their starts: the first and the last that are wanted, seconds since Korean midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minutes {
    /// The day.
    pub day: TradingDay,
    /// Start of the first minute.
    pub from_s: i64,
    /// Start of the last minute; the closing auction trades in the minute that begins at the close.
    pub to_s: i64,
}

impl Rest {
    /// The ended minutes of a day at market time `now`, oldest first.
    pub async fn minute_bars(
        &self,
        symbol: Symbol,
        minutes: Minutes,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, Bar)>, KisError> {
        let (first, last) =
            (Timestamp::from_kst(minutes.day, minutes.from_s), Timestamp::from_kst(minutes.day, minutes.to_s));
        let is_today = minutes.day == now.kst_day();
        let call = if is_today { Call::MinutesOfToday } else { Call::MinutesOfDay };
        let mut bars = BTreeMap::new();
        // A time to come gives rows that nothing has traded in.
        let mut end = last.min(now);
        for _ in 0..CALLS_MAX {
            if end < first {
                return Ok(bars.into_iter().collect());
            }
            let envelope = self.minutes_until(symbol, end, is_today).await?;
            let rows: Vec<MinuteBarRow> = envelope.rows("output2").map_err(unreadable(call))?;
            let mut earliest = None;
            for row in &rows {
                let (start, bar) = minute_bar(row).map_err(in_call(call))?;
                earliest = Some(earliest.map_or(start, |e: Timestamp| e.min(start)));
                // The newest row shows the minute before until its own first trade.
                let has_ended = start.plus_s(MINUTE_S) <= now;
                if let Some(bar) = bar.filter(|_| has_ended && (first..=last).contains(&start)) {
                    bars.insert(start, bar);
                }
            }
            match earliest {
                Some(start) if start > first && start <= end => end = start.plus_s(-MINUTE_S),
                _ => return Ok(bars.into_iter().collect()),
            }
        }
        Err(KisError::Decode { call: call.name(), what: "the bars do not end".to_owned() })
    }

    async fn minutes_until(&self, symbol: Symbol, end: Timestamp, is_today: bool) -> Result<Envelope, KisError> {
        let second = end.kst_second();
        let hour = format!("{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60);
        if is_today {
            let query = TodayMinutesQuery {
                fid_cond_mrkt_div_code: "J".into(),
                fid_input_iscd: symbol.as_str().into(),
                fid_input_hour_1: hour.into(),
                fid_pw_data_incu_yn: "N".into(),
                ..TodayMinutesQuery::default()
            };
            let read = Read { call: Call::MinutesOfToday, lane: Lane::Read, query: &query, next_page: false };
            return self.get(read).await.map(|(envelope, _)| envelope);
        }
        let query = DayMinutesQuery {
            fid_cond_mrkt_div_code: "J".into(),
            fid_input_iscd: symbol.as_str().into(),
            fid_input_date_1: end.kst_day().compact().into(),
            fid_input_hour_1: hour.into(),
            fid_pw_data_incu_yn: "N".into(),
            fid_fake_tick_incu_yn: "N".into(),
        };
        let read = Read { call: Call::MinutesOfDay, lane: Lane::Read, query: &query, next_page: false };
        self.get(read).await.map(|(envelope, _)| envelope)
    }
}
