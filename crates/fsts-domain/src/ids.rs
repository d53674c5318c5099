//! Names of accounts, intents, broker orders and bots.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use crate::ParseError;

/// An account number, 8 + 2 digits. `Debug` and `Display` show the last two digits only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNo([u8; 10]);

impl AccountNo {
    /// The first eight digits (the broker's `CANO`).
    pub fn number(&self) -> &str {
        std::str::from_utf8(&self.0[..8]).expect("invariant: an account number is ASCII digits")
    }

    /// The product code, the last two digits (`ACNT_PRDT_CD`).
    pub fn product(&self) -> &str {
        std::str::from_utf8(&self.0[8..]).expect("invariant: an account number is ASCII digits")
    }

    /// All ten digits; for the wire and for keys on disk, never for a log.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: an account number is ASCII digits")
    }
}

impl FromStr for AccountNo {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut digits = [0u8; 10];
        let mut len = 0;
        for b in text.bytes().filter(|b| *b != b'-') {
            if !b.is_ascii_digit() || len == digits.len() {
                return Err(ParseError::AccountNo);
            }
            digits[len] = b;
            len += 1;
        }
        if len == digits.len() { Ok(AccountNo(digits)) } else { Err(ParseError::AccountNo) }
    }
}
impl fmt::Display for AccountNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "********{}", self.product())
    }
}
impl fmt::Debug for AccountNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Our own order id: 1, 2, 3 … within an account's journal stream, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub u64);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The broker's order number (ODNO): ten digits, zero padded, unique within a trading day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct OrderNumber(u64);

impl OrderNumber {
    /// An order number from its value; at most ten digits.
    pub const fn from_value(value: u64) -> Self {
        OrderNumber(value % 10_000_000_000)
    }

    /// The number without its padding.
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl FromStr for OrderNumber {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits = text.trim();
        if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseError::OrderNumber(text.chars().take(20).collect()));
        }
        digits.parse().map(OrderNumber).map_err(|_| ParseError::OrderNumber(digits.to_owned()))
    }
}
impl TryFrom<String> for OrderNumber {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}
impl Serialize for OrderNumber {
    /// The padded text, without the formatting machinery: every order's records carry it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [b'0'; 10];
        let mut left = self.0;
        for digit in digits.iter_mut().rev() {
            *digit += (left % 10) as u8;
            left /= 10;
        }
        match std::str::from_utf8(&digits) {
            Ok(text) if left == 0 => serializer.serialize_str(text),
            // A simulated broker may count beyond ten digits.
            _ => serializer.collect_str(self),
        }
    }
}
impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}
impl fmt::Debug for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A bot's short name, 1 to 15 of `a-z A-Z 0-9 - _`. [`BotId::MANUAL`] marks a person's orders.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct BotId(
    // The length and then the name: one array, so that two ids are compared in one instruction and not by a call.
    [u8; 16],
);

impl BotId {
    /// The owner of orders that a person placed through the API.
    pub const MANUAL: BotId = BotId(*b"\x06manual\0\0\0\0\0\0\0\0\0");

    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0[1..=usize::from(self.0[0])]).expect("invariant: a bot name is ASCII")
    }
}

impl FromStr for BotId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fits = (1..=15).contains(&text.len());
        if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(ParseError::BotId(text.chars().take(20).collect()));
        }
        let mut bytes = [0u8; 16];
        bytes[0] = text.len() as u8;
        bytes[1..=text.len()].copy_from_slice(text.as_bytes());
        Ok(BotId(bytes))
    }
}
impl TryFrom<String> for BotId {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}
impl Serialize for BotId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl fmt::Display for BotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for BotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_number_is_never_shown_in_full() {
        let account: AccountNo = "12345678-01".parse().unwrap();
        assert_eq!((account.number(), account.product()), ("12345678", "01"));
        assert_eq!(format!("{account} {account:?}"), "********01 ********01");
    }

    #[test]
    fn order_numbers_are_padded_to_ten_digits() {
        assert_eq!("42".parse::<OrderNumber>().unwrap().to_string(), "0000000042");
        assert!("".parse::<OrderNumber>().is_err());
        assert!("12345678901".parse::<OrderNumber>().is_err());
    }

    #[test]
    fn bot_names_are_short_ascii_words() {
        assert_eq!("sma-1".parse::<BotId>().unwrap().as_str(), "sma-1");
        assert_eq!(BotId::MANUAL.as_str(), "manual");
        assert!("a b".parse::<BotId>().is_err());
        assert!("sixteen-letters-x".parse::<BotId>().is_err());
    }
}
