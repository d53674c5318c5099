//! Parameters of strategies: names, ranges, defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::CatalogueEntry;

/// One parameter with its range and default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is, in Korean.
    pub ko: &'static str,
    /// What it is, in English.
    pub en: &'static str,
    /// True when its values are cut to whole numbers.
    pub integer: bool,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Value when none is given.
    pub default: f64,
}

/// Why a strategy could not be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StrategyError {
    /// No strategy of this id.
    #[error("there is no strategy `{id}`; known: {known}")]
    UnknownStrategy {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
    /// No parameter of this name.
    #[error("`{strategy}` has no parameter `{name}`; known: {known}")]
    UnknownParameter {
        /// The strategy.
        strategy: &'static str,
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// A value outside its range.
    #[error("`{name}` must lie between {min} and {max}, got {value}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// What was given.
        value: f64,
    },
    /// Values that contradict each other.
    #[error("the fast average ({fast}) must be shorter than the slow one ({slow})")]
    FastNotFaster {
        /// Fast period.
        fast: usize,
        /// Slow period.
        slow: usize,
    },
}

/// Values by name, as configuration gives them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(pub BTreeMap<String, f64>);

/// A value for every parameter of a strategy.
#[derive(Debug, Clone)]
pub(crate) struct Values(Vec<(&'static str, f64)>);

impl Params {
    pub(crate) fn resolve(&self, entry: &CatalogueEntry) -> Result<Values, StrategyError> {
        if let Some(name) = self.0.keys().find(|n| !entry.parameters.iter().any(|p| p.name == n.as_str())) {
            return Err(StrategyError::UnknownParameter {
                strategy: entry.id,
                name: name.clone(),
                known: entry.parameters.iter().map(|p| p.name).collect::<Vec<_>>().join(", "),
            });
        }
        let value = |p: &Parameter| {
            let value = self.0.get(p.name).copied().unwrap_or(p.default);
            let (name, min, max) = (p.name, p.min, p.max);
            if (min..=max).contains(&value) {
                Ok((name, value))
            } else {
                Err(StrategyError::OutOfRange { name, min, max, value })
            }
        };
        entry.parameters.iter().map(value).collect::<Result<_, _>>().map(Values)
    }
}

impl Values {
    /// The value of a parameter of the strategy's own catalogue entry.
    pub fn get(&self, name: &str) -> f64 {
        let found = self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        found.expect("invariant: a strategy asks for parameters of its own catalogue entry")
    }

    /// The same, cut to a whole number.
    pub fn whole(&self, name: &str) -> usize {
        self.get(name) as usize
    }
}
