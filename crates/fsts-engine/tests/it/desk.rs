//! A trading desk for tests: an engine that is connected to a broker whose every answer the test gives by hand.
//!
//! After each step it checks what must always hold: replaying the records gives the same book, no order leaves twice,
//! and the books explain themselves.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use fsts_domain::*;
use fsts_engine::*;
use fsts_krx::{FeeSchedule, Instrument, RuleBook};

/// 삼성전자, price 70,000, tick 100.
pub const SAMSUNG: &str = "005930";
/// SK하이닉스, price 200,000, tick 500.
pub const HYNIX: &str = "000660";

/// What the test tells a bot to want, by slot; taken at the next bar.
pub type Wants = Rc<RefCell<BTreeMap<u32, Target>>>;

/// A strategy that wants what the test says.
pub struct Script {
    wants: Wants,
    protection: Option<Protection>,
    /// What a bot made at run time wants at every bar.
    always: Option<Target>,
    warm_up: u32,
    interval: Interval,
}

impl Strategy for Script {
    fn needs(&self) -> Needs {
        let (interval, warm_up) = (self.interval, self.warm_up);
        Needs { interval, warm_up, indicators: &["close"], protection: self.protection }
    }

    fn on_slice(&mut self, bars: &[BarView], out: &mut Vec<Decision>) {
        for view in bars {
            // A run before the close shows closed days first; what is wanted is wanted at the end.
            let mut wants = self.wants.borrow_mut();
            let daily = self.interval == Interval::Day;
            let wanted = if daily { wants.get(&view.slot).copied() } else { wants.remove(&view.slot) };
            let target = wanted.or(self.always);
            let mut indicators = [f64::NAN; INDICATORS_MAX];
            indicators[0] = view.close().0;
            let signal = if target.is_some() { "want" } else { "hold" };
            out.push(Decision { slot: view.slot, target, signal, indicators });
        }
    }

    fn reset(&mut self) {}
}

/// The strategy of a bot made at run time: `enter` and `exit` want that at every bar.
fn made(definition: &BotDefinition) -> Result<Script, String> {
    let always = match definition.strategy.as_str() {
        "enter" => Some(Target::Enter),
        "exit" => Some(Target::Exit),
        other => return Err(format!("no strategy `{other}`")),
    };
    let warm_up = definition.params.get("warm_up").map_or(0, |n| *n as u32);
    Ok(Script { wants: Wants::default(), protection: None, always, warm_up, interval: Interval::Minute })
}

/// How a desk is set up.
pub struct Setup {
    pub config: EngineConfig,
    pub rules: RuleBook,
    pub protections: Vec<(BotId, Option<Protection>)>,
    /// Ring-fence of the first bot, and its bars.
    pub capital: Option<Won>,
    pub interval: Interval,
    pub cash: Won,
    pub holdings: Vec<(&'static str, i64)>,
    pub at: Timestamp,
    pub records: Vec<Entry>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            config: EngineConfig::connected(universe()),
            rules: RuleBook::krx(FeeSchedule::KIS_BANKIS),
            protections: vec![(bot("alpha"), None), (bot("beta"), None)],
            capital: None,
            interval: Interval::Minute,
            cash: won(10_000_000),
            holdings: Vec::new(),
            at: half_past_nine(),
            records: Vec::new(),
        }
    }
}

impl Setup {
    /// Shares that the account holds before our first run; each cost 60,000 won.
    pub fn holding(mut self, symbol: &'static str, shares: i64) -> Self {
        self.holdings.push((symbol, shares));
        self
    }

    pub fn protected(mut self, watch: Watch) -> Self {
        let stop = Some(Rate::per_billion(30_000_000));
        let protection = Protection { stop, target: None, trail: None, watch };
        self.protections[0].1 = Some(protection);
        self
    }

