//! From the journal to the outbox: which records are worth an alert, under ids made of the record alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsts_domain::{IntentId, OrderState, Symbol, Timestamp, Won};
use fsts_engine::{AckedBy, AdjustmentKind, Book, Condition, Entry, Record};
use fsts_store::Alert;

use super::messages::{Fact, FoundBy, OrderFacts};

/// Gives an instrument's name.
pub type Names = Arc<dyn Fn(Symbol) -> String + Send + Sync>;

/// Trouble with the journal, which the journal can't tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub condition: Condition,
    /// The last record before it, as far as its teller knew.
    pub seq: u64,
    /// Market time when it was told.
    pub at: Timestamp,
}

/// How far the fate of an order is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It may be under way.
    Sending,
    /// The broker has it.
    Working,
    /// Nobody knows.
    Unknown,
    /// Believed not placed.
    Presumed,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    facts: OrderFacts,
    standing: Standing,
}

/// A fact with the record that states it.
struct Told {
    seq: u64,
    at: Timestamp,
    fact: Fact,
}

/// The fold of a journal stream into alerts. It knows the open orders, so that a fill can be told by name.
pub struct AlertFeed {
    stream: String,
    names: Names,
    open: BTreeMap<IntentId, Open>,
}

impl AlertFeed {
    /// A feed at the start of a stream.
    pub fn new(stream: String, names: Names) -> Self {
        AlertFeed { stream, names, open: BTreeMap::new() }
    }

    /// A feed that goes on after a book's last record.
    pub fn after(book: &Book, stream: String, names: Names) -> Self {
        let orders = book.open_orders().iter().map(|order| {
            let (symbol, side) = (book.line(order.symbol).symbol, order.side);
            let facts = OrderFacts { id: order.id, symbol, side, qty: order.qty, filled: order.filled_qty };
            (order.id, Open { facts, standing: standing(order.state) })
        });
        AlertFeed { stream, names, open: orders.collect() }
    }

    /// The alerts of these records and conditions. Several fills of one order are one alert, under the last one's id.
    pub fn apply(&mut self, entries: &[Entry], troubles: &[Trouble]) -> Vec<Alert> {
        let mut told: Vec<Told> = Vec::new();
        for entry in entries {
            if let Some(fact) = self.fact(&entry.record) {
                let fact = merged(&mut told, fact);
                told.push(Told { seq: entry.seq, at: entry.at, fact });
            }
        }
        let troubles = troubles.iter().map(|t| Told { seq: t.seq, at: t.at, fact: fact_of(&t.condition) });
        told.into_iter().chain(troubles).map(|told| self.alert(told)).collect()
    }

    fn alert(&self, told: Told) -> Alert {
        alert(&self.stream, &self.names, (told.seq, told.at), &told.fact)
    }

    /// What a record is worth telling, and what it changes in the open orders.
    fn fact(&mut self, record: &Record) -> Option<Fact> {
        match record {
            Record::Approved(o) => {
                let facts =
                    OrderFacts { id: o.id, symbol: o.symbol, side: o.side, qty: o.qty, filled: Default::default() };
                self.open.insert(o.id, Open { facts, standing: Standing::Sending });
                None
            }
            Record::Acked { id, by, .. } => self.acked(*id, *by),
            Record::Filled { id, qty, amount, .. } => {
                let open = self.open.get_mut(id)?;
                open.facts.filled += *qty;
                open.standing = Standing::Working;
                Some(Fact::Filled { order: open.facts, qty: *qty, amount: *amount })
            }
            Record::Ambiguous { id, .. } => Some(Fact::Ambiguous { order: self.stand(*id, Standing::Unknown)? }),
            Record::Presumed { id } => Some(Fact::Presumed { order: self.stand(*id, Standing::Presumed)? }),
            Record::Disputed { id, candidates } => {
                Some(Fact::Disputed { order: self.stand(*id, Standing::Unknown)?, candidates: candidates.len() })
            }
            Record::Refused { id, code, message } => {
                let order = self.open.remove(id)?.facts;
                Some(Fact::Refused { order, code: code.clone(), message: message.clone() })
            }
            Record::Withdrawn { id, reason } => {
                Some(Fact::Withdrawn { order: self.open.remove(id)?.facts, reason: reason.clone() })
            }
            Record::Closed { id, state } => Some(Fact::Ended { order: self.open.remove(id)?.facts, state: *state }),
            Record::Confirmed { id, qty, .. } => {
                if self.open.get(id).is_some_and(|open| open.facts.qty == *qty) {
                    self.open.remove(id);
                }
                None
            }
            other => self.account_fact(other),
        }
    }

