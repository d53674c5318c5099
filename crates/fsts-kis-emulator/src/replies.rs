//! The broker's envelope, its rows of strings, and the answers that several calls share.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::config::Environment;
use crate::http::HttpReply;

/// A JSON object of strings whose fields keep their order, as on the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row(Vec<(&'static str, String)>);

impl Row {
    pub(crate) fn new() -> Self {
        Row::default()
    }

    /// The row with one more field.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// The row with several fields of one value.
    pub(crate) fn with_all(mut self, names: &[&'static str], value: &str) -> Self {
        self.0.extend(names.iter().map(|name| (*name, value.to_owned())));
        self
    }

    /// The row with every listed field, in the list's order: the value set before, else `missing`.
    pub(crate) fn in_order(self, names: &[&'static str], missing: &str) -> Self {
        let value = |name: &str| self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        Row(names.iter().map(|name| (*name, value(name).unwrap_or_else(|| missing.to_owned()))).collect())
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// One `output` of an answer.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Output {
    /// An object.
    One(Row),
    /// An array.
    Many(Vec<Row>),
}

/// Where a page of a list ends.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) filter: String,
    pub(crate) next: String,
    pub(crate) width: usize,
    /// F, M, D or E.
    pub(crate) tr_cont: &'static str,
    pub(crate) names: (&'static str, &'static str),
}

/// An answer of a `/uapi` call.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) rt_cd: &'static str,
    pub(crate) msg_cd: String,
    pub(crate) msg1: String,
    pub(crate) outputs: Vec<(&'static str, Output)>,
    pub(crate) page: Option<Page>,
}

impl Reply {
    /// A success.
    pub(crate) fn done(msg_cd: &str, msg1: &str) -> Self {
        Reply {
            status: 200,
            rt_cd: "0",
            msg_cd: msg_cd.to_owned(),
            msg1: msg1.to_owned(),
            outputs: Vec::new(),
            page: None,
        }
    }

    /// A quotation's success.
    pub(crate) fn quotation() -> Self {
        Reply::done("MCA00000", "정상처리 되었습니다.")
    }

    /// A refusal by the back end: HTTP 200, the body says no.
    pub(crate) fn refused(msg_cd: &str, msg1: &str) -> Self {
        Reply { rt_cd: "1", ..Reply::done(msg_cd, msg1) }
    }

    /// A refusal by the gateway: HTTP 500 with the same envelope.
    pub(crate) fn gateway(msg_cd: &str, msg1: &str) -> Self {
        Reply { status: 500, ..Reply::refused(msg_cd, msg1) }
    }

    /// The answer with an output more.
    pub(crate) fn with(mut self, name: &'static str, output: Output) -> Self {
        self.outputs.push((name, output));
        self
    }

    /// As the HTTP reply to a call of `tr_id`.
    pub(crate) fn to_http(&self, tr_id: &str, gt_uid: String) -> HttpReply {
        HttpReply {
            status: self.status,
            body: serde_json::to_string(self).expect("invariant: an envelope of strings has a JSON form"),
            tr_id: Some(tr_id.to_owned()),
            tr_cont: Some(self.page.as_ref().map_or("", |page| page.tr_cont)),
            gt_uid: Some(gt_uid),
        }
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(page) = &self.page {
            map.serialize_entry(page.names.0, &padded(&page.filter, page.width))?;
            map.serialize_entry(page.names.1, &padded(&page.next, page.width))?;
        }
        for (name, output) in &self.outputs {
            map.serialize_entry(name, output)?;
        }
        map.serialize_entry("rt_cd", self.rt_cd)?;
        map.serialize_entry("msg_cd", &self.msg_cd)?;
        // The broker pads its messages to 80 characters; clients must trim.
        map.serialize_entry("msg1", &padded(&self.msg1, 80))?;
        map.end()
    }
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{:missing$}", "")
}

/// Why the back end refuses a call. Code and words differ between the environments; those marked `?` in the
/// protocol reference are unverified, and clients must not depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    AccountUnknown,
    Malformed,
    SymbolUnknown,
    OrderTypeUnsupported,
    VenueUnsupported,
    NoBusinessDay,
    NotOpenYet,
    Closed,
    OffTick,
    OutOfBand,
    CashShort,
    HoldingShort,
    OriginalUnknown,
    NothingLeft,
    FidMarketWrong,
    NothingToShow,
}

impl Refusal {
    /// The refusal as the environment words it.
    pub(crate) fn reply(self, env: Environment) -> Reply {
        let (code, text) = match env {
            Environment::Real => self.real(),
            Environment::Mock => self.mock(),
        };
        Reply::refused(code, text)
    }

