//! From the journal and today's tape to an engine that goes on where the last run stopped.

use fsts_domain::{Timestamp, TradingDay};
use fsts_engine::{
    BotDefinition, ConfigError, Effects, Engine, EngineConfig, Entry, Event, EventKind, Interval, Strategy,
};
use fsts_store::{Store, StoreError};
use fsts_strategies::{Params, StrategyError};

use crate::runtime::quotes::Quotes;
use crate::runtime::tape::{TapeLine, read_lines, tape_folder};
use crate::runtime::{BotPlan, Plan};

/// A strategy of any kind.
pub type AnyStrategy = Box<dyn Strategy + Send>;

/// Why a run can't be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The journal can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A strategy can't be built.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// Bots and universe don't fit.
    #[error(transparent)]
    Engine(#[from] ConfigError),
}

/// Settings of the engine of a plan.
pub fn engine_config(plan: &Plan) -> EngineConfig {
    EngineConfig {
        limits: plan.limits,
        timers: plan.timers,
        auto_release: plan.auto_release,
        decision_log: plan.decision_log,
        ..EngineConfig::connected(plan.universe.clone())
    }
}

/// The engine of a plan with an empty book.
///
/// # Errors
/// [`RecoveryError`] when strategies, bots and universe don't fit together.
pub fn fresh_engine(plan: &Plan) -> Result<Engine<AnyStrategy>, RecoveryError> {
    let make =
        |bot: &BotPlan| Ok((bot.config.clone(), fsts_strategies::build(&bot.strategy, &bot.params, bot.interval)?));
    let bots = plan.bots.iter().map(make).collect::<Result<Vec<_>, StrategyError>>()?;
    let mut engine = Engine::new(engine_config(plan), plan.rulebook.clone(), bots)?;
    engine.set_strategy_maker(Box::new(strategy));
    Ok(engine)
}

/// The strategy of a bot that is made at run time.
fn strategy(definition: &BotDefinition) -> Result<AnyStrategy, String> {
    let params = Params(definition.params.clone());
    fsts_strategies::build(&definition.strategy, &params, Interval::Minute).map_err(|e| e.to_string())
}

/// The engine with the books of its stream.
///
/// # Errors
/// [`RecoveryError`] when the journal can't be read.
pub async fn recover(plan: &Plan, store: &Store) -> Result<Engine<AnyStrategy>, RecoveryError> {
    let mut engine = fresh_engine(plan)?;
    if let Some(book) = store.latest_checkpoint(&plan.stream).await? {
        engine.restore(book);
    }
    let records = store.read_from(&plan.stream, engine.book().last_seq()).await?;
    let entries: Vec<Entry> = records.iter().map(fsts_store::StoredRecord::entry).collect::<Result<_, _>>()?;
    engine.replay(&entries);
    engine.raise_bots()?;
    Ok(engine)
}

/// Shows strategies and bars today's market again, from the tape; nothing is decided and nothing is sent.
///
/// Returns how many events were shown. A missing or cut tape only means that strategies warm up anew.
pub fn warm_from_tape(plan: &Plan, engine: &mut Engine<AnyStrategy>, day: TradingDay, quotes: &Quotes) -> usize {
    let folder = tape_folder(&plan.data_dir, &plan.stream);
    let Ok(lines) = read_lines(&folder, day) else { return 0 };
    engine.warm(true);
    let mut fx = Effects::default();
    let mut shown = 0;
    for line in &lines {
        let Ok(TapeLine::Event(event)) = serde_json::from_str::<TapeLine<'_>>(line) else { continue };
        if !is_market(&event) {
            continue;
        }
        engine.step(&event, &mut fx);
        shown += 1;
        for bar in &fx.bars {
            let symbol = engine.instruments().get(bar.symbol as usize).map(|i| i.symbol);
            symbol.into_iter().for_each(|s| quotes.remember(s, bar.start, &bar.bar));
        }
        fx.clear();
    }
    engine.warm(false);
    shown
}

/// True for what the market says, as against what broker, journal and people say.
pub fn is_market(event: &Event<'_>) -> bool {
    matches!(event.kind, EventKind::Trade { .. } | EventKind::Quote { .. } | EventKind::Clock | EventKind::Base { .. })
}

/// The trading day of an instant, when the market opens on it.
pub fn trading_day(plan: &Plan, now: Timestamp) -> Option<TradingDay> {
    let day = now.kst_day();
    plan.rulebook.calendar().is_open(day).then_some(day)
}
