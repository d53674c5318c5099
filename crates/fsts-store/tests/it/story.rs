//! Journals to make rows of: one that meets every kind of record, and random ones.

use fsts_domain::*;
use fsts_engine::*;

const START: Timestamp = Timestamp::from_ns(1_795_132_800_000_000_000);

/// Writes entries as the engine does: numbered, timed, applied to a book.
pub struct Teller {
    pub book: Book,
    pub entries: Vec<Entry>,
}

impl Teller {
    pub fn new() -> Teller {
        let mut teller = Teller { book: Book::new(&[]), entries: Vec::new() };
        teller.tell(Record::RunStarted { run_id: "run-1".into(), build: "0.1.0".into() });
        let holdings = vec![(symbol("005930"), qty(10), Won::new(700_000))];
        teller.tell(Record::AccountOpened { cash: Won::new(50_000_000), holdings });
        teller.tell(Record::DayOpened { day: "2026-11-20".parse().unwrap() });
        teller
    }

    pub fn tell(&mut self, record: Record) {
        let seq = self.book.last_seq() + 1;
        let entry = Entry { seq, at: START.plus_s(seq as i64), record };
        self.book.apply(&entry);
        self.entries.push(entry);
    }

    pub fn approve(&mut self, id: u64, bot: BotId, what: (&str, Side, i64), kind: OrderKind) {
        let price = match kind {
            OrderKind::Limit(price) => price,
            OrderKind::Market => Price::new(130_000).unwrap(),
        };
        let (code, side, shares) = what;
        self.tell(Record::Approved(ApprovedOrder {
            id: IntentId(id),
            bot,
            symbol: symbol(code),
            side,
            qty: qty(shares),
            kind,
            bracket: None,
            purpose: Purpose::Target,
            reserved: if side == Side::Buy { price * qty(shares) + Won::new(1000) } else { Won::ZERO },
            reference: price,
        }));
    }

    pub fn ack(&mut self, id: u64, by: AckedBy) {
        let number = OrderNumber::from_value(9_000 + id);
        self.tell(Record::Acked { id: IntentId(id), number, branch: Branch::from("91252"), by });
    }

    pub fn fill(&mut self, id: u64, shares: i64, amount: i64, source: FillSource) {
        let (fee, tax) = (Won::new(amount / 7000), Won::new(amount / 600));
        self.tell(Record::Filled { id: IntentId(id), qty: qty(shares), amount: Won::new(amount), fee, tax, source });
    }

    pub fn end_day(&mut self) {
        let (day, book_hash) = ("2026-11-20".parse().unwrap(), self.book.digest().to_hex().to_string());
        self.tell(Record::DayClosed { day, book_hash });
    }
}

pub fn symbol(code: &str) -> Symbol {
    code.parse().unwrap()
}

pub fn qty(shares: i64) -> Qty {
    Qty::new(shares).unwrap()
}

pub fn bot() -> BotId {
    "sma".parse().unwrap()
}

fn limit(won: i64) -> OrderKind {
    OrderKind::Limit(Price::new(won).unwrap())
}

/// A day with every kind of record.
pub fn eventful_day() -> Teller {
    let mut t = Teller::new();
    filled_and_refused(&mut t);
    adopted_and_cancelled(&mut t);
    traded_by_hand(&mut t);
    switched_and_adjusted(&mut t);
    left_unresolved(&mut t);
    t
}

/// One filled by notices, of which the inquiry then knows the amount better; one refused by the broker.
fn filled_and_refused(t: &mut Teller) {
    t.approve(1, bot(), ("000660", Side::Buy, 10), limit(100_000));
    t.ack(1, AckedBy::Reply);
    t.fill(1, 4, 400_000, FillSource::Notice);
    t.fill(1, 6, 599_400, FillSource::Notice);
    t.tell(Record::Confirmed { id: IntentId(1), qty: qty(10), amount_delta: Won::new(-600) });
    t.approve(2, BotId::MANUAL, ("005930", Side::Sell, 5), OrderKind::Market);
    t.tell(Record::Refused {
        id: IntentId(2), code: "APBK0919".into(), message: "장운영시간이 아닙니다".into()
    });
}

