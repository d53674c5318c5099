//! The outbox.

use fsts_domain::Timestamp;
use fsts_store::*;

use crate::place::{Place, STREAM};

const AT: Timestamp = Timestamp::from_ns(1_795_000_000_000_000_000);

on_both! {
    a_fact_is_told_once_however_often_it_is_handed_in
    alerts_leave_in_the_order_of_their_facts
    a_failed_alert_waits_longer_each_time
    a_delivered_alert_is_not_due_again
    the_outbox_is_bounded
}

fn alert(seq: u64, kind: &str) -> Alert {
    Alert {
        id: Alert::id_of(STREAM, seq, kind),
        stream: STREAM.to_owned(),
        seq,
        kind: kind.to_owned(),
        severity: Severity::Warning,
        message_ko: "체결 10주".to_owned(),
        message_en: "filled 10 shares".to_owned(),
        at: AT.plus_s(seq as i64),
        channel: Channel::Alarm,
        symbol: None,
    }
}

async fn due(store: &Store, now: Timestamp) -> Vec<Outgoing> {
    store.due_alerts((STREAM, &Channel::ALL), now, 100).await.unwrap()
}

async fn a_fact_is_told_once_however_often_it_is_handed_in(place: Place) {
    let store = place.store().await;
    assert_eq!(store.enqueue_alert(&alert(5, "fill")).await.unwrap(), Enqueued::New);
    assert_eq!(store.enqueue_alert(&alert(5, "fill")).await.unwrap(), Enqueued::Known);
    store.alert_delivered(&alert(5, "fill").id, AT).await.unwrap();
    assert_eq!(store.enqueue_alert(&alert(5, "fill")).await.unwrap(), Enqueued::Known);
    assert_eq!(store.enqueue_alert(&alert(5, "halt")).await.unwrap(), Enqueued::New);
    let waiting = due(&store, AT).await;
    assert_eq!(waiting.iter().map(|o| o.alert.clone()).collect::<Vec<_>>(), [alert(5, "halt")]);
}

async fn alerts_leave_in_the_order_of_their_facts(place: Place) {
    let store = place.store().await;
    for seq in [30, 4, 100, 7] {
        store.enqueue_alert(&alert(seq, "fill")).await.unwrap();
    }
    assert_eq!(due(&store, AT).await.iter().map(|o| o.alert.seq).collect::<Vec<_>>(), [4, 7, 30, 100]);
    assert_eq!(store.due_alerts((STREAM, &Channel::ALL), AT, 2).await.unwrap().len(), 2);
    assert_eq!(store.alerts(3).await.unwrap().iter().map(|o| o.alert.seq).collect::<Vec<_>>(), [100, 30, 7]);
}

async fn a_failed_alert_waits_longer_each_time(place: Place) {
    let store = place.store().await;
    store.enqueue_alert(&alert(1, "fill")).await.unwrap();
    let mut now = AT;
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let sent = due(&store, now).await.remove(0);
        store.alert_failed(&sent, now, None).await.unwrap();
        assert!(due(&store, now.plus_s(wait - 1)).await.is_empty(), "due before {wait} s");
        now = now.plus_s(wait);
        assert_eq!(due(&store, now).await.len(), 1, "not due after {wait} s");
    }
    let sent = due(&store, now).await.remove(0);
    assert_eq!(sent.attempts, 10);
    store.alert_failed(&sent, now, Some(7)).await.unwrap();
    assert!(due(&store, now.plus_s(6)).await.is_empty());
    assert_eq!(due(&store, now.plus_s(7)).await.len(), 1);
}

async fn a_delivered_alert_is_not_due_again(place: Place) {
    let store = place.store().await;
    store.enqueue_alert(&alert(1, "fill")).await.unwrap();
    store.alert_delivered(&alert(1, "fill").id, AT.plus_s(9)).await.unwrap();
    assert!(due(&store, AT.plus_s(3600)).await.is_empty());
    assert_eq!(store.alerts(10).await.unwrap()[0].delivered, Some(AT.plus_s(9)));
}

async fn the_outbox_is_bounded(place: Place) {
    let store = place.store().await;
    store.enqueue_alert(&alert(1, "fill")).await.unwrap();
    let copies = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
                  INSERT INTO outbox SELECT 'copy-' || i, stream, i, kind, severity, message_ko, message_en, at_ns, \
                  attempts, next_try_ns, delivered_ns, channel, symbol FROM outbox, n";
    place.tamper(copies).await;
    assert_eq!(store.enqueue_alert(&alert(20_000, "fill")).await.unwrap(), Enqueued::Full);
    store.alert_delivered("copy-2", AT).await.unwrap();
    assert_eq!(store.enqueue_alert(&alert(20_000, "fill")).await.unwrap(), Enqueued::New);
}
