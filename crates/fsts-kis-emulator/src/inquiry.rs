//! What an account has and did: daily orders, balance, buying power.

use fsts_domain::{OrderKind, Position, Price, Qty, Side, Symbol, TradingDay, Won};

use crate::account::{DayTrades, Ledger};
use crate::calls::ApiCall;
use crate::config::Environment;
use crate::exchange::{Account, Exchange};
use crate::orders::{Action, BRANCH, Division, Order};
use crate::replies::{Output, Page, Refusal, Reply, Row};
use crate::text::{average, hhmmss, percent};

/// A page of a list: its rows, whether more follow, and the key to go on with.
struct Cut<T> {
    rows: Vec<T>,
    more: bool,
    next: String,
}

/// Cuts a page out of `all`, beginning after the entry whose key is `after`.
fn cut<T>(all: Vec<T>, after: Option<&str>, size: usize, key: impl Fn(&T) -> String) -> Cut<T> {
    let start = match after {
        Some(after) => all.iter().position(|entry| key(entry) == after).map_or(all.len(), |index| index + 1),
        None => 0,
    };
    let more = all.len() > start + size;
    let rows: Vec<T> = all.into_iter().skip(start).take(size).collect();
    let next = rows.last().filter(|_| more).map(&key).unwrap_or_default();
    Cut { rows, more, next }
}

/// The envelope of a page.
fn paged(call: &ApiCall<'_>, filter: String, more: bool, next: String) -> Reply {
    let tr_cont = match (more, call.continues()) {
        (true, false) => "F",
        (true, true) => "M",
        (false, false) => "D",
        (false, true) => "E",
    };
    let reply = match more {
        true => Reply::done("KIOK0500", "조회가 계속됩니다..다음버튼을 Click 하십시오."),
        false => Reply::done("KIOK0510", "조회가 완료되었습니다."),
    };
    let names = ("ctx_area_fk100", "ctx_area_nk100");
    Reply { page: Some(Page { filter, next, width: 100, tr_cont, names }), ..reply }
}

/// The key a further page goes on after; `None` for the first page.
fn after<'a>(call: &'a ApiCall<'_>) -> Option<&'a str> {
    call.continues().then(|| call.raw_param("CTX_AREA_NK100").trim()).filter(|key| !key.is_empty())
}

/// `inquire-daily-ccld`.
pub(crate) fn daily_orders(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let account = exchange.account_of(call)?;
    let day = |name| call.param(name).parse::<TradingDay>().map_err(|_| Refusal::Malformed);
    let (from, to) = (day("INQR_STRT_DT")?, day("INQR_END_DT")?);
    let (symbol, number) = (call.param("PDNO"), call.param("ODNO"));
    let wanted = |order: &&Order| {
        let side = match call.param("SLL_BUY_DVSN_CD") {
            "01" => order.side == Side::Sell,
            "02" => order.side == Side::Buy,
            _ => true,
        };
        let state = match call.param("CCLD_DVSN") {
            "01" => !order.filled_qty.is_zero(),
            "02" => order.is_open(),
            _ => true,
        };
        let of_symbol = symbol.is_empty() || order.symbol.as_str() == symbol;
        let of_number = number.is_empty() || number.parse() == Ok(order.number);
        order.account == account && (from..=to).contains(&order.day) && side && state && of_symbol && of_number
    };
    let orders: Vec<&Order> = match call.param("INQR_DVSN") {
        "01" => exchange.orders.all().filter(wanted).collect(),
        _ => exchange.orders.all().rev().filter(wanted).collect(),
    };
    let totals = order_totals(&orders);
    let size = match exchange.config.env {
        Environment::Real => 100,
        Environment::Mock => 15,
    };
    let Cut { rows, more, next } = cut(orders, after(call), size, |order| order.id.to_string());
    let rows = rows.into_iter().map(|order| order_row(exchange, order)).collect();
    let filter = format!(
        "{}!^{}!^{}!^{}!^{}",
        call.param("CANO"),
        call.param("ACNT_PRDT_CD"),
        from.compact(),
        to.compact(),
        call.param("CCLD_DVSN")
    );
    Ok(paged(call, filter, more, next).with("output1", Output::Many(rows)).with("output2", Output::One(totals)))
}