/// Unknown, adopted, part filled, cancelled.
fn adopted_and_cancelled(t: &mut Teller) {
    t.approve(3, bot(), ("035720", Side::Buy, 20), limit(50_000));
    t.tell(Record::Ambiguous { id: IntentId(3), reason: "time-out after 3 s".into() });
    t.tell(Record::Frozen { symbol: symbol("035720"), reason: FreezeReason::AmbiguousOrder });
    t.ack(3, AckedBy::Inquiry);
    t.tell(Record::Unfrozen { symbol: symbol("035720") });
    t.fill(3, 3, 149_700, FillSource::Inquiry);
    t.tell(Record::CancelRequested { id: IntentId(3) });
    t.tell(Record::Closed { id: IntentId(3), state: OrderState::Cancelled });
}

/// A hand-made sell.
fn traded_by_hand(t: &mut Teller) {
    let number = OrderNumber::from_value(77);
    t.tell(Record::ExternalOrder { number, symbol: symbol("005930"), side: Side::Sell, qty: qty(2) });
    let (amount, fee, tax) = (Won::new(143_000), Won::new(20), Won::new(257));
    let (sold, side) = (qty(2), Side::Sell);
    t.tell(Record::ExternalFilled { number, symbol: symbol("005930"), side, qty: sold, amount, fee, tax });
}

/// An order by hand, its request and its veto before the send; the switches.
fn switched_and_adjusted(t: &mut Teller) {
    t.approve(4, BotId::MANUAL, ("000660", Side::Buy, 1), limit(99_000));
    t.tell(Record::Requested { key: "k-1".into(), body: "ab".into(), id: Some(IntentId(4)), blocked: None });
    t.tell(Record::Withdrawn { id: IntentId(4), reason: "halted".into() });
    t.tell(Record::Adjusted { kind: AdjustmentKind::Cost, amount: Won::new(-3) });
    t.tell(Record::Halted { reason: "operator".into() });
    t.tell(Record::Resumed);
    t.tell(Record::BotSet { bot: bot(), running: false });
}

/// One that works and one that is disputed at the end.
fn left_unresolved(t: &mut Teller) {
    t.approve(5, bot(), ("000660", Side::Sell, 10), OrderKind::Market);
    t.ack(5, AckedBy::Reply);
    t.approve(6, bot(), ("035420", Side::Buy, 7), limit(200_000));
    t.tell(Record::Ambiguous { id: IntentId(6), reason: "reply cut".into() });
    t.tell(Record::Presumed { id: IntentId(6) });
    let candidates = vec![OrderNumber::from_value(81), OrderNumber::from_value(82)];
    t.tell(Record::Disputed { id: IntentId(6), candidates });
}

/// A generator of whole numbers below a bound; a seed names the whole run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.unsigned_abs()) as i64
    }
}

/// A random history of valid records.
pub fn random_history(seed: u64, orders: u64) -> Teller {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut t = Teller::new();
    for id in 1..=orders {
        random_order(&mut t, &mut dice, id);
    }
    t
}

fn random_order(t: &mut Teller, dice: &mut Dice, id: u64) {
    let code = ["000660", "005930", "035720"][dice.below(3) as usize];
    let price = 1000 + dice.below(500);
    let line = t.book.ix(symbol(code)).map(|ix| t.book.line(ix));
    let held = line.map_or(0, |line| line.slice(Some(bot())).qty.get());
    let sell = held > 0 && dice.below(2) == 0;
    let side = if sell { Side::Sell } else { Side::Buy };
    let shares = 1 + dice.below(if sell { held } else { 50 });
    t.approve(id, bot(), (code, side, shares), limit(price));
    let (id, reason) = (IntentId(id), "cut".to_owned());
    match dice.below(8) {
        0 => {
            let (code, message) = ("X".to_owned(), String::new());
            return t.tell(Record::Refused { id, code, message });
        }
        1 => t.tell(Record::Ambiguous { id, reason }),
        _ => {}
    }
    t.ack(id.0, AckedBy::Inquiry);
    let sources = [FillSource::Notice, FillSource::Inquiry];
    let source = sources[dice.below(2) as usize];
    let mut left = shares;
    while left > 0 && dice.below(5) != 0 {
        let part = 1 + dice.below(left);
        t.fill(id.0, part, part * price, source);
        left -= part;
    }
    if left > 0 {
        let state = OrderState::Cancelled;
        t.tell(Record::Closed { id, state });
    } else if source == FillSource::Notice {
        let (qty, amount_delta) = (qty(shares), Won::new(dice.below(3) - 1));
        t.tell(Record::Confirmed { id, qty, amount_delta });
    }
}
