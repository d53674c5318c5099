//! The broker's codes: what a read does about them, and which prove that an order was not placed.
//!
//! Evidence marks: `K` the broker's FAQ as an error table, `W` the broker's workbook, `C` community reports. Numbers are
//! incompletely documented; what is not here is unknown, and an unknown answer to an order is ambiguous.

use crate::env::Environment;

/// What a read does about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// A new token, then the same call once.
    Reauthenticate,
    /// Wait for the next free place in the call rate, then the same call.
    Wait,
    /// The token was issued less than a minute ago; wait, or take what another process stored.
    IssuedJustNow,
    /// A failure inside the broker: the same call later.
    Later,
    /// Keys, account or environment are wrong.
    Configure,
    /// The broker said no.
    Refuse,
}

/// What a read does about `code`.
pub(crate) fn reaction(code: &str) -> Reaction {
    match code {
        "EGW00121" | "EGW00122" | "EGW00123" => Reaction::Reauthenticate,
        "EGW00201" => Reaction::Wait,
        "EGW00133" => Reaction::IssuedJustNow,
        "EGW00001" | "EGW00002" | "EGW00202" | "EGW00203" | "EGW00300" | "EGW00301" | "EGW00302" => Reaction::Later,
        "OPSQ0001" | "OPSQ1002" | "OPSQ2003" | "OPSQ3001" | "OPSQ3002" | "OPSQ3004" | "IGW00008" => Reaction::Later,
        "EGW00003" | "EGW00004" | "EGW00132" | "EGW00303" | "EGW00304" | "OPSQ2000" | "IGW00002" => Reaction::Configure,
        "EGW2004" | "EGW02004" | "EGW02005" | "EGW02006" | "40910000" | "90070000" => Reaction::Configure,
        _ => reaction_by_range(code),
    }
}

fn reaction_by_range(code: &str) -> Reaction {
    let number = code.strip_prefix("EGW").and_then(|digits| digits.parse::<u32>().ok());
    match number {
        Some(102..=117 | 127..=130 | 204..=213) => Reaction::Configure,
        _ if code.starts_with("OPSQ000") || code.starts_with("OPSQ001") => match code {
            "OPSQ0002" => Reaction::Refuse,
            _ => Reaction::Later,
        },
        _ => Reaction::Refuse,
    }
}

/// Where a refusal of an order is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Believed {
    Everywhere,
    MockOnly,
}

/// Refusals that prove that no order was placed, with their evidence.
///
/// A code whose meaning is only guessed is left out for the real environment, where a wrong entry would place an order
/// twice; in the mock environment it costs no money and an entry saves a frozen symbol.
#[rustfmt::skip] // a table reads by its columns
const PROVEN: &[(&str, Believed, &str)] = &[
    // The gateway checks these before it routes a request, so the order system never saw it.
    ("EGW00201", Believed::Everywhere, "K W: calls per second exceeded, refused by the gateway"),
    ("EGW00121", Believed::Everywhere, "K W: token invalid"),
    ("EGW00122", Believed::Everywhere, "K W: token not found"),
    ("EGW00123", Believed::Everywhere, "K W: token expired"),
    ("EGW00003", Believed::Everywhere, "K W: access denied"),
    ("EGW00004", Believed::Everywhere, "K W: customer not authorised"),
    ("EGW00102", Believed::Everywhere, "K W: app key missing"),
    ("EGW00103", Believed::Everywhere, "K W: app key invalid"),
    ("EGW00104", Believed::Everywhere, "K W: app secret missing"),
    ("EGW00105", Believed::Everywhere, "K W: app secret invalid"),
    ("EGW00132", Believed::Everywhere, "K W: content type invalid"),
    ("EGW00304", Believed::Everywhere, "K W: app secret invalid"),
    ("EGW02004", Believed::Everywhere, "C python-kis#90: mock key on the real host"),
    ("EGW02005", Believed::Everywhere, "C kis-agent#44: the environment lacks the TR"),
    ("EGW02006", Believed::Everywhere, "C kis-agent#44: the environment lacks the TR"),
    ("OPSQ2000", Believed::Everywhere, "K W: INVALID_CHECK_ACNO, refused before the order system"),
    ("OPSQ2002", Believed::Everywhere, "K W: INVALID_CHECK_FIELD_LENGTH, likewise"),
    // The order system's own checks.
    ("APBK0066", Believed::Everywhere, "C: suspended stock, only cancels are taken"),
    ("APBK0400", Believed::Everywhere, "C: quantity exceeds what may be sold"),
    ("APBK0918", Believed::Everywhere, "C: outside hours, holding short or cash short; all readings are refusals"),
    ("APBK0952", Believed::Everywhere, "C: buying power exceeded"),
    ("APBK1234", Believed::Everywhere, "C: holding short"),
    ("APBK1943", Believed::Everywhere, "C: market orders not allowed now"),
    ("APBK3013", Believed::Everywhere, "C: market orders not allowed now"),
    ("APBK0552", Believed::MockOnly, "C, not verified: price not on the tick grid"),
    ("APBK0919", Believed::MockOnly, "C, two readings: date or cash problem"),
    ("40100000", Believed::MockOnly, "C, not verified: not a business day"),
    ("40240000", Believed::MockOnly, "C: no holding to sell"),
    ("40070000", Believed::MockOnly, "C: symbol may not be bought"),
    ("40310000", Believed::MockOnly, "C, not verified: order amount over what is available"),
    ("40570000", Believed::MockOnly, "C: market not open yet"),
    ("40580000", Believed::MockOnly, "C: market closed"),
    ("40910000", Believed::MockOnly, "C: account may not order, season not joined"),
];

