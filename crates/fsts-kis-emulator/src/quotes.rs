//! The current price, the order book, and what a symbol is.

use fsts_domain::{Market, Price};
use fsts_krx::SessionPart;

use crate::board::Quote;
use crate::calls::ApiCall;
use crate::exchange::Exchange;
use crate::frames::level;
use crate::replies::{Output, Refusal, Reply, Row};
use crate::text::{hhmmss, percent, ratio, sign};

/// The fields of `inquire-price`, in order.
const PRICE_FIELDS: [&str; 82] = [
    "iscd_stat_cls_code",
    "marg_rate",
    "rprs_mrkt_kor_name",
    "new_hgpr_lwpr_cls_code",
    "bstp_kor_isnm",
    "temp_stop_yn",
    "oprc_rang_cont_yn",
    "clpr_rang_cont_yn",
    "crdt_able_yn",
    "grmn_rate_cls_code",
    "elw_pblc_yn",
    "stck_prpr",
    "prdy_vrss",
    "prdy_vrss_sign",
    "prdy_ctrt",
    "acml_tr_pbmn",
    "acml_vol",
    "prdy_vrss_vol_rate",
    "stck_oprc",
    "stck_hgpr",
    "stck_lwpr",
    "stck_mxpr",
    "stck_llam",
    "stck_sdpr",
    "wghn_avrg_stck_prc",
    "hts_frgn_ehrt",
    "frgn_ntby_qty",
    "pgtr_ntby_qty",
    "pvt_scnd_dmrs_prc",
    "pvt_frst_dmrs_prc",
    "pvt_pont_val",
    "pvt_frst_dmsp_prc",
    "pvt_scnd_dmsp_prc",
    "dmrs_val",
    "dmsp_val",
    "cpfn",
    "rstc_wdth_prc",
    "stck_fcam",
    "stck_sspr",
    "aspr_unit",
    "hts_deal_qty_unit_val",
    "lstn_stcn",
    "hts_avls",
    "per",
    "pbr",
    "stac_month",
    "vol_tnrt",
    "eps",
    "bps",
    "d250_hgpr",
    "d250_hgpr_date",
    "d250_hgpr_vrss_prpr_rate",
    "d250_lwpr",
    "d250_lwpr_date",
    "d250_lwpr_vrss_prpr_rate",
    "stck_dryy_hgpr",
    "dryy_hgpr_vrss_prpr_rate",
    "dryy_hgpr_date",
    "stck_dryy_lwpr",
    "dryy_lwpr_vrss_prpr_rate",
    "dryy_lwpr_date",
    "w52_hgpr",
    "w52_hgpr_vrss_prpr_ctrt",
    "w52_hgpr_date",
    "w52_lwpr",
    "w52_lwpr_vrss_prpr_ctrt",
    "w52_lwpr_date",
    "whol_loan_rmnd_rate",
    "ssts_yn",
    "stck_shrn_iscd",
    "fcam_cnnm",
    "cpfn_cnnm",
    "apprch_rate",
    "frgn_hldn_qty",
    "vi_cls_code",
    "ovtm_vi_cls_code",
    "last_ssts_cntg_qty",
    "invt_caful_yn",
    "mrkt_warn_cls_code",
    "short_over_yn",
    "sltr_yn",
    "mang_issu_cls_code",
];

/// Fields whose answer is no.
const NO_FIELDS: [&str; 12] = [
    "temp_stop_yn",
    "oprc_rang_cont_yn",
    "clpr_rang_cont_yn",
    "elw_pblc_yn",
    "ssts_yn",
    "vi_cls_code",
    "ovtm_vi_cls_code",
    "invt_caful_yn",
    "short_over_yn",
    "sltr_yn",
    "mang_issu_cls_code",
    "crdt_able_yn",
];

/// The symbol a quotation names.
pub(crate) fn symbol_of(exchange: &Exchange, call: &ApiCall<'_>) -> Result<usize, Refusal> {
    match call.param("FID_COND_MRKT_DIV_CODE") {
        "J" | "UN" => {}
        _ => return Err(Refusal::FidMarketWrong),
    }
    exchange.board.find(call.param("FID_INPUT_ISCD")).ok_or(Refusal::NothingToShow)
}

/// The change of a price against the base: difference, sign, percent.
pub(crate) fn change(quote: &Quote, price: Price) -> (i64, &'static str, String) {
    let difference = price.get() - quote.base.get();
    let at_upper = quote.band.is_some_and(|band| band.upper == price);
    let at_lower = quote.band.is_some_and(|band| band.lower == price);
    (difference, sign(difference, at_upper, at_lower), percent(difference, quote.base.get()))
}

