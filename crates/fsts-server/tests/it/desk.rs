//! A desk over a real engine, stepped inline: every command runs through gate, journal, release and a broker that
//! answers at once or when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use fsts_domain::{BotId, IntentId, Market, OrderNumber, Price, Qty, Symbol, Timestamp, TradingDay, Won};
use fsts_engine::{
    AccountReport, BarView as Seen, BotDefinition, Branch, CancelOutcome, Command, Decision, Effects, Engine,
    EngineConfig, Event, EventKind, Holding, Interval, Needs, Notice, NoticeKind, Reply, RiskLimits, Strategy,
    SubmitOutcome,
};
use fsts_krx::{FeeSchedule, Instrument, RuleBook};
use fsts_server::views::{
    AsOf, BarInterval, BarView, BotDetailView, ClockView, ConnectionView, JournalHealth, KisEnvironment, Mode,
    QuoteView, ReasonView, StatusView, StreamHealth,
};
use fsts_server::{CommandOutcome, Desk, DeskError, FeedMessage, Snapshot, Topic};
use fsts_store::{JournalBatch, JournalOutcome, JournalWriter, NewRecord, ReadModel};
use futures_util::future::BoxFuture;
use tokio::sync::{broadcast, watch};

use fsts_server::picture::{self, BotOrigin, BotsOf, Picture};

pub const SAMSUNG: &str = "005930";
/// An instrument whose name must never become markup.
pub const TRICKY: &str = "000660";
pub const TRICKY_NAME: &str = "<img src=x onerror=alert(1)>";
pub const START_CASH: i64 = 10_000_000;

static NO_PARAMS: BTreeMap<String, f64> = BTreeMap::new();

/// A strategy that wants nothing.
struct Idle;

impl Strategy for Idle {
    fn needs(&self) -> Needs {
        Needs { interval: Interval::Minute, warm_up: 0, indicators: &[], protection: None }
    }
    fn on_slice(&mut self, _: &[Seen], _: &mut Vec<Decision>) {}
    fn reset(&mut self) {}
}

fn idle(definition: &BotDefinition) -> Result<Box<dyn Strategy + Send>, String> {
    match definition.strategy.as_str() {
        "idle" => Ok(Box::new(Idle)),
        other => Err(format!("there is no strategy `{other}`")),
    }
}

/// The engine, the journal and the rows, always in step.
struct Works {
    engine: Engine<Box<dyn Strategy + Send>>,
    picture: Picture,
    names: Arc<BTreeMap<Symbol, String>>,
    journal: JournalWriter,
    durable: Receiver<JournalOutcome>,
    seq: u64,
    next_number: u64,
    /// Orders that the broker has not answered.
    unanswered: Vec<IntentId>,
    silent: bool,
    watched: Vec<Symbol>,
    now: Timestamp,
}

pub struct InlineDesk {
    works: Mutex<Works>,
    rows: tokio::sync::Mutex<ReadModel>,
    published: Mutex<Arc<Snapshot>>,
    feed: broadcast::Sender<Arc<FeedMessage>>,
    changed: watch::Sender<u64>,
    lost: Mutex<Option<DeskError>>,
}

pub fn day() -> TradingDay {
    "2026-11-20".parse().unwrap()
}

pub fn morning() -> Timestamp {
    Timestamp::from_kst(day(), 10 * 3600)
}

fn price(won: i64) -> Price {
    Price::new(won).unwrap()
}

fn universe() -> Vec<Instrument> {
    let listed = |symbol: &str, name: &str| Instrument {
        symbol: symbol.parse().unwrap(),
        name: name.to_owned(),
        market: Market::Kospi,
    };
    vec![listed(SAMSUNG, "삼성전자"), listed(TRICKY, TRICKY_NAME)]
}

