//! The emulator's one state: market, accounts, sessions and time. Everything happens to it in one order.

use std::collections::{BTreeMap, VecDeque};

use fsts_domain::{AccountNo, Price, Qty, Side, Timestamp, TradingDay};
use fsts_krx::{DayRules, RuleBook, SessionPart};
use fsts_sim::{Jitter, Latency};

use crate::account::{Execution, Ledger};
use crate::auth::KeyRing;
use crate::board::{Board, Print};
use crate::clock::Clock;
use crate::config::EmulatorConfig;
use crate::faults::Faults;
use crate::frames::{BookRecord, Depth, Notice, NoticeKind, plain_frame, trade_record};
use crate::limits::RateLimit;
use crate::market::{Happening, Market};
use crate::mint::Mint;
use crate::orders::OrderList;
use crate::persist::Store;
use crate::schedule::Phase;
use crate::streams::{Gate, Registration, Streams};

/// Market time between two book frames of a symbol.
const BOOK_SPACING_NS: i64 = 500_000_000;

/// An account with its money.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) no: AccountNo,
    pub(crate) app_key: String,
    pub(crate) hts_id: String,
    pub(crate) ledger: Ledger,
}

/// When a symbol's book was last sent, and whether it has changed since.
#[derive(Debug, Clone, Copy, Default)]
struct BookFrames {
    sent: Timestamp,
    changed: bool,
}

/// See the module's first line.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) config: EmulatorConfig,
    pub(crate) rules: RuleBook,
    pub(crate) today: DayRules,
    pub(crate) day: TradingDay,
    pub(crate) now: Timestamp,
    pub(crate) clock: Clock,
    pub(crate) board: Board,
    pub(crate) market: Market,
    pub(crate) accounts: Vec<Account>,
    pub(crate) orders: OrderList,
    pub(crate) keys: KeyRing,
    pub(crate) mint: Mint,
    pub(crate) limit: RateLimit,
    pub(crate) streams: Streams,
    pub(crate) faults: Faults,
    /// Transmissions received, by call.
    pub(crate) wire: BTreeMap<String, u64>,
    /// What the rest of the day brings, ascending.
    pub(crate) agenda: VecDeque<(Timestamp, Phase)>,
    /// True when the data to replay have ended.
    pub(crate) done: bool,
    pub(crate) store: Option<Store>,
    pub(crate) lives: u64,
    pub(crate) mark: Timestamp,
    pub(crate) market_saved: Timestamp,
    jitter: Jitter,
    /// Notices on their way, by the time they leave, then by order of origin.
    notices: BTreeMap<(Timestamp, u64), Notice>,
    noticed: u64,
    books: Vec<BookFrames>,
    accounts_dirty: bool,
}

/// What an exchange is put together from; see [`crate::schedule`].
pub(crate) struct Parts {
    pub(crate) config: EmulatorConfig,
    pub(crate) rules: RuleBook,
    pub(crate) day: TradingDay,
    pub(crate) clock: Clock,
    pub(crate) board: Board,
    pub(crate) market: Market,
    pub(crate) accounts: Vec<Account>,
    pub(crate) store: Option<Store>,
    pub(crate) lives: u64,
}

impl Exchange {
    pub(crate) fn assembled(parts: Parts) -> Self {
        let Parts { config, rules, day, clock, board, market, accounts, store, lives } = parts;
        let ms = |ms: u32| i64::from(ms) * 1_000_000;
        Exchange {
            today: rules.on(day),
            day,
            now: clock.reading(),
            mint: Mint::new(config.seed, lives),
            limit: RateLimit::new(config.rest_limit()),
            jitter: Jitter::new(config.seed, ms(config.jitter_ms.0), ms(config.jitter_ms.1)),
            books: vec![BookFrames::default(); config.symbols.len()],
            config,
            rules,
            clock,
            board,
            market,
            accounts,
            orders: OrderList::default(),
            keys: KeyRing::default(),
            streams: Streams::default(),
            faults: Faults::default(),
            wire: BTreeMap::new(),
            agenda: VecDeque::new(),
            done: false,
            store,
            lives,
            mark: Timestamp::default(),
            market_saved: Timestamp::default(),
            notices: BTreeMap::new(),
            noticed: 0,
            accounts_dirty: false,
        }
    }

    /// Marks accounts, orders or tokens as changed: they are saved before anything leaves.
    pub(crate) fn accounts_changed(&mut self) {
        self.accounts_dirty = true;
    }

    /// True once after a change.
    pub(crate) fn take_accounts_dirty(&mut self) -> bool {
        std::mem::take(&mut self.accounts_dirty)
    }

    /// The part of the day that it is: the calendar's, also where prices are unbound.
    pub(crate) fn part(&self) -> SessionPart {
        self.rules.calendar().part_at(self.now)
    }

    pub(crate) fn account(&self, no: AccountNo) -> Option<&Account> {
        self.accounts.iter().find(|account| account.no == no)
    }

    /// Both sides of a symbol's book.
    pub(crate) fn depth(&self, symbol: usize) -> Depth {
        let side = |side| self.market.depth(symbol, side, &self.board, &self.today);
        Depth { asks: side(Side::Sell), bids: side(Side::Buy) }
    }

