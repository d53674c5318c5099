//! Starting and stopping a run. Start is always recovery.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use fsts_domain::{Symbol, TradingDay};
use fsts_engine::{Engine, EventKind};
use fsts_kis::{Stream, StreamControl, StreamSettings, Subscription};
use fsts_server::picture::Picture;
use fsts_store::{
    AbortAt, ChainError, Holder, JournalSetup, JournalWriter, Lease, LeaseError, ReadModel, Store, StoreError,
    take_lease,
};
use tokio::runtime::Handle;

use crate::clock::{MarketTime, real_now};
use crate::runtime::Plan;
use crate::runtime::crossing::{Crossing, Lane};
use crate::runtime::desk::{AccountDesk, Board};
use crate::runtime::engine_loop::{EngineLoop, Parts, Witness};
use crate::runtime::gateway::Gateway;
use crate::runtime::input::{Input, Inputs, queue};
use crate::runtime::logbook::{Logbook, plan_digest};
use crate::runtime::picture::{self, Surroundings};
use crate::runtime::quotes::Quotes;
use crate::runtime::recovery::{self, AnyStrategy, RecoveryError};
use crate::runtime::scribe::Scribe;

/// Market time between two clock events when the clock has no signal of its own.
const PULSE_NS: i64 = 200_000_000;
/// Pause between two clock events of a clock that gives signals.
const PULSE_REST: Duration = Duration::from_millis(1);

/// Why a run can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database can't be opened or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process trades the account, or the lock can't be used.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The journal does not verify: nobody trades on it.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Journal, strategies or bots.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The data folder can't be written.
    #[error("the data folder can't be used: {0}")]
    DataDir(#[from] std::io::Error),
    /// A restore into the data folder did not end: nobody trades on a half of the books.
    #[error("a restore into {0} did not end")]
    HalfRestored(String),
    /// More symbols than the broker streams.
    #[error("{0}")]
    TooManySymbols(fsts_kis::TooManySubscriptions),
}

/// A running account.
pub struct Running {
    /// The server's port.
    pub desk: Arc<AccountDesk>,
    inputs: Inputs,
    stream: StreamControl,
    thread: JoinHandle<()>,
    scribe: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Ends the run: what is queued is committed, the lease is given back.
    pub async fn stop(self) {
        self.stream.stop();
        self.inputs.send(Input::Stop);
        let thread = self.thread;
        // A panic of the engine's thread was already reported; the process ends either way.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        drop(self.desk);
        // Only rows for screens are at stake; they are made again from the journal.
        let _ = tokio::time::timeout(Duration::from_secs(3), self.scribe).await;
    }

    /// True when the engine's thread has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Opens the database of a plan.
///
/// # Errors
/// [`StartError::Store`] when it can't be opened or is newer than the program, [`StartError::HalfRestored`].
pub async fn open_store(plan: &Plan) -> Result<Store, StartError> {
    std::fs::create_dir_all(&plan.data_dir)?;
    if plan.data_dir.join(fsts_cloud::INCOMPLETE).exists() {
        return Err(StartError::HalfRestored(plan.data_dir.display().to_string()));
    }
    Ok(Store::open(&plan.target).await?)
}

/// An account whose books are recovered and whose lease is held; nothing has been asked of the broker yet.
pub struct Prepared {
    plan: Plan,
    store: Store,
    run_id: String,
    lease: Lease,
    engine: Engine<AnyStrategy>,
    quotes: Quotes,
    lane: Lane,
}

/// Recovers an account. Its working orders stand in the way of other accounts' from now on.
///
/// # Errors
/// [`StartError`]; then the account stays as it was.
pub async fn prepare(plan: Plan, store: Store, crossing: &Crossing) -> Result<Prepared, StartError> {
    let run_id = run_id();
    let holder = Holder { pid: std::process::id(), host: host(), run_id: run_id.clone(), since: real_now() };
    let lease = take_lease(&store, &plan.stream, holder).await?;
    store.verify(&plan.stream).await?;
    let mut engine = recovery::recover(&plan, &store).await?;
    let quotes = Quotes::default();
    plan.universe.iter().for_each(|i| quotes.name(i.symbol, i.name.clone()));
    remember_bars(&plan, &store, &quotes).await;
    if let Some(day) = recovery::trading_day(&plan, plan.time.now()) {
        let shown = recovery::warm_from_tape(&plan, &mut engine, day, &quotes);
        tracing::info!(shown, %day, "market events of today were shown to the strategies again");
    }
    let lane = crossing.seat(&plan.stream);
    lane.remember(engine.book());
    Ok(Prepared { plan, store, run_id, lease, engine, quotes, lane })
}

/// Starts a prepared account.
///
/// # Errors
/// [`StartError`]; then nothing was sent to the broker.
pub async fn start(prepared: Prepared, witness: Box<dyn Witness>) -> Result<Running, StartError> {
    let Prepared { plan, store, run_id, lease, engine, quotes, lane } = prepared;
    let (inputs, input_queue) = queue();
    lane.open(inputs.clone());
    let journal = start_journal(&plan, lease, &inputs)?;
    let mut model = ReadModel::open(&store, &plan.stream).await?;
    model.catch_up().await?;
    let (scribe, scribe_task) = Scribe::start(store.clone(), plan.stream.clone(), model);
    let (stream, control) = stream(&plan)?;
    let gateway = Gateway {
        tasks: Handle::current(),
        kis: plan.kis.clone(),
        time: plan.time.clone(),
        inputs: inputs.clone(),
        fault: plan.fault.clone(),
        lane,
    };
    let names: BTreeMap<Symbol, String> = plan.universe.iter().map(|i| (i.symbol, i.name.clone())).collect();
    let names = Arc::new(names);
    let first = picture::take(&plan, &engine, &Picture::default(), &Surroundings::default(), &names);
    let board = Board::new(first);
    let digest = plan_digest(&recovery::engine_config(&plan), &plan.bots);
    let parts = Parts {
        engine,
        queue: input_queue,
        journal,
        gateway,
        logbook: Logbook::open(&plan)?,
        board: board.clone(),
        quotes: quotes.clone(),
        scribe,
        witness,
        names,
        on_day: base_prices(&plan, &inputs, &quotes),
        plan: plan.clone(),
    };
    let alive = Arc::new(AtomicBool::new(true));
    let thread = spawn_loop(EngineLoop::assemble(parts), run_id, digest, Alive(Arc::clone(&alive)))?;
    tokio::spawn(run_stream(stream, inputs.clone()));
    tokio::spawn(pulse(plan.time.clone(), inputs.clone(), plan.loopback));
    let desk = AccountDesk {
        board,
        inputs: inputs.clone(),
        time: plan.time.clone(),
        quotes,
        store: store.clone(),
        lake: plan.lake.clone(),
        stream: control.clone(),
        universe: plan.universe.iter().map(|i| i.symbol).collect(),
        watched: Arc::new(Mutex::new(Vec::new())),
        alive,
    };
    Ok(Running { desk: Arc::new(desk), inputs, stream: control, thread, scribe: scribe_task })
}

/// Set as long as the engine's thread runs, however it ends.
struct Alive(Arc<AtomicBool>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn start_journal(plan: &Plan, lease: Lease, inputs: &Inputs) -> Result<JournalWriter, StoreError> {
    let mut setup = JournalSetup::new(plan.target.clone(), lease);
    if let Some(fault) = std::env::var("FSTS_FAULT").ok().and_then(|text| AbortAt::parse(&text)) {
        setup.fault = Arc::new(fault);
    }
    let inputs = inputs.clone();
    JournalWriter::start(setup, move |outcome| {
        inputs.send(Input::Journal(outcome));
    })
}

fn spawn_loop(
    mut engine_loop: EngineLoop,
    run_id: String,
    digest: String,
    alive: Alive,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let _until_the_end = alive;
        engine_loop.begin(run_id, &digest);
        engine_loop.run();
    })
}