/// Open, high and low of today; zeros before the first trade.
fn extremes(quote: &Quote) -> (i64, i64, i64) {
    quote.today.day.map_or((0, 0, 0), |day| (day.bar.open.get(), day.bar.high.get(), day.bar.low.get()))
}

const fn market_name(market: Market) -> &'static str {
    match market {
        Market::Kospi => "KOSPI",
        Market::Kosdaq => "KOSDAQ",
        Market::Konex => "KONEX",
        Market::Etf => "ETF",
        Market::Etn => "ETN",
        Market::Elw => "ELW",
    }
}

/// `inquire-price`.
pub(crate) fn price(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let quote = exchange.board.get(symbol_of(exchange, call)?);
    let (difference, sign, rate) = change(quote, quote.last);
    let (open, high, low) = extremes(quote);
    let (upper, lower) = quote.band.map_or((0, 0), |band| (band.upper.get(), band.lower.get()));
    let previous = quote.days.last().map_or(0, |(_, day)| day.bar.volume);
    let (volume, amount) = (quote.today.volume(), quote.today.amount().get());
    let year = quote.days.iter().rev().take(250);
    let highest = year.clone().max_by_key(|(_, day)| day.bar.high).map(|(day, bar)| (*day, bar.bar.high));
    let lowest = year.min_by_key(|(_, day)| day.bar.low).map(|(day, bar)| (*day, bar.bar.low));
    let (high_day, high_price) = highest.unwrap_or((exchange.day, quote.last));
    let (low_day, low_price) = lowest.unwrap_or((exchange.day, quote.last));
    let row = Row::new()
        .with("iscd_stat_cls_code", "00")
        .with("marg_rate", "100.00")
        .with("rprs_mrkt_kor_name", market_name(quote.market))
        .with("bstp_kor_isnm", "가상업종")
        .with("stck_prpr", quote.last)
        .with("prdy_vrss", difference)
        .with("prdy_vrss_sign", sign)
        .with("prdy_ctrt", rate)
        .with("acml_tr_pbmn", amount)
        .with("acml_vol", volume)
        .with("prdy_vrss_vol_rate", percent(volume, previous))
        .with("stck_oprc", open)
        .with("stck_hgpr", high)
        .with("stck_lwpr", low)
        .with("stck_mxpr", upper)
        .with("stck_llam", lower)
        .with("stck_sdpr", quote.base)
        .with("wghn_avrg_stck_prc", ratio(amount, volume))
        .with("rstc_wdth_prc", upper - quote.base.get())
        .with("aspr_unit", exchange.today.tick(quote.market, quote.last))
        .with("hts_deal_qty_unit_val", exchange.today.lot(quote.market))
        .with_all(&["d250_hgpr", "stck_dryy_hgpr", "w52_hgpr"], &high_price.to_string())
        .with_all(&["d250_hgpr_date", "dryy_hgpr_date", "w52_hgpr_date"], &high_day.compact())
        .with_all(&["d250_lwpr", "stck_dryy_lwpr", "w52_lwpr"], &low_price.to_string())
        .with_all(&["d250_lwpr_date", "dryy_lwpr_date", "w52_lwpr_date"], &low_day.compact())
        .with("stck_shrn_iscd", quote.symbol)
        .with("mrkt_warn_cls_code", "00")
        .with("stac_month", "12")
        .with_all(&NO_FIELDS, "N")
        .in_order(&PRICE_FIELDS, "0");
    Ok(Reply::quotation().with("output", Output::One(row)))
}

/// Names of a numbered field, best level first.
macro_rules! levels {
    ($prefix:literal) => {
        [
            concat!($prefix, "1"),
            concat!($prefix, "2"),
            concat!($prefix, "3"),
            concat!($prefix, "4"),
            concat!($prefix, "5"),
            concat!($prefix, "6"),
            concat!($prefix, "7"),
            concat!($prefix, "8"),
            concat!($prefix, "9"),
            concat!($prefix, "10"),
        ]
    };
}

