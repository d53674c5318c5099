//! Which days are open, as the broker lists them.

use fsts_domain::TradingDay;

use crate::calls::ApiCall;
use crate::exchange::Exchange;
use crate::replies::{Output, Page, Refusal, Reply, Row};

/// Days of one page.
const DAYS: i32 = 24;

/// `chk-holiday`.
pub(crate) fn list(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let asked: TradingDay = call.param("BASS_DT").parse().map_err(|_| Refusal::Malformed)?;
    // The next page begins where the key of the last one says.
    let first = if call.continues() { call.raw_param("CTX_AREA_NK").trim().parse().unwrap_or(asked) } else { asked };
    let calendar = exchange.rules.calendar();
    let rows = (0..DAYS).map(|days| {
        let day = first.plus_days(days);
        let open = if calendar.is_open(day) { "Y" } else { "N" };
        let weekend = if day.weekday() >= 5 { "N" } else { "Y" };
        Row::new()
            .with("bass_dt", day.compact())
            // The broker counts from Sunday.
            .with("wday_dvsn_cd", format!("{:02}", (day.weekday() + 1) % 7 + 1))
            .with("bzdy_yn", if open == "Y" { "Y" } else { weekend })
            .with("tr_day_yn", open)
            .with("opnd_yn", open)
            .with("sttl_day_yn", open)
    });
    let page = Page {
        filter: first.compact(),
        next: first.plus_days(DAYS).compact(),
        width: 20,
        tr_cont: if call.continues() { "M" } else { "F" },
        names: ("ctx_area_fk", "ctx_area_nk"),
    };
    let reply = Reply::done("KIOK0500", "조회가 계속됩니다..다음버튼을 Click 하십시오.");
    Ok(Reply { page: Some(page), ..reply }.with("output", Output::Many(rows.collect())))
}
