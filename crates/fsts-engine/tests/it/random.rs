//! Random days: orders by bots and hands, an honest broker behind a bad line, crashes at any point. After every event the
//! books must balance; when the faults stop, they must equal the broker's.

use fsts_domain::*;
use fsts_engine::*;
use proptest::prelude::*;

use crate::desk::*;
use crate::dice::Dice;
use crate::exchange::Exchange;
use crate::ledger::Ledger;

const CASH: i64 = 50_000_000;
const BEFORE: i64 = 30;
const PRICES: [i64; 2] = [70_000, 200_000];
const CODES: [&str; 2] = [SAMSUNG, HYNIX];

struct Day {
    desk: Option<Desk>,
    exchange: Exchange,
    dice: Dice,
    /// Submits and cancels that the broker has seen.
    seen: (usize, usize),
    /// Everything that every process decided and wrote.
    history: Vec<String>,
}

fn setup() -> Setup {
    let mut setup = Setup { cash: won(CASH), ..Setup::default() }.holding(SAMSUNG, BEFORE).protected(Watch::Intrabar);
    setup.config.limits.orders_per_minute_max = 1_000;
    setup
}

impl Day {
    fn new(seed: u64) -> Day {
        let exchange = Exchange::new(CASH);
        let mut day = Day { desk: None, exchange, dice: Dice::new(seed), seen: (0, 0), history: Vec::new() };
        day.desk = Some(setup().open());
        day
    }

    fn desk(&mut self) -> &mut Desk {
        self.desk.as_mut().expect("there is always a desk between two events")
    }

    /// One chance event, and then what must hold after every one.
    fn live(&mut self) {
        match self.dice.roll(20) {
            0..=2 => self.decide(),
            3 => self.place_by_hand(),
            4..=6 => self.transmit(),
            7..=9 => self.execute(),
            10 | 11 => self.deliver(),
            12 => self.trade_elsewhere(),
            13 => self.cancel(),
            14 | 15 => self.break_something(),
            16 => self.print(),
            _ => self.pass_time(),
        }
        self.check();
    }

    fn check(&mut self) {
        let desk = self.desk.as_ref().expect("there is always a desk");
        Ledger::of(&desk.entries).check(desk.engine.book());
        let unknown = |r: &Record| matches!(r, Record::Adjusted { .. });
        assert_eq!(desk.records(unknown), 0, "cash of an honest broker needs no adjustment");
        let corrected = |r: &Record| matches!(r, Record::Frozen { reason: FreezeReason::Correction, .. });
        assert_eq!(desk.records(corrected), 0, "an honest broker takes nothing back");
    }

    fn decide(&mut self) {
        let (bot, symbol, shares) = (self.dice.roll(2), self.dice.roll(2) as SymbolIx, self.dice.between(0, 25));
        let target = match self.dice.roll(3) {
            0 => Target::Enter,
            1 => Target::Exit,
            _ => Target::Shares(qty(shares)),
        };
        self.desk().decide_as(bot, symbol, target);
    }

    fn place_by_hand(&mut self) {
        let n = self.dice.roll(2);
        let side = if self.dice.one_in(2) { Side::Buy } else { Side::Sell };
        let (shares, ticks) = (self.dice.between(1, 30), self.dice.between(-3, 3));
        let tick = if n == 0 { 100 } else { 500 };
        self.desk().try_place(CODES[n], side, shares, PRICES[n] + ticks * tick);
    }

    /// The broker sees what was sent; its answers may get lost, in either direction.
    fn transmit(&mut self) {
        while self.seen.0 < self.desk().submits.len() {
            let at = self.desk().at;
            let seen = self.seen.0;
            let intent = self.desk().submits[seen].get();
            let (id, kind, side) = (intent.id(), intent.kind(), intent.side());
            let what = Row { code: intent.symbol(), side, kind, qty: intent.qty() };
            self.seen.0 += 1;
            self.check_no_own_order_is_met(&what);
            match self.dice.roll(10) {
                0 => self.desk().lose_reply(id),
                1 => {
                    let delay = self.dice.between(0, 120);
                    self.exchange.take(what, at, delay);
                    self.desk().lose_reply(id);
                }
                2 => self.desk().refuse(id),
                3 => {
                    // It is filled before the reply arrives.
                    let number = self.exchange.take(what, at, 0);
                    let index = self.exchange.orders.len() - 1;
                    self.fill(index);
                    self.deliver();
                    self.desk().ack(id, number.value());
                }
                _ => {
                    let number = self.exchange.take(what, at, 0);
                    self.desk().ack(id, number.value());
                }
            }
        }
        self.transmit_cancels();
    }

