//! The engine's state and how it is made; what it does begins in [`step`](crate::step).

use std::collections::{BTreeMap, VecDeque};

use fsts_domain::{BotId, IntentId, OrderNumber, Price, Qty, Symbol, Timestamp, TradingDay, Won};
use fsts_krx::{DayRules, Instrument, PriceBand, RuleBook, SessionPart};

use crate::book::Book;
use crate::bots::{Recent, StrategyMaker, make_bot};
use crate::config::{BotConfig, Context, EngineConfig};
use crate::effect::{DecisionLine, Effects};
use crate::event::{SymbolBar, SymbolIx};
use crate::intent::{CancelIntent, Intent, Purpose, RiskApproved};
use crate::port::{AccountReport, Notice};
use crate::record::{Entry, Record};
use crate::risk::OrderRate;
use crate::strategy::{BarView, Decision, Needs, Strategy, Target};
use crate::views::Views;

/// Why an engine could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Two bots of one name.
    #[error("two bots are called `{0}`")]
    DuplicateBot(BotId),
    /// A bot wants a symbol that is not in the universe.
    #[error("bot `{bot}` wants {symbol}, which is not in the universe")]
    UnknownSymbol {
        /// The bot.
        bot: BotId,
        /// The symbol.
        symbol: Symbol,
    },
    /// A symbol twice in the universe.
    #[error("{0} is twice in the universe")]
    DuplicateSymbol(Symbol),
    /// A bot that was made at run time has no strategy any more.
    #[error("bot `{bot}`: {reason}")]
    Strategy {
        /// The bot.
        bot: BotId,
        /// What does not fit.
        reason: String,
    },
    /// A name that is taken.
    #[error("the bot name `manual` is reserved for orders by hand")]
    ReservedBot,
}

/// A strategy with its symbols and its money.
pub(crate) struct Bot<S> {
    pub config: BotConfig,
    pub needs: Needs,
    pub strategy: S,
    /// Slot of a symbol in the bot's universe.
    pub slots: Vec<Option<u32>>,
    /// Symbol of a slot.
    pub symbols: Vec<SymbolIx>,
    pub views: Vec<BarView>,
    pub decisions: Vec<Decision>,
    /// Parallel to `decisions`: a protective level asks for it, whatever the strategy said.
    pub protective: Vec<bool>,
    /// Highest close of what is held, by slot; for a level that trails.
    pub peaks: Vec<Option<Price>>,
    /// Slices that its strategy has seen.
    pub seen: u32,
    /// When it decided last, and its word.
    pub last_decision: Option<(Timestamp, &'static str)>,
}

/// A target that waits for a cancel to be confirmed, or for another own order to end (`reliability.md` §4.4, §4.8).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub bot: usize,
    pub symbol: SymbolIx,
    pub target: Target,
    pub purpose: Purpose,
    /// It waits behind an order that it could trade with.
    pub behind: bool,
}

/// A cancel of one of our orders: how often it was asked for, and whether it may be asked for again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CancelWatch {
    pub tries: u32,
    /// First order inquiry that was asked after the cancel's answer.
    pub settled_by: Option<u64>,
    /// Such an inquiry showed a remainder.
    pub remainder_shown: bool,
}

/// Orders and cancels of a batch that is not durable yet.
#[derive(Debug)]
pub(crate) struct PendingBatch {
    pub batch: u64,
    pub recv: Timestamp,
    pub intents: Vec<RiskApproved<Intent>>,
    pub cancels: Vec<RiskApproved<CancelIntent>>,
}

/// When an ambiguous order is next asked for.
#[derive(Debug, Clone)]
pub(crate) struct AmbiguousWatch {
    pub since: Timestamp,
    pub next: Timestamp,
    /// First order inquiry that was asked after the order became unknown; older ones prove nothing.
    pub counts_from: u64,
    pub complete_inquiries: u32,
    pub stream_unbroken: bool,
    /// What the last inquiry found that it could be.
    pub candidates: Vec<OrderNumber>,
}

