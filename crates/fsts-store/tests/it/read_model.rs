//! Rows follow the journal, and can be thrown away.

use std::sync::Arc;

use fsts_domain::*;
use fsts_engine::{Entry, Record};
use fsts_store::*;

use crate::place::{Place, STREAM, holder};
use crate::story::{Teller, bot, eventful_day, random_history, symbol};

on_both! {
    entries_survive_the_journal
    orders_of_an_eventful_day_are_told
    orders_are_found_by_state_symbol_and_id
    fills_and_figures_of_an_eventful_day_are_told
    rows_agree_with_the_book_on_random_histories
    deleted_and_forged_rows_are_rebuilt_equal
    following_in_steps_and_at_once_gives_equal_rows
    a_second_model_that_meddles_is_noticed
    rows_ahead_of_the_journal_are_refused
    a_day_close_leaves_a_checkpoint_to_start_from
    a_spoilt_checkpoint_is_passed_over
    a_book_that_replay_does_not_reach_is_refused
    a_record_of_a_newer_program_is_refused
}

async fn append(place: &Place, entries: &[Entry]) {
    let lease = take_lease(&place.store().await, STREAM, holder("run")).await.unwrap();
    let (writer, outcomes) = place.writer_with(lease, Arc::new(NoFault));
    writer.append(JournalBatch { batch: 1, records: entries.iter().map(NewRecord::of).collect() }).unwrap();
    let outcome = outcomes.recv().unwrap();
    assert!(matches!(outcome, JournalOutcome::Committed { .. }), "{outcome:?}");
    writer.close();
}

const ALL: OrderFilter = OrderFilter { open: None, symbol: None, limit: 1000 };

type Rows = (Vec<OrderRow>, Vec<FillRow>, Vec<PositionRow>, Option<AccountRow>);

async fn rows(store: &Store) -> Rows {
    (
        store.orders(STREAM, ALL).await.unwrap(),
        store.fills(STREAM, None, 1000).await.unwrap(),
        store.positions(STREAM).await.unwrap(),
        store.account(STREAM).await.unwrap(),
    )
}

async fn entries_survive_the_journal(place: Place) {
    let day = eventful_day();
    append(&place, &day.entries).await;
    let stored = place.store().await.read_from(STREAM, 0).await.unwrap();
    let read: Vec<Entry> = stored.iter().map(|r| r.entry().unwrap()).collect();
    assert_eq!(read, day.entries);
}

/// The store after the read model has followed an eventful day.
async fn followed(place: &Place, day: &Teller) -> Store {
    append(place, &day.entries).await;
    let store = place.store().await;
    assert_eq!(store.as_of(STREAM).await.unwrap(), AsOf::default());
    let mut model = ReadModel::open(&store, STREAM).await.unwrap();
    assert_eq!(model.catch_up().await.unwrap(), day.book.last_seq());
    store
}

async fn orders_of_an_eventful_day_are_told(place: Place) {
    let store = followed(&place, &eventful_day()).await;
    let orders = store.orders(STREAM, ALL).await.unwrap();
    let told: Vec<_> = orders.iter().map(|o| (o.id.0, o.state, o.filled_qty.get(), o.filled_amount.get())).collect();
    use OrderState as S;
    assert_eq!(
        told,
        [
            (6, S::Disputed, 0, 0),
            (5, S::Acked, 0, 0),
            (4, S::Refused, 0, 0),
            (3, S::Cancelled, 3, 149_700),
            (2, S::Refused, 0, 0),
            (1, S::Filled, 10, 998_800),
        ]
    );
    let reasons: Vec<_> = orders.iter().map(|o| o.reason.as_deref().unwrap_or("-")).collect();
    let refused = "APBK0919 장운영시간이 아닙니다";
    assert_eq!(reasons, ["0000000081, 0000000082", "-", "halted", "time-out after 3 s", refused, "-"]);
    assert_eq!((orders[1].kind, orders[5].kind), (OrderKind::Market, OrderKind::Limit(Price::new(100_000).unwrap())));
    assert_eq!((orders[4].bot, orders[5].order_number), (BotId::MANUAL, Some(OrderNumber::from_value(9001))));
    assert!(orders[3].created < orders[3].updated);
}

async fn orders_are_found_by_state_symbol_and_id(place: Place) {
    let store = followed(&place, &eventful_day()).await;
    let open = store.orders(STREAM, OrderFilter { open: Some(true), ..ALL }).await.unwrap();
    assert_eq!(open.iter().map(|o| o.id.0).collect::<Vec<_>>(), [6, 5]);
    let filter = OrderFilter { open: Some(false), symbol: Some(symbol("000660")), limit: 1 };
    assert_eq!(store.orders(STREAM, filter).await.unwrap().iter().map(|o| o.id.0).collect::<Vec<_>>(), [4]);
    let all = store.orders(STREAM, ALL).await.unwrap();
    assert_eq!(store.order(STREAM, IntentId(3)).await.unwrap().unwrap(), all[3]);
    assert_eq!(store.order(STREAM, IntentId(99)).await.unwrap(), None);
}

