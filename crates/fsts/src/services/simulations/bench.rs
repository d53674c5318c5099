//! The queue, the threads that empty it, and the port of the server in front of both.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use fsts_server::simulations::{
    PriceChangeView, SimulationError, SimulationFailure, SimulationKind, SimulationRecord, SimulationReportView,
    SimulationState, SimulationWish, Simulations, StrategyParamView, StrategyView,
};
use fsts_store::{Kept, NewSimulation, SimulationEnd, SimulationRow, Store, StoreError};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::bars::{self, Bars, Wanted};
use super::trial::{Cut, Progress, Trial};
use super::{changes, id, report};
use crate::clock::real_now;
use crate::messages::{Text, simulations as say};

/// Simulations that may wait.
pub const QUEUED_MAX: usize = 16;
/// Most workers: cores are for what trades.
const WORKERS_MAX: usize = 4;
/// Times that a job may be begun: one that ends the program each time must not do so for ever.
const ATTEMPTS_MAX: u64 = 3;
/// Largest result that is kept.
const RESULT_MAX: usize = 64 * 1024 * 1024;

/// A job with its wish.
struct Job {
    id: String,
    wish: SimulationWish,
}

/// What waits and what runs.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    /// Places given to wishes that are being written to the database.
    promised: usize,
    running: Vec<(String, Arc<Progress>)>,
    stopping: bool,
}

/// Simulations over one database and one source of bars. Clones share them.
#[derive(Clone)]
pub struct Bench {
    store: Store,
    stream: Arc<str>,
    bars: Arc<Bars>,
    queue: Arc<(Mutex<Queue>, Condvar)>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// Bars are read for one list of price changes at a time.
    reading: Arc<Semaphore>,
}

/// Why a run gave no report.
enum Miss {
    Cut(Cut),
    Failed(&'static str, Text),
}

impl Bench {
    /// A bench without workers.
    pub fn new(store: Store, stream: String, bars: Bars) -> Bench {
        Bench {
            store,
            stream: stream.into(),
            bars: Arc::new(bars),
            queue: Arc::default(),
            threads: Arc::default(),
            reading: Arc::new(Semaphore::new(1)),
        }
    }

