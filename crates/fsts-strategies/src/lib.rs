//! The trading rules, one file per rule, behind the engine's strategy port.
//!
//! [`build`] makes a strategy from its id and parameters; [`CATALOGUE`] lists what there is.

mod adding;
mod params;
mod protected;
mod rsi_bollinger;
mod rsi_reversion;
mod sma_cross;

use fsts_engine::{Interval, Strategy};

pub use adding::Adding;
pub use params::{Parameter, Params, StrategyError};
pub use protected::{Exits, Protected};
pub use rsi_bollinger::RsiBollinger;
pub use rsi_reversion::RsiReversion;
pub use sma_cross::SmaCross;

/// A strategy that can be built by name.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueEntry {
    /// The id used in configuration and on the command line.
    pub id: &'static str,
    /// Its name in Korean.
    pub name_ko: &'static str,
    /// Its name in English.
    pub name_en: &'static str,
    /// What it does, in one Korean sentence.
    pub about_ko: &'static str,
    /// What it does, in one English sentence.
    pub about_en: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
}

/// All strategies, by id.
pub const CATALOGUE: &[CatalogueEntry] = &[rsi_bollinger::ENTRY, rsi_reversion::ENTRY, sma_cross::ENTRY];

/// Makes a strategy from its id, its parameters (missing ones take their defaults) and the length of its bars.
///
/// # Errors
/// [`StrategyError`] for an unknown id or parameter, or a value outside its range.
pub fn build(id: &str, params: &Params, interval: Interval) -> Result<Box<dyn Strategy + Send>, StrategyError> {
    let entry = CATALOGUE.iter().find(|e| e.id == id).ok_or_else(|| StrategyError::UnknownStrategy {
        id: id.to_owned(),
        known: CATALOGUE.iter().map(|e| e.id).collect::<Vec<_>>().join(", "),
    })?;
    let values = params.resolve(entry)?;
    Ok(match id {
        "sma_cross" => Box::new(SmaCross::new(values.whole("fast"), values.whole("slow"), interval)?),
        "rsi_bollinger" => Box::new(RsiBollinger::new(interval)),
        _ => Box::new(RsiReversion::new(&values, interval)),
    })
}