    /// I21 at the broker's door: no order of ours that works there can trade with the one that arrives. One whose outcome
    /// nobody knew for a while may not hold up a sale.
    fn check_no_own_order_is_met(&mut self, what: &Row) {
        let desk = self.desk.as_ref().expect("there is always a desk");
        let book = desk.engine.book();
        let was_unknown = |id| desk.records(|r| matches!(r, Record::Ambiguous { id: of, .. } if *of == id)) > 0;
        let ours = |row: &OrderReport| book.by_number(row.number).filter(|id| book.order(*id).is_some());
        let is_ours = |row: &OrderReport| ours(row).is_some_and(|id| !was_unknown(id));
        for row in self.exchange.orders.iter().map(|held| &held.row).filter(|row| is_ours(row)) {
            let opposite = row.symbol == what.code && row.side != what.side && !row.remaining_qty.is_zero();
            let (OrderKind::Limit(ours), OrderKind::Limit(theirs)) = (what.kind, row.kind) else { continue };
            let meet = if what.side == Side::Buy { ours >= theirs } else { ours <= theirs };
            assert!(!(opposite && meet), "{:?} at {ours} meets own order {} at {theirs}", what.side, row.number);
        }
    }

    fn transmit_cancels(&mut self) {
        while self.seen.1 < self.desk().cancels.len() {
            let seen = self.seen.1;
            let intent = self.desk().cancels[seen];
            self.seen.1 += 1;
            let number = self.desk().engine.book().order_of_day(intent).and_then(|o| o.number);
            let works = self.dice.roll(3) > 0;
            if let Some(number) = number.filter(|_| works) {
                self.exchange.cancel(number);
            }
            let reason = "time-out".to_owned();
            let outcome = match self.dice.roll(3) {
                0 => CancelOutcome::Unknown { reason },
                _ if works => CancelOutcome::Accepted,
                _ => CancelOutcome::Refused { code: "X".to_owned(), message: reason },
            };
            self.desk().step(EventKind::CancelAnswered { intent, outcome });
        }
    }

    fn execute(&mut self) {
        let open: Vec<usize> = (0..self.exchange.orders.len()).filter(|n| self.exchange.orders[*n].is_open()).collect();
        if let Some(index) = self.dice.pick(&open).copied() {
            self.fill(index);
        }
    }

    /// Some shares at the limit or better.
    fn fill(&mut self, index: usize) {
        let row = &self.exchange.orders[index].row;
        let OrderKind::Limit(limit) = row.kind else { return };
        let better = self.dice.between(0, 3) * if row.side == Side::Buy { -1 } else { 1 };
        let all = row.remaining_qty.get();
        let shares = if self.dice.one_in(2) { all } else { self.dice.between(1, all.max(1)) };
        self.exchange.execute(index, shares, limit.get() + better);
    }

    /// Notices arrive: in any order, twice, or not at all.
    fn deliver(&mut self) {
        if self.exchange.underway.is_empty() {
            return;
        }
        let n = self.dice.roll(self.exchange.underway.len());
        let (row, shares, price) = self.exchange.underway.remove(n);
        for _ in 0..[0, 1, 1, 1, 2][self.dice.roll(5)] {
            self.desk().notice(&row, shares, price);
        }
    }

    /// A person buys with the broker's own app; sizes are such that nobody takes it for one of ours.
    fn trade_elsewhere(&mut self) {
        let n = self.dice.roll(2);
        let at = self.desk().at;
        let shares = self.dice.between(31, 40);
        if self.exchange.orders.len() < 12 {
            self.exchange.take(Row::of(CODES[n], Side::Buy, shares, PRICES[n]), at, 0);
        }
    }

    fn cancel(&mut self) {
        let open: Vec<IntentId> = self.desk().engine.book().open_orders().iter().map(|o| o.id).collect();
        if let Some(intent) = self.dice.pick(&open).copied() {
            self.desk().command(Command::Cancel { intent });
        }
    }

