//! Daily and minute bars.

use fsts_domain::{TradingDay, Won};

use crate::board::{ChartBar, Quote};
use crate::calls::ApiCall;
use crate::exchange::Exchange;
use crate::quotes::{change, symbol_of};
use crate::replies::{Output, Refusal, Reply, Row};
use crate::text::percent;

/// Rows of one answer.
const DAYS_MAX: usize = 100;
const MINUTES_MAX: usize = 30;
const PAST_MINUTES_MAX: usize = 120;

/// `inquire-daily-itemchartprice`: newest first; there are no pages, clients walk the end date back.
pub(crate) fn daily(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let quote = exchange.board.get(symbol_of(exchange, call)?);
    let day = |name| call.param(name).parse::<TradingDay>().map_err(|_| Refusal::Malformed);
    let (from, to) = (day("FID_INPUT_DATE_1")?, day("FID_INPUT_DATE_2")?);
    if call.param("FID_PERIOD_DIV_CODE") != "D" {
        return Err(Refusal::NothingToShow);
    }
    let today = quote.today.day.map(|bar| (exchange.day, bar));
    let days = quote.days.iter().copied().chain(today);
    let in_range: Vec<(TradingDay, ChartBar)> = days.filter(|(day, _)| (from..=to).contains(day)).collect();
    let rows = in_range.iter().rev().take(DAYS_MAX).map(|(day, chart)| day_row(quote, *day, chart));
    Ok(Reply::quotation().with("output1", Output::One(daily_head(quote))).with("output2", Output::Many(rows.collect())))
}

fn day_row(quote: &Quote, day: TradingDay, chart: &ChartBar) -> Row {
    let before = quote.days.iter().rev().find(|(earlier, _)| *earlier < day).map(|(_, chart)| chart.bar.close);
    let difference = before.map_or(0, |before| chart.bar.close.get() - before.get());
    Row::new()
        .with("stck_bsop_date", day.compact())
        .with("stck_clpr", chart.bar.close)
        .with("stck_oprc", chart.bar.open)
        .with("stck_hgpr", chart.bar.high)
        .with("stck_lwpr", chart.bar.low)
        .with("acml_vol", chart.bar.volume)
        .with("acml_tr_pbmn", chart.amount)
        .with("flng_cls_code", "00")
        .with("prtt_rate", "0.00")
        .with("mod_yn", "N")
        .with("prdy_vrss_sign", crate::text::sign(difference, false, false))
        .with("prdy_vrss", difference)
        .with("revl_issu_reas", "")
}

fn daily_head(quote: &Quote) -> Row {
    let (difference, sign, rate) = change(quote, quote.last);
    let (upper, lower) = quote.band.map_or((0, 0), |band| (band.upper.get(), band.lower.get()));
    let bar = quote.today.day.map(|day| day.bar);
    let (open, high, low) = bar.map_or((0, 0, 0), |bar| (bar.open.get(), bar.high.get(), bar.low.get()));
    let previous = quote.days.last().map(|(_, day)| day.bar);
    let volume_before = previous.map_or(0, |bar| bar.volume);
    Row::new()
        .with("prdy_vrss", difference)
        .with("prdy_vrss_sign", sign)
        .with("prdy_ctrt", rate)
        .with("stck_prdy_clpr", quote.previous_close())
        .with("acml_vol", quote.today.volume())
        .with("acml_tr_pbmn", quote.today.amount())
        .with("hts_kor_isnm", &quote.name)
        .with("stck_prpr", quote.last)
        .with("stck_shrn_iscd", quote.symbol)
        .with("prdy_vol", volume_before)
        .with("stck_mxpr", upper)
        .with("stck_llam", lower)
        .with("stck_oprc", open)
        .with("stck_hgpr", high)
        .with("stck_lwpr", low)
        .with("stck_prdy_oprc", previous.map_or(0, |bar| bar.open.get()))
        .with("stck_prdy_hgpr", previous.map_or(0, |bar| bar.high.get()))
        .with("stck_prdy_lwpr", previous.map_or(0, |bar| bar.low.get()))
        .with("askp", quote.last)
        .with("bidp", quote.last)
        .with("prdy_vrss_vol", quote.today.volume() - volume_before)
        .with("vol_tnrt", "0.00")
        .with_all(&["stck_fcam", "lstn_stcn", "cpfn", "hts_avls", "per", "eps", "pbr"], "0")
        .with("itewhol_loan_rmnd_ratem", "0.00")
}