/// `inquire-asking-price-exp-ccn`.
pub(crate) fn asking_price(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let symbol = symbol_of(exchange, call)?;
    let quote = exchange.board.get(symbol);
    let depth = exchange.depth(symbol);
    let mut book = Row::new().with("aspr_acpt_hour", hhmmss(exchange.now));
    let columns = [
        (levels!("askp"), &depth.asks, 0),
        (levels!("bidp"), &depth.bids, 0),
        (levels!("askp_rsqn"), &depth.asks, 1),
        (levels!("bidp_rsqn"), &depth.bids, 1),
    ];
    for (names, side, which) in columns {
        for (index, name) in names.into_iter().enumerate() {
            let (price, qty) = level(side, index);
            book = book.with(name, if which == 0 { price } else { qty });
        }
    }
    let total = |side: &[(Price, fsts_domain::Qty)]| side.iter().map(|(_, qty)| qty.get()).sum::<i64>();
    let (asks, bids) = (total(&depth.asks), total(&depth.bids));
    let book = book
        .with_all(&levels!("askp_rsqn_icdc"), "0")
        .with_all(&levels!("bidp_rsqn_icdc"), "0")
        .with("total_askp_rsqn", asks)
        .with("total_bidp_rsqn", bids)
        .with_all(&["total_askp_rsqn_icdc", "total_bidp_rsqn_icdc", "ovtm_total_askp_icdc"], "0")
        .with_all(&["ovtm_total_bidp_icdc", "ovtm_total_askp_rsqn", "ovtm_total_bidp_rsqn"], "0")
        .with("ntby_aspr_rsqn", bids - asks)
        .with("new_mkop_cls_code", market_state(exchange.part()));
    let (open, high, low) = extremes(quote);
    let (expected, shares) = exchange.market.indicative(symbol).map_or((0, 0), |(price, qty)| (price.get(), qty.get()));
    let (difference, sign, rate) = change(quote, Price::new(expected).unwrap_or(quote.last));
    let trade = Row::new()
        .with("antc_mkop_cls_code", "112")
        .with("stck_prpr", quote.last)
        .with("stck_oprc", open)
        .with("stck_hgpr", high)
        .with("stck_lwpr", low)
        .with("stck_sdpr", quote.base)
        .with("antc_cnpr", expected)
        .with("antc_cntg_vrss_sign", sign)
        .with("antc_cntg_vrss", difference)
        .with("antc_cntg_prdy_ctrt", rate)
        .with("antc_vol", shares)
        .with("stck_shrn_iscd", quote.symbol)
        .with("vi_cls_code", "N");
    Ok(Reply::quotation().with("output1", Output::One(book)).with("output2", Output::One(trade)))
}

const fn market_state(part: SessionPart) -> &'static str {
    match part {
        SessionPart::PreOpen | SessionPart::OpeningAuction => "10",
        SessionPart::Continuous | SessionPart::ClosingAuction | SessionPart::AlwaysOpen => "20",
        SessionPart::Closed | SessionPart::PostClose | SessionPart::AfterMarket => "31",
    }
}

/// `search-stock-info`.
pub(crate) fn stock_info(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let quote = exchange.board.find(call.param("PDNO")).map(|symbol| exchange.board.get(symbol));
    let quote = quote.ok_or(Refusal::NothingToShow)?;
    let (market_id, venue) = match quote.market {
        Market::Kospi | Market::Etf | Market::Etn | Market::Elw => ("STK", "02"),
        Market::Kosdaq => ("KSQ", "03"),
        Market::Konex => ("KNX", "14"),
    };
    let row = Row::new()
        .with("pdno", format!("00000A{}", quote.symbol))
        .with("prdt_type_cd", "300")
        .with_all(&["prdt_name", "prdt_name120", "prdt_abrv_name"], &quote.name)
        .with_all(&["prdt_eng_name", "prdt_eng_name120", "prdt_eng_abrv_name"], quote.symbol.as_str())
        .with("mket_id_cd", market_id)
        .with("scty_grp_id_cd", "ST")
        .with("excg_dvsn_cd", venue)
        .with("setl_mmdd", "12")
        .with("std_pdno", format!("KR7{}000", quote.symbol))
        .with("tr_stop_yn", "N")
        .with("admn_item_yn", "N")
        .with("thdt_clpr", quote.last)
        .with("bfdy_clpr", quote.previous_close())
        .with("clpr_chng_dt", exchange.day.compact())
        .with("lstg_abol_dt", "")
        .with("cptt_trad_tr_psbl_yn", "N")
        .with("nxt_tr_stop_yn", "N");
    Ok(Reply::done("KIOK0530", "조회되었습니다.").with("output", Output::One(row)))
}