fn stream(plan: &Plan) -> Result<(Stream, StreamControl), StartError> {
    let settings = if plan.loopback { StreamSettings::loopback() } else { StreamSettings::default() };
    let (stream, control) = plan.kis.stream(settings);
    let wanted: Vec<Subscription> = plan.universe.iter().map(|i| Subscription::Trades(i.symbol)).collect();
    control.desire(&wanted).map_err(StartError::TooManySymbols)?;
    Ok((stream, control))
}

async fn run_stream(stream: Stream, inputs: Inputs) {
    let end = stream.run(move |event| inputs.stream(event)).await;
    tracing::warn!(?end, "the stream has ended");
}

/// Tells the engine that market time moves, so that bars close and timers run while nothing trades.
async fn pulse(time: MarketTime, inputs: Inputs, followed: bool) {
    let clock = time.clock();
    let step = if followed { 1 } else { PULSE_NS };
    let mut last = clock.now();
    loop {
        clock.wait_until(last.plus_ns(step)).await;
        last = clock.now();
        if !inputs.send(Input::Event(last, Box::new(EventKind::Clock))) {
            return;
        }
        tokio::time::sleep(PULSE_REST).await;
    }
}

/// Asks for the reference prices of a day; without one, limits are unknown and a market buy reserves 30 % more.
fn base_prices(plan: &Plan, inputs: &Inputs, quotes: &Quotes) -> Box<dyn Fn(TradingDay) + Send> {
    let (kis, inputs, quotes, time) = (plan.kis.clone(), inputs.clone(), quotes.clone(), plan.time.clone());
    let universe: Arc<[Symbol]> = plan.universe.iter().map(|i| i.symbol).collect();
    let tasks = Handle::current();
    Box::new(move |day| {
        let (kis, inputs, quotes, time, universe) =
            (kis.clone(), inputs.clone(), quotes.clone(), time.clone(), universe.clone());
        tasks.spawn(async move {
            for (ix, symbol) in universe.iter().enumerate() {
                match kis.price(*symbol).await {
                    Ok(quote) => {
                        let band = quote.lower_limit.zip(quote.upper_limit);
                        let band = band.map(|(lower, upper)| fsts_krx::PriceBand { lower, upper });
                        quotes.base(*symbol, quote.base, band);
                        if let Some(price) = quote.base {
                            inputs.event(time.now(), EventKind::Base { symbol: ix as u32, price });
                        }
                    }
                    Err(error) => tracing::warn!(%error, %symbol, %day, "no reference price"),
                }
            }
        });
    })
}

/// Minute bars of earlier runs, for charts.
async fn remember_bars(plan: &Plan, store: &Store, quotes: &Quotes) {
    const BARS: u32 = 1_000;
    for instrument in &plan.universe {
        if let Ok(rows) = store.bars(instrument.symbol, "1m", BARS).await {
            rows.iter().for_each(|r| quotes.remember(r.symbol, r.start, &r.bar));
        }
    }
}

/// A name for this start of the program.
pub fn run_id() -> String {
    let mut bytes = [0u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness the id is only less unique; the fencing token keeps runs apart.
        bytes = real_now().ns().to_le_bytes();
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn host() -> String {
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
