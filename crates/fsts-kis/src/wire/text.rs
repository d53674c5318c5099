//! A value as the broker writes it: text, even where it is a number.

use std::fmt;

use fsts_domain::{Price, Qty, Won};
use serde::{Deserialize, Deserializer, Serialize};

/// A text cell: padded, possibly empty; a JSON number is taken as its text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Text(pub String);

/// A cell that does not hold what it should; the cell itself is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cell that should hold {0} does not")]
pub struct Unreadable(pub &'static str);

impl Text {
    /// The text without its padding.
    pub fn trimmed(&self) -> &str {
        self.0.trim()
    }

    /// True when there is nothing but padding.
    pub fn is_empty(&self) -> bool {
        self.trimmed().is_empty()
    }

    /// A whole number; empty text is 0, because the broker writes none so. Decimals must be zeros.
    ///
    /// # Errors
    /// [`Unreadable`] for anything else.
    pub fn whole(&self) -> Result<i64, Unreadable> {
        let text = self.trimmed();
        let (digits, decimals) = text.split_once('.').unwrap_or((text, ""));
        if digits.is_empty() && decimals.is_empty() {
            return Ok(0);
        }
        if decimals.bytes().any(|b| b != b'0') {
            return Err(Unreadable("a whole number"));
        }
        digits.parse().map_err(|_| Unreadable("a whole number"))
    }

    /// An amount in won.
    ///
    /// # Errors
    /// [`Unreadable`] when it is not a whole number.
    pub fn won(&self) -> Result<Won, Unreadable> {
        self.whole().map(Won::new)
    }

    /// A share count.
    ///
    /// # Errors
    /// [`Unreadable`] when it is not a whole number ≥ 0.
    pub fn qty(&self) -> Result<Qty, Unreadable> {
        Qty::new(self.whole()?).map_err(|_| Unreadable("a share count"))
    }

    /// A price, or `None` for 0 and empty.
    ///
    /// # Errors
    /// [`Unreadable`] when it is not a whole number ≥ 0.
    pub fn price(&self) -> Result<Option<Price>, Unreadable> {
        match self.whole()? {
            0 => Ok(None),
            won => Price::new(won).map(Some).map_err(|_| Unreadable("a price")),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text(text.to_owned())
    }
}
impl From<String> for Text {
    fn from(text: String) -> Self {
        Text(text)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl serde::de::Visitor<'_> for TextVisitor {
    type Value = Text;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or null")
    }
    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(text))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }
    fn visit_bool<E>(self, yes: bool) -> Result<Text, E> {
        Ok(Text(if yes { "Y" } else { "N" }.to_owned()))
    }
    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }
    fn visit_none<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_broker_writes_them() {
        let whole = |text: &str| Text::from(text).whole();
        assert_eq!(whole(""), Ok(0));
        assert_eq!(whole("   "), Ok(0));
        assert_eq!(whole("0000000010"), Ok(10));
        assert_eq!(whole("-72000"), Ok(-72000));
        assert_eq!(whole("12.0000"), Ok(12));
        for wrong in ["12.5", "7E+4", "1,000", "(null)", "99999999999999999999", "--1"] {
            assert!(whole(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_in_json_reads_as_its_text() {
        let texts: Vec<Text> = serde_json::from_str(r#"["a", 86400, null, -1]"#).unwrap();
        assert_eq!(texts, [Text::from("a"), Text::from("86400"), Text::default(), Text::from("-1")]);
    }

    #[test]
    fn no_price_is_no_price_and_a_negative_one_is_unreadable() {
        assert_eq!(Text::from("0").price(), Ok(None));
        assert_eq!(Text::from("71900").price(), Ok(Some(Price::new(71_900).unwrap())));
        assert!(Text::from("-1").price().is_err());
        assert!(Text::from("-1").qty().is_err());
    }
}
