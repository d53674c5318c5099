//! Registrations, their answers, and which cell of a record holds what.

use serde::{Deserialize, Serialize};

use super::Text;

/// 실시간체결가, KRX.
pub const TRADE: &str = "H0STCNT0";
/// 실시간호가, KRX.
pub const BOOK: &str = "H0STASP0";
/// 실시간체결통보, real environment.
pub const NOTICE_REAL: &str = "H0STCNI0";
/// 실시간체결통보, mock environment.
pub const NOTICE_MOCK: &str = "H0STCNI9";
/// The heartbeat, a text like any other.
pub const PINGPONG: &str = "PINGPONG";
/// 거래타입 등록.
pub const REGISTER: &str = "1";
/// 거래타입 해제.
pub const REMOVE: &str = "2";
/// Registrations per session, all channels and notices summed.
pub const LIMIT: usize = 41;

/// Registered.
pub const SUBSCRIBED: &str = "OPSP0000";
/// Removed.
pub const UNSUBSCRIBED: &str = "OPSP0001";
/// Was registered already.
pub const ALREADY_SUBSCRIBED: &str = "OPSP0002";
/// Was not registered.
pub const NOT_SUBSCRIBED: &str = "OPSP0003";
/// Another session of the same key lives.
pub const KEY_IN_USE: &str = "OPSP8996";
/// Approval key not known.
pub const APPROVAL_UNKNOWN: &str = "OPSP0011";

/// What the client sends to register or remove.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
    /// Who and what for.
    pub header: RegistrationHeader,
    /// What.
    pub body: RegistrationBody,
}

/// Header of a [`Registration`].
#[derive(Clone, Serialize, Deserialize)]
pub struct RegistrationHeader {
    /// 웹소켓 접속키.
    pub approval_key: String,
    /// 고객타입: P person.
    pub custtype: String,
    /// 거래타입: 1 register, 2 remove.
    pub tr_type: String,
    /// 컨텐츠타입.
    #[serde(rename = "content-type")]
    pub content_type: String,
}

/// Body of a [`Registration`].
#[derive(Clone, Serialize, Deserialize)]
pub struct RegistrationBody {
    /// The one member.
    pub input: RegistrationInput,
}

/// What is registered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegistrationInput {
    /// 거래ID.
    pub tr_id: String,
    /// 구분값: a symbol, or the HTS id for notices.
    pub tr_key: String,
}

/// A JSON text from the server: answer to a registration, or heartbeat (no body).
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerText {
    /// What it is about.
    pub header: ServerHeader,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<ServerBody>,
}

/// Header of a [`ServerText`].
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerHeader {
    /// 거래ID.
    pub tr_id: Text,
    /// 구분값.
    pub tr_key: Text,
    /// 암복호화 여부.
    pub encrypt: Text,
}

/// Body of a [`ServerText`].
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerBody {
    /// 성공 실패 여부.
    pub rt_cd: Text,
    /// 응답코드.
    pub msg_cd: Text,
    /// 응답메세지.
    pub msg1: Text,
    /// Keys for encrypted frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<CipherKeys>,
}

/// AES-256-CBC key and IV of a session.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CipherKeys {
    /// 16 characters.
    pub iv: Text,
    /// 32 characters.
    pub key: Text,
}

/// Cells of `H0STCNT0`, counted from 0.
pub mod trade {
    /// Fewest cells of a record; 46 until 2026-09-14, 47 since.
    pub const WIDTH_MIN: usize = 46;
    /// Cells of a record since 2026-09-14.
    pub const WIDTH: usize = 47;
    /// 유가증권단축종목코드.
    pub const MKSC_SHRN_ISCD: usize = 0;
    /// 주식체결시간.
    pub const STCK_CNTG_HOUR: usize = 1;
    /// 주식현재가.
    pub const STCK_PRPR: usize = 2;
    /// 매도호가1.
    pub const ASKP1: usize = 10;
    /// 매수호가1.
    pub const BIDP1: usize = 11;
    /// 체결거래량.
    pub const CNTG_VOL: usize = 12;
    /// 누적거래량.
    pub const ACML_VOL: usize = 13;
    /// 영업일자.
    pub const BSOP_DATE: usize = 33;
    /// 시간구분코드.
    pub const HOUR_CLS_CODE: usize = 43;
    /// 장구분코드, the last cell since 2026-09-14.
    pub const MARKET_CLS_CODE: usize = 46;
}

/// Cells of `H0STASP0`, counted from 0.
pub mod book {
    /// Fewest cells of a record; 59, 62 and 63 are known.
    pub const WIDTH_MIN: usize = 59;
    /// Cells of a record since 2026-09-14.
    pub const WIDTH: usize = 63;
    /// Levels a side.
    pub const LEVELS: usize = 10;
    /// 유가증권단축종목코드.
    pub const MKSC_SHRN_ISCD: usize = 0;
    /// 영업시간.
    pub const BSOP_HOUR: usize = 1;
    /// 시간구분코드.
    pub const HOUR_CLS_CODE: usize = 2;
    /// 매도호가1.
    pub const ASKP1: usize = 3;
    /// 매수호가1.
    pub const BIDP1: usize = 13;
    /// 매도호가잔량1.
    pub const ASKP_RSQN1: usize = 23;
    /// 매수호가잔량1.
    pub const BIDP_RSQN1: usize = 33;
    /// 예상체결가.
    pub const ANTC_CNPR: usize = 47;
    /// 예상체결량.
    pub const ANTC_CNQN: usize = 48;
    /// 누적거래량.
    pub const ACML_VOL: usize = 53;
}

/// Cells of `H0STCNI0` and `H0STCNI9`, counted from 0. Three cells came in the middle in 2025, behind all of these.
pub mod notice {
    /// Fewest cells of a record, until 2025-03.
    pub const WIDTH_MIN: usize = 23;
    /// Cells of a record since 2025-03.
    pub const WIDTH: usize = 26;
    /// 고객 ID.
    pub const CUST_ID: usize = 0;
    /// 계좌번호, ten digits.
    pub const ACNT_NO: usize = 1;
    /// 주문번호.
    pub const ODER_NO: usize = 2;
    /// 원주문번호.
    pub const OODER_NO: usize = 3;
    /// 매도매수구분: 01 sell, 02 buy.
    pub const SELN_BYOV_CLS: usize = 4;
    /// 정정구분: 0 normal, 1 revise, 2 cancel.
    pub const RCTF_CLS: usize = 5;
    /// 주식단축종목코드.
    pub const STCK_SHRN_ISCD: usize = 8;
    /// 체결수량; the order's quantity in an order event.
    pub const CNTG_QTY: usize = 9;
    /// 체결단가; the order's price in an order event.
    pub const CNTG_UNPR: usize = 10;
    /// 주식체결시간.
    pub const STCK_CNTG_HOUR: usize = 11;
    /// 거부여부: 1 refused.
    pub const RFUS_YN: usize = 12;
    /// 체결여부: 1 order event, 2 fill.
    pub const CNTG_YN: usize = 13;
    /// 접수여부: 1 accepted, 2 confirmed, 3 cancelled by IOC or FOK.
    pub const ACPT_YN: usize = 14;
    /// 지점번호.
    pub const BRNC_NO: usize = 15;
    /// 주문수량.
    pub const ODER_QTY: usize = 16;
}
