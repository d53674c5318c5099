//! Daily orders, balance, buying power and sellable shares. Query keys are upper case, answer keys lower case.
//! What carries an account number has no `Debug`.

use serde::{Deserialize, Serialize};

use super::Text;

/// Query of `inquire-daily-ccld`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct DailyOrdersQuery {
    /// 종합계좌번호.
    pub cano: Text,
    /// 계좌상품코드.
    pub acnt_prdt_cd: Text,
    /// 조회시작일자.
    pub inqr_strt_dt: Text,
    /// 조회종료일자.
    pub inqr_end_dt: Text,
    /// 매도매수구분코드: 00 all, 01 sells, 02 buys.
    pub sll_buy_dvsn_cd: Text,
    /// 상품번호, empty for all.
    pub pdno: Text,
    /// 체결구분: 00 all, 01 executed, 02 open.
    pub ccld_dvsn: Text,
    /// 조회구분: 00 newest first, 01 oldest first.
    pub inqr_dvsn: Text,
    /// 조회구분3: 00 all.
    pub inqr_dvsn_3: Text,
    /// 주문채번지점번호.
    pub ord_gno_brno: Text,
    /// 주문번호, empty for all.
    pub odno: Text,
    /// 조회구분1, empty for all.
    pub inqr_dvsn_1: Text,
    /// 연속조회검색조건100.
    pub ctx_area_fk100: Text,
    /// 연속조회키100.
    pub ctx_area_nk100: Text,
    /// 거래소ID구분코드: KRX in mock, ALL in real.
    pub excg_id_dvsn_cd: Text,
}

/// A row of `inquire-daily-ccld`: an order, not a fill.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DailyOrderRow {
    /// 주문일자.
    pub ord_dt: Text,
    /// 주문채번지점번호.
    pub ord_gno_brno: Text,
    /// 주문번호.
    pub odno: Text,
    /// 원주문번호.
    pub orgn_odno: Text,
    /// 매도매수구분코드: 01 sell, 02 buy.
    pub sll_buy_dvsn_cd: Text,
    /// 상품번호.
    pub pdno: Text,
    /// 상품명.
    pub prdt_name: Text,
    /// 주문수량.
    pub ord_qty: Text,
    /// 주문단가.
    pub ord_unpr: Text,
    /// 주문시각.
    pub ord_tmd: Text,
    /// 총체결수량.
    pub tot_ccld_qty: Text,
    /// 평균가.
    pub avg_prvs: Text,
    /// 취소여부.
    pub cncl_yn: Text,
    /// 총체결금액.
    pub tot_ccld_amt: Text,
    /// 주문구분코드.
    pub ord_dvsn_cd: Text,
    /// 취소확인수량.
    pub cncl_cfrm_qty: Text,
    /// 잔여수량.
    pub rmn_qty: Text,
    /// 거부수량.
    pub rjct_qty: Text,
    /// 거래소ID구분코드; the broker's workbook spells it with a capital D.
    #[serde(alias = "excg_id_dvsn_Cd")]
    pub excg_id_dvsn_cd: Text,
}

/// Query of `inquire-balance`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct BalanceQuery {
    /// 종합계좌번호.
    pub cano: Text,
    /// 계좌상품코드.
    pub acnt_prdt_cd: Text,
    /// 시간외단일가여부: N the regular close.
    pub afhr_flpr_yn: Text,
    /// 오프라인여부.
    pub ofl_yn: Text,
    /// 조회구분: 01 by loan date, 02 by symbol.
    pub inqr_dvsn: Text,
    /// 단가구분.
    pub unpr_dvsn: Text,
    /// 펀드결제분포함여부.
    pub fund_sttl_icld_yn: Text,
    /// 융자금액자동상환여부.
    pub fncg_amt_auto_rdpt_yn: Text,
    /// 처리구분: 00 with yesterday's trades.
    pub prcs_dvsn: Text,
    /// 연속조회검색조건100.
    pub ctx_area_fk100: Text,
    /// 연속조회키100.
    pub ctx_area_nk100: Text,
}

/// A row of `inquire-balance`, `output1`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HoldingRow {
    /// 상품번호.
    pub pdno: Text,
    /// 상품명.
    pub prdt_name: Text,
    /// 보유수량.
    pub hldg_qty: Text,
    /// 주문가능수량.
    pub ord_psbl_qty: Text,
    /// 매입평균가격, four decimals.
    pub pchs_avg_pric: Text,
    /// 매입금액.
    pub pchs_amt: Text,
    /// 현재가.
    pub prpr: Text,
    /// 평가금액.
    pub evlu_amt: Text,
}

/// `output2` of `inquire-balance`: an array of one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CashRow {
    /// 예수금총금액, D+0.
    pub dnca_tot_amt: Text,
    /// 익일정산금액, D+1.
    pub nxdy_excc_amt: Text,
    /// 가수도정산금액, D+2.
    pub prvs_rcdl_excc_amt: Text,
    /// 금일매수금액.
    pub thdt_buy_amt: Text,
    /// 금일매도금액.
    pub thdt_sll_amt: Text,
    /// 금일제비용금액.
    pub thdt_tlex_amt: Text,
    /// 유가평가금액.
    pub scts_evlu_amt: Text,
    /// 총평가금액.
    pub tot_evlu_amt: Text,
    /// 순자산금액.
    pub nass_amt: Text,
}

/// Query of `inquire-psbl-order`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct BuyingPowerQuery {
    /// 종합계좌번호.
    pub cano: Text,
    /// 계좌상품코드.
    pub acnt_prdt_cd: Text,
    /// 상품번호.
    pub pdno: Text,
    /// 주문단가, empty for a market order.
    pub ord_unpr: Text,
    /// 주문구분.
    pub ord_dvsn: Text,
    /// CMA평가금액포함여부.
    pub cma_evlu_amt_icld_yn: Text,
    /// 해외포함여부.
    pub ovrs_icld_yn: Text,
}

/// `output` of `inquire-psbl-order`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BuyingPowerAnswer {
    /// 주문가능현금.
    pub ord_psbl_cash: Text,
    /// 가능수량계산단가.
    pub psbl_qty_calc_unpr: Text,
    /// 미수없는매수금액.
    pub nrcvb_buy_amt: Text,
    /// 미수없는매수수량.
    pub nrcvb_buy_qty: Text,
    /// 최대매수금액.
    pub max_buy_amt: Text,
    /// 최대매수수량.
    pub max_buy_qty: Text,
}

/// Query of `inquire-psbl-sell`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct SellableQuery {
    /// 종합계좌번호.
    pub cano: Text,
    /// 계좌상품코드.
    pub acnt_prdt_cd: Text,
    /// 종목번호.
    pub pdno: Text,
}

/// Answer of `inquire-psbl-sell`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SellableAnswer {
    /// 잔고수량.
    pub cblc_qty: Text,
    /// 주문가능수량.
    pub ord_psbl_qty: Text,
}