    /// Takes in what the market did: books fills, fills the board, queues frames and notices.
    pub(crate) fn absorb(&mut self, happenings: &[Happening]) {
        // Records of one symbol and instant go out in one frame, in order.
        let mut records: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for happening in happenings {
            match *happening {
                Happening::Print(print) => self.print(&print, &mut records),
                Happening::Fill { id, qty, price } => self.fill(id, qty, price),
                Happening::Dropped { id } => self.drop_rest(id),
                Happening::Book { symbol } => {
                    if let Some(frames) = self.books.get_mut(symbol) {
                        frames.changed = true;
                    }
                }
            }
        }
        for (symbol, records) in records {
            let code = self.board.get(symbol).symbol;
            // The count field has three digits.
            for some in records.chunks(999) {
                self.streams.publish("H0STCNT0", code.as_str(), &plain_frame("H0STCNT0", some));
            }
        }
        self.publish_books();
    }

    fn print(&mut self, print: &Print, records: &mut BTreeMap<usize, Vec<String>>) {
        self.board.get_mut(print.symbol).trade(print);
        let quote = self.board.get(print.symbol);
        if self.streams.has_listener("H0STCNT0", quote.symbol.as_str()) {
            let record = trade_record(quote, print, &self.depth(print.symbol), self.config.record_width);
            records.entry(print.symbol).or_default().push(record);
        }
    }

    /// Sends the books that changed, each at most twice a second.
    fn publish_books(&mut self) {
        let (now, part) = (self.now, self.part());
        let due = |frames: &BookFrames| frames.changed && now.since(frames.sent) >= BOOK_SPACING_NS;
        let symbols: Vec<usize> = (0..).zip(&self.books).filter(|(_, frames)| due(frames)).map(|(s, _)| s).collect();
        for symbol in symbols {
            if let Some(frames) = self.books.get_mut(symbol) {
                *frames = BookFrames { sent: now, changed: false };
            }
            let quote = self.board.get(symbol);
            if !self.streams.has_listener("H0STASP0", quote.symbol.as_str()) {
                continue;
            }
            let depth = self.depth(symbol);
            let expected = self.market.indicative(symbol);
            let record = BookRecord { quote, depth: &depth, expected, part, at: now };
            let frame = plain_frame("H0STASP0", &[record.cells(self.config.record_width)]);
            let code = quote.symbol;
            self.streams.publish("H0STASP0", code.as_str(), &frame);
        }
    }

    fn fill(&mut self, id: u64, qty: Qty, price: Price) {
        let Some(order) = self.orders.get_mut(id) else { return };
        let Some(symbol) = self.board.index_of(order.symbol) else {
            return;
        };
        let execution = Execution {
            symbol: order.symbol,
            market: self.board.get(symbol).market,
            side: order.side,
            qty,
            price,
            order_before: order.filled_amount,
        };
        let Some(account) = self.accounts.iter_mut().find(|account| account.no == order.account) else {
            return;
        };
        let charge = account.ledger.book(&execution, &self.today, self.config.rounding);
        order.fill(qty, price, charge);
        self.accounts_dirty = true;
        self.notify(id, NoticeKind::Filled { qty, price });
    }

    /// An immediate order found no (further) counterpart.
    fn drop_rest(&mut self, id: u64) {
        let Some(order) = self.orders.get_mut(id) else { return };
        let qty = order.remaining();
        order.cancelled_qty += qty;
        self.accounts_dirty = true;
        self.notify(id, NoticeKind::Dropped { qty });
    }

    /// Puts a notice about one of today's orders on its way.
    pub(crate) fn notify(&mut self, id: u64, kind: NoticeKind) {
        let Some(order) = self.orders.get(id) else { return };
        let Some(account) = self.accounts.iter().find(|account| account.no == order.account) else {
            return;
        };
        let Some(symbol) = self.board.index_of(order.symbol) else {
            return;
        };
        let notice = Notice::about(order, kind, self.board.get(symbol), &account.hts_id, self.now);
        self.noticed += 1;
        let leaves = self.now.plus_ns(self.jitter.delay_ns());
        self.notices.insert((leaves, self.noticed), notice);
    }

    /// When the next notice on its way leaves.
    pub(crate) fn next_notice(&self) -> Option<Timestamp> {
        self.notices.keys().next().map(|(at, _)| *at)
    }

    /// Queues the notices that are due.
    pub(crate) fn release_notices(&mut self) {
        while let Some(entry) = self.notices.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let notice = entry.remove();
            self.streams.notify(&notice, self.config.env, self.config.record_width);
        }
    }

    /// Cancels all that still works at the session's end.
    pub(crate) fn expire_orders(&mut self) {
        let open: Vec<(u64, fsts_domain::Symbol)> = self.orders.open().map(|order| (order.id, order.symbol)).collect();
        for (id, symbol) in open {
            if let Some(symbol) = self.board.index_of(symbol) {
                self.market.cancel(id, symbol);
            }
            if let Some(order) = self.orders.get_mut(id) {
                order.cancelled_qty += order.remaining();
                order.expired = true;
                self.accounts_dirty = true;
            }
        }
    }

    /// Answers a stream registration.
    pub(crate) fn register(&mut self, session: u64, registration: &Registration) {
        let gate = Gate {
            env: self.config.env,
            keys: &self.keys,
            board: &self.board,
            accounts: &self.config.accounts,
            now: self.now,
        };
        self.streams.register(session, registration, &gate);
    }

    /// A number for the header of a reply.
    pub(crate) fn request_id(&mut self) -> String {
        self.mint.hex(32)
    }
}
