//! The product's own client of the broker: it can't tell the emulator from the broker.

use std::sync::Arc;
use std::time::Duration;

use fsts_domain::{Bar, OrderKind, Side, Timestamp, TradingDay};
use fsts_kis::{
    Account, BarPrices, Credentials, Days, Endpoints, Environment, KeyPair, Kis, Minutes, OrderFilter, Paper, Settings,
    SteppedClock, StreamEvent, StreamSettings, Subscription,
};
use fsts_kis_emulator::{Emulator, EmulatorConfig, MarketSource, ReplayBar};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::client::{ACCOUNT, HTS_ID, KEY, SECRET, SYMBOL, at, bar, config, day, hms, launch, replay};

fn client_of(emulator: &Emulator, environment: Environment, tokens: &std::path::Path) -> Kis {
    // Another test of this binary may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoints = Endpoints::new(&emulator.rest_url(), &emulator.ws_url()).unwrap();
    let keys = KeyPair { app_key: KEY.into(), app_secret: SECRET.into() };
    let account = Account { number: ACCOUNT.parse().unwrap(), hts_id: HTS_ID.to_owned() };
    let credentials = Credentials::<Paper>::new(environment, endpoints, keys, account).unwrap();
    let settings = Settings { calls_per_second: Some(0), ..Settings::new(tokens.to_owned()) };
    Kis::paper(credentials, settings, Arc::new(SteppedClock::new(emulator.now()))).unwrap()
}

async fn next(events: &mut UnboundedReceiver<StreamEvent>) -> StreamEvent {
    tokio::time::timeout(Duration::from_secs(20), events.recv()).await.expect("an event comes").unwrap()
}

#[tokio::test]
async fn the_client_reads_its_account_its_orders_and_the_market_in_both_environments() {
    for (played, environment) in [
        (fsts_kis_emulator::Environment::Real, Environment::Real),
        (fsts_kis_emulator::Environment::Mock, Environment::Mock),
    ] {
        let bars = [bar(71_200, 71_400, 71_100, 71_300, 100)];
        let (emulator, plain) = launch(EmulatorConfig { env: played, ..replay(&bars) }).await;
        for _ in 0..20 {
            plain.placed("buy", 1, 0).await;
        }
        plain.step_until(hms(9, 1, 0)).await;
        let tokens = tempfile::tempdir().unwrap();
        let kis = client_of(&emulator, environment, tokens.path());
        let symbol = SYMBOL.parse().unwrap();

        let orders = kis.daily_orders(day(), OrderFilter::default()).await.unwrap();
        assert_eq!(orders.rows().len(), 20, "{environment:?}: more than a mock page");
        assert!(orders.rows().iter().all(|order| order.side == Side::Buy && order.filled_qty.get() == 1));
        let report = kis.balance().await.unwrap();
        assert_eq!(report.cash, emulator.accounts()[0].cash);
        let holding = &report.holdings[0];
        assert_eq!((holding.symbol, holding.qty.get(), holding.cost.get()), (symbol, 20, 20 * 71_200));
        let power = kis.buying_power(symbol, OrderKind::Market).await.unwrap();
        assert_eq!(power.cash, emulator.accounts()[0].available);
        let quote = kis.price(symbol).await.unwrap();
        assert_eq!(quote.last.map(|price| price.get()), Some(71_300));
        let days = Days { from: day().plus_days(-400), to: day() };
        let daily = kis.daily_bars(symbol, days, BarPrices::Raw).await.unwrap();
        assert_eq!(daily.last().map(|(day, bar)| (*day, bar.close.get())), Some((day(), 71_300)));
        if environment == Environment::Real {
            assert_eq!(kis.sellable(symbol).await.unwrap().get(), 20);
        }
    }
}

