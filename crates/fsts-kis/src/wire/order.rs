//! Cash orders and cancels. Keys of a POST body are upper case; what carries an account number has no `Debug`.

use serde::{Deserialize, Serialize};

use super::Text;

/// 주문구분 of a limit order.
pub const LIMIT: &str = "00";
/// 주문구분 of a market order.
pub const MARKET: &str = "01";
/// 매도유형 일반매도.
pub const NORMAL_SELL: &str = "01";
/// 거래소ID구분코드 of the Korea Exchange; the only one in the mock environment.
pub const KRX: &str = "KRX";
/// 정정취소구분코드 취소.
pub const CANCEL: &str = "02";

/// Request body of `order-cash`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct CashOrder {
    /// 종합계좌번호.
    pub cano: Text,
    /// 계좌상품코드.
    pub acnt_prdt_cd: Text,
    /// 상품번호.
    pub pdno: Text,
    /// 주문구분.
    pub ord_dvsn: Text,
    /// 주문수량.
    pub ord_qty: Text,
    /// 주문단가, `0` without a price.
    pub ord_unpr: Text,
    /// 조건가격, stop-limit orders only.
    pub cndt_pric: Text,
    /// 매도유형, sells only.
    pub sll_type: Text,
    /// 거래소ID구분코드.
    pub excg_id_dvsn_cd: Text,
}

/// Request body of `order-rvsecncl`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct ReviseOrCancel {
    /// 종합계좌번호.
    pub cano: Text,
    /// 계좌상품코드.
    pub acnt_prdt_cd: Text,
    /// 한국거래소전송주문조직번호, from the order's answer.
    pub krx_fwdg_ord_orgno: Text,
    /// 원주문번호.
    pub orgn_odno: Text,
    /// 주문구분.
    pub ord_dvsn: Text,
    /// 정정취소구분코드.
    pub rvse_cncl_dvsn_cd: Text,
    /// 주문수량, `0` with all.
    pub ord_qty: Text,
    /// 주문단가, `0` on a cancel.
    pub ord_unpr: Text,
    /// 잔량전부주문여부.
    pub qty_all_ord_yn: Text,
    /// 거래소ID구분코드, the venue of the order.
    pub excg_id_dvsn_cd: Text,
}

/// `output` of an order or a cancel; documented in lower case, seen in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct OrderAnswer {
    /// 한국거래소전송주문조직번호.
    #[serde(alias = "krx_fwdg_ord_orgno")]
    pub krx_fwdg_ord_orgno: Text,
    /// 주문번호.
    #[serde(alias = "odno")]
    pub odno: Text,
    /// 주문시각, HHMMSS.
    #[serde(alias = "ord_tmd")]
    pub ord_tmd: Text,
}
