//! The engine's own thread: takes inputs one by one, steps, and hands the effects to the world. It waits for nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use fsts_domain::{IntentId, Symbol, Timestamp, TradingDay};
use fsts_engine::{Broker, Command, Condition, Effects, Engine, Entry, Event, EventKind, Record, Reply};
use fsts_kis::StreamEvent;
use fsts_server::picture::Picture;
use fsts_server::{CommandOutcome, FeedMessage, Topic};
use fsts_store::{BarRow, JournalBatch, JournalOutcome, JournalWriter, NewRecord};
use tokio::sync::oneshot;

use crate::clock::real_now;
use crate::runtime::Plan;
use crate::runtime::desk::Board;
use crate::runtime::fault::Place;
use crate::runtime::gateway::Gateway;
use crate::runtime::input::{Input, InputQueue};
use crate::runtime::logbook::Logbook;
use crate::runtime::meters::{METERS, count};
use crate::runtime::picture::{self, Surroundings};
use crate::runtime::quotes::Quotes;
use crate::runtime::recovery::{self, AnyStrategy};
use crate::runtime::scribe::{Page, Scribe};
use crate::stopwatch::Stopwatch;

/// The journal's silence must be noticed also while nothing comes in.
const IDLE: Duration = Duration::from_millis(100);
/// Status, balance and positions go to the feed at most this often (real time).
const STATE_EVERY_NS: i64 = 250_000_000;

/// Where facts go once they are durable.
pub trait Witness: Send {
    /// Records that are durable now.
    fn facts(&self, entries: Arc<[Entry]>);
    /// Trouble with the journal itself.
    fn condition(&self, condition: &Condition, seq: u64);
}

/// A batch on its way to the journal.
struct Underway {
    batch: u64,
    entries: Arc<[Entry]>,
    replies: Vec<(u64, Reply)>,
    since: Stopwatch,
}

/// Everything that the thread owns.
pub struct EngineLoop {
    /// The run.
    pub plan: Plan,
    /// The engine.
    pub engine: Engine<AnyStrategy>,
    /// Its queue.
    pub queue: InputQueue,
    /// The journal.
    pub journal: JournalWriter,
    /// The broker.
    pub gateway: Gateway,
    /// Tape and decision log.
    pub logbook: Logbook,
    /// What screens see.
    pub board: Board,
    /// Quotes and bars.
    pub quotes: Quotes,
    /// Rows for screens.
    pub scribe: Scribe,
    /// Alerts.
    pub witness: Box<dyn Witness>,
    /// Names of instruments.
    pub names: Arc<BTreeMap<Symbol, String>>,
    /// Orders of late.
    pub sheet: Picture,
    /// Everything else that screens see.
    pub around: Surroundings,
    /// Called when a trading day begins, to fetch base prices.
    pub on_day: Box<dyn Fn(TradingDay) + Send>,
    state: State,
}

/// The thread's own bookkeeping.
#[derive(Default)]
struct State {
    fx: Effects,
    seq: u64,
    next_command: u64,
    waiting: BTreeMap<u64, oneshot::Sender<CommandOutcome>>,
    underway: VecDeque<Underway>,
    day: Option<TradingDay>,
    was_regular: bool,
    told_state_at: Timestamp,
    told_losses: u64,
}

/// The parts of a loop; [`EngineLoop::assemble`] adds the bookkeeping.
pub struct Parts {
    /// The run.
    pub plan: Plan,
    /// The engine.
    pub engine: Engine<AnyStrategy>,
    /// Its queue.
    pub queue: InputQueue,
    /// The journal.
    pub journal: JournalWriter,
    /// The broker.
    pub gateway: Gateway,
    /// Tape and decision log.
    pub logbook: Logbook,
    /// What screens see.
    pub board: Board,
    /// Quotes and bars.
    pub quotes: Quotes,
    /// Rows for screens.
    pub scribe: Scribe,
    /// Alerts.
    pub witness: Box<dyn Witness>,
    /// Names of instruments.
    pub names: Arc<BTreeMap<Symbol, String>>,
    /// Called when a trading day begins.
    pub on_day: Box<dyn Fn(TradingDay) + Send>,
}