/// Whether stream and books are in step with the broker. Inquiries are numbered in the order in which they are asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sync {
    pub stream_up: bool,
    /// When the stream came up last.
    pub up_since: Timestamp,
    pub orders_read: bool,
    pub account_read: bool,
    pub orders_asked: bool,
    pub account_asked: bool,
    /// Number of the last order inquiry.
    pub orders_round: u64,
    /// First order inquiry since the stream came up or the day began: only from it on the books count as read.
    pub valid_from: u64,
    /// Next time to ask for orders.
    pub due: Option<Timestamp>,
    pub account_due: Option<Timestamp>,
    /// Inquiries that failed in a row.
    pub failures: u32,
    /// Bookings so far, and how many there were when the account was asked for and last compared.
    pub bookings: u64,
    pub bookings_asked: u64,
    pub bookings_compared: u64,
    /// The account under way was asked for before the stream came up or the day began.
    pub account_outdated: bool,
    /// An account report that waits for an order inquiry to prove that nothing moved meanwhile, and that inquiry.
    pub held: Option<(AccountReport, u64)>,
    /// Cash is to be compared too: at the start, after a gap, on demand and at the day's end.
    pub cash_wanted: bool,
    /// A difference of cash that was seen once.
    pub unexplained: Option<Won>,
}

/// One account's engine: a fold over its events, without clock, I/O, randomness or threads.
pub struct Engine<S> {
    pub(crate) config: EngineConfig,
    pub(crate) rulebook: RuleBook,
    pub(crate) rules: DayRules,
    pub(crate) bots: Vec<Bot<S>>,
    pub(crate) maker: Option<StrategyMaker<S>>,
    pub(crate) recent: Recent,
    pub(crate) book: Book,
    pub(crate) views: Views,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) now: Timestamp,
    pub(crate) recv: Timestamp,
    pub(crate) part: SessionPart,
    pub(crate) rate: OrderRate,
    pub(crate) sync: Sync,
    pub(crate) goals: Vec<Goal>,
    pub(crate) ambiguous: BTreeMap<IntentId, AmbiguousWatch>,
    pub(crate) parked: Vec<Notice>,
    pub(crate) cancels: BTreeMap<IntentId, CancelWatch>,
    /// Orders of which the broker's list knows less than the books, and since when.
    pub(crate) lagging: BTreeMap<IntentId, Timestamp>,
    pub(crate) staged: PendingBatch,
    pub(crate) pending: VecDeque<PendingBatch>,
    pub(crate) next_batch: u64,
    pub(crate) journal_stalled: bool,
    pub(crate) journal_failed: bool,
    pub(crate) holdings_value: Won,
    pub(crate) decision_seq: u64,
    pub(crate) bars: Vec<SymbolBar>,
    pub(crate) lines: Vec<DecisionLine>,
    pub(crate) warming: bool,
}