    /// The desk, before anything happened.
    pub fn closed(self) -> Desk {
        let mut wants = Vec::new();
        let mut bots = Vec::new();
        for (id, protection) in &self.protections {
            let want = Wants::default();
            let symbols = self.config.universe.iter().map(|i| i.symbol).collect();
            let (sizing, style) = (Sizing::Shares(qty(10)), OrderStyle::MarketableLimit { collar_ticks: 2 });
            let capital = if bots.is_empty() { self.capital } else { None };
            let config = BotConfig { id: *id, symbols, sizing, style, capital };
            let interval = if bots.is_empty() { self.interval } else { Interval::Minute };
            let (protection, warm_up) = (*protection, 3 * u32::from(interval == Interval::Day));
            bots.push((config, Script { wants: Rc::clone(&want), protection, always: None, warm_up, interval }));
            wants.push(want);
        }
        let symbols: Vec<Symbol> = self.config.universe.iter().map(|i| i.symbol).collect();
        let mut mirror = Book::new(&symbols);
        self.records.iter().for_each(|entry| mirror.apply(entry));
        let mut engine = Engine::new(self.config, self.rules, bots).unwrap();
        engine.set_strategy_maker(Box::new(made));
        engine.replay(&self.records);
        engine.raise_bots().unwrap();
        Desk {
            engine,
            wants,
            mirror,
            durable: self.records.len(),
            recovered: self.records.len(),
            started_at: self.at,
            told: Vec::new(),
            entries: self.records,
            at: self.at,
            recv: Timestamp::from_ns(1_000_000_000_000),
            journal_answers: true,
            batches: VecDeque::new(),
            submits: Vec::new(),
            sent: BTreeSet::new(),
            cancels: Vec::new(),
            inquiries: Vec::new(),
            conditions: Vec::new(),
            replies: VecDeque::new(),
            decisions: Vec::new(),
            events: Vec::new(),
            cash: self.cash,
            holdings: self.holdings.iter().map(|(code, n)| (symbol(code), qty(*n))).collect(),
        }
    }

    /// The desk with its stream up and its books in step with the broker's.
    pub fn open(self) -> Desk {
        let mut desk = self.closed();
        desk.start();
        desk.quote_all();
        desk.connect();
        assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
        desk
    }
}

/// An engine and everything that the test needs to know of what it asked for.
pub struct Desk {
    pub engine: Engine<Script>,
    pub wants: Vec<Wants>,
    /// A book made from the records alone.
    mirror: Book,
    pub entries: Vec<Entry>,
    /// How many entries the journal has confirmed.
    pub durable: usize,
    pub at: Timestamp,
    pub recv: Timestamp,
    pub journal_answers: bool,
    pub batches: VecDeque<(u64, usize)>,
    pub submits: Vec<Journaled<Intent>>,
    sent: BTreeSet<IntentId>,
    pub cancels: Vec<IntentId>,
    pub inquiries: Vec<Inquiry>,
    pub conditions: Vec<Condition>,
    pub replies: VecDeque<Reply>,
    pub decisions: Vec<DecisionLine>,
    pub events: Vec<Event<'static>>,
    /// What bots were told to want before an event: its number, the bot, the symbol.
    told: Vec<(u64, usize, SymbolIx, Target)>,
    /// How many records were recovered at the start, and when that was.
    pub recovered: usize,
    pub started_at: Timestamp,
    /// The broker's cash, given with the next account report.
    pub cash: Won,
    /// The broker's holdings, likewise.
    pub holdings: BTreeMap<Symbol, Qty>,
}

impl Desk {
    pub fn new() -> Desk {
        Setup::default().open()
    }

    /// The process dies: what was not durable is gone. A new one recovers from the journal and has not connected yet.
    pub fn crash(self, setup: Setup) -> Desk {
        let records = self.entries.into_iter().take(self.durable).collect();
        let mut desk = Setup { records, at: self.at, ..setup }.closed();
        (desk.sent, desk.cash, desk.holdings) = (self.sent, self.cash, self.holdings);
        desk.start();
        desk
    }

    pub fn start(&mut self) {
        let mut fx = Effects::default();
        self.engine.start("run".to_owned(), "test".to_owned(), self.at, &mut fx);
        self.take(fx);
        self.settle();
        self.step(EventKind::DayOpened(self.at.kst_day()));
        self.step(EventKind::Clock);
    }

    /// Base prices and a first print of every symbol.
    pub fn quote_all(&mut self) {
        for (ix, price) in [(0, 70_000), (1, 200_000)] {
            self.step(EventKind::Base { symbol: ix, price: self::price(price) });
            self.print(ix, price);
        }
    }

    /// The stream comes up and the broker answers every question, until the engine asks nothing more.
    pub fn connect(&mut self) {
        self.step(EventKind::Stream { up: true });
        self.answer_all(&[]);
    }

    /// Answers what is asked with these orders and the desk's account.
    pub fn answer_all(&mut self, rows: &[OrderReport]) {
        for _ in 0..20 {
            match self.inquiries.pop() {
                None => return,
                Some(Inquiry::Orders) => self.step(orders_event(self.at, rows.to_vec())),
                Some(Inquiry::Account) => self.account(),
            }
        }
        panic!("the engine asks without end");
    }