    const fn real(self) -> (&'static str, &'static str) {
        match self {
            Refusal::AccountUnknown => ("OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO"),
            Refusal::Malformed => ("IGW00007", "주문 내용의 형식이 올바르지 않습니다."),
            Refusal::SymbolUnknown => ("APBK0656", "해당종목정보가 없습니다."),
            Refusal::OrderTypeUnsupported => ("APBK1943", "해당 시간에 사용할 수 없는 주문구분입니다."),
            Refusal::VenueUnsupported => ("APBK1945", "주문할 수 없는 거래소입니다."),
            Refusal::NoBusinessDay | Refusal::NotOpenYet | Refusal::Closed => {
                ("APBK0918", "장운영시간이 아닙니다.(주문불가)")
            }
            Refusal::OffTick => ("APBK0552", "주문단가가 호가단위에 맞지 않습니다."),
            Refusal::OutOfBand => ("APBK0506", "주문단가가 상한가/하한가를 벗어났습니다."),
            Refusal::CashShort => ("APBK0952", "주문가능금액을 초과했습니다."),
            Refusal::HoldingShort => ("APBK0400", "주문가능수량을 초과했습니다."),
            Refusal::OriginalUnknown => ("IGW00019", "원주문번호가 올바르지 않습니다."),
            Refusal::NothingLeft => ("APBK0344", "정정/취소할 수량이 없습니다."),
            Refusal::FidMarketWrong => ("OPSQ2001", "ERROR : INPUT FIELD NOT FOUND [FID_COND_MRKT_DIV_CODE]"),
            Refusal::NothingToShow => ("KIOK0560", "조회할 내용이 없습니다."),
        }
    }

    const fn mock(self) -> (&'static str, &'static str) {
        match self {
            Refusal::SymbolUnknown => ("40070000", "모의투자 주문처리가 안되었습니다(매매불가 종목)"),
            Refusal::OrderTypeUnsupported | Refusal::VenueUnsupported => {
                ("40650000", "모의투자에서는 해당업무가 제공되지 않습니다.")
            }
            Refusal::NoBusinessDay => ("40100000", "모의투자 영업일이 아닙니다."),
            Refusal::NotOpenYet => ("40570000", "모의투자 장시작전 입니다."),
            Refusal::Closed => ("40580000", "모의투자 장종료 입니다."),
            Refusal::CashShort => ("40310000", "모의투자 주문가능금액이 부족합니다."),
            Refusal::HoldingShort => ("40240000", "모의투자 잔고내역이 없습니다."),
            Refusal::OriginalUnknown | Refusal::NothingLeft => ("40330000", "모의투자 정정/취소할 수량이 없습니다."),
            Refusal::AccountUnknown
            | Refusal::Malformed
            | Refusal::OffTick
            | Refusal::OutOfBand
            | Refusal::FidMarketWrong
            | Refusal::NothingToShow => self.real(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_keeps_its_order_and_pads_what_the_broker_pads() {
        let page = Page {
            filter: "12345678^01".to_owned(),
            next: String::new(),
            width: 20,
            tr_cont: "D",
            names: ("ctx_area_fk100", "ctx_area_nk100"),
        };
        let row = Row::new().with("b", 2).with("a", "x");
        let reply =
            Reply { page: Some(page), ..Reply::done("KIOK0510", "완료").with("output1", Output::Many(vec![row])) };
        let http = reply.to_http("TTTC8434R", "u".repeat(32));
        let pads = (" ".repeat(9), " ".repeat(20));
        let areas = format!(r#""ctx_area_fk100":"12345678^01{}","ctx_area_nk100":"{}""#, pads.0, pads.1);
        let start = format!(r#"{{{areas},"output1":[{{"b":"2","a":"x"}}],"rt_cd":"0""#);
        assert!(http.body.starts_with(&start), "{}", http.body);
        assert_eq!(http.tr_cont, Some("D"));
        let parsed: serde_json::Value = serde_json::from_str(&http.body).unwrap();
        assert_eq!(parsed["msg1"].as_str().unwrap().chars().count(), 80);
    }
}