fn order_totals(orders: &[&Order]) -> Row {
    let own = || orders.iter().filter(|order| order.action != Action::Cancel);
    let qty: i64 = own().map(|order| order.qty.get()).sum();
    let filled: i64 = own().map(|order| order.filled_qty.get()).sum();
    let amount: Won = own().map(|order| order.filled_amount).sum();
    let costs: Won = own().map(|order| order.charge.fee + order.charge.tax).sum();
    Row::new()
        .with("tot_ord_qty", qty)
        .with("tot_ccld_qty", filled)
        .with("tot_ccld_amt", amount)
        .with("prsm_tlex_smtl", costs)
        .with("pchs_avg_pric", average(amount.get(), filled))
}

fn order_row(exchange: &Exchange, order: &Order) -> Row {
    let name = exchange.board.index_of(order.symbol).map(|symbol| exchange.board.get(symbol).name.clone());
    let side = match order.side {
        Side::Sell => ("01", "현금매도"),
        Side::Buy => ("02", "현금매수"),
    };
    let side_name = match order.action {
        Action::New => side.1.to_owned(),
        Action::Revise => format!("{}정정*", side.1),
        Action::Cancel => format!("{}취소*", side.1),
    };
    let is_cancelled = order.action == Action::Cancel || (!order.is_open() && !order.cancelled_qty.is_zero());
    Row::new()
        .with("ord_dt", order.day.compact())
        .with("ord_gno_brno", BRANCH)
        .with("odno", order.number)
        .with("orgn_odno", order.original.map(|number| number.to_string()).unwrap_or_default())
        .with("ord_dvsn_name", order.division.name())
        .with("sll_buy_dvsn_cd", side.0)
        .with("sll_buy_dvsn_cd_name", side_name)
        .with("pdno", order.symbol)
        .with("prdt_name", name.unwrap_or_default())
        .with("ord_qty", order.qty)
        .with("ord_unpr", order.price_won())
        .with("ord_tmd", hhmmss(order.at))
        .with("tot_ccld_qty", order.filled_qty)
        .with("avg_prvs", order.filled_amount.get() / order.filled_qty.get().max(1))
        .with("cncl_yn", if is_cancelled { "Y" } else { "N" })
        .with("tot_ccld_amt", order.filled_amount)
        .with("loan_dt", "")
        .with("ordr_empno", "OPENAPI")
        .with("ord_dvsn_cd", order.division.code())
        .with("cncl_cfrm_qty", order.cancelled_qty)
        .with("rmn_qty", order.remaining())
        .with("rjct_qty", "0")
        .with("ccld_cndt_name", "없음")
        .with_all(&["inqr_ip_addr", "cpbc_ordp_ord_rcit_dvsn_cd", "cpbc_ordp_infm_mthd_dvsn_cd"], "")
        .with("infm_tmd", hhmmss(order.at))
        .with("ctac_tlno", "")
        .with("prdt_type_cd", "300")
        .with("excg_dvsn_cd", "02")
        .with("cpbc_ordp_mtrl_dvsn_cd", "")
        .with("ord_orgno", "00000")
        .with("rsvn_ord_end_dt", "")
        .with("excg_id_dvsn_cd", "KRX")
        .with("stpm_cndt_pric", "0")
        .with("stpm_efct_occr_dtmd", "")
}

/// `inquire-balance`.
pub(crate) fn balance(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let no = exchange.account_of(call)?;
    let account = exchange.account(no).ok_or(Refusal::AccountUnknown)?;
    let size = match exchange.config.env {
        Environment::Real => 50,
        Environment::Mock => 20,
    };
    let held: Vec<(Symbol, Position)> = account.ledger.positions.iter().map(|(s, p)| (*s, *p)).collect();
    let Cut { rows, more, next } = cut(held, after(call), size, |(symbol, _)| symbol.to_string());
    let rows = rows.into_iter().filter_map(|(symbol, position)| holding_row(exchange, account, symbol, position));
    let filter = format!("{}^{}^N^N^02^01^N^", call.param("CANO"), call.param("ACNT_PRDT_CD"));
    Ok(paged(call, filter, more, next)
        .with("output1", Output::Many(rows.collect()))
        .with("output2", Output::Many(vec![cash_row(exchange, account)])))
}

