//! Our books against the broker's, order by order and to the won.

use std::collections::{BTreeMap, BTreeSet};

use fsts_domain::{IntentId, OrderNumber, Qty, Won};
use fsts_engine::{AdjustmentKind, Book, Entry, Record};
use fsts_kis_emulator::AccountTruth;

/// What the journal says of one order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Journaled {
    qty: Qty,
    amount: Won,
}

/// What the journal says of all orders.
#[derive(Debug, Default)]
pub struct Story {
    /// Passed the gate and may have been sent.
    pub approved: BTreeSet<IntentId>,
    /// Taken back between the commit and the send.
    pub withdrawn: BTreeSet<IntentId>,
    /// Refused by the broker, with an answer that proves it.
    pub refused: BTreeSet<IntentId>,
    /// Ambiguous at some time.
    pub ambiguous: BTreeSet<IntentId>,
    numbers: BTreeMap<IntentId, OrderNumber>,
    fills: BTreeMap<IntentId, Journaled>,
    /// Fills booked.
    pub fill_count: usize,
}

/// Reads the story of a journal.
///
/// # Panics
/// When the books needed anything but a rounding to agree, or somebody else's order appeared.
pub fn story(entries: &[Entry]) -> Story {
    let mut story = Story::default();
    for entry in entries {
        match &entry.record {
            Record::Approved(order) => drop(story.approved.insert(order.id)),
            Record::Withdrawn { id, .. } => drop(story.withdrawn.insert(*id)),
            Record::Refused { id, code, .. } if code != fsts_kis::NOT_SENT => drop(story.refused.insert(*id)),
            Record::Ambiguous { id, .. } => drop(story.ambiguous.insert(*id)),
            Record::Acked { id, number, .. } => {
                assert_eq!(story.numbers.insert(*id, *number), None, "an order has one number");
            }
            Record::Filled { id, qty, amount, .. } => {
                let fill = story.fills.entry(*id).or_default();
                fill.qty += *qty;
                fill.amount += *amount;
                story.fill_count += 1;
            }
            Record::Confirmed { id, amount_delta, .. } => story.fills.entry(*id).or_default().amount += *amount_delta,
            Record::Adjusted { kind, amount } => assert_eq!(*kind, AdjustmentKind::Cost, "{amount} won unexplained"),
            other @ (Record::ExternalOrder { .. } | Record::ExternalFilled { .. } | Record::Disputed { .. }) => {
                panic!("every order of this account is one of ours, and known as such: {other:?}")
            }
            _ => {}
        }
    }
    story
}

/// Every order at the broker is exactly one of our intents, with its fills to the won; so are positions and cash.
///
/// # Panics
/// When that is not so.
pub fn agree(entries: &[Entry], broker: &AccountTruth) -> Story {
    let story = story(entries);
    let placed: Vec<_> = broker.orders.iter().filter(|o| o.original.is_none()).collect();
    let by_number: BTreeMap<OrderNumber, IntentId> = story.numbers.iter().map(|(id, number)| (*number, *id)).collect();
    assert_eq!(by_number.len(), story.numbers.len(), "no two intents share an order");
    for order in &placed {
        let id = by_number.get(&order.number);
        let id = id.unwrap_or_else(|| panic!("order {} is in nobody's journal: a doubled one", order.number));
        let ours = story.fills.get(id).copied().unwrap_or_default();
        let theirs = Journaled { qty: order.filled_qty, amount: order.filled_amount };
        assert_eq!(ours, theirs, "fills of order {} ({id})", order.number);
    }
    assert_eq!(placed.len(), story.numbers.len(), "every number is an order at the broker");

    let mut book = Book::new(&[]);
    entries.iter().for_each(|entry| book.apply(entry));
    let held = book.lines().iter().map(|l| (l.symbol, l.total.qty)).filter(|(_, qty)| !qty.is_zero());
    let theirs = broker.positions.iter().map(|(symbol, position)| (*symbol, position.qty));
    assert_eq!(held.collect::<BTreeMap<_, _>>(), theirs.collect::<BTreeMap<_, _>>());
    assert_eq!(book.cash(), broker.cash);
    story
}