impl EngineLoop {
    /// Puts the parts together.
    pub fn assemble(parts: Parts) -> Self {
        let name = |s: Symbol| parts.names.get(&s).cloned().unwrap_or_else(|| s.to_string());
        let sheet = Picture::of(parts.engine.book(), name);
        let around = Surroundings { at: parts.engine.now(), ..Default::default() };
        EngineLoop {
            sheet,
            around,
            plan: parts.plan,
            engine: parts.engine,
            queue: parts.queue,
            journal: parts.journal,
            gateway: parts.gateway,
            logbook: parts.logbook,
            board: parts.board,
            quotes: parts.quotes,
            scribe: parts.scribe,
            witness: parts.witness,
            names: parts.names,
            on_day: parts.on_day,
            state: State::default(),
        }
    }

    /// Begins the run: what was being sent when the last one died is ambiguous now.
    pub fn begin(&mut self, run_id: String, digest: &str) {
        let now = self.plan.time.now();
        self.logbook.run(now.kst_day(), &run_id, digest, self.engine.book());
        let build = env!("CARGO_PKG_VERSION").to_owned();
        let mut fx = std::mem::take(&mut self.state.fx);
        self.engine.start(run_id, build, now, &mut fx);
        self.state.fx = fx;
        self.dispatch();
        self.look_at_clock(now);
        self.publish();
    }