/// `inquire-time-itemchartprice`: today's minutes that end at the given time, newest first; `000000` is the latest.
pub(crate) fn minutes(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let quote = exchange.board.get(symbol_of(exchange, call)?);
    let asked = second_asked(call)?;
    let until = if asked == 0 { i64::MAX } else { asked };
    let rows = minute_rows(exchange.day, &quote.today.minutes, until, MINUTES_MAX);
    Ok(minute_reply(quote, rows))
}

/// `inquire-time-dailychartprice`: a day's minutes that end at the given time, newest first.
pub(crate) fn past_minutes(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let symbol = symbol_of(exchange, call)?;
    let quote = exchange.board.get(symbol);
    let day: TradingDay = call.param("FID_INPUT_DATE_1").parse().map_err(|_| Refusal::Malformed)?;
    let until = second_asked(call)?;
    let rows = if day == exchange.day {
        minute_rows(day, &quote.today.minutes, until, PAST_MINUTES_MAX)
    } else if let Some(kept) = quote.past.get(&day) {
        minute_rows(day, kept, until, PAST_MINUTES_MAX)
    } else if day > exchange.day {
        // A replay knows what is to come; a broker doesn't.
        Vec::new()
    } else {
        minute_rows(day, &exchange.market.minutes_of(day, symbol), until, PAST_MINUTES_MAX)
    };
    Ok(minute_reply(quote, rows))
}

/// `FID_INPUT_HOUR_1` as second of the day.
fn second_asked(call: &ApiCall<'_>) -> Result<i64, Refusal> {
    let number: i64 = call.param("FID_INPUT_HOUR_1").parse().map_err(|_| Refusal::Malformed)?;
    Ok(number / 10_000 * 3600 + number / 100 % 100 * 60 + number % 100)
}

/// The last minutes that begin no later than `until`, newest first.
fn minute_rows(day: TradingDay, minutes: &[(i64, ChartBar)], until: i64, most: usize) -> Vec<Row> {
    let mut traded = Won::ZERO;
    let mut rows: Vec<Row> = Vec::new();
    for (start, chart) in minutes.iter().take_while(|(start, _)| *start <= until) {
        traded += chart.amount;
        rows.push(
            Row::new()
                .with("stck_bsop_date", day.compact())
                .with("stck_cntg_hour", format!("{:02}{:02}00", start / 3600, start / 60 % 60))
                .with("stck_prpr", chart.bar.close)
                .with("stck_oprc", chart.bar.open)
                .with("stck_hgpr", chart.bar.high)
                .with("stck_lwpr", chart.bar.low)
                .with("cntg_vol", chart.bar.volume)
                .with("acml_tr_pbmn", traded),
        );
    }
    rows.into_iter().rev().take(most).collect()
}

fn minute_reply(quote: &Quote, rows: Vec<Row>) -> Reply {
    let (difference, sign, _) = change(quote, quote.last);
    let head = Row::new()
        .with("prdy_vrss", difference)
        .with("prdy_vrss_sign", sign)
        .with("prdy_ctrt", percent(difference, quote.base.get()))
        .with("stck_prdy_clpr", quote.previous_close())
        .with("acml_vol", quote.today.volume())
        .with("acml_tr_pbmn", quote.today.amount())
        .with("hts_kor_isnm", &quote.name)
        .with("stck_prpr", quote.last);
    Reply::quotation().with("output1", Output::One(head)).with("output2", Output::Many(rows))
}