    /// Queues what an earlier run has left; what was cut too often fails.
    ///
    /// # Errors
    /// [`StoreError`] when the jobs can't be read.
    pub async fn take_up(&self) -> Result<(), StoreError> {
        for row in self.store.open_simulations(&self.stream).await? {
            let wish = serde_json::from_str::<SimulationWish>(&row.wish);
            match wish {
                Ok(wish) if row.attempts < ATTEMPTS_MAX => {
                    tracing::info!(id = row.id, attempts = row.attempts, "a simulation of an earlier run is taken up");
                    self.lock().waiting.push_back(Job { id: row.id, wish });
                }
                Ok(_) => self.end(&row.id, (0, 0), Err(("cut_too_often", say::cut_too_often(row.attempts)))).await?,
                Err(error) => {
                    let text = say::unreadable_wish(&error.to_string());
                    self.end(&row.id, (0, 0), Err(("unreadable_wish", text))).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends the jobs of the stream that nobody runs any more.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn abandon(&self) -> Result<(), StoreError> {
        for row in self.store.open_simulations(&self.stream).await? {
            self.end(&row.id, (0, 0), Err(("cut", say::cut()))).await?;
        }
        Ok(())
    }

    /// Starts workers.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(&self, workers: usize) -> std::io::Result<()> {
        for n in 0..workers.clamp(1, WORKERS_MAX) {
            let (bench, tasks) = (self.clone(), Handle::current());
            let thread = std::thread::Builder::new().name(format!("simulation-{n}"));
            let thread = thread.spawn(move || {
                while let Some((job, progress)) = bench.next() {
                    bench.work(&job, &progress, &tasks);
                }
            })?;
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(())
    }

    /// Ends the workers; what runs goes back to the queue of the database.
    pub async fn stop(&self) {
        {
            let mut queue = self.lock();
            queue.stopping = true;
            queue.running.iter().for_each(|(_, progress)| progress.stop());
        }
        self.queue.1.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // A worker that reads files ends after them; a panic of one was reported.
        let _ = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|t| drop(t.join()))).await;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Every change of the queue is whole, so a panic elsewhere leaves it usable.
        self.queue.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, when there is one; `None` when the program ends.
    fn next(&self) -> Option<(Job, Arc<Progress>)> {
        let mut queue = self.lock();
        loop {
            if queue.stopping {
                return None;
            }
            if let Some(job) = queue.waiting.pop_front() {
                let progress = Arc::new(Progress::default());
                queue.running.push((job.id.clone(), Arc::clone(&progress)));
                return Some((job, progress));
            }
            queue = self.queue.1.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self, job: &Job, progress: &Progress, tasks: &Handle) {
        let done = self.run(job, progress, tasks);
        self.lock().running.retain(|(id, _)| *id != job.id);
        if let Err(error) = done {
            // The row stands as running, and the next start takes it up.
            tracing::error!(%error, id = job.id, "the end of a simulation could not be written");
        }
    }

    fn run(&self, job: &Job, progress: &Progress, tasks: &Handle) -> Result<(), StoreError> {
        if !tasks.block_on(self.store.begin_simulation(&job.id, real_now()))? {
            return Ok(());
        }
        let found = catch_unwind(AssertUnwindSafe(|| self.fold(&job.wish, progress)));
        let found = found.unwrap_or_else(|_| Err(Miss::Failed("internal", say::panicked())));
        match found {
            Ok(report) => tasks.block_on(self.end(&job.id, progress.days(), Ok(Some(report)))),
            Err(Miss::Cut(Cut::Stopped)) => tasks.block_on(self.store.requeue_simulation(&job.id)),
            Err(Miss::Cut(Cut::Cancelled)) => tasks.block_on(self.end(&job.id, progress.days(), Ok(None))),
            Err(Miss::Failed(code, text)) => tasks.block_on(self.end(&job.id, progress.days(), Err((code, text)))),
        }
    }

    /// A wish to its report, on the calling thread.
    fn fold(&self, wish: &SimulationWish, progress: &Progress) -> Result<SimulationReportView, Miss> {
        let refused = |error: SimulationError| Miss::Failed("refused", say::refused(&error.to_string()));
        let trial = Trial::of(wish).map_err(refused)?;
        let wanted = self.bars.wanted(&wish.symbols).map_err(refused)?;
        let loaded = self.bars.load(wish, &wanted).map_err(|e| Miss::Failed("no_data", say::load(&e)))?;
        let (data, failed) = loaded;
        if let Some(wrong) = other_interval(wish, &data) {
            return Err(Miss::Failed("other_interval", wrong));
        }
        progress.begin(bars::days_of(&data));
        let folded = trial.fold(&data, progress).map_err(|e| Miss::Failed("no_data", say::setup(&e)))?;
        let report = folded.map_err(Miss::Cut)?;
        crate::cli::identities(&report, &data).map_err(|failure| Miss::Failed("internal", failure.text))?;
        let by_set = wish.kind == SimulationKind::Bulk && wish.symbols.iter().any(|word| word.len() != 6);
        Ok(report::view(&report, &data, failed, wanted == Wanted::All || by_set))
    }

    /// Writes how a job ended: with a report, cancelled (`Ok(None)`), or with a code and its words.
    async fn end(
        &self,
        id: &str,
        (done_days, total_days): (u32, u32),
        ending: Result<Option<SimulationReportView>, (&str, Text)>,
    ) -> Result<(), StoreError> {
        let at = real_now();
        let state = |state: SimulationState| state.name().to_owned();
        let base = SimulationEnd { done_days, total_days, at, ..SimulationEnd::default() };
        let failed = |code: &str, text: Text| SimulationEnd {
            state: state(SimulationState::Failed),
            error: json(&SimulationFailure { code: code.to_owned(), ko: text.ko, en: text.en }),
            ..base.clone()
        };
        let end = match ending {
            Ok(None) => SimulationEnd { state: state(SimulationState::Cancelled), ..base.clone() },
            Err((code, text)) => failed(code, text),
            Ok(Some(report)) => {
                let body = json(&report);
                if body.len() > RESULT_MAX {
                    failed("result_too_large", say::too_large(RESULT_MAX))
                } else {
                    let summary = json(&report::summary(&report));
                    SimulationEnd {
                        state: state(SimulationState::Completed),
                        summary,
                        body: Some(body),
                        ..base.clone()
                    }
                }
            }
        };
        self.store.end_simulation(id, &end).await?;
        Ok(())
    }

    /// A row as a record, with the progress of now.
    fn record(&self, row: SimulationRow) -> Result<SimulationRecord, StoreError> {
        let damaged =
            |what: &str, e: serde_json::Error| StoreError::Damaged { what: format!("simulation {what}: {e}") };
        let running = self.lock().running.iter().find(|(id, _)| *id == row.id).map(|(_, progress)| progress.days());
        let kept = (count(row.done_days), count(row.total_days));
        let (done_days, total_days) = running.filter(|_| row.ended.is_none()).unwrap_or(kept);
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(SimulationRecord {
            wish: serde_json::from_str(&row.wish).map_err(|e| damaged("wish", e))?,
            state: serde_json::from_value(row.state.into()).map_err(|e| damaged("state", e))?,
            attempts: count(row.attempts),
            done_days,
            total_days,
            created: row.created,
            ended: row.ended,
            summary: optional(&row.summary)
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|e| damaged("summary", e))?,
            error: optional(&row.error)
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|e| damaged("error", e))?,
            id: row.id,
        })
    }

    async fn row(&self, id: &str) -> Result<SimulationRow, SimulationError> {
        self.store.simulation(id).await?.ok_or(SimulationError::Unknown)
    }

    async fn take(&self, key: String, wish: SimulationWish) -> Result<String, SimulationError> {
        Trial::of(&wish)?;
        self.bars.wanted(&wish.symbols)?;
        if !self.bars.is_set_up().await {
            return Err(SimulationError::Refused { code: "no_bars_set_up", values: Vec::new() });
        }
        let text = json(&wish);
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        // A repeat is answered even when nothing more may wait.
        match self.store.simulation_of_key(&key).await? {
            Some((id, known)) if known == hash => return Ok(id),
            Some(_) => return Err(SimulationError::KeyReused),
            None => {}
        }
        let place = Place::take(self)?;
        let now = real_now();
        let id = id::new(now).map_err(|e| StoreError::Failed { reason: e.to_string() })?;
        let (stream, created) = (self.stream.to_string(), now);
        let new = NewSimulation { id: id.clone(), stream, key, hash, wish: text, created };
        match self.store.add_simulation(&new).await? {
            Kept::New => {
                place.fill(Job { id: id.clone(), wish });
                Ok(id)
            }
            Kept::Same(id) => Ok(id),
            Kept::OtherWish => Err(SimulationError::KeyReused),
        }
    }

    async fn drop_job(&self, id: &str) -> Result<SimulationRecord, SimulationError> {
        let row = self.row(id).await?;
        let waits = {
            let mut queue = self.lock();
            let before = queue.waiting.len();
            queue.waiting.retain(|job| job.id != id);
            let running = queue.running.iter().find(|(running, _)| running == id);
            running.iter().for_each(|(_, progress)| progress.cancel());
            (queue.waiting.len() < before, running.is_some())
        };
        match waits {
            (true, _) => self.end(id, (0, 0), Ok(None)).await?,
            (false, true) if row.ended.is_none() => {}
            // Nobody here will ever run it: another process's, or one left by it.
            (false, false) if row.ended.is_none() => self.end(id, (0, 0), Ok(None)).await?,
            (false, _) => return Err(SimulationError::WrongState),
        }
        Ok(self.record(self.row(id).await?)?)
    }
}

/// A place in the queue, given back unless it is filled.
struct Place<'b>(&'b Bench);

impl<'b> Place<'b> {
    fn take(bench: &'b Bench) -> Result<Place<'b>, SimulationError> {
        let mut queue = bench.lock();
        if queue.waiting.len() + queue.promised >= QUEUED_MAX {
            return Err(SimulationError::QueueFull { limit: QUEUED_MAX });
        }
        queue.promised += 1;
        Ok(Place(bench))
    }

    fn fill(self, job: Job) {
        self.0.lock().waiting.push_back(job);
        self.0.queue.1.notify_one();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().promised -= 1;
    }
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("invariant: keys are texts and no part fails")
}

fn other_interval(wish: &SimulationWish, data: &fsts_lake::DataSet) -> Option<Text> {
    use fsts_lake::Interval;
    use fsts_server::simulations::IntervalWord;
    let found = match data.interval {
        Interval::Day => IntervalWord::Day,
        Interval::Minute => IntervalWord::Minute,
    };
    // Weeks and months are made of days, and of nothing else.
    let asked = match wish.interval? {
        IntervalWord::Week | IntervalWord::Month => IntervalWord::Day,
        same => same,
    };
    (asked != found).then(|| say::other_interval(found == IntervalWord::Day))
}

impl Simulations for Bench {
    fn submit(&self, key: String, wish: SimulationWish) -> BoxFuture<'_, Result<String, SimulationError>> {
        Box::pin(self.take(key, wish))
    }