/// True when a well-formed refusal with this code proves that the order was not placed.
pub(crate) fn proves_not_placed(code: &str, environment: Environment) -> bool {
    PROVEN.iter().any(|(known, believed, _)| {
        *known == code && (*believed == Believed::Everywhere || environment == Environment::Mock)
    })
}

/// True when the code says that a cancel found nothing to cancel (or was refused like any order).
///
/// A cancel may be repeated after an inquiry, so a meaning that is only likely does no harm here.
pub(crate) fn refuses_cancel(code: &str, environment: Environment) -> bool {
    matches!(code, "APBK0344" | "40330000" | "IGW00019" | "IGW00022") || proves_not_placed(code, environment)
}

/// The broker's words for "the list changed since the first page; ask again" (`open-trading-api#42`).
pub(crate) fn says_list_changed(message: &str) -> bool {
    message.contains("자료가 변경")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_ask_to_check_the_last_transaction_prove_nothing() {
        for code in ["EGW00001", "EGW00002", "EGW00202", "EGW00203", "EGW00300", "EGW00301", "EGW00302", "IGW00008"] {
            assert!(!proves_not_placed(code, Environment::Mock), "{code}");
            assert_eq!(reaction(code), Reaction::Later, "{code}");
        }
        assert!(!proves_not_placed("APBK1630", Environment::Mock));
        assert!(!proves_not_placed("XYZ", Environment::Mock));
    }

    #[test]
    fn guessed_codes_are_not_believed_where_money_is_real() {
        assert!(proves_not_placed("40580000", Environment::Mock));
        assert!(!proves_not_placed("40580000", Environment::Real));
        assert!(!proves_not_placed("APBK0919", Environment::Real));
        assert!(proves_not_placed("EGW00201", Environment::Real));
    }

    #[test]
    fn every_code_has_a_reaction_of_its_kind() {
        assert_eq!(reaction("EGW00123"), Reaction::Reauthenticate);
        assert_eq!(reaction("EGW00201"), Reaction::Wait);
        assert_eq!(reaction("EGW00133"), Reaction::IssuedJustNow);
        assert_eq!(reaction("EGW00103"), Reaction::Configure);
        assert_eq!(reaction("OPSQ0008"), Reaction::Later);
        assert_eq!(reaction("OPSQ0002"), Reaction::Refuse);
        assert_eq!(reaction("OPSQ2001"), Reaction::Refuse);
        assert_eq!(reaction("없음"), Reaction::Refuse);
    }
}
