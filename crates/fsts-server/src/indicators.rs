//! Indicators over bars of the past: one table of names, parameters and formulas.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fsts_domain::{Bar, NS_PER_S, Symbol, TradingDay};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::input::Asked;
use crate::market_data::{BarsSource, PastBarsAsked, PastBarsError};
use crate::problem::{Problem, ProblemView};
use crate::views::BarInterval;

mod formulas;

use formulas::{KNOWN, Parameters};

/// No Korean bar is older than what data vendors call the beginning.
const YEAR_MIN: i32 = 1970;
/// Days to come that a question may name.
const DAYS_AHEAD_MAX: i32 = 366;
/// Calendar days that are shown when no first day is asked for.
const DAYS_SHOWN: i32 = 365;
const MINUTE_DAYS_SHOWN: i32 = 5;
/// Longest span: forty years of days, three months of minutes.
const DAYS_MAX: i32 = 40 * 366;
const MINUTE_DAYS_MAX: i32 = 92;
/// Most points of one answer, the newest.
const POINTS_MAX: usize = 10_000;
/// Averages that never forget have forgotten after four periods.
const WARM_UP_PERIODS: i32 = 4;
/// Minutes of a short session.
const MINUTES_OF_A_DAY: i32 = 300;

/// Which indicator of what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct IndicatorAsked {
    /// The instrument.
    symbol: String,
    /// Length of the bars: `1d` (or `day`) unless told, `1m` (or `minute`).
    interval: Option<BarInterval>,
    /// First day, YYYY-MM-DD; unless told a year before the last, five days for minutes.
    from: Option<String>,
    /// Last day, YYYY-MM-DD; today unless told.
    to: Option<String>,
    /// Bars of the average, index or range: 1 to 1000 [20; `rsi`, `stochastic` and `mfi` 14].
    period: Option<u32>,
    /// `macd`: bars of the fast average [12].
    fast: Option<u32>,
    /// `macd`: bars of the slow average [26].
    slow: Option<u32>,
    /// `macd`: bars of the signal [9].
    signal: Option<u32>,
    /// `stochastic`: bars that smooth %K [3].
    smooth_k: Option<u32>,
    /// `stochastic`: bars that smooth %D [3].
    smooth_d: Option<u32>,
    /// `bollinger`: deviations between mean and band [2].
    width: Option<f64>,
    /// `standard`, or `former`: as the former program took it (`ema`, `macd` and `stochastic` with pandas' adjusted weights, `rsi`
    /// with simple means).
    variant: Option<String>,
}

/// One instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorPoint {
    /// Start of the bar, UTC seconds; Korean midnight for a day.
    pub t: i64,
    /// The Korean day.
    #[schema(value_type = String, example = "2026-11-20")]
    pub day: TradingDay,
    /// Each line's value by its name.
    pub values: BTreeMap<String, f64>,
}

/// An indicator over bars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorView {
    /// Its name.
    pub indicator: String,
    /// The instrument.
    pub symbol: String,
    /// Its name; empty when nobody knows it.
    pub name: String,
    /// Length of the bars.
    pub interval: BarInterval,
    /// The parameters that were used.
    pub parameters: BTreeMap<String, f64>,
    /// `standard` or `former`.
    pub variant: String,
    /// Where the bars come from.
    pub source: BarsSource,
    /// Prices are adjusted for splits.
    pub adjusted: bool,
    /// Oldest first; bars before the indicator is warm have none.
    pub points: Vec<IndicatorPoint>,
}

