//! A limit price is a proof: it can't be made without the rules. Each file in `tests/fail` is one way to try.

use fsts_krx::LimitPrice;
use serde::de::DeserializeOwned;

use crate::{krx_on, won};

#[test]
fn a_limit_price_cannot_be_forged() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}

/// Two implementations fit a type that can be read from text, and then the call below doesn't compile.
trait UnreadableOnly<Case> {
    const HOLDS: bool = true;
}
impl<T> UnreadableOnly<()> for T {}
impl<T: DeserializeOwned> UnreadableOnly<u8> for T {}

#[test]
fn a_limit_price_is_written_as_its_won_and_never_read() {
    let price = krx_on("2026-11-20").limit_price(fsts_domain::Market::Kospi, won(71_000), None).unwrap();
    assert_eq!(serde_json::to_string(&price).unwrap(), "71000");
    const { assert!(<LimitPrice as UnreadableOnly<_>>::HOLDS) };
}