    /// The broker's account, asked now.
    pub fn account(&mut self) {
        self.inquiries.retain(|i| *i != Inquiry::Account);
        let holding = |(symbol, shares): (&Symbol, &Qty)| Holding {
            symbol: *symbol,
            qty: *shares,
            sellable: *shares,
            cost: price(60_000) * *shares,
        };
        let holdings = self.holdings.iter().filter(|(_, q)| !q.is_zero()).map(holding).collect();
        let report = AccountReport { cash: self.cash, holdings };
        self.step(EventKind::Account { asked_at: self.at, report });
    }

    /// The day's orders, complete, asked now.
    pub fn orders(&mut self, rows: &[OrderReport]) {
        self.inquiries.retain(|i| *i != Inquiry::Orders);
        self.step(orders_event(self.at, rows.to_vec()));
    }

    /// Somebody asks for the broker's truth, and gets it.
    pub fn reconcile(&mut self, rows: &[OrderReport]) {
        self.command(Command::Reconcile);
        self.answer_all(rows);
    }

    /// Waits for the engine's next order inquiry and answers it.
    pub fn next_orders(&mut self, rows: &[OrderReport]) {
        for _ in 0..100 {
            if self.inquiries.contains(&Inquiry::Orders) {
                return self.orders(rows);
            }
            self.wait(1);
        }
        panic!("the engine does not ask for orders");
    }

    /// Market and real time pass; the market clock says so.
    pub fn wait(&mut self, seconds: i64) {
        self.at = self.at.plus_s(seconds);
        self.recv = self.recv.plus_s(seconds);
        self.step(EventKind::Clock);
    }

    /// Only real time passes.
    pub fn wait_real(&mut self, ms: i64) {
        self.recv = self.recv.plus_ns(ms * 1_000_000);
        self.step(EventKind::Clock);
    }

    pub fn print(&mut self, symbol: SymbolIx, won: i64) {
        self.step(EventKind::Trade { symbol, price: price(won), qty: qty(1) });
    }

    /// A closed bar at which the first bot decides to want something.
    pub fn decide(&mut self, symbol: SymbolIx, target: Target) {
        self.decide_as(0, symbol, target);
    }

    pub fn decide_as(&mut self, bot: usize, symbol: SymbolIx, target: Target) {
        self.wants[bot].borrow_mut().insert(symbol, target);
        self.told.push((self.events.len() as u64 + 1, bot, symbol, target));
        let last = self.engine.last_price(symbol).unwrap().0;
        self.bar(symbol, last.get());
        self.wants[bot].borrow_mut().clear();
    }

    /// Tells the bots what another desk's were told before an event.
    pub fn want_again(&mut self, other: &Desk, seq: u64) {
        self.wants.iter().for_each(|w| w.borrow_mut().clear());
        for (_, bot, symbol, target) in other.told.iter().filter(|t| t.0 == seq) {
            self.wants[*bot].borrow_mut().insert(*symbol, *target);
        }
    }

    pub fn bar(&mut self, symbol: SymbolIx, won: i64) {
        let p = price(won);
        let bar = Bar { open: p, high: p, low: p, close: p, volume: 100 };
        self.step(EventKind::Slice(Cow::Owned(vec![SymbolBar { symbol, bar }])));
    }

    pub fn command(&mut self, command: Command) -> Reply {
        self.step(EventKind::Command { id: 1, command });
        self.replies.pop_back().expect("every command is answered")
    }

    /// An order by hand with a key of its own.
    pub fn try_place(&mut self, code: &str, side: Side, shares: i64, won: i64) -> Reply {
        let key = format!("key-{}", self.events.len());
        let kind = OrderKind::Limit(price(won));
        let (symbol, qty) = (symbol(code), qty(shares));
        self.command(Command::Place { key, body: "body".to_owned(), symbol, side, qty, kind })
    }

    pub fn place(&mut self, code: &str, side: Side, shares: i64, won: i64) -> IntentId {
        match self.try_place(code, side, shares, won) {
            Reply::Placed(id) => id,
            other => panic!("not placed: {other:?}"),
        }
    }

    /// An order by hand that the broker took under a number.
    pub fn placed(&mut self, code: &str, side: Side, (shares, won): (i64, i64), number: u64) -> IntentId {
        let id = self.place(code, side, shares, won);
        self.ack(id, number);
        id
    }

    pub fn ack(&mut self, intent: IntentId, number: u64) {
        let outcome = SubmitOutcome::Acked { number: self::number(number), branch: Branch::from("06010"), at: self.at };
        self.step(EventKind::Submitted { intent, outcome });
    }