    /// Records about the account rather than about one order of ours.
    fn account_fact(&self, record: &Record) -> Option<Fact> {
        match record {
            Record::RunStarted { .. } => self.started(),
            Record::AccountOpened { cash, holdings } => {
                Some(Fact::AccountOpened { cash: *cash, holdings: holdings.len() })
            }
            Record::ExternalFilled { symbol, side, qty, amount, .. } => {
                Some(Fact::OutsideFilled { symbol: *symbol, side: *side, qty: *qty, amount: *amount })
            }
            Record::Adjusted { kind: AdjustmentKind::Unknown, amount } if *amount != Won::ZERO => {
                Some(Fact::Unexplained { amount: *amount })
            }
            Record::Halted { reason } => Some(Fact::Halted { reason: reason.clone() }),
            Record::Resumed => Some(Fact::Resumed),
            Record::Frozen { symbol, reason } => Some(Fact::Frozen { symbol: *symbol, reason: *reason }),
            Record::Unfrozen { symbol } => Some(Fact::Unfrozen { symbol: *symbol }),
            Record::BotSwitched { bot, to } => Some(Fact::BotSwitched { bot: *bot, to: *to }),
            Record::BotMade(d) => Some(Fact::BotMade { bot: d.config.id, strategy: d.strategy.clone() }),
            Record::BotDeleted { bot } => Some(Fact::BotDeleted { bot: *bot }),
            Record::DailyRun { bot, symbols, .. } => Some(Fact::DailyRun { bot: *bot, symbols: symbols.len() }),
            Record::Adjusted { kind: AdjustmentKind::Unknown | AdjustmentKind::Cost, .. }
            | Record::DayOpened { .. }
            | Record::CancelRequested { .. }
            | Record::ExternalOrder { .. }
            | Record::BotSet { .. }
            | Record::Requested { .. }
            | Record::DayClosed { .. } => None,
            Record::Approved(_)
            | Record::Withdrawn { .. }
            | Record::Acked { .. }
            | Record::Refused { .. }
            | Record::Ambiguous { .. }
            | Record::Presumed { .. }
            | Record::Disputed { .. }
            | Record::Filled { .. }
            | Record::Confirmed { .. }
            | Record::Closed { .. } => None,
        }
    }

    fn acked(&mut self, id: IntentId, by: AckedBy) -> Option<Fact> {
        let after_presumption = self.open.get(&id)?.standing == Standing::Presumed;
        let order = self.stand(id, Standing::Working)?;
        let by = match by {
            AckedBy::Reply => return None,
            AckedBy::Inquiry => FoundBy::Inquiry,
            AckedBy::Operator => FoundBy::Operator,
        };
        Some(Fact::Adopted { order, by, after_presumption })
    }

    fn stand(&mut self, id: IntentId, standing: Standing) -> Option<OrderFacts> {
        let open = self.open.get_mut(&id)?;
        open.standing = standing;
        Some(open.facts)
    }

    /// A clean stop leaves no order whose outcome is open; a crash may.
    fn started(&self) -> Option<Fact> {
        let unresolved = self.open.values().filter(|open| open.standing != Standing::Working);
        let orders: Vec<OrderFacts> = unresolved.map(|open| open.facts).collect();
        if orders.is_empty() { None } else { Some(Fact::StartedUnresolved { orders }) }
    }
}

/// The alert of a fact.
pub fn alert(stream: &str, names: &Names, (seq, at): (u64, Timestamp), fact: &Fact) -> Alert {
    let text = fact.text(names.as_ref());
    Alert {
        id: Alert::id_of(stream, seq, fact.kind()),
        stream: stream.to_owned(),
        seq,
        kind: fact.kind().to_owned(),
        severity: fact.severity(),
        message_ko: text.ko,
        message_en: text.en,
        at,
        channel: fact.channel(),
        symbol: fact.charted(),
    }
}

/// The fact of a condition.
pub fn fact_of(condition: &Condition) -> Fact {
    match condition {
        Condition::JournalStalled => Fact::JournalStalled,
        Condition::JournalRecovered => Fact::JournalRecovered,
        Condition::JournalFailed(_) => Fact::JournalFailed,
    }
}

/// A fill together with the earlier ones of its order in the same batch, which are taken out.
fn merged(told: &mut Vec<Told>, fact: Fact) -> Fact {
    let Fact::Filled { order, mut qty, mut amount } = fact else {
        return fact;
    };
    told.retain(|earlier| match &earlier.fact {
        Fact::Filled { order: same, qty: q, amount: a } if same.id == order.id => {
            qty += *q;
            amount += *a;
            false
        }
        _ => true,
    });
    Fact::Filled { order, qty, amount }
}

fn standing(state: OrderState) -> Standing {
    match state {
        OrderState::Approved | OrderState::Sending => Standing::Sending,
        OrderState::Ambiguous | OrderState::Disputed => Standing::Unknown,
        OrderState::PresumedNotPlaced => Standing::Presumed,
        OrderState::Acked
        | OrderState::PartiallyFilled
        | OrderState::Filled
        | OrderState::Cancelled
        | OrderState::Expired
        | OrderState::Refused => Standing::Working,
    }
}