async fn fills_and_figures_of_an_eventful_day_are_told(place: Place) {
    let day = eventful_day();
    let store = followed(&place, &day).await;
    let fills = store.fills(STREAM, None, 10).await.unwrap();
    let told: Vec<_> = fills.iter().map(|f| (f.order_id.map(|id| id.0), f.bot, f.qty.get(), f.amount.get())).collect();
    let sma = Some(bot());
    assert_eq!(
        told,
        [(None, None, 2, 143_000), (Some(3), sma, 3, 149_700), (Some(1), sma, 6, 598_800), (Some(1), sma, 4, 400_000),]
    );
    assert_eq!((fills[0].fee.get(), fills[0].tax.get(), fills[0].price.get()), (20, 257, 71_500));
    assert_eq!(store.fills(STREAM, Some(symbol("035720")), 10).await.unwrap(), fills[1..2]);

    let account = store.account(STREAM).await.unwrap().unwrap();
    assert_eq!((account.cash, account.adjusted.get()), (day.book.cash(), -3));
    assert_eq!(account.as_of, AsOf { seq: day.book.last_seq(), at: day.entries.last().unwrap().at });
}

/// Every figure of the rows against the book that the engine folded.
async fn assert_rows_tell(store: &Store, told: &Teller) {
    let (orders, fills, positions, account) = rows(store).await;
    let (book, account) = (&told.book, account.unwrap());
    let flows = book.flows();
    assert_eq!((account.cash, account.reserved, account.realized), (book.cash(), book.reserved(), book.realized()));
    let sums = (account.bought, account.sold, account.fees, account.taxes, account.adjusted);
    assert_eq!(sums, (flows.bought, flows.sold, flows.fees, flows.taxes, flows.adjusted));
    for order in book.open_orders().iter().chain(book.closed_orders()) {
        let row = orders.iter().find(|row| row.id == order.id).unwrap();
        assert_eq!(
            (row.state, row.filled_qty, row.filled_amount),
            (order.state, order.filled_qty, order.filled_amount)
        );
        assert_eq!(row.order_number, order.number);
    }
    let approved = told.entries.iter().filter(|e| matches!(e.record, Record::Approved(_))).count();
    assert_eq!(orders.len(), approved);
    for order in &orders {
        let own: Vec<_> = fills.iter().filter(|f| f.order_id == Some(order.id)).collect();
        assert_eq!(own.iter().map(|f| f.qty).sum::<Qty>(), order.filled_qty, "order {}", order.id);
        assert_eq!(own.iter().map(|f| f.amount).sum::<Won>(), order.filled_amount, "order {}", order.id);
    }
    let held: usize = book.lines().iter().map(|line| line.slices.len()).sum();
    assert_eq!(positions.len(), held);
    for row in &positions {
        let line = book.line(book.ix(row.symbol).unwrap());
        assert_eq!(line.slice(row.owner), row.position, "{} of {:?}", row.symbol, row.owner);
        assert!(row.position.qty > Qty::ZERO);
    }
}

async fn rows_agree_with_the_book_on_random_histories(place: Place) {
    let store = place.store().await;
    for seed in 1..=3 {
        let told = random_history(seed, 60);
        place.tamper("DELETE FROM journal").await;
        place.tamper("DELETE FROM lease").await;
        append(&place, &told.entries).await;
        let model = ReadModel::rebuild(&store, STREAM).await.unwrap();
        assert_eq!(model.book().digest(), told.book.digest(), "seed {seed}");
        assert_rows_tell(&store, &told).await;
    }
}

async fn deleted_and_forged_rows_are_rebuilt_equal(place: Place) {
    let mut day = eventful_day();
    day.end_day();
    append(&place, &day.entries).await;
    let store = place.store().await;
    ReadModel::open(&store, STREAM).await.unwrap().catch_up().await.unwrap();
    let truth = rows(&store).await;
    assert_rows_tell(&store, &day).await;
    store.put_equity(STREAM, day.entries[3].at, Won::new(5)).await.unwrap();
    for damage in [
        "DELETE FROM orders",
        "UPDATE fills SET qty = qty + 1",
        "DELETE FROM positions",
        "DELETE FROM meta",
        "UPDATE account SET value = 1",
        "INSERT INTO positions SELECT stream, '999999', owner, 1, 1 FROM account, \
         (SELECT 'x' AS owner) AS o WHERE key = 'cash'",
    ] {
        place.tamper(damage).await;
        ReadModel::rebuild(&store, STREAM).await.unwrap();
        assert_eq!(rows(&store).await, truth, "{damage}");
    }
    assert_eq!(store.equity(STREAM, 10).await.unwrap().len(), 1, "what the journal does not hold must be left alone");
}