    /// The reply got lost on its way.
    pub fn lose_reply(&mut self, intent: IntentId) {
        let outcome = SubmitOutcome::Ambiguous { reason: "time-out".to_owned() };
        self.step(EventKind::Submitted { intent, outcome });
    }

    pub fn refuse(&mut self, intent: IntentId) {
        let outcome =
            SubmitOutcome::Refused { code: "APBK0952".to_owned(), message: "주문가능금액을 초과".to_owned() };
        self.step(EventKind::Submitted { intent, outcome });
    }

    /// The stream tells of an execution.
    pub fn notice(&mut self, row: &OrderReport, shares: i64, won: i64) {
        self.notice_of(row, NoticeKind::Filled { qty: qty(shares), price: price(won) });
    }

    pub fn notice_of(&mut self, row: &OrderReport, kind: NoticeKind) {
        let (number, original, branch) = (row.number, row.original, row.branch);
        let notice = Notice { number, original, branch, symbol: row.symbol, side: row.side, order_qty: row.qty, kind };
        self.step(EventKind::Notice { notice, authoritative: false });
    }

    /// The broker's row of one of our orders, as if just taken.
    pub fn row(&self, id: IntentId, number: u64) -> OrderReport {
        let order = self.order(id);
        let symbol = self.engine.instruments()[order.symbol as usize].symbol;
        let template = Row { code: symbol, side: order.side, kind: order.kind, qty: order.qty };
        template.at(number, order.approved_at)
    }

    pub fn order(&self, id: IntentId) -> LiveOrder {
        self.engine.book().order_of_day(id).cloned().expect("the order is known")
    }

    pub fn state(&self, id: IntentId) -> OrderState {
        self.order(id).state
    }

    pub fn held(&self, symbol: SymbolIx) -> i64 {
        self.engine.book().line(symbol).total.qty.get()
    }

    pub fn slice(&self, symbol: SymbolIx, owner: Option<&str>) -> i64 {
        self.engine.book().line(symbol).slice(owner.map(bot)).qty.get()
    }

    /// Why the first bot's last decision led to no order.
    pub fn blocked(&self) -> Option<&'static str> {
        self.decisions.iter().rev().find(|d| d.bot == bot("alpha")).and_then(|d| d.blocked_by)
    }

    pub fn records(&self, wanted: impl Fn(&Record) -> bool) -> usize {
        self.entries.iter().filter(|e| wanted(&e.record)).count()
    }

    /// One event, and the commits that follow when the journal answers.
    pub fn step(&mut self, kind: EventKind<'static>) {
        self.one(kind);
        self.settle();
    }

    /// Tells the engine that what it wrote is durable.
    pub fn settle(&mut self) {
        while self.journal_answers && !self.batches.is_empty() {
            self.commit();
        }
    }

    /// The journal confirms its oldest batch.
    pub fn commit(&mut self) {
        let (batch, durable) = self.batches.pop_front().expect("a batch is under way");
        self.durable = durable;
        self.one(EventKind::Committed { batch });
    }

    fn one(&mut self, kind: EventKind<'static>) {
        let event = Event { seq: self.events.len() as u64 + 1, at: self.at, recv: self.recv, kind };
        let mut fx = Effects::default();
        self.engine.step(&event, &mut fx);
        self.events.push(event);
        self.take(fx);
    }

    fn take(&mut self, fx: Effects) {
        for entry in &fx.entries {
            self.mirror.apply(entry);
        }
        self.entries.extend(fx.entries);
        if let Some(batch) = fx.batch {
            self.batches.push_back((batch, self.entries.len()));
        }
        for order in &fx.submits {
            self.check_transmission(order.get());
        }
        self.submits.extend(fx.submits);
        self.cancels.extend(fx.cancels.iter().map(|c| c.get().intent()));
        self.inquiries.extend(fx.inquiries);
        self.conditions.extend(fx.conditions);
        self.replies.extend(fx.replies.into_iter().map(|(_, reply)| reply));
        self.decisions.extend(fx.decisions);
        self.check_books();
    }

    /// I1, I2: only what is durable leaves, and only once.
    fn check_transmission(&mut self, intent: &Intent) {
        let durable = &self.entries[..self.durable];
        let approved = |e: &Entry| matches!(&e.record, Record::Approved(order) if order.id == intent.id());
        assert!(durable.iter().any(approved), "{} left before its record was durable", intent.id());
        assert!(self.sent.insert(intent.id()), "{} left twice", intent.id());
    }

    /// I5, I6, I7 and I13, from the outside.
    fn check_books(&self) {
        let book = self.engine.book();
        assert_eq!(&self.mirror, book, "replaying the records gives another book");
        assert_eq!(book.cash(), book.flows().cash());
        let reserved: Won = book.open_orders().iter().map(|o| o.reserved_cash()).sum();
        assert_eq!(book.reserved(), reserved);
        for (ix, line) in book.lines().iter().enumerate() {
            let slices: Qty = line.slices.iter().map(|s| s.position.qty).sum();
            let costs: Won = line.slices.iter().map(|s| s.position.cost).sum();
            assert_eq!((slices, costs), (line.total.qty, line.total.cost), "slices of {}", line.symbol);
            let ours = || book.open_orders().iter().filter(|o| o.symbol as usize == ix);
            let shares: Qty = ours().map(|o| o.reserved_shares()).sum();
            assert_eq!(line.reserved_qty, shares, "reserved shares of {}", line.symbol);
            assert_eq!(line.open_orders as usize, ours().count());
            assert!(!line.slices.iter().any(|s| s.position.qty.is_zero()), "an empty slice of {}", line.symbol);
        }
        let value: Won = book.lines().iter().enumerate().map(|(ix, l)| self.value(ix as SymbolIx, l)).sum();
        assert_eq!(self.engine.equity(), book.cash() + value, "equity is cash and what is held at its last price");
    }

    fn value(&self, symbol: SymbolIx, line: &Line) -> Won {
        self.engine.last_price(symbol).map_or(line.total.cost, |(p, _)| p * line.total.qty)
    }
}