/// Simple moving average of the closes.
#[utoipa::path(get, path = "/api/v1/indicator/ma", tag = "market", params(IndicatorAsked),
    responses((status = 200, body = IndicatorView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn ma(app: State<App>, asked: Asked<IndicatorAsked>) -> Result<Json<IndicatorView>, Problem> {
    answer(&app, "ma", asked.0).await
}

/// Relative strength index of the closes.
#[utoipa::path(get, path = "/api/v1/indicator/rsi", tag = "market", params(IndicatorAsked),
    responses((status = 200, body = IndicatorView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn rsi(app: State<App>, asked: Asked<IndicatorAsked>) -> Result<Json<IndicatorView>, Problem> {
    answer(&app, "rsi", asked.0).await
}

/// An indicator by its name: `ma` or `sma`, `ema`, `wma`, `rsi`, `macd`, `stochastic`, `mfi`, `bollinger`.
#[utoipa::path(get, path = "/api/v1/indicator/{name}", tag = "market",
    params(("name" = String, Path, description = "the indicator"), IndicatorAsked),
    responses((status = 200, body = IndicatorView), (status = "4XX", body = ProblemView), (status = "5XX", body = ProblemView)))]
pub(crate) async fn by_name(
    app: State<App>,
    Path(name): Path<String>,
    asked: Asked<IndicatorAsked>,
) -> Result<Json<IndicatorView>, Problem> {
    answer(&app, &name, asked.0).await
}

async fn answer(app: &App, name: &str, asked: IndicatorAsked) -> Result<Json<IndicatorView>, Problem> {
    let unknown = || {
        let problem = Problem::new(StatusCode::NOT_FOUND, "unknown_indicator");
        problem.with("name", name.chars().take(40).collect::<String>()).with("known", KNOWN.join(", "))
    };
    let parameters = Parameters::of(name, &asked)?.ok_or_else(unknown)?;
    let symbol: Symbol = asked.symbol.parse().map_err(|_| Problem::bad("bad_symbol"))?;
    let interval = asked.interval.unwrap_or(BarInterval::Day);
    let (from, to) = span(&asked, interval, app.desk.now().kst_day())?;
    let off = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "market_data_off");
    let port = app.services.market_data.as_deref().ok_or_else(off)?;
    let warm_up = warm_up_days(parameters.longest(), interval);
    let wanted = PastBarsAsked { symbol, interval, from: from.plus_days(-warm_up), to };
    let past = port.past_bars(wanted).await.map_err(|error| problem_of(error, symbol))?;
    let mut formula = parameters.formula();
    let mut points: Vec<IndicatorPoint> = Vec::new();
    for (start, bar) in &past.bars {
        let values = formula.update(bar);
        let day = start.kst_day();
        if (from..=to).contains(&day)
            && let Some(values) = values
        {
            points.push(IndicatorPoint { t: start.ns().div_euclid(NS_PER_S), day, values });
        }
    }
    let surplus = points.len().saturating_sub(POINTS_MAX);
    points.drain(..surplus);
    Ok(Json(IndicatorView {
        indicator: name.to_owned(),
        symbol: symbol.to_string(),
        name: past.name,
        interval,
        parameters: parameters.shown(),
        variant: parameters.variant().to_owned(),
        source: past.source,
        adjusted: past.adjusted,
        points,
    }))
}

fn span(asked: &IndicatorAsked, interval: BarInterval, today: TradingDay) -> Result<(TradingDay, TradingDay), Problem> {
    let day = |field: &'static str, text: &Option<String>| {
        text.as_deref().map(|t| t.parse().map_err(|_| Problem::bad("bad_day").with("field", field))).transpose()
    };
    let to = day("to", &asked.to)?.unwrap_or(today);
    let (shown, most) = match interval {
        BarInterval::Day => (DAYS_SHOWN, DAYS_MAX),
        BarInterval::Minute => (MINUTE_DAYS_SHOWN, MINUTE_DAYS_MAX),
    };
    let from: TradingDay = day("from", &asked.from)?.unwrap_or(to.plus_days(-shown));
    // Outside of these nobody has a bar, and far outside an instant no longer fits into its nanoseconds.
    for (field, day) in [("from", from), ("to", to)] {
        if day.ymd().0 < YEAR_MIN || day > today.plus_days(DAYS_AHEAD_MAX) {
            return Err(Problem::bad("bad_day").with("field", field));
        }
    }
    if from > to {
        return Err(Problem::bad("days_reversed").with("from", from).with("to", to));
    }
    if to.epoch_days() - from.epoch_days() > most {
        return Err(Problem::bad("span_too_long").with("limit", most));
    }
    Ok((from, to))
}

/// Calendar days that hold the bars before the first one shown.
fn warm_up_days(longest: u32, interval: BarInterval) -> i32 {
    let bars = i32::try_from(longest).unwrap_or(i32::MAX / 8) * WARM_UP_PERIODS;
    match interval {
        // Five of seven days trade, and holidays come in rows.
        BarInterval::Day => bars * 7 / 5 + 20,
        BarInterval::Minute => bars / MINUTES_OF_A_DAY * 7 / 5 + 7,
    }
}

fn problem_of(error: PastBarsError, symbol: Symbol) -> Problem {
    match error {
        PastBarsError::None => Problem::new(StatusCode::NOT_FOUND, "no_past_bars").with("symbol", symbol),
        PastBarsError::Broker(reason) => {
            tracing::warn!(%symbol, reason, "the broker gave no bars");
            Problem::new(StatusCode::BAD_GATEWAY, "broker_gave_no_bars").with("symbol", symbol)
        }
        PastBarsError::Store(reason) => {
            tracing::error!(%symbol, reason, "the stored bars could not be read");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stored_bars_failed")
        }
    }
}

/// A bar's prices as numbers.
fn numbers(bar: &Bar) -> (f64, f64, f64, f64) {
    (bar.high.get() as f64, bar.low.get() as f64, bar.close.get() as f64, bar.volume as f64)
}