impl InlineDesk {
    /// A desk at ten in the morning with ten million won, ten shares of one stock, and prices of both.
    pub async fn open(journal: JournalWriter, durable: Receiver<JournalOutcome>, rows: ReadModel) -> Arc<InlineDesk> {
        let config = EngineConfig { limits: RiskLimits::default(), ..EngineConfig::simulated(universe()) };
        let mut engine = Engine::new(config, RuleBook::krx(FeeSchedule::KIS_BANKIS), Vec::new()).unwrap();
        engine.set_strategy_maker(Box::new(idle));
        let names = universe().into_iter().map(|i| (i.symbol, i.name)).collect();
        let works = Works {
            engine,
            picture: Picture::default(),
            names: Arc::new(names),
            journal,
            durable,
            seq: 0,
            next_number: 1,
            unanswered: Vec::new(),
            silent: false,
            watched: Vec::new(),
            now: morning(),
        };
        let desk = Arc::new(InlineDesk {
            published: Mutex::new(Arc::new(works.snapshot())),
            works: Mutex::new(works),
            rows: tokio::sync::Mutex::new(rows),
            feed: broadcast::channel(4096).0,
            changed: watch::channel(0).0,
            lost: Mutex::new(None),
        });
        let samsung: Symbol = SAMSUNG.parse().unwrap();
        let qty = Qty::new(10).unwrap();
        let holdings = vec![Holding { symbol: samsung, qty, sellable: qty, cost: Won::new(700_000) }];
        let report = AccountReport { cash: Won::new(START_CASH), holdings };
        desk.happen(EventKind::DayOpened(day())).await;
        desk.happen(EventKind::Account { asked_at: morning(), report }).await;
        for (symbol, base) in [(0, 71_000), (1, 200_000)] {
            desk.happen(EventKind::Base { symbol, price: price(base) }).await;
            desk.happen(EventKind::Trade { symbol, price: price(base), qty }).await;
        }
        desk.happen(EventKind::Clock).await;
        desk
    }

    /// Lets something happen, makes it durable, brings the rows up to it and publishes it.
    pub async fn happen(&self, kind: EventKind<'static>) -> Vec<(u64, Reply)> {
        let replies = self.step(kind);
        self.rows.lock().await.catch_up().await.unwrap();
        replies
    }

    fn step(&self, kind: EventKind<'static>) -> Vec<(u64, Reply)> {
        let mut works = self.works.lock().unwrap();
        let (replies, messages) = works.run(kind);
        *self.published.lock().unwrap() = Arc::new(works.snapshot());
        for message in messages {
            let _ = self.feed.send(Arc::new(message));
        }
        self.changed.send_modify(|n| *n += 1);
        replies
    }

    /// From now on the broker answers when [`answer`](Self::answer) is called.
    pub fn silence(&self) {
        self.works.lock().unwrap().silent = true;
    }

    pub async fn answer(&self) {
        let waiting = {
            let mut works = self.works.lock().unwrap();
            works.silent = false;
            std::mem::take(&mut works.unanswered)
        };
        for intent in waiting {
            let outcome = self.works.lock().unwrap().ack();
            self.happen(EventKind::Submitted { intent, outcome }).await;
        }
    }

    /// The exchange fills an order that has the number.
    pub async fn fill(&self, order_number: &str, qty: i64, at_price: i64) {
        let number: OrderNumber = order_number.parse().unwrap();
        let notice = {
            let works = self.works.lock().unwrap();
            let book = works.engine.book();
            let order = book.order(book.by_number(number).unwrap()).unwrap();
            Notice {
                number,
                original: None,
                branch: order.branch,
                symbol: book.line(order.symbol).symbol,
                side: order.side,
                order_qty: order.qty,
                kind: NoticeKind::Filled { qty: Qty::new(qty).unwrap(), price: price(at_price) },
            }
        };
        self.happen(EventKind::Notice { notice, authoritative: true }).await;
    }

    /// The market clock goes on without a new picture.
    pub fn advance_clock(&self, to: Timestamp) {
        self.works.lock().unwrap().now = to;
    }

