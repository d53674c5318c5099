//! A journal stream for tests, told record by record.

use std::sync::Arc;

use fsts_domain::{BotId, IntentId, OrderKind, OrderNumber, Price, Qty, Side, Symbol, Timestamp, TradingDay, Won};
use fsts_engine::{AckedBy, ApprovedOrder, Branch, Entry, FillSource, Purpose, Record};

use crate::alerts::outbox::Names;

pub fn symbol() -> Symbol {
    "005930".parse().unwrap()
}

pub fn names() -> Names {
    Arc::new(|_| "삼성전자".to_owned())
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_kst(TradingDay::from_ymd(2026, 11, 20).unwrap(), 9 * 3600 + second)
}

#[derive(Default)]
pub struct Story {
    pub entries: Vec<Entry>,
}

impl Story {
    pub fn push(&mut self, record: Record) -> &mut Self {
        let seq = self.entries.last().map_or(1, |entry| entry.seq + 1);
        self.entries.push(Entry { seq, at: at(seq as i64), record });
        self
    }

    pub fn approve(&mut self, id: u64, qty: i64) -> &mut Self {
        self.push(Record::Approved(ApprovedOrder {
            id: IntentId(id),
            bot: BotId::MANUAL,
            symbol: symbol(),
            side: Side::Buy,
            qty: Qty::new(qty).unwrap(),
            kind: OrderKind::Market,
            bracket: None,
            purpose: Purpose::Operator,
            reserved: Won::ZERO,
            reference: Price::new(100).unwrap(),
        }))
    }

    pub fn acked(&mut self, id: u64) -> &mut Self {
        self.acked_by(id, AckedBy::Reply)
    }

    pub fn acked_by(&mut self, id: u64, by: AckedBy) -> &mut Self {
        let number = OrderNumber::from_value(id);
        self.push(Record::Acked { id: IntentId(id), number, branch: Branch::default(), by })
    }

    pub fn filled(&mut self, id: u64, qty: i64, price: i64) -> &mut Self {
        let (qty, amount) = (Qty::new(qty).unwrap(), Won::new(price * qty));
        let source = FillSource::Inquiry;
        self.push(Record::Filled { id: IntentId(id), qty, amount, fee: Won::ZERO, tax: Won::ZERO, source })
    }

    /// A fill of a hand-made order: one alert of its own, whatever the batch.
    pub fn outside(&mut self) -> &mut Self {
        let number = OrderNumber::from_value(9);
        let (qty, amount, fee, tax) = (Qty::new(1).unwrap(), Won::new(100), Won::ZERO, Won::ZERO);
        self.push(Record::ExternalFilled { number, symbol: symbol(), side: Side::Buy, qty, amount, fee, tax })
    }
}
