//! What a journal of version 1 looks like, byte by byte: old records stay readable, and new ones are written alike.

use std::collections::BTreeSet;

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

/// One entry a line, one line a kind of record (or of its parts).
const JOURNAL_V1: &str = include_str!("../golden/journal-v1.ndjson");
/// One event a line, one line a kind of event.
const TAPE_V1: &str = include_str!("../golden/tape-v1.ndjson");

fn order(kind: OrderKind, bracket: Option<Bracket>, purpose: Purpose) -> ApprovedOrder {
    ApprovedOrder {
        id: IntentId(1),
        bot: bot("alpha"),
        symbol: symbol(SAMSUNG),
        side: Side::Buy,
        qty: qty(10),
        kind,
        bracket,
        purpose,
        reserved: won(700_098),
        reference: price(70_000),
    }
}

fn filled(source: FillSource) -> Record {
    Record::Filled { id: IntentId(1), qty: qty(4), amount: won(280_000), fee: won(39), tax: won(0), source }
}

fn acked(by: AckedBy) -> Record {
    Record::Acked { id: IntentId(1), number: number(42), branch: Branch::from("06010"), by }
}

fn frozen(reason: FreezeReason) -> Record {
    Record::Frozen { symbol: symbol(HYNIX), reason }
}

fn orders_records() -> Vec<Record> {
    let id = IntentId(1);
    let bracket = Some(Bracket { stop: Some(price(67_900)), target: None });
    vec![
        Record::Approved(order(OrderKind::Limit(price(70_000)), None, Purpose::Target)),
        Record::Approved(order(OrderKind::Market, bracket, Purpose::Protection)),
        Record::Approved(order(OrderKind::Market, None, Purpose::Operator)),
        Record::Withdrawn { id, reason: "halted".to_owned() },
        acked(AckedBy::Reply),
        acked(AckedBy::Inquiry),
        acked(AckedBy::Operator),
        Record::Refused {
            id, code: "APBK0952".to_owned(), message: "주문가능금액을 초과 했습니다".to_owned()
        },
        Record::Ambiguous { id, reason: "time-out".to_owned() },
        Record::Presumed { id },
        Record::Disputed { id, candidates: vec![number(42), number(43)] },
        filled(FillSource::Notice),
        filled(FillSource::Inquiry),
        filled(FillSource::Simulation),
        Record::Confirmed { id, qty: qty(4), amount_delta: won(-400) },
        Record::CancelRequested { id },
        Record::Closed { id, state: OrderState::Cancelled },
        Record::Closed { id, state: OrderState::Expired },
        Record::Closed { id, state: OrderState::Refused },
    ]
}

fn account_records() -> Vec<Record> {
    let (number, side) = (number(77), Side::Sell);
    vec![
        Record::RunStarted { run_id: "9f0c".to_owned(), build: "0.1.0".to_owned() },
        Record::AccountOpened { cash: won(10_000_000), holdings: vec![(symbol(SAMSUNG), qty(20), won(1_200_000))] },
        Record::DayOpened { day: today() },
        Record::ExternalOrder { number, symbol: symbol(SAMSUNG), side, qty: qty(5) },
        Record::ExternalFilled {
            number,
            symbol: symbol(SAMSUNG),
            side,
            qty: qty(5),
            amount: won(350_000),
            fee: won(49),
            tax: won(700),
        },
        Record::Adjusted { kind: AdjustmentKind::Cost, amount: won(-2) },
        Record::Adjusted { kind: AdjustmentKind::Unknown, amount: won(500_000) },
        Record::Halted { reason: "operator".to_owned() },
        Record::Resumed,
        frozen(FreezeReason::AmbiguousOrder),
        frozen(FreezeReason::QuantityMismatch),
        frozen(FreezeReason::Correction),
        Record::Unfrozen { symbol: symbol(HYNIX) },
        Record::BotSet { bot: bot("alpha"), running: false },
        Record::Requested { key: "k-1".to_owned(), body: "ab12".to_owned(), id: Some(IntentId(1)), blocked: None },
        Record::Requested { key: "k-2".to_owned(), body: String::new(), id: None, blocked: Some("cash".to_owned()) },
        Record::DayClosed { day: today(), book_hash: "00ff".to_owned() },
    ]
}