async fn following_in_steps_and_at_once_gives_equal_rows(place: Place) {
    let told = random_history(9, 40);
    let store = place.store().await;
    let mut model = ReadModel::open(&store, STREAM).await.unwrap();
    for part in told.entries.chunks(7) {
        append(&place, part).await;
        assert_eq!(model.catch_up().await.unwrap(), part.last().unwrap().seq);
        // Now and then the program is started again.
        if part.first().unwrap().seq % 3 == 0 {
            model = ReadModel::open(&store, STREAM).await.unwrap();
        }
    }
    let in_steps = rows(&store).await;
    ReadModel::rebuild(&store, STREAM).await.unwrap();
    assert_eq!(rows(&store).await, in_steps);
}

async fn a_second_model_that_meddles_is_noticed(place: Place) {
    let told = random_history(4, 10);
    let store = place.store().await;
    append(&place, &told.entries[..10]).await;
    let mut first = ReadModel::open(&store, STREAM).await.unwrap();
    let mut second = ReadModel::open(&store, STREAM).await.unwrap();
    first.catch_up().await.unwrap();
    let refused = second.catch_up().await.unwrap_err();
    assert!(matches!(refused, StoreError::Failed { .. }), "{refused}");
    // It stands where the rows stand now, and nothing was counted twice.
    assert_eq!(second.catch_up().await.unwrap(), 10);
    append(&place, &told.entries[10..]).await;
    second.catch_up().await.unwrap();
    assert_rows_tell(&store, &told).await;
}

async fn rows_ahead_of_the_journal_are_refused(place: Place) {
    let store = place.store().await;
    append(&place, &eventful_day().entries).await;
    ReadModel::open(&store, STREAM).await.unwrap().catch_up().await.unwrap();
    place.tamper("DELETE FROM journal WHERE seq > 4").await;
    let refused = ReadModel::open(&store, STREAM).await.err().unwrap();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
}

async fn a_day_close_leaves_a_checkpoint_to_start_from(place: Place) {
    let store = place.store().await;
    let mut day = eventful_day();
    assert!(store.latest_checkpoint(STREAM).await.unwrap().is_none());
    for _ in 0..5 {
        day.end_day();
    }
    let at_close = day.book.clone();
    day.tell(Record::Halted { reason: "after the close".into() });
    append(&place, &day.entries).await;
    ReadModel::open(&store, STREAM).await.unwrap().catch_up().await.unwrap();
    let book = store.latest_checkpoint(STREAM).await.unwrap().unwrap();
    assert_eq!(book, at_close);
    let rest = store.read_from(STREAM, book.last_seq()).await.unwrap();
    assert_eq!(rest.iter().map(|r| r.entry().unwrap()).collect::<Vec<_>>(), day.entries[day.entries.len() - 1..]);
    // A restarted model reaches the same book from it.
    assert_eq!(*ReadModel::open(&store, STREAM).await.unwrap().book(), day.book);
}

async fn a_spoilt_checkpoint_is_passed_over(place: Place) {
    let store = place.store().await;
    let mut day = eventful_day();
    day.end_day();
    let first = day.book.clone();
    day.end_day();
    append(&place, &day.entries).await;
    ReadModel::open(&store, STREAM).await.unwrap().catch_up().await.unwrap();
    let last = day.book.last_seq();
    place
        .tamper(&format!("UPDATE checkpoints SET book = replace(book, '\"cash\":', '\"cash\":1') WHERE seq = {last}"))
        .await;
    assert_eq!(store.latest_checkpoint(STREAM).await.unwrap().unwrap(), first);
    place.tamper("UPDATE checkpoints SET book = '{}'").await;
    assert!(store.latest_checkpoint(STREAM).await.unwrap().is_none());
    assert_eq!(*ReadModel::open(&store, STREAM).await.unwrap().book(), day.book);
}

async fn a_book_that_replay_does_not_reach_is_refused(place: Place) {
    let store = place.store().await;
    let mut day = eventful_day();
    let book_hash = "0123456789abcdef".to_owned();
    day.tell(Record::DayClosed { day: "2026-11-20".parse().unwrap(), book_hash });
    append(&place, &day.entries).await;
    let refused = ReadModel::open(&store, STREAM).await.unwrap().catch_up().await.unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(store.orders(STREAM, ALL).await.unwrap().is_empty(), "rows of a refused transaction stayed");
}

async fn a_record_of_a_newer_program_is_refused(place: Place) {
    let entries = eventful_day().entries;
    let mut records: Vec<NewRecord> = entries.iter().map(NewRecord::of).collect();
    records[2].version = 99;
    let (writer, outcomes) = place.writer(Arc::new(NoFault)).await;
    writer.append(JournalBatch { batch: 1, records }).unwrap();
    assert!(matches!(outcomes.recv().unwrap(), JournalOutcome::Committed { .. }));
    writer.close();
    let stored = place.store().await.read_from(STREAM, 0).await.unwrap();
    assert_eq!(stored[1].entry().unwrap(), entries[1]);
    let refused = stored[2].entry().unwrap_err();
    assert!(matches!(refused, StoreError::NewerRecord { seq: 3, found: 99, .. }), "{refused}");
}
