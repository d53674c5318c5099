//! Tools about the market: time, calendar, symbols, prices.

use fsts_domain::{Timestamp, TradingDay};
use fsts_krx::DayKind;
use fsts_server::views::BarInterval;
use serde_json::{Map, Value, json};

use super::in_words;
use super::toolbox::{Outcome, ProgramTools, count_of, symbol_of};

/// Days that one question about holidays may span.
const HOLIDAY_DAYS_MAX: i32 = 400;
const WEEKDAYS: [&str; 7] = ["월", "화", "수", "목", "금", "토", "일"];

impl ProgramTools {
    pub(super) fn current_time(&self) -> Outcome {
        let now = self.time.now();
        let clock = self.desk.snapshot().status.clock.clone();
        let weekday = WEEKDAYS.get(weekday_index(now.kst_day())).copied();
        Ok(self.marked(
            json!({
                "now": in_words(now),
                "date": now.kst_day().to_string(),
                "weekday": weekday,
                "session": clock.session_part,
                "next_open": clock.next_open_ns.map(|ns| in_words(ns.timestamp())),
            }),
            "market clock",
        ))
    }

    pub(super) fn trading_hours(&self, fields: &Map<String, Value>) -> Outcome {
        let day = day_of(fields, "date")?.unwrap_or_else(|| self.time.now().kst_day());
        let at = |time: Option<Timestamp>| time.map(in_words);
        Ok(self.marked(
            json!({
                "market": "KRX",
                "date": day.to_string(),
                "is_trading_day": self.calendar.is_open(day),
                "open": at(self.calendar.regular_open(day)),
                "close": at(self.calendar.regular_close(day)),
                "next_trading_day": self.calendar.next_open_day(day).map(|d| d.to_string()),
            }),
            "KRX calendar",
        ))
    }

    pub(super) fn holidays(&self, fields: &Map<String, Value>) -> Outcome {
        let today = self.time.now().kst_day();
        let from = day_of(fields, "from")?.unwrap_or(today);
        let to = day_of(fields, "to")?.unwrap_or_else(|| from.plus_days(60));
        let days = to.epoch_days() - from.epoch_days();
        if !(0..=HOLIDAY_DAYS_MAX).contains(&days) {
            return Err(format!("from must not be after to, and at most {HOLIDAY_DAYS_MAX} days before it"));
        }
        let closed = (0..=days).map(|n| from.plus_days(n)).filter_map(|day| match self.calendar.day_kind(day) {
            DayKind::Closed { reason } if weekday_index(day) < 5 => {
                Some(json!({"date": day.to_string(), "reason": format!("{reason:?}")}))
            }
            DayKind::Closed { .. } | DayKind::Open { .. } | DayKind::Unknown => None,
        });
        let closed: Vec<Value> = closed.collect();
        Ok(self.marked(
            json!({"market": "KRX", "from": from.to_string(), "to": to.to_string(), "holidays": closed}),
            "KRX calendar",
        ))
    }

    pub(super) fn search_symbols(&self, fields: &Map<String, Value>) -> Outcome {
        let query = fields.get("query").and_then(Value::as_str).unwrap_or_default().trim().to_lowercase();
        let names = std::sync::Arc::clone(&self.desk.snapshot().names);
        let mut found: Vec<(u32, String, String)> = names
            .iter()
            .filter_map(|(symbol, name)| {
                let (code, lower) = (symbol.to_string(), name.to_lowercase());
                let score = if lower == query || code.eq_ignore_ascii_case(&query) {
                    100
                } else if lower.starts_with(&query) {
                    80
                } else if lower.contains(&query) || code.contains(&query) {
                    60
                } else if query.contains(&lower) && lower.chars().count() > 1 {
                    50
                } else {
                    return None;
                };
                Some((score, code, name.clone()))
            })
            .collect();
        found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.truncate(count_of(fields, "limit", 10) as usize);
        if found.is_empty() {
            return Err(format!("no tradable company matches; {} companies can be traded here", names.len()));
        }
        let row =
            |(score, symbol, name): (u32, String, String)| json!({"symbol": symbol, "name": name, "score": score});
        let rows: Vec<Value> = found.into_iter().map(row).collect();
        Ok(self.marked(json!({"symbols": rows}), "symbol master"))
    }