fn holding_row(exchange: &Exchange, account: &Account, symbol: Symbol, position: Position) -> Option<Row> {
    let quote = exchange.board.get(exchange.board.index_of(symbol)?);
    let trades = |book: &crate::account::DayBook| book.by_symbol.get(&symbol).copied().unwrap_or_default();
    let (today, yesterday): (DayTrades, DayTrades) = (trades(&account.ledger.today), trades(&account.ledger.yesterday));
    let (qty, cost) = (position.qty, position.cost.get());
    let value = (quote.last * qty).get();
    let row = Row::new()
        .with("pdno", symbol)
        .with("prdt_name", &quote.name)
        .with("trad_dvsn_name", "현금")
        .with("bfdy_buy_qty", yesterday.buy_qty)
        .with("bfdy_sll_qty", yesterday.sell_qty)
        .with("thdt_buyqty", today.buy_qty)
        .with("thdt_sll_qty", today.sell_qty)
        .with("hldg_qty", qty)
        .with("ord_psbl_qty", exchange.sellable(account.no, symbol))
        .with("pchs_avg_pric", average(cost, qty.get()))
        .with("pchs_amt", cost)
        .with("prpr", quote.last)
        .with("evlu_amt", value)
        .with("evlu_pfls_amt", value - cost)
        .with("evlu_pfls_rt", percent(value - cost, cost))
        .with("evlu_erng_rt", "0.00000000")
        .with_all(&["loan_dt"], "")
        .with_all(&["loan_amt", "stln_slng_chgs"], "0")
        .with("expd_dt", "")
        .with("fltt_rt", percent(quote.last.get() - quote.base.get(), quote.base.get()))
        .with("bfdy_cprs_icdc", quote.last.get() - quote.base.get())
        .with_all(&["item_mgna_rt_name", "grta_rt_name"], "")
        .with("sbst_pric", "0")
        .with("stck_loan_unpr", "0.0000");
    Some(row)
}

fn cash_row(exchange: &Exchange, account: &Account) -> Row {
    let ledger: &Ledger = &account.ledger;
    let price = |symbol: &Symbol| exchange.board.index_of(*symbol).map(|index| exchange.board.get(index).last);
    let value: Won =
        ledger.positions.iter().filter_map(|(symbol, position)| price(symbol).map(|price| price * position.qty)).sum();
    let cost: Won = ledger.positions.values().map(|position| position.cost).sum();
    let ((bought, sold), (bought_before, sold_before)) = (ledger.today.totals(), ledger.yesterday.totals());
    let total = ledger.cash + value;
    Row::new()
        .with("dnca_tot_amt", ledger.settled())
        .with("nxdy_excc_amt", ledger.settled_tomorrow(exchange.day))
        .with("prvs_rcdl_excc_amt", ledger.cash)
        .with("cma_evlu_amt", "0")
        .with("bfdy_buy_amt", bought_before)
        .with("thdt_buy_amt", bought)
        .with("nxdy_auto_rdpt_amt", "0")
        .with("bfdy_sll_amt", sold_before)
        .with("thdt_sll_amt", sold)
        .with("d2_auto_rdpt_amt", "0")
        .with("bfdy_tlex_amt", ledger.yesterday.costs)
        .with("thdt_tlex_amt", ledger.today.costs)
        .with("tot_loan_amt", "0")
        .with("scts_evlu_amt", value)
        .with("tot_evlu_amt", total)
        .with("nass_amt", total)
        .with("fncg_gld_auto_rdpt_yn", "")
        .with("pchs_amt_smtl_amt", cost)
        .with("evlu_amt_smtl_amt", value)
        .with("evlu_pfls_smtl_amt", value - cost)
        .with("tot_stln_slng_chgs", "0")
        .with("bfdy_tot_asst_evlu_amt", total)
        .with("asst_icdc_amt", "0")
        .with("asst_icdc_erng_rt", "0.00000000")
}

