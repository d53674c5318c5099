//! A second ledger: slow, simple, made from the journal's records alone, and sharing no arithmetic with the book.

use std::collections::BTreeMap;

use fsts_domain::*;
use fsts_engine::*;

/// One order as the records tell it.
#[derive(Debug, Clone)]
pub struct Told {
    pub order: ApprovedOrder,
    pub filled: i64,
    pub amount: i64,
    pub number: Option<OrderNumber>,
    pub ended: bool,
}

/// Everything in plain integers.
#[derive(Debug, Default)]
pub struct Ledger {
    pub cash: i128,
    pub shares: BTreeMap<Symbol, i64>,
    pub slices: BTreeMap<(Symbol, Option<BotId>), i64>,
    pub orders: BTreeMap<u64, Told>,
    pub external: BTreeMap<OrderNumber, (i64, i64)>,
    opened: bool,
}

impl Ledger {
    /// Adds up a whole journal.
    pub fn of(entries: &[Entry]) -> Ledger {
        let mut ledger = Ledger::default();
        entries.iter().for_each(|e| ledger.add(&e.record));
        ledger
    }

    fn add(&mut self, record: &Record) {
        match record {
            Record::AccountOpened { cash, holdings } => {
                self.opened = true;
                self.cash = i128::from(cash.get());
                for (symbol, qty, _) in holdings {
                    self.trade(*symbol, None, (Side::Buy, qty.get()), 0);
                }
            }
            Record::Approved(order) => {
                let told = Told { order: order.clone(), filled: 0, amount: 0, number: None, ended: false };
                assert!(self.orders.insert(order.id.0, told).is_none(), "an id was used twice");
            }
            Record::Acked { id, number, .. } => {
                let bound = |t: &Told| t.number == Some(*number);
                assert!(!self.orders.values().any(bound), "{number} belongs to two orders (I3)");
                self.order(*id).number = Some(*number);
            }
            Record::Filled { id, qty, amount, fee, tax, .. } => {
                let told = self.order(*id);
                assert!(!told.ended, "{id} filled after its end (I8)");
                told.filled += qty.get();
                told.amount += amount.get();
                assert!(told.filled <= told.order.qty.get(), "{id} filled more than ordered (I9)");
                let order = told.order.clone();
                let owner = (order.bot != BotId::MANUAL).then_some(order.bot);
                self.trade(order.symbol, owner, (order.side, qty.get()), amount.get());
                self.cash -= i128::from(fee.get() + tax.get());
            }
            Record::Confirmed { id, amount_delta, .. } => {
                let told = self.order(*id);
                told.amount += amount_delta.get();
                let sign = if told.order.side == Side::Buy { -1 } else { 1 };
                self.cash += sign * i128::from(amount_delta.get());
            }
            Record::ExternalFilled { number, symbol, side, qty, amount, fee, tax } => {
                let seen = self.external.entry(*number).or_default();
                *seen = (seen.0 + qty.get(), seen.1 + amount.get());
                if self.opened {
                    self.trade(*symbol, None, (*side, qty.get()), amount.get());
                    self.cash -= i128::from(fee.get() + tax.get());
                }
            }
            Record::Adjusted { amount, .. } => self.cash += i128::from(amount.get()),
            Record::Closed { id, .. } | Record::Refused { id, .. } | Record::Withdrawn { id, .. } => {
                let told = self.order(*id);
                assert!(!told.ended, "{id} ended twice");
                told.ended = true;
            }
            Record::RunStarted { .. }
            | Record::DayOpened { .. }
            | Record::Ambiguous { .. }
            | Record::Presumed { .. }
            | Record::Disputed { .. }
            | Record::CancelRequested { .. }
            | Record::ExternalOrder { .. }
            | Record::Halted { .. }
            | Record::Resumed
            | Record::Frozen { .. }
            | Record::Unfrozen { .. }
            | Record::BotSet { .. }
            | Record::BotSwitched { .. }
            | Record::BotMade(_)
            | Record::BotDeleted { .. }
            | Record::DailyRun { .. }
            | Record::Requested { .. }
            | Record::DayClosed { .. } => {}
        }
    }

    fn order(&mut self, id: IntentId) -> &mut Told {
        self.orders.get_mut(&id.0).expect("records name orders that were approved")
    }

    fn trade(&mut self, symbol: Symbol, owner: Option<BotId>, (side, qty): (Side, i64), amount: i64) {
        let sign = if side == Side::Buy { 1 } else { -1 };
        self.cash -= sign as i128 * i128::from(amount);
        *self.shares.entry(symbol).or_default() += sign * qty;
        assert!(self.shares[&symbol] >= 0, "{symbol} fell below zero (I6)");
        let own = self.slices.entry((symbol, owner)).or_default();
        let taken = if side == Side::Buy { -qty } else { qty.min(*own) };
        *own -= taken;
        if side == Side::Sell {
            self.take_from_others(symbol, qty - taken);
        }
    }

    /// What the owner does not have comes out of External, then of the bots by name.
    fn take_from_others(&mut self, symbol: Symbol, mut left: i64) {
        for ((s, _), held) in &mut self.slices {
            if *s == symbol {
                let part = left.min(*held);
                *held -= part;
                left -= part;
            }
        }
        assert_eq!(left, 0);
    }

    /// What the book must agree with, to the won and the share.
    pub fn check(&self, book: &Book) {
        assert_eq!(i128::from(book.cash().get()), self.cash, "cash (I5)");
        for line in book.lines() {
            let shares = self.shares.get(&line.symbol).copied().unwrap_or_default();
            assert_eq!(line.total.qty.get(), shares, "shares of {} (I6)", line.symbol);
            for slice in &line.slices {
                let own = self.slices.get(&(line.symbol, slice.bot)).copied().unwrap_or_default();
                assert_eq!(slice.position.qty.get(), own, "slice {:?} of {}", slice.bot, line.symbol);
            }
        }
        self.check_reservations(book);
    }

    /// I7: what is set aside is the worst case of what can still fill, and no more.
    fn check_reservations(&self, book: &Book) {
        let open = self.orders.values().filter(|t| !t.ended && t.filled < t.order.qty.get());
        let (mut cash, mut shares) = (0i128, BTreeMap::<Symbol, i64>::new());
        for told in open {
            let (qty, left) = (told.order.qty.get(), told.order.qty.get() - told.filled);
            match told.order.side {
                Side::Buy => cash += i128::from(told.order.reserved.get()) * i128::from(left) / i128::from(qty),
                Side::Sell => *shares.entry(told.order.symbol).or_default() += left,
            }
        }
        assert_eq!(i128::from(book.reserved().get()), cash, "reserved cash (I7)");
        let only_ours = self.external.is_empty();
        assert!(book.reserved() <= book.cash() || !only_ours, "more cash is reserved than there is (I7)");
        for line in book.lines() {
            let reserved = shares.get(&line.symbol).copied().unwrap_or_default();
            assert_eq!(line.reserved_qty.get(), reserved, "reserved shares of {} (I7)", line.symbol);
            assert!(line.reserved_qty <= line.total.qty, "more of {} is reserved than held (I7)", line.symbol);
        }
    }
}