/// At the end, so that the lines before keep their numbers.
fn bot_records() -> Vec<Record> {
    let switched = |to| Record::BotSwitched { bot: bot("beta"), to };
    let config = BotConfig {
        id: bot("beta"),
        symbols: vec![symbol(SAMSUNG), symbol(HYNIX)],
        sizing: Sizing::Notional(won(3_000_000)),
        style: OrderStyle::MarketableLimit { collar_ticks: 5 },
        capital: Some(won(50_000_000)),
    };
    let params = [("fast".to_owned(), 5.0), ("slow".to_owned(), 20.5)].into();
    let definition = BotDefinition { config, strategy: "sma_cross".to_owned(), params };
    vec![
        Record::BotMade(Box::new(definition)),
        switched(BotSwitch::Running),
        switched(BotSwitch::Paused),
        switched(BotSwitch::Stopped),
        Record::BotDeleted { bot: bot("beta") },
        Record::DailyRun { bot: bot("alpha"), day: today(), symbols: vec![symbol(HYNIX), symbol(SAMSUNG)] },
    ]
}

fn entries() -> Vec<Entry> {
    let records = account_records().into_iter().chain(orders_records()).chain(bot_records());
    records.zip(1..).map(|(record, seq)| Entry { seq, at: half_past_nine(), record }).collect()
}

/// The variant of a record. A new one does not compile until it is counted here, and then lacks its golden line.
fn variant(record: &Record) -> usize {
    match record {
        Record::RunStarted { .. } => 0,
        Record::AccountOpened { .. } => 1,
        Record::DayOpened { .. } => 2,
        Record::Approved(_) => 3,
        Record::Withdrawn { .. } => 4,
        Record::Acked { .. } => 5,
        Record::Refused { .. } => 6,
        Record::Ambiguous { .. } => 7,
        Record::Presumed { .. } => 8,
        Record::Disputed { .. } => 9,
        Record::Filled { .. } => 10,
        Record::Confirmed { .. } => 11,
        Record::CancelRequested { .. } => 12,
        Record::Closed { .. } => 13,
        Record::ExternalOrder { .. } => 14,
        Record::ExternalFilled { .. } => 15,
        Record::Adjusted { .. } => 16,
        Record::Halted { .. } => 17,
        Record::Resumed => 18,
        Record::Frozen { .. } => 19,
        Record::Unfrozen { .. } => 20,
        Record::BotSet { .. } => 21,
        Record::Requested { .. } => 22,
        Record::DayClosed { .. } => 23,
        Record::BotSwitched { .. } => 24,
        Record::BotMade(_) => 25,
        Record::BotDeleted { .. } => 26,
        Record::DailyRun { .. } => 27,
    }
}

#[test]
fn old_records_stay_readable() {
    let read: Vec<Entry> = JOURNAL_V1.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, entries());
}

#[test]
fn records_are_written_as_they_always_were() {
    assert_eq!(RECORD_VERSION, 1);
    let written: Vec<String> = entries().iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    assert_eq!(JOURNAL_V1.lines().collect::<Vec<_>>(), written);
}

#[test]
fn every_kind_of_record_has_a_golden_line() {
    let seen: BTreeSet<usize> = entries().iter().map(|e| variant(&e.record)).collect();
    assert_eq!(seen, (0..28).collect());
}

#[test]
fn a_checkpoint_from_before_notices_were_kept_is_readable() {
    let mut desk = Desk::new();
    let id = desk.placed(SAMSUNG, Side::Buy, (10, 70_000), 7);
    let mut book = serde_json::to_value(desk.engine.book()).unwrap();
    assert!(book["open"][0].as_object_mut().unwrap().remove("noticed").is_some());
    let read: Book = serde_json::from_value(book).unwrap();
    assert_eq!(&read, desk.engine.book());
    assert_eq!(read.order(id).unwrap().noticed, vec![]);
}

#[test]
fn every_event_of_a_tape_reads_back_as_it_was() {
    for word in TAPE_V1.lines() {
        let event: Event<'_> = serde_json::from_str(word).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), word);
    }
    assert_eq!(TAPE_V1.lines().count(), 17, "one line for each kind of event, and one for the largest command");
}

#[test]
fn a_tape_can_not_claim_an_absurd_price_or_quantity() {
    for word in [
        r#"{"seq":2,"at":5,"recv":6,"kind":{"trade":{"symbol":0,"price":0,"qty":3}}}"#,
        r#"{"seq":2,"at":5,"recv":6,"kind":{"trade":{"symbol":0,"price":1,"qty":-3}}}"#,
        r#"{"seq":2,"at":5,"recv":6,"kind":{"orders":{"asked_at":5}}}"#,
    ] {
        assert!(serde_json::from_str::<Event<'_>>(word).is_err(), "{word}");
    }
}