#[cfg(test)]
mod tests {
    use fsts_engine::FreezeReason;
    use fsts_store::Severity;

    use super::*;
    use crate::alerts::tests::story::{Story, at, names, symbol};

    fn kinds(alerts: &[Alert]) -> Vec<(u64, &str)> {
        alerts.iter().map(|a| (a.seq, a.kind.as_str())).collect()
    }

    #[test]
    fn fills_of_one_order_in_a_batch_are_one_alert_under_the_last_id() {
        let mut story = Story::default();
        story.approve(1, 10).approve(2, 5).acked(1).acked(2);
        story.filled(1, 4, 71_500).filled(2, 5, 100).filled(1, 6, 71_600);
        let alerts = AlertFeed::new("s".to_owned(), names()).apply(&story.entries, &[]);
        assert_eq!(kinds(&alerts), [(6, "filled"), (7, "filled")]);
        assert_eq!(alerts[1].id, "s-7-filled");
        assert_eq!(alerts[1].message_ko, "삼성전자 005930 매수 10주 체결 · 71,560원");
    }

    #[test]
    fn the_same_records_give_the_same_alerts_after_a_restart_from_the_journal() {
        let mut story = Story::default();
        story.approve(1, 10).acked(1).filled(1, 4, 100).filled(1, 6, 100);
        let (before, after) = story.entries.split_at(3);
        let mut feed = AlertFeed::new("s".to_owned(), names());
        feed.apply(before, &[]);
        let alerts = feed.apply(after, &[]);
        assert_eq!(alerts[0].message_ko, "삼성전자 005930 매수 6주 체결 · 100원 (누적 10/10주)");
        let mut book = Book::new(&[symbol()]);
        let cash = Record::AccountOpened { cash: Won::new(1_000_000), holdings: Vec::new() };
        let mut opened = Story::default();
        opened.push(cash).approve(1, 10).acked(1).filled(1, 4, 100).filled(1, 6, 100);
        opened.entries[..4].iter().for_each(|entry| book.apply(entry));
        let resumed = AlertFeed::after(&book, "s".to_owned(), names()).apply(&opened.entries[4..], &[]);
        assert_eq!(resumed[0].message_ko, alerts[0].message_ko);
    }

    #[test]
    fn a_crash_is_told_with_the_orders_it_left_open() {
        let started = || Record::RunStarted { run_id: "r".to_owned(), build: "b".to_owned() };
        let mut story = Story::default();
        story.push(started()).approve(1, 10).acked(1).push(started()).approve(2, 3).push(started());
        let alerts = AlertFeed::new("s".to_owned(), names()).apply(&story.entries, &[]);
        assert_eq!(kinds(&alerts), [(6, "started_unresolved")]);
        assert!(alerts[0].message_ko.contains("주문 1건: 삼성전자 005930 매수 3주"), "{}", alerts[0].message_ko);
    }

    #[test]
    fn an_order_without_an_answer_is_told_until_it_is_found() {
        let id = IntentId(1);
        let mut story = Story::default();
        story.approve(1, 10).push(Record::Ambiguous { id, reason: "no answer in time".to_owned() });
        story.push(Record::Presumed { id }).acked_by(1, AckedBy::Inquiry);
        story.push(Record::Closed { id, state: OrderState::Expired });
        let alerts = AlertFeed::new("s".to_owned(), names()).apply(&story.entries, &[]);
        assert_eq!(kinds(&alerts), [(2, "ambiguous"), (3, "presumed"), (4, "adopted"), (5, "ended")]);
        let severities: Vec<Severity> = alerts.iter().map(|a| a.severity).collect();
        assert_eq!(severities, [Severity::Error, Severity::Warning, Severity::Warning, Severity::Info]);
    }

    #[test]
    fn account_facts_are_told_and_routine_is_not() {
        let mut story = Story::default();
        let adjusted = |kind, won| Record::Adjusted { kind, amount: Won::new(won) };
        story.push(Record::Halted { reason: "x".to_owned() }).push(Record::Resumed);
        story.push(adjusted(AdjustmentKind::Cost, 9)).push(adjusted(AdjustmentKind::Unknown, 1));
        story.push(Record::Frozen { symbol: symbol(), reason: FreezeReason::Correction });
        story.push(Record::Unfrozen { symbol: symbol() }).push(Record::DayOpened { day: at(0).kst_day() });
        story.approve(1, 10).acked(1).push(Record::CancelRequested { id: IntentId(1) });
        let trouble = Trouble { condition: Condition::JournalStalled, seq: 10, at: at(99) };
        let alerts = AlertFeed::new("s".to_owned(), names()).apply(&story.entries, &[trouble]);
        let expected = [
            (1, "halted"),
            (2, "resumed"),
            (4, "unexplained"),
            (5, "frozen"),
            (6, "unfrozen"),
            (10, "journal_stalled"),
        ];
        assert_eq!(kinds(&alerts), expected);
    }
}