impl<S: Strategy> Engine<S> {
    /// An engine over an empty book.
    ///
    /// # Errors
    /// [`ConfigError`] when bots and universe don't fit together.
    pub fn new(config: EngineConfig, rulebook: RuleBook, bots: Vec<(BotConfig, S)>) -> Result<Self, ConfigError> {
        let symbols: Vec<Symbol> = config.universe.iter().map(|i| i.symbol).collect();
        let mut sorted = symbols.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|w| w.first() == w.last()).and_then(|w| w.first()) {
            return Err(ConfigError::DuplicateSymbol(*twice));
        }
        let book = Book::new(&symbols);
        let mut made: Vec<Bot<S>> = Vec::with_capacity(bots.len());
        for (bot, strategy) in bots {
            if made.iter().any(|b| b.config.id == bot.id) {
                return Err(ConfigError::DuplicateBot(bot.id));
            }
            made.push(make_bot(&book, bot, strategy)?);
        }
        let views = Views::new(config.universe.iter().map(|i| i.market), config.bar_grace_ns);
        let day = TradingDay::default();
        Ok(Engine {
            rules: rulebook.on(day),
            instruments: config.universe.clone(),
            views,
            book,
            bots: made,
            maker: None,
            recent: Recent::default(),
            rulebook,
            now: Timestamp::default(),
            recv: Timestamp::default(),
            part: SessionPart::Closed,
            rate: OrderRate::default(),
            sync: Sync::default(),
            goals: Vec::new(),
            ambiguous: BTreeMap::new(),
            parked: Vec::new(),
            cancels: BTreeMap::new(),
            lagging: BTreeMap::new(),
            staged: PendingBatch { batch: 0, recv: Timestamp::default(), intents: Vec::new(), cancels: Vec::new() },
            pending: VecDeque::new(),
            next_batch: 1,
            journal_stalled: false,
            journal_failed: false,
            holdings_value: Won::ZERO,
            decision_seq: 0,
            bars: Vec::new(),
            lines: Vec::new(),
            warming: false,
            config,
        })
    }

    /// Goes on from a checkpoint; to be called before [`replay`](Self::replay).
    pub fn restore(&mut self, book: Book) {
        let symbols: Vec<Symbol> = self.config.universe.iter().map(|i| i.symbol).collect();
        self.book = book.reindexed(&symbols);
        self.learn_symbols();
    }

    /// Replays journaled records; to be called before the first event.
    pub fn replay<'e>(&mut self, entries: impl IntoIterator<Item = &'e Entry>) {
        for entry in entries {
            self.book.apply(entry);
            self.learn_symbols();
        }
    }

    /// Starts a run after [`replay`](Self::replay): whatever was being sent when the process died is ambiguous now.
    pub fn start(&mut self, run_id: String, build: String, at: Timestamp, fx: &mut Effects) {
        self.now = at;
        self.rules = self.rulebook.on(at.kst_day());
        self.part = self.rulebook.part_at(at);
        self.revalue();
        self.emit(Record::RunStarted { run_id, build }, fx);
        let unresolved: Vec<(IntentId, bool)> = self
            .book
            .open_orders()
            .iter()
            .filter(|o| o.number.is_none())
            .map(|o| (o.id, o.state.is_unresolved()))
            .collect();
        for (id, known) in unresolved {
            if !known {
                self.emit(Record::Ambiguous { id, reason: "the process ended before an answer".to_owned() }, fx);
            }
            self.watch_ambiguous(id, false);
        }
        // Real time comes in with the first event; until then nobody knows how long the journal has been silent.
        self.recv = Timestamp::default();
        self.seal(fx);
    }

    /// Real time, as the event tells it.
    pub(crate) fn hear(&mut self, recv: Timestamp) {
        if self.recv == Timestamp::default() {
            self.pending.iter_mut().filter(|p| p.recv == Timestamp::default()).for_each(|p| p.recv = recv);
        }
        self.recv = self.recv.max(recv);
    }

    /// The account's book.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Cash plus holdings at their last prices.
    #[inline]
    pub fn equity(&self) -> Won {
        self.book.cash + self.holdings_value
    }

    /// Holdings at their last prices.
    pub fn holdings_value(&self) -> Won {
        self.holdings_value
    }

    /// Market time of the last event.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Part of the session at the last event.
    pub fn session_part(&self) -> SessionPart {
        self.part
    }

    /// All instruments, by index.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// Last price of a symbol and when it was seen.
    pub fn last_price(&self, symbol: SymbolIx) -> Option<(Price, Timestamp)> {
        self.views.get(symbol).and_then(|v| v.last.map(|p| (p, v.last_at)))
    }

    /// The rules of the current day.
    pub fn day_rules(&self) -> &DayRules {
        &self.rules
    }

    /// The day's price limits of a symbol.
    pub fn price_band(&self, symbol: SymbolIx) -> Option<PriceBand> {
        let view = self.views.get(symbol)?;
        self.rules.band(view.market, view.base?)
    }

    /// True when a symbol takes no opening order.
    pub fn is_frozen(&self, symbol: SymbolIx) -> bool {
        crate::risk::is_frozen(&self.book, symbol)
    }

    /// Why no order may leave now; empty when ready.
    pub fn not_ready(&self) -> Vec<&'static str> {
        if self.config.context == Context::Simulated {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        let mut need = |holds: bool, code| {
            if !holds {
                reasons.push(code);
            }
        };
        need(!self.journal_failed, "journal_failed");
        need(!self.journal_stalled, "journal_stalled");
        need(self.sync.stream_up, "stream_down");
        need(self.sync.orders_read && self.sync.account_read, "reconciling");
        reasons
    }

    /// Journal batches and order replies that are still outstanding.
    pub fn in_flight(&self) -> usize {
        let unanswered = |o: &&crate::LiveOrder| o.number.is_none() && !o.state.is_unresolved();
        let inquiries = usize::from(self.sync.orders_asked) + usize::from(self.sync.account_asked);
        let cancels = self.cancels.values().filter(|c| c.tries > 0 && c.settled_by.is_none()).count();
        let orders = self.book.open_orders().iter().filter(unanswered).count();
        self.pending.len() + orders + cancels + inquiries
    }

    /// Feeds market events of a recovered tape: views and strategies move, nothing is decided.
    pub fn warm(&mut self, warming: bool) {
        self.warming = warming;
    }

    pub(crate) fn ready(&self) -> bool {
        self.config.context == Context::Simulated
            || (self.sync.stream_up && self.sync.orders_read && self.sync.account_read)
    }

    /// Books a record and queues it for the journal.
    pub(crate) fn emit(&mut self, record: Record, fx: &mut Effects) {
        let books = matches!(record, Record::Filled { .. } | Record::Confirmed { .. } | Record::ExternalFilled { .. });
        self.sync.bookings += u64::from(books);
        let entry = Entry { seq: self.book.last_seq + 1, at: self.now, record };
        self.book.apply(&entry);
        fx.entries.push(entry);
        self.learn_symbols();
    }

    /// Ends a step: its records become one batch, its approved orders wait for that batch. Steps that share a buffer
    /// share its batch, since it was not handed over yet.
    pub(crate) fn seal(&mut self, fx: &mut Effects) {
        if fx.entries.is_empty() {
            return;
        }
        if let Some(last) = self.pending.back_mut().filter(|p| Some(p.batch) == fx.batch) {
            last.intents.append(&mut self.staged.intents);
            last.cancels.append(&mut self.staged.cancels);
            return;
        }
        let batch = self.next_batch;
        self.next_batch += 1;
        fx.batch = Some(batch);
        self.staged.batch = batch;
        self.staged.recv = self.recv;
        let empty = PendingBatch { batch: 0, recv: self.recv, intents: Vec::new(), cancels: Vec::new() };
        self.pending.push_back(std::mem::replace(&mut self.staged, empty));
    }

    /// A record may name a symbol outside the universe (a hand-made trade): it gets a view, never a strategy.
    fn learn_symbols(&mut self) {
        for line in self.book.lines.iter().skip(self.views.symbols.len()) {
            let market = fsts_domain::Market::Kospi;
            self.views.symbols.push(crate::views::SymbolView::new(market));
            self.instruments.push(Instrument { symbol: line.symbol, name: line.symbol.to_string(), market });
        }
    }

    /// Value of what is held, from scratch.
    pub(crate) fn revalue(&mut self) {
        let value = |(ix, line): (usize, &crate::Line)| {
            let price = self.views.get(ix as SymbolIx).and_then(|v| v.last);
            price.map_or(line.total.cost, |p| p * line.total.qty)
        };
        self.holdings_value = self.book.lines.iter().enumerate().map(value).sum();
    }

    pub(crate) fn held(&self, bot: usize, symbol: SymbolIx) -> Qty {
        self.bots.get(bot).map_or(Qty::ZERO, |b| self.book.line(symbol).slice(Some(b.config.id)).qty)
    }
}