    /// Tells the feed something that no engine need have done.
    pub fn tell(&self, message: FeedMessage) {
        self.feed.send(Arc::new(message)).unwrap();
    }

    /// Commands fail like this until further notice.
    pub fn lose(&self, error: Option<DeskError>) {
        *self.lost.lock().unwrap() = error;
    }

    /// Journal records so far.
    pub fn records(&self) -> u64 {
        self.works.lock().unwrap().engine.book().last_seq()
    }

    pub fn orders_ever(&self) -> usize {
        let works = self.works.lock().unwrap();
        works.picture.open_orders().len() + works.picture.recent_orders().len()
    }
}

impl Works {
    fn run(&mut self, first: EventKind<'static>) -> (Vec<(u64, Reply)>, Vec<FeedMessage>) {
        let mut waiting = VecDeque::from([first]);
        let (mut replies, mut messages) = (Vec::new(), Vec::new());
        while let Some(kind) = waiting.pop_front() {
            self.seq += 1;
            let event = Event { seq: self.seq, at: self.now, recv: self.now, kind };
            let mut fx = Effects::default();
            self.engine.step(&event, &mut fx);
            let names = Arc::clone(&self.names);
            let name = |symbol: Symbol| names.get(&symbol).cloned().unwrap_or_default();
            for entry in &fx.entries {
                let change = self.picture.note(entry, self.engine.book(), name);
                messages.extend(change.order.map(|o| FeedMessage::new(Topic::Order, entry.at, &o)));
                messages.extend(change.fill.map(|f| FeedMessage::new(Topic::Fill, entry.at, &f)));
            }
            if let Some(batch) = fx.batch {
                let records = fx.entries.iter().map(NewRecord::of).collect();
                self.journal.append(JournalBatch { batch, records }).unwrap();
                let outcome = self.durable.recv().unwrap();
                assert!(matches!(outcome, JournalOutcome::Committed { batch: b, .. } if b == batch), "{outcome:?}");
                waiting.push_back(EventKind::Committed { batch });
            }
            for submit in &fx.submits {
                let intent = submit.get().id();
                if self.silent {
                    self.unanswered.push(intent);
                } else {
                    waiting.push_back(EventKind::Submitted { intent, outcome: self.ack() });
                }
            }
            for cancel in &fx.cancels {
                waiting.extend(self.cancelled(cancel.get().intent()));
            }
            replies.append(&mut fx.replies);
        }
        (replies, messages)
    }

    fn ack(&mut self) -> SubmitOutcome {
        let number = OrderNumber::from_value(self.next_number);
        self.next_number += 1;
        SubmitOutcome::Acked { number, branch: Branch::from("06010"), at: self.now }
    }

