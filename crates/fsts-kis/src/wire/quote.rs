//! Current price, daily and minute bars.

use serde::{Deserialize, Serialize};

use super::Text;

/// Query of `inquire-price`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct PriceQuery {
    /// 조건 시장 분류 코드: J is KRX.
    pub fid_cond_mrkt_div_code: Text,
    /// 입력 종목코드.
    pub fid_input_iscd: Text,
}

/// `output` of `inquire-price`, the part that is used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PriceAnswer {
    /// 주식 단축 종목코드.
    pub stck_shrn_iscd: Text,
    /// 주식 현재가.
    pub stck_prpr: Text,
    /// 누적 거래량.
    pub acml_vol: Text,
    /// 누적 거래 대금.
    pub acml_tr_pbmn: Text,
    /// 주식 시가.
    pub stck_oprc: Text,
    /// 주식 최고가.
    pub stck_hgpr: Text,
    /// 주식 최저가.
    pub stck_lwpr: Text,
    /// 주식 상한가.
    pub stck_mxpr: Text,
    /// 주식 하한가.
    pub stck_llam: Text,
    /// 주식 기준가.
    pub stck_sdpr: Text,
    /// 호가단위.
    pub aspr_unit: Text,
    /// 임시 정지 여부.
    pub temp_stop_yn: Text,
}

/// Query of `inquire-daily-itemchartprice`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct DailyBarsQuery {
    /// 조건 시장 분류 코드.
    pub fid_cond_mrkt_div_code: Text,
    /// 종목코드.
    pub fid_input_iscd: Text,
    /// 조회 시작일자.
    pub fid_input_date_1: Text,
    /// 조회 종료일자.
    pub fid_input_date_2: Text,
    /// 기간분류코드: D day.
    pub fid_period_div_code: Text,
    /// 수정주가 원주가 가격 여부: 0 adjusted, 1 raw.
    pub fid_org_adj_prc: Text,
}

/// A row of `inquire-daily-itemchartprice`, `output2`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DailyBarRow {
    /// 주식 영업 일자.
    pub stck_bsop_date: Text,
    /// 주식 종가.
    pub stck_clpr: Text,
    /// 주식 시가.
    pub stck_oprc: Text,
    /// 주식 최고가.
    pub stck_hgpr: Text,
    /// 주식 최저가.
    pub stck_lwpr: Text,
    /// 누적 거래량.
    pub acml_vol: Text,
}

/// Query of `inquire-time-itemchartprice`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct TodayMinutesQuery {
    /// 조건 시장 분류 코드.
    pub fid_cond_mrkt_div_code: Text,
    /// 종목코드.
    pub fid_input_iscd: Text,
    /// 조회 시작시간, HHMMSS: the rows end there.
    pub fid_input_hour_1: Text,
    /// 과거 데이터 포함 여부.
    pub fid_pw_data_incu_yn: Text,
    /// 기타 구분 코드.
    pub fid_etc_cls_code: Text,
}

/// Query of `inquire-time-dailychartprice`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct DayMinutesQuery {
    /// 조건 시장 분류 코드.
    pub fid_cond_mrkt_div_code: Text,
    /// 종목코드.
    pub fid_input_iscd: Text,
    /// 조회 일자.
    pub fid_input_date_1: Text,
    /// 조회 시간, HHMMSS: the rows end there.
    pub fid_input_hour_1: Text,
    /// 과거 데이터 포함 여부.
    pub fid_pw_data_incu_yn: Text,
    /// 허봉 포함 여부: rows for minutes without a trade.
    pub fid_fake_tick_incu_yn: Text,
}

/// A row of either, `output2`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MinuteBarRow {
    /// 주식 영업 일자.
    pub stck_bsop_date: Text,
    /// 주식 체결 시간: start of the minute.
    pub stck_cntg_hour: Text,
    /// 주식 현재가: close of the minute.
    pub stck_prpr: Text,
    /// 주식 시가.
    pub stck_oprc: Text,
    /// 주식 최고가.
    pub stck_hgpr: Text,
    /// 주식 최저가.
    pub stck_lwpr: Text,
    /// 체결 거래량.
    pub cntg_vol: Text,
}