    pub(super) fn quote(&self, fields: &Map<String, Value>) -> Outcome {
        let symbol = symbol_of(fields)?;
        let quote =
            self.desk.quote(symbol).ok_or("there is no price of that symbol yet, or it is not followed here")?;
        let percent = quote.change.zip(quote.prev_close).map(|(change, base)| {
            // Two places of a percentage, as text, so that nothing is rounded twice.
            let hundredths = i128::from(change.get()) * 10_000 / i128::from(base.get().max(1));
            format!("{}{}.{:02}", if hundredths < 0 { "-" } else { "" }, hundredths.abs() / 100, hundredths.abs() % 100)
        });
        Ok(self.marked(
            json!({
                "symbol": quote.symbol, "name": quote.name, "last": quote.last, "change": quote.change,
                "change_percent": percent, "open": quote.open, "high": quote.high, "low": quote.low,
                "volume": quote.volume, "prev_close": quote.prev_close, "bid": quote.bid, "ask": quote.ask,
                "upper_limit": quote.upper_limit, "lower_limit": quote.lower_limit,
                "at": in_words(quote.at_ns.timestamp()), "currency": "KRW",
            }),
            "live feed",
        ))
    }

    pub(super) async fn bars(&self, fields: &Map<String, Value>, interval: BarInterval) -> Outcome {
        let symbol = symbol_of(fields)?;
        let count = count_of(fields, "count", 30) as usize;
        let bars = self.desk.bars(symbol, interval, count).await.map_err(|e| e.to_string())?;
        let view = |bar: &fsts_server::views::BarView| {
            let at = Timestamp::from_ns(bar.t.saturating_mul(fsts_domain::NS_PER_S));
            let at = match interval {
                BarInterval::Day => at.kst_day().to_string(),
                BarInterval::Minute => in_words(at),
            };
            json!({"t": at, "open": bar.o, "high": bar.h, "low": bar.l, "close": bar.c, "volume": bar.v})
        };
        let rows: Vec<Value> = bars.iter().map(view).collect();
        Ok(self.marked(json!({"symbol": symbol, "bars": rows, "currency": "KRW"}), "stored bars"))
    }
}

/// Monday is 0.
fn weekday_index(day: TradingDay) -> usize {
    // 1970-01-01 was a Thursday.
    usize::try_from((day.epoch_days() + 3).rem_euclid(7)).unwrap_or(0)
}

fn day_of(fields: &Map<String, Value>, name: &str) -> Result<Option<TradingDay>, String> {
    let Some(text) = fields.get(name).and_then(Value::as_str) else { return Ok(None) };
    let mut parts = text.splitn(3, '-').map(|p| p.parse::<i32>().ok());
    let mut part = || parts.next().flatten();
    let day = part().zip(part()).zip(part()).and_then(|((year, month), day)| {
        TradingDay::from_ymd(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    });
    day.map(Some).ok_or_else(|| format!("{name} must be a day as YYYY-MM-DD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekday_and_a_day_are_read_right() {
        assert_eq!(weekday_index(TradingDay::from_ymd(2026, 11, 23).unwrap()), 0, "a Monday");
        let fields = |day: &str| json!({"date": day}).as_object().unwrap().clone();
        assert_eq!(day_of(&fields("2026-11-23"), "date").unwrap(), TradingDay::from_ymd(2026, 11, 23));
        assert!(day_of(&fields("2026-13-23"), "date").is_err());
        assert!(day_of(&fields("tomorrow"), "date").is_err());
    }
}