    /// Runs until told to stop. The journal writes what is queued before it ends.
    pub fn run(mut self) {
        loop {
            let input = match self.queue.queue.try_recv() {
                Ok(input) => Some(input),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {
                    self.publish();
                    match self.queue.queue.recv_timeout(IDLE) {
                        Ok(input) => Some(input),
                        Err(RecvTimeoutError::Timeout) => None,
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            };
            match input {
                Some(Input::Stop) => break,
                Some(input) => {
                    self.queue.taken();
                    self.take(input);
                }
                None => self.look_at_clock(self.plan.time.now()),
            }
        }
        self.publish();
        self.logbook.end(self.around.at.kst_day());
        self.journal.close();
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Event(at, kind) => match *kind {
                EventKind::Clock => self.look_at_clock(at),
                kind => self.step(at, kind),
            },
            Input::Stream(event) => self.on_stream(*event),
            Input::Journal(outcome) => self.on_journal(outcome),
            Input::Command(command, reply) => self.on_command(command, reply),
            Input::Stop => {}
        }
    }

    /// Market time moved: the day may begin, the session may end.
    fn look_at_clock(&mut self, at: Timestamp) {
        if let Some(day) = recovery::trading_day(&self.plan, at)
            && self.state.day.is_none_or(|d| d < day)
        {
            self.state.day = Some(day);
            self.step(at, EventKind::DayOpened(day));
            (self.on_day)(day);
        }
        self.step(at, EventKind::Clock);
        let regular = self.plan.rulebook.part_at(at).is_regular();
        if std::mem::replace(&mut self.state.was_regular, regular) && !regular {
            // After the close the inquiry is final: read everything once more.
            self.step(at, EventKind::Command { id: 0, command: Command::Reconcile });
        }
    }

    fn on_stream(&mut self, event: StreamEvent) {
        let now = self.plan.time.now();
        match event {
            StreamEvent::Up { .. } => {
                // A changed wish answers `Up` again without a gap; only a new session needs reconciling.
                if !std::mem::replace(&mut self.around.stream_up, true) {
                    self.around.stream_seen = true;
                    count(&METERS.sessions);
                    self.step(now, EventKind::Stream { up: true });
                }
            }
            StreamEvent::Down { reason } => {
                tracing::warn!(%reason, "the stream is down");
                if std::mem::replace(&mut self.around.stream_up, false) {
                    count(&METERS.losses);
                    self.step(now, EventKind::Stream { up: false });
                }
            }
            StreamEvent::Trade(record) => {
                let tick = self.quotes.trade(&record);
                self.board.tell(FeedMessage::new(Topic::Quote, record.at, &tick));
                if let Some(symbol) = self.engine.book().ix(record.symbol) {
                    self.step(record.at, EventKind::Trade { symbol, price: record.price, qty: record.qty });
                }
            }
            StreamEvent::Book(record) => {
                let best = |levels: &[fsts_kis::decode::Level]| levels.first().and_then(|l| l.price);
                self.quotes.book(record.symbol, best(&record.bids), best(&record.asks));
            }
            StreamEvent::Notice(notice) => self.step(now, EventKind::Notice { notice, authoritative: false }),
            StreamEvent::BadFrame { tr_id, error } => {
                count(&METERS.bad_frames);
                tracing::warn!(%tr_id, %error, "a frame was refused");
            }
            StreamEvent::FrameEnd { frames } => {
                self.around.frames = frames;
                self.around.last_frame = Some(now);
            }
        }
    }

    fn on_journal(&mut self, outcome: JournalOutcome) {
        let now = self.plan.time.now();
        match outcome {
            JournalOutcome::Committed { batch, .. } => {
                self.step(now, EventKind::Committed { batch });
                self.committed(batch);
            }
            JournalOutcome::Failed { batch, reason, .. } => {
                count(&METERS.journal_failures);
                tracing::error!(%reason, batch, "the journal failed: nothing is sent until a restart");
                self.step(now, EventKind::CommitFailed { batch, reason });
                self.state.underway.clear();
            }
        }
    }

    /// What a durable batch allows: alerts, rows, and answers to those who asked.
    fn committed(&mut self, batch: u64) {
        while self.state.underway.front().is_some_and(|u| u.batch <= batch) {
            let Some(done) = self.state.underway.pop_front() else { break };
            METERS.journal.note(done.since.elapsed());
            for entry in done.entries.iter() {
                if let (Record::Acked { .. }, Some(fault)) = (&entry.record, &self.plan.fault) {
                    fault.reach(Place::AfterAck);
                }
            }
            self.witness.facts(Arc::clone(&done.entries));
            self.scribe.write(Page::Journal);
            done.replies.into_iter().for_each(|(id, reply)| self.answer(id, reply));
        }
    }

    fn on_command(&mut self, command: Command, reply: oneshot::Sender<CommandOutcome>) {
        self.state.next_command += 1;
        let id = self.state.next_command;
        self.state.waiting.insert(id, reply);
        let now = self.plan.time.now();
        self.step(now, EventKind::Command { id, command });
    }

    fn answer(&mut self, id: u64, reply: Reply) {
        let Some(waiting) = self.state.waiting.remove(&id) else { return };
        let order = match &reply {
            Reply::Placed(intent) => self.sheet.find(*intent).cloned(),
            Reply::Blocked(_) | Reply::KeyReused | Reply::Unfit(_) | Reply::Done | Reply::NotPossible(_) => None,
        };
        self.publish();
        // Whoever asked may have gone away.
        let _ = waiting.send(CommandOutcome { reply, order });
    }

    /// One event, and what it asks of the world.
    fn step(&mut self, at: Timestamp, kind: EventKind<'static>) {
        self.state.seq += 1;
        let event = Event { seq: self.state.seq, at, recv: real_now(), kind };
        self.logbook.event(&event);
        METERS.taped(event.recv);
        self.around.at = self.around.at.max(at);
        let mut fx = std::mem::take(&mut self.state.fx);
        let watch = Stopwatch::start();
        self.engine.step(&event, &mut fx);
        METERS.step.note(watch.elapsed());
        self.state.fx = fx;
        self.dispatch();
    }

    fn dispatch(&mut self) {
        let mut fx = std::mem::take(&mut self.state.fx);
        self.commit(&mut fx);
        fx.submits.drain(..).for_each(|order| self.gateway.submit(order));
        fx.cancels.drain(..).for_each(|cancel| self.gateway.cancel(cancel));
        fx.inquiries.drain(..).for_each(|inquiry| self.gateway.inquire(inquiry));
        fx.decisions.iter().for_each(|line| self.logbook.decision(line));
        for condition in &fx.conditions {
            tracing::error!(?condition, "trouble with the journal");
            self.witness.condition(condition, self.engine.book().last_seq());
        }
        self.keep_bars(&fx);
        fx.clear();
        self.state.fx = fx;
    }

    /// Shows the records to screens and gives them to the journal as one batch.
    fn commit(&mut self, fx: &mut Effects) {
        let replies = std::mem::take(&mut fx.replies);
        let Some(batch) = fx.batch.take() else {
            replies.into_iter().for_each(|(id, reply)| self.answer(id, reply));
            return;
        };
        let entries: Arc<[Entry]> = fx.entries.drain(..).collect();
        for entry in entries.iter() {
            self.show(entry);
        }
        let records = entries.iter().map(NewRecord::of).collect();
        self.state.underway.push_back(Underway { batch, entries, replies, since: Stopwatch::start() });
        if self.journal.append(JournalBatch { batch, records }).is_err() {
            let reason = "the journal's queue is full".to_owned();
            self.step(self.around.at, EventKind::CommitFailed { batch, reason });
        }
    }

    fn show(&mut self, entry: &Entry) {
        if let Some(id) = order_of(&entry.record) {
            self.gateway.lane.follow(id, self.engine.book());
        }
        let names = Arc::clone(&self.names);
        let name = |s: Symbol| names.get(&s).cloned().unwrap_or_else(|| s.to_string());
        let change = self.sheet.note(entry, self.engine.book(), name);
        if let Some(order) = change.order {
            self.board.tell(FeedMessage::new(Topic::Order, entry.at, &order));
        }
        if let Some(fill) = change.fill {
            self.board.tell(FeedMessage::new(Topic::Fill, entry.at, &fill));
        }
        match &entry.record {
            Record::AccountOpened { .. } => self.around.day_start = Some(self.engine.equity()),
            Record::DayOpened { .. } if self.engine.book().is_opened() => {
                self.around.day_start = Some(self.engine.equity());
            }
            _ => {}
        }
        if let Record::Ambiguous { id, .. } = &entry.record
            && let Some(order) = self.sheet.find(*id)
        {
            self.around.frozen_since.insert(order.symbol, entry.at);
        }
        if let Record::Frozen { symbol, .. } = &entry.record {
            self.around.frozen_since.insert(*symbol, entry.at);
        }
    }

    /// Bars that a minute closed: rows for charts.
    fn keep_bars(&mut self, fx: &Effects) {
        let Some(last) = fx.bars.last() else { return };
        let row = |b: &fsts_engine::ClosedBar| {
            let symbol = self.engine.instruments().get(b.symbol as usize)?.symbol;
            Some(BarRow { symbol, start: b.start, bar: b.bar })
        };
        let rows = fx.bars.iter().filter_map(row).collect();
        self.scribe.write(Page::Minute(rows, last.start, self.engine.equity()));
    }

    /// Shows a new picture; states go to the feed a few times a second.
    fn publish(&mut self) {
        let picture = picture::take(&self.plan, &self.engine, &self.sheet, &self.around, &self.names);
        let now = real_now();
        let due = now.since(self.state.told_state_at) >= STATE_EVERY_NS;
        let (status, balance, positions) = (picture.status.clone(), picture.balance, picture.positions.clone());
        let bots = picture.bots.clone();
        self.board.show(picture);
        if due {
            self.tell_losses();
            self.state.told_state_at = now;
            let at = self.around.at;
            self.board.tell(FeedMessage::new(Topic::Status, at, &status));
            self.board.tell(FeedMessage::new(Topic::Balance, at, &balance));
            self.board.tell(FeedMessage::new(Topic::Positions, at, &positions));
            self.board.tell(FeedMessage::new(Topic::Bots, at, &bots));
        }
    }

    /// What was shed or lost under load is counted and said: bars and tape have a hole then, orders never.
    fn tell_losses(&mut self) {
        let losses = self.logbook.lost() + self.gateway.inputs.shed();
        if losses > std::mem::replace(&mut self.state.told_losses, losses) {
            METERS.shed.store(losses, std::sync::atomic::Ordering::Relaxed);
            tracing::warn!(losses, "prices were shed or lines of the tape were lost");
        }
    }
}

/// The order whose state a record changes.
fn order_of(record: &Record) -> Option<IntentId> {
    match record {
        Record::Acked { id, .. }
        | Record::Withdrawn { id, .. }
        | Record::Refused { id, .. }
        | Record::Ambiguous { id, .. }
        | Record::Presumed { id }
        | Record::Disputed { id, .. }
        | Record::Filled { id, .. }
        | Record::Confirmed { id, .. }
        | Record::Closed { id, .. } => Some(*id),
        _ => None,
    }
}
