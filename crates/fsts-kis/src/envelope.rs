//! The broker's answer: the body decides, never the HTTP status.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest text of the broker that is passed on.
const MESSAGE_MAX: usize = 200;

/// A well-formed answer.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// True for `rt_cd` 0.
    pub ok: bool,
    /// `msg_cd`, or `error_code` of `/oauth2`.
    pub code: String,
    /// The broker's words, without padding and control characters.
    pub message: String,
    fields: Map<String, Value>,
}

/// Why a body is no envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoEnvelope(pub &'static str);

impl Envelope {
    /// Reads a body in any of the three shapes: `rt_cd`, `error_code`, or (login only) neither.
    pub fn parse(body: &[u8]) -> Result<Envelope, NoEnvelope> {
        let parsed: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| NoEnvelope("the answer is not a JSON object"))?;
        // The workbook writes `Output1` where the wire says `output1`; keys are equal without regard to case.
        let fields: Map<String, Value> = parsed.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
        let text = |key: &str| fields.get(key).map(plain).unwrap_or_default();
        let (ok, code, message) = if fields.contains_key("error_code") {
            (false, text("error_code"), text("error_description"))
        } else if fields.contains_key("rt_cd") {
            (text("rt_cd").trim() == "0", text("msg_cd"), text("msg1"))
        } else if fields.contains_key("access_token") || fields.contains_key("approval_key") {
            (true, String::new(), String::new())
        } else {
            return Err(NoEnvelope("the answer has neither a result nor an error code"));
        };
        Ok(Envelope { ok, code: clean(&code), message: clean(&message), fields })
    }

    /// The answer itself as `T`: login answers have no `output`.
    pub fn itself<T: DeserializeOwned>(&self) -> Result<T, NoEnvelope> {
        serde_json::from_value(Value::Object(self.fields.clone()))
            .map_err(|_| NoEnvelope("a field has the wrong shape"))
    }

    /// The rows of an output: an array, or an object for a single row. Empty padding objects are dropped.
    pub fn rows<T: DeserializeOwned>(&self, output: &str) -> Result<Vec<T>, NoEnvelope> {
        let rows = match self.fields.get(output) {
            None | Some(Value::Null) => return Err(NoEnvelope("an output is missing")),
            Some(Value::Array(rows)) => rows.clone(),
            Some(object @ Value::Object(_)) => vec![object.clone()],
            Some(_) => return Err(NoEnvelope("an output has the wrong shape")),
        };
        rows.into_iter()
            .filter(|row| row.as_object().is_none_or(|object| !object.is_empty()))
            .map(|row| serde_json::from_value(row).map_err(|_| NoEnvelope("a row has the wrong shape")))
            .collect()
    }

    /// The single row of an output.
    pub fn one<T: DeserializeOwned>(&self, output: &str) -> Result<T, NoEnvelope> {
        let mut rows = self.rows(output)?.into_iter();
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            _ => Err(NoEnvelope("an output should have one row")),
        }
    }

    /// A text field as it is, padding included: continuation keys must go back verbatim.
    pub fn verbatim(&self, field: &str) -> String {
        self.fields.get(field).map(plain).unwrap_or_default()
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The broker's text as one short line: it ends up in logs and alerts.
pub(crate) fn clean(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(MESSAGE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Text;
    use crate::wire::inquiry::HoldingRow;

    #[test]
    fn the_three_shapes_of_an_answer_are_told_apart() {
        let ok = Envelope::parse(br#"{"rt_cd":"0","msg_cd":"KIOK0510","msg1":"done   ","Output1":[]}"#).unwrap();
        assert_eq!((ok.ok, ok.code.as_str(), ok.message.as_str()), (true, "KIOK0510", "done"));
        assert!(ok.rows::<HoldingRow>("output1").unwrap().is_empty());
        let no = Envelope::parse(br#"{"rt_cd":"1","msg_cd":"EGW00201","msg1":"too\nfast"}"#).unwrap();
        assert_eq!((no.ok, no.code.as_str(), no.message.as_str()), (false, "EGW00201", "too fast"));
        let login = Envelope::parse(br#"{"error_code":"EGW00133","error_description":"wait"}"#).unwrap();
        assert_eq!((login.ok, login.code.as_str()), (false, "EGW00133"));
    }

    #[test]
    fn bodies_that_prove_nothing_are_no_envelope() {
        for body in ["", "<html>502</html>", "[]", "{}", r#"{"rt_cd":"0""#, "null", "{\"rt_cd\":\"0\"}x"] {
            assert!(Envelope::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn one_row_may_come_as_object_or_array_and_padding_rows_are_dropped() {
        for output in [r#"{"pdno":"005930"}"#, r#"[{"pdno":"005930","new":"x"},{}]"#] {
            let answer = Envelope::parse(format!(r#"{{"rt_cd":0,"output":{output}}}"#).as_bytes()).unwrap();
            assert_eq!(answer.one::<HoldingRow>("output").unwrap().pdno, Text::from("005930"));
        }
        let two = Envelope::parse(br#"{"rt_cd":"0","output":[{"a":"1"},{"a":"2"}]}"#).unwrap();
        assert!(two.one::<HoldingRow>("output").is_err());
        assert!(two.one::<HoldingRow>("output2").is_err());
    }
}