/// What identifies an order in the broker's list.
#[derive(Clone, Copy)]
pub struct Row {
    pub code: Symbol,
    pub side: Side,
    pub kind: OrderKind,
    pub qty: Qty,
}

impl Row {
    pub fn of(code: &str, side: Side, shares: i64, won: i64) -> Row {
        Row { code: symbol(code), side, kind: OrderKind::Limit(price(won)), qty: qty(shares) }
    }

    pub fn at(self, number: u64, ordered_at: Timestamp) -> OrderReport {
        let Row { code, side, kind, qty } = self;
        OrderReport {
            number: self::number(number),
            original: None,
            branch: Branch::from("06010"),
            symbol: code,
            side,
            kind,
            qty,
            ordered_at,
            filled_qty: Qty::ZERO,
            filled_amount: Won::ZERO,
            cancelled_qty: Qty::ZERO,
            refused_qty: Qty::ZERO,
            remaining_qty: qty,
        }
    }
}

/// What the broker did with a row since.
pub trait Progress {
    fn filled(self, shares: i64, amount: i64) -> Self;
    fn cancelled(self) -> Self;
}

impl Progress for OrderReport {
    /// Cumulative.
    fn filled(mut self, shares: i64, amount: i64) -> Self {
        self.filled_qty = qty(shares);
        self.filled_amount = won(amount);
        self.remaining_qty = self.qty - self.filled_qty - self.cancelled_qty;
        self
    }

    fn cancelled(mut self) -> Self {
        self.cancelled_qty = self.qty - self.filled_qty;
        self.remaining_qty = Qty::ZERO;
        self
    }
}

pub fn orders_event(asked_at: Timestamp, rows: Vec<OrderReport>) -> EventKind<'static> {
    EventKind::Orders { asked_at, orders: PageWalk::new().last(rows) }
}

pub fn universe() -> Vec<Instrument> {
    let instrument =
        |code: &str, name: &str| Instrument { symbol: symbol(code), name: name.to_owned(), market: Market::Kospi };
    vec![instrument(SAMSUNG, "삼성전자"), instrument(HYNIX, "SK하이닉스")]
}

/// A Friday without anything special.
pub fn today() -> TradingDay {
    "2026-11-20".parse().unwrap()
}

pub fn half_past_nine() -> Timestamp {
    Timestamp::from_kst(today(), 9 * 3600 + 1800)
}

pub fn symbol(code: &str) -> Symbol {
    code.parse().unwrap()
}

pub fn bot(name: &str) -> BotId {
    name.parse().unwrap()
}

pub fn number(value: u64) -> OrderNumber {
    OrderNumber::from_value(value)
}

pub fn qty(shares: i64) -> Qty {
    Qty::new(shares).unwrap()
}

pub fn price(won: i64) -> Price {
    Price::new(won).unwrap()
}

pub fn won(won: i64) -> Won {
    Won::new(won)
}