    fn print(&mut self) {
        let n = self.dice.roll(2);
        let tick = if n == 0 { 100 } else { 500 };
        let price = PRICES[n] + tick * self.dice.between(-30, 5);
        self.desk().print(n as SymbolIx, price);
        self.desk().print(n as SymbolIx, PRICES[n]);
    }

    fn break_something(&mut self) {
        match self.dice.roll(5) {
            0 => self.desk().step(EventKind::Stream { up: false }),
            1 => self.desk().step(EventKind::Stream { up: true }),
            2 => self.desk().journal_answers = false,
            3 => self.crash(),
            _ => {
                let halted = self.desk().engine.book().halted().is_some();
                let reason = "chance".to_owned();
                self.desk().command(if halted { Command::Resume } else { Command::Halt { reason } });
            }
        }
    }

    fn crash(&mut self) {
        self.die_while_sending();
        let desk = self.desk.take().expect("there is always a desk");
        self.remember(&desk);
        let mut desk = desk.crash(setup());
        desk.quote_all();
        desk.step(EventKind::Stream { up: true });
        self.seen = (0, 0);
        self.desk = Some(desk);
    }

    /// Whatever was handed to the broker's client before the crash may have left, and no answer reaches anybody.
    fn die_while_sending(&mut self) {
        let (at, seen) = (self.desk().at, self.seen.0);
        let what = |s: &Journaled<Intent>| {
            let intent = s.get();
            Row { code: intent.symbol(), side: intent.side(), kind: intent.kind(), qty: intent.qty() }
        };
        let waiting: Vec<Row> = self.desk().submits.iter().skip(seen).map(what).collect();
        for what in waiting {
            if self.dice.one_in(2) {
                self.exchange.take(what, at, 0);
            }
        }
    }

    fn remember(&mut self, desk: &Desk) {
        self.history.extend(desk.entries.iter().map(|e| serde_json::to_string(e).unwrap()));
        self.history.extend(desk.decisions.iter().map(|d| serde_json::to_string(d).unwrap()));
    }

    fn pass_time(&mut self) {
        let seconds = self.dice.between(1, 20);
        let desk = self.desk();
        desk.wait(seconds);
        desk.journal_answers = true;
        desk.settle();
        self.desk().quote_all();
        self.answer();
    }

    /// The broker's answers: honest, and sometimes none.
    fn answer(&mut self) {
        for _ in 0..6 {
            let Some(inquiry) = self.desk().inquiries.pop() else { return };
            if self.dice.one_in(8) {
                self.desk().step(EventKind::InquiryFailed { inquiry, reason: "page 2".to_owned() });
                continue;
            }
            let at = self.desk().at;
            let list = self.exchange.list(at);
            if inquiry == Inquiry::Account {
                self.read_account();
            } else {
                self.desk().orders(&list);
            }
        }
    }

    fn read_account(&mut self) {
        self.desk().cash = won(self.exchange.cash);
        for (n, code) in CODES.into_iter().enumerate() {
            let shares = self.exchange.shares(symbol(code), [BEFORE, 0][n]);
            self.desk().holdings.insert(symbol(code), qty(shares));
        }
        self.desk().account();
    }

    /// A person looks at the broker's list and binds what the engine could not tell apart.
    fn settle_disputes(&mut self) {
        let disputed = |o: &&LiveOrder| o.state == OrderState::Disputed;
        let open = self.desk().engine.book().open_orders().iter().filter(disputed);
        let orders: Vec<IntentId> = open.map(|o| o.id).collect();
        for intent in orders {
            for n in 0..self.exchange.orders.len() {
                let number = self.exchange.orders[n].row.number;
                if self.desk().command(Command::Bind { intent, number }) == Reply::Done {
                    break;
                }
            }
        }
    }

    /// The faults stop.
    fn calm_down(&mut self) {
        self.desk().journal_answers = true;
        self.desk().settle();
        self.desk().step(EventKind::Stream { up: true });
        for _ in 0..500 {
            self.transmit();
            self.settle_disputes();
            self.desk().wait(1);
            while let Some(inquiry) = self.desk().inquiries.pop() {
                let at = self.desk().at;
                let list = self.exchange.list(at);
                match inquiry {
                    Inquiry::Account => self.read_account(),
                    Inquiry::Orders => self.desk().orders(&list),
                }
            }
        }
        self.check();
    }

