//! Won, prices, quantities and rates as integers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use crate::ParseError;

/// An amount of Korean won; may be negative. Range ±9.2e18 won.
///
/// | operation     | result | fails when                                          |
/// |---------------|--------|-----------------------------------------------------|
/// | `won ± won`   | `Won`  | overflow (panics in every build: it would be a bug)  |
/// | `price * qty` | `Won`  | overflow, likewise                                   |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Won(i64);

impl Won {
    /// No money.
    pub const ZERO: Won = Won(0);

    /// An amount from whole won.
    pub const fn new(won: i64) -> Self {
        Won(won)
    }

    /// Whole won.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The amount, or zero when it is negative.
    pub fn max_zero(self) -> Self {
        Won(self.0.max(0))
    }
}

impl Add for Won {
    type Output = Won;
    #[inline]
    fn add(self, other: Won) -> Won {
        Won(self.0.checked_add(other.0).expect("invariant: amounts fit in i64 won"))
    }
}
impl Sub for Won {
    type Output = Won;
    #[inline]
    fn sub(self, other: Won) -> Won {
        Won(self.0.checked_sub(other.0).expect("invariant: amounts fit in i64 won"))
    }
}
impl Neg for Won {
    type Output = Won;
    fn neg(self) -> Won {
        Won(-self.0)
    }
}
impl AddAssign for Won {
    #[inline]
    fn add_assign(&mut self, other: Won) {
        *self = *self + other;
    }
}
impl SubAssign for Won {
    #[inline]
    fn sub_assign(&mut self, other: Won) {
        *self = *self - other;
    }
}
impl Sum for Won {
    fn sum<I: Iterator<Item = Won>>(iter: I) -> Won {
        iter.fold(Won::ZERO, Add::add)
    }
}
impl fmt::Display for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A raw price: any whole won ≥ 1. It may be off the tick grid, as mid-price prints legally are.
///
/// `price * qty` is [`Won`]; there is no price arithmetic beyond that: moving by ticks is the rule book's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Price(i64);

impl Price {
    /// A price from whole won.
    ///
    /// # Errors
    /// [`ParseError::Price`] below 1 won.
    pub const fn new(won: i64) -> Result<Self, ParseError> {
        if won >= 1 { Ok(Price(won)) } else { Err(ParseError::Price(won)) }
    }

    /// Whole won, ≥ 1.
    #[inline]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Price {
    type Error = ParseError;
    fn try_from(won: i64) -> Result<Self, ParseError> {
        Price::new(won)
    }
}
impl From<Price> for i64 {
    fn from(price: Price) -> i64 {
        price.0
    }
}
impl Mul<Qty> for Price {
    type Output = Won;
    #[inline]
    fn mul(self, qty: Qty) -> Won {
        Won(self.0.checked_mul(qty.0).expect("invariant: notionals fit in i64 won"))
    }
}
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A number of shares, ≥ 0.
///
/// | operation                | result        | fails when                         |
/// |--------------------------|---------------|------------------------------------|
/// | `qty + qty`, `qty - qty` | `Qty`         | below zero or overflow (panics)     |
/// | `qty.checked_sub(qty)`   | `Option<Qty>` | `None` below zero                   |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Qty(i64);

impl Qty {
    /// No shares.
    pub const ZERO: Qty = Qty(0);

    /// A quantity from a share count.
    ///
    /// # Errors
    /// [`ParseError::Qty`] below zero.
    pub const fn new(shares: i64) -> Result<Self, ParseError> {
        if shares >= 0 { Ok(Qty(shares)) } else { Err(ParseError::Qty(shares)) }
    }

    /// The share count.
    #[inline]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// True for no shares.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The difference, or `None` when it would be negative.
    pub const fn checked_sub(self, other: Qty) -> Option<Qty> {
        if self.0 >= other.0 { Some(Qty(self.0 - other.0)) } else { None }
    }

    /// The difference, or zero when it would be negative.
    pub const fn saturating_sub(self, other: Qty) -> Qty {
        if self.0 >= other.0 { Qty(self.0 - other.0) } else { Qty::ZERO }
    }
}

impl TryFrom<i64> for Qty {
    type Error = ParseError;
    fn try_from(shares: i64) -> Result<Self, ParseError> {
        Qty::new(shares)
    }
}
impl From<Qty> for i64 {
    fn from(qty: Qty) -> i64 {
        qty.0
    }
}
impl Add for Qty {
    type Output = Qty;
    #[inline]
    fn add(self, other: Qty) -> Qty {
        Qty(self.0.checked_add(other.0).expect("invariant: share counts fit in i64"))
    }
}
impl Sub for Qty {
    type Output = Qty;
    #[inline]
    fn sub(self, other: Qty) -> Qty {
        self.checked_sub(other).expect("invariant: a quantity never falls below zero")
    }
}
impl AddAssign for Qty {
    #[inline]
    fn add_assign(&mut self, other: Qty) {
        *self = *self + other;
    }
}
impl SubAssign for Qty {
    #[inline]
    fn sub_assign(&mut self, other: Qty) {
        *self = *self - other;
    }
}
impl Sum for Qty {
    fn sum<I: Iterator<Item = Qty>>(iter: I) -> Qty {
        iter.fold(Qty::ZERO, Add::add)
    }
}
impl fmt::Display for Qty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A fee or tax rate in parts per billion: 0.015 % is `Rate::per_billion(150_000)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    /// No charge.
    pub const ZERO: Rate = Rate(0);

    /// A rate from parts per billion.
    pub const fn per_billion(parts: i64) -> Self {
        Rate(parts)
    }

    /// Parts per billion.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The charge on `amount`, cut to whole won (toward zero), as brokers and the tax office do.
    #[inline]
    pub fn of(self, amount: Won) -> Won {
        // Nearly every notional fits the fast path; i128 division is some 20 times slower.
        match amount.0.checked_mul(self.0) {
            Some(product) => Won(product / 1_000_000_000),
            None => Won((i128::from(amount.0) * i128::from(self.0) / 1_000_000_000) as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_price_of_zero_is_refused() {
        assert_eq!(Price::new(0), Err(ParseError::Price(0)));
        assert!(serde::de::value::I64Deserializer::<serde::de::value::Error>::new(0).into_price().is_err());
    }

    trait IntoPrice {
        fn into_price(self) -> Result<Price, ParseError>;
    }
    impl IntoPrice for serde::de::value::I64Deserializer<serde::de::value::Error> {
        fn into_price(self) -> Result<Price, ParseError> {
            Price::deserialize(self).map_err(|_| ParseError::Price(0))
        }
    }

    proptest! {
        #[test]
        fn a_charge_is_the_exact_quotient_cut_to_whole_won(amount in 0..9_000_000_000_000_000i64, rate in 0..10_000_000i64) {
            let exact = i128::from(amount) * i128::from(rate);
            let charge = i128::from(Rate::per_billion(rate).of(Won::new(amount)).get());
            prop_assert!(charge * 1_000_000_000 <= exact);
            prop_assert!((charge + 1) * 1_000_000_000 > exact);
        }

        #[test]
        fn quantities_never_fall_below_zero(a in 0..1_000_000i64, b in 0..1_000_000i64) {
            let (a, b) = (Qty::new(a).unwrap(), Qty::new(b).unwrap());
            prop_assert_eq!(a.checked_sub(b).is_some(), a >= b);
            prop_assert_eq!((a + b) - b, a);
        }
    }
}
