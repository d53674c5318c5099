//! The proofs of an order can't be forged, copied or read from text. Each file in `tests/ui` is one way to try.

use fsts_engine::{CancelIntent, Complete, Intent, Journaled, OrderReport, RiskApproved};
use serde::de::DeserializeOwned;

#[test]
fn the_proofs_of_an_order_cannot_be_forged() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Two implementations fit a type that can be read from text, and then naming the constant doesn't compile.
trait UnreadableOnly<Case> {
    const HOLDS: bool = true;
}
impl<T> UnreadableOnly<()> for T {}
impl<T: DeserializeOwned> UnreadableOnly<u8> for T {}

/// The same for a type that can be copied.
trait UniqueOnly<Case> {
    const HOLDS: bool = true;
}
impl<T> UniqueOnly<()> for T {}
impl<T: Clone> UniqueOnly<u8> for T {}

#[test]
fn proofs_are_never_read_from_text_and_never_copied() {
    const {
        assert!(<Intent as UnreadableOnly<_>>::HOLDS);
        assert!(<RiskApproved<Intent> as UnreadableOnly<_>>::HOLDS);
        assert!(<Journaled<Intent> as UnreadableOnly<_>>::HOLDS);
        assert!(<Journaled<CancelIntent> as UnreadableOnly<_>>::HOLDS);
        assert!(<Complete<OrderReport> as UnreadableOnly<_>>::HOLDS);
        assert!(<Intent as UniqueOnly<_>>::HOLDS);
        assert!(<CancelIntent as UniqueOnly<_>>::HOLDS);
        assert!(<RiskApproved<Intent> as UniqueOnly<_>>::HOLDS);
        assert!(<Journaled<Intent> as UniqueOnly<_>>::HOLDS);
    }
}