    fn cancelled(&self, intent: IntentId) -> Vec<EventKind<'static>> {
        let book = self.engine.book();
        let order = book.order(intent).unwrap();
        let notice = Notice {
            number: order.number.unwrap(),
            original: None,
            branch: order.branch,
            symbol: book.line(order.symbol).symbol,
            side: order.side,
            order_qty: order.qty,
            kind: NoticeKind::Cancelled,
        };
        let answered = EventKind::CancelAnswered { intent, outcome: CancelOutcome::Accepted };
        vec![answered, EventKind::Notice { notice, authoritative: true }]
    }

    fn bots(&self) -> Vec<BotDetailView> {
        let origin = |_: BotId| Some(BotOrigin { strategy: "idle", params: &NO_PARAMS });
        picture::bots(&self.engine, &BotsOf { account: "main", mode: Mode::Paper, origin: &origin })
    }

    fn snapshot(&self) -> Snapshot {
        let book = self.engine.book();
        let as_of = AsOf::at(book.last_seq(), self.engine.now(), self.now);
        let halt_reason = book.halted().map(str::to_owned);
        Snapshot {
            status: StatusView {
                version: "0.1.0".to_owned(),
                mode: Mode::Paper,
                kis_env: KisEnvironment::Mock,
                account: "********01".to_owned(),
                clock: ClockView {
                    now_ns: self.now.into(),
                    trading_day: day(),
                    session_part: self.engine.session_part(),
                    next_open_ns: None,
                    speed: 1.0,
                },
                ready: !self.silent,
                reasons: if self.silent { vec![ReasonView::of("reconciling")] } else { Vec::new() },
                halted: halt_reason.is_some(),
                halt_reason,
                connection: ConnectionView {
                    stream: StreamHealth::Up,
                    last_frame_ns: Some(self.now.into()),
                    stale_symbols: Vec::new(),
                    journal: JournalHealth::Ok,
                },
                bots: Vec::new(),
                frozen: Vec::new(),
                frames: self.seq,
                in_flight: self.engine.in_flight() as u64,
                as_of,
            },
            balance: picture::balance(&self.engine, as_of),
            positions: picture::positions(&self.engine),
            open_orders: self.picture.open_orders(),
            recent_orders: self.picture.recent_orders(),
            recent_fills: self.picture.recent_fills(),
            bots: self.bots(),
            names: Arc::clone(&self.names),
        }
    }
}

/// The desk as the server holds it: commands are carried out on a thread that may wait for the journal.
pub struct Shared(pub Arc<InlineDesk>);

impl Desk for Shared {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.0.published.lock().unwrap().clone()
    }

    fn now(&self) -> Timestamp {
        self.0.works.lock().unwrap().now
    }

    fn command(&self, command: Command) -> BoxFuture<'static, Result<CommandOutcome, DeskError>> {
        let desk = Arc::clone(&self.0);
        Box::pin(async move {
            if let Some(error) = desk.lost.lock().unwrap().clone() {
                return Err(error);
            }
            let (_, reply) = desk.happen(EventKind::Command { id: 1, command }).await.remove(0);
            let works = desk.works.lock().unwrap();
            let order = match &reply {
                Reply::Placed(id) => works.picture.find(*id).cloned(),
                Reply::Blocked(_) | Reply::KeyReused | Reply::Unfit(_) | Reply::Done | Reply::NotPossible(_) => None,
            };
            Ok(CommandOutcome { reply, order })
        })
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<FeedMessage>> {
        self.0.feed.subscribe()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    fn watch(&self, symbols: Vec<Symbol>) -> BoxFuture<'static, Result<Vec<Symbol>, DeskError>> {
        self.0.works.lock().unwrap().watched.clone_from(&symbols);
        Box::pin(async move { Ok(symbols) })
    }

    fn watchlist(&self) -> Vec<Symbol> {
        self.0.works.lock().unwrap().watched.clone()
    }

    fn bars(&self, _: Symbol, _: BarInterval, limit: usize) -> BoxFuture<'static, Result<Vec<BarView>, DeskError>> {
        let t = morning().ns() / 1_000_000_000;
        let bar = move |n| BarView { t: t + 60 * n, o: 71_000, h: 71_100, l: 70_900, c: 71_000, v: 10 };
        Box::pin(async move { Ok((0..limit.min(3) as i64).map(bar).collect()) })
    }

    fn quote(&self, symbol: Symbol) -> Option<QuoteView> {
        let works = self.0.works.lock().unwrap();
        let ix = works.engine.book().ix(symbol)?;
        let (last, at) = works.engine.last_price(ix)?;
        let band = works.engine.price_band(ix);
        Some(QuoteView {
            symbol,
            name: works.names.get(&symbol)?.clone(),
            last,
            bid: None,
            ask: None,
            open: last,
            high: last,
            low: last,
            volume: 10,
            prev_close: Some(last),
            change: Some(Won::ZERO),
            upper_limit: band.map(|b| b.upper),
            lower_limit: band.map(|b| b.lower),
            at_ns: at.into(),
        })
    }
}
