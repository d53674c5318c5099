//! The door to the bars at rest: opened when somebody reads or writes, so that a program that has none still starts.

use std::fmt;
use std::sync::{Arc, OnceLock};

use fsts_cloud::{TargetSetting, open_target};
use fsts_domain::{Symbol, TradingDay};
use fsts_lake::{DataSet, Interval, Lake, LakeError, LakeQuery, LoadError, PriceKind};
use tokio::runtime::Handle;

/// The word that means the lake where a path could stand.
pub const LAKE: &str = "lake";

/// `[lake]`.
#[derive(Debug, Clone, PartialEq)]
pub struct LakeSettings {
    /// Where the bars are.
    pub door: LakeDoor,
    /// What the job `data-collect` fetches; without it the program's own symbols.
    pub collect: Option<Vec<Symbol>>,
    /// Lengths of the bars that it fetches.
    pub intervals: Vec<Interval>,
}

impl Default for LakeSettings {
    fn default() -> Self {
        let door = LakeDoor::new(TargetSetting::Folder("data/lake".into()));
        LakeSettings { door, collect: None, intervals: vec![Interval::Day] }
    }
}

/// A lake by its address.
#[derive(Debug, Clone)]
pub struct LakeDoor {
    target: TargetSetting,
    opened: Arc<OnceLock<Lake>>,
}

impl PartialEq for LakeDoor {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target
    }
}

impl Eq for LakeDoor {}

impl fmt::Display for LakeDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

/// Which bars a reader wants; what it doesn't say is decided by what there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// Only these; `None` is all.
    pub symbols: Option<Vec<Symbol>>,
    /// The first day.
    pub from: Option<TradingDay>,
    /// The last day.
    pub to: Option<TradingDay>,
    /// Kind of prices.
    pub price_kind: Option<PriceKind>,
    /// Length of the bars; without it days, and minutes where there are no days.
    pub interval: Option<Interval>,
}

impl Wanted {
    fn query(&self, interval: Interval) -> LakeQuery {
        let Wanted { symbols, from, to, price_kind, .. } = self.clone();
        LakeQuery { interval, price_kind, symbols, from, to }
    }
}

impl LakeDoor {
    /// The lake of a setting; nothing is looked at yet.
    pub fn new(target: TargetSetting) -> LakeDoor {
        LakeDoor { target, opened: Arc::default() }
    }

    /// The lake to read; a folder that is not there is an empty lake and is not made.
    ///
    /// # Errors
    /// [`LakeError::Place`] where the setting can't be used.
    pub fn reading(&self) -> Result<Lake, LakeError> {
        match &self.target {
            TargetSetting::Folder(path) if !path.is_dir() => Ok(Lake::absent(&self.to_string())),
            TargetSetting::Folder(_) | TargetSetting::S3 { .. } => self.writing(),
        }
    }

    /// The lake to write; its folder is made.
    ///
    /// # Errors
    /// [`LakeError::Place`] where the setting can't be used.
    pub fn writing(&self) -> Result<Lake, LakeError> {
        if let Some(lake) = self.opened.get() {
            return Ok(lake.clone());
        }
        let shown = self.to_string();
        let environment = std::env::vars().collect();
        let (objects, prefix) = open_target(&self.target, &environment)
            .map_err(|e| LakeError::Place { place: shown.clone(), reason: e.to_string() })?;
        Ok(self.opened.get_or_init(|| Lake::new(objects, prefix, &shown)).clone())
    }

    /// The bars that a reader wants.
    ///
    /// # Errors
    /// As [`Lake::read`].
    pub async fn read(&self, wanted: &Wanted) -> Result<DataSet, LakeError> {
        let lake = self.reading()?;
        let interval = match wanted.interval {
            Some(interval) => interval,
            None => {
                let only_minutes =
                    !lake.has(&wanted.query(Interval::Day)).await? && lake.has(&wanted.query(Interval::Minute)).await?;
                if only_minutes { Interval::Minute } else { Interval::Day }
            }
        };
        // Decoding years of bars must not hold up a thread that answers others.
        let (query, tasks) = (wanted.query(interval), Handle::current());
        let reading = tokio::task::spawn_blocking(move || tasks.block_on(async { lake.read(&query).await }));
        reading.await.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(LakeError::Contended),
        })
    }

    /// True when the lake has bars of all wanted symbols, or of any where none are named.
    ///
    /// # Errors
    /// As [`Lake::catalog`].
    pub async fn has(&self, wanted: &Wanted) -> Result<bool, LakeError> {
        let lake = self.reading()?;
        let intervals = wanted.interval.map_or(vec![Interval::Day, Interval::Minute], |only| vec![only]);
        for interval in intervals {
            if lake.has(&wanted.query(interval)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A lake's failure where a file's is expected.
pub fn as_load_error(error: LakeError) -> LoadError {
    match error {
        LakeError::Rows(error) => error,
        other => LoadError::Unreadable { file: LAKE.to_owned(), reason: other.to_string() },
    }
}
