//! Proofs of orders, made the only way there is: by an engine whose gate let them pass and whose journal committed.

use fsts_domain::{Market, OrderKind, OrderNumber, Price, Qty, Side, Won};
use fsts_engine::{
    Branch, CancelIntent, Command, Effects, Engine, EngineConfig, Entry, Event, EventKind, Intent, Journaled, Record,
    Strategy, SubmitOutcome,
};
use fsts_krx::{FeeSchedule, Instrument, RuleBook};

use crate::account::{half_past_nine, today};

struct Desk {
    engine: Engine<Box<dyn Strategy + Send>>,
    seq: u64,
}

impl Desk {
    fn open() -> Desk {
        let samsung =
            Instrument { symbol: "005930".parse().unwrap(), name: "삼성전자".to_owned(), market: Market::Kospi };
        let config = EngineConfig::simulated(vec![samsung]);
        let mut engine = Engine::new(config, RuleBook::ideal(FeeSchedule::NONE), vec![]).unwrap();
        let holdings = vec![("005930".parse().unwrap(), Qty::new(100).unwrap(), Won::new(7_000_000))];
        let opened = Record::AccountOpened { cash: Won::new(100_000_000), holdings };
        engine.replay(&[Entry { seq: 1, at: half_past_nine(), record: opened }]);
        let mut desk = Desk { engine, seq: 0 };
        desk.step(EventKind::DayOpened(today()));
        desk.step(EventKind::Clock);
        desk.step(EventKind::Base { symbol: 0, price: Price::new(71_900).unwrap() });
        desk
    }

    /// One event, and the commit of the batch that it made; what both ask for.
    fn step(&mut self, kind: EventKind<'_>) -> Effects {
        let mut fx = self.one(kind);
        if let Some(batch) = fx.batch {
            let released = self.one(EventKind::Committed { batch });
            (fx.submits, fx.cancels) = (released.submits, released.cancels);
        }
        fx
    }

    fn one(&mut self, kind: EventKind<'_>) -> Effects {
        let mut fx = Effects::default();
        self.seq += 1;
        let (at, recv) = (half_past_nine(), half_past_nine());
        self.engine.step(&Event { seq: self.seq, at, recv, kind }, &mut fx);
        fx
    }

    fn place(&mut self, side: Side, kind: OrderKind) -> Journaled<Intent> {
        let (key, body) = ("key".to_owned(), "body".to_owned());
        let (symbol, qty) = ("005930".parse().unwrap(), Qty::new(3).unwrap());
        let fx =
            self.step(EventKind::Command { id: 1, command: Command::Place { key, body, symbol, side, qty, kind } });
        fx.submits.into_iter().next().unwrap_or_else(|| panic!("the engine said {:?} {:?}", fx.replies, fx.entries))
    }
}

/// A proof that three shares of 005930 may be bought or sold.
pub fn order(side: Side, kind: OrderKind) -> Journaled<Intent> {
    Desk::open().place(side, kind)
}

/// A proof that the broker's order 42 of branch 06010 may be cancelled.
pub fn cancel(kind: OrderKind) -> Journaled<CancelIntent> {
    let mut desk = Desk::open();
    let intent = desk.place(Side::Buy, kind).get().id();
    let (number, branch) = (OrderNumber::from_value(42), Branch::from("06010"));
    let outcome = SubmitOutcome::Acked { number, branch, at: half_past_nine() };
    desk.step(EventKind::Submitted { intent, outcome });
    let fx = desk.step(EventKind::Command { id: 2, command: Command::Cancel { intent } });
    fx.cancels.into_iter().next().unwrap_or_else(|| panic!("the engine said {:?} {:?}", fx.replies, fx.entries))
}
