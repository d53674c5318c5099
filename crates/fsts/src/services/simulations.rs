//! Simulation jobs: wishes in, reports out, on threads of their own.
//!
//! A wish is checked, kept in the database and queued; a worker thread folds it with the runner of `fsts backtest`, so
//! that its figures are those of the command to the last won. A job that the program's end cuts is run again from its
//! start; one that was cut three times fails, because it may be what ends the program.

mod bars;
mod bench;
mod changes;
mod id;
mod report;
mod trial;
mod wide;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use fsts_domain::{Symbol, TradingDay};
use fsts_server::Desk;
use fsts_server::simulations::{SimulationKind, SimulationWish, Simulations};

pub use bars::Bars;
pub use bench::Bench;
pub use trial::{Terms, exits};

use super::Ground;
use super::lake::LakeDoor;
use crate::exit::Failure;
use crate::messages::simulations as say;

/// Worker threads when none are set.
const WORKERS: usize = 1;

/// Where bars come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BarsFrom {
    /// Nowhere: simulations are refused.
    #[default]
    Nowhere,
    /// A file or a folder.
    Files(PathBuf),
    /// The bars at rest.
    Lake(LakeDoor),
    /// A year of daily bars of the demo's companies, before a day.
    Generated {
        /// Seed of the demo's market.
        seed: u64,
        /// The demo's first day.
        before: TradingDay,
    },
}

/// What a symbol master says of an instrument beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Market or kind.
    pub market: Option<&'static str>,
    /// Industry.
    pub industry: Option<String>,
    /// Themes.
    pub themes: Vec<String>,
}

/// A symbol master's listings.
pub type Listings = BTreeMap<Symbol, Listing>;

/// How simulations are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationSettings {
    /// Their bars.
    pub from: BarsFrom,
    /// Sets of symbols by name.
    pub sets: BTreeMap<String, Vec<Symbol>>,
    /// How many run at once.
    pub workers: usize,
    /// Queue one at the start, once for each database.
    pub example: bool,
    /// What the symbol master says.
    pub listings: Listings,
}

impl Default for SimulationSettings {
    fn default() -> Self {
        SimulationSettings {
            from: BarsFrom::default(),
            sets: BTreeMap::new(),
            workers: WORKERS,
            example: false,
            listings: Listings::new(),
        }
    }
}

/// Starts the workers, and takes up what an earlier run has left.
///
/// # Errors
/// A [`Failure`] when the jobs can't be read or a thread can't be started.
pub async fn start(ground: &Ground) -> Result<Arc<Bench>, Failure> {
    let settings = &ground.settings.simulations;
    let desk = Arc::clone(&ground.desk);
    let bars = Bars::new(settings.from.clone(), settings.sets.clone())
        .named(ground.desk.snapshot().names.as_ref().clone())
        .listed(settings.listings.clone())
        .with_quotes(Arc::new(move |symbol| desk.quote(symbol)));
    let bench = Bench::new(ground.store.clone(), ground.stream.clone(), bars);
    let failed = |e: &dyn std::fmt::Display| Failure::failed(say::no_workers(&e.to_string()));
    let bench = Arc::new(bench);
    bench.take_up().await.map_err(|e| failed(&e))?;
    bench.spawn(settings.workers).map_err(|e| failed(&e))?;
    if settings.example {
        // The key is the same at every start: one example for each database.
        if let Err(error) = bench.submit("example".to_owned(), example()).await {
            tracing::warn!(%error, "the example simulation could not be queued");
        }
    }
    Ok(bench)
}

/// All symbols under the rule that trades most on daily bars.
fn example() -> SimulationWish {
    SimulationWish {
        kind: SimulationKind::Bulk,
        strategy: "sma_cross".to_owned(),
        params: BTreeMap::from([("fast".to_owned(), 5.0), ("slow".to_owned(), 20.0)]),
        symbols: vec!["all".to_owned()],
        from: None,
        to: None,
        cash: 10_000_000,
        size: Some("won:1000000".to_owned()),
        style: None,
        rules: None,
        price_kind: None,
        interval: None,
        stop_loss: None,
        take_profit: None,
        add_to_holding: None,
    }
}