#[tokio::test]
async fn the_client_s_stream_brings_prints_books_and_fills() {
    let (emulator, plain) = launch(replay(&[bar(71_200, 71_400, 71_100, 71_300, 100)])).await;
    let tokens = tempfile::tempdir().unwrap();
    let kis = client_of(&emulator, Environment::Real, tokens.path());
    let (stream, control) = kis.stream(StreamSettings::loopback());
    let symbol = SYMBOL.parse().unwrap();
    control.desire(&[Subscription::Trades(symbol), Subscription::Book(symbol)]).unwrap();
    let (out, mut events) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(stream.run(move |event| {
        let _ = out.send(event);
    }));
    loop {
        match next(&mut events).await {
            StreamEvent::Up { confirmed: 3, refused } => {
                assert_eq!(refused, []);
                break;
            }
            StreamEvent::Up { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let number = plain.placed("buy", 3, 0).await;
    let left = plain.step_until(hms(9, 0, 2)).await["frames"].as_u64().unwrap();
    let (mut notices, mut prints, mut books) = (Vec::new(), Vec::new(), 0);
    loop {
        match next(&mut events).await {
            StreamEvent::Notice(notice) => notices.push((notice.number.to_string(), format!("{:?}", notice.kind))),
            StreamEvent::Trade(trade) => prints.push((trade.price.get(), trade.at, trade.cum_volume)),
            StreamEvent::Book(book) => books += usize::from(book.symbol == symbol),
            StreamEvent::FrameEnd { frames } if frames == left => break,
            StreamEvent::FrameEnd { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let filled = "Filled { qty: Qty(3), price: Price(71200) }".to_owned();
    assert_eq!(notices, [(number.clone(), "Accepted".to_owned()), (number, filled)]);
    assert_eq!((prints, books), (vec![(71_200, at(hms(9, 0, 2)), 25)], 1));
    control.stop();
    running.await.unwrap();
}

fn whole(day: TradingDay) -> Minutes {
    Minutes { day, from_s: hms(9, 0, 0), to_s: hms(15, 30, 0) }
}

#[tokio::test]
async fn the_client_reads_the_minutes_of_today_and_of_days_before_but_none_to_come() {
    let (earlier, later): (TradingDay, TradingDay) = ("2026-11-18".parse().unwrap(), "2026-11-23".parse().unwrap());
    let minute = |n: i64| bar(71_200, 71_400, 71_100, 71_300, 100 + n);
    let on = |day: TradingDay, n: i64| ReplayBar {
        at_ns: Timestamp::from_kst(day, hms(9, 0, 0) + n * 60).ns(),
        symbol: 0,
        bar: minute(n),
    };
    let bars = (0..150).flat_map(|n| [on(earlier, n), on(day(), n), on(later, n)]).collect();
    let (emulator, plain) = launch(EmulatorConfig { market: MarketSource::Replay(bars), ..config() }).await;
    plain.step_until(hms(10, 30, 0)).await;
    let tokens = tempfile::tempdir().unwrap();
    let kis = client_of(&emulator, Environment::Real, tokens.path());
    let read = async |day: TradingDay| kis.minute_bars(SYMBOL.parse().unwrap(), whole(day)).await.unwrap();
    let expected = |day: TradingDay, count: i64| -> Vec<(Timestamp, Bar)> {
        (0..count).map(|n| (Timestamp::from_kst(day, hms(9, 0, 0) + n * 60), minute(n))).collect()
    };
    assert_eq!(read(day()).await, expected(day(), 90));
    assert_eq!(read(earlier).await, expected(earlier, 150));
    assert_eq!(read(later).await, []);
}

#[tokio::test]
async fn a_generated_market_keeps_the_minutes_of_its_days() {
    let (emulator, plain) = launch(config()).await;
    plain.step_until(hms(15, 31, 0)).await;
    let tokens = tempfile::tempdir().unwrap();
    let today = client_of(&emulator, Environment::Real, tokens.path());
    let symbol = SYMBOL.parse().unwrap();
    let first = today.minute_bars(symbol, whole(day())).await.unwrap();
    assert!(first.len() > 100, "{}", first.len());
    plain.step_until(hms(24 * 3, 0, 0) + hms(9, 30, 0)).await;
    let later = client_of(&emulator, Environment::Real, tokens.path());
    assert_eq!(later.minute_bars(symbol, whole(day())).await.unwrap(), first, "by the call for past days");
    assert!(!later.minute_bars(symbol, whole(emulator.now().kst_day())).await.unwrap().is_empty());
}