/// `inquire-psbl-order`.
pub(crate) fn buying_power(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let no = exchange.account_of(call)?;
    let available = exchange.available(no).max_zero();
    // Without a symbol the cash alone is asked for.
    let symbol = exchange.board.find(call.param("PDNO"));
    let (_, priced, _) = Division::parse(call.param("ORD_DVSN")).ok_or(Refusal::OrderTypeUnsupported)?;
    let price = call.param("ORD_UNPR").parse().ok().and_then(|won| Price::new(won).ok());
    let kind = match price.filter(|_| priced) {
        Some(price) => OrderKind::Limit(price),
        None => OrderKind::Market,
    };
    let (unit, qty) = match symbol {
        Some(symbol) => (exchange.reserve_price(symbol, kind).get(), affordable(exchange, symbol, kind, available)),
        None => (0, Qty::ZERO),
    };
    let settled = exchange.account(no).map_or(Won::ZERO, |account| account.ledger.settled());
    let row = Row::new()
        .with("ord_psbl_cash", available.min(settled.max_zero()))
        .with("ord_psbl_sbst", "0")
        .with("ruse_psbl_amt", (available - settled).max_zero())
        .with("fund_rpch_chgs", "0")
        .with("psbl_qty_calc_unpr", unit)
        .with("nrcvb_buy_amt", available)
        .with("nrcvb_buy_qty", qty)
        .with("max_buy_amt", available)
        .with("max_buy_qty", qty)
        .with_all(&["cma_evlu_amt", "ovrs_re_use_amt_wcrc", "ord_psbl_frcr_amt_wcrc"], "0");
    Ok(Reply::done("KIOK0510", "조회가 완료되었습니다.").with("output", Output::One(row)))
}

/// `inquire-psbl-sell`.
pub(crate) fn sellable(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let no = exchange.account_of(call)?;
    let quote = exchange.board.find(call.param("PDNO")).map(|symbol| exchange.board.get(symbol));
    let quote = quote.ok_or(Refusal::SymbolUnknown)?;
    let position = exchange.account(no).and_then(|account| account.ledger.positions.get(&quote.symbol).copied());
    let Position { qty, cost } = position.unwrap_or_default();
    let value = (quote.last * qty).get();
    let row = Row::new()
        .with("pdno", quote.symbol)
        .with("prdt_name", &quote.name)
        .with_all(&["buy_qty", "sll_qty"], "0")
        .with("cblc_qty", qty)
        .with("nsvg_qty", "0")
        .with("ord_psbl_qty", exchange.sellable(no, quote.symbol))
        .with("pchs_avg_pric", average(cost.get(), qty.get()))
        .with("pchs_amt", cost)
        .with("now_pric", quote.last)
        .with("evlu_amt", value)
        .with("evlu_pfls_amt", value - cost.get())
        .with("evlu_pfls_rt", percent(value - cost.get(), cost.get()));
    Ok(Reply::done("KIOK0510", "조회가 완료되었습니다.").with("output", Output::One(row)))
}

/// The most shares that the cash pays for, commission included.
fn affordable(exchange: &Exchange, symbol: usize, kind: OrderKind, cash: Won) -> Qty {
    let unit = exchange.reserve_price(symbol, kind).get();
    let shares = |n: i64| Qty::new(n.max(0)).unwrap_or_default();
    let mut most = cash.get() / unit;
    while most > 0 && exchange.need(symbol, kind, shares(most)) > cash {
        most -= 1;
    }
    shares(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_on_after_the_last_row_even_when_rows_were_added_in_front() {
        let first = cut(vec![3, 2, 1], None, 2, i32::to_string);
        assert_eq!((first.rows, first.more, first.next.as_str()), (vec![3, 2], true, "2"));
        let second = cut(vec![4, 3, 2, 1], Some("2"), 2, i32::to_string);
        assert_eq!((second.rows, second.more, second.next.as_str()), (vec![1], false, ""));
    }
}
