//! Which state an order may pass to from which (I8): the whole table, and the records that walk it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

const STATES: [OrderState; 11] = [
    OrderState::Approved,
    OrderState::Sending,
    OrderState::Acked,
    OrderState::PartiallyFilled,
    OrderState::Filled,
    OrderState::Cancelled,
    OrderState::Expired,
    OrderState::Refused,
    OrderState::Ambiguous,
    OrderState::PresumedNotPlaced,
    OrderState::Disputed,
];

/// One line a state; columns in the order of the lines.
const TABLE: &str = "
    approved            . x . . . . . x . . .
    sending             . . x x x . . x x . .
    acked               . . . x x x x x . . .
    partially_filled    . . . x x x x . . . .
    filled              . . . . . . . . . . .
    cancelled           . . . . . . . . . . .
    expired             . . . . . . . . . . .
    refused             . . . . . . . . . . .
    ambiguous           . . x . . . x . . x x
    presumed_not_placed . . x . . . x . . . x
    disputed            . . x . . . x . . . .
";

#[test]
fn an_order_passes_only_between_the_states_of_the_table() {
    let lines: Vec<&str> = TABLE.lines().filter(|l| !l.trim().is_empty()).collect();
    assert_eq!(lines.len(), STATES.len());
    for (from, line) in STATES.into_iter().zip(lines) {
        let mut words = line.split_whitespace();
        let name = serde_json::to_value(from).unwrap();
        assert_eq!(words.next(), name.as_str());
        for (to, mark) in STATES.into_iter().zip(words) {
            assert_eq!(may_become(from, to), mark == "x", "{from:?} -> {to:?}");
        }
    }
}

#[test]
fn nothing_happens_to_an_order_after_its_end() {
    for from in STATES.into_iter().filter(|s| s.is_terminal()) {
        assert!(STATES.into_iter().all(|to| !may_become(from, to)), "{from:?} is terminal");
    }
}

/// A book with one buy of 10 at 1,000 won that is being sent.
fn sending() -> Teller {
    let mut teller = Teller { book: Book::new(&[symbol(SAMSUNG)]) };
    teller.tell(Record::AccountOpened { cash: won(1_000_000), holdings: vec![(symbol(SAMSUNG), qty(5), won(5_000))] });
    teller.tell(Record::Approved(ApprovedOrder {
        id: IntentId(1),
        bot: bot("alpha"),
        symbol: symbol(SAMSUNG),
        side: Side::Buy,
        qty: qty(10),
        kind: OrderKind::Limit(price(1_000)),
        bracket: None,
        purpose: Purpose::Target,
        reserved: won(10_010),
        reference: price(1_000),
    }));
    teller
}

struct Teller {
    book: Book,
}

impl Teller {
    fn tell(&mut self, record: Record) {
        let seq = self.book.last_seq() + 1;
        self.book.apply(&Entry { seq, at: half_past_nine(), record });
    }

    fn state(&self) -> OrderState {
        self.book.order_of_day(IntentId(1)).map_or(OrderState::Refused, |o| o.state)
    }
}

fn fill(shares: i64) -> Record {
    let source = FillSource::Inquiry;
    Record::Filled { id: IntentId(1), qty: qty(shares), amount: won(shares * 1_000), fee: won(1), tax: won(0), source }
}

fn closed(state: OrderState) -> Record {
    Record::Closed { id: IntentId(1), state }
}

/// A record that moves order 1 to a state.
fn towards(state: OrderState) -> Option<Record> {
    let id = IntentId(1);
    let reason = "no answer".to_owned();
    match state {
        OrderState::Approved | OrderState::Sending => None,
        OrderState::Acked => {
            Some(Record::Acked { id, number: number(7), branch: Branch::default(), by: AckedBy::Inquiry })
        }
        OrderState::PartiallyFilled => Some(fill(4)),
        OrderState::Filled => Some(fill(10)),
        OrderState::Cancelled | OrderState::Expired => Some(closed(state)),
        OrderState::Refused => Some(Record::Refused { id, code: "X".to_owned(), message: String::new() }),
        OrderState::Ambiguous => Some(Record::Ambiguous { id, reason }),
        OrderState::PresumedNotPlaced => Some(Record::Presumed { id }),
        OrderState::Disputed => Some(Record::Disputed { id, candidates: vec![number(7), number(8)] }),
    }
}

/// A shortest way from `Sending` to a state that is still open.
fn way_to(state: OrderState) -> Vec<OrderState> {
    match state {
        OrderState::Sending => vec![],
        OrderState::PresumedNotPlaced | OrderState::Disputed => vec![OrderState::Ambiguous, state],
        OrderState::PartiallyFilled => vec![OrderState::Acked, state],
        other => vec![other],
    }
}

#[test]
fn the_book_takes_every_allowed_transition_and_refuses_every_other() {
    let open = STATES.into_iter().filter(|s| !s.is_terminal() && *s != OrderState::Approved);
    for from in open {
        for to in STATES {
            let Some(record) = towards(to) else { continue };
            // Part fills add up: 4 of 10 and then all 10 would be too many, whatever the state.
            let record = if (from, to) == (OrderState::PartiallyFilled, OrderState::Filled) { fill(6) } else { record };
            let mut teller = sending();
            way_to(from).into_iter().filter_map(towards).for_each(|r| teller.tell(r));
            assert_eq!(teller.state(), from);
            let taken = catch_unwind(AssertUnwindSafe(|| teller.tell(record))).is_ok();
            assert_eq!(taken, may_become(from, to), "{from:?} -> {to:?}");
            if taken && teller.book.order_of_day(IntentId(1)).is_some() {
                assert_eq!(teller.state(), to);
            } else if taken {
                assert!(to.is_terminal(), "an order that the broker never had leaves the book at its end");
            }
        }
    }
}

#[test]
fn an_end_gives_back_exactly_what_was_set_aside() {
    for (way, spent) in [
        (vec![towards(OrderState::Refused)], 0),
        (vec![towards(OrderState::Acked), Some(closed(OrderState::Cancelled))], 0),
        (vec![towards(OrderState::Acked), Some(fill(4)), Some(closed(OrderState::Expired))], 4_001),
        (vec![towards(OrderState::Acked), Some(fill(10))], 10_001),
        (vec![towards(OrderState::Ambiguous), Some(closed(OrderState::Expired))], 0),
    ] {
        let mut teller = sending();
        assert_eq!(teller.book.reserved(), won(10_010));
        way.into_iter().flatten().for_each(|r| teller.tell(r));
        assert_eq!(teller.book.reserved(), Won::ZERO);
        assert_eq!(teller.book.orderable(), won(1_000_000 - spent));
        assert_eq!(teller.book.line(0).open_orders, 0);
    }
}
