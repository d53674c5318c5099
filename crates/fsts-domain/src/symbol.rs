//! The short code of an instrument.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use crate::ParseError;

/// A KRX short code as the broker uses it: six letters or digits (`005930`, `0008Z0`), ETN `Q` + six.
///
/// It is text, never a number: codes carry leading zeros and, since 2024, letters. Ordering is byte order,
/// which is the order in which the engine visits symbols.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Symbol([u8; 7]);

impl Symbol {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        let len = if self.0[6] == 0 { 6 } else { 7 };
        std::str::from_utf8(&self.0[..len]).expect("invariant: a symbol is ASCII")
    }

    /// The code from its bytes.
    ///
    /// # Errors
    /// [`ParseError::Symbol`] unless six (or `Q` + six) upper-case letters or digits.
    pub fn from_bytes(code: &[u8]) -> Result<Self, ParseError> {
        let well_formed = (code.len() == 6 || (code.len() == 7 && code.first() == Some(&b'Q')))
            && code.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if !well_formed {
            return Err(ParseError::Symbol(String::from_utf8_lossy(code).into_owned()));
        }
        let mut bytes = [0u8; 7];
        bytes[..code.len()].copy_from_slice(code);
        Ok(Symbol(bytes))
    }
}

impl FromStr for Symbol {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Symbol::from_bytes(text.as_bytes())
    }
}
impl TryFrom<String> for Symbol {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}
impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_leading_zeros_and_letters() {
        for code in ["005930", "0008Z0", "00088K", "Q500001"] {
            assert_eq!(code.parse::<Symbol>().unwrap().as_str(), code);
        }
    }

    #[test]
    fn malformed_codes_are_refused() {
        for code in ["", "5930", "0059301", "00593a", "삼성전자", "00 930"] {
            assert!(code.parse::<Symbol>().is_err(), "{code}");
        }
    }
}