    fn list(
        &self,
        limit: u32,
        before: Option<String>,
    ) -> BoxFuture<'_, Result<Vec<SimulationRecord>, SimulationError>> {
        Box::pin(async move {
            let rows = self.store.simulations(limit, before.as_deref()).await?;
            rows.into_iter().map(|row| Ok(self.record(row)?)).collect()
        })
    }

    fn find(&self, id: String) -> BoxFuture<'_, Result<SimulationRecord, SimulationError>> {
        Box::pin(async move { Ok(self.record(self.row(&id).await?)?) })
    }

    fn report(&self, id: String) -> BoxFuture<'_, Result<Option<SimulationReportView>, SimulationError>> {
        Box::pin(async move {
            let Some(body) = self.store.simulation_result(&id).await? else { return Ok(None) };
            let damaged = |e: serde_json::Error| StoreError::Damaged { what: format!("simulation result: {e}") };
            Ok(Some(serde_json::from_str(&body).map_err(damaged)?))
        })
    }

    fn cancel(&self, id: String) -> BoxFuture<'_, Result<SimulationRecord, SimulationError>> {
        Box::pin(async move { self.drop_job(&id).await })
    }

    fn delete(&self, id: String) -> BoxFuture<'_, Result<(), SimulationError>> {
        Box::pin(async move {
            self.row(&id).await?;
            if self.store.delete_simulation(&id).await? { Ok(()) } else { Err(SimulationError::WrongState) }
        })
    }

    fn strategies(&self) -> Vec<StrategyView> {
        let param = |p: &fsts_strategies::Parameter| StrategyParamView {
            name: p.name.to_owned(),
            ko: p.ko.to_owned(),
            en: p.en.to_owned(),
            default: p.default,
            min: p.min,
            max: p.max,
            integer: p.integer,
        };
        let strategy = |entry: &fsts_strategies::CatalogueEntry| StrategyView {
            id: entry.id.to_owned(),
            name_ko: entry.name_ko.to_owned(),
            name_en: entry.name_en.to_owned(),
            about_ko: entry.about_ko.to_owned(),
            about_en: entry.about_en.to_owned(),
            params: entry.parameters.iter().map(param).collect(),
        };
        fsts_strategies::CATALOGUE.iter().map(strategy).collect()
    }

    fn price_changes(&self, symbols: Vec<String>) -> BoxFuture<'_, Result<Vec<PriceChangeView>, SimulationError>> {
        Box::pin(async move {
            let wanted = self.bars.wanted(&symbols)?;
            let closed = |e: tokio::sync::AcquireError| StoreError::Failed { reason: e.to_string() };
            let _one_at_a_time = self.reading.acquire().await.map_err(closed)?;
            let bars = Arc::clone(&self.bars);
            let read = tokio::task::spawn_blocking(move || changes::of(&bars, &wanted)).await;
            let failed = |reason: String| SimulationError::Refused {
                code: "price_changes_failed",
                values: vec![("reason", reason)],
            };
            read.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
        })
    }
}