    /// I4 and I20: every order, every share and every won is as the broker has it.
    fn check_at_rest(&mut self) {
        let desk = self.desk.as_ref().expect("there is always a desk");
        let ledger = Ledger::of(&desk.entries);
        for held in &self.exchange.orders {
            let theirs = (held.row.filled_qty.get(), held.row.filled_amount.get());
            let ours = ledger.orders.values().find(|t| t.number == Some(held.row.number));
            let ours = ours.map(|t| (t.filled, t.amount)).or(ledger.external.get(&held.row.number).copied());
            assert_eq!(ours.unwrap_or_default(), theirs, "order {} at rest (I4)", held.row.number);
        }
        assert_eq!(desk.engine.book().cash().get(), self.exchange.cash);
        assert_eq!(desk.engine.not_ready(), Vec::<&str>::new());
        for (ix, line) in desk.engine.book().lines().iter().enumerate() {
            assert_eq!(line.frozen, None, "{} stays frozen", line.symbol);
            let unknown = |o: &LiveOrder| o.symbol as usize == ix && o.state.is_unresolved();
            let waits = desk.engine.book().open_orders().iter().any(unknown);
            assert_eq!(desk.engine.is_frozen(ix as SymbolIx), waits, "only for a person to release");
        }
    }
}

fn run(seed: u64, events: usize) -> Vec<String> {
    let mut day = Day::new(seed);
    for _ in 0..events {
        day.live();
    }
    day.calm_down();
    day.check_at_rest();
    let desk = day.desk.take().expect("there is always a desk");
    day.remember(&desk);
    day.history
}

/// A random day that reaches nothing proves nothing.
#[test]
fn random_days_reach_every_kind_of_trouble() {
    let days: Vec<String> = (0..150).flat_map(|seed| run(seed, 100)).collect();
    let mut enough = true;
    let often = |word: &str| days.iter().filter(|line| line.contains(word)).count();
    for (word, at_least) in [
        ("\"approved\"", 500),
        ("\"source\":\"notice\"", 100),
        ("\"source\":\"inquiry\"", 200),
        ("\"confirmed\"", 80),
        ("\"ambiguous\"", 100),
        ("\"by\":\"inquiry\"", 50),
        ("\"presumed\"", 10),
        ("the process ended before an answer", 5),
        ("\"refused\"", 50),
        ("\"external_filled\"", 50),
        ("\"cancel_requested\"", 100),
        ("\"state\":\"cancelled\"", 50),
        ("\"purpose\":\"protection\"", 10),
        ("\"withdrawn\"", 20),
        ("\"late_commit\"", 5),
        ("\"halted\"", 20),
        ("\"run_started\"", 160),
        ("\"blocked_by\":\"awaiting_cancel\"", 20),
        ("\"blocked_by\":\"frozen\"", 20),
        ("\"blocked_by\":\"crossing\"", 5),
    ] {
        println!("{word}: {} of at least {at_least}", often(word));
        enough &= often(word) >= at_least;
    }
    assert!(enough);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_of_a_random_day_balance_at_every_step_and_equal_the_brokers_at_rest(
        seed in any::<u64>(), events in 1..120usize,
    ) {
        run(seed, events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_events_give_the_same_records_and_decisions(seed in any::<u64>()) {
        prop_assert_eq!(run(seed, 80), run(seed, 80));
    }

    #[test]
    fn a_tape_replays_to_the_same_records(seed in any::<u64>()) {
        let mut day = Day::new(seed);
        (0..60).for_each(|_| day.live());
        let desk = day.desk.take().expect("there is always a desk");
        let (before, after) = desk.entries.split_at(desk.recovered);
        let mut again = Setup { records: before.to_vec(), ..setup() }.closed();
        let mut fx = Effects::default();
        again.engine.start("run".to_owned(), "test".to_owned(), desk.started_at, &mut fx);
        let mut written = std::mem::take(&mut fx.entries);
        for event in &desk.events {
            let line = serde_json::to_string(event).unwrap();
            let read: Event<'_> = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&read, event);
            fx.clear();
            again.want_again(&desk, read.seq);
            again.engine.step(&read, &mut fx);
            written.append(&mut fx.entries);
        }
        prop_assert_eq!(&written[..], after);
        prop_assert_eq!(again.engine.book(), desk.engine.book());
    }
}
